// Package util is the first of two packages of this name.
package util

import (
	"errors"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

// ErrRange is returned by Check.
var ErrRange = errors.New("out of range")

// Default is a shared Base.
var Default = &Base{N: 100}

// Hook is set by others.
var Hook func(int) int

// Base has methods that suspend.
type Base struct{ N int }

// Step suspends.
func (b *Base) Step(v int) int { b.N += coroutine.Yield[int, int](v); return b.N }

// Value suspends.
func (b Base) Value() int { return b.N * coroutine.Yield[int, int](b.N) }

// Work suspends.
func Work(v int) int { return work(v) + 1 }

func work(v int) int { return coroutine.Yield[int, int](v) }

// Upper does not suspend.
func Upper(s string) string { return strings.ToUpper(s) }

// Counter returns a closure that suspends.
func Counter(n int) func() int {
	return func() int { n += work(n); return n }
}

// Hooked calls Hook.
func Hooked(v int) int {
	if Hook == nil {
		return v
	}
	return Hook(v) + 1
}

// Check may return ErrRange.
func Check(v int) error {
	if work(v) > 100 {
		return ErrRange
	}
	return nil
}
