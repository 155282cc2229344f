package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// bufferSize keeps the number of system calls low for writers of small pieces (JSON, CSV).
const bufferSize = 256 << 10

// WriteFile replaces the file at path by what write produces, or leaves it as it was. The parent folder must exist.
// A symbolic link at path is followed, so that the link survives; an existing file's permissions are kept, a new file gets
// 0666 less the umask. When WriteFile returns an error the temporary file is gone; the destination is then the old one,
// except if the last step, flushing the parent folder, failed: the new file is in place but might not survive a power cut.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	path, mode, err := resolveFile(path)
	if err != nil {
		return err
	}
	file, err := createTemp(path)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	temp := file.Name()
	placed := false
	defer func() { // also runs when write panics
		if !placed {
			file.Close()
			os.Remove(temp)
		}
	}()
	if err := fill(file, mode, write); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := rename(temp, path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	placed = true
	file.Close() // ends the lock; the data were flushed and checked before the rename
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("write %s: flush its folder: %w", path, err)
	}
	return nil
}

// resolveFile follows a symbolic link at path and returns the permissions of the file that is there, or 0 for none.
func resolveFile(path string) (string, fs.FileMode, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, 0, nil
	}
	if err != nil {
		return "", 0, fmt.Errorf("write %s: %w", path, err)
	}
	info, err := os.Stat(target)
	if err != nil {
		return "", 0, fmt.Errorf("write %s: %w", path, err)
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("write %s: it exists and is not a regular file", path)
	}
	return target, info.Mode().Perm(), nil
}

// fill writes the content into file and flushes it to the disk.
func fill(file *os.File, mode fs.FileMode, write func(io.Writer) error) error {
	buffer := bufio.NewWriterSize(faultyWriter{file}, bufferSize)
	if err := write(buffer); err != nil {
		return err
	}
	if err := buffer.Flush(); err != nil {
		return err
	}
	if mode != 0 {
		if err := file.Chmod(mode); err != nil {
			return err
		}
	}
	return syncFile(file)
}

// faultyWriter lets a test fail a write as a full disk would.
type faultyWriter struct{ file *os.File }

func (w faultyWriter) Write(p []byte) (int, error) {
	if err := fault(OpWrite, w.file.Name()); err != nil {
		return 0, err
	}
	return w.file.Write(p)
}
