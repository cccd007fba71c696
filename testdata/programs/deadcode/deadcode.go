// Code that cannot be reached, with suspension points in it: after return, panic
// and endless loops, behind constant conditions, in loops that never turn.
package deadcode

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

const debug = false

func afterReturn(v int) int {
	x := yield(v)
	return x
	y := yield(x)
	return y
}

func afterPanic(v int) (n int) {
	defer func() { recover(); n++ }()
	n = yield(v)
	panic("p")
	n = yield(100)
	return n
}

func endless(v int) int {
	x := v
	for {
		x = yield(x)
		if x > 10 {
			return x
		}
		continue
		x = yield(1000)
	}
	yield(x)
	return x
}

func constants(v int) int {
	x, y := v, v+1
	if debug {
		x = yield(x)
	}
	if !debug || yield(y) > 0 {
		x += yield(1)
	} else {
		x -= yield(2)
	}
	for false {
		x = yield(x)
	}
	for debug && yield(3) > 0 {
		y = yield(y)
	}
	switch {
	case debug:
		x = yield(x)
	case true:
		y += yield(4)
	case yield(5) > 0:
		y = 0
	}
	return x*100 + y
}

func post(v int) (out []int) {
	for i := v; ; i = yield(i) {
		out = append(out, i)
		if x := yield(i); x > 0 {
			break
		}
	}
	keep := yield(v)
	for i := range 3 {
		out = append(out, keep, i)
		return out
		yield(i)
	}
	return append(out, yield(keep))
}

func branches(v int) int {
	x := v
	switch y := yield(v); {
	case y > 3:
		return y + x
		yield(y)
	default:
		return y - x
	}
	x = yield(x)
	return x
}

func unused(v int) int {
	var a, b int
	_ = a
	b = yield(v)
	{
		a := yield(b)
		_ = a
	}
	func() {
		return
		yield(1)
	}()
	_ = func() int { return yield(2) }
	var f func()
	_ = f
	goOn := b
	return goOn
}

func loop() string {
outer:
	for i := range 3 {
		for {
			if yield(i) > 2 {
				break outer
			}
			continue outer
			yield(-i)
		}
		yield(100 + i)
	}
	return fmt.Sprint("end ", yield(9))
}

func Main() {
	fmt.Println(afterReturn(1), afterPanic(2), endless(1), constants(1), post(1), branches(1), branches(2), unused(1), loop())
}
