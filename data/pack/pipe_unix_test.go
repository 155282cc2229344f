//go:build unix

package pack

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A named pipe would block a reader for ever.
func TestFolderSkipsWhatIsNoFile(t *testing.T) {
	folder := t.TempDir()
	put(t, folder, "a.jpg", image("a"))
	put(t, folder, "a.txt", "caption")
	put(t, folder, "dir.txt", "caption")
	if err := os.Symlink(".", filepath.Join(folder, "dir.jpg")); err != nil {
		t.Fatal(err)
	}
	put(t, folder, "pipe.txt", "caption")
	if err := syscall.Mkfifo(filepath.Join(folder, "pipe.jpg"), 0o600); err != nil {
		t.Fatal(err)
	}
	rows, skipped, sum := pack(t, config(folder))
	check(t, rows, skipped, sum, []string{"a|caption|a"}, []string{"dir.jpg|not a file", "pipe.jpg|not a file"})
}
