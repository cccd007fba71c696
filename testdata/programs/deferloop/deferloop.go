// Defers in loops, in branches, in closures: they run in reverse order when their
// function returns, however often a statement was reached.
package deferloop

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func loop(n int) (out []int) {
	defer func() { fmt.Println("out", out) }()
	for i := range n {
		defer func() { out = append(out, i, yield(i)) }()
		if i%2 == 1 {
			defer fmt.Println("odd", i)
			continue
		}
		yield(i)
	}
	return nil
}

func inner() string {
	for i := 0; i < 3; i++ {
		func() {
			defer fmt.Println("inner deferred", i, yield(i))
			yield(10 + i)
		}()
		fmt.Println("inner", i)
	}
	return "inner end"
}

func early(n int) (s string) {
	defer func() { s += fmt.Sprint(" a", yield(n)) }()
	if n == 0 {
		return "zero"
	}
	defer func() { s += fmt.Sprint(" b", yield(n)) }()
	for i := range 5 {
		if i == n {
			return fmt.Sprint("loop ", i)
		}
		if yield(i) > 4 {
			defer func() { s += fmt.Sprint(" c", i) }()
		}
	}
	return "end"
}

func nested() {
	defer func() {
		defer func() {
			defer fmt.Println("third", yield(3))
			fmt.Println("second", yield(2))
		}()
		fmt.Println("first", yield(1))
	}()
	for _, s := range []string{"x", "y"} {
		switch s {
		case "x":
			defer fmt.Println("case x", yield(4))
		default:
			defer func(s string) { fmt.Println("default", s, yield(5)) }(s)
		}
	}
}

// never suspends itself, only its deferred calls do.
func quiet(n int) (v int) {
	for i := range n {
		defer func() { v += yield(i) }()
	}
	v = n
	return v * 100
}

func recursive(n int) {
	if n == 0 {
		return
	}
	defer func() { fmt.Println("unwinding", n, yield(n)) }()
	recursive(n - 1)
}

func Main() {
	fmt.Println(loop(4))
	fmt.Println(inner())
	for n := range 7 {
		fmt.Println(early(n))
	}
	nested()
	fmt.Println(quiet(3))
	recursive(3)
}
