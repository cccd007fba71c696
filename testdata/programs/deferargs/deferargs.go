// The function value and the arguments of a deferred call are evaluated at the
// defer statement, in order, and may suspend there; the call happens at the end.
package deferargs

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func show(name string, v ...any) { fmt.Println(append([]any{name}, v...)...) }
func slow(name string, v int)    { fmt.Println(name, v, yield(v)) }

type obj struct{ n int }

func (o obj) value(v int)       { fmt.Println("value", o.n, v, yield(v)) }
func (o *obj) pointer(v int)    { fmt.Println("pointer", o.n, v, yield(v)) }
func (o *obj) chain(v int) *obj { o.n += yield(v); return o }

type iface interface{ value(int) }

func pick(name string, v int) func(string, int) {
	fmt.Println("pick", name)
	yield(v)
	return slow
}

func one() {
	x := 1
	defer show("show", x, yield(x), x)
	x = 2
	defer slow("slow", x)
	x = 3
	defer slow("nested", yield(x))
	defer pick("pick", 4)("picked", yield(5))
	o := obj{10}
	defer o.value(1)
	defer o.pointer(2)
	o.n = 20
	p := &o
	defer p.value(3)
	defer p.chain(1).pointer(yield(4))
	p = nil
	var i iface = o
	defer i.value(5)
	i = nil
	f := slow
	defer f("func", 6)
	f = nil
	defer func(v int) { fmt.Println("literal", v, x, yield(x)) }(x)
	x = 100
	s := []int{1, 2}
	defer show("slice", s, s[0])
	s[0] = 50
	defer show("spread", any(s[1]), []any{yield(7)})
	args := []any{1, 2}
	defer show("args", args...)
	args[0] = "changed"
	args = nil
}

func two() (s string) {
	defer func(p *string) { *p += fmt.Sprint("!", yield(1)) }(&s)
	defer fmt.Println("println", yield(2))
	m := map[string]int{"a": 1, "b": 2}
	defer func() { fmt.Println(len(m), yield(len(m))) }()
	defer delete(m, "a")
	defer (*obj).pointer(&obj{1}, 8)
	defer obj.value(obj{2}, yield(9))
	yield(4)
	return "result"
}

func Main() {
	one()
	fmt.Println(two())
	defer slow("last", yield(0))
	fmt.Println("end")
}
