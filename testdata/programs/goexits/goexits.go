// Goexit runs all deferred calls, also those that suspend, and no recover ends it: not
// even one of a panic in a deferred call. Functions that deferred calls call return.
package goexits

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func log(name string) {
	fmt.Println(name, "recovers", recover())
}

// recovered has defers of its own, and is called by a deferred call.
func recovered() (s string) {
	defer func() { s = fmt.Sprint("recovered ", recover(), yield(10)) }()
	panic(errors.New("inside"))
}

func inner(n int) (result int) {
	defer func() { fmt.Println("inner", n, result, yield(n)) }()
	defer func() {
		fmt.Println("before", recovered())
		fmt.Println("after", yield(n+1))
	}()
	for i := range n {
		if yield(i) > 3 {
			runtime.Goexit()
		}
	}
	return -1
}

func middle(n int) {
	defer func() {
		fmt.Println("middle recovers", recover(), yield(20))
		panic(fmt.Sprint("replaced by ", yield(21)))
	}()
	fmt.Println(inner(n))
}

// outer recovers the panic of middle; the Goexit goes on.
func outer(n int) string {
	defer func() {
		r := recover()
		fmt.Println("outer recovers", r, yield(30))
	}()
	middle(n)
	return "not reached"
}

type closer struct{ name string }

func (c *closer) Close() { fmt.Println("close", c.name, yield(40)) }

func Main() {
	c := &closer{"c"}
	defer c.Close()
	defer func() {
		defer func() { fmt.Println("again", recover(), yield(50)) }()
		runtime.Goexit() // once more
	}()
	for i := 0; ; i++ {
		func() {
			defer fmt.Println("iteration", i)
			defer c.Close()
			if i == 1 {
				fmt.Println(outer(5))
			}
		}()
	}
}
