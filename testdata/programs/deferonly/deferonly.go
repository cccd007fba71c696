// Functions whose body never suspends and that only defer calls that do, and
// functions whose deferred calls never suspend though the body does; defers
// before, between and after the suspensions; a defer that is not reached.
package deferonly

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func slow(name string)  { fmt.Println("slow", name, yield(len(name))) }
func quick(name string) { fmt.Println("quick", name) }

func only() string {
	defer slow("only")
	fmt.Println("body of only")
	return "only's result"
}

func onlyPanics() (err error) {
	defer func() { err = fmt.Errorf("%v", recover()) }()
	defer slow("onlyPanics")
	panic("p")
}

func around() {
	defer quick("before")
	yield(1)
	defer quick("between")
	yield(2)
	defer quick("after")
}

func mixed(n int) {
	defer quick("a")
	if n > 0 {
		yield(n)
		defer slow("b")
	}
	if n > 1 {
		return
	}
	defer quick("c")
	yield(3)
	defer slow("d")
}

func notReached(ok bool) {
	if yield(4); ok {
		return
	}
	defer slow("reached")
}

func results() (a, b int) {
	defer slow("results")
	a, b = 1, 2
	return b, a
}

func variable(f func(string)) { defer f("variable") }

type s struct{ name string }

func (s s) method()      { slow(s.name) }
func viaMethod(n string) { defer s{n}.method() }

func closure() (n int) {
	defer func() { n += yield(5) }()
	n = 1
	return n + 1
}

func Main() {
	fmt.Println(only())
	fmt.Println(onlyPanics())
	around()
	for n := range 3 {
		mixed(n)
	}
	notReached(true)
	notReached(false)
	fmt.Println(results())
	variable(slow)
	variable(quick)
	viaMethod("method")
	fmt.Println(closure())
	var fs []func()
	for i := range 2 {
		fs = append(fs, func() { defer slow(fmt.Sprint("in closure ", i)) })
	}
	for _, f := range fs {
		f()
	}
}
