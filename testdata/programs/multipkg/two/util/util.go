// Package util is the second of two packages of this name. Nothing in it
// suspends by itself: it is what it is given that does, except for Work.
package util

import (
	"errors"

	"github.com/coroc-dev/coroc/coroutine"
)

// Stepper is implemented elsewhere.
type Stepper interface{ Step(int) int }

// Run calls s n times.
func Run(s Stepper, n int) (sum int) {
	for i := range n {
		sum += s.Step(i)
	}
	return sum
}

// Map applies f.
func Map[T, U any](s []T, f func(T) U) (out []U) {
	for _, v := range s {
		out = append(out, f(v))
	}
	return out
}

// Stack is generic.
type Stack[T any] struct{ items []T }

// Push does not suspend.
func (s *Stack[T]) Push(v T) *Stack[T] { s.items = append(s.items, v); return s }

// Pop suspends.
func (s *Stack[T]) Pop() (v T) {
	coroutine.Yield[int, int](len(s.items))
	v, s.items = s.items[len(s.items)-1], s.items[:len(s.items)-1]
	return v
}

// Len does not suspend.
func (s Stack[T]) Len() int { return len(s.items) }

// Compose adds two functions' results.
func Compose(f, g func() int) func() int { return func() int { return f() + g() } }

// Is is errors.Is.
func Is(err, target error) bool { return errors.Is(err, target) }

// Work suspends twice.
func Work(v int) int { return work(work(v)) }

func work(v int) int { return coroutine.Yield[int, int](v) }
