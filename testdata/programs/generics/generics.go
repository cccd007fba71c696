// Generic functions that suspend: inferred and explicit instantiations, ones that
// instantiate one another, recursion, func parameters, zero values.
package generics

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type number interface {
	~int | ~int8 | ~float64
}

type celsius float64

func sum[T number](v ...T) (s T) {
	for _, v := range v {
		s += v * T(yield(int(v)))
	}
	return s
}

func mapOf[T, U any](s []T, f func(T) U) []U {
	out := make([]U, 0, len(s))
	for _, v := range s {
		out = append(out, f(v))
	}
	return out
}

func reduce[T, A any](s []T, a A, f func(A, T) A) A {
	if len(s) == 0 {
		return a
	}
	return reduce(s[1:], f(a, s[0]), f)
}

func zero[T any]() (z T) { yield(0); return }

func ptr[T any](v T) *T { yield(1); return &v }

func pair[K comparable, V any](k K, v V) map[K]V {
	m := map[K]V{}
	yield(len(m))
	m[k] = v
	return m
}

func largest[S ~[]E, E cmp.Ordered](s S) (m E, ok bool) {
	for i, v := range s {
		if yield(i); i == 0 || v > m {
			m, ok = v, true
		}
	}
	return m, ok
}

type names []string

func swap[A, B any](a A, b B) (B, A) { yield(2); return b, a }

func call[F ~func(int) int](f F, v int) int { return f(v) }

type fn func(int) int

func typeName[T any](v T) string { yield(3); return fmt.Sprintf("%T", v) }

func nest[T any](n int, v T) string {
	if n == 0 {
		return typeName(v)
	}
	return nest(n-1, v)
}

func Main() {
	fmt.Println(sum(1, 2, 3), sum(1.5, 2), sum[int8](100, 27), sum[celsius](0.5), sum[int]())
	fmt.Println(mapOf([]int{1, 2}, func(v int) string { return fmt.Sprint("<", yield(v), ">") }))
	fmt.Println(mapOf([]string{"a", "bc"}, func(s string) int { return len(s) }))
	fmt.Println(mapOf([]int{1, 2}, yield))
	fmt.Println(reduce([]int{1, 2, 3}, "", func(a string, v int) string { return a + fmt.Sprint(yield(v), ";") }))
	fmt.Println(zero[int](), zero[string]() == "", zero[*int]() == nil, zero[[2]bool](), zero[error]() == nil)
	p := ptr(5)
	q := ptr(*p)
	*q += yield(*p)
	fmt.Println(*p, *q, *ptr("s"), **ptr(p))
	fmt.Println(pair("a", 1), pair(2, []int{3}), pair[any](nil, struct{}{}))
	fmt.Println(largest([]int{1, 3, 2}))
	fmt.Println(largest(names{"b", "c", "a"}))
	fmt.Println(largest[[]float64](nil))
	a, b := swap(1, "x")
	c, d := swap(swap(b, a))
	fmt.Println(a, b, c, d)
	fmt.Println(call(yield, 1), call(fn(func(v int) int { return yield(v) + 1 }), 2))
	fmt.Println(typeName(1), typeName(names{}), typeName([]any{}), nest(3, celsius(1)), nest(1, map[string]*int{}))
	f, g := sum[int], typeName[[]fn]
	yield(4)
	fmt.Println(f(1, 1), g(nil))
	s := []int{3, 1, 2}
	slices.SortFunc(s, func(a, b int) int { return cmp.Compare(a, b) })
	yield(5)
	fmt.Println(s, slices.IndexFunc(s, func(v int) bool { return v == 3 }))
}
