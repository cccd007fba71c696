// Methods on values and pointers, on types of every kind, with the implicit
// address and dereference, and promoted through embedded values and pointers.
//
// What is implicit at a call must have been done before the call suspends: a
// value receiver is a copy made then, and the path to a promoted method may not
// be walked again on resume.
package methods

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type counter struct{ n int }

func (c counter) value() int { c.n += yield(c.n); return c.n }
func (c *counter) inc() int  { c.n += yield(c.n); return c.n }

type list []int

func (l list) sum() (n int) {
	for _, v := range l {
		n += yield(v)
	}
	return n
}
func (l *list) push(v int) { *l = append(*l, yield(v)) }

type table map[string]int

func (t table) add(k string) { t[k] += yield(t[k]) }

type op func(int) int

func (o op) twice(v int) int { return o(o(v)) }

type num int

func (n num) double() num { return num(yield(int(n))) + n }
func (n *num) set(v int)  { *n = num(yield(v)) }

type inner struct{ counter }
type outer struct {
	*inner
	list
	name string
}

func (o outer) both() int { return o.inc() + o.sum() }

type empty struct{}

func (empty) say(s string) string { return fmt.Sprint(s, yield(len(s))) }
func (*empty) ignore() (ok bool)  { yield(1); return true }
func (e empty) self() empty       { yield(2); return e }
func makeCounter(n int) counter   { return counter{yield(n)} }
func pointerTo(n int) *counter    { return &counter{yield(n)} }

func Main() {
	c := counter{1}
	fmt.Println(c.value(), c.inc(), c.value(), c.n)
	p := &c
	fmt.Println(p.value(), p.inc(), (*p).value(), (&c).inc(), c.n)
	arr := [2]counter{{1}, {2}}
	fmt.Println(arr[yield(0)].inc(), arr)
	m := map[string]*counter{"a": {3}}
	fmt.Println(m["a"].inc(), m["a"].value(), m["a"].n)
	fmt.Println(makeCounter(4).value(), pointerTo(5).inc())

	var l list
	l.push(1)
	l.push(l.sum())
	fmt.Println(l, l.sum(), list{7}.sum(), list(nil).sum())

	t := table{}
	t.add("x")
	t.add("x")
	fmt.Println(t)

	fmt.Println(op(yield).twice(1), op(func(v int) int { return v * yield(v) }).twice(2))

	var n num
	n.set(3)
	fmt.Println(n, n.double(), n.double().double())

	o := outer{&inner{counter{1}}, list{1, 2}, "o"}
	cp := o
	fmt.Println(o.both(), o.inc(), o.inner.counter.inc(), cp.value(), cp.n)
	cp.push(9)
	fmt.Println(len(o.list), len(cp.list))

	// Promoted through a pointer that changes while the call is suspended.
	swap := func(v int) int {
		o.inner = &inner{counter{100}}
		return yield(v)
	}
	fmt.Println(o.inc()+swap(1), o.n)

	fmt.Println(empty{}.say("hi"), new(empty).ignore(), (*empty)(nil).ignore(), empty{}.self().self() == empty{})
}
