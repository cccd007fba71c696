// What can be ranged over: named, generic and anonymous types of functions, methods,
// method values of interfaces and of embedded fields, type parameters, results of
// calls, fields and elements; adaptors of adaptors.
package rangefunctypes

import (
	"fmt"
	"iter"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type ints func(func(int) bool)

func (s ints) filter(keep func(int) bool) ints {
	return func(body func(int) bool) {
		for v := range s {
			if keep(v) && !body(v) {
				return
			}
		}
	}
}

func (s ints) take(n int) ints {
	return func(body func(int) bool) {
		if n == 0 {
			return
		}
		left := n
		for v := range s {
			if left--; !body(v) || left == 0 {
				return
			}
		}
	}
}

func from(n int) ints {
	return func(body func(int) bool) {
		for yield(n); body(n); n++ {
		}
	}
}

func Map[T, U any](s iter.Seq[T], f func(T) U) iter.Seq[U] {
	return func(body func(U) bool) {
		for v := range s {
			if !body(f(v)) {
				return
			}
		}
	}
}

func Zip[A, B any](a iter.Seq[A], list []B) iter.Seq2[A, B] {
	return func(body func(A, B) bool) {
		i := 0
		for v := range a {
			if i == len(list) || !body(v, list[i]) {
				return
			}
			i++
		}
	}
}

func Collect[S ~func(func(V) bool), V any](s S) (all []V) {
	for v := range s {
		all = append(all, v)
		yield(len(all))
	}
	return all
}

func First[V any, Y ~func(V) bool, S ~func(Y)](s S) (v V, ok bool) {
	for v := range s {
		yield(1)
		return v, true
	}
	return v, false
}

type seqLike[V any] interface {
	~func(func(V) bool)
}

func Last[S interface{ seqLike[V] }, V any](s S) (last V) {
	for v := range s {
		yield(2)
		last = v
	}
	return last
}

type step func(a, b int) bool

func steps(s step) { _ = s(1, yield(2)) && s(3, yield(4)) }

type tree[K any] struct {
	left, right *tree[K]
	key         K
}

func (t *tree[K]) push(body func(K) bool) bool {
	return t == nil || t.left.push(body) && body(t.key) && t.right.push(body)
}

func (t *tree[K]) All(body func(K) bool) { t.push(body) }

func (t *tree[K]) Backward() iter.Seq2[int, K] {
	return func(body func(int, K) bool) {
		n := 0
		var walk func(t *tree[K]) bool
		walk = func(t *tree[K]) bool {
			if t == nil {
				return true
			}
			if !walk(t.right) {
				return false
			}
			n++
			return body(n, t.key) && walk(t.left)
		}
		walk(t)
	}
}

type ranger interface {
	Each(func(string) bool)
}

type words []string

func (w words) Each(body func(string) bool) {
	for i, s := range w {
		yield(i)
		if !body(s) {
			return
		}
	}
}

type pair struct {
	ranger
	w   words
	seq iter.Seq[int]
}

func (p pair) Both(body func(string) bool) {
	for s := range p.Each {
		if !body(s) {
			return
		}
	}
	p.w.Each(body)
}

func get(p *pair) iter.Seq[int] {
	yield(77)
	return p.seq
}

func twice(body func() bool) { _ = body() && body() }

func Main() {
	odd := from(1).filter(func(n int) bool { return n%2 == 1 })
	for v := range odd.take(3) {
		fmt.Println(v, yield(v))
	}
	squares := Map(iter.Seq[int](odd), func(n int) string { return fmt.Sprint(n*n, "/", yield(n)) })
	for a, b := range Zip(squares, []string{"x", "y", "z"}) {
		fmt.Println(a, b)
	}
	fmt.Println(Collect(odd.take(2)), Collect(Map(odd.take(2).seq(), yield)))
	fmt.Println(Collect(func(body func(string) bool) { body("literal") }))
	fmt.Println(First[int](odd))
	fmt.Println(First[string](func(func(string) bool) { yield(5) }))
	fmt.Println(Last(odd.take(2)), Last[iter.Seq[int]](func(body func(int) bool) { body(yield(6)) }))
	for a, b := range steps {
		fmt.Println(a, b, yield(b))
	}
	t := &tree[string]{&tree[string]{nil, nil, "a"}, &tree[string]{nil, &tree[string]{nil, nil, "d"}, "c"}, "b"}
	for k := range t.All {
		fmt.Println(k, yield(1))
	}
	for n, k := range t.Backward() {
		if fmt.Println(n, k, yield(n)); k == "b" {
			break
		}
	}
	p := &pair{words{"p", "q"}, words{"r"}, odd.seq()}
	for s := range p.Each {
		fmt.Println(s)
	}
	for s := range p.Both {
		fmt.Println(s, yield(0))
	}
	for v := range get(p) {
		if v > 4 {
			break
		}
		fmt.Println(v)
	}
	list := []ints{odd, from(10), nil}
	for v := range list[1] {
		if yield(v) > 22 {
			break
		}
	}
	each := words.Each
	for s := range func(body func(string) bool) { each(words{"expression"}, body) } {
		fmt.Println(s, yield(3))
	}
	for range twice {
		fmt.Println("twice", yield(2))
	}
	func() {
		defer func() { fmt.Println("nil:", recover()) }()
		for v := range list[2] {
			yield(v)
		}
	}()
	var none ranger
	func() {
		defer func() { fmt.Println("nil interface:", recover()) }()
		for s := range none.Each {
			fmt.Println(s, yield(1))
		}
	}()
}

func (s ints) seq() iter.Seq[int] { return iter.Seq[int](s) }
