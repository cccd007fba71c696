// Generic functions that call one another with their own type parameters, in turn: the
// instances that have to be known when a state is loaded refer to one another.
package genericrecursion

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type pair[A, B any] struct {
	a A
	b B
}

func (p pair[A, B]) swap(n int) string {
	if n == 0 {
		return fmt.Sprintf("%v %v %d", p.a, p.b, yield(n))
	}
	return pair[B, A]{p.b, p.a}.swap(n-1) + fmt.Sprint(yield(n))
}

func even[A, B any](n int, a A, b B) string {
	if n == 0 {
		return fmt.Sprintf("%T %T %d", a, b, yield(0))
	}
	next := func() string { return odd(n-1, b, a) }
	return fmt.Sprint(yield(n), " ", next())
}

func odd[A, B any](n int, a A, b B) string {
	f := even[B, A]
	return fmt.Sprint(yield(n), " ", f(n-1, b, a))
}

func Main() {
	fmt.Println(even(4, "s", 1))
	fmt.Println(even(2, []int(nil), struct{}{}))
	fmt.Println(pair[int, string]{1, "x"}.swap(3))
	var p interface{ swap(int) string } = pair[bool, *int]{}
	fmt.Println(p.swap(1))
}
