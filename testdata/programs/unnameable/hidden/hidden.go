// Package hidden hands out values of unexported types.
package hidden

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

type thing struct {
	Name string
	n    int
}

// Work suspends.
func (t thing) Work(v int) string {
	return fmt.Sprint(t.Name, " ", t.n, " ", coroutine.Yield[int, int](v))
}

// Add suspends and returns its receiver.
func (t *thing) Add(v int) *thing {
	t.n += coroutine.Yield[int, int](v)
	t.Name += fmt.Sprint("+", t.n)
	return t
}

// New returns a thing.
func New(name string) thing { return thing{name, 1} }

// NewPointer returns a pointer to a thing.
func NewPointer(name string) *thing { return &thing{name, 2} }

// List returns n things.
func List(n int) (out []thing) {
	for i := range n {
		out = append(out, thing{fmt.Sprint("t", i), i})
	}
	return out
}

type options struct{ Level int }

// Options returns defaults.
func Options() options { return options{1} }

// Apply suspends.
func Apply(o options) string { return fmt.Sprint(o, coroutine.Yield[int, int](o.Level)) }
