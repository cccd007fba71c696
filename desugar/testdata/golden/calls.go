package p

// Nested calls, operands and the order of evaluation in straight-line code.

type T struct{ n int }

func (t *T) s_Add(d int) int { t.n += d; return t.n }
func (t T) s_Get() int       { return t.n }

type S struct {
	inner *T
	T
}

type I interface{ s_Get() int }

func s_f(x int) int           { return x }
func s_2(x int) (int, string) { return x, "" }
func g(x int) int             { return x }
func h(x int, s string) int   { return x }
func use(...any)              {}

var nm string

func nested(a []int, i int, m map[string]int, p *S, it I) int {
	s_f(s_f(1) + g(2))
	x := a[i] + s_f(a[i+1]) + len(a)
	y := g(x) + s_f(x) + g(y0)
	use(x, y, m["k"], s_f(a[0]), a[1:2], it.s_Get())
	m["x"], nm = s_2(x)
	x, s := s_2(h(s_2(x)))
	use(a[1:], g(1), s, s_f(2))
	p.s_Add(p.inner.s_Get())
	p.inner.s_Add(a[2])
	var fn func(int) int = s_f
	use(fn)
	a[s_f(0)] += s_f(1)
	x += s_f(3)
	return x + s_f(x)
}

var y0 = 1

func logic(a, b bool, x *int) bool {
	if a && s_f(1) > 0 || b {
		return x != nil && s_f(*x) == 0
	} else if s_f(2) == 3 {
		return !(s_f(3) == 4)
	}
	return false
}
