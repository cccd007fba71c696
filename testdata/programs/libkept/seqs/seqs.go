// Package seqs makes func values for a package that keeps them; nothing in it suspends.
package seqs

import (
	"iter"
	"maps"
	"slices"
	"sync"
)

// Values returns an iterator that the standard library makes.
func Values[T any](s ...T) iter.Seq[T] { return slices.Values(s) }

// Map returns an iterator around another one.
func Map[T, U any](seq iter.Seq[T], f func(T) U) iter.Seq[U] {
	return func(yield func(U) bool) {
		for v := range seq {
			if !yield(f(v)) {
				return
			}
		}
	}
}

// A Set is a set.
type Set[T comparable] map[T]bool

// All returns its elements.
func (s Set[T]) All() iter.Seq[T] { return maps.Keys(s) }

// A Lazy computes its value when that is asked for.
type Lazy struct {
	mu  sync.Mutex
	Get func() int
}

// NewLazy returns one.
func NewLazy(f func() int) *Lazy { return &Lazy{Get: sync.OnceValue(f)} }

// Table has an iterator that has no name of its own.
var Table = map[string]iter.Seq[int]{"a": slices.Values([]int{7})}
