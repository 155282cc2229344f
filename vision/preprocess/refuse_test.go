package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func pngOf(w, h uint32) []byte {
	out := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR")
	out = binary.BigEndian.AppendUint32(out, w)
	out = binary.BigEndian.AppendUint32(out, h)
	return append(out, 8, 2, 0, 0, 0, 0, 0, 0, 0)
}

func jpegOf(w, h uint16, bits, components byte) []byte {
	out := append([]byte("\xff\xd8\xff\xc0\x00\x11"), bits)
	out = binary.BigEndian.AppendUint16(out, h)
	out = binary.BigEndian.AppendUint16(out, w)
	out = append(out, components, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0)
	return append(out, "\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x3f\x00"...)
}

// Sizes are judged by the header: none of these files has a pixel.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		data   string
		reason string
	}{
		"nothing":             {"", Empty},
		"page saved as .jpg":  {"<!DOCTYPE html><html><body>404</body></html>", NotImage},
		"one byte":            {"\xff", NotImage},
		"text":                {"RIFF....WAVEfmt ", NotImage},
		"avif":                {"\x00\x00\x00\x20ftypavif\x00\x00\x00\x00", Unsupported},
		"jpeg xl":             {"\x00\x00\x00\x0cJXL \r\n\x87\n", Unsupported},
		"jpeg of 12 bits":     {string(jpegOf(8, 8, 12, 3)), Unsupported},
		"jpeg of 2 planes":    {string(jpegOf(8, 8, 8, 2)), Unsupported},
		"start of a jpeg":     {"\xff\xd8\xff\xe0\x00\x10JFIF", Damaged},
		"jpeg without frame":  {"\xff\xd8\xff\xda\x00\x02", Damaged},
		"jpeg without pixels": {string(jpegOf(8, 8, 8, 3)), Damaged},
		"jpeg without height": {string(jpegOf(8, 0, 8, 3)), Damaged},
		"large jpeg":          {string(jpegOf(65535, 65535, 8, 3)), TooLarge},
		"jpeg above 50 MP":    {string(jpegOf(10000, 5001, 8, 3)), TooLarge},
		"png without pixels":  {string(pngOf(8, 8)), Damaged},
		"png without width":   {string(pngOf(0, 8)), Damaged},
		"large png":           {string(pngOf(1<<31-1, 1<<31-1)), TooLarge},
		"long png":            {string(pngOf(1, 65536)), TooLarge},
		"start of a gif":      {"GIF89a\x01", Damaged},
		"large gif":           {"GIF89a\xff\xff\xff\xff\x00\x00\x00;", TooLarge},
		"start of a webp":     {"RIFF\x04\x00\x00\x00WEBP", Damaged},
		"start of a bmp":      {"BM\x00\x00", Damaged},
		"start of a tiff":     {"II*\x00\x08\x00\x00\x00", Damaged},
	} {
		for _, path := range []path{nativePaths[0], goPaths[0]} {
			p := path.preprocessor(t, nil)
			if !path.native || native()["jpeg"] {
				err := p.Eval(pixels(), []byte(c.data))
				if Reason(err) != c.reason {
					t.Errorf("%s: %s: got %v, want %s", path.name, name, err, c.reason)
				}
				if check := p.Check([]byte(c.data)); Reason(check) != c.reason {
					t.Errorf("%s: %s: Check says %v, Eval %v", path.name, name, check, err)
				}
			}
		}
	}
}

// Pillow cannot do it either: one side would get no pixel.
func TestLongestRefusesExtremeAspect(t *testing.T) {
	var encoded bytes.Buffer
	if err := png.Encode(&encoded, image.NewGray(image.Rect(0, 0, 1, 500))); err != nil {
		t.Fatal(err)
	}
	p := goPaths[0].preprocessor(t, func(c *Config) { c.ResizeMode = "longest" })
	if err := p.Eval(pixels(), encoded.Bytes()); Reason(err) != Unsupported {
		t.Errorf("Eval: got %v", err)
	}
	if err := p.Check(encoded.Bytes()); Reason(err) != Unsupported {
		t.Errorf("Check: got %v", err)
	}
}

func TestReasonIsOnlyForImages(t *testing.T) {
	g := readGolden(t)
	p, err := New(DefaultConfig(goldenSide))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Eval(make([]byte, 10), g.file("png-rgb"))
	if err == nil || Reason(err) != "" || Reason(nil) != "" || Reason(errors.New("x")) != "" {
		t.Errorf("a short slice is the image's fault: %v", err)
	}
	if got := Reason(fmt.Errorf("row 3: %w", p.Eval(pixels(), nil))); got != Empty {
		t.Errorf("wrapped: got %q", got)
	}
}

