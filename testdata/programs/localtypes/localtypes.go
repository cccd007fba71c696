// Types declared inside of functions: two of one name in two functions and in
// two blocks, recursive ones, ones that embed types with methods, live across
// suspensions and inside of interfaces.
package localtypes

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type outer struct{ n int }

func (o outer) get(v int) string { return fmt.Sprint("outer ", o.n, " ", yield(v)) }

type getter interface{ get(int) string }

func first() any {
	type T struct{ n int }
	t := T{yield(1)}
	return t
}

func second() any {
	type T struct{ n int }
	t := T{yield(1)}
	p := &t
	p.n += yield(2)
	return t
}

func blocks(v any) string {
	s := ""
	{
		type T int
		t := T(yield(3))
		_, ok := v.(T)
		s += fmt.Sprint(t, ok)
		v = t
	}
	{
		type T int
		_, ok := v.(T)
		yield(4)
		s += fmt.Sprint(ok)
	}
	type T = int
	var t T = yield(5)
	return s + fmt.Sprint(t)
}

func embedded() getter {
	type outer2 struct {
		outer
		extra string
	}
	o := outer2{outer{yield(6)}, "extra"}
	yield(7)
	return o
}

func recursive(n int) int {
	type list struct {
		v    int
		next *list
	}
	type lists []*list
	var head *list
	var all lists
	for i := range n {
		head = &list{yield(i), head}
		all = append(all, head)
	}
	sum := 0
	for l := all[len(all)-1]; l != nil; l = l.next {
		sum = sum*10 + l.v + yield(0)
	}
	return sum
}

func shadows() string {
	type outer string
	o := outer("local")
	yield(8)
	f := func() string {
		type outer []int
		o := outer{yield(9)}
		return fmt.Sprint(o, len(o))
	}
	return string(o) + f()
}

func kinds() string {
	type (
		op    func(int) int
		table map[string]op
		iface interface{ get(int) string }
		enum  uint8
		arr   [2]enum
	)
	const (
		a enum = iota + 1
		b
	)
	t := table{"y": yield, "n": func(v int) int { return -yield(v) }}
	var i iface = outer{3}
	x := arr{a, b}
	yield(10)
	return fmt.Sprint(t["y"](1), t["n"](2), i.get(3), x, x[1] == b)
}

// values of local types leave their function and are compared.
func identity() bool {
	make := func(n int) any {
		type key struct{ n int }
		k := key{n}
		yield(n)
		return k
	}
	m := map[any]string{make(1): "one"}
	return m[make(1)] == "one" && make(2) == make(2) && make(1) != make(2)
}

func Main() {
	a, b := first(), second()
	fmt.Println(a, b, a == b, a == first(), a == second())
	fmt.Println(blocks(1))
	fmt.Println(embedded().get(1))
	fmt.Println(recursive(3))
	fmt.Println(shadows())
	fmt.Println(kinds())
	fmt.Println(identity())
}
