// run

// Assignments in two phases, with operators, to everything that can be assigned to,
// and when they panic.
package main

import "fmt"

func y(v int) int { fmt.Println("y", v); return 2*v + 1 }

type P struct{ x, y int }
type N struct {
	p  *P
	m  map[string]int
	a  [4]int
	s  []int
	in P
}

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "panic:", r)
		}
	}()
	f()
}

func two() (int, int)             { return y(1), y(2) }
func three() (a, b int, c string) { return y(3), y(4), "c" }
func ip(p *int) *int              { fmt.Println("ip", *p); return p }
func np(n *N) *N                  { fmt.Println("np"); return n }

func main() {
	a := []int{1, 2, 3, 4}
	i := 0
	a[i], i = i, y(0)
	fmt.Println(a, i)
	i, a[i] = y(0), 9
	fmt.Println(a, i)
	i, a[y(0)] = 2, i+y(1)
	fmt.Println(a, i)
	a[0], a[1], a[y(0)+1] = a[1], a[y(0)], a[0]
	fmt.Println(a)
	a[i], a[i+1] = two()
	fmt.Println(a)
	n := &N{p: &P{}, m: map[string]int{}, s: a}
	n.p.x, n.m["k"], n.a[y(0)] = three3()
	fmt.Println(*n.p, n.m, n.a)
	np(n).p.y, *ip(&i), np(n).m[fmt.Sprint(y(1))] = y(5), y(6), y(7)
	fmt.Println(*n.p, n.m, i)
	var s string
	n.in.x, _, s = three()
	fmt.Println(n.in, s)
	_, _ = y(1), y(2)
	_ = y(3)
	var _, q = y(4), y(5)
	var r, _ int = two()
	fmt.Println(q, r)
	// op-assign
	i = 0
	a[i] += y(i)
	a[y(0)] += y(1)
	n.m["z"] += y(2)
	n.m[fmt.Sprint(y(1))] *= y(3)
	n.p.x -= y(4)
	np(n).p.y |= y(5)
	*ip(&i) <<= y(1)
	n.a[y(1)&3] %= y(1)
	s += fmt.Sprint(y(6))
	a[y(0)]++
	n.m[fmt.Sprint(y(9))]++
	np(n).in.x--
	fmt.Println(a, n.m, *n.p, n.a, n.in, s, i)
	x := 10
	f := func() int { x += 5; return y(x) }
	x += f()
	fmt.Println(x)
	x = x + f()
	fmt.Println(x)
	x -= f() + f()
	fmt.Println(x)
	try("nil map", func() {
		var m map[string]int
		m["a"] = y(1)
	})
	try("nil map op", func() {
		var m map[string]int
		m["a"] += y(1)
	})
	try("nil ptr", func() {
		var p *P
		p.x = y(1)
	})
	try("nil ptr op", func() {
		var p *P
		p.x += y(1)
	})
	try("nil ptr pair", func() {
		var p *P
		p.x, a[0] = y(1), y(2)
	})
	try("index", func() {
		var a []int
		a[5] = y(1)
	})
	try("index2", func() {
		a[y(3)], x = y(1), y(2)
		fmt.Println("unreached")
	})
	fmt.Println(a, x)
	try("index3", func() { a[0], a[y(8)] = 100, y(1) })
	fmt.Println(a)
	try("array op", func() { n.a[y(7)] += y(1) })
	try("div", func() { z := 0; a[0] /= z; y(1) })
	try("div2", func() { z := y(0) - 1; a[0], a[1] = 7, y(5)/z })
	try("nested nil", func() {
		n := &N{}
		n.p.x = y(2)
	})
	try("assert", func() {
		var e any = "s"
		a[0] = e.(int) + y(1)
	})
	try("assert2", func() {
		var e any = "s"
		a[0] = y(1) + e.(int)
	})
	v, ok := any(y(1)).(int)
	fmt.Println(v, ok)
	_, ok = any(y(1)).(string)
	n.m["ok"], ok = n.m[fmt.Sprint(y(1))]
	fmt.Println(ok, n.m)
	var arr [3][3]int
	arr[y(0)][y(0)] = y(1)
	arr[1][2], arr[2][1] = arr[y(0)][1]+1, arr[1][y(0)]+2
	fmt.Println(arr)
	parr := &arr
	parr[0][y(0)&1]++
	parr2 := func() *[3][3]int { y(50); return parr }
	parr2()[y(0)][y(0)] += parr2()[1][1]
	fmt.Println(arr)
	var st struct {
		P
		*N
	}
	st.N = n
	st.x, st.N.in.y = y(1), y(2)
	st.P, st.P.x = P{1, 2}, y(9)
	fmt.Println(st.P, n.in)
	var e1, e2 any
	e1, e2 = y(1), "x"+fmt.Sprint(y(2))
	e1, e2 = e2, e1
	fmt.Println(e1, e2)
	ptr := &x
	*ptr, ptr = y(1), &i
	*ptr = y(100)
	fmt.Println(x, i)
	mm := map[P]map[string][]int{}
	mm[P{y(0), 1}] = map[string][]int{"a": {y(1)}}
	mm[P{1, 1}]["a"][y(0)-1] += y(2)
	mm[P{1, 1}]["b"] = append(mm[P{1, 1}]["a"], y(3))
	fmt.Println(mm)
	sw1, sw2 := 1, 2
	sw1, sw2 = sw2, sw1
	sw1, sw2 = sw2+y(0), sw1
	fmt.Println(sw1, sw2)
	k := 0
	k, k = y(1), y(2)
	fmt.Println(k)
	var fn func(int) int
	fn, k = func(v int) int { return y(v) }, y(1)
	fmt.Println(fn(k))
	p, p2 := &P{1, 2}, &P{3, 4}
	p, p.x = p2, y(1)
	fmt.Println(*p, *p2)
	a[y(0)], a = y(7), nil
	fmt.Println(a)
	s1 := []int{1, 2, 3}
	s1, s1[y(0)] = nil, 50
	b1 := []byte("abc")
	b1[y(0)], b1 = 'X', append(b1, "def"[y(0)])
	fmt.Println(string(b1))
	for i, a := 0, []int{1, 2, 3}; i < len(a); i, a = i+y(0), a[:len(a)-y(0)+1] {
		fmt.Println(i, a)
	}
	const c1, c2 = 1 << 3, "x"
	var u8 uint8 = 200
	u8 += uint8(y(30))
	fmt.Println(u8, c1, c2)
	var i64 int64 = 1 << y(2)
	i64 <<= y(1)
	var f32 float32 = float32(y(1)) / 2
	f32 *= float32(y(2))
	fmt.Println(i64, f32)
	var cc complex128
	cc += complex(float64(y(1)), 2)
	fmt.Println(cc)
}

func three3() (int, int, int) { return y(3), y(4), y(5) }
