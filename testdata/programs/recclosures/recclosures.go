// Closures that refer to themselves and to one another, through variables that
// are captured before they are assigned.
package recclosures

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type tree struct {
	left, right *tree
	n           int
}

func Main() {
	var fact func(int) int
	fact = func(n int) int {
		if n <= 1 {
			yield(0)
			return 1
		}
		return n * fact(n-1)
	}
	fmt.Println(fact(6))

	var even, odd func(int) bool
	even = func(n int) bool { yield(n); return n == 0 || odd(n-1) }
	odd = func(n int) bool { return n != 0 && even(n-1) }
	fmt.Println(even(4), odd(4))

	t := &tree{&tree{nil, nil, 1}, &tree{&tree{nil, nil, 3}, nil, 4}, 2}
	var walk func(*tree, func(int) bool) bool
	walk = func(t *tree, visit func(int) bool) bool {
		return t == nil || walk(t.left, visit) && visit(t.n) && walk(t.right, visit)
	}
	sum := 0
	fmt.Println(walk(t, func(n int) bool { sum += yield(n); return n < 3 }), sum)

	// The recursion ends because an inner call replaces the function.
	var f func(int) int
	depth := 0
	f = func(n int) int {
		depth++
		if depth == 3 {
			old := f
			f = func(n int) int { f = old; return yield(-n) }
		}
		return f(n+1) + yield(depth)
	}
	func() {
		g := f
		f = func(n int) int {
			if n > 5 {
				return yield(n)
			}
			return g(n)
		}
	}()
	fmt.Println(f(1), depth)

	type node struct {
		f    func(*node) int
		next *node
	}
	a, b := &node{}, &node{}
	a.next, b.next = b, a
	limit := 5
	a.f = func(n *node) int {
		if limit--; limit < 0 {
			return 0
		}
		return yield(limit) + n.next.f(n.next)
	}
	b.f = a.f
	fmt.Println(a.f(a), limit)

	// The Y combinator.
	type rec func(rec, int) int
	fib := rec(func(self rec, n int) int {
		if n < 2 {
			return (yield(n) - 1) / 2
		}
		return self(self, n-1) + self(self, n-2)
	})
	fmt.Println(fib(fib, 5))
}
