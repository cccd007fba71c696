package runtime

import (
	goruntime "runtime"
	"strings"
)

// Goexit is what a twin calls for runtime.Goexit. A deferred call may suspend the coroutine
// while the stack is left, which a goroutine that exits could not do; so the stack of the
// coroutine is left by a panic that no recover of the program sees, up to [Coroutine.Next],
// which exits.
func Goexit(c *Coroutine) {
	if c == Detached {
		goruntime.Goexit()
	}
	c.exit()
}

// DeferGoexit is a deferred call of runtime.Goexit.
type DeferGoexit struct{}

// Run implements [Deferred].
func (*DeferGoexit) Run() { goruntime.Goexit() }

// RunPanicking implements [Deferred]. It does not return: Goexit ends the panic.
func (*DeferGoexit) RunPanicking(v any) {
	defer goruntime.Goexit()
	panic(v)
}

// DurableRun lets the deferred calls that are left suspend.
func (*DeferGoexit) DurableRun(c *Coroutine, _ *Defers) bool {
	Goexit(c)
	return true
}

// exitPanic is the value of that panic.
type exitPanic struct{}

func (exitPanic) Error() string { return "coroutine: runtime.Goexit is under way" }

func (c *Coroutine) exit() {
	c.exiting = true
	panic(exitPanic{})
}

// exited makes the goroutine that has called Next exit, as the body has done. It is called
// by the deferred function of Next, with what that has recovered: another panic may have
// taken the place of the exit, which goes on should someone recover that one.
func exited(v any) {
	if _, ok := v.(exitPanic); !ok && v != nil {
		defer panic(v)
	}
	goruntime.Goexit()
}

// exitsNatively reports whether the stack of the coroutine is being left by a Goexit of code
// that is no twin.
func exitsNatively() bool {
	frames := goruntime.CallersFrames(callers(2))
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.Goexit":
			// At the bottom of each stack stands goexit, with a small letter.
			return true
		case !more || f.Function == nextFunction || strings.HasPrefix(f.Function, unwindFunction):
			return false
		}
	}
}
