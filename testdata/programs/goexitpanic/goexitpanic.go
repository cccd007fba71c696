// Package goexitpanic calls Goexit in a deferred call while a panic is under way: the panic is
// over, and no later deferred call recovers it.
package goexitpanic

import (
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

func exits(n int) {
	fmt.Println("exits", yield(n))
	runtime.Goexit()
}

func Main() {
	defer func() { fmt.Println("last", recover(), yield(1)) }()
	func() {
		defer func() {
			if r := recover(); r != nil {
				fmt.Println("recovered", r, yield(2))
			}
		}()
		defer func() { fmt.Println("after", recover(), yield(3)) }()
		defer exits(4)
		panic("x")
	}()
}
