// Values of size zero: empty structs and arrays as locals, parameters, receivers,
// elements, map values and through pointers. Equality of pointers to them is
// not specified, so none is compared.
package zerosize

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type void struct{}
type none [0]int
type marker interface{ mark(void) void }

func (v void) mark(w void) void { yield(1); return w }
func (n *none) mark(void) void  { yield(2); return void{} }

type mixed struct {
	_ void
	n int
	v void
	a [0]*mixed
}

func pass(v void, n none, a [0]string) (void, none, int) { return v, n, len(a) + yield(3) }

func Main() {
	var v void
	w := v.mark(v)
	n := none{}
	fmt.Println(w == v, n.mark(v) == w, len(n))
	x, y, z := pass(v, n, [0]string{})
	fmt.Println(x, y, z)
	set := map[string]void{"a": {}, "b": {}}
	s := make([]void, 3, 5)
	pv, pn := &v, &n
	m := mixed{n: 1}
	pm, pz := &m.n, &m.v
	for i := range s {
		set[fmt.Sprint(yield(i))] = s[i]
	}
	s = append(s, *pv, *pz)
	*pm += yield(4)
	fmt.Println(len(set), len(s), cap(s), *pv, *pn, m.n, m.v, len(m.a))
	for _, k := range []marker{v, pv, pn} {
		fmt.Printf("%T %v\n", k, k.mark(w))
	}
	var any any = struct{}{}
	var arr [3]struct{}
	for i, e := range arr {
		fmt.Println(i, e, yield(i), any == struct{}{})
	}
	f := func(void) func() void { return func() void { yield(5); return w } }
	fmt.Println(f(v)())
	for range n {
		fmt.Println("never")
	}
	e := []int{}
	for range e[:0:0] {
		fmt.Println("never")
	}
}
