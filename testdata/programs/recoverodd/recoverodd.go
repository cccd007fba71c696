// Recover called in unusual ways: deferred itself, as an argument of a deferred
// call, through wrappers that the compiler makes (promoted methods, value
// methods behind pointers and interfaces, method values and expressions), in
// generic functions, by functions that suspend before and after.
package recoverodd

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type catcher struct{ out *string }

func (c catcher) catch(name string) {
	if r := recover(); r != nil {
		*c.out += fmt.Sprint(name, ":", r, " ")
	}
}

func (c *catcher) slow(name string) {
	n := yield(1)
	if r := recover(); r != nil {
		*c.out += fmt.Sprint(name, ":", r, n, " ")
	}
	yield(2)
}

type embedded struct{ catcher }
type pointer struct{ *catcher }
type iface interface {
	catch(string)
	slow(string)
}
type viaIface struct{ iface }

func generic[T any](out *T, v T) {
	if recover() != nil {
		*out = v
	}
}

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "not recovered:", r, yield(0))
		}
	}()
	f()
	fmt.Println(name, "returned")
}

func nested() (s string) {
	defer func() {
		defer func() {
			s += fmt.Sprint("inner ", recover())
		}()
		s += fmt.Sprint("outer ", recover(), " ")
		panic(fmt.Sprint("second ", yield(3)))
	}()
	panic("first")
}

func Main() {
	out := ""
	c := catcher{&out}
	e, p := embedded{c}, pointer{&c}
	var i iface = &c
	w := viaIface{i}
	try("builtin", func() {
		defer recover()
		yield(4)
		panic("p")
	})
	try("argument", func() {
		defer fmt.Println("argument is", recover(), yield(5))
		panic("p")
	})
	for name, f := range []func(){
		func() { defer c.catch("value"); panic(yield(6)) },
		func() { defer (&c).catch("pointer to value"); panic(yield(7)) },
		func() { defer c.slow("slow"); panic(yield(8)) },
		func() { defer e.catch("promoted"); panic(yield(9)) },
		func() { defer e.slow("promoted slow"); panic(yield(10)) },
		func() { defer p.catch("promoted pointer"); panic(yield(11)) },
		func() { defer p.slow("promoted pointer slow"); panic(yield(12)) },
		func() { defer i.catch("interface"); panic(yield(13)) },
		func() { defer w.catch("embedded interface"); panic(yield(15)) },
		func() { defer catcher.catch(c, "expression"); panic(yield(19)) },
		func() { defer (*catcher).slow(&c, "expression slow"); panic(yield(20)) },
		func() { defer iface.catch(i, "interface expression"); panic(yield(21)) },
		func() { defer generic(&out, out+"generic "); panic(yield(22)) },
		func() { defer func() { c.catch("indirect") }(); panic(yield(23)) },
		func() { defer func() { func() { recover() }() }(); panic(yield(24)) },
	} {
		try(fmt.Sprint(name), f)
		fmt.Println(out)
		out = ""
	}
	fmt.Println(nested())
	c.catch("no panic")
	c.slow("no panic")
	fmt.Println(out == "", recover())
}
