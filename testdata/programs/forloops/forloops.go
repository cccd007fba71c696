// For statements whose init, condition and post statements suspend.
//
// A continue must reach the post statement, also from inside of a switch, a
// break must not, and the condition runs once more than the body.
package forloops

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func next(n int) int { return (yield(n)-1)/2 + 1 }

func Main() {
	for i := next(-1); yield(i) < 9; i = next(i) {
		if i == 1 {
			continue
		}
		fmt.Println("all three", i)
	}
	for i, j := 0, 10; i < j; i, j = i+1, j-next(j)%3 {
		switch {
		case i == 0:
			continue
		case i == 5:
			break
		}
		fmt.Println("two", i, j)
	}
	n := 0
	for yield(n) < 7 {
		n++
	}
	fmt.Println("while", n)
	for {
		n--
		if n == 2 {
			continue
		}
		if yield(n) < 2 {
			break
		}
	}
	fmt.Println("forever", n)
	for i := 0; i < 3; i++ {
		for j := 0; j < 3; j++ {
			if j == i {
				continue
			}
			if i+j == 3 {
				break
			}
			fmt.Println("nested", i, j, yield(i*10+j))
		}
	}
	// The body declares its variable anew in every iteration.
	for i := 0; i < 3; i++ {
		var fresh int
		var list []int
		fresh += yield(i)
		list = append(list, fresh)
		fmt.Println("fresh", fresh, list)
	}
	// The post statement of a loop that never comes to it.
	for i := 0; ; i = yield(1000) {
		fmt.Println("once", i)
		yield(i)
		break
	}
	// The loop variable changes in the body.
	for i := 0; i < 10; i++ {
		i += yield(0)
		fmt.Println("body", i)
		if i%3 == 0 {
			i++
			continue
		}
	}
	var k int
	for k = 5; k > 0; k -= yield(0) * 2 {
	}
	fmt.Println("outer variable", k)
}
