// Package dot is imported with a dot.
package dot

import "github.com/coroc-dev/coroc/coroutine"

type stepper interface{ Step(int) int }

// D forwards to Inner.
type D struct{ Inner stepper }

// Step forwards.
func (d D) Step(v int) int { return -d.Inner.Step(v) }

// Dotted suspends.
func Dotted(v int) int { return coroutine.Yield[int, int](v) + 1 }

// Twice applies f twice.
func Twice(f func(int) int) func(int) int { return func(v int) int { return f(f(v)) } }
