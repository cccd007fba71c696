// Package other has types for aliases.
package other

import "github.com/coroc-dev/coroc/coroutine"

// T is a type.
type T struct{ N int }

// Step suspends.
func (t *T) Step(v int) int { t.N += coroutine.Yield[int, int](v); return t.N }

// Box is generic.
type Box[V any] struct{ V V }

// Swap suspends.
func (b *Box[V]) Swap(v V) V {
	coroutine.Yield[int, int](1)
	v, b.V = b.V, v
	return v
}
