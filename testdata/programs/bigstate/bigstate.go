// Large states: a list of a hundred thousand nodes, a tree, a big map and a big
// slice, each with pointers into it; saving must not recurse along a list.
package bigstate

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type node struct {
	n          int
	next, prev *node
}

type tree struct{ l, r *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return nil
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func (t *tree) size() int {
	if t == nil {
		return 0
	}
	return t.l.size() + t.r.size() + 1
}

type iface interface{ sum() int }
type cell struct {
	v    int
	rest iface
}

func (c cell) sum() int {
	n := 0
	for {
		n += c.v
		next, ok := c.rest.(cell)
		if !ok {
			return n
		}
		c = next
	}
}

func Main() {
	head := &node{}
	last := head
	for i := 1; i < 100000; i++ {
		last.next = &node{i, nil, last}
		last = last.next
	}
	middle := head
	for range 50000 {
		middle = middle.next
	}
	yield(1)
	n, sum := 0, 0
	for x := head; x != nil; x = x.next {
		n++
		sum += x.n
		if x.next != nil && x.next.prev != x {
			panic("broken")
		}
		if x == middle {
			fmt.Println("middle", n)
		}
	}
	fmt.Println(n, sum, last.n)
	head, middle, last = nil, nil, nil

	t := grow(14)
	shared := []*tree{t.l.r, t.r.l, t}
	yield(2)
	fmt.Println(t.size(), shared[0] == t.l.r, shared[2] == t)
	t, shared = nil, nil

	m := map[int]*int{}
	for i := range 10000 {
		m[i] = &i
		if i%2 == 1 {
			m[i] = m[i-1]
		}
	}
	yield(3)
	*m[10] = -1
	fmt.Println(len(m), *m[11], *m[9998])
	m = nil

	big := make([]int, 200000)
	view := big[1000:2000]
	p := &big[1500]
	for i := range big {
		big[i] = i * i
	}
	yield(4)
	*p = 7
	fmt.Println(view[500], big[199999], cap(view))
	big, view, p = nil, nil, nil

	var c iface
	for i := range 50000 {
		c = cell{i, c}
	}
	yield(5)
	fmt.Println(c.sum())

	// Funcs that refer to one another, in a long chain.
	f := func() int { return 0 }
	for range 2000 {
		g := f
		f = func() int { return g() + 1 }
	}
	yield(6)
	fmt.Println(f())
}
