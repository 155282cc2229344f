package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/mclclip/mclclip/internal/atomicfile"
	"github.com/mclclip/mclclip/internal/fault"
)

// killLog names, where it is set, a file with the fault points at which the program has died already. It dies by SIGKILL at
// the first one that is not in it, and adds that one.
const killLog = "MCLCLIP_TEST_KILL"

// killKinds chooses the points: "named" takes those of package fault and the renames, "all" every step of every file.
const killKinds = "MCLCLIP_TEST_KILL_KINDS"

// becomeVictim installs the hooks that kill this process.
func becomeVictim() {
	path := os.Getenv(killLog)
	if path == "" {
		return
	}
	v := &victim{log: path, all: os.Getenv(killKinds) == "all"}
	raw, _ := os.ReadFile(path) // there is none before the first kill
	v.seen = strings.Split(string(raw), "\n")
	fault.Inject(v.reach)
	atomicfile.Inject(func(op atomicfile.Op, path string) error {
		if v.all || op == atomicfile.OpRename {
			v.reach(string(op) + " " + kindOf(path))
		}
		return nil
	})
}

type victim struct {
	mu   sync.Mutex // a checkpoint is written beside training
	log  string
	all  bool
	seen []string
}

func (v *victim) reach(point string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if slices.Contains(v.seen, point) {
		return
	}
	file, err := os.OpenFile(v.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = file.WriteString(point + "\n")
	}
	if err != nil {
		os.Exit(99)
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

var (
	temporary = regexp.MustCompile(`^\.(.+)\.tmp-[0-9a-f]{16}$`)
	numbers   = regexp.MustCompile(`[0-9]+`)
)

// kindOf names what a path of a run folder is, whatever its stage, step and temporary name.
func kindOf(path string) string {
	parts := strings.Split(path, string(filepath.Separator))
	for i, part := range parts {
		if match := temporary.FindStringSubmatch(part); match != nil {
			parts[i] = match[1]
		}
		parts[i] = numbers.ReplaceAllString(parts[i], "N")
	}
	return strings.Join(parts[max(0, len(parts)-2):], "/")
}
