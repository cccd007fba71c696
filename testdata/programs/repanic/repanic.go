// Panics in deferred functions: re-panicking with the same and with another
// value, replacing a panic, recovering one of two, and panicking after recover,
// with suspensions in between.
package repanic

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var errBase = errors.New("base")

func catch(name string, f func()) {
	defer func() { fmt.Println(name, "caught", recover()) }()
	f()
	fmt.Println(name, "returned")
}

func same() {
	defer func() {
		r := recover()
		fmt.Println("same", r, yield(1))
		panic(r)
	}()
	yield(2)
	panic(errBase)
}

func other() {
	defer func() {
		panic(fmt.Errorf("other %d: %w", yield(3), recover().(error)))
	}()
	panic(errBase)
}

func replaced() {
	defer func() { yield(4); panic("second") }()
	panic("first")
}

func chain() {
	defer func() { fmt.Println("chain", recover()) }()
	defer func() { panic(fmt.Sprint("c", yield(5))) }()
	defer func() { panic(fmt.Sprint("b", yield(6))) }()
	panic("a")
}

func both() {
	defer func() {
		defer func() { fmt.Println("inner", recover(), yield(7)) }()
		panic("from deferred")
	}()
	panic("from body")
}

func after() (s string) {
	defer func() { s += fmt.Sprint(" ", recover()) }()
	defer func() { s += fmt.Sprint("done ", yield(8)) }()
	defer func() {
		if recover() != nil {
			panic("again")
		}
	}()
	panic("first")
}

func normalThenPanic() (n int) {
	defer func() {
		if r := recover(); r != nil {
			n = -1
			yield(9)
		}
	}()
	defer func() { panic("in deferred") }()
	return yield(10)
}

func nested(n int) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprint(r, ".", n, yield(n)))
		}
	}()
	if n == 0 {
		panic("bottom")
	}
	nested(n - 1)
}

func runtimeError() {
	defer func() {
		err := recover().(error)
		yield(11)
		panic(fmt.Errorf("runtime: %w", err))
	}()
	var m map[string]int
	m["x"] = yield(12)
}

func Main() {
	catch("same", same)
	catch("other", other)
	catch("replaced", replaced)
	chain()
	catch("both", both)
	fmt.Println(after())
	fmt.Println(normalThenPanic())
	catch("nested", func() { nested(3) })
	catch("runtime", runtimeError)
	func() {
		defer func() {
			err, _ := recover().(error)
			fmt.Println(errors.Is(err, errBase), yield(13))
		}()
		other()
	}()
}
