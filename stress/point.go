package stress

import (
	"sync/atomic"

	"github.com/coroc-dev/coroc/runtime"
)

// Point stands before every statement of an instrumented program. Without a
// coroutine it does nothing.
func Point() {}

// Durable_Point is the twin of [Point]. It suspends the driver's coroutine if the
// driver wants to be asked here, and coroutines of the program's own so that they
// go on at once.
func Durable_Point(c *runtime.Coroutine) {
	if c.Resumed() || c == runtime.Detached {
		return
	}
	d, ok := c.Local().(*driver)
	if !ok {
		others.point(c)
		return
	}
	if d.left--; d.left <= 0 {
		c.Suspend()
	}
}

// Main is the first call of an instrumented main. In a build that is not durable
// it returns false.
func Main(f func()) bool { return false }

// Durable_Main is the twin of [Main]: outside of any coroutine it runs f, which is
// main, under the driver and returns true; in the coroutine that the driver has made
// it returns false, and main goes on.
func Durable_Main(c *runtime.Coroutine, f func()) bool {
	if c != runtime.Detached || !started.CompareAndSwap(false, true) {
		return false
	}
	drive(f)
	return true
}

var started atomic.Bool
