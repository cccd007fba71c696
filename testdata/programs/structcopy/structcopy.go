// Structs and arrays are values: assigned, passed, returned, ranged over,
// captured, put into interfaces and sent through maps as copies, whatever
// suspends between.
package structcopy

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type inner struct{ a [2]int }
type T struct {
	n  int
	in inner
	p  *inner
}

func change(t T) T {
	t.n = yield(t.n)
	t.in.a[0] = t.n
	t.p.a[1]++
	return t
}

func (t T) with(n int) T    { t.n = n + yield(n); return t }
func (t *T) update(n int) T { t.n = n + yield(n); return *t }

func array(a [3]int) [3]int {
	a[yield(0)] = 100
	return a
}

func Main() {
	t := T{n: 1, p: &inner{}}
	u := t
	v := change(t)
	fmt.Println(t.n, u.n, v.n, t.in, v.in, *t.p, t.p == v.p, t == u, t == v)
	w := t.with(2).with(3)
	x := t.update(4)
	t.n = 0
	fmt.Println(w.n, x.n, t.n)
	a := [3]int{1, 2, 3}
	b := a
	c := array(a)
	b[0] = yield(5)
	fmt.Println(a, b, c, a == [3]int{1, 2, 3}, a != c)
	var i any = t
	t.n = 9
	j := i.(T)
	j.n = yield(6)
	fmt.Println(i.(T).n, j.n, t.n)
	m := map[string]T{"t": t}
	e := m["t"]
	e.n = yield(7)
	fmt.Println(m["t"].n, e.n)
	m["t"] = e
	fmt.Println(m["t"].n)
	s := []T{t, u}
	for i, e := range s {
		e.n = yield(i) + 100
		s[i].in.a[1] = i + 1
		fmt.Println(e.n, s[i].n, e.in.a, s[i].in.a)
	}
	f := func() T { return t }
	g := func(t T) func() int { return func() int { t.n++; return t.n + yield(t.n) } }
	h := g(t)
	t.n = yield(8)
	fmt.Println(f().n, h(), h(), t.n)
	grid := [2][2]int{{1, 2}, {3, 4}}
	row := grid[yield(0)-1]
	grid[0][0] = 10
	rows := &grid[1]
	yield(9)
	rows[1] = 40
	fmt.Println(grid, row, *rows)
	p, q := &t, t
	*p, q = q.with(10), *p
	fmt.Println(t.n, q.n)
	t, *p = *p, T{n: yield(11)}
	fmt.Println(t.n)
	st := struct {
		T
		arr [2]T
	}{t, [2]T{u, v}}
	su := st
	su.arr[1].n, su.T.n = yield(12), yield(13)
	fmt.Println(st.arr[1].n, st.n, su.arr[1].n, su.n, st == su)
}
