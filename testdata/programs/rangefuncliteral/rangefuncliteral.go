// A func literal that stands after range itself: its variables are captured by closures of
// its own, assigned by them, and live across suspensions, as those of any other literal.
package rangefuncliteral

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	for range func(body func() bool) {
		n := yield(1)
		add := func() { n += yield(2) }
		add()
		fmt.Println("captured", n, body())
	} {
		fmt.Println("body", yield(3))
	}
	for v := range func(body func(int) bool) {
		total := 0
		for i := range 3 {
			defer func() { fmt.Println("total", total, i, yield(i)) }()
			p := &total
			*p += yield(i)
			if !body(total) {
				return
			}
		}
	} {
		for w := range func(body func(string) bool) {
			s := fmt.Sprint(v)
			more := func() string {
				s += fmt.Sprint(" ", yield(v))
				return s
			}
			_ = body(more()) && body(more())
		} {
			fmt.Println(w, yield(4))
			if v > 3 {
				break
			}
		}
		if v > 5 {
			break
		}
	}
}
