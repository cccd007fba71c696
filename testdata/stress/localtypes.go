// run

// Types declared in generic functions: generic ones, aliases, types with blank type
// parameters.
package main

import (
	"fmt"
	"sort"
	"strings"
)

func y(v int) int { fmt.Println("y", v); return 2*v + 1 }

type Num interface{ ~int | ~float64 }

func list[T any](xs ...T) string {
	type node struct {
		v    T
		next *node
	}
	var head *node
	for _, x := range xs {
		head = &node{x, head}
		y(1)
	}
	s := ""
	for n := head; n != nil; n = n.next {
		s += fmt.Sprint(n.v, y(0))
	}
	return s
}

// generic local types are not allowed by gc: only in functions that are not generic?
func pairs[K comparable, V any](m map[K]V, less func(a, b K) bool) string {
	type pair struct {
		k K
		v V
	}
	type pairs []pair
	type pp = *pair
	type fn func(pp) string
	var ps pairs
	for k, v := range m {
		ps = append(ps, pair{k, v})
	}
	sort.Slice(ps, func(i, j int) bool { return less(ps[i].k, ps[j].k) })
	var f fn = func(p pp) string { return fmt.Sprint(p.k, "=", p.v, y(2)) }
	var out []string
	for i := range ps {
		out = append(out, f(&ps[i]))
	}
	return strings.Join(out, ";")
}

func blankparams[_ any, T any, _ comparable](x T) T {
	type box struct{ x T }
	b := box{x}
	y(3)
	return b.x
}

type G[A, B any] struct {
	a A
	b B
}

func (g G[_, B]) second() B {
	type wrap struct{ b B }
	w := &wrap{g.b}
	y(4)
	return w.b
}

func (g *G[X, _]) first() X {
	type inner struct{ x X }
	type outer struct{ in inner }
	o := outer{inner{g.a}}
	y(5)
	return o.in.x
}

func (G[_, _]) none() int {
	type t int
	type u struct {
		t
		x int
	}
	v := u{t(y(6)), 1}
	return int(v.t) + v.x
}

func shadowed[T Num](x T) (r T) {
	type T2 = T
	{
		type T struct{ a, b T2 }
		v := T{x, x + 1}
		y(7)
		r = v.a * v.b
		{
			type T [2]T2
			w := T{r, x}
			y(8)
			r = w[0] - w[1]
		}
	}
	return r
}

func closure[T any](x T) func() T {
	type cell struct{ v T }
	c := &cell{x}
	return func() T {
		type twice struct{ a, b *cell }
		t := twice{c, c}
		y(9)
		return t.b.v
	}
}

func ifaces[T any](x T) string {
	type getter interface{ get() T }
	type e struct{ error }
	var g getter
	y(1)
	_, ok := any(x).(getter)
	_, ok2 := any(e{}).(error)
	return fmt.Sprint(g == nil, ok, ok2)
}

func switches[T any](x any) string {
	type A struct{ t T }
	type B []T
	switch v := x.(type) {
	case A:
		y(1)
		return fmt.Sprint("A", v.t)
	case B:
		return fmt.Sprint("B", len(v), y(2))
	}
	if _, ok := x.(A); !ok && x == nil {
		return switches[T](A{})
	}
	return switches[T](B{})
}

func consts[T Num](x T) T {
	type kind int
	const (
		a kind = iota + 1
		b
	)
	y(int(b))
	type arr [b]T
	return x*T(a) + T(len(arr{}))
}

func plainLocal() string {
	type L[T any] struct {
		v    T
		next *L[T]
	}
	type M[K comparable, V any] map[K]V
	l := &L[int]{v: y(1)}
	l.next = &L[int]{v: 2}
	m := M[string, L[string]]{"a": {v: "x"}}
	y(2)
	return fmt.Sprint(l.v+l.next.v, m["a"].v, len(m))
}

func rec[T any](n int, x T) string {
	type cell struct {
		v T
		n int
	}
	if n == 0 {
		y(n)
		return ""
	}
	c := cell{x, n}
	return rec(n-1, c.v) + fmt.Sprint(c.v, c.n)
}

func main() {
	fmt.Println(list(1, 2), list("a"))
	fmt.Println(pairs(map[string]int{"b": 1, "a": 2}, func(a, b string) bool { y(0); return a < b }))
	fmt.Println(blankparams[int, string, bool]("s"))
	g := &G[int, string]{1, "x"}
	fmt.Println(g.second(), g.first(), g.none())
	fmt.Println(shadowed(3), shadowed(1.5))
	fmt.Println(closure("c")(), closure(2)())
	fmt.Println(ifaces(1), switches[int](nil), switches[string](1))
	fmt.Println(consts(2), consts(2.5), plainLocal())
	fmt.Println(rec(2, "z"))
}

func genericLocal[T any](x T) string {
	type L[U any] struct {
		t    T
		u    U
		next *L[U]
	}
	type P[K comparable, V any] struct {
		m map[K]L[V]
	}
	type A[U any] = []L[U]
	type B = L[T]
	y(1)
	l := L[int]{x, y(2), nil}
	l.next = &L[int]{t: x}
	p := P[string, T]{m: map[string]L[T]{"k": {u: x}}}
	y(3)
	a := A[string]{{u: "s"}}
	f := func() B { return B{t: x, u: x} }
	var e any = l
	_, ok := e.(L[int])
	_, ok2 := e.(L[string])
	return fmt.Sprint(l.next.t, l.u, p.m["k"].u, a[0].u, f().u, ok, ok2, y(4))
}

func distinct[_, T any](x T) any {
	type local struct{ x T }
	y(1)
	return local{x}
}

func init() {
	fmt.Println(genericLocal(1), genericLocal("g"))
	fmt.Println(distinct[int](1) == distinct[string](1), distinct[int](1) == distinct[int](1))
}
