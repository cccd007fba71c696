//go:build !durable

package coroutine

import (
	"github.com/petermattis/goid"

	"github.com/coroc-dev/coroc/runtime"
)

// The stack on which a body panics is gone when the panic leaves Next on another
// goroutine. It is kept for the crash report.

// caught is a panic of a body.
type caught struct {
	value any
	trace *runtime.Trace
}

// rethrow panics with the value, on the goroutine that calls Next.
func (c *caught) rethrow() {
	// If this is itself the body of a coroutine, its own trace is to contain this one.
	if outer, ok := contexts.Load(goid.Get()); ok {
		outer.(interface{ setInner(*runtime.Trace) }).setInner(c.trace)
	}
	c.trace.Rethrow(c.value)
}

func (s *stack) setInner(t *runtime.Trace) { s.inner = t }
