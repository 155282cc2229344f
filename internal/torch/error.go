package torch

// #include <stdlib.h>
import "C"

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// Error is what an operation panics with: its name, the shapes of its inputs and libtorch's first line.
type Error struct {
	Op     string
	Shapes [][]int64
	Text   string
}

func (e *Error) Error() string {
	if len(e.Shapes) == 0 {
		return fmt.Sprintf("%s: %s", e.Op, e.Text)
	}
	return fmt.Sprintf("%s of %v: %s", e.Op, e.Shapes, e.Text)
}

// Recover is deferred at exported doors: it stores a panic of this package in err and lets any other panic pass.
func Recover(err *error) {
	switch caught := recover().(type) {
	case nil:
	case *Error:
		*err = errors.Join(*err, caught)
	default:
		panic(caught)
	}
}

func fail(op string, text string, inputs []*Tensor) {
	first, _, _ := strings.Cut(text, "\n")
	failure := &Error{Op: op, Text: first}
	for _, t := range inputs {
		if t != nil {
			failure.Shapes = append(failure.Shapes, t.Shape())
		}
	}
	panic(failure)
}

// check panics when one of our own C functions returned a message, and frees it.
func check(op string, message unsafe.Pointer, inputs ...*Tensor) {
	if message == nil {
		return
	}
	text := C.GoString((*C.char)(message))
	C.free(message)
	fail(op, text, inputs)
}

func lastError() string {
	if text := takeError(); text != "" {
		return text
	}
	return "libtorch gave no result and no reason"
}

// takeError returns and clears what gotch's last failed call on this thread left, "" where none failed.
func takeError() string {
	message := unsafe.Pointer(libtch.GetAndResetLastErr())
	if message == nil {
		return ""
	}
	defer C.free(message)
	return C.GoString((*C.char)(message))
}

// outOfMemory are the words of CUDA's allocator, of the CPU's, and of C++'s.
var outOfMemory = []string{"out of memory", "DefaultCPUAllocator", "bad_alloc"}

// OutOfMemory reports whether an operation failed because its device, or the host, had too little memory. The error's text
// says how much was asked for.
func OutOfMemory(err error) bool {
	var failure *Error
	return errors.As(err, &failure) && slices.ContainsFunc(outOfMemory, func(words string) bool {
		return strings.Contains(failure.Text, words)
	})
}
