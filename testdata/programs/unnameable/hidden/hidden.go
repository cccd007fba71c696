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

// Default is a variable of an unexported type.
var Default = &thing{"default", 3}

type namer interface {
	Work(v int) string
	fmt.Stringer
}

func (t thing) String() string { return "<" + t.Name + ">" }

// Namer returns a value of an unexported interface type.
func Namer(name string) namer { return thing{name, 4} }

type ordered interface{ ~int | ~string }

type pair[K ordered, _ fmt.Stringer, V interface{ ~[]K }] struct {
	Key  K
	List V
}

// Put suspends.
func (p *pair[K, S, V]) Put(k K) *pair[K, S, V] {
	coroutine.Yield[int, int](len(p.List))
	p.List = append(p.List, k)
	return p
}

// Pair returns a pair.
func Pair[K ordered](k K) *pair[K, thing, []K] { return &pair[K, thing, []K]{Key: k} }

// Set has a field of an unexported type.
type Set struct {
	Base thing
	Many map[string]*thing
}

// NewSet returns an empty set.
func NewSet() Set { return Set{Many: map[string]*thing{}} }
