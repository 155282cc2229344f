package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// content returns a write function that writes s in two pieces.
func content(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		half := len(s) / 2
		if _, err := io.WriteString(w, s[:half]); err != nil {
			return err
		}
		_, err := io.WriteString(w, s[half:])
		return err
	}
}

// failAt makes the n-th visit (from 1) of step op fail with err until the test ends.
func failAt(t *testing.T, op Op, n int, err error) {
	t.Helper()
	t.Cleanup(Inject(func(got Op, path string) error {
		if got != op {
			return nil
		}
		if n--; n == 0 {
			return err
		}
		return nil
	}))
}

func wantFile(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
	}
}

// wantNames checks that dir holds exactly these entries, so that no temporary file is left.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s holds %q, want %q", dir, got, want)
	}
}

func TestWriteFileMakesAndReplaces(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, want := range []string{"first", "second, longer", ""} {
		if err := WriteFile(path, content(want)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, want)
	}
	wantNames(t, dir, "a.json")
}

func TestWriteFileKeepsTheOldFileOnEveryFailure(t *testing.T) {
	for _, op := range []Op{OpCreate, OpWrite, OpSync, OpRename} {
		t.Run(string(op), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			if err := WriteFile(path, content("old")); err != nil {
				t.Fatal(err)
			}
			failAt(t, op, 1, syscall.ENOSPC)
			err := WriteFile(path, content("new"))
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want one that wraps ENOSPC and names %s", err, path)
			}
			wantFile(t, path, "old")
			wantNames(t, dir, "a")
		})
	}
}

func TestWriteFileReportsAFolderThatCannotBeFlushed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	failAt(t, OpSyncDir, 1, syscall.EIO)
	if err := WriteFile(path, content("new")); !errors.Is(err, syscall.EIO) {
		t.Errorf("got error %v, want EIO", err)
	}
	wantFile(t, path, "new")
	wantNames(t, dir, "a")
}

func TestWriteFileDiskFullInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	failAt(t, OpWrite, 3, syscall.ENOSPC)
	block := make([]byte, bufferSize)
	err := WriteFile(path, func(w io.Writer) error {
		for range 5 {
			if _, err := w.Write(block); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v, want ENOSPC", err)
	}
	wantNames(t, dir)
}

func TestWriteFilePassesTheCallersErrorOn(t *testing.T) {
	dir := t.TempDir()
	mine := errors.New("no more rows")
	err := WriteFile(filepath.Join(dir, "a"), func(io.Writer) error { return mine })
	if !errors.Is(err, mine) {
		t.Errorf("got error %v, want %v", err, mine)
	}
	wantNames(t, dir)
}

func TestWriteFileCleansUpAfterAPanic(t *testing.T) {
	dir := t.TempDir()
	func() {
		defer func() { _ = recover() }()
		_ = WriteFile(filepath.Join(dir, "a"), func(io.Writer) error { panic("boom") })
	}()
	wantNames(t, dir)
}

func TestWriteFileKeepsPermissions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, content("x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("got mode %v (%v), want 0640", info.Mode(), err)
	}
}

func TestWriteFileHonoursTheUmask(t *testing.T) {
	old := syscall.Umask(0o027)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "a")
	if err := WriteFile(path, content("x")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("got mode %v (%v), want 0640", info.Mode(), err)
	}
}

func TestWriteFileFollowsALink(t *testing.T) {
	dir := t.TempDir()
	big := t.TempDir()
	target, link := filepath.Join(big, "target"), filepath.Join(dir, "link")
	if err := os.WriteFile(target, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, content("new")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, target, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link became %v (%v)", info.Mode(), err)
	}
}

func TestWriteFileRefusesWhatIsNotAFile(t *testing.T) {
	dir := t.TempDir()
	if err := WriteFile(dir, content("x")); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("got error %v for a folder", err)
	}
	missing := filepath.Join(dir, "no", "a")
	if err := WriteFile(missing, content("x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v for a missing folder, want ErrNotExist", err)
	}
}
