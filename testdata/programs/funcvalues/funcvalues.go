// Func values in variables, maps, structs, slices, pointers and
// interfaces, called durably: literals, declared functions, standard library
// functions, nil.
package funcvalues

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func double(v int) int { return 2 * yield(v) }
func quiet(v int) int  { return -v }

type handler struct {
	name string
	fn   func(int) int
	next *handler
}

func (h *handler) run(v int) int {
	if h.next == nil {
		return h.fn(v)
	}
	return h.next.run(h.fn(v))
}

type table map[string]func(int) int

func compose(fs ...func(int) int) func(int) int {
	return func(v int) int {
		for _, f := range fs {
			v = f(v)
		}
		return v
	}
}

func choose(b bool) func(int) int {
	if yield(0); b {
		return double
	}
	return quiet
}

func curry(a int) func(int) func(int) int {
	return func(b int) func(int) int {
		b += yield(a)
		return func(c int) int { return a + b + yield(c) }
	}
}

var hook func(string) string
var global = double

func Main() {
	f := double
	fmt.Println(f(1), choose(true)(2), choose(false)(yield(3)))
	g := compose(double, quiet, func(v int) int { return v - yield(v) }, choose(true))
	fmt.Println(g(1))
	h := &handler{"a", double, &handler{"b", quiet, &handler{"c", g, nil}}}
	fmt.Println(h.run(1), h.next.fn(2), (*h.next.next).fn(0))
	t := table{"double": double, "quiet": quiet, "g": g}
	t["new"] = func(v int) int { return t["double"](v) + 1 }
	for _, k := range []string{"double", "g", "new", "quiet"} {
		fmt.Println(k, t[k](1))
	}
	fmt.Println(curry(1)(2)(3), global(4))
	var any any = f
	fmt.Println(any.(func(int) int)(5))
	s := []func(int) int{f, quiet, nil}
	for i, f := range s {
		if f != nil {
			s[i] = func(v int) int { return f(v) + i }
		}
	}
	fmt.Println(s[0](1), s[1](2), s[2] == nil)
	func() {
		defer func() { fmt.Println("recovered:", recover()) }()
		s[2](yield(6))
	}()
	hook = strings.ToUpper
	fmt.Println(hook("standard"), yield(7))
	hook = func(s string) string { return fmt.Sprint(s, yield(len(s))) }
	fmt.Println(hook("user"))
	up := strings.ToUpper
	fmt.Println(yield(8))
	fmt.Println(up("kept"), trimmed(strings.NewReplacer("a", "b").Replace, up))
	fmt.Println(func(v int) int { return yield(v) + 1 }(9))
	ptr := &f
	*ptr = quiet
	fmt.Println(f(10), (*ptr)(11), yield(12))
	// The leaf itself as a value.
	leaf := coroutine.Yield[int, int]
	fmt.Println(leaf(13), apply(coroutine.Yield[int, int], 14))
}

func trimmed(f func(string) string, g func(string) string) string {
	s := f("banana")
	return g(s)
}

func apply(f func(int) int, v int) int { return f(v) }
