// Pointer identity, cycles and interior pointers across a save: the state is a
// graph, not a tree.
package identity

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type node struct {
	n          int
	prev, next *node
	owner      *ring
}

type ring struct {
	head  *node
	index map[int]*node
	self  any
}

func newRing(n int) *ring {
	r := &ring{index: map[int]*node{}}
	r.self = r
	for i := range n {
		x := &node{n: i, owner: r}
		r.index[i] = x
		if r.head == nil {
			x.prev, x.next, r.head = x, x, x
			continue
		}
		x.prev, x.next = r.head.prev, r.head
		x.prev.next, x.next.prev = x, x
	}
	return r
}

func (r *ring) walk(f func(*node)) {
	for n := r.head; ; {
		f(n)
		if n = n.next; n == r.head {
			return
		}
	}
}

type inner struct{ a, b int }
type outer struct {
	in  inner
	arr [3]inner
	s   []inner
	pin *inner
	pa  *int
}

func check(b ...bool) string { return fmt.Sprint(b) }

func Main() {
	r := newRing(3)
	mid := r.index[1]
	yield(0)
	r.walk(func(n *node) {
		n.n += yield(n.n)
		fmt.Println("node", n.n, n.owner == r, n.next.prev == n)
	})
	fmt.Println(check(r.self == any(r), mid == r.head.next, r.index[2] == mid.next), mid.n)

	// Interior pointers: fields, elements, elements of elements.
	o := &outer{s: make([]inner, 2, 4)}
	o.pin, o.pa = &o.in, &o.arr[1].b
	pb, ps, parr, ps1 := &o.in.b, &o.s[1], &o.arr, &o.s[1].a
	yield(1)
	*pb, *o.pa, ps.b, parr[2].a, *ps1 = 1, 2, 3, 4, 5
	yield(2)
	fmt.Println(*o.pin, o.arr, o.s, check(o.pin == &o.in, pb == &o.pin.b, ps == &o.s[1], parr == &o.arr))

	// The interior pointer alone keeps the whole.
	keep := func() *int { return &(&outer{in: inner{7, 8}}).in.b }()
	yield(3)
	*keep++
	fmt.Println(*keep)

	// Pointers to locals, to each other, to themselves.
	x := 1
	px := &x
	ppx := &px
	type self struct{ p *self }
	var me self
	me.p = &me
	var loop any
	loop = &loop
	yield(4)
	**ppx = 5
	fmt.Println(x, *ppx == &x, me.p == &me, me.p.p.p == me.p, *(loop.(*any)) == loop)

	// Maps and slices that hold themselves.
	m := map[string]any{"n": 1}
	m["m"] = m
	s := []any{1, nil}
	s[1] = s
	alias := m
	yield(5)
	m["n"] = 2
	s[0] = 3
	fmt.Println(alias["n"], m["m"].(map[string]any)["m"].(map[string]any)["n"], s[1].([]any)[1].([]any)[0], len(alias))

	// One value under several types.
	var e1, e2 any = mid, mid
	var st fmt.Stringer = (*named)(mid)
	f := mid.set
	yield(6)
	f(100)
	fmt.Println(e1 == e2, e1.(*node).n, st.String(), mid.n)
	arr := [2]*int{px, px}
	brr := arr
	yield(7)
	*arr[0] = 9
	fmt.Println(*brr[1], arr == brr, x)
	// Pointers that are map keys.
	set := map[*node]string{mid: "mid", r.head: "head"}
	yield(8)
	fmt.Println(set[mid], set[r.head], set[mid.next] == "")
}

func (n *node) set(v int) { n.n = v }

type named node

func (n *named) String() string { return fmt.Sprint("named ", n.n) }
