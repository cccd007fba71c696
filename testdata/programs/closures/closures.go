// Closures that capture by reference and by value, and what they share across
// suspensions.
package closures

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func counter(start int) (inc func(int) int, get func() int) {
	n := start
	inc = func(by int) int {
		n += yield(by)
		return n
	}
	get = func() int { return n }
	return inc, get
}

func params(a int, b []int, c struct{ n int }) func() string {
	return func() string {
		a++
		b[0] += a
		c.n += yield(a)
		return fmt.Sprint(a, b, c.n)
	}
}

func results(v int) (n int, f func() int) {
	f = func() int {
		n += yield(v)
		return n
	}
	n = v
	return n * 2, f
}

type pt struct{ x, y int }

func (p *pt) closure() func(int) int {
	return func(v int) int { p.x += yield(v); return p.x + p.y }
}
func (p pt) valueClosure() func(int) int {
	return func(v int) int { p.x += yield(v); return p.x + p.y }
}

func Main() {
	// Two closures share one variable.
	inc, get := counter(10)
	fmt.Println(get(), inc(1), get(), inc(2), get())
	inc2, get2 := counter(100)
	fmt.Println(inc2(3), get(), get2())

	s := []int{1}
	f := params(1, s, struct{ n int }{5})
	fmt.Println(f(), f(), s)
	n, g := results(3)
	fmt.Println(n, g(), g(), n)

	p := pt{1, 2}
	m, v := p.closure(), p.valueClosure()
	p.y = 100
	fmt.Println(m(1), v(1), p)

	// Never assigned again: captured by value; assigned after: by reference.
	x := yield(4)
	y := yield(5)
	show := func() string { return fmt.Sprint(x, y, yield(6)) }
	y++
	fmt.Println(show(), x, y)

	// Three levels, of which only the innermost uses the variable.
	z := 1
	func() {
		func() {
			func() { z += yield(z) }()
		}()
		z += yield(z)
	}()
	fmt.Println(z)

	// The closure is called while the owner is suspended in another call.
	log := []string{}
	add := func(s string) { log = append(log, s) }
	run := func(f func(string), v int) int {
		f(fmt.Sprint("before ", v))
		r := yield(v)
		f(fmt.Sprint("after ", r))
		return r
	}
	add("start")
	r := run(add, 1) + run(func(s string) { add("wrapped " + s) }, 2)
	fmt.Println(log, r)

	// Shared with a pointer, and through a struct that holds the closure.
	w := 1
	pw := &w
	holder := struct {
		set func(int)
		ptr *int
	}{func(v int) { w = yield(v) }, &w}
	holder.set(7)
	*pw++
	fmt.Println(w, *holder.ptr)
	*holder.ptr = 0
	yield(8)
	fmt.Println(w, *pw, pw == holder.ptr)

	// A variable of an inner block, alive through its closure only.
	var fs []func() int
	{
		k := yield(9)
		fs = append(fs, func() int { k++; return k }, func() int { return yield(k) })
	}
	fs[0]()
	fmt.Println(fs[1](), fs[0](), fs[1]())

	// Captured before it is assigned.
	var late func() int
	call := func() int { return late() }
	late = func() int { return yield(11) }
	fmt.Println(call())
	late = func() int { return 0 }
	fmt.Println(call(), yield(12))

	// Shadowed inside of the literal.
	sh := 1
	func(sh int) {
		sh += yield(sh)
		{
			sh := sh + 1
			sh++
			yield(sh)
		}
		fmt.Println("inner", sh)
	}(sh + 1)
	fmt.Println("outer", sh)
}
