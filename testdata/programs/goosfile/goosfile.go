// Functions that suspend in files with a GOOS suffix and with build constraints:
// the generated file must be constrained as its source is.
package goosfile

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	fmt.Println(system(1), constrained(2), dotted(3), version(4))
}
