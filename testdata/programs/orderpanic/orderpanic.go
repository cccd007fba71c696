// Run-time panics of plain operands come after the calls of the expression, and
// those of type assertions before the calls to their right; the effects of the
// calls that came first are seen.
package orderpanic

import (
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type node struct {
	n    int
	next *node
	arr  *[2]int
}

func (n node) value(v int) int    { return n.n + yield(v) }
func (n *node) pointer(v int) int { return yield(v) }

type iface interface{ value(int) int }

func ask(name string) int {
	v := yield(len(name))
	fmt.Println("called", name, v)
	return v
}

func try(name string, f func()) {
	defer func() {
		r := recover()
		if err, ok := r.(runtime.Error); ok {
			fmt.Println(name, "runtime error:", err.Error())
			return
		}
		fmt.Println(name, r)
	}()
	f()
	fmt.Println(name, "no panic")
}

func show(v ...any) {}

func array(a [4]int, n int) int { return a[0] + n }

func Main() {
	var (
		nilNode  *node
		nilSlice []int
		nilMap   map[string]int
		nilFunc  func(int) int
		nilIface iface
		zero     int
		anyValue any = "string"
	)
	try("field", func() { show(nilNode.n, ask("field")) })
	try("index", func() { show(nilSlice[0], ask("index")) })
	try("division", func() { show(1/zero, ask("division")) })
	try("nil map", func() { nilMap["a"] = ask("nil map") })
	try("left pointer", func() { nilNode.n = ask("left pointer") })
	try("left index", func() { nilSlice[0] = ask("left index") })
	try("left op", func() { nilNode.n += ask("left op") })
	try("nil func", func() { nilFunc(ask("nil func")) })
	try("nil interface", func() { nilIface.value(ask("nil interface")) })
	try("value method", func() { nilNode.value(ask("value method")) })
	try("pointer method", func() { nilNode.pointer(ask("pointer method")) })
	try("promoted path", func() { nilNode.next.pointer(ask("promoted path")) })
	try("assertion", func() { show(anyValue.(int), ask("assertion")) })
	try("late assertion", func() { show(ask("late assertion"), anyValue.(int)) })
	try("array pointer", func() { show(nilNode.arr[1], ask("array pointer")) })
	try("slice bounds", func() { show(nilSlice[:ask("slice bounds")]) })
	try("two", func() { ask("one"); show(ask("two"), nilSlice[ask("three")], ask("four")) })
	try("conversion", func() { array([4]int(nilSlice), ask("conversion")) })
	try("parallel", func() {
		var a [2]int
		var p *node
		defer func() { fmt.Println("array", a) }()
		a[0], p.n, a[1] = ask("parallel"), 1, 2
	})
	i := 5
	try("parallel index", func() {
		a := make([]int, 2)
		defer func() { fmt.Println("slice", a, i) }()
		i, a[i] = 1, ask("parallel index")
	})
	try("shift", func() { show(1<<(zero-1), ask("shift")) })
	try("makeslice", func() { show(make([]int, zero-ask("makeslice"))) })
}
