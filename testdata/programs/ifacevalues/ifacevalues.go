// Interfaces that hold pointers and ones that hold values: what a method changes,
// what a copy is, comparison, and conversion between interface types across
// suspensions.
package ifacevalues

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type counter interface {
	inc() int
	get() int
}
type val struct{ n int }
type ptr struct{ n int }
type mixed struct{ n *int }

func (v val) inc() int   { v.n += yield(v.n); return v.n }
func (v val) get() int   { return v.n }
func (p *ptr) inc() int  { p.n += yield(p.n); return p.n }
func (p *ptr) get() int  { return p.n }
func (m mixed) inc() int { *m.n += yield(*m.n); return *m.n }
func (m mixed) get() int { return *m.n }

type pair struct {
	a, b counter
	any
}

func Main() {
	n := 1
	v, p, m := val{1}, &ptr{1}, mixed{&n}
	cs := []counter{v, &v, p, m, &m}
	for i, c := range cs {
		fmt.Println(i, c.inc(), c.get())
	}
	v.n = 50
	p.n = 60
	for i, c := range cs {
		fmt.Println(i, c.get(), yield(i))
	}
	a, b := cs[0], cs[2]
	yield(5)
	fmt.Println(a == counter(val{1}), b == counter(p), b == counter(&ptr{60}), cs[1] == counter(&v), cs[3] == counter(mixed{&n}))
	x := pair{a, b, p}
	y := x
	y.b.inc()
	y.a = &ptr{7}
	yield(6)
	fmt.Println(x.b.get(), x.a.get(), y.a.get(), x == y, x.any == y.any)

	// Every kind of dynamic value survives with its type.
	vals := []any{
		true, 'x', int8(-1), uint64(1 << 63), 1.5, float32(0.1), complex(1, 2), "s", [2]int{1, 2}, struct{ a int }{3},
		[]string{"a"}, map[string]int{"k": 1}, &n, nil, val{8}, error(nil), errors.New("e"), any(any(9)), uintptr(5),
	}
	yield(7)
	for _, v := range vals {
		if p, ok := v.(*int); ok {
			fmt.Println("pointer", p == &n)
			continue
		}
		fmt.Printf("%T %v\n", v, v)
		yield(0)
	}
	func() {
		defer func() { fmt.Println(recover()) }()
		var f, g any = []int{1}, []int{1}
		yield(8)
		fmt.Println(f == g)
	}()
	keys := map[any]int{val{1}: 1, "val": 2, [1]any{3}: 3, counter(val{2}): 4}
	yield(9)
	fmt.Println(keys[val{1}], keys["val"], keys[[1]any{3}], keys[val{2}], keys[val{3}])
	var e error = err{}
	var f error = (*perr)(nil)
	yield(10)
	fmt.Println(e, e == err{}, f != nil, f.(*perr) == nil)
	var c counter
	var i any = c
	yield(11)
	_, ok := i.(counter)
	fmt.Println(i == nil, ok)
}

type err struct{}

func (err) Error() string { return "err" }

type perr struct{}

func (*perr) Error() string { return "perr" }
