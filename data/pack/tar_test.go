package pack

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// member is an entry of an archive made by a test.
type member struct {
	name, content string
	kind          byte // 0 is a regular file
	link          string
}

func archiveOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Mode: 0o666, Size: int64(len(m.content)), Typeflag: tar.TypeReg}
		if m.kind != 0 {
			h.Typeflag, h.Linkname, h.Size = m.kind, m.link, 0
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, m.content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTar(t *testing.T) {
	members := []member{
		{name: "000.jpg", content: image("0")}, {name: "000.json", content: `{"caption": "not this"}`}, {name: "000.txt", content: "zero"},
		{name: "./d/001.txt", content: "one"}, {name: "./d/001.PNG", content: image("1")}, {name: "./d/001.cls", content: "7"},
		{name: "002.json", content: `{"caption": "two", "n": 3}`}, {name: "002.webp", content: image("2")},
		{name: "003.jpg", content: image("3")},
		{name: "004.txt", content: "four"},
		{name: "005.json", content: `{"text": "five"}`}, {name: "005.jpg", content: image("5")},
		{name: "006.json", content: `{`}, {name: "006.jpg", content: image("6")},
		{name: "dir/", kind: tar.TypeDir},
		{name: "../007.jpg", content: image("7")}, {name: "../007.txt", content: "seven"},
		{name: "/008.jpg", content: image("8")},
		{name: "009.jpg", kind: tar.TypeSymlink, link: "/etc/passwd"}, {name: "009.txt", content: "nine"},
		{name: "010.jpg", content: image(strings.Repeat("x", 1000))}, {name: "010.txt", content: "ten"},
		{name: "011.jpg", content: "<html>"}, {name: "011.txt", content: "eleven"},
		{name: "012.seg.png", content: image("mask")}, {name: "012.jpg", content: image("12")}, {name: "012.txt", content: "twelve"},
		{name: "013.jpg", content: image("13")}, {name: "013.png", content: image("again")}, {name: "013.txt", content: "thirteen"},
	}
	wantRows := []string{"00000/000|zero|0", "00000/d/001|one|1", "00000/002|two|2", "00000/012|twelve|12", "00000/013|thirteen|13"}
	wantSkipped := []string{"003|no caption", "004|no image", "005|no caption", "006|no caption", "../007.jpg|outside the folder",
		"../007.txt|outside the folder", "/008.jpg|outside the folder", "009.jpg|not a file", "009|no image", "010|too large",
		"011.jpg|not an image", "013.png|two images"}
	folder := t.TempDir()
	content := archiveOf(t, members...)
	put(t, folder, "00000.tar", string(content))
	rows, skipped, sum := pack(t, config(filepath.Join(folder, "*.tar")))
	check(t, rows, skipped, sum, wantRows, slices.Clone(wantSkipped))
	if sum.Ignored != 2 {
		t.Errorf("got %d ignored, want 2 (001.cls, 012.seg.png)", sum.Ignored)
	}

	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(content)
	_ = z.Close()
	put(t, folder, "00000.tar.gz", zipped.String())
	rows, skipped, sum = pack(t, config(filepath.Join(folder, "00000.tar.gz")))
	check(t, rows, skipped, sum, wantRows, slices.Clone(wantSkipped))
}

func TestDamagedTarKeepsWhatCameBefore(t *testing.T) {
	folder := t.TempDir()
	whole := archiveOf(t, member{name: "a.jpg", content: image("a")}, member{name: "a.txt", content: "first"},
		member{name: "b.jpg", content: image("b")}, member{name: "b.txt", content: "second"})
	put(t, folder, "cut.tar", string(whole[:4*512+100])) // in the header of b.jpg
	put(t, folder, "whole.tar", string(whole))
	rows, skipped, sum := pack(t, config(filepath.Join(folder, "cut.tar"), filepath.Join(folder, "whole.tar")))
	check(t, rows, skipped, sum, []string{"cut/a|first|a", "whole/a|first|a", "whole/b|second|b"}, []string{"after a.txt|damaged archive"})
}
