// What recover returns is the value of the panic also behind suspensions: errors of the
// run-time system with their types, *runtime.PanicNilError, errors of the program's own
// types, and pointers, which are identical.
package panicvalues

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type failure struct {
	code  int
	cause error
}

func (f *failure) Error() string { return fmt.Sprintf("failure %d: %v", f.code, f.cause) }
func (f *failure) Unwrap() error { return f.cause }

type number int

func (n number) Error() string { return fmt.Sprint("number ", int(n)) }

// catch has f panic, and suspends before and after the panic is recovered.
func catch(f func()) (v any) {
	defer func() {
		v = recover()
		yield(2)
	}()
	defer func() { yield(1) }()
	f()
	return "no panic"
}

func describe(name string, v any) {
	fmt.Printf("%s: %T %v\n", name, v, v)
	err, ok := v.(error)
	if !ok {
		return
	}
	yield(3)
	var rt runtime.Error
	if errors.As(err, &rt) {
		fmt.Println("a runtime error:", rt)
		rt.RuntimeError()
	}
	var none *runtime.PanicNilError
	var assertion *runtime.TypeAssertionError
	fmt.Println(errors.As(err, &none), errors.As(err, &assertion), errors.Is(err, io.EOF))
}

func Main() {
	var (
		list []int
		m    map[string]int
		p    *failure
		x    any = "text"
		zero int
		f    func()
	)
	describe("nil", catch(func() { panic(nil) }))
	describe("index", catch(func() { fmt.Println(list[yield(4)]) }))
	describe("slice", catch(func() { fmt.Println(list[yield(5):]) }))
	describe("map", catch(func() { m["a"] = yield(6) }))
	describe("pointer", catch(func() { p.code = yield(7) }))
	describe("assertion", catch(func() { fmt.Println(x.(int)) }))
	describe("interface", catch(func() { fmt.Println(x.(io.Reader)) }))
	describe("division", catch(func() { fmt.Println(yield(8) / zero) }))
	describe("func", catch(func() { f() }))
	describe("shift", catch(func() { fmt.Println(1 << (zero - 1)) }))
	describe("make", catch(func() { fmt.Println(make([]int, zero-1)) }))
	describe("channel", catch(func() {
		var ch chan int
		close(ch)
	}))
	describe("number", catch(func() { panic(number(yield(9))) }))

	p = &failure{7, fmt.Errorf("w: %w", io.EOF)}
	v := catch(func() { yield(10); panic(p) })
	describe("own", v)
	fmt.Println("identical", v == any(p))
	again := catch(func() {
		defer func() {
			r := recover()
			yield(11)
			panic(r)
		}()
		panic(v)
	})
	fmt.Println("identical again", again == any(p), again == v)
	list = []int{1}
	shared := catch(func() { panic(list) }).([]int)
	shared[0] = yield(12)
	fmt.Println("shared", list)
	panic(again)
}
