package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const reference = "testdata/reference.safetensors" // written by testdata/reference/safetensors_golden.py

// referenceTensors are the tensors of the reference file, stated independently of it.
func referenceTensors() []Tensor {
	little := func(v any) []byte {
		var b bytes.Buffer
		if err := binary.Write(&b, binary.LittleEndian, v); err != nil {
			panic(err)
		}
		return b.Bytes()
	}
	return []Tensor{
		{"f64", "F64", []int{2, 3}, little([]float64{0, 1, 2, 3, 4, 5})},
		{"f32", "F32", []int{3, 2}, little([]float32{float32(math.Copysign(0, -1)), -.25, -.5, -.75, -1, -1.25})},
		{"f16", "F16", []int{5}, little([]uint16{0, 0x3c00, 0x4000, 0x4200, 0x4400})},
		{"bf16", "BF16", []int{4}, little([]uint16{0, 0x3f80, 0x4000, 0x4040})},
		{"i64", "I64", []int{3}, little([]int64{0, -1, -2})},
		{"i32", "I32", []int{3}, little([]int32{0, -1, -2})},
		{"i16", "I16", []int{3}, little([]int16{0, -1, -2})},
		{"i8", "I8", []int{3}, little([]int8{0, -1, -2})},
		{"u8", "U8", []int{3}, []byte{0, 1, 2}},
		{"bool", "BOOL", []int{3}, []byte{0, 1, 1}},
		{"scalar", "F32", []int{}, little(float32(7))},
		{"empty", "F32", []int{0, 4}, []byte{}},
		{`quote" slash\ <ä>`, "U8", []int{1}, []byte{0}},
	}
}

func TestReadsTheReferenceFile(t *testing.T) {
	f, err := Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := f.Metadata["versions"]; !strings.Contains(got, "safetensors==") {
		t.Errorf("got metadata %q", f.Metadata)
	}
	if got, want := len(f.Names()), len(referenceTensors()); got != want {
		t.Errorf("got %d tensors, want %d", got, want)
	}
	for _, want := range referenceTensors() {
		info, ok := f.Info(want.Name)
		if !ok || info.DType != want.DType || !slices.Equal(info.Shape, want.Shape) {
			t.Errorf("%s: got %+v, %v; want %s %v", want.Name, info, ok, want.DType, want.Shape)
		}
		if data, err := f.Read(want.Name); err != nil || !bytes.Equal(data, want.Data) {
			t.Errorf("%s: got % x (%v), want % x", want.Name, data, err, want.Data)
		}
	}
}

func TestWritesTheReferenceFile(t *testing.T) {
	want, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	f, err := NewFile(bytes.NewReader(want), int64(len(want)))
	if err != nil {
		t.Fatal(err)
	}
	tensors := referenceTensors()
	for range 2 {
		var got bytes.Buffer
		if err := Write(&got, tensors, f.Metadata); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("got\n%.900q\nwant\n%.900q", got.Bytes(), want)
		}
		slices.Reverse(tensors) // the order given must not matter
	}
}

func TestEveryTensorIsAligned(t *testing.T) {
	tensors := []Tensor{
		{"a", "U8", []int{3}, make([]byte, 3)}, {"b", "F64", nil, make([]byte, 8)},
		{"c", "F16", []int{1}, make([]byte, 2)}, {"d", "F32", []int{1}, make([]byte, 4)},
	}
	var b bytes.Buffer
	if err := Write(&b, tensors, map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	f, err := NewFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range f.Names() {
		if info, _ := f.Info(name); info.Offset%int64(Width(info.DType)) != 0 {
			t.Errorf("%s begins at byte %d", name, info.Offset)
		}
	}
	if got := strings.Join(f.Names(), ""); got != "bdca" {
		t.Errorf("got order %s, want bdca", got)
	}
}

// countingReader counts the bytes asked for.
type countingReader struct {
	io.ReaderAt
	read int
}

func (r *countingReader) ReadAt(p []byte, off int64) (int, error) {
	r.read += len(p)
	return r.ReaderAt.ReadAt(p, off)
}

func TestReadTouchesOneTensorOnly(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Tensor{
		{"big", "F32", []int{1000}, make([]byte, 4000)}, {"small", "U8", []int{4}, []byte("abcd")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &countingReader{ReaderAt: bytes.NewReader(b.Bytes())}
	f, err := NewFile(r, int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	r.read = 0
	if data, err := f.Read("small"); err != nil || string(data) != "abcd" || r.read != 4 {
		t.Errorf("got %q (%v) for %d bytes read, want 4", data, err, r.read)
	}
	section, err := f.Section("small")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(section); err != nil || string(data) != "abcd" {
		t.Errorf("got section %q (%v)", data, err)
	}
}

func TestUnknownNameIsAnError(t *testing.T) {
	f, err := Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Read("nothing"); err == nil || !strings.Contains(err.Error(), reference+`: no tensor "nothing"`) {
		t.Errorf("got error %v", err)
	}
	if _, err := f.Section("nothing"); err == nil {
		t.Error("want an error from Section")
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if _, err := Open(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got error %v, want ErrNotExist", err)
	}
	if err := os.WriteFile(path, []byte("PK\x03\x04 a zip file"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path+": not a safetensors file") {
		t.Errorf("got error %v", err)
	}
}

func TestMatchListsEverything(t *testing.T) {
	f, err := Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := referenceTensors()
	if err := f.Match(want); err != nil {
		t.Errorf("got error %v for the same tensors", err)
	}
	want[0].Shape = []int{3, 2}
	want[1].DType = "F16"
	want[2].Name = "gone"
	err = f.Match(want)
	for _, part := range []string{
		"4 faults", "another shape: f64 is [2 3], want [3 2]", "another dtype: f32 is F32, want F16",
		"missing: gone [5]", "not wanted: f16 [5]",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v lacks %q", err, part)
		}
	}
}

func TestMatchShortensALongList(t *testing.T) {
	f, err := Open(reference)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []Tensor
	for i := range 100 {
		want = append(want, Tensor{Name: fmt.Sprint("block.", i)})
	}
	err = f.Match(want)
	if err == nil || !strings.Contains(err.Error(), "113 faults") || !strings.Contains(err.Error(), fmt.Sprintf("and %d more", 113-maxFaults)) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got error %v", err)
	}
}

func TestWriteRefusesBadTensors(t *testing.T) {
	four := make([]byte, 4)
	cases := []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"twice", []Tensor{{"a", "F32", nil, four}, {"a", "F32", nil, four}}, `"a": the name comes twice`},
		{"reserved", []Tensor{{"__metadata__", "F32", nil, four}}, "reserved"},
		{"dtype", []Tensor{{"a", "F31", nil, four}}, `dtype "F31" is unknown`},
		{"size", []Tensor{{"a", "F32", []int{2}, four}}, "F32 [2] takes 8 bytes, got 4"},
		{"negative", []Tensor{{"a", "F32", []int{-1}, four}}, "negative"},
		{"utf-8", []Tensor{{"\xff", "F32", nil, four}}, "not UTF-8"},
	}
	for _, c := range cases {
		var b bytes.Buffer
		err := Write(&b, c.tensors, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || b.Len() > 0 {
			t.Errorf("%s: got error %v after %d bytes, want %q before the first", c.name, err, b.Len(), c.want)
		}
	}
}
