// Anonymous struct types that embed interfaces and types that suspend, called
// directly, through interfaces and as method values.
//
// No method can be declared on an anonymous struct type, so another type has the twins
// that keep the names of methods and twins together.
package embedanon

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stepper interface{ step(int) int }

type slow struct{ n int }

func (s *slow) step(v int) int { s.n += yield(v); return s.n }

func run(s stepper) int { return s.step(1) + s.step(2) }

func Main() {
	s := &slow{}
	a := struct{ *slow }{s}
	fmt.Println(a.step(1), run(a))
	b := struct {
		stepper
		tag string
	}{s, "tag"}
	fmt.Println(b.step(3), b.tag)
	fmt.Println(run(b))
	f := b.step
	b.stepper = nil
	fmt.Println(f(4), yield(5))
	var r stepper = &struct {
		tag int
		*slow
	}{1, s}
	fmt.Println(r.step(6))
	plain()
	nested(s)
	fmt.Println(any(a) == any(struct{ *slow }{s}), fmt.Sprintf("%T", r))
}

// quick has a method of the name that does not suspend: a twin further down must not
// be found in its place.
type quick struct{ n int }

func (q quick) step(v int) int { return q.n + v }

type deeper struct{ *slow }

func plain() {
	s := struct {
		quick
		deeper
	}{quick{100}, deeper{&slow{}}}
	fmt.Println(run(s), run(&s), run(s.deeper))
	var i stepper = struct{ quick }{quick{7}}
	fmt.Println(i.step(yield(7)))
	func() {
		defer func() { fmt.Println("recovered", recover() != nil) }()
		run(struct{ stepper }{})
	}()
}

type named struct {
	struct1 struct{ stepper }
}

func nested(s *slow) {
	n := named{struct{ stepper }{struct {
		stepper
		int
	}{s, 1}}}
	fmt.Println(run(n.struct1))
	list := []stepper{n.struct1, struct{ quick }{}, &n.struct1}
	for _, x := range list {
		fmt.Println(run(x))
	}
	var e interface{ step(int) int } = map[string]struct{ stepper }{"a": {s}}["a"]
	f := e.step
	fmt.Println(f(8))
	defer e.step(9)
}
