//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mclclip/mclclip/internal/testneed"
)

// TestMain turns the test binary into a process that writes "new" over "old" and dies by SIGKILL at a given step.
func TestMain(m *testing.M) {
	path, victim := os.LookupEnv("ATOMICFILE_VICTIM")
	if !victim {
		os.Exit(m.Run())
	}
	kill := Op(os.Getenv("ATOMICFILE_KILL"))
	Inject(func(op Op, _ string) error {
		if op == kill {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	err := WriteFile(path+".file", func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err })
	if os.Getenv("ATOMICFILE_DIR") != "" {
		err = ReplaceDir(path, twoFiles("new"))
	}
	fmt.Println("not killed", err)
	os.Exit(0)
}

// victim runs such a process and returns what it printed: nothing when it was killed.
func victim(t *testing.T, path string, kill Op, env ...string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "ATOMICFILE_VICTIM="+path, "ATOMICFILE_KILL="+string(kill))...)
	out, _ := cmd.CombinedOutput()
	return string(out)
}

func TestKilledBetweenStepsLeavesTheOldFile(t *testing.T) {
	for _, kill := range []Op{OpCreate, OpWrite, OpSync, OpRename} {
		t.Run(string(kill), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "a")
			if err := os.WriteFile(path+".file", []byte("old"), 0o666); err != nil {
				t.Fatal(err)
			}
			if out := victim(t, path, kill); out != "" {
				t.Fatalf("the victim lived: %s", out)
			}
			wantFile(t, path+".file", "old")
			removed, err := RemoveLeftovers(dir)
			if err != nil || (len(removed) == 1) != (kill != OpCreate) {
				t.Errorf("removed %q (%v)", removed, err)
			}
			wantNames(t, dir, "a.file")
		})
	}
}

func TestKilledAfterTheRenameLeavesTheNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path+".file", []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if out := victim(t, path, OpSyncDir); out != "" {
		t.Fatalf("the victim lived: %s", out)
	}
	wantFile(t, path+".file", "new")
}

func TestKilledBetweenStepsLeavesTheOldFolder(t *testing.T) {
	for _, kill := range []Op{OpSyncDir, OpSync, OpRename} {
		t.Run(string(kill), func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "out")
			if err := WriteDir(path, twoFiles("old")); err != nil {
				t.Fatal(err)
			}
			if out := victim(t, path, kill, "ATOMICFILE_DIR=1"); out != "" {
				t.Fatalf("the victim lived: %s", out)
			}
			wantDir(t, path, "old")
			if _, err := RemoveLeftovers(dir); err != nil {
				t.Fatal(err)
			}
			entries, _ := os.ReadDir(dir)
			for _, entry := range entries {
				if strings.Contains(entry.Name(), ".tmp-") {
					t.Errorf("leftover %s stays", entry.Name())
				}
			}
		})
	}
}

func TestLeftoversInUseStay(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, ".notes.tmp-mine") // a user's file that looks similar
	if err := os.WriteFile(own, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	err := WriteFile(filepath.Join(dir, "a"), func(w io.Writer) error {
		removed, err := RemoveLeftovers(dir)
		if len(removed) > 0 {
			t.Errorf("removed %q while it was being written", removed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = WriteDir(filepath.Join(dir, "out"), func(string) error {
		removed, err := RemoveLeftovers(dir)
		if len(removed) > 0 {
			t.Errorf("removed %q while it was being written", removed)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wantNames(t, dir, ".notes.tmp-mine", "a", "out")
}

func TestRemoveLeftoversOfAMissingFolder(t *testing.T) {
	if removed, err := RemoveLeftovers(filepath.Join(t.TempDir(), "no")); err != nil || removed != nil {
		t.Errorf("got %q, %v; want nothing", removed, err)
	}
}

// A real full disk, not an injected one: a file system of 64 KiB in memory.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	err := syscall.Mount("none", disk, "tmpfs", 0, "size=64k")
	testneed.Require(t, "mount", err == nil, "run the test as a user who may mount a tmpfs")
	defer syscall.Unmount(disk, 0)
	path := filepath.Join(disk, "a")
	if err := WriteFile(path, content("old")); err != nil {
		t.Fatal(err)
	}
	big := strings.Repeat("x", 1<<20)
	if err := WriteFile(path, content(big)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v, want ENOSPC", err)
	}
	if err := WriteDir(filepath.Join(disk, "out"), twoFiles(big)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v, want ENOSPC", err)
	}
	wantFile(t, path, "old")
	wantNames(t, disk, "a")
}
