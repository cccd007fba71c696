// Methods called through type parameters: constraint methods on values and
// pointers, the pointer-constraint idiom, constraints that embed interfaces, and
// implementations of which only some suspend.
package genericconstraints

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stepper interface{ step(int) int }

type slow struct{ n int }

func (s slow) step(v int) int { return s.n + yield(v) }

type pointer struct{ n int }

func (p *pointer) step(v int) int { p.n += yield(v); return p.n }

type quiet int

func (q quiet) step(v int) int { return int(q) + v }

func run[T stepper](t T, n int) (sum int) {
	for i := range n {
		sum += t.step(i)
	}
	return sum
}

func runAll[T stepper](ts ...T) (out []int) {
	for _, t := range ts {
		out = append(out, run(t, 2))
	}
	return out
}

type resettable[T any] interface {
	*T
	stepper
	reset()
}

func (p *pointer) reset() { p.n = 0; yield(100) }

func fresh[T any, P resettable[T]](n int) T {
	var t T
	p := P(&t)
	p.step(n)
	q := P(&t)
	q.step(n)
	defer P(new(T)).reset()
	return t
}

type numeric interface {
	~int | ~uint8
	stepper
}

func total[T numeric](a, b T) T { return a + T(b.step(int(a))) }

type small uint8

func (s small) step(v int) int { return yield(v) + int(s) }

type chain[S stepper] struct {
	inner S
	k     int
}

func (c chain[S]) step(v int) int { return c.inner.step(v) * c.k }

func apply[T any, F func(T) T | func(T, ...T) T](v T, f F) T {
	switch f := any(f).(type) {
	case func(T) T:
		return f(v)
	case func(T, ...T) T:
		return f(v, v)
	}
	return v
}

func method[T stepper](t T) (func(int) int, func(T, int) int) { return t.step, T.step }

type shower interface {
	comparable
	fmt.Stringer
}

type id int

func (i id) String() string { return fmt.Sprint("id ", int(i)) }

func find[T shower](ts []T, t T) string {
	for i, u := range ts {
		if yield(i); u == t {
			return u.String()
		}
	}
	return "none"
}

func Main() {
	fmt.Println(run(slow{1}, 2), run(&pointer{1}, 2), run(quiet(1), 3), run[stepper](slow{2}, 2))
	fmt.Println(runAll(slow{1}, slow{2}), runAll[stepper](slow{1}, quiet(2), &pointer{3}), runAll[quiet]())
	fmt.Println(fresh[pointer](3))
	fmt.Println(total(small(1), 2), total[small](200, 50))
	c := chain[chain[slow]]{chain[slow]{slow{1}, 2}, 3}
	fmt.Println(c.step(1), run(c, 2), run(chain[quiet]{1, 5}, 2), run(&chain[*pointer]{&pointer{}, 2}, 2))
	fmt.Println(apply(1, yield), apply(2, func(v int, w ...int) int { return v + yield(len(w)) }))
	p := &pointer{}
	f, g := method(p)
	h, k := method(slow{10})
	yield(7)
	fmt.Println(f(1), g(p, 1), h(1), k(slow{20}, 1))
	fmt.Println(find([]id{1, 2, 3}, 2), find(nil, id(1)))
}
