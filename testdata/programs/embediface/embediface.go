// Structs that embed interfaces: the promoted methods are those of the dynamic
// value, and the interface has no twin in its method set.
package embediface

import (
	"fmt"
	"sort"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stepper interface {
	step(int) int
	name() string
}

type slow struct{ n int }

func (s *slow) step(v int) int { s.n += yield(v); return s.n }
func (s *slow) name() string   { return "slow" }

type fast int

func (f fast) step(v int) int { return int(f) + v }
func (f fast) name() string   { return "fast" }

// logged forwards name and overrides step.
type logged struct {
	stepper
	calls int
}

func (l *logged) step(v int) int {
	l.calls++
	return l.stepper.step(v) * 10
}

// plain only embeds.
type plain struct{ stepper }

// twice embeds through a pointer and a struct.
type twice struct {
	*plain
	int
}

type both struct {
	stepper
	sort.Interface
}

func run(s stepper) string {
	return fmt.Sprint(s.name(), " ", s.step(1), " ", s.step(2))
}

type inner interface{ stepper }
type viaInner struct{ inner }

func Main() {
	s := &slow{}
	fmt.Println(run(s), run(fast(5)))
	fmt.Println(run(plain{s}), run(&plain{fast(6)}), run(twice{&plain{s}, 1}))
	l := &logged{stepper: s}
	fmt.Println(run(l), l.calls, run(plain{l}), run(viaInner{l}), l.calls)
	p := plain{s}
	fmt.Println(p.step(3), p.name(), twice{&p, 2}.step(4))
	f := p.step
	p.stepper = fast(7)
	fmt.Println(f(5), p.step(5), plain.step(p, 6))
	b := both{s, sort.IntSlice{3, 1}}
	sort.Sort(b)
	fmt.Println(b.step(yield(1)), b.Len(), b.Interface)
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		var p plain
		yield(8)
		p.step(9)
	}()
}
