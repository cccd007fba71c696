// Expression switches: with and without a tag, with init statements, case lists
// of several values, suspending tags, suspending cases, default in the middle.
//
// Cases are evaluated from left to right and top to bottom until one matches,
// and none after it; the tag is evaluated once, before them.
package switches

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func ask(v int) int {
	r := yield(v)
	fmt.Println("ask", v, r)
	return r
}

func list(n int) string {
	switch n {
	case 1, 2:
		yield(n)
		return "one or two"
	default:
		yield(n)
		return "many"
	case 3, 4, 5:
		if yield(n) == 9 {
			break
		}
		return "three or five"
	}
	return "broke off"
}

func suspendingCases(n int) string {
	switch n {
	case ask(0), ask(1):
		return "first"
	case ask(2):
		return "second"
	default:
		return "default"
	case ask(3), ask(4), ask(5):
		return "third"
	}
}

func noTag(n int) string {
	switch {
	case n < 0:
		return "negative"
	case n > 5 && yield(n) > 15:
		return "big"
	case yield(n) == 3, n == 5:
		return "one or five"
	}
	return "other"
}

type color string

func Main() {
	for i := range 7 {
		fmt.Println(i, list(i))
	}
	for _, n := range []int{1, 3, 5, 9, 4} {
		fmt.Println(n, suspendingCases(n))
	}
	for _, n := range []int{-1, 6, 9, 1, 5, 2} {
		fmt.Println(n, noTag(n))
	}
	switch x, y := ask(4), ask(5); {
	case x > y:
		fmt.Println("no")
	case x < y:
		x := x + yield(x)
		fmt.Println(x, y)
	}
	switch x := ask(1); x + 1 {
	case 4:
		fmt.Println("four", ask(x))
	case 5:
	}
	switch ask(7) {
	}
	switch ask(8); {
	}
	switch c := color("red"); c {
	case "green", "blue":
		fmt.Println("no")
	case "r" + "ed":
		yield(1)
		fmt.Println(c)
	}
	// A tag of interface type compares dynamic types too.
	var v any = int64(3)
	switch v {
	case 3:
		fmt.Println("int")
	case int64(ask(1)):
		fmt.Println("int64")
	}
	// The tag is a copy: changing the variable changes nothing.
	n := 1
	set := func(v int) int { n = 2; return yield(v) }
	switch n {
	case set(1):
		fmt.Println("set")
	case 2:
		fmt.Println("two")
	case 1:
		fmt.Println("one")
	}
	// A missing tag is true.
	switch b := ask(0) == 1; b {
	case false:
		fmt.Println("false")
	case true:
		fmt.Println("true")
	}
	// Fallthrough in a switch that does not suspend.
	s := ""
	switch n = yield(n); n {
	case 5:
		s += "five "
		fallthrough
	case 6:
		s += "six "
	case 7:
		s += "seven "
	}
	fmt.Println(s, yield(n))
}
