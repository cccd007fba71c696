package runtime

import (
	"fmt"
	goruntime "runtime"
	"strings"
)

// Trace is the stack of a panic that was recovered on one goroutine to go on on another,
// kept for the crash report, where users look for the line that panicked.
//
// It is an error because the Go runtime, about to crash, prints those by their Error
// method: for a panic that is recovered nothing is formatted.
type Trace struct {
	pcs []uintptr
	// Inner is the stack of another such panic which this one goes on from.
	Inner *Trace
}

// TraceOfPanic returns the stack of the panic that is being recovered by the deferred
// function that calls it.
func TraceOfPanic(inner *Trace) *Trace {
	pcs := make([]uintptr, 256)
	return &Trace{pcs[:goruntime.Callers(3, pcs)], inner} // without Callers and the deferred function
}

// Rethrow panics with v, which t is the stack of. Should nothing recover it, the report
// begins with that stack, which is the value of a panic that is under way when the real one
// begins and that no recover can see.
func (t *Trace) Rethrow(v any) {
	defer func() { panic(v) }()
	panic(t)
}

func (t *Trace) Error() string {
	return "in a coroutine:\n" + t.String() + "the value of this panic:"
}

// String returns the functions of the body, the innermost first.
func (t *Trace) String() string {
	var b strings.Builder
	frames := goruntime.CallersFrames(t.pcs)
	for more := len(t.pcs) > 0; more; {
		var f goruntime.Frame
		f, more = frames.Next()
		switch {
		case f.Function == unwindFunction || strings.HasSuffix(f.Function, "coroutine.(*stack).call"):
			more = false
		case f.Function == rethrowFunction || f.Function == rethrowFunction+".func1":
			b.Reset() // so far, how the panic of the inner coroutine came here
			if t.Inner != nil && f.Function == rethrowFunction {
				b.WriteString(t.Inner.String())
				b.WriteString("run by a coroutine:\n")
			}
		case f.Function == "runtime.gopanic", strings.HasSuffix(f.Function, "coroutine.(*caught).rethrow"):
		default:
			fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		}
	}
	return b.String()
}

const rethrowFunction = modulePath + "/runtime.(*Trace).Rethrow"
