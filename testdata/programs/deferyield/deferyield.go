// Suspending in deferred calls: after a normal return, with results, in a
// function that was resumed in between, several deep.
//
// A naive compiler runs the deferred call again when it comes back, or takes the
// unwinding of the suspension for the function's exit.
package deferyield

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func once(name string, v int) { fmt.Println(name, v, yield(v)) }

func plainBody() int {
	defer once("plainBody", 1)
	return 2
}

func slowBody() int {
	defer once("slowBody b", 2)
	defer once("slowBody a", 1)
	x := yield(10)
	y := yield(20)
	return x + y
}

func many() (n int) {
	defer func() {
		for i := range 3 {
			n += yield(i)
		}
	}()
	defer func() {
		helper := func(v int) { n += yield(v) }
		helper(100)
		helper(200)
	}()
	n = yield(30)
	return n
}

type lock struct{ held bool }

func (l *lock) Lock()   { l.held = true; yield(1) }
func (l *lock) Unlock() { yield(2); l.held = false }

func locked(l *lock, f func()) {
	l.Lock()
	defer l.Unlock()
	f()
}

func in(name string) func() {
	fmt.Println("enter", name)
	yield(len(name))
	return func() { fmt.Println("leave", name, yield(len(name))) }
}

func traced(n int) int {
	defer in(fmt.Sprint("traced", n))()
	if n == 0 {
		return yield(0)
	}
	return traced(n-1) + n
}

func big() (a [4]int, s string, err error) {
	defer func() { a[0] = yield(a[3]) }()
	a = [4]int{1, 2, 3, 4}
	return a, fmt.Sprint("s", yield(5)), nil
}

func Main() {
	fmt.Println(plainBody(), slowBody(), many())
	l := &lock{}
	locked(l, func() { fmt.Println("held", l.held, yield(3)) })
	fmt.Println("held", l.held)
	fmt.Println(traced(2))
	fmt.Println(big())
	func() {
		defer func() {
			defer once("d", 1)
			once("c", 2)
		}()
		defer func() { locked(l, func() { once("b", 3) }) }()
		once("a", 4)
	}()
}
