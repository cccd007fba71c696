//go:build !durable

package benchmarks

import (
	"iter"
	"math"

	"github.com/coroc-dev/coroc/coroutine"
)

// Fib could suspend, for a negative number, and does not.
func Fib(n int) int {
	if n < 2 {
		if n < 0 {
			return coroutine.Yield[int, int](n)
		}
		return n
	}
	return Fib(n-1) + Fib(n-2)
}

// RunFib returns a coroutine's body that calls Fib and stores the result.
func RunFib(n int, result *int) func() {
	return func() { *result = Fib(n) }
}

// Deep returns a coroutine's body that yields for ever with depth calls on the stack.
func Deep(depth int) func() {
	return func() { down(depth - 1) }
}

func down(depth int) {
	if depth > 0 {
		down(depth - 1)
		return
	}
	for i := 0; i < math.MaxInt; i++ {
		coroutine.Yield[int, int](i)
	}
}

// Rare runs a loop of n turns that suspends in none of them, and returns a sum.
func Rare(n int) func() int {
	return func() int {
		sum := 0
		for i := 0; i < n; i++ {
			sum += i ^ sum
			if sum == -1 {
				sum = coroutine.Yield[int, int](i)
			}
		}
		return sum
	}
}

// numbers yields the first n numbers.
func numbers(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := 0; i < n; i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// Sum ranges times over an iterator of n numbers, in a body that could suspend and does
// not, and returns a sum.
func Sum(times, n int) func() int {
	return func() int {
		sum := 0
		for range times {
			for v := range numbers(n) {
				sum += v ^ sum
				if sum == -1 {
					sum = coroutine.Yield[int, int](v)
				}
			}
		}
		return sum
	}
}

// Three returns a coroutine's body that yields with three ints live.
func Three(a, b, c int) func() int {
	return func() int {
		x, y, z := a+1, b+1, c+1
		coroutine.Yield[int, int](0)
		return x + y + z
	}
}
