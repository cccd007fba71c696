package shared

import "fmt"

// What is shared between functions, pointers and iterations stays shared.

func Run() {
	fmt.Println(counter())
	perIteration()
	pointers()
	params(1, 2, 3)
	fmt.Println(results())
	methods()
	shadow(1)
	recursive()
	multi()
	deferred()
	var z Z
	fmt.Println(z.s_bump(2), z.bumped())
	plain()
}

func counter() (int, int) {
	n := 0
	inc := func() int { n++; return n }
	s_i(inc())
	s_i(inc())
	a, b := n, inc()
	return a, b
}

func perIteration() {
	var fs []func() int
	for i := 0; i < 3; i++ {
		fs = append(fs, func() int { i += 10; return i })
		if i == 1 {
			continue
		}
		s_i(i)
	}
	for i, j := 0, 5; i < j; i, j = i+1, j-1 {
		fs = append(fs, func() int { return i*100 + j })
	}
	for i := 0; i < 3; i++ {
		p := &i
		s_i(*p)
		*p++
		fs = append(fs, func() int { return *p })
	}
	for i, x := range []string{"a", "b"} {
		fs = append(fs, func() int { i++; x += "!"; return s_i(i) + len(x) })
		s_i(i)
	}
	for i := range 2 {
		fs = append(fs, func() int { i++; return i })
	}
	for k, v := range map[string]int{"k": 1} {
		fs = append(fs, func() int { v++; return v + len(k) })
		s_i(v)
	}
	for i := 0; func() bool { fs = append(fs, func() int { return i }); return i < 2 }(); i++ {
		s_i(i)
	}
	for i := 0; i < 2; func() { fs = append(fs, func() int { return i }); i++ }() {
		s_i(i)
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
}

func pointers() {
	x := 1
	p := &x
	s_i(x)
	*p = 2
	fmt.Println(x)
	arr := [3]int{1, 2, 3}
	sl := arr[:2]
	s_i(0)
	sl[0] = 9
	fmt.Println(arr)
	t := T{n: 1}
	s_i(t.s_P(2))
	fmt.Println(t.n, t.s_M(1))
	u := &t.U
	s_i(1)
	u.u = 5
	fmt.Println(t.u, t.s_U(1), t.s_V(2), t.u)
	bound := t.s_P
	fmt.Println(bound(3), t.n)
	q := &t.a[1]
	s_i(1)
	*q = 4
	fmt.Println(t.a)
	var v, w = 1, &x
	f := func() { v++; *w++ }
	f()
	s_i(v)
	fmt.Println(v, x)
	var y int
	py := &y
	s_i(0)
	*py = 3
	fmt.Println(y)
	var (
		a    int64 = 5
		b    uint8
		c, d = 1, 2.5
	)
	g := func() { a++; b--; c++; d *= 2 }
	g()
	s_i(int(a))
	fmt.Println(a, b, c, d)
}

func params(a, b int, rest ...int) {
	f := func() { a += b; rest = append(rest, a) }
	f()
	s_i(a)
	f()
	fmt.Println(a, b, rest)
}

func results() (n int, err error) {
	set := func() { n = 7 }
	set()
	n += s_i(n)
	get := func() int { return n }
	defer show("deferred args", n, s_i(1))
	_ = get
	return n + 1, nil
}

func methods() {
	t := &T{n: 1, next: &T{n: 2}}
	t.p = t.next
	fmt.Println(t.next.s_P(g(1)), t.p.s_M(t.n), s_ptr(t).next.s_P(s_i(2)))
	fmt.Println((*T).s_P(t, s_i(1)), T.s_M(*t, s_i(2)), (*T).s_U(t, 3))
	var it interface{ s_M(int) int } = t
	fmt.Println(it.s_M(s_i(3)))
	m := map[string]*T{"a": t}
	fmt.Println(m["a"].s_U(1), m["a"].s_V(1))
	ts := []T{{n: 1}, {n: 2}}
	ts[s_i(1)].s_P(5)
	fmt.Println(ts[1].n)
	gen := Pair[int]{1, 2}
	fmt.Println(gen.s_sum(s_i(1)), s_gen(s_i(4), "x"))
	s_fn := t.s_M
	fmt.Println(s_fn(1), T{n: 5}.s_M(1))
	h := holder{t: t}
	fmt.Println(h.s_get()(s_i(6)))
}

type holder struct{ t *T }

func (h holder) s_get() func(int) int { return h.t.s_P }

type Pair[A any] struct{ a, b A }

func (p *Pair[A]) s_sum(x A) []A { return []A{p.a, p.b, x} }

func s_gen[A, B any](a A, b B) string { return fmt.Sprint(a, b) }

func shadow(x int) {
	if x := s_i(x + 1); x > 0 {
		x := x * 2
		{
			x, y := s_i(x), x
			fmt.Println(x, y)
		}
		f := func(x int) int { x++; return s_i(x) }
		fmt.Println(f(x))
	}
	len := s_i(x)
	fmt := fmt.Sprint(len)
	println := show
	println(fmt)
}

func recursive() {
	var fib func(int) int
	fib = func(n int) int {
		if n < 2 {
			return s_i(n)
		}
		return fib(n-1) + fib(n-2)
	}
	fmt.Println(fib(4))
}

func multi() {
	var err error
	x, err := s_err(1)
	f := func() error { return err }
	y, err := s_err(2)
	fmt.Println(x, y, f())
	z, err := 3, error(nil)
	s_i(z)
	fmt.Println(f(), err)
	var a, b = s_2(1)
	g := func() { a++; b += "!" }
	g()
	s_i(a)
	fmt.Println(a, b)
	m := map[int]string{}
	m[s_i(1)], _ = s_s("v"), 0
	v, ok := m[s_i(1)]
	h := func() { v += "?" }
	h()
	fmt.Println(v, ok, s_i(0))
	var c, _ any = s_2(8)
	fmt.Println(c)
	_, _ = s_2(9)
	var _, d = s_2(10)
	fmt.Println(d)
	var e interface{ Error() string }
	_, e = s_err(3)
	fmt.Println(e)
	var q []int
	q = append(q, s_i(1), s_i(2))
	copy(q, []int{s_i(5)})
	q[0]++
	q[s_i(1)]--
	fmt.Println(q)
}

func deferred() {
	for i := 0; i < 2; i++ {
		defer func() { fmt.Println("deferred", i, s_i(i)) }()
		defer s_i(i + 10)
		defer func(x int) { fmt.Println("arg", x, i) }(s_i(i))
		s_i(i)
	}
	t := T{n: 1}
	defer t.s_M(1)
	defer t.s_P(1)
	t.n = 5
	m := map[string]int{"a": 1}
	defer fmt.Println(len(m))
	defer delete(m, s_s("a"))
}

type Z struct{ n int }

func (z *Z) s_bump(d int) int {
	f := func() { z = &Z{z.n + d} }
	f()
	z.n += s_i(1)
	return z.n
}

func (z Z) bumped() int {
	f := func() { z.n++ }
	f()
	return s_i(z.n)
}

// plain is not durable, but its literals are saved.
func plain() (n int, err error) {
	defer func() {
		n *= 2
		fmt.Println("plain", n, err)
	}()
	add := func(d int) { n += d }
	add(2)
	for i := 0; i < 2; i++ {
		defer func() { fmt.Println(i, n) }()
		add(i)
	}
	return n + 1, nil
}
