// Anonymous struct types that embed interfaces and types that suspend, called
// directly, through interfaces and as method values.
//
// No method can be declared on an anonymous struct type, so there is no place
// for a forwarding twin unless the compiler gives the type a name.
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
}
