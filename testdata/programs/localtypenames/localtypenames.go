// The name that %T prints for a type declared inside of a function is the name
// that it was given there, also if several functions have a type of that name.
package localtypenames

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func first() any {
	type T struct{ n int }
	return T{yield(1)}
}

func second() any {
	type T struct{ n int }
	t := T{yield(1)}
	p := &t
	p.n += yield(2)
	return t
}

func Main() {
	type only []string
	o := only{"o"}
	yield(3)
	fmt.Printf("%T %T %T %v\n", first(), second(), o, first() == second())
}
