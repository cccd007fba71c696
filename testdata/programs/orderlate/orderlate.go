// Plain operands beside a suspending call are read after it.
//
// The specification leaves open when a variable is read relative to the calls
// of one expression. gc reads variables, fields, elements and dereferences
// after the last call, also those to its left. A durable build must do as the
// volatile one.
package orderlate

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var global = 1

func bump(p *int) int {
	*p += 10
	return yield(*p)
}

type rec struct {
	n   int
	arr [2]int
	ptr *int
}

func (r rec) with(v int) string   { return fmt.Sprint(r.n, " ", v) }
func (r *rec) set(v int) int      { r.n = v; return yield(v) }
func three(a, b, c int) string    { return fmt.Sprint(a, " ", b, " ", c) }
func both(a any, b ...any) string { return fmt.Sprint(a, b) }

func results(n int) (int, int, string) {
	return n, bump(&n), fmt.Sprint(n)
}

func single(n int) int {
	return n*100 + bump(&n)
}

func Main() {
	x := 1
	fmt.Println(three(x, bump(&x), x))
	fmt.Println(three(global, bump(&global), global))
	fmt.Println(x+bump(&x), bump(&x)+x, x)
	fmt.Println([]int{x, bump(&x), x})
	a := [3]int{x, bump(&x), x}
	fmt.Println(a, struct{ a, b int }{x, bump(&x)})
	fmt.Println(results(1))
	fmt.Println(single(1))

	s := []int{1, 2}
	fmt.Println(three(s[0], bump(&s[0]), s[1]))
	s[0] += bump(&s[0])
	fmt.Println(s)
	s[bump(&x)%2] += bump(&s[1])
	fmt.Println(s)

	r := rec{n: 1, ptr: &x}
	fmt.Println(three(r.n, r.set(5), *r.ptr))
	fmt.Println(r.with(r.set(6)))
	fmt.Println(three(r.arr[0], bump(&r.arr[0]), r.arr[1]))
	fmt.Println(three(*r.ptr, bump(&x), -x))
	fmt.Println(both(r.n, r.set(7), r.n))
	fmt.Println(fmt.Sprint(float64(x)/2, bump(&x)), string(rune('a'+x%26))+fmt.Sprint(bump(&x)))

	// A slice that is replaced during the call.
	replace := func(v int) int {
		s = []int{100, 200}
		return yield(v)
	}
	s = []int{1, 2}
	fmt.Println(three(s[0], replace(1), s[1]))
	s = []int{1, 2}
	old := s
	s[0] = replace(2)
	fmt.Println(s, old)
	s = []int{1, 2}
	i := 0
	s[i], i = replace(3), 1
	fmt.Println(s, i)

	// The base of an index expression is read after a call in the index.
	s = []int{1, 2}
	fmt.Println(s[replace(0)%2])

	// A func variable is read after the arguments.
	f := func(v int) string { return fmt.Sprint("old ", yield(v)) }
	change := func(v int) int {
		f = func(v int) string { return fmt.Sprint("new ", yield(v)) }
		return yield(v)
	}
	fmt.Println(f(change(1)))

	// The map of a left side is read after the call.
	m := map[string]int{"a": 1}
	swap := func(v int) int {
		m = map[string]int{}
		return yield(v)
	}
	before := m
	m["a"] = swap(1)
	fmt.Println(m, before)
}
