package atomicfile

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// tempPattern is what tempName makes; the random part is long enough that a user's own file does not match by accident.
var tempPattern = regexp.MustCompile(`^\..+\.tmp-[0-9a-f]{16}$`)

// tempName returns a hidden sibling of path, because a rename is atomic only inside one file system.
func tempName(path string) (string, error) {
	var random [8]byte
	if _, err := rand.Read(random[:]); err != nil {
		return "", err
	}
	name := "." + filepath.Base(path) + ".tmp-" + hex.EncodeToString(random[:])
	return filepath.Join(filepath.Dir(path), name), nil
}

// IsTemporary reports whether a file or folder of this name is one that is being written, or was when its process died.
func IsTemporary(name string) bool { return tempPattern.MatchString(name) }

// createTemp makes the temporary file for path. It is not os.CreateTemp, whose files nobody but the owner may read.
func createTemp(path string) (*os.File, error) {
	temp, err := tempName(path)
	if err != nil {
		return nil, err
	}
	if err := fault(OpCreate, temp); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	lock(file)
	return file, nil
}

// createTempDir makes the temporary folder for path; the returned file holds the lock that says it is in use.
func createTempDir(path string) (string, *os.File, error) {
	temp, err := tempName(path)
	if err != nil {
		return "", nil, err
	}
	if err := fault(OpCreate, temp); err != nil {
		return "", nil, err
	}
	if err := os.Mkdir(temp, 0o777); err != nil {
		return "", nil, err
	}
	dir, err := os.Open(temp)
	if err != nil {
		os.Remove(temp)
		return "", nil, err
	}
	lock(dir)
	return temp, dir, nil
}

// RemoveDir deletes a folder so that a crash half-way does not leave half a folder under its name: it is renamed to a
// temporary name first, and what a crash leaves there is a leftover.
func RemoveDir(path string) error {
	path = filepath.Clean(path)
	temp, err := tempName(path)
	if err != nil {
		return fmt.Errorf("delete folder %s: %w", path, err)
	}
	if err := fault(OpRemove, path); err != nil {
		return fmt.Errorf("delete folder %s: %w", path, err)
	}
	if err := os.Rename(path, temp); err != nil {
		return fmt.Errorf("delete folder %s: %w", path, err)
	}
	if err := fault(OpRemove, temp); err != nil {
		return fmt.Errorf("delete folder %s: %w", path, err)
	}
	if err := os.RemoveAll(temp); err != nil {
		return fmt.Errorf("delete folder %s: %w", path, err)
	}
	return nil
}

// RemoveLeftovers deletes the temporary files and folders in dir that a killed process left behind, and returns their
// names. Those that a live process is writing are locked and stay. A missing dir has no leftovers.
func RemoveLeftovers(dir string) (removed []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("clean %s: %w", dir, err)
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if !IsTemporary(entry.Name()) || !orphaned(path, entry) {
			continue
		}
		if err := os.RemoveAll(path); err != nil {
			return removed, fmt.Errorf("clean %s: %w", dir, err)
		}
		removed = append(removed, entry.Name())
	}
	return removed, nil
}

// orphaned reports whether no live process holds the lock of a temporary file or folder. In doubt it says no.
func orphaned(path string, entry fs.DirEntry) bool {
	if !entry.IsDir() && !entry.Type().IsRegular() {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return lock(file)
}
