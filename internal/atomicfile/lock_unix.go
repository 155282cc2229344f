//go:build unix

package atomicfile

import (
	"os"
	"syscall"
)

// lock takes the advisory lock of an open file or folder without waiting and reports whether it got it. The kernel drops
// the lock when the process dies, which is how a leftover is told from a write in progress.
func lock(file *os.File) bool {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
