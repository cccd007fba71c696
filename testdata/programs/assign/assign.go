// Assignments whose operands suspend.
//
// An assignment has two phases: the operands of the index expressions and
// pointer indirections on the left and all of the right side are evaluated
// first, then the assignments happen from left to right. gc reads a variable
// that stands beside a call after the call, so what the left side refers to
// must stay in place when the call is hoisted.
package assign

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func pair(a, b int) (int, int) { return yield(a), yield(b) }

var a = []int{0, 0, 0, 0, 0}

func index(i int) int {
	a[4] += 100
	return (yield(i) - 1) / 2
}

type point struct{ x, y int }

func Main() {
	// Swaps and parallel assignment.
	x, y := yield(1), yield(2)
	x, y = y, x
	fmt.Println(x, y)
	x, y = yield(y), x
	fmt.Println(x, y)
	x, y = y+yield(x), x+yield(y)
	fmt.Println(x, y)

	// The left side's index is evaluated before i is assigned.
	i := 0
	i, a[i] = 1, yield(10)
	fmt.Println(i, a)
	a[0], a[i], i = yield(i), 7, yield(20)
	fmt.Println(i, a)
	a[index(2)], a[index(3)] = pair(5, 6)
	fmt.Println(a)

	// Assignment operators.
	x += yield(1)
	x -= yield(2) * 2
	x *= yield(0) + 2
	x <<= uint(yield(0))
	x &^= yield(1)
	x %= yield(100)
	fmt.Println(x)
	a[1] += yield(3)
	a[index(1)] *= yield(1)
	fmt.Println(a)
	a[index(2)]++
	a[index(2)]--
	a[index(2)]++
	fmt.Println(a)

	// Through pointers, fields and arrays.
	p := &point{1, 2}
	q := p
	p.x, p.y = p.y, yield(p.x)
	fmt.Println(*p, *q)
	p.x, p = yield(9), &point{-1, -2}
	fmt.Println(*p, *q)
	arr := [3]int{1, 2, 3}
	arr[1], arr[(yield(0)+1)%3] = yield(4), arr[0]
	fmt.Println(arr)

	// A variable read beside a call that changes it.
	n := 1
	bump := func(v int) int {
		n = yield(v)
		return n
	}
	m := n + bump(5)
	fmt.Println(n, m)
	n += bump(6)
	fmt.Println(n)
	n, m = bump(7), n
	fmt.Println(n, m)

	// Declarations.
	var d, e = yield(1), yield(2)
	var f int = yield(3)
	var (
		g    = yield(4) + d
		h, k = pair(e, f)
	)
	fmt.Println(d, e, f, g, h, k)
	var zero struct {
		n int
		s []string
	}
	yield(0)
	fmt.Println(zero)
}
