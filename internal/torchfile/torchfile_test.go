package torchfile

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mclclip/mclclip/internal/safetensors"
)

// The files are written by testdata/reference/weights_golden.py.
func TestReadsWhatPyTorchWrites(t *testing.T) {
	want, err := safetensors.Open("testdata/expected.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	for _, c := range []struct {
		file, prefix string
		script       bool
	}{{"state.pt", "", false}, {"script.pt", "script/", true}} {
		t.Run(c.file, func(t *testing.T) {
			f, err := Open(filepath.Join("testdata", c.file))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			names := slices.DeleteFunc(want.Names(), func(name string) bool { return strings.HasPrefix(name, "script/") != c.script })
			if got := f.Names(); len(got) != len(names) || f.Script() != c.script {
				t.Fatalf("script is %v, the tensors are %v, want %v", f.Script(), got, names)
			}
			for _, name := range names {
				compare(t, f, strings.TrimPrefix(name, c.prefix), want, name)
			}
		})
	}
}

func compare(t *testing.T, f *File, name string, golden *safetensors.File, goldenName string) {
	t.Helper()
	got, ok := f.Info(name)
	want, _ := golden.Info(goldenName)
	if !ok || got.DType != want.DType || !slices.Equal(got.Shape, want.Shape) || got.Size != want.Size {
		t.Errorf("%s is %+v, %v, want %+v", name, got, ok, want)
		return
	}
	section, err := f.Section(name)
	if err != nil {
		t.Error(err)
		return
	}
	data, err := io.ReadAll(section)
	if err != nil {
		t.Error(err)
	}
	if wanted, err := golden.Read(goldenName); err != nil || !bytes.Equal(data, wanted) {
		t.Errorf("%s is % x, want % x (%v)", name, data, wanted, err)
	}
}

// part is an entry of an archive under test.
type part struct {
	name, data string
	header     func(*zip.FileHeader)
}

