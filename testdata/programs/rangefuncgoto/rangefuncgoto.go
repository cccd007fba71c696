// Goto out of the bodies of ranges over functions, and inside of them.
package rangefuncgoto

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func count(n int) func(func(int) bool) {
	return func(body func(int) bool) {
		for i := range n {
			yield(i)
			if !body(i) {
				fmt.Println("stopped at", i)
				return
			}
		}
	}
}

func backward() {
	tries := 0
top:
	tries++
	yield(tries)
	for i := range count(3) {
		yield(10 + i)
		for j := range count(3) {
			yield(20 + j)
			if tries < 3 && i == 1 && j == tries-1 {
				goto top
			}
			if i == 2 {
				goto bottom
			}
		}
	}
	fmt.Println("not reached")
bottom:
	fmt.Println("bottom after", tries, "tries")
}

func between() {
	for i := range count(4) {
		for j := range count(3) {
			yield(j)
			switch {
			case i == 0 && j == 1:
				goto next
			case i == 1 && j == 2:
				goto again
			case i == 3:
				goto out
			}
		}
		fmt.Println("all of", i)
		continue
	again:
		fmt.Println("again", i, yield(i))
	next:
		fmt.Println("next", i)
	}
out:
	fmt.Println("out", yield(0))
}

func within() {
	for i := range count(3) {
		n := 0
	loop:
		if n < i {
			n++
			yield(n)
			goto loop
		}
		if i == 1 {
			goto skip
		}
		fmt.Println("not skipped", i, n)
	skip:
		yield(i)
	}
}

// Statements that are both a label for goto and for break and continue.
func both() {
	rounds := 0
loop:
	for i := range count(3) {
		yield(i)
		rounds++
		switch {
		case rounds == 2:
			goto loop
		case rounds == 4:
			continue loop
		case rounds == 5:
			break loop
		}
		fmt.Println("both", i, rounds)
	}
	fmt.Println("rounds", rounds)
}

func result() (n int) {
	for i := range count(5) {
		n += i
		if i == 3 {
			goto done
		}
	}
	n = -1
done:
	return n + yield(n)
}

func Main() {
	backward()
	between()
	within()
	both()
	fmt.Println(result())
}
