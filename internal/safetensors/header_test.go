package safetensors

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
)

// raw makes a file of a header text and n bytes of data.
func raw(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), make([]byte, n)...)
}

func open(file []byte) (*File, error) { return NewFile(bytes.NewReader(file), int64(len(file))) }

func TestRefusesMalformedFiles(t *testing.T) {
	entry := func(dtype, shape, span string) string {
		return `{"dtype":"` + dtype + `","shape":` + shape + `,"data_offsets":` + span + `}`
	}
	good := entry("F32", "[1]", "[0,4]")
	cases := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "0 bytes"},
		{"seven bytes", make([]byte, 7), "7 bytes"},
		{"length only", raw("", 0), "'{'"},
		{"header beyond the file", []byte("\x10\x00\x00\x00\x00\x00\x00\x00{}"), "cut short: the header takes 16 bytes, 2"},
		{"huge header", []byte("\xff\xff\xff\xff\xff\xff\xff\x7f{}"), "not a safetensors file"},
		{"negative header", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "not a safetensors file"},
		{"leading space", raw(" {}", 0), "'{'"},
		{"list", raw("[]", 0), "'{'"},
		{"not JSON", raw("{abc}", 0), "not JSON"},
		{"missing comma", raw(`{"a":`+good+` "b":`+good+`}`, 4), "not JSON"},
		{"something behind", raw("{} {}", 0), "not JSON"},
		{"not UTF-8", raw("{\"\xff\":"+good+"}", 4), "UTF-8"},
		{"name twice", raw(`{"a":`+good+`,"a":`+good+`}`, 4), `key "a" comes twice`},
		{"name twice by escape", raw(`{"a":`+good+`,"\u0061":`+good+`}`, 4), `key "a" comes twice`},
		{"field twice", raw(`{"a":{"dtype":"U8","dtype":"U8","shape":[],"data_offsets":[0,1]}}`, 1), `key "dtype" comes twice`},
		{"metadata twice", raw(`{"__metadata__":{"k":"1","k":"2"}}`, 0), `key "k" comes twice`},
		{"metadata number", raw(`{"__metadata__":{"k":1}}`, 0), "want a string"},
		{"tensor null", raw(`{"a":null}`, 0), "want {"},
		{"no shape", raw(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), `"a": "shape" is missing`},
		{"field in another case", raw(`{"a":{"DType":"U8","shape":[],"data_offsets":[0,1]}}`, 1), `"dtype" is missing`},
		{"unknown dtype", raw(`{"a":`+entry("F31", "[1]", "[0,4]")+`}`, 4), `tensor "a": dtype "F31" is unknown`},
		{"negative axis", raw(`{"a":`+entry("U8", "[-1]", "[0,1]")+`}`, 1), "whole number"},
		{"fraction", raw(`{"a":`+entry("U8", "[1.0]", "[0,1]")+`}`, 1), "whole number"},
		{"exponent", raw(`{"a":`+entry("U8", "[1e0]", "[0,1]")+`}`, 1), "whole number"},
		{"text axis", raw(`{"a":`+entry("U8", `["1"]`, "[0,1]")+`}`, 1), "whole number"},
		{"overflow", raw(`{"a":`+entry("U8", "[4294967296,4294967296,0]", "[0,0]")+`}`, 0), "too large"},
		{"axis beyond 63 bits", raw(`{"a":`+entry("U8", "[9223372036854775808]", "[0,0]")+`}`, 0), "2^63-1"},
		{"three offsets", raw(`{"a":`+entry("U8", "[1]", "[0,1,2]")+`}`, 1), "got 3 numbers"},
		{"backwards", raw(`{"a":`+entry("U8", "[1]", "[1,0]")+`}`, 1), "ends before it begins"},
		{"size mismatch", raw(`{"a":`+entry("F32", "[2]", "[0,4]")+`}`, 4), "F32 [2] takes 8 bytes, its span has 4"},
		{"gap at the start", raw(`{"a":`+entry("U8", "[1]", "[1,2]")+`}`, 2), "gap"},
		{"overlap", raw(`{"a":`+good+`,"b":`+entry("F32", "[1]", "[2,6]")+`}`, 6), "overlaps"},
		{"same span", raw(`{"a":`+good+`,"b":`+good+`}`, 4), "overlaps"},
		{"cut short", raw(`{"a":`+good+`}`, 3), "cut short: the tensors take 4 bytes, 3 are there"},
		{"one byte too many", raw(`{"a":`+good+`}`, 5), "1 bytes belong to no tensor"},
	}
	for _, c := range cases {
		if _, err := open(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
	}
}

func TestListsAllFaultsAtOnce(t *testing.T) {
	_, err := open(raw(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]},`+
		`"b":{"dtype":"X","shape":[],"data_offsets":[4,5]}}`, 9))
	for _, part := range []string{"3 faults", `"a": F32 [2] takes 8`, `"b": dtype "X"`, "4 bytes belong"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
}

// What the reference implementation accepts must be accepted.
func TestAcceptsUnusualButValidFiles(t *testing.T) {
	for name, file := range map[string][]byte{
		"no tensors":      raw("{}", 0),
		"trailing spaces": raw("{}      ", 0),
		"empty metadata":  raw(`{"__metadata__":{}}`, 0),
		"metadata last":   raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"k":"v"}}`, 1),
		"unknown field":   raw(`{"a":{"new":{"x":[1]},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1),
		"any order":       raw(`{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2),
		"empty tensors":   raw(`{"b":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"c":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}`, 1),
	} {
		if _, err := open(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryCutIsFound(t *testing.T) {
	whole, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := open(whole[:n]); err == nil {
			t.Errorf("the first %d of %d bytes were accepted", n, len(whole))
		}
	}
}

// A flipped byte may make another valid file (a name, a datum), but never a panic or a span outside the file.
func TestFlippedBytesNeverEscape(t *testing.T) {
	whole, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	refused := 0
	for i := range whole {
		for _, mask := range []byte{1, 0x20, 0x80, 0xff} {
			bad := bytes.Clone(whole)
			bad[i] ^= mask
			if f, err := open(bad); err != nil {
				refused++
			} else {
				checkInside(t, f, len(bad))
			}
		}
	}
	if refused < len(whole) {
		t.Errorf("only %d of %d flips were refused", refused, 4*len(whole))
	}
}

func checkInside(t *testing.T, f *File, size int) {
	t.Helper()
	for _, name := range f.Names() {
		info, _ := f.Info(name)
		if info.Offset < 8 || info.Size < 0 || info.Offset+info.Size > int64(size) {
			t.Errorf("%q spans %d bytes at %d of %d", name, info.Size, info.Offset, size)
		}
		if _, err := f.Read(name); err != nil {
			t.Error(err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	whole, err := os.ReadFile(reference)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(raw(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"__metadata__":{"k":"v"}}`, 1))
	f.Fuzz(func(t *testing.T, file []byte) {
		got, err := open(file)
		if err != nil {
			return
		}
		checkInside(t, got, len(file))
		tensors, err := got.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := Write(&again, tensors, got.Metadata); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		if _, err := open(again.Bytes()); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
