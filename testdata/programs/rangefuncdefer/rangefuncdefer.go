// Defer statements in the bodies of ranges over functions: the calls are made when the
// function around the loop ends, last first, with the operands of the statement.
package rangefuncdefer

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func count(n int) func(func(int) bool) {
	return func(body func(int) bool) {
		defer fmt.Println("iterator", n, "left", yield(-n))
		for i := range n {
			yield(i)
			if !body(i) {
				return
			}
		}
	}
}

// quiet does not suspend.
func quiet(n int) func(func(int) bool) {
	return func(body func(int) bool) {
		for i := range n {
			if !body(i) {
				return
			}
		}
	}
}

type logger struct{ name string }

func (l logger) log(n int)         { fmt.Println(l.name, n) }
func (l *logger) slow(n, m int)    { fmt.Println(l.name, n, m, yield(n)) }
func (l logger) Close(n int) int   { fmt.Println("closed", n, yield(n)); return n }
func slow(args ...int)             { fmt.Println("slow", args, yield(len(args))) }
func arg(n int) int                { fmt.Println("arg", n, yield(n)); return n }
func set(p *string, s string)      { *p += s }
func generic[T any](name T, n int) { fmt.Println("generic", name, yield(n)) }

type closer interface{ Close(int) int }

// All kinds of calls.
func kinds() {
	list := []int{1}
	defer func() { fmt.Println("first", list) }()
	l := &logger{"logger"}
	var c closer = l
	f := func(n int) { fmt.Println("func value", n, yield(n)) }
	m := map[string]int{"a": 1}
	for i := range count(2) {
		defer l.log(i)
		defer l.slow(i, arg(i))
		defer c.Close(arg(i * 10))
		defer f(i)
		defer slow(i, i+1)
		defer slow([]int{i}...)
		defer generic("g", i)
		defer generic(i, i)
		defer func() { fmt.Println("literal", i, yield(i)) }()
		defer func(n int) { fmt.Println("literal with", n) }(arg(i + 100))
		l.name += "'"
		if i == 0 {
			defer clear(list)
		} else {
			defer delete(m, "a")
		}
	}
	defer func() { fmt.Println("last", len(m), list) }()
	f = nil
	fmt.Println("end of kinds", yield(1))
}

// Between other defers, in loops in loops.
func order() {
	defer fmt.Println("order 0")
	for i := range 2 {
		defer fmt.Println("order 1", i)
		for j := range count(2) {
			defer fmt.Println("order 2", i, j)
			for k := range quiet(2) {
				defer fmt.Println("order 3", i, j, k, yield(k))
				func() {
					defer fmt.Println("inside", k)
				}()
			}
		}
		defer fmt.Println("order 4", i)
	}
	for range quiet(1) {
		defer fmt.Println("order 5")
	}
}

// In bodies that do not suspend, of iterators that do.
func bodyless() (s string) {
	defer func() { fmt.Println("bodyless", s) }()
	for i := range count(3) {
		defer set(&s, fmt.Sprint(i))
		if i == 1 {
			return "r"
		}
	}
	return "not reached"
}

// What the calls make of the results.
func results() (n int, err error) {
	for i := range count(3) {
		defer func() {
			n = n*10 + i
			err = errors.Join(err, fmt.Errorf("deferred %d", yield(i)))
		}()
		if i == 2 {
			return 7, errors.New("returned")
		}
	}
	return
}

func unnamed() int {
	n := 1
	for i := range count(2) {
		defer func() { n = yield(n); fmt.Println("n", n) }()
		if i == 1 {
			return n + 41
		}
	}
	return 0
}

// A panic on the way out is recovered by a call that a body has deferred.
func recovers(mode int) (s string) {
	for i := range count(3) {
		defer func() {
			if r := recover(); r != nil {
				s += fmt.Sprint("recovered ", r, " by ", i, "; ")
				yield(i)
				if mode == 1 && i > 0 {
					panic(fmt.Sprint("again ", i))
				}
			}
		}()
		if mode < 2 && i == 2 {
			panic("in the body")
		}
	}
	if mode == 2 {
		panic("after the loop")
	}
	return s + "no panic; "
}

func named(where string) {
	if r := recover(); r != nil {
		fmt.Println("named", where, r, yield(1))
	}
}

func recoversNamed() (n int) {
	for i := range count(1) {
		n = i + 5
		defer named("in body")
		var list []int
		_ = list[yield(3)]
	}
	return -1
}

// The plain form of a function that mentions recover.
func mentions(n int) (s string) {
	defer func() { s += fmt.Sprint(" outer ", recover()) }()
	if r := recover(); r != nil {
		s = fmt.Sprint("mentions ", r)
	}
	for i := range quiet(n) {
		defer func() { s += fmt.Sprint(" ", i, recover()) }()
		defer fmt.Println("mentions", i)
		if n == 3 && i == 1 {
			panic("three")
		}
		if n > 5 {
			yield(i)
		}
	}
	return "end"
}

func Main() {
	kinds()
	order()
	fmt.Println(bodyless())
	fmt.Println(results())
	fmt.Println(unnamed())
	for mode := range 4 {
		fmt.Println(recovers(mode))
	}
	fmt.Println(recoversNamed())
	fmt.Println(mentions(2))
	fmt.Println(mentions(3))
	done := make(chan string)
	go func() { done <- mentions(3) }() // outside of the coroutine
	fmt.Println(<-done)
	done = nil
	fmt.Println(mentions(6))
}
