// Generic types with methods that suspend: containers, trees, methods that
// return closures, method values and expressions of instantiated types,
// embedded generic types.
package genericbox

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type List[T any] struct {
	head, tail *node[T]
	n          int
}

type node[T any] struct {
	v    T
	next *node[T]
}

func (l *List[T]) Push(v T) *List[T] {
	n := &node[T]{v: v}
	if yield(l.n); l.tail == nil {
		l.head = n
	} else {
		l.tail.next = n
	}
	l.tail = n
	l.n++
	return l
}

func (l *List[T]) Each(f func(int, T) bool) {
	i := 0
	for n := l.head; n != nil && f(i, n.v); n = n.next {
		i++
	}
}

func (l List[T]) Cursor() func() (T, bool) {
	n := l.head
	return func() (v T, ok bool) {
		if yield(l.n); n == nil {
			return v, false
		}
		v, n = n.v, n.next
		return v, true
	}
}

type Tree[K cmp.Ordered, V any] struct {
	left, right *Tree[K, V]
	k           K
	v           V
}

func (t *Tree[K, V]) Put(k K, v V) *Tree[K, V] {
	if t == nil {
		yield(1)
		return &Tree[K, V]{k: k, v: v}
	}
	switch c := cmp.Compare(k, t.k); {
	case c < 0:
		t.left = t.left.Put(k, v)
	case c > 0:
		t.right = t.right.Put(k, v)
	default:
		t.v = v
	}
	return t
}

func (t *Tree[K, V]) Walk(visit func(K, V)) {
	if t != nil {
		t.left.Walk(visit)
		visit(t.k, t.v)
		t.right.Walk(visit)
	}
}

type Pair[A, B any] struct {
	First  A
	Second B
}

func (p Pair[A, B]) Swap() Pair[B, A]        { yield(2); return Pair[B, A]{p.Second, p.First} }
func MakePair[A, B any](a A, b B) Pair[A, B] { yield(3); return Pair[A, B]{a, b} }

type Stack[T any] []T

func (s *Stack[T]) Push(v T) { *s = append(*s, v); yield(len(*s)) }
func (s *Stack[T]) Pop() (v T) {
	yield(len(*s))
	v = (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return v
}

type Named struct {
	List[string]
	*Stack[int]
	name string
}

type Source[T any] interface{ Get() T }

type constant[T any] struct{ v T }

func (c constant[T]) Get() T { yield(4); return c.v }

type mapped[T, U any] struct {
	src Source[T]
	f   func(T) U
}

func (m mapped[T, U]) Get() U { return m.f(m.src.Get()) }

func Get[T any](s Source[T]) T { return s.Get() }

func Main() {
	l := (&List[int]{}).Push(1).Push(yield(5)).Push(3)
	l.Each(func(i, v int) bool { fmt.Println(i, v, yield(v)); return i < 1 })
	next := l.Cursor()
	for v, ok := next(); ok; v, ok = next() {
		l.Push(v * 100)
		if l.n > 5 {
			break
		}
	}
	fmt.Println(l.n, l.tail.v)
	var t *Tree[string, []int]
	for i, k := range strings.Fields("m c x a c") {
		t = t.Put(k, []int{i})
	}
	t.Walk(func(k string, v []int) { fmt.Println(k, v, yield(v[0])) })

	p := MakePair(1, "one")
	yield(6)
	fmt.Printf("%v %v %T\n", p, p.Swap().Swap().Swap(), p.Swap())
	n := Named{Stack: &Stack[int]{7}, name: "named"}
	n.List.Push("a").Push("b")
	n.Stack.Push(8)
	fmt.Println(n.Pop(), n.Pop(), n.List.n)
	f, g := l.Push, (*Stack[int]).Push
	g(n.Stack, f(9).n)
	fmt.Println(*n.Stack)
	src := mapped[int, string]{constant[int]{5}, func(v int) string { return fmt.Sprint("got ", yield(v)) }}
	fmt.Println(Get[string](src), Get(Source[int](constant[int]{6})), mapped[string, int]{src, func(s string) int { return len(s) }}.Get())
	h := Source[string].Get
	fmt.Println(h(src))
}
