// go:linkname and an assembly file in a package with functions that suspend: they are
// left in peace. The directive names a function of another package, whose body
// stays where it is.
package linknames

import (
	"fmt"
	_ "unsafe"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/linknames/pulled"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

//go:linkname hidden github.com/coroc-dev/coroc/testdata/programs/linknames/pulled.hidden
func hidden(n int) int

// renamed has a symbol of another name, as those have it that others pull.
//
//go:linkname renamed linknames_renamed
func renamed(n int) int { return n + yield(n) }

func Main() {
	s := 0
	for i := range 3 {
		s += hidden(i) + yield(s) + renamed(i)
		fmt.Println(i, s)
	}
	fmt.Println(pulled.Visible(yield(4)))
}
