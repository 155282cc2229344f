//go:build !unix

package atomicfile

import "os"

// lock reports false, so that nothing is ever taken for a leftover where locks are not to be had.
func lock(*os.File) bool { return false }
