package clip

import (
	"archive/zip"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Files that were made to harm, or damaged beyond what a cut does, each end in one line that says what is wrong; nothing of a
// model is left, which mustRefuse looks after. What each reader refuses is tested in its own package.
func TestHostileFilesAreRefused(t *testing.T) {
	header := func(length int, text string, data int) []byte {
		raw := binary.LittleEndian.AppendUint64(nil, uint64(length))
		return append(append(raw, text...), make([]byte, data)...)
	}
	tensors := func(text string, data int) []byte { return header(len(text), text, data) }
	const first = `{"logit_scale":{"dtype":"F32","shape":[],"data_offsets":[0,4]},`
	code := "\x80\x02cposix\nsystem\nX\x02\x00\x00\x00id\x85R."
	for _, c := range []struct {
		name string
		raw  []byte
		want string
	}{
		{"header longer than the file", header(1<<20, `{}`, 8), "the header takes 1048576 bytes, 10 are there"},
		{"header longer than any", header(1<<40, `{}`, 8), "its header would take 1099511627776 bytes"},
		{"overlapping offsets", tensors(first+`"b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6), `"b": span [2, 6) overlaps`},
		{"offsets out of range", tensors(first+`"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 4), "the tensors take 8 bytes, 4 are there"},
		{"a gap", tensors(first+`"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), "leaves a gap"},
		{"code in a pickle", zipOf(t, map[string]string{"a/data.pkl": code}), "posix.system is nothing that weights are saved with, and is not run"},
		{"a path out of the archive", zipOf(t, map[string]string{"a/data.pkl": "}.", "a/../../x": ""}), "leads out of the archive"},
		{"a bomb", bomb(t), "it is compressed"},
		{"a pointer of Git LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"), "git lfs pull"},
		{"a web page", []byte("<!DOCTYPE html><html><body>404</body></html>"), "not a safetensors file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "weights")
			if err := os.WriteFile(path, c.raw, 0o666); err != nil {
				t.Fatal(err)
			}
			mustRefuse(t, path, Options{Model: "tiny"}, c.want)
		})
	}
}

// zipOf makes a zip whose entries are stored as they are.
func zipOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	return zipped(t, zip.Store, files)
}

// bomb makes a zip whose description is small and unpacks to 32 MB.
func bomb(t *testing.T) []byte {
	t.Helper()
	return zipped(t, zip.Deflate, map[string]string{"a/data.pkl": string(make([]byte, 32<<20))})
}

func zipped(t *testing.T, method uint16, files map[string]string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.zip")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := zip.NewWriter(file)
	for name, content := range files {
		out, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = out.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
