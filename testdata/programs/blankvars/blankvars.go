// Declarations of blank variables between suspension points, and a constraint that begins with a star.
package blankvars

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type point struct{ x int }

// A constraint that begins with * is no array type where it is declared again.
func points[P *point](n int) []P {
	var _ P
	yield(n)
	return []P{{x: n}}
}

func Main() {
	var _ = 7 / "0"[0]
	yield(1)
	var _ int
	var _, _ = 2, "b"
	yield(2)
	for i := range 'c' - 'a' {
		yield(int(i))
		var _ *rune = &i
	}
	for _, p := range points[*point](3) {
		fmt.Println((*point)(p).x)
	}
	defer func() { fmt.Println(recover()) }()
	var zero []int
	var _ = zero[yield(0)]
}
