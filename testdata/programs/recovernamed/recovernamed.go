// Recovering in declared functions and methods that are deferred by name, with
// arguments, as func values and through interfaces: `defer handle(&err)`.
package recovernamed

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func handle(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("handled %v", r)
	}
}

func handleSlowly(err *error) {
	yield(1)
	if r := recover(); r != nil {
		*err = fmt.Errorf("handled slowly %v %d", r, yield(2))
	}
}

type guard struct {
	name string
	err  error
}

func (g *guard) done(v int) {
	if r := recover(); r != nil {
		g.err = fmt.Errorf("%s %v %d", g.name, r, v)
	}
}

func (g guard) suspend(out *string) {
	*out = fmt.Sprint(g.name, yield(3), recover(), yield(4))
}

type finisher interface{ done(int) }

func indirect(err *error) { handle(err) }

func work(v int) int {
	if r := yield(v); r > 10 {
		panic(errors.New("too big"))
	}
	return v
}

func a(v int) (err error) {
	defer handle(&err)
	fmt.Println("a", work(v))
	return nil
}

func b(v int) (err error) {
	defer handleSlowly(&err)
	fmt.Println("b", work(v))
	return nil
}

func c(v int) error {
	g := &guard{name: "c"}
	func() {
		defer g.done(yield(v))
		fmt.Println("c", work(v))
	}()
	return g.err
}

func d(v int) (s string) {
	defer guard{name: "d"}.suspend(&s)
	fmt.Println("d", work(v))
	return "d result"
}

func e(v int) error {
	g := &guard{name: "e"}
	var f finisher = g
	func() {
		defer f.done(v)
		fmt.Println("e", work(v))
	}()
	return g.err
}

func f(v int) (err error) {
	h := handle
	k := handleSlowly
	defer k(&err)
	defer h(&err)
	fmt.Println("f", work(v))
	return nil
}

// g defers indirect, which calls handle: handle's caller is not the panicking
// function's defer, so its recover returns nil.
func g(v int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("g itself %v", r)
		}
	}()
	defer indirect(&err)
	fmt.Println("g", work(v))
	return nil
}

func table(v int) (err error) {
	defer map[string]func(*error){"h": handle, "s": handleSlowly}["s"](&err)
	fmt.Println("table", work(v))
	return nil
}

func Main() {
	for _, v := range []int{1, 7} {
		fmt.Println(a(v))
		fmt.Println(b(v))
		fmt.Println(c(v))
		fmt.Println(d(v))
		fmt.Println(e(v))
		fmt.Println(f(v))
		fmt.Println(g(v))
		fmt.Println(table(v))
	}
}
