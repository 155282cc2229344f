package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// WriteDir makes the folder path with what fill puts into the temporary folder it is given, or makes nothing. It refuses,
// with an error that wraps fs.ErrExist and before fill is called, to replace anything but an empty folder: a mistyped
// path must not cost a user's files. Use ReplaceDir where the old folder is known to be disposable. Missing parents are made.
// Every file in the folder is flushed to the disk before the folder takes its name.
func WriteDir(path string, fill func(tmpdir string) error) error {
	return writeDir(path, false, fill)
}

// ReplaceDir is WriteDir for a folder that may be there already: the old folder is exchanged for the new one in one step
// where the system can do so (Linux), and deleted afterwards.
func ReplaceDir(path string, fill func(tmpdir string) error) error {
	return writeDir(path, true, fill)
}

func writeDir(path string, replace bool, fill func(string) error) (err error) {
	path = filepath.Clean(path)
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // so that a link to another disk survives
	}
	if !replace {
		if err := refuseFilled(path); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("write folder %s: %w", path, err)
	}
	temp, lock, err := createTempDir(path)
	if err != nil {
		return fmt.Errorf("write folder %s: %w", path, err)
	}
	defer func() { // after a success there is either nothing here or, exchanged, the old folder
		lock.Close()
		os.RemoveAll(temp)
	}()
	if err := fill(temp); err != nil {
		return fmt.Errorf("write folder %s: %w", path, err)
	}
	if err := syncTree(temp); err != nil {
		return fmt.Errorf("write folder %s: %w", path, err)
	}
	if err := place(temp, path, replace); err != nil {
		return fmt.Errorf("write folder %s: %w", path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write folder %s: flush its parent: %w", path, err)
	}
	return nil
}

// refuseFilled returns an error if path exists and is not an empty folder.
func refuseFilled(path string) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write folder %s: %w", path, err)
	case len(entries) > 0:
		return fmt.Errorf("write folder %s: %w and is not empty; choose another folder, or remove it", path, fs.ErrExist)
	}
	return nil
}

// place gives temp the name path, exchanging the two if path is a filled folder and may be replaced.
func place(temp, path string, replace bool) error {
	if _, err := os.Lstat(path); replace && err == nil {
		return exchange(temp, path)
	}
	// An empty folder makes way. A filled one cannot be removed like this, and then the rename says so.
	_ = syscall.Rmdir(path)
	return rename(temp, path)
}

// syncTree flushes every regular file and every folder below root, root included.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return syncDir(path)
		case !entry.Type().IsRegular():
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		return syncFile(file)
	})
}
