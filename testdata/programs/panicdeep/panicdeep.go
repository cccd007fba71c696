// Panics that cross several durable frames, with and without defers, with loops
// and closures between, after each of them has been saved and restored.
package panicdeep

import (
	"errors"
	"fmt"
	"io"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func leaf(n int) int {
	if yield(n) == 7 {
		panic(fmt.Errorf("leaf %d: %w", n, io.ErrUnexpectedEOF))
	}
	return n
}

func noDefer(n int) int { return leaf(n) + leaf(n+1) }

func quietDefer(n int) (s int) {
	defer func() { fmt.Println("quietDefer", n, s) }()
	s = noDefer(n)
	return s
}

func slowDefer(n int) (s int) {
	defer func() { fmt.Println("slowDefer", n, s, yield(100+n)) }()
	for i := range 2 {
		s += quietDefer(n + i)
	}
	return s
}

func viaClosure(n int) (s int) {
	each([]int{n, n + 1}, func(v int) {
		defer fmt.Println("closure", v)
		s += slowDefer(v)
	})
	return s
}

func each(vs []int, f func(int)) {
	for _, v := range vs {
		f(v)
	}
}

type runner interface{ run(int) int }
type r1 struct{ next runner }
type r2 func(int) int

func (r r1) run(n int) int { defer fmt.Println("r1", n); return r.next.run(n) * 2 }
func (r r2) run(n int) int { return r(n) }

func try(n int) (v int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("try %d %d: %w", n, yield(n), r.(error))
		}
	}()
	return r1{r1{r2(viaClosure)}}.run(n), nil
}

func Main() {
	for n := -3; n < 4; n++ {
		v, err := try(n)
		fmt.Println(v, err, errors.Is(err, io.ErrUnexpectedEOF))
	}
}
