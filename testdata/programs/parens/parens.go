// Parentheses around everything that may have them: conditions, callees, receivers,
// operands, left sides, types.
package parens

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

type T struct{ n int }

func (t *T) add(n int) int { t.n += yield(n); return t.n }

func yield(n int) int { return coroutine.Yield[int, int](n) }

func not(b bool) string {
	if !b {
		return fmt.Sprint("not ", yield(1))
	}
	if (!(b)) == (!(yield(2) > 100)) {
		return "never"
	}
	if (!b) && yield(18) > 0 || (!b) {
		return "never"
	}
	for (!(b)) || (yield(3) < 0) {
	}
	if !(T{yield(4)} == T{-1}) {
		return (fmt.Sprint)("is ", (yield)(5))
	}
	return ""
}

func Main() {
	fmt.Println(not(false), not(true))
	var t = &(T{})
	var a [3](int)
	(t).n = (yield(6))
	((a)[(1)]), (t.n) = (yield(7)), (t.add(8))
	(*t).add((9))
	fmt.Println((*t).n, (a))
	f := (func(n int) int)(func(n int) int { return yield((n)) })
	switch (f)(10) {
	case (11):
		fmt.Println("eleven")
	case ((f)(12)), (10):
		fmt.Println("ten")
	default:
		fmt.Println("other")
	}
	switch (interface{})(t).(type) {
	case (*T):
		fmt.Println(((t).add)(13))
	}
	defer (func(n int) { fmt.Println("deferred", yield(n)) })(14)
	defer (t.add)(15)
	m := map[string](int){"a": (1)}
	for (m["a"]) < 3 {
		(m["a"])++
		if m["a"] == 2 {
			yield(m[("a")])
			continue
		}
	}
	if v, ok := (m["a"]); (!ok) || (v != 3) {
		fmt.Println("wrong", yield(v))
	}
	p := &((*t).n)
	(*p) += (yield(16))
	fmt.Println((<-(func() chan int { v := yield(17); c := make(chan int, 1); c <- v; return c })()))
	fmt.Println(t.n)
}
