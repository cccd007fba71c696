// Initialization order of package-level variables that are spread over several
// files, some of which have functions that suspend and some not.
//
// Variables without dependencies on one another are initialized in the order of
// the files' names; a generated file of another name would change it.
package initorder

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// handlers is a table of closures, one of which refers to a later variable.
var handlers = map[string]func(int) int{
	"late":  func(v int) int { return late + yield(v) },
	"run":   run,
	"twice": twice(run),
}

var late = trace("late", c+5)

func maybe(suspend bool, v int) int {
	if suspend {
		v += yield(v)
	}
	return trace("maybe", v)
}

func twice(f func(int) int) func(int) int {
	trace("twice", 0)
	return func(v int) int { return f(v) + f(v) }
}

func init() {
	trace("init initorder", d)
}

func init() {
	trace("second init", maybe(false, 1))
}

func Main() {
	fmt.Println(strings.Join(order, " "))
	order = nil
	for _, k := range []string{"late", "run", "twice"} {
		fmt.Println(k, handlers[k](1))
	}
	fmt.Println(maybe(true, 2), a, z)
	fmt.Println(strings.Join(order, " "))
}
