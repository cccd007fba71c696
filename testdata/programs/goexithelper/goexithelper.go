// What calls Goexit need not suspend itself for the deferred calls of its callers to: in
// declared functions, methods, func values, generic functions and deferred calls.
package goexithelper

import (
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func exit() { runtime.Goexit() }

// exitIf does not only exit.
func exitIf(n int) int {
	if n > 2 {
		exit()
	}
	return n + 1
}

type exiter interface{ leave(n int) }

type now struct{ name string }

func (x now) leave(n int) {
	defer fmt.Println(x.name, "leaves", n)
	exit()
}

type never struct{}

func (never) leave(int) {}

func generic[T any](v T) T {
	if fmt.Sprint(v) != "" {
		exit()
	}
	return v
}

func shielded(f func()) (s string) {
	defer func() { s = fmt.Sprint(recover()) }()
	f()
	return "not reached"
}

// each leaves one frame after the other, where the deferred calls yield.
func each(name string, f func()) {
	done := make(chan bool)
	c := coroutine.New[int, int](func() {
		defer func() { fmt.Println(name, "outer", yield(3)) }()
		func() {
			defer func() { fmt.Println(name, "inner", recover(), yield(1)) }()
			defer fmt.Println(name, "plain")
			yield(0)
			f()
			fmt.Println(name, "not reached")
		}()
		fmt.Println(name, "not reached either")
	})
	go func() {
		defer close(done)
		for c.Next() {
			fmt.Println(name, "yields", c.Recv())
			c.Send(c.Recv() * 10)
		}
		fmt.Println(name, "returns")
	}()
	<-done
}

// local is run by the coroutine of the program itself.
func local(name string, f func()) (s string) {
	defer func() { s = fmt.Sprint(name, " ", yield(5), recover()) }()
	defer yield(4)
	f()
	return "not reached"
}

func cases(do func(name string, f func())) {
	do("declared", exit)
	do("conditional", func() {
		for i := 0; ; i++ {
			i = exitIf(i)
		}
	})
	x := []exiter{never{}, now{"x"}}
	do("interface", func() {
		for i, e := range x {
			e.leave(i)
		}
	})
	do("method value", func() {
		f := now{"value"}.leave
		f(1)
	})
	do("generic", func() { generic(1) })
	do("deferred", func() {
		defer exit()
		fmt.Println("before")
	})
	do("library", func() {
		defer runtime.Goexit()
		fmt.Println("before")
	})
	do("literal", func() { func() { runtime.Goexit() }() })
	do("captures", func() {
		leave := func() {
			fmt.Println("leaving", len(x))
			runtime.Goexit()
		}
		leave()
	})
	do("panicking", func() {
		defer exit()
		panic("gone")
	})
	do("shielded", func() { fmt.Println(shielded(exit)) })
}

func Main() {
	cases(each)
	defer func() { fmt.Println("main", yield(6)) }()
	fmt.Println(local("local", func() { defer now{"deferred"}.leave(7) }))
}
