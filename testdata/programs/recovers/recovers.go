// Recover sees the very value that was panicked with, also a run-time error and
// a pointer, after suspensions between panic and recover; it returns nil when
// there is no panic, when it is not called by a deferred function directly, and
// the second time.
package recovers

import (
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type failure struct{ code int }

func (f *failure) Error() string { return fmt.Sprint("failure ", f.code) }

func catch(f func()) (r any) {
	defer func() { r = recover() }()
	f()
	yield(-1)
	return "no panic"
}

func helper() any { return recover() }

func Main() {
	p := &failure{1}
	r := catch(func() { yield(1); panic(p) })
	fmt.Println(r == any(p), r)
	r = catch(func() { panic(io.EOF) })
	fmt.Println(r == io.EOF)
	var zero int
	r = catch(func() { fmt.Println(yield(2) / zero) })
	err, ok := r.(runtime.Error)
	fmt.Println(ok, err)
	r = catch(func() { fmt.Println([]int{1}[yield(3)]) })
	err, ok = r.(runtime.Error)
	var re runtime.Error
	fmt.Println(ok, err, errors.As(err, &re))
	r = catch(func() { var m map[int]int; m[yield(4)]++ })
	fmt.Println(r)
	r = catch(func() { fmt.Println(any(yield(5)).(string)) })
	_, ok = r.(*runtime.TypeAssertionError)
	fmt.Println(ok, r)
	r = catch(func() { panic(nil) })
	pn, ok := r.(*runtime.PanicNilError)
	fmt.Println(ok, pn)
	fmt.Println(catch(func() { yield(6) }))

	// The second recover, and one without a panic.
	func() {
		defer func() {
			fmt.Println("again", recover(), yield(7))
		}()
		defer func() {
			fmt.Println("first", recover(), yield(8), recover())
		}()
		panic("once")
	}()
	// Not by a function that the deferred function calls, nor deeper.
	func() {
		defer func() { fmt.Println("outer", recover()) }()
		defer func() {
			fmt.Println("helper", helper(), yield(9))
			func() { fmt.Println("literal", recover(), yield(10)) }()
			defer func() { fmt.Println("nested deferred", recover()) }()
		}()
		panic("deep")
	}()
	// Without a panic.
	fmt.Println(recover(), yield(11))
	// A suspension before the recover, in the same deferred function.
	func() {
		defer func() {
			fmt.Println("suspending", yield(12))
			fmt.Println("then", recover(), yield(13))
		}()
		yield(14)
		panic(fmt.Sprint("value ", yield(15)))
	}()
	// The panic's argument suspends; arguments are evaluated once.
	fmt.Println(catch(func() { panic(yield(16) + yield(17)) }))
	// A loop that panics and recovers.
	for i := range 3 {
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println("iteration", i, r, yield(i))
				}
			}()
			if i%2 == 0 {
				panic(i)
			}
			yield(i)
		}()
	}
	// Errors wrapped in the deferred function keep the chain.
	e := func() (err error) {
		defer func() {
			if r, ok := recover().(error); ok {
				yield(18)
				err = fmt.Errorf("wrapped: %w", r)
			}
		}()
		panic(fmt.Errorf("inner: %w", p))
	}()
	var f *failure
	yield(19)
	fmt.Println(e, errors.As(e, &f) && f == p)
}
