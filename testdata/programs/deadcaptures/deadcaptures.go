// Literals that use what they capture only in code that cannot be reached, also
// behind suspensions: the captured variable is then declared without a use.
package deadcaptures

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func afterReturn(k, v int) func() int {
	return func() int {
		return yield(v)
		return yield(k)
	}
}

func inLoop(k int, b string) (s string) {
	defer func(n int) {
		for range 2 {
			s = fmt.Sprint("n ", yield(n))
			return
			s = fmt.Sprint(b, yield(k))
		}
	}(k)
	return fmt.Sprint(k, b)
}

func behind(k, b int) func() string {
	return func() string {
		for {
			if yield(b) > 3 {
				return "b"
			}
			continue
			yield(k)
		}
	}
}

func shared(k int) (int, func() int) {
	f := func() int {
		x := yield(1)
		return x
		k += yield(2)
		return k
	}
	k++
	return k, f
}

func Main() {
	fmt.Println(afterReturn(1, 2)(), inLoop(3, "b"), behind(1, 2)())
	n, f := shared(4)
	fmt.Println(n, f())
}
