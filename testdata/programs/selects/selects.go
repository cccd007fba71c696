// Select statements whose operands or bodies suspend. The channels are dead at every
// suspension that is not inside of the select, and full or closed when it is reached, so
// that the choice is certain.
package selects

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func full(v int) <-chan int {
	c := make(chan int, 1)
	c <- v
	return c
}

func Main() {
	for i := 0; i < 3; i++ {
		select {
		case v, ok := <-full(i):
			fmt.Println("received", v, ok, yield(i))
			if i == 1 {
				break
			}
			fmt.Println("after", yield(10+i))
		}
	}
	select {
	case <-(chan int)(nil):
		fmt.Println("never")
	default:
		fmt.Println("default", yield(20))
	}
	n := 0
loop:
	for {
		select {
		case v := <-full(n):
			n = yield(v)
			if n > 10 {
				break loop
			}
			continue loop
		}
	}
	fmt.Println(n)
	closed := make(chan int)
	close(closed)
	select {
	case v, ok := <-closed:
		closed = nil
		fmt.Println(v, ok, yield(30))
	}
}
