package torch

import "sync/atomic"

// Scope owns tensors and frees them together.
//
// A tensor made by an operation belongs to the scope of the operation's first scoped input. Parameters belong to no scope;
// they live until they are freed. Closing a scope frees what it owns. Tidy runs a function in an inner scope and keeps only
// its result. Freeing drops a handle: what the backward pass still needs stays alive in libtorch.
type Scope struct {
	owned []*Tensor
}

// NewScope returns an empty scope.
func NewScope() *Scope { return &Scope{} }

// Close frees every tensor that the scope owns. It may be used again afterwards.
func (s *Scope) Close() {
	for _, t := range s.owned {
		if t.scope == s {
			t.Free()
		}
	}
	s.owned = s.owned[:0]
}

func (s *Scope) adopt(t *Tensor) *Tensor {
	t.scope = s
	s.owned = append(s.owned, t)
	return t
}

// Tidy calls f with x and frees everything that f made of it but f's result, which goes to the scope of x. An x without a
// scope, a parameter, is an error: see Tensor.In.
func Tidy(x *Tensor, f func(x *Tensor) *Tensor) *Tensor {
	if x.scope == nil {
		fail("tidy", "its input belongs to no scope, so nobody would free its result; give it one by In", []*Tensor{x})
	}
	inner := NewScope()
	defer inner.Close()
	alias := &Tensor{handle: x.handle, scope: inner} // not owned: the handle stays with x
	y := f(alias)
	if y == alias {
		return x
	}
	if y.scope == inner {
		x.scope.adopt(y)
	}
	return y
}

var live atomic.Int64

// Live counts the tensors that are not yet freed, for tests of leaks.
func Live() int64 { return live.Load() }
