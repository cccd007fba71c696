// A package that declares functions called true and false.
package shadowtrue

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

var count = 1

var ok = count == 1

var pointer = &count

func true(ok bool)  { fmt.Println("true", ok) }
func false(ok bool) { fmt.Println("false", ok) }

func Main() {
	p := pointer
	true(ok)
	coroutine.Yield[int, int](*p)
	count++
	false(ok)
	coroutine.Yield[int, int](*p)
	fmt.Println(*p, p == pointer)
}
