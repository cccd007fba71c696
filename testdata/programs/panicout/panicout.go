// A panic that is not recovered leaves the coroutine through Next, after all
// deferred calls have run, also those that suspend.
package panicout

import (
	"fmt"
	"io"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func inner() {
	defer fmt.Println("inner", yield(1))
	defer func() { fmt.Println("suspended in inner", yield(2)) }()
	panic(fmt.Errorf("left %d: %w", yield(5), io.EOF))
}

func outer() (n int) {
	defer func() {
		n = yield(3)
		fmt.Println("outer", n)
	}()
	inner()
	return 1
}

func Main() {
	defer fmt.Println("main", yield(4))
	fmt.Println(outer())
}
