// run

// Local variables with the names of predeclared identifiers and packages, shadowed
// results, blanks, iota, anonymous structs.
package main

import (
	"fmt"

	str "strings"
)

func y(v int) int { fmt.Println("y", v); return 2*v + 1 }

func locals() {
	true := false
	nil := 5
	len := func(x int) int { return y(x) }
	append := "append"
	string := 3
	int := "int"
	error := 1.5
	any := []bool{true}
	iota := 7
	make, new, cap, copy, delete := 1, 2, 3, 4, 5
	fmt.Println(true, nil, len(nil), append, string, int, error, any, iota, make+new+cap+copy+delete)
	{
		panic := func(s any2) { fmt.Println("panic", s, y(1)) }
		recover := func() any2 { return y(2) }
		panic(recover())
		print := y(3)
		println := y(4)
		min, max, clear := 1, 2, y(5)
		fmt.Println(print, println, min, max, clear)
	}
	byte, rune, uint8 := 'a', "rune", y(6)
	bool, float64, complex128 := 1, 2, 3
	complex, real, imag, close := 4, 5, 6, 7
	comparable, false, uintptr := 8, y(9) == 19, 10
	fmt.Println(byte, rune, uint8, bool, float64, complex128, complex, real, imag, close, comparable, false, uintptr)
}

type any2 = interface{}

func packages() {
	os := y(1)
	str := []any2{os, str.ToUpper("a")}
	for i, fmt := range str {
		println := fmt
		y(i)
		_ = println
	}
	fmt.Println(os, str)
	coroc := y(2)
	runtime := y(3)
	coroutine := y(4)
	fmt.Println(coroc, runtime, coroutine)
	if fmt := fmt.Sprint(y(5)); fmt != "" {
		str := fmt
		y(6)
		_ = str
	}
	c, frame, twin, ok, defers, recovers, t_1, site_1, loop_1 := y(1), y(2), y(3), y(4), y(5), y(6), y(7), y(8), y(9)
	fmt.Println(c, frame, twin, ok, defers, recovers, t_1, site_1, loop_1)
	durable_y, Durable_y, durable_main := 1, 2, y(3)
	fmt.Println(durable_y, Durable_y, durable_main)
}

func results(n int) (r int, err error) {
	if r := y(n); r > 5 {
		err := fmt.Errorf("e%d", r)
		return r, err
	}
	r = 7
	{
		r, err := y(1), error(nil)
		_, _ = r, err
	}
	defer func() {
		r := r
		r++
		y(r)
	}()
	func() (r int) {
		defer func() { r += y(2) }()
		return y(3)
	}()
	return
}

func params(x int, xs ...int) (x2 int) {
	x, x2 = x+y(x), x
	for x, xs := range xs {
		xs := xs + y(x)
		x2 += xs
	}
	f := func(x int) int { x += y(x); return x }
	return f(x) + x2
}

func blanks(_ int, _ string, z int) (_ int, _ error) {
	_ = y(z)
	var _ = y(1)
	const _ = iota
	type _ struct{}
	_, a := y(2), y(3)
	for _ = range 2 {
		y(a)
	}
	for _, _ = range []int{1} {
		y(5)
	}
	var _, _ int = y(6), y(7)
	func(_, _ int) { y(8) }(1, y(9))
	return y(a), nil
}

type S struct {
	_ int
	a int
	_ string
}

func consts() {
	const (
		a = iota * 10
		b
		c = "s"
		d
		e, f = iota, iota + 1
		_, _
		g, h
	)
	type weekday uint8
	const (
		mon weekday = 1 << iota
		tue
		_
		thu
	)
	y(b)
	fmt.Println(a, b, c, d, e, f, g, h, mon, tue, thu)
	const big = 1 << 100
	fmt.Println(big>>98, y(big>>99))
	{
		const a = b + iota
		y(a)
		const b = a + 1
		fmt.Println(a, b)
	}
	const iota2 = iota
	fn := func() int {
		const c = len(c) + a
		return y(c)
	}
	fmt.Println(fn(), iota2)
}

func anon() {
	v := struct {
		a int
		b struct{ c []int }
	}{a: y(1)}
	v.b.c = append(v.b.c, y(2))
	w := v
	w.a++
	p := &struct{ S }{S{a: y(3)}}
	p.a += y(4)
	m := map[struct{ x, y int }]func() struct{}{{1, y(0)}: func() struct{} { y(5); return struct{}{} }}
	fmt.Println(v, w, p.a, m[struct{ x, y int }{1, 1}](), len(m))
	var i interface {
		A() int
	}
	fmt.Println(i == nil)
	fn := func(s struct{ n int }) struct{ m int } { return struct{ m int }{s.n + y(s.n)} }
	fmt.Println(fn(struct{ n int }{3}).m)
}

func main() {
	locals()
	packages()
	fmt.Println(results(1))
	fmt.Println(results(5))
	fmt.Println(params(1, 2, 3))
	fmt.Println(blanks(1, "", 2))
	consts()
	anon()
	fmt.Println(S{a: y(1)})
}
