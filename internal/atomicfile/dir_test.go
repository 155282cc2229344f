package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// twoFiles fills a folder with a file and a file in a subfolder.
func twoFiles(text string) func(string) error {
	return func(dir string) error {
		if err := os.WriteFile(filepath.Join(dir, "one"), []byte(text), 0o666); err != nil {
			return err
		}
		if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "sub", "two"), []byte(text), 0o666)
	}
}

func wantDir(t *testing.T, path, text string) {
	t.Helper()
	wantFile(t, filepath.Join(path, "one"), text)
	wantFile(t, filepath.Join(path, "sub", "two"), text)
}

func TestWriteDirMakesAFolder(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	if err := WriteDir(path+"/", twoFiles("new")); err != nil {
		t.Fatal(err)
	}
	wantDir(t, path, "new")
	wantNames(t, parent, "out")
}

func TestWriteDirTakesAnEmptyFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := WriteDir(path, twoFiles("new")); err != nil {
		t.Fatal(err)
	}
	wantDir(t, path, "new")
}

func TestWriteDirRefusesAFilledFolderBeforeAnyWork(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	if err := WriteDir(path, twoFiles("old")); err != nil {
		t.Fatal(err)
	}
	called := false
	err := WriteDir(path, func(string) error { called = true; return nil })
	if !errors.Is(err, fs.ErrExist) || called {
		t.Errorf("got error %v, fill called: %v; want ErrExist before fill", err, called)
	}
	wantDir(t, path, "old")
	wantNames(t, parent, "out")
}

// A folder that is filled by somebody else while fill runs must survive too.
func TestWriteDirRefusesAFolderFilledMeanwhile(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	err := WriteDir(path, func(tmp string) error {
		if err := os.Mkdir(path, 0o777); err != nil {
			return err
		}
		return twoFiles("theirs")(path)
	})
	if err == nil {
		t.Error("want an error")
	}
	wantDir(t, path, "theirs")
	wantNames(t, parent, "out")
}

func TestReplaceDirExchanges(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	for _, text := range []string{"first", "second"} {
		if err := ReplaceDir(path, twoFiles(text)); err != nil {
			t.Fatal(err)
		}
		wantDir(t, path, text)
		wantNames(t, parent, "out")
	}
}

func TestReplaceDirKeepsTheOldFolderOnEveryFailure(t *testing.T) {
	for _, op := range []Op{OpCreate, OpSync, OpSyncDir, OpRename} {
		t.Run(string(op), func(t *testing.T) {
			parent := t.TempDir()
			path := filepath.Join(parent, "out")
			if err := WriteDir(path, twoFiles("old")); err != nil {
				t.Fatal(err)
			}
			failAt(t, op, 1, syscall.ENOSPC)
			err := ReplaceDir(path, twoFiles("new"))
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want one that wraps ENOSPC and names %s", err, path)
			}
			wantDir(t, path, "old")
			wantNames(t, parent, "out")
		})
	}
}

func TestWriteDirLeavesNothingWhenFillFails(t *testing.T) {
	parent := t.TempDir()
	mine := errors.New("disk on fire")
	err := WriteDir(filepath.Join(parent, "out"), func(tmp string) error {
		_ = twoFiles("x")(tmp)
		return mine
	})
	if !errors.Is(err, mine) {
		t.Errorf("got error %v, want %v", err, mine)
	}
	wantNames(t, parent)
}

func TestWriteDirFlushesEveryFileBeforeTheRename(t *testing.T) {
	parent := t.TempDir()
	var steps []string
	defer Inject(func(op Op, path string) error {
		steps = append(steps, string(op)+" "+filepath.Base(path))
		return nil
	})()
	if err := WriteDir(filepath.Join(parent, "out"), twoFiles("x")); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(steps[2:], ", ") // the first two carry the random name
	want := "sync one, syncdir sub, sync two, rename out, syncdir " + filepath.Base(parent)
	if got != want {
		t.Errorf("got steps %s, want %s", got, want)
	}
}

func TestRemoveDir(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	if err := WriteDir(path, twoFiles("x")); err != nil {
		t.Fatal(err)
	}
	if err := RemoveDir(path); err != nil {
		t.Fatal(err)
	}
	wantNames(t, parent)
	if err := RemoveDir(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got error %v for a missing folder, want ErrNotExist", err)
	}
}
