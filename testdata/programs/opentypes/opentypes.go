// Values in interfaces whose types only instances of generic functions know:
// made by functions that suspend and by functions that do not, in this file, in
// one that is not compiled, and in another package.
package opentypes

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/opentypes/shelf"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type Set[T comparable] interface {
	Add(v T) Set[T]
	Has(v T) bool
}

// one has no methods that suspend, and nobody says one[int].
type one[T comparable] struct{ v T }

func (o *one[T]) Has(v T) bool   { return o.v == v }
func (o *one[T]) Add(v T) Set[T] { return &more[T]{v, o} }

type more[T comparable] struct {
	v    T
	rest Set[T]
}

func (m *more[T]) Has(v T) bool   { return m.v == v || m.rest.Has(v) }
func (m *more[T]) Add(v T) Set[T] { return wrap[T](m, v) }

func wrap[T comparable](s Set[T], v T) Set[T] { return &more[T]{v, s} }

// NewSet does not suspend.
func NewSet[T comparable](v T) Set[T] { return &one[T]{v} }

type pair[K comparable, V any] struct {
	key K
	val V
}

func (p pair[K, V]) String() string { return fmt.Sprint(p.key, "=", p.val) }

// slow suspends; its instance of pair is known to it only.
func slow[K comparable, V any](k K, v V) fmt.Stringer {
	s := fmt.Stringer(pair[K, V]{k, v})
	yield(1)
	return s
}

// swapped calls an instance with other arguments.
func swapped[K, V comparable](k K, v V) fmt.Stringer { return slow(v, k) }

// chain makes deeper and deeper types, with an end.
func chain[T any](v T) any { return pair[string, []T]{"chain", []T{v}} }

func Main() {
	s := NewSet("a")
	yield(2)
	s = s.Add("b")
	yield(3)
	s = s.Add("c")
	yield(4)
	fmt.Println(s.Has("a"), s.Has("b"), s.Has("c"), s.Has("d"))

	p, q := slow(1, "x"), swapped(2, true)
	yield(5)
	fmt.Println(p, q)
	fmt.Printf("%T %T\n", p, q)

	c := chain(chain(3.5))
	yield(6)
	fmt.Println(c)

	b := apart(7)
	yield(7)
	fmt.Println(b.Open())

	f := shelf.New('x')
	yield(8)
	fmt.Println(f.Books())
}
