// Short-circuit operators whose right side suspends: it must not be evaluated
// when the left side decides.
package shortcircuit

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type person struct {
	age    int
	parent *person
}

func (p *person) ok() bool { return yield(p.age) > 20 }

type flag bool

func is(name string, b bool) bool {
	yield(len(name))
	fmt.Println("asked", name)
	return b
}

func typed(name string, b flag) flag { return flag(is(name, bool(b))) }

func show(a, b, c any) { fmt.Println(a, b, c) }

func Main() {
	var p *person
	fmt.Println(p != nil && p.ok())
	fmt.Println(p == nil || p.ok())
	p = &person{age: 30}
	fmt.Println(p != nil && p.ok(), p.parent != nil && p.parent.ok())
	if p.parent != nil && p.parent.ok() || p.ok() && !(p.age > 40 || p.ok()) {
		fmt.Println("yes")
	} else {
		fmt.Println("no")
	}
	for _, t := range []bool{false, true} {
		for _, u := range []bool{false, true} {
			fmt.Println(is("a", t) && is("b", u) || is("c", !t) && !is("d", u))
			fmt.Println(is("a", t) && (is("b", u) || is("c", !t)) && !is("d", u))
			fmt.Println(!(is("a", t) || is("b", u)) == (is("c", t) && is("d", u)))
			show(is("a", t) || is("b", u), is("c", t) && is("d", u), is("e", t))
		}
	}
	for q := p; q != nil && q.ok(); q = q.parent {
		fmt.Println("loop", q.age)
	}
	var f flag = typed("x", true) && typed("y", false)
	g := f || typed("z", true)
	fmt.Printf("%v %T %v\n", f, g, g)
	var i any = is("x", true) && 1 < 2
	fmt.Printf("%v %T\n", i, i)
	b := []bool{false, true}
	b[yield(0)] = is("left", false) || is("right", false)
	fmt.Println(b)
	b[0] = b[0] || b[1] && is("no", true) || is("yes", true)
	fmt.Println(b)
	switch x := yield(1); {
	case x > 5 && is("big", true):
	case x > 2 && is("middle", true):
		fmt.Println("case")
	}
	func(vs ...bool) { fmt.Println(vs) }(false && is("never", true), true || is("never", true), true && is("always", false))
	return
}
