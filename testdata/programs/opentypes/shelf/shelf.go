// Package shelf makes values of types that nobody else can name.
package shelf

import "github.com/coroc-dev/coroc/coroutine"

type Shelf interface{ Books() int }

type shelf[T any] struct{ of map[string]T }

func (s *shelf[T]) Books() int { return coroutine.Yield[int, int](len(s.of)) + len(s.of) }

// New does not suspend.
func New[T any](v T) Shelf { return &shelf[T]{map[string]T{"a": v, "b": v}} }
