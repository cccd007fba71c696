// What stood left of a suspended call was evaluated before it, and must not be
// evaluated again on resume: by then the variable may be nil, gone or changed.
package nilresume

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type leaf struct{ n int }
type mid struct{ *leaf }
type top struct {
	mid  *mid
	fn   func(int) int
	list []*leaf
	m    map[string]*leaf
	i    stepper
}

type stepper interface{ step(int) int }

func (l *leaf) step(v int) int { return l.n + yield(v) }
func (l leaf) value(v int) int { return l.n + yield(v) }

var global = &top{mid: &mid{&leaf{1}}}

// clear removes what the caller has just evaluated, and suspends.
func (l *leaf) clear(t *top) int {
	t.mid, t.fn, t.list, t.m, t.i = nil, nil, nil, nil, nil
	return l.n + yield(l.n)
}

func fresh() *top {
	l := &leaf{1}
	return &top{&mid{l}, func(v int) int { return yield(v) }, []*leaf{l}, map[string]*leaf{"a": l}, l}
}

func get(t **top) *top {
	old := *t
	*t = nil
	yield(0)
	return old
}

func Main() {
	t := fresh()
	fmt.Println(t.mid.clear(t), t.mid == nil)
	t = fresh()
	fmt.Println(t.list[0].clear(t), t.list == nil)
	t = fresh()
	fmt.Println(t.m["a"].clear(t), t.m == nil)
	t = fresh()
	t.fn = func(v int) int { t.fn = nil; t = nil; return yield(v) }
	fmt.Println(t.fn(2), t == nil)
	t = fresh()
	t.i = &clearing{t, &t}
	fmt.Println(t.i.step(3), t == nil)
	t = fresh()
	fmt.Println(get(&t).mid.leaf.step(4), t == nil)
	t = fresh()
	u := t
	fmt.Println(get(&t).list[0].value(5), get(&u).m["a"].n)
	p := &t
	*p = fresh()
	fmt.Println((*p).mid.leaf.clear(*p), *p != nil)
	fmt.Println(global.mid.step(6), global.mid.clear(global), global.mid)

	// The receiver is dead after the call, and of no use on resume.
	func() {
		x := fresh()
		r := x.mid.leaf.step(7)
		r += yield(r)
		fmt.Println(r)
	}()
	for l := (&list{3, &list{2, nil}}); l != nil; l = l.next {
		l.visit(&l)
		if l == nil {
			fmt.Println("cut off")
			break
		}
	}
}

type clearing struct {
	t *top
	p **top
}

func (c *clearing) step(v int) int { c.t.i = nil; *c.p = nil; c.t = nil; return yield(v) }

type list struct {
	n    int
	next *list
}

func (l *list) visit(p **list) {
	fmt.Println("visit", l.n, yield(l.n))
	if l.n == 2 {
		*p = nil
		yield(8)
	}
}