// archiveOf makes a zip whose entries are stored as they are.
func archiveOf(t testing.TB, parts ...part) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		h := &zip.FileHeader{
			Name: p.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(p.data)),
			CompressedSize64: uint64(len(p.data)), UncompressedSize64: uint64(len(p.data)),
		}
		if p.header != nil {
			p.header(h)
		}
		out, err := w.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(out, p.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// description is the pickle of {"w": tensor}, a view of shape (n,) of storage 0 with a number of elements.
func pickled(class, key string, elements, offset, n, stride byte) string {
	return "\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n" + class + "\nX\x01\x00\x00\x00" + key +
		"X\x03\x00\x00\x00cpuK" + string([]byte{elements}) + "tQK" + string([]byte{offset}) + "K" + string([]byte{n}) + "\x85K" + string([]byte{stride}) +
		"\x85\x89ccollections\nOrderedDict\n)RtRs."
}

func TestReadsATensorOfHandMadeBytes(t *testing.T) {
	raw := archiveOf(t, part{name: "a/data.pkl", data: pickled("FloatStorage", "0", 4, 1, 2, 1)}, part{name: "a/data/0", data: "aaaabbbbccccdddd"})
	f, err := NewFile(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	section, err := f.Section("w")
	if err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(section); err != nil || string(data) != "bbbbcccc" {
		t.Errorf("got %q, %v", data, err)
	}
}

func TestRefusesByOneClearLine(t *testing.T) {
	good, storage := part{name: "a/data.pkl", data: pickled("FloatStorage", "0", 4, 0, 4, 1)}, part{name: "a/data/0", data: strings.Repeat("x", 16)}
	pickle := func(program string) part { return part{name: "a/data.pkl", data: program} }
	deflated := func(size uint64) func(*zip.FileHeader) {
		return func(h *zip.FileHeader) { h.Method, h.UncompressedSize64 = zip.Deflate, size }
	}
	for _, c := range []struct {
		name  string
		parts []part
		want  string
	}{
		{"code to run", []part{pickle("\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."), storage}, "posix.system is nothing that weights are saved with, and is not run"},
		{"code hidden in the storage's class", []part{pickle("\x80\x02(X\x07\x00\x00\x00storagecos\nsystem\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ."), storage}, "os.system is nothing"},
		{"a whole model", []part{pickle("\x80\x02copen_clip.model\nCLIP\n)\x81}b."), storage}, "open_clip.model.CLIP is nothing"},
		{"a scripted class in a state_dict", []part{pickle("\x80\x02c__torch__.model\nCLIP\n)\x81}b."), storage}, "__torch__.model.CLIP is nothing"},
		{"an unknown opcode", []part{pickle("\x80\x02\xff."), storage}, "opcode 0xff"},
		{"a path out of the archive", []part{good, storage, {name: "a/../../../etc/passwd"}}, `entry "a/../../../etc/passwd": the name leads out`},
		{"an absolute path", []part{good, storage, {name: "/etc/passwd"}}, "the name leads out"},
		{"a bomb in place of the description", []part{{name: "a/data.pkl", data: "\x03\x00", header: deflated(1 << 40)}, storage}, "it is compressed, 1099511627776 bytes into 2"},
		{"a bomb in place of a storage", []part{good, {name: "a/data/0", data: "\x03\x00", header: deflated(1 << 40)}}, "it is compressed"},
		{"the same name twice", []part{good, storage, storage}, "comes twice"},
		{"no description", []part{storage}, "0 files data.pkl"},
		{"two descriptions", []part{good, storage, {name: "b/data.pkl", data: "N."}}, "2 files data.pkl"},
		{"a storage that is not there", []part{good}, `no entry "a/data/0"`},
		{"a storage cut short", []part{good, {name: "a/data/0", data: "xxxx"}}, "4 bytes, 4 elements of F32 take more"},
		{"a view beyond its storage", []part{pickle(pickled("FloatStorage", "0", 4, 1, 4, 1)), storage}, "does not fit its storage"},
		{"a view that repeats its elements", []part{pickle(pickled("FloatStorage", "0", 4, 0, 200, 0)), storage}, "does not fit its storage"},
		{"a class of storage unknown", []part{pickle(pickled("QInt8Storage", "0", 4, 0, 4, 1)), storage}, "torch.QInt8Storage is nothing"},
		{"a number", []part{pickle("\x80\x02K\x01."), storage}, "neither a state_dict nor"},
		{"no weights", []part{pickle("\x80\x02}X\x05\x00\x00\x00epochK\x01s."), storage}, `no weights under "epoch"`},
		{"another byte order", []part{good, storage, {name: "a/byteorder", data: "big"}}, `"big" order`},
	} {
		t.Run(c.name, func(t *testing.T) { refuse(t, archiveOf(t, c.parts...), c.want) })
	}
}

func refuse(t *testing.T, raw []byte, want string) {
	t.Helper()
	_, err := NewFile(bytes.NewReader(raw), int64(len(raw)))
	if err == nil || !strings.Contains(err.Error(), want) || strings.ContainsRune(err.Error(), '\n') {
		t.Errorf("got %v, want one line with %q", err, want)
	}
}

func TestRefusesDamagedFiles(t *testing.T) {
	whole, err := os.ReadFile("testdata/state.pt")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 3, 100, len(whole) / 2, len(whole) - 30} {
		refuse(t, whole[:n], "cut short")
	}
	refuse(t, []byte("\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."), "before version 1.6")
	refuse(t, overlapping(t), "overlap")
}

// overlapping makes the two storages of an archive share their bytes, by a directory that points twice at one.
func overlapping(t *testing.T) []byte {
	raw := archiveOf(t, part{name: "a/data.pkl", data: "N."}, part{name: "a/data/0", data: "xxxx"}, part{name: "a/data/1", data: "xxxx"})
	second := bytes.LastIndex(raw, []byte("PK\x01\x02"))
	first := bytes.LastIndex(raw[:second], []byte("PK\x01\x02"))
	const offset = 42 // of the local header's place in a directory entry
	binary.LittleEndian.PutUint32(raw[second+offset:], binary.LittleEndian.Uint32(raw[first+offset:]))
	return raw
}
