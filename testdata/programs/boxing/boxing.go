// Variables whose address is taken, openly or implicitly, and that live across a
// suspension: pointer-receiver calls, slices of arrays, strings.Builder, ranges
// over arrays by pointer, parameters and results.
package boxing

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x, y int }

func (p *point) add(v int)           { p.x += v }
func (p *point) slow(v int) *point   { p.y += yield(v); return p }
func set(p *int, v int) *int         { *p = yield(v); return p }
func params(a int, b point) *int     { pa := &a; b.slow(a); *pa += yield(b.y); return &a }
func results() (n int, p *int)       { p = &n; n = yield(1); *p++; return n, p }
func (p point) receiver() (int, int) { q := &p; q.slow(p.x); return p.y, yield(q.y) }

func builder() string {
	var b strings.Builder
	for i := range 3 {
		b.WriteString(fmt.Sprint(yield(i), ","))
	}
	var buf bytes.Buffer
	fmt.Fprintf(&buf, "%s%d", b.String(), yield(3))
	buf.WriteByte('.')
	yield(4)
	return buf.String()
}

func arrays() [4]int {
	var arr [4]int
	s := arr[1:3]
	yield(5)
	s[0] = 1
	copy(arr[2:], []int{yield(6), 2})
	for i := range s {
		s[i]++
		yield(i)
	}
	for i, v := range &arr {
		arr[3] += v * yield(i)
	}
	return arr
}

func structs() {
	var v struct {
		point
		inner struct{ arr [2]point }
	}
	p := &v.inner.arr[1]
	v.add(1)
	v.slow(2)
	yield(7)
	p.slow(3).add(4)
	v.inner.arr[0].slow(5)
	fmt.Println(v)
	w := v
	p.add(10)
	yield(8)
	fmt.Println(v.inner.arr[1].x, w.inner.arr[1].x)
}

func conditional(b bool) (out []int) {
	x := yield(9)
	var p *int
	if b {
		p = &x
	} else {
		y := x
		p = &y
	}
	*p += yield(10)
	return append(out, x, *p)
}

func loops() (out []int) {
	var ps []*point
	for i := range 3 {
		var p point
		p.slow(i)
		ps = append(ps, &p)
		p.add(i)
	}
	for _, p := range ps {
		out = append(out, p.x, p.y)
	}
	var last *int
	for i := 0; i < 3; i++ {
		if last != nil {
			*last += 100
			out = append(out, *last)
		}
		last = &i
		yield(i)
	}
	return out
}

func switched(v any) (any, string) {
	switch v := v.(type) {
	case int:
		p := &v
		*p += yield(v)
		return v, "int"
	case point:
		v.slow(1)
		q := &v
		q.add(yield(2))
		return v, "point"
	}
	return v, ""
}

func shadowed() string {
	x := 1
	p := &x
	if x := yield(x); x > 0 {
		q := &x
		*q += *p
		*p += yield(x)
		set(q, *q)
		yield(*q)
		return fmt.Sprint(*p, *q, x)
	}
	return ""
}

func Main() {
	x := 1
	p := set(&x, 5)
	*set(p, 6) += yield(*p)
	fmt.Println(x, *p, p == &x)
	fmt.Println(*params(1, point{1, 2}))
	n, q := results()
	fmt.Println(n, *q)
	fmt.Println(point{1, 2}.receiver())
	fmt.Println(builder())
	fmt.Println(arrays())
	structs()
	fmt.Println(conditional(true), conditional(false))
	fmt.Println(loops())
	fmt.Println(switched(1))
	fmt.Println(switched(point{3, 4}))
	fmt.Println(shadowed())
	pp := &point{1, 1}
	ppp := &pp
	(*ppp).slow(1)
	*ppp = &point{5, 5}
	yield(0)
	fmt.Println(*pp, **ppp)
	// new, &T{} and the address of a composite literal's element.
	np := new(int)
	*np = *set(np, 7) + yield(8)
	lit := &[]*point{{1, 2}, {3, yield(9)}}
	(*lit)[1].slow(1)
	fmt.Println(*np, *(*lit)[1])
	b, err := fmt.Sscanf("12 ab", "%d %s", np, new(string))
	yield(10)
	fmt.Println(b, err, *np)
}
