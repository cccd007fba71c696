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
	fmt.Println(hidden.Default.Work(yield(9)), hidden.Default.Work(yield(10)))
	n := hidden.Namer("n")
	defer func(n fmt.Stringer) { fmt.Println(n, n == fmt.Stringer(hidden.Namer("n"))) }(n)
	fmt.Println(n.Work(yield(11)), n)
	q := hidden.Pair("k")
	for i := range 3 {
		q = q.Put(fmt.Sprint(i, yield(i))).Put("also")
	}
	fmt.Println(*q)
	set := hidden.NewSet()
	set.Base.Name = "base"
	set.Many["d"] = hidden.Default
	base := set.Base
	each(set.Many["d"], set.Many["d"])
	func() {
		set.Base.Name += fmt.Sprint(yield(12))
		fmt.Println(set.Base.Work(13), base.Name, set.Many["d"] == hidden.Default)
	}()
	ch := make(chan int, 1)
	ch <- 14
	select {
	case <-ch:
		base.Name = fmt.Sprint(yield(15))
	}
	fmt.Println(base)
}

func each[T fmt.Stringer](list ...T) {
	for _, t := range list {
		fmt.Println(t, yield(16), t)
	}
}
