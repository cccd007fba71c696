// Package sealed has an interface with an unexported method that suspends.
package sealed

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

// Interface can be implemented elsewhere only by embedding.
type Interface interface {
	Open(v int) string
	hidden(v int) string
}

// Impl implements Interface.
type Impl struct{ Name string }

// Open suspends.
func (i Impl) Open(v int) string { return fmt.Sprint("open ", i.Name, coroutine.Yield[int, int](v)) }

func (i Impl) hidden(v int) string {
	return fmt.Sprint("sealed ", i.Name, " ", coroutine.Yield[int, int](v))
}

// Both calls both.
func (i Impl) Both(v int) string { return i.hidden(v) + " " + i.Open(v) }

// Quiet implements Interface without suspending.
type Quiet struct{}

// Open does not suspend.
func (Quiet) Open(int) string { return "quiet open" }

func (Quiet) hidden(int) string { return "quiet hidden" }

// Call calls both through the interface.
func Call(i Interface, v int) string { return i.hidden(v) + ", " + i.Open(v) }
