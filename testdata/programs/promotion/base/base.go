// Package base has a type whose methods suspend, to be embedded elsewhere.
package base

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

// Base is embedded by others.
type Base struct{ Name string }

// Work suspends.
func (b Base) Work(v int) string {
	return fmt.Sprint("base ", b.Name, " ", coroutine.Yield[int, int](v))
}

// Close suspends too, and calls the Base's Work, never an override.
func (b *Base) Close() string {
	coroutine.Yield[int, int](100)
	return "close " + b.Work(1)
}
