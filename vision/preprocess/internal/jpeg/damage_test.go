package jpeg

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
)

func TestEveryCutIsRefused(t *testing.T) {
	for _, name := range []string{"420", "progressive-420", "scans-420", "restart"} {
		g := find(t, name)
		for kept := range len(g.file) - 2 {
			_, err := decode(g.file[:kept:kept], g.width, g.height)
			if err == nil {
				t.Errorf("%s: %d of %d bytes are accepted", name, kept, len(g.file))
			}
		}
		if _, err := decode(g.file[:len(g.file)/2], g.width, g.height); !errors.Is(err, ErrTruncated) {
			t.Errorf("%s: half of it: got %v", name, err)
		}
	}
}

func TestDamageIsNamed(t *testing.T) {
	base, many := find(t, "420"), find(t, "progressive-420")
	for name, c := range map[string]struct {
		file   golden
		marker byte
		offset int // from the marker on
		value  byte
		want   string
	}{
		"no start":              {base, markerSOI, 1, 0xD9, "no start"},
		"12 bits":               {base, markerSOF0, 4, 12, "not supported"},
		"two components":        {base, markerSOF0, 9, 2, "damaged frame header"},
		"arithmetic coding":     {base, markerSOF0, 1, markerSOF9, "not supported"},
		"hierarchical":          {base, markerSOF0, 1, 0xC5, "no place"},
		"reserved marker":       {base, markerDQT, 1, 0x02, "no place"},
		"other size":            {base, markerSOF0, 6, 200, "different size"},
		"sampling of 0":         {base, markerSOF0, 11, 0x20, "sampling"},
		"sampling of 3 among 2": {base, markerSOF0, 14, 0x31, "sampling"},
		"no such table":         {base, markerSOF0, 12, 9, "quantisation table is missing"},
		"table of table 7":      {base, markerDQT, 4, 7, "quantisation table"},
		"too many codes":        {base, markerDHT, 5, 3, "Huffman table"},
		"scan of nothing":       {base, markerSOS, 5, 99, "component 99"},
		"scan without table":    {base, markerSOS, 6, 0x22, "Huffman table is missing"},
		"DC and AC in one scan": {many, markerSOS, 12, 5, "coefficients 0 to 5"},
		"impossible refinement": {many, markerSOS, 13, 0x51, "bits 5 to 1"},
	} {
		data := bytes.Clone(c.file.file)
		data[bytes.Index(data, []byte{0xFF, c.marker})+c.offset] = c.value
		_, err := decode(data, c.file.width, c.file.height)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// huge is a small progressive file that says it has many pixels, and n scans.
func huge(side, n int) []byte {
	out := []byte("\xff\xd8\xff\xdb\x00\x43\x00" + strings.Repeat("\x01", 64))
	out = append(out, "\xff\xc4\x00\x14\x00\x01"+strings.Repeat("\x00", 15)+"\x00"...)
	out = append(out, "\xff\xc2\x00\x0b\x08"...)
	out = binary.BigEndian.AppendUint16(out, uint16(side))
	out = binary.BigEndian.AppendUint16(out, uint16(side))
	out = append(out, "\x01\x01\x11\x00"...)
	for range n {
		out = append(out, "\xff\xda\x00\x08\x01\x01\x00\x00\x00\x00\x00"...)
	}
	return append(out, 0xFF, 0xD9)
}

func TestScansAreCounted(t *testing.T) {
	if _, err := decode(huge(8, mostScans), 8, 8); err != nil {
		t.Errorf("%d scans: %v", mostScans, err)
	}
	if _, err := decode(huge(8, mostScans+1), 8, 8); err == nil || !strings.Contains(err.Error(), "scans") {
		t.Errorf("%d scans: %v", mostScans+1, err)
	}
}

// A file that only pretends to be large costs memory by the size that its header tells and the caller has seen.
func TestMemoryFollowsTheSize(t *testing.T) {
	const side = 2000
	row := make([]byte, 4*side)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Decode(huge(side, 3), side, side, func(int) []byte { return row }); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if perPixel := float64(after.TotalAlloc-before.TotalAlloc) / (side * side); perPixel > 3.5 {
		t.Errorf("%.1f bytes a pixel of one component", perPixel)
	}
	runtime.ReadMemStats(&before)
	if err := Decode(huge(side, 3), side+1, side, func(int) []byte { return row }); err == nil {
		t.Error("another size is accepted")
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<16 {
		t.Errorf("%d bytes for a size that is refused", n)
	}
}

func TestMutationsDoNotPanic(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for _, g := range readGolden(t) {
		for range 60 {
			data := bytes.Clone(g.file)
			for range 1 + rng.IntN(5) {
				data[rng.IntN(len(data))] = byte(rng.UintN(256))
			}
			_, _ = decode(data, g.width, g.height) // only a panic is wrong
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range readGolden(f) {
		f.Add(g.file, uint8(g.width), uint8(g.height))
	}
	f.Fuzz(func(t *testing.T, data []byte, width, height uint8) {
		if width == 0 || height == 0 {
			return
		}
		first, err := decode(data, int(width), int(height))
		second, again := decode(data, int(width), int(height))
		if !bytes.Equal(first, second) || (err == nil) != (again == nil) {
			t.Errorf("decoded twice, %v and %v", err, again)
		}
	})
}
