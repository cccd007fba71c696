//go:build !durable

package coroutine

import (
	"fmt"
	goruntime "runtime"
	"strings"

	"github.com/petermattis/goid"
)

// The stack on which a body panics is gone when the panic leaves Next on another
// goroutine. This file keeps it for the crash report, where users look for it.

// caught is a panic of a body.
type caught struct {
	value any
	trace *trace
}

// rethrow panics with the value, on the goroutine that calls Next. Should nothing
// recover it, the report begins with the body's stack, which is the value of a panic
// that is under way when the real one begins and that no recover can see.
func (c *caught) rethrow() {
	// If this is itself the body of a coroutine, its own trace is to contain this one.
	if outer, ok := contexts.Load(goid.Get()); ok {
		outer.(interface{ setInner(*trace) }).setInner(c.trace)
	}
	defer func() { panic(c.value) }()
	panic(c.trace)
}

func (s *stack) setInner(t *trace) { s.inner = t }

// trace is the stack of a body that panicked. It is an error because the Go runtime,
// about to crash, prints those by their Error method: for a panic that is recovered
// nothing is formatted.
type trace struct {
	pcs   []uintptr
	inner *trace // what the body had run, if the panic came out of that
}

// callers returns the stack of the panic that is being recovered.
func callers(inner *trace) *trace {
	pcs := make([]uintptr, 256)
	return &trace{pcs[:goruntime.Callers(3, pcs)], inner} // without callers and the deferred function
}

func (t *trace) Error() string {
	return "in a coroutine:\n" + t.String() + "the value of this panic:"
}

func (t *trace) String() string {
	var b strings.Builder
	frames := goruntime.CallersFrames(t.pcs)
	for more := len(t.pcs) > 0; more; {
		var f goruntime.Frame
		f, more = frames.Next()
		switch {
		case strings.HasSuffix(f.Function, "coroutine.(*stack).call"):
			more = false
		case strings.HasSuffix(f.Function, "coroutine.(*caught).rethrow"):
			b.Reset() // so far, how the panic of the inner coroutine came here
			b.WriteString(t.inner.String())
			b.WriteString("run by a coroutine:\n")
		case f.Function == "runtime.gopanic":
		default:
			fmt.Fprintf(&b, "%s\n\t%s:%d\n", f.Function, f.File, f.Line)
		}
	}
	return b.String()
}
