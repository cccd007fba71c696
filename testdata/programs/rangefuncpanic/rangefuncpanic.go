// Panics through ranges over functions in both directions, recover in bodies, and
// runtime.Goexit.
package rangefuncpanic

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var errBody = errors.New("of the body")

func count(n int) func(func(int) bool) {
	return func(body func(int) bool) {
		defer func() { fmt.Println("iterator left", yield(n)) }()
		for i := range n {
			yield(i)
			if !body(i) {
				return
			}
		}
		if n == 2 {
			var m map[string]int
			m["x"] = yield(2)
		}
	}
}

// try makes a call and prints its panic.
func try(name string, f func()) {
	defer func() {
		r := recover()
		_, isRuntime := r.(runtime.Error)
		fmt.Println(name+":", r, r == any(errBody), isRuntime)
	}()
	f()
	fmt.Println(name, "returned")
}

// converts turns the panic of the body into another one.
func converts(body func(int) bool) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprint("converted ", r, " ", yield(1)))
		}
	}()
	body(1)
}

// resumes panics with the same value again.
func resumes(body func(int) bool) {
	defer func() {
		r := recover()
		fmt.Println("resumes", r, yield(2))
		if r != nil {
			panic(r)
		}
	}()
	body(1)
}

// deferred calls the body while it panics itself.
func deferred(body func(int) bool) {
	defer body(yield(5))
	panic("of the iterator")
}

func nested() (s string) {
	defer func() { s += fmt.Sprint(recover()) }()
	for i := range count(3) {
		s += fmt.Sprint("<", i)
		func() {
			defer func() {
				r := recover()
				s += fmt.Sprint(" inner ", r, " ", yield(i))
				if i == 1 {
					panic(r)
				}
			}()
			for j := range count(3) {
				yield(j)
				if j == i {
					panic(fmt.Sprint(i, j))
				}
			}
		}()
		s += ">"
	}
	return s
}

func exits(inBody bool) {
	done := make(chan bool)
	go func() {
		defer close(done)
		defer fmt.Println("goexit: deferred outside")
		for i := range quiet {
			defer fmt.Println("goexit: deferred in the body", i)
			if inBody && i == 1 {
				runtime.Goexit()
			}
		}
		runtime.Goexit()
	}()
	<-done
}

func quiet(body func(int) bool) {
	defer fmt.Println("goexit: deferred in the iterator")
	_ = body(0) && body(1)
}

func Main() {
	try("body", func() {
		for i := range count(3) {
			yield(i)
			if i == 1 {
				panic(errBody)
			}
		}
	})
	try("iterator", func() {
		for i := range count(2) {
			yield(i)
		}
	})
	try("bounds", func() {
		var list []int
		for i := range count(1) {
			list[i] = yield(i)
		}
	})
	try("converted", func() {
		for i := range converts {
			yield(i)
			panic(errBody)
		}
	})
	try("resumed", func() {
		for i := range resumes {
			yield(i)
			panic(errBody)
		}
	})
	try("nothing", func() {
		for i := range count(1) {
			defer fmt.Println("recover in a body:", recover(), yield(i))
			fmt.Println(recover())
		}
	})
	try("in a deferred function", func() {
		defer func() {
			for i := range count(1) {
				fmt.Println("body of a deferred function:", recover(), yield(i))
			}
		}()
		panic(errBody)
	})
	try("deferred body", func() {
		for i := range deferred {
			fmt.Println("recovered by the body:", recover(), i, yield(i))
		}
	})
	fmt.Println(nested())
	exits(false)
	exits(true)
}
