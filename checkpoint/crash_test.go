//go:build unix

package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/safetensors"
	"github.com/mclclip/mclclip/internal/testneed"
)

// TestMain turns the test binary into a process that saves step 2, twice if asked, and dies by SIGKILL at its n-th step.
func TestMain(m *testing.M) {
	dir, victim := os.LookupEnv("CHECKPOINT_VICTIM")
	if !victim {
		os.Exit(m.Run())
	}
	n, _ := strconv.Atoi(os.Getenv("CHECKPOINT_KILL"))
	atomicfile.Inject(func(op atomicfile.Op, _ string) error {
		if n--; n == 0 {
			fmt.Print(op)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		return nil
	})
	_, err := Save(dir, state(2))
	if err == nil {
		err = Prune(dir, 1)
	}
	fmt.Print("lived ", err)
	os.Exit(0)
}

// Killed at any step of Save and Prune, there is a sound checkpoint: the old one before the rename, the new one after.
func TestKilledAtAnyStep(t *testing.T) {
	renamed := false
	for n := 1; ; n++ {
		dir := t.TempDir()
		save(t, dir, 1)
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CHECKPOINT_VICTIM="+dir, fmt.Sprintf("CHECKPOINT_KILL=%d", n))
		out, _ := cmd.CombinedOutput()
		path, warnings, err := Latest(dir)
		if err != nil || len(warnings) > 0 {
			t.Fatalf("killed at step %d (%s): got %q, %v", n, out, warnings, err)
		}
		step, _ := StepOf(path)
		if got, err := Load(path); err != nil || !same(got, state(step)) {
			t.Errorf("killed at step %d (%s): got %+v, %v", n, out, got, err)
		}
		if renamed && step != 2 {
			t.Errorf("killed at step %d (%s): step %d is the newest, but 2 had its name before", n, out, step)
		}
		renamed = step == 2
		checkNextSave(t, dir)
		if strings.HasPrefix(string(out), "lived") {
			if n < 20 || string(out) != "lived <nil>" {
				t.Errorf("after %d steps: %s", n, out)
			}
			return
		}
	}
}

// checkNextSave checks that the next Save works and clears what the killed process left.
func checkNextSave(t *testing.T, dir string) {
	t.Helper()
	save(t, dir, 3)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if strings.Contains(entry.Name(), ".tmp-") {
			t.Errorf("leftover %s stays", entry.Name())
		}
	}
}

// A real full disk: room for one checkpoint and a half.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	err := syscall.Mount("none", disk, "tmpfs", 0, "size=192k")
	testneed.Require(t, "mount", err == nil, "run the test as a user who may mount a tmpfs")
	defer syscall.Unmount(disk, 0)
	dir := filepath.Join(disk, "checkpoints")
	s := state(1)
	s.Tensors = []safetensors.Tensor{{Name: "w", DType: "U8", Shape: []int{100_000}, Data: make([]byte, 100_000)}}
	first, err := Save(dir, s)
	if err != nil {
		t.Fatal(err)
	}
	s.Step = 2
	if _, err := Save(dir, s); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got error %v, want ENOSPC", err)
	}
	wantNames(t, dir, "step-00000001")
	if path, warnings, err := Latest(dir); err != nil || len(warnings) > 0 || path != first {
		t.Errorf("got %s, %q, %v", path, warnings, err)
	}
}
