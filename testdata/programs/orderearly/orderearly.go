// Operands that gc evaluates in their place, before the calls to their right:
// type assertions, lengths, slice expressions, elements of map literals and
// switch tags. Method values and the receivers of interface methods are among
// them in name only: gc reads them after the last call, like variables.
//
// The counterpart of orderlate: a compiler that leaves everything behind the
// hoisted call would read the first ones too late.
package orderearly

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type namer interface{ name(...int) string }
type dog struct{ n int }
type cat struct{ n int }

func (d dog) name(v ...int) string  { return fmt.Sprint("dog ", d.n, v) }
func (c *cat) name(v ...int) string { return fmt.Sprint("cat ", c.n, v) }
func (c cat) copied(v ...int) string {
	return fmt.Sprint("copied ", c.n, v, yield(c.n))
}

func show(v ...any) { fmt.Println(v...) }

func Main() {
	s := []int{1, 2, 3}
	str := "abc"
	var x any = 1
	var n namer = dog{1}
	c := &cat{1}
	change := func(v int) int {
		s = append(s[:1:1], 9)
		str = "z"
		x = "changed"
		n = &cat{2}
		c.n++
		return yield(v)
	}
	show(len(s), len(str), x.(int), change(1), len(s), len(str), x.(string))
	s, str, x, n = []int{1, 2, 3}, "abc", 1, dog{1}
	show(s[1:], str[:2], change(2), s[1:], str[:1])
	s, str, x, n = []int{1, 2, 3}, "abc", 1, dog{1}
	show(cap(s[:1:2]), n.name(), change(3), n.name())
	s, str, x, n = []int{1, 2, 3}, "abc", 1, dog{1}
	show(n.name(change(4)))
	// A method value binds its receiver when it is evaluated: after the call.
	s, str, x, n = []int{1, 2, 3}, "abc", 1, dog{1}
	call := func(f, g func(...int) string, v int) string { return f(v) + g(v) }
	show(call(n.name, c.copied, change(5)))
	show(call(n.name, c.name, change(6)))
	// A map literal's elements are evaluated in place.
	m := map[int]int{1: c.n, change(7): 2, 3: c.n}
	show(m)
	// A switch tag is evaluated before the cases.
	switch c.n {
	case change(8), 10:
		show("late")
	default:
		show("early", c.n)
	}
	// A failed type assertion comes before the call to its right.
	func() {
		defer func() { fmt.Println("recovered", recover() != nil) }()
		show(x.(float64), change(9))
	}()
	// Comma-ok forms in a declaration beside a call.
	var v, ok = x.(string)
	show(v, ok, yield(10))
}
