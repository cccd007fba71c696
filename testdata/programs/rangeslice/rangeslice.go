// Ranging over slices while the body suspends.
//
// The range expression is evaluated once and the length is fixed then; the
// elements are read when their turn comes, so that a write to a later element
// is seen and an append or an assignment to the variable is not.
package rangeslice

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func list(n int) []int {
	var s []int
	for i := range n {
		s = append(s, yield(i))
	}
	return s
}

type item struct {
	name string
	n    int
}

func Main() {
	for i, v := range list(3) {
		fmt.Println("operand", i, v, yield(v))
	}
	s := []int{1, 2, 3}
	for i, v := range s {
		if i == 0 {
			s[2] = 30
			s = append(s, 4)
			s[1] = 20
		}
		fmt.Println("mutated", i, v, yield(v), len(s))
	}
	s = s[:2]
	for i := range s {
		s = nil
		fmt.Println("index", i, yield(i), s == nil)
	}
	n := 0
	for range []string{"a", "b"} {
		n += yield(n)
	}
	fmt.Println("none", n)
	for range list(0) {
		fmt.Println("never")
	}
	var null []item
	for _, it := range null {
		fmt.Println("never", yield(it.n))
	}
	items := []item{{"a", 1}, {"b", 2}}
	for _, it := range items {
		it.n = yield(it.n)
		it.name += "!"
		fmt.Println("copy", it)
	}
	fmt.Println(items)
	for i, it := range items {
		items[i].n = yield(it.n)
		fmt.Println("old", it, items[i])
	}
	// Existing variables take the values, and keep the last ones.
	var i, v int
	for i, v = range []int{7, 8, 9} {
		if yield(i) == 3 {
			continue
		}
	}
	fmt.Println("assigned", i, v)
	// So do fields and elements.
	var it item
	arr := make([]int, 2)
	for it.n, arr[it.n%2] = range []int{5, 6, 7} {
		fmt.Println("left sides", it.n, arr, yield(it.n))
	}
	type list []*item
	for i, p := range (list{{"x", 1}, {"y", 2}}) {
		yield(i)
		p.n++
		fmt.Println("pointers", *p)
	}
}
