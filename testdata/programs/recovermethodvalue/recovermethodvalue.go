// A method value of a method that recovers and suspends. The func value of compiled
// code calls the method from a method of its own, which would stand between a defer
// statement of code that is not compiled and the recover: it is refused.
package recovermethodvalue

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

type slow interface{ finish() }

type catcher struct{ out string }

func (c *catcher) finish() {
	n := coroutine.Yield[int, int](1)
	c.out = fmt.Sprint(recover(), n)
}

func Main() {
	c := &catcher{}
	func() {
		var s slow = c
		finish := s.finish
		defer finish()
		panic(coroutine.Yield[int, int](0))
	}()
	fmt.Println(c.out)
}
