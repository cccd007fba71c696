// Loops that cannot be reached although they jump to their own heads, and
// variables that are only used in code that cannot be reached: no part of them
// may be left where the rest is gone.
package deadloops

import (
	"fmt"
	"maps"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func breakFirst(s string) (n int) {
outer:
	for i, r := range s {
		break outer
		n += yield(i + int(r))
	}
	return n + yield(1)
}

func postOnly(a int) int {
	for g := a & 1; ; g += yield(g) + 1 {
		break
		a += g
	}
	return yield(a)
}

func afterReturn(m map[int]int) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprint(r, yield(2))
			return
			for k, v := range m {
				s += fmt.Sprint(k, yield(v))
			}
			for k, v := range maps.All(m) {
				s += fmt.Sprint(k, yield(v))
			}
		}
	}()
	panic(yield(1))
}

func afterPanic(n int) {
	defer func() { fmt.Println(recover(), yield(3)) }()
	panic(n)
	for {
		for range n {
			n = yield(n)
		}
		if n > 3 {
			continue
		}
		break
	}
	fmt.Println(n)
}

// parameter is boxed for a literal that is never made.
func parameter(n int) int {
	x := yield(4)
	return x
	f := func() { n++ }
	f()
	return yield(n)
}

func Main() {
	fmt.Println(breakFirst("ab"), postOnly(3), afterReturn(map[int]int{1: 2}))
	afterPanic(1)
	fmt.Println(parameter(1))
}
