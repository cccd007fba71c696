// Anonymous struct types: live across suspensions, in slices and maps, nested,
// with embedded types, with blank fields and tags, compared and converted.
package anonstructs

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type base struct{ n int }

func (b base) get(v int) int  { return b.n + yield(v) }
func (b *base) add(v int) int { b.n += yield(v); return b.n }

type named struct {
	a int
	b string
}

var global = struct {
	n    int
	list []struct{ v any }
}{1, nil}

func give(v int) struct{ a, b int } { return struct{ a, b int }{v, yield(v)} }
func take(v struct{ a, b int }) int { return v.a + yield(v.b) }

func Main() {
	v := struct {
		a int
		b string
	}{yield(1), "b"}
	w := named(v)
	v.a = yield(2)
	var x struct {
		a int
		b string
	} = w
	fmt.Println(v, w, x, x == w, v == x)

	table := []struct {
		name string
		fn   func(int) int
		want struct{ lo, hi int }
	}{
		{"yield", yield, struct{ lo, hi int }{1, 2}},
		{name: "literal", fn: func(v int) int { return yield(v) * 2 }},
	}
	for _, tc := range table {
		got := tc.fn(1)
		tc.want.lo += yield(got)
		fmt.Println(tc.name, got, tc.want)
	}
	e := struct {
		base
		*named
		_ int
		f int `tag:"f"`
	}{base: base{1}, named: &named{2, "n"}}
	e.f = e.add(3)
	fmt.Println(e.base, *e.named, e.f, e.get(4), e.n, e.a)
	f, g := e.get, e.add
	e.n = 100
	fmt.Println(f(1), g(1), e.n)
	m := map[struct{ x, y int }]struct{ s []int }{{1, 2}: {[]int{3}}}
	yield(5)
	m[struct{ x, y int }{yield(0), 2}] = struct{ s []int }{nil}
	fmt.Println(len(m), take(give(6)), m)
	p := &struct{ next *struct{ n int } }{&struct{ n int }{7}}
	q := &p.next.n
	*q += yield(8)
	fmt.Println(p.next.n)
	global.list = append(global.list, struct{ v any }{give(9)})
	fmt.Println(global, global.list[0].v == any(struct{ a, b int }{9, 19}))
	var i any = struct{ a, b int }{1, 2}
	yield(10)
	if t, ok := i.(struct{ a, b int }); ok {
		t.a = yield(t.b)
		fmt.Println(t, i)
	}
	_, ok := i.(struct{ a, c int })
	fmt.Println(ok)
	var arr [2]struct{ inner struct{ v [2]int } }
	arr[yield(0)].inner.v[1] = yield(11)
	fmt.Println(arr)
}
