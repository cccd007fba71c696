// Closures inside generic functions and methods: their records are generic too,
// and several types of one shape share one piece of code.
package genericclosures

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func counter[T ~int | ~float64](start T) func(T) T {
	n := start
	return func(by T) T {
		n += by * T(yield(int(by)))
		return n
	}
}

func memo[K comparable, V any](f func(K) V) (func(K) V, map[K]V) {
	m := map[K]V{}
	return func(k K) V {
		if v, ok := m[k]; ok {
			return v
		}
		m[k] = f(k)
		return m[k]
	}, m
}

func compose[A, B, C any](f func(A) B, g func(B) C) func(A) C {
	return func(a A) C { return g(f(a)) }
}

func lazy[T any](f func() T) func() T {
	var done bool
	var v T
	return func() T {
		if !done {
			v, done = f(), true
		}
		return v
	}
}

type pipe[T any] struct{ stages []func(T) T }

func (p *pipe[T]) add(f func(T) T) *pipe[T] {
	p.stages = append(p.stages, func(v T) T { yield(len(p.stages)); return f(v) })
	return p
}

func (p pipe[T]) run(v T) T {
	for _, s := range p.stages {
		v = s(v)
	}
	return v
}

func shape[P any](p *P) func() *P { return func() *P { yield(0); return p } }

type a struct{ n int }
type b struct{ n int }

func typed[T any]() func(any) string {
	return func(v any) string {
		yield(1)
		t, ok := v.(T)
		return fmt.Sprintf("%T %v", t, ok)
	}
}

func each[T any](s []T) []func() T {
	var fs []func() T
	for i, v := range s {
		fs = append(fs, func() T { yield(i); return v })
	}
	return fs
}

type id[T any] func(T) T

func (f id[T]) twice(v T) T { return f(f(v)) }

func Main() {
	c, d := counter(10), counter(0.5)
	fmt.Println(c(1), c(2), d(1), d(2))
	f, m := memo(func(k string) int { return yield(len(k)) })
	fmt.Println(f("ab"), f("ab"), f("abc"), m)
	g := compose(yield, func(n int) string { return fmt.Sprint("n", yield(n)) })
	h := compose(g, func(s string) []byte { return []byte(s) })
	fmt.Println(g(1), string(h(2)))
	l := lazy(func() []int { return []int{yield(3)} })
	fmt.Println(l(), l(), &l()[0] == &l()[0])
	p := (&pipe[string]{}).add(func(s string) string { return s + fmt.Sprint(yield(len(s))) }).add(func(s string) string { return "<" + s + ">" })
	fmt.Println(p.run("x"))
	x, y := &a{1}, &b{2}
	s, t := shape(x), shape(y)
	yield(4)
	fmt.Println(s() == x, t() == y, s().n, t().n)
	u, v, w := typed[int](), typed[*a](), typed[*b]()
	yield(5)
	fmt.Println(u(1), v(x), v(y), w(y), w(nil))
	for _, f := range each([]string{"p", "q"}) {
		fmt.Println(f())
	}
	for _, f := range each([]any{1, "r", nil}) {
		fmt.Println(f())
	}
	fmt.Println(id[int](yield).twice(1), id[string](func(s string) string { yield(6); return s + s }).twice("z"))
	k := id[int](yield).twice
	fmt.Println(k(2))
}
