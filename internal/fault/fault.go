// Package fault names the moments at which a test wants a program to fail or to die. In production nothing is installed and a
// point costs one atomic load.
package fault

import "sync/atomic"

var hook atomic.Pointer[func(point string)]

// Inject calls f at every point from now on until restore is called. It exists for tests of crash safety and must not be
// used elsewhere.
func Inject(f func(point string)) (restore func()) {
	old := hook.Swap(&f)
	return func() { hook.Store(old) }
}

// Point is reached by a program in the middle of its work; the name says where, for instance "train.step".
func Point(name string) {
	if f := hook.Load(); f != nil {
		(*f)(name)
	}
}
