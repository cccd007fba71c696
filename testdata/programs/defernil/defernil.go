// Deferring nil: a nil func panics when the deferred call runs, a nil interface's
// method and a nil pointer's value method at the defer statement.
package defernil

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type iface interface{ m(int) }
type T struct{ n int }

func (t T) m(v int)  { fmt.Println("m", t.n, v, yield(v)) }
func (t *T) p(v int) { fmt.Println("p", t == nil, v, yield(v)) }

func try(name string, f func()) {
	defer func() { fmt.Println(name, "recovered:", recover(), yield(0)) }()
	f()
	fmt.Println(name, "returned")
}

func Main() {
	try("nil func", func() {
		var f func()
		defer fmt.Println("first")
		defer f()
		fmt.Println("body", yield(1))
	})
	try("nil func with arguments", func() {
		var f func(int)
		defer f(yield(2))
		fmt.Println("body", yield(3))
	})
	try("set later", func() {
		var f func()
		defer f()
		f = func() { fmt.Println("never") }
		yield(4)
	})
	try("nil interface", func() {
		var i iface
		defer fmt.Println("before")
		defer i.m(yield(5))
		fmt.Println("not reached")
	})
	try("nil pointer, value method", func() {
		var t *T
		defer t.m(yield(6))
		fmt.Println("not reached")
	})
	try("nil pointer, pointer method", func() {
		var t *T
		defer t.p(yield(7))
		fmt.Println("body", yield(8))
	})
	try("nil in a field", func() {
		var h struct{ f func() }
		defer func() { fmt.Println("deferred", recover() != nil, yield(9)) }()
		defer h.f()
		yield(10)
	})
	try("panicking argument", func() {
		var t *T
		defer fmt.Println("before", yield(11))
		defer fmt.Println("never", yield(12), t.n)
		fmt.Println("not reached")
	})
}
