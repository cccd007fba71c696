// Receives among calls and plain operands: gc makes them in order with the calls, and
// reads variables after both.
package orderreceive

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

var trace []string

func call(s string, n int) int {
	trace = append(trace, s)
	return yield(n)
}

// source returns a channel that has a value for each receive, and says when it is asked
// for it.
func source(s string, values ...int) chan int {
	trace = append(trace, s)
	c := make(chan int, len(values))
	for _, v := range values {
		c <- v
	}
	return c
}

func show(args ...any) {
	fmt.Println(append(args, trace)...)
	trace = nil
}

// filled returns what is left in a channel at the time of the call.
func filled(n int, c *int) int {
	*c += n
	return yield(n)
}

func Main() {
	show(<-source("a", 1), call("b", 2), <-source("c", 3))
	show(call("a", 1) + <-source("b", 2)*call("c", 3) - <-source("d", 4))
	show([]int{<-source("a", 1), call("b", 2), <-source("c", 3)})
	show(map[int]int{<-source("a", 1): call("b", 2)})

	x := 1
	show(x, <-source("a", 5), filled(10, &x), x)
	show(x+<-source("a", 1), filled(10, &x))

	v, ok := <-source("a", 7)
	show(v, ok, call("b", 1))
	var a [2]int
	i := 0
	i, a[i] = <-source("a", 1), call("b", 9)
	show(i, a)
	a[call("i", 0)], i = <-source("a", 3), call("b", 4)
	show(a, i)

	show(<-source("a", 1) > 0 && call("b", 0) > 0 || <-source("c", 2) > 1)

	closed := make(chan int)
	close(closed)
	v, ok = <-closed
	show(v, ok, <-closed, call("a", 1))
}
