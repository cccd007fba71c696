// Values of types that this package cannot name: an unexported type that an
// exported function returns, its fields, methods and method values, live across
// suspensions.
package unnameable

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/unnameable/hidden"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func Main() {
	x := hidden.New("x")
	yield(0)
	fmt.Println(x.Name, x.Work(1))
	p := hidden.NewPointer("p")
	p.Name += fmt.Sprint(yield(2))
	fmt.Println(p.Work(3), p.Add(4).Add(5).Name)
	f, g := x.Work, p.Add
	x.Name = "changed"
	fmt.Println(f(6), g(7).Name)
	list := hidden.List(2)
	for i, v := range list {
		fmt.Println(i, v.Work(i))
	}
	opts := hidden.Options()
	opts.Level = yield(8)
	fmt.Println(hidden.Apply(opts))
}
