// Package-level variables that change while the coroutine is suspended, pointers
// to them and into them that are live across suspensions, and what they hold.
// They belong to the process, not to the state.
package globals

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type T struct {
	n   int
	arr [3]int
	sub struct{ v string }
}

var (
	n      = 1
	t      = T{n: 1}
	arr    [4]int
	ptr                  = &T{n: 100}
	m                    = map[string]int{"a": 1}
	s                    = []int{1, 2, 3}
	iface  any           = &t
	fn     func(int) int = bump
	nilptr *T
)

func bump(v int) int { n += v; t.n += v; arr[v%4]++; m["a"] += v; return yield(n) }

func (t *T) add(v int) int { t.n += yield(v); return t.n }

func counter() (next func() int) {
	return func() int { n++; return n + yield(0) }
}

func Main() {
	fmt.Println(bump(1), n, t.n, arr, m)
	pn, pt, pa, ps := &n, &t, &arr[2], &t.sub.v
	yield(1)
	*pn, pt.n, *pa, *ps = 10, 20, 30, "sub"
	yield(2)
	fmt.Println(n, t, arr, pn == &n, pt == &t, iface == any(pt), pa == &arr[2])
	fmt.Println(t.add(1), ptr.n+yield(2), iface.(*T).add(3), pt.add(4), t.n)
	f, g, h := t.add, fn, counter()
	yield(3)
	fmt.Println(f(1), t.n, g(1), h(), h(), n)
	alias := m
	yield(4)
	alias["b"] = 5
	m["c"] = 6
	fmt.Println(len(m), len(alias))
	copied := t
	yield(5)
	copied.n = -1
	t.arr[1] = 7
	fmt.Println(copied.n, copied.arr, t.n > 0, t.arr)
	ptr, nilptr = nilptr, ptr
	yield(6)
	fmt.Println(ptr == nil, nilptr.n)
	x := n
	n = yield(7)
	fmt.Println(x, n, *pn)
	view := arr[1:3]
	yield(8)
	view[0] = 99
	fmt.Println(arr, len(view), cap(view))
	ppt := &pt
	pp := &ptr
	yield(9)
	(*ppt).n = 1
	*pp = &T{n: 2}
	fmt.Println(t.n, ptr.n)
}