// Whatever part of an image the crop needs, a file that is cut off is refused, as Pillow does.
func TestTruncatedIsDamaged(t *testing.T) {
	g := readGolden(t)
	for _, path := range []path{nativePaths[0], goPaths[0]} {
		p := path.preprocessor(t, nil)
		if path.native {
			p.native = native()
		}
		for _, name := range g.cases {
			if name == "jpeg-one-pixel" || name == "jpeg-junk-after" || name == "gif-animated" {
				continue // the last tenth of these files is not the image
			}
			file := g.file(name)
			for _, kept := range []int{len(file) / 2, len(file) * 9 / 10} {
				err := p.Eval(pixels(), file[:kept:kept])
				if Reason(err) != Damaged {
					t.Errorf("%s: %s: %d of %d bytes: got %v", path.name, name, kept, len(file), err)
				}
			}
			if err := p.Check(file); err != nil {
				t.Errorf("%s: %s: %v", path.name, name, err)
			}
		}
	}
}

// Pillow and libpng read no further than the pixels.
func TestPNGNeedsNoEnd(t *testing.T) {
	g := readGolden(t)
	for _, path := range []path{nativePaths[0], goPaths[0]} {
		p := path.preprocessor(t, nil)
		if path.native {
			p.native = native()
		}
		for _, name := range []string{"png-rgb", "png-palette", "png-interlaced"} {
			file := g.file(name)
			for _, data := range [][]byte{file[:len(file)-1], file[:len(file)-12], append(bytes.Clone(file[:len(file)-12]), "junk"...)} {
				got := pixels()
				if err := p.Eval(got, data); err != nil || !bytes.Equal(got, g.tensors[name+".eval"]) {
					t.Errorf("%s: %s: %d of %d bytes: other pixels (%v)", path.name, name, len(data), len(file), err)
				}
			}
			if err := p.Eval(pixels(), file[:len(file)-20]); Reason(err) != Damaged {
				t.Errorf("%s: %s: cut off within the pixels: got %v", path.name, name, err)
			}
		}
	}
}

// judge runs everything on data and fails where an error has no reason or Check and Eval disagree.
func judge(t *testing.T, data []byte) {
	t.Helper()
	for _, native := range []map[string]bool{native(), nil} {
		c := DefaultConfig(goldenSide)
		c.MaxPixels, c.EXIF = 1<<18, true
		p := &Preprocessor{c, native, true}
		check := p.Check(data)
		if check != nil && Reason(check) == "" {
			t.Errorf("no reason: %v", check)
		}
		eval, train := p.Eval(pixels(), data), p.Train(pixels(), data, 1)
		if check == nil && (eval != nil || train != nil) {
			t.Errorf("Check accepts, Eval says %v, Train %v", eval, train)
		}
	}
}

func TestMutatedFilesDoNoHarm(t *testing.T) {
	g := readGolden(t)
	rng := rand.New(rand.NewPCG(3, 3))
	for _, name := range g.cases {
		for range 8 {
			data := bytes.Clone(g.file(name))
			for range 1 + rng.IntN(6) {
				data[rng.IntN(len(data))] = byte(rng.UintN(256))
			}
			judge(t, data)
		}
	}
}

func FuzzDecode(f *testing.F) {
	g := readGolden(f)
	for _, name := range g.cases {
		f.Add(g.file(name))
	}
	f.Fuzz(judge)
}

func TestLibraryFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"libjpeg-6dc8.so.62.4.0", "libjpeg.so.62", "libjpeg.so.8", "libpng16-1d1b.so.16.58.0",
		"libwebp-51b0.so.7.2.0", "libwebp.so.7", "libwebpmux-51b0.so.3", "libsharpyuv-0066.so.0"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("not a library"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for pattern, want := range map[string][]string{
		jpegFiles: {"libjpeg-6dc8.so.62.4.0", "libjpeg.so.62"},
		pngFiles:  {"libpng16-1d1b.so.16.58.0"},
		webpFiles: {"libwebp-51b0.so.7.2.0", "libwebp.so.7"},
	} {
		var got []string
		for _, path := range candidates([]string{"/nonexistent", dir}, pattern) {
			got = append(got, filepath.Base(path))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", pattern, got, want)
		}
	}
	l := load("libpng", []string{dir}, pngFiles, "libnothing.so.0", pngBinding)
	if l.Err == nil || !strings.Contains(l.Err.Error(), "libpng16-1d1b") || !strings.Contains(l.Err.Error(), "libnothing") {
		t.Errorf("got %v", l.Err)
	}
}

func TestSearchFolders(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	t.Setenv(LibrariesVariable, "/own")
	if got, want := searchFolders(), []string{"/own", "/cache/mclclip/imagelibs"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	t.Setenv(LibrariesVariable, "none")
	if l := load("libpng", searchFolders(), pngFiles, "libpng16.so.16", pngBinding); l.Err == nil {
		t.Error("a library is loaded though they are switched off")
	}
}

func TestLibrariesAreDescribed(t *testing.T) {
	needImagelibs(t)
	for _, l := range Libraries() {
		if !filepath.IsAbs(l.Path) || l.Version == "" {
			t.Errorf("got %+v", l)
		}
	}
}
