package imageset

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name string, raw []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// names are lines with the names of classes.
func names(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		b.WriteString(string(rune('a'+i%26)) + strings.Repeat("x", i/26) + "\n")
	}
	return b.Bytes()
}

// cifar is n pictures whose first red, green and blue pixels are 1, 2 and 3 and whose class is their number.
func cifar(n, labels int) (raw []byte) {
	for i := range n {
		record := make([]byte, labels+3072)
		record[labels-1] = byte(i)
		for c := range 3 {
			record[labels+c*1024] = byte(c + 1)
		}
		raw = append(raw, record...)
	}
	return raw
}

func TestCIFAR(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "names.txt", names(10))
	for _, name := range []string{"1.bin", "2.bin", "test.bin"} {
		write(t, dir, name, cifar(4, 2))
	}
	r := records{labels: 2, class: 1, classes: 10, count: 4}
	train, test, err := readCIFAR(dir, r, r, "names.txt", []string{"1.bin", "2.bin"}, "test.bin")
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 8 || test.Len() != 4 || train.Validate() != nil || !slices.Equal(train.Features[0].Of, []int32{0, 1, 2, 3, 0, 1, 2, 3}) {
		t.Errorf("%d and %d pictures, classes %v", train.Len(), test.Len(), train.Features[0].Of)
	}
	if p := train.Picture(5); p[0] != 1 || p[1024] != 2 || p[2048] != 3 {
		t.Errorf("planes begin with %d, %d, %d", p[0], p[1024], p[2048])
	}
	wrong := cifar(4, 2)
	wrong[1] = 77
	for want, raw := range map[string][]byte{"cut short": cifar(3, 2), "bytes": cifar(4, 2)[:5000], "another kind": cifar(5, 2), "picture 0 has class 77": wrong} {
		write(t, dir, "2.bin", raw)
		if _, _, err := readCIFAR(dir, r, r, "names.txt", []string{"1.bin", "2.bin"}, "test.bin"); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "2.bin") {
			t.Errorf("got %v, want a complaint with %q", err, want)
		}
	}
	if _, _, err := CIFAR10(t.TempDir()); err == nil || !strings.Contains(err.Error(), "batches.meta.txt is missing") {
		t.Errorf("an empty folder: %v", err)
	}
	write(t, dir, "fine_label_names.txt", names(99))
	if _, _, err := CIFAR100(dir); err == nil || !strings.Contains(err.Error(), "99 classes, want 100") {
		t.Errorf("a name too few: %v", err)
	}
}

func TestSTLPicturesAreTurnedToRows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "class_names.txt", names(10))
	for _, part := range []string{"train", "test"} {
		raw := make([]byte, 2*3*96*96)
		raw[3*96*96+96*96+5*96+2] = 9 // second picture, green, column 5, row 2
		write(t, dir, part+"_X.bin", raw)
		write(t, dir, part+"_y.bin", []byte{1, 10})
	}
	train, _, err := readSTL(dir, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := train.Picture(1)[96*96+2*96+5]; got != 9 {
		t.Errorf("row 2, column 5 is %d", got)
	}
	if !slices.Equal(train.Features[0].Of, []int32{0, 9}) {
		t.Errorf("classes are %v", train.Features[0].Of)
	}
	write(t, dir, "test_y.bin", []byte{1, 0})
	if _, _, err := readSTL(dir, 2, 2); err == nil || !strings.Contains(err.Error(), "label 1 is 0") {
		t.Errorf("label 0: %v", err)
	}
	write(t, dir, "test_X.bin", make([]byte, 1000))
	if _, _, err := readSTL(dir, 2, 2); err == nil || !strings.Contains(err.Error(), "test_X.bin has 1000 bytes") {
		t.Errorf("a cut file: %v", err)
	}
}

func TestFolderOfClasses(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"train", "val"} {
		for _, class := range []string{"cat", "dog"} {
			sub := filepath.Join(dir, part, class)
			if err := os.MkdirAll(sub, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, sub, "1.png", []byte(class))
			write(t, sub, ".hidden", []byte("bad"))
		}
	}
	decode := func(dst []uint8, encoded []byte) error {
		if string(encoded) == "bad" {
			return errors.New("not an image")
		}
		dst[0] = encoded[0]
		return nil
	}
	train, test, err := Folder(dir, 4, decode)
	if err != nil {
		t.Fatal(err)
	}
	if train.Len() != 2 || test.Len() != 2 || train.Picture(1)[0] != 'd' || train.Features[0].Of[1] != 1 || train.Features[0].Classes[1] != "dog" {
		t.Errorf("train %+v", train)
	}
	write(t, filepath.Join(dir, "val", "cat"), "2.png", []byte("bad"))
	if _, _, err := Folder(dir, 4, decode); err == nil || !strings.Contains(err.Error(), filepath.Join("val", "cat", "2.png")) {
		t.Errorf("a damaged picture: %v", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "val", "dog")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Folder(dir, 4, decode); err == nil || !strings.Contains(err.Error(), "cat, dog") {
		t.Errorf("a class without test pictures: %v", err)
	}
	if _, _, err := Folder(t.TempDir(), 4, decode); err == nil || !strings.Contains(err.Error(), "dir/train/<class>") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestSomePicturesAreSpreadOverTheSet(t *testing.T) {
	s := &Set{Size: 1, Pixels: make([]uint8, 30), Features: []Feature{{Name: "f", Classes: []string{"a", "b"}, Of: []int32{0, 0, 0, 0, 0, 1, 1, 1, 1, 1}}}}
	if got := s.Some(4); got.Len() != 4 || !slices.Equal(got.Features[0].Of, []int32{0, 0, 1, 1}) || s.Some(0) != s {
		t.Errorf("got %+v", got)
	}
}
