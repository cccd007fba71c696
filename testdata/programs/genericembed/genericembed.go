// Generic types that embed instances of others, whose promoted methods suspend and
// are only reached through the outer type.
package genericembed

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

type Base struct{}

func (Base) M() int { return yield(1) }

type Inner[T any] struct{ v T }

func (i *Inner[T]) N() string { return fmt.Sprint(yield(2), i.v) }

type Outer[X any] struct {
	Base
	*Inner[*X]
}

type Most[X any] struct{ Outer[X] }

func call[X any](x X) {
	o := Most[X]{Outer[X]{Inner: &Inner[*X]{}}}
	for _, f := range []func(Most[X]) string{
		func(m Most[X]) string { return fmt.Sprint(m.M()) },
		Most[X].N,
	} {
		fmt.Println(f(o))
	}
	var n interface{ N() string } = o
	fmt.Println(n.N())
}

func Main() {
	call(1)
	call("a")
	call([]Base{})
}
