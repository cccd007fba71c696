//go:build !durable

package coroutine_test

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

// The programs of the tests, as a user writes them. The durable build has them in
// programs.durable_test.go, in the form in which coroc compiles them.

// fibonacci has three ints that are live across the yield.
func fibonacci(n int) int {
	a, b := 0, 1
	for i := 0; i < n; i++ {
		s := coroutine.Yield[int, int](a)
		a, b = b, a+b+s
	}
	return a
}

// entryFibonacci captures a value.
func entryFibonacci(n int) func() int {
	return func() int { return fibonacci(n) }
}

// entryCount captures a variable by reference: it belongs to the process.
func entryCount(total *int) func() {
	return func() {
		p := total
		for i := 1; ; i++ {
			coroutine.Yield[int, int](*p)
			*total += i
		}
	}
}

// deep yields from the bottom of n calls until it receives something.
func deep(n int) {
	if n > 1 {
		deep(n - 1)
		return
	}
	for i := 0; coroutine.Yield[int, int](i) == 0; i++ {
	}
}

func entryDeep(n int) func() {
	return func() { deep(n) }
}

// entryCleanup has defers in two functions, of which the inner one recovers.
func entryCleanup(log *[]string) func() {
	return func() {
		defer func() { *log = append(*log, "outer") }()
		cleanup(log)
		*log = append(*log, "returned")
	}
}

func cleanup(log *[]string) {
	defer func() { *log = append(*log, fmt.Sprint("recovered ", recover())) }()
	coroutine.Yield[int, int](1)
	coroutine.Yield[int, int](2)
}

// entryYieldInDefer yields in a deferred function.
func entryYieldInDefer(log *[]string) func() {
	return func() {
		defer func() { *log = append(*log, "last") }()
		defer func() {
			*log = append(*log, "before")
			coroutine.Yield[int, int](2)
			*log = append(*log, "after")
		}()
		coroutine.Yield[int, int](1)
	}
}

// entryPanicInDefer panics when it is stopped, or at its end.
func entryPanicInDefer(log *[]string) func() {
	return func() {
		defer func() { *log = append(*log, "last") }()
		defer func() { panic(errOops) }() // crash deferred
		coroutine.Yield[int, int](1)
	}
}

var errOops = errors.New("oops")

// fail panics at a line that the crash report must show.
func fail(v any) {
	coroutine.Yield[int, int](1)
	panic(v) // crash here
}

func entryFail(v any) func() {
	return func() { fail(v) }
}

// entryRunFail runs a coroutine that panics inside a coroutine.
func entryRunFail(v any) func() {
	return func() {
		coroutine.Yield[string, string]("")
		inner := coroutine.New[int, int](entryFail(v))
		for inner.Next() { // crash inside
			inner.Send(1)
		}
	}
}

// entryExit calls Goexit after its first yield.
func entryExit(log *[]string) func() {
	return func() {
		defer func() { *log = append(*log, "exit") }()
		coroutine.Yield[int, int](1)
		runtime.Goexit()
	}
}

// entryStopSelf calls f inside, which may stop the coroutine.
func entryStopSelf(log *[]string, f func()) func() {
	return func() {
		defer func() { *log = append(*log, "stopped") }()
		coroutine.Yield[int, int](1)
		f()
		*log = append(*log, "goes on")
		coroutine.Yield[int, int](2)
		*log = append(*log, "not reached")
	}
}

// entryCall runs f between two yields.
func entryCall(f func()) func() {
	return func() {
		coroutine.Yield[int, int](1)
		f()
		coroutine.Yield[int, int](2)
	}
}

// entryOuter runs a coroutine of another type in its steps, and yields its values.
func entryOuter(n int) func() {
	return func() {
		inner := coroutine.NewWithReturn[int, int](entryFibonacci(n))
		for inner.Next() {
			s := coroutine.Yield[string, string](fmt.Sprint("inner ", inner.Recv()))
			inner.Send(len(s))
		}
		coroutine.Yield[string, string](fmt.Sprint("result ", inner.Result()))
	}
}

// entryContext yields by its context.
func entryContext(found **coroutine.Context[int, int]) func() {
	return func() {
		ctx := coroutine.LoadContext[int, int]()
		*found = ctx
		for i := 1; i < 4; i++ {
			i += ctx.Yield(i)
		}
	}
}

// entryContextOnce has no use for its context after it yields.
func entryContextOnce(got *int) func() {
	return func() {
		ctx := coroutine.LoadContext[int, int]()
		*got = ctx.Yield(1)
	}
}

// entryWrongType yields for a coroutine of another type.
func entryWrongType() {
	coroutine.Yield[string, int]("x")
}

func entryWrongContext() {
	coroutine.LoadContext[string, int]()
}
