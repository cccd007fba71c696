// Func values of methods and of instances of generic functions that recover: deferred by
// functions that may suspend, by ones that may not, and not deferred. They find the panic
// exactly where the Go runtime would have called the method itself.
package recovermethodvalue

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type finisher interface{ finish(string) int }

type slow struct{ out *string }

func (s *slow) finish(name string) int {
	n := yield(1)
	if r := recover(); r != nil {
		*s.out += fmt.Sprint(name, ":", r, n, yield(2), recover())
	}
	return n
}

type quick struct{ out *string }

func (q quick) finish(name string) int {
	if r := recover(); r != nil {
		*q.out += fmt.Sprint(name, ":", r, recover())
	}
	return 7
}

// sometimes leaves the panic alone, or panics anew.
type sometimes struct {
	out *string
	how int
}

func (s *sometimes) finish(name string) int {
	*s.out += name
	switch s.how {
	case 0:
	case 1:
		panic(errors.New("another"))
	case 2:
		*s.out += fmt.Sprint(recover())
		yield(3)
		panic("again")
	case 3:
		func() { *s.out += fmt.Sprint("nested:", recover()) }()
	}
	return yield(4)
}

type neither int

func (n neither) finish(string) int { return yield(int(n)) }

type embeds struct{ finisher }

func deferred(f finisher, v int) (r any) {
	defer func() { r = recover() }()
	finish := f.finish
	defer finish("d")
	if yield(v) > 4 {
		panic(fmt.Sprint("panic ", v))
	}
	return "none"
}

// called calls the value, which is not to find the panic then.
func called(f finisher, v int) (r any) {
	defer func() { r = fmt.Sprint(recover()) }()
	finish := f.finish
	defer func() { finish("c") }()
	finish("f")
	panic(yield(v))
}

func expression(f finisher, v int) (r any) {
	defer func() { r = recover() }()
	finish := finisher.finish
	defer finish(f, "e")
	panic(yield(v))
}

// plain cannot suspend.
func plain(q quick, v any) {
	finish := q.finish
	defer finish("p")
	panic(v)
}

type box[T any] struct {
	value T
	out   *string
}

func (b *box[T]) finish() {
	yield(5)
	*b.out += fmt.Sprint(b.value, recover(), yield(6))
}

func generic[T any](out *string, v T) {
	b := &box[T]{v, out}
	f, g := b.finish, (*box[T]).finish
	func() {
		defer f()
		panic(yield(7))
	}()
	func() {
		defer g(b)
		panic(yield(8))
	}()
}

func catch[T any](out *string) {
	var zero T
	n := yield(9)
	*out += fmt.Sprintf("%T %v %d", zero, recover(), n)
}

func constrained[F finisher](f F, v int) {
	finish := f.finish
	defer finish("t")
	panic(yield(v))
}

func exits(out *string) {
	finish := (&slow{out}).finish
	defer finish("x")
	yield(10)
	runtime.Goexit()
}

func Main() {
	out := ""
	show := func(a ...any) {
		fmt.Println(append(a, out)...)
		out = ""
	}
	all := []finisher{&slow{&out}, quick{&out}, neither(10), embeds{&slow{&out}}, &embeds{quick{&out}}}
	for how := range 4 {
		all = append(all, &sometimes{&out, how})
	}
	for i, f := range all {
		show("deferred", i, deferred(f, 2))
		show("not", i, deferred(f, 1))
		show("called", i, called(f, 3))
		show("expression", i, expression(f, 4))
	}
	plain(quick{&out}, "text")
	show()
	plain(quick{&out}, nil)
	show()
	generic(&out, "s")
	generic(&out, 1)
	show()
	func() {
		f := catch[map[string]int]
		defer f(&out)
		panic(yield(11))
	}()
	show()
	constrained(&slow{&out}, 12)
	show()
	constrained(quick{&out}, 13)
	show()
	func() {
		defer func() { fmt.Println(recover()) }()
		var none finisher
		f := none.finish
		defer f("none")
		yield(14)
	}()
	defer func() { show("exit") }()
	exits(&out)
}
