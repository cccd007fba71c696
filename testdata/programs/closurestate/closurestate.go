// Variables that a closure in a package-level variable has captured: the closure
// is found again by its variable's name, with what it captured in the process.
package closurestate

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func newCounter(n int) func() int { return func() int { n += yield(n); return n } }

var counter = newCounter(1)

func Main() {
	fmt.Println(counter(), counter())
	c := counter
	yield(5)
	fmt.Println(c(), counter())
}
