// Fallthrough in switches whose bodies suspend: from one body into the next, into and out
// of default, over an empty one.
package fallthroughs

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func classify(n int) (s string) {
	switch {
	case n == 0:
		s += fmt.Sprint("zero ", yield(n), " ")
		fallthrough
	case n < 0:
		s += "small "
		fallthrough
	default:
		s += fmt.Sprint("default ", yield(n+1), " ")
		fallthrough
	case n == 5:
		s += "five "
	case n == 7:
		fallthrough
	case n == 8:
		s += fmt.Sprint("eight ", yield(n))
	}
	return s
}

func Main() {
	for _, n := range []int{0, -1, 1, 5, 7, 8} {
		fmt.Println(n, classify(n))
	}
}
