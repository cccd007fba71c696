// Assignments of every form to variables that are captured by reference or whose
// address is taken: definitions that mix old and new ones, operators, ranges,
// parallel assignments, parameters, results and receivers.
package boxedassign

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func two(v int) (int, error) { return yield(v), errors.New(fmt.Sprint("e", v)) }

func mixed() string {
	x, err := two(1)
	show := func() string { return fmt.Sprint(x, err) }
	s := show()
	y, err := two(2)
	s += show()
	x, z := y, x
	s += show()
	x, err = two(z)
	return s + show() + fmt.Sprint(z)
}

func ops() []int {
	n, m := yield(1), 10
	p, get := &m, func() int { return n }
	n += yield(n)
	n -= 1
	n *= yield(0) + 1
	n++
	*p += n
	m <<= 1
	m--
	n, m = m, n
	n, *p = yield(n%5), yield(m%5)
	*p, n = n+1, *p+get()
	var arr [3]int
	q := &arr[1]
	arr[yield(0)], n, *q = 7, yield(1), n
	arr[0], arr[2] = arr[2]+get(), arr[0]
	return append(arr[:], n, m, get())
}

func ranges() (out []int) {
	var i, v int
	f := func() { out = append(out, i, v) }
	for i, v = range []int{5, 6} {
		yield(i)
		f()
	}
	for i = range 2 {
		yield(v)
		f()
	}
	p := &v
	for i, *p = range map[int]int{7: 8} {
		yield(i)
		f()
	}
	var arr [2]int
	s := arr[:]
	for arr[0], arr[1] = range s {
		yield(arr[0])
		out = append(out, s...)
	}
	var r rune
	g := func() { out = append(out, int(r)) }
	for _, r = range "ab" {
		yield(int(r))
		g()
	}
	return out
}

func params(a, b int, s ...string) (r string, n int) {
	set := func(v int) { a, n = v, n+v }
	add := func() { s = append(s, fmt.Sprint(a, b, n)); b++ }
	add()
	set(yield(a))
	add()
	a, r = b, fmt.Sprint(yield(b), s)
	defer func() { r += fmt.Sprint(a, n) }()
	add()
	return r + fmt.Sprint(s), n + yield(a)
}

type T struct{ n, m int }

func (t T) value() (int, func() int) {
	p := &t
	p.n += yield(t.m)
	t.m, p.n = p.n, t.m
	return t.n + p.m, func() int { t.n++; return t.n + yield(p.m) }
}

func (t *T) pointer() func() *T {
	f := func() *T { return t }
	t.n = yield(t.n)
	t = &T{yield(1), t.n}
	return f
}

func switches(v any) string {
	switch v := v.(type) {
	case int:
		f := func() { v++ }
		f()
		v += yield(v)
		f()
		return fmt.Sprint(v)
	case string, error:
		f := func() any { return v }
		yield(1)
		v = "changed"
		return fmt.Sprint(f())
	}
	switch n := yield(2); {
	default:
		f := func() int { n++; return n }
		yield(f())
		return fmt.Sprint(n, f())
	}
}

func conditions() (out []int) {
	if x, err := two(3); err != nil {
		f := func() { x++ }
		f()
		yield(x)
		f()
		out = append(out, x)
	} else if f := func() int { return x }; f() > 0 {
		out = append(out, -1)
	}
	for x, f := 0, func() int { return 0 }; x < 3; x++ {
		out = append(out, f())
		f = func() int { x++; return x }
		yield(x)
	}
	return out
}

func maps() int {
	m := map[string]int{}
	k := "a"
	f := func() string { k += "b"; return k }
	m[k], k = yield(1), "c"
	m[f()] += yield(2)
	m[f()], m[k] = yield(3), yield(4)
	v, ok := m[k]
	g := func() (int, bool) { return v, ok }
	v, ok = m["none"]
	yield(5)
	if v, ok := g(); ok || v != 0 {
		return -1
	}
	return m["a"]*10000 + m["cb"]*100 + m["cbb"]
}

func Main() {
	fmt.Println(mixed(), ops(), ranges())
	fmt.Println(params(1, 2, "s"))
	n, f := T{1, 2}.value()
	fmt.Println(n, f(), f())
	t := &T{1, 2}
	u := t.pointer()()
	fmt.Println(*t, *u)
	fmt.Println(switches(1), switches("s"), switches(nil), conditions(), maps())
}
