// Types declared in functions embed interfaces and types that suspend, or hide them.
package localmasks

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stepper interface{ step(int) int }

type slow struct{ n int }

func (s *slow) step(v int) int { s.n += yield(v); return s.n }

type fast struct{ n int }

func (f fast) step(v int) int { return f.n + v }

func run(s stepper) int { return s.step(1) + s.step(2) }

// No function here suspends but through what it is given.
func plain(s stepper) stepper {
	type hidden struct {
		name string
		stepper
	}
	return hidden{"plain", s}
}

func generic[T any, S stepper](x T, s S) (string, int) {
	type inner struct{ stepper }
	type outer[U any] struct {
		inner
		x T
		u U
	}
	o := &outer[string]{inner{s}, x, "u"}
	return fmt.Sprint(o.x, o.u), run(o)
}

// The method of the local type hides that of the type that it embeds twice removed.
func hide(s *slow) int {
	type deep struct{ *slow }
	type both struct {
		deep
		fast
	}
	type over struct {
		both
		fast
	}
	o := over{both{deep{s}, fast{1}}, fast{2}}
	return run(o) + o.both.deep.step(7)
}

func Main() {
	s := &slow{}
	type local struct {
		stepper
		tag string
	}
	l := local{s, "tag"}
	fmt.Println(l.step(3), run(l), run(&l), l.tag)
	fmt.Println(run(plain(s)), run(plain(fast{1})), run(plain(plain(s))))
	fmt.Println(generic(1, s))
	fmt.Println(generic("x", stepper(fast{2})))
	fmt.Println(hide(s))
	f := func() stepper {
		type local struct{ local2 stepper }
		type again struct{ stepper }
		yield(1)
		return again{local{s}.local2}
	}
	fmt.Println(run(f()))
	func() {
		defer func() { fmt.Println(recover()) }()
		type empty struct{ stepper }
		yield(2)
		run(empty{})
	}()
}
