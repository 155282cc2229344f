// Package torch is the only door to libtorch: tensors, the operations the towers need, scopes that free, errors, devices.
//
// It stands on the C API of github.com/sugarme/gotch (package libtch), and on a small C++ file of its own for what that API
// lacks. Operations panic with *Error; Recover turns such a panic into an error at exported doors, and nothing else panics.
//
// libtorch keeps its gradient mode and gotch its last error by thread: a goroutine that calls this package holds its
// thread with runtime.LockOSThread for as long as it uses tensors.
package torch
