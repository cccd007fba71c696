// Callees that are not mentioned again after the call that suspends: func values,
// interfaces, receivers. The call has to be found again when it goes on, so that they
// are saved although they look dead; the arguments are not.
package deadcallees

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type adder interface{ add(int, *big) int }

type one struct{ n int }

func (o one) add(v int, b *big) int { return o.n + yield(v) + len(b.data) }

type two struct{ adder }

// big is an argument that nothing needs any more once the callee has it.
type big struct{ data [100]int }

func makeAdder(n int) adder {
	if n%2 == 0 {
		return two{one{n}}
	}
	return &one{n}
}

func makeFunc(n int) func(int) func() int {
	return func(v int) func() int {
		v += n + yield(v)
		return func() int { return v*10 + yield(n) }
	}
}

func sum(fs ...func(int) func() int) (s int) {
	for len(fs) > 0 {
		f := fs[0]
		fs = fs[1:]
		s += f(s % 7)()
	}
	return s
}

func last(a adder) int { return a.add(5, new(big)) }

func once(f func(int) func() int) int {
	g := f(6)
	return g()
}

func Main() {
	fmt.Println(makeAdder(1).add(2, &big{}), makeAdder(2).add(3, &big{}))
	fmt.Println(makeFunc(3)(4)(), sum(makeFunc(1), makeFunc(2)))
	fmt.Println(last(makeAdder(7)), last(makeAdder(8)), once(makeFunc(9)))
	var a adder
	var f func(int) func() int
	for range 3 {
		a, f = makeAdder(yield(10)), makeFunc(yield(11))
		b, g := a, f
		a, f = nil, nil
		fmt.Println(b.add(1, empty()), g(2)())
	}
	fmt.Println(a == nil, f == nil)
}

func empty() *big { return &big{} }
