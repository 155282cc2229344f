package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
)

// Op names a step of writing, in the order in which the steps happen.
type Op string

// The steps at which a write can fail or a process can die.
const (
	OpCreate  Op = "create"  // before the temporary file or folder is made
	OpWrite   Op = "write"   // before each write to a temporary file
	OpSync    Op = "sync"    // before a file is flushed to the disk
	OpRename  Op = "rename"  // before the destination's name is taken
	OpSyncDir Op = "syncdir" // before a folder is flushed to the disk
	OpRemove  Op = "remove"  // before a folder is deleted
)

var hook atomic.Pointer[func(op Op, path string) error]

// Inject calls f before each step from now on until restore is called; an error that f returns is that step's error.
// It exists for tests of crash safety, here and in packages that build on this one, and must not be used elsewhere.
func Inject(f func(op Op, path string) error) (restore func()) {
	old := hook.Swap(&f)
	return func() { hook.Store(old) }
}

// fault returns the error that a test wants at this step: nil always in production.
func fault(op Op, path string) error {
	if f := hook.Load(); f != nil {
		return (*f)(op, path)
	}
	return nil
}

func syncFile(file *os.File) error {
	if err := fault(OpSync, file.Name()); err != nil {
		return err
	}
	return file.Sync()
}

// syncDir flushes the names in a folder. File systems that cannot do so for a folder say EINVAL or ENOTSUP, and then
// nothing better is to be had.
func syncDir(path string) error {
	if err := fault(OpSyncDir, path); err != nil {
		return err
	}
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

func rename(from, to string) error {
	if err := fault(OpRename, to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// exchange swaps two folders that both exist. Where the system has no such call the old folder steps aside first, which
// leaves a moment without a folder at the destination; a failure puts the old one back.
func exchange(temp, path string) error {
	if err := fault(OpRename, path); err != nil {
		return err
	}
	err := exchangeNames(temp, path)
	if !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	aside, err := tempName(path)
	if err != nil {
		return err
	}
	if err := os.Rename(path, aside); err != nil {
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		return errors.Join(err, os.Rename(aside, path))
	}
	if err := os.RemoveAll(aside); err != nil {
		return fmt.Errorf("the new folder is in place, the old one could not be deleted: %w", err)
	}
	return nil
}
