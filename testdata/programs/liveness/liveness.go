// What is live where: variables that are set on one path only, that are reused,
// reset by an iteration, dead at one suspension and alive at another, needed only
// by a later closure or by a deferred one.
package liveness

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func paths(n int) (s string) {
	var a, b int
	if n%2 == 0 {
		a = yield(n)
	} else {
		b = yield(n + 1)
	}
	if n > 1 {
		s = fmt.Sprint(a, b)
		a = 5
	}
	yield(a)
	return s + fmt.Sprint(a, b)
}

func reset() (out []int) {
	for i := range 3 {
		var x int
		var p *int
		if i == 1 {
			x = yield(1)
			p = &x
		}
		yield(x)
		if p != nil {
			*p++
		}
		x++
		out = append(out, x)
	}
	return out
}

func reused() string {
	x := yield(1)
	s := fmt.Sprint(x)
	x = yield(2)
	s += fmt.Sprint(x)
	{
		x := x * 2
		yield(3)
		s += fmt.Sprint(x)
	}
	x, y := yield(4), x
	return s + fmt.Sprint(x, y)
}

func backwards(n int) (out []int) {
	last, prev := -1, -1
	for i := 0; i < n; i++ {
		if i > 1 {
			out = append(out, prev)
		}
		prev = last
		last = yield(i)
	}
	return append(out, prev, last)
}

func deferredOnly(v int) (s string) {
	x := v
	y := v * 2
	defer func() { s += fmt.Sprint(x, y) }()
	x = yield(x)
	yield(x)
	y += x
	return "r"
}

func late(v int) func() int {
	a, b, c := v, v+1, v+2
	yield(a)
	f := func() int { return b + yield(c) }
	yield(c)
	b = 100
	return f
}

func params(a, b, c int, s []int) int {
	a = yield(b)
	b = yield(a)
	s = append(s, a)
	if c > 0 {
		c = yield(c)
		s = nil
	}
	return a + b + c + len(s)
}

func (t T) receiver(v int) (int, int) {
	n := t.n
	t.n = yield(v)
	t = T{t.n + yield(n)}
	return t.n, n
}

type T struct{ n int }

func conditions(n int) (r int) {
	for x := n; ; {
		y := yield(x)
		if y > 20 {
			return x + y
		}
		z := x
		x = y
		if yield(z) > 5 {
			r += z
			continue
		}
		r += yield(y)
	}
}

func switches(n int) (s string) {
	var keep string
	for i := range n {
		switch i {
		case 0:
			keep = fmt.Sprint("k", yield(i))
		case 1:
			v := yield(i)
			defer func() { s += fmt.Sprint(v) }()
		case 2:
			s += keep + "d"
		default:
			s += "d"
		}
		yield(100 + i)
	}
	return s
}

func ranges(m [][]int) (sum int) {
	for i, row := range m {
		if len(row) == 0 {
			yield(-1)
			continue
		}
		first := row[0]
		for j := range row {
			if j == 0 {
				continue
			}
			sum += first * yield(i+j)
		}
	}
	return sum
}

func Main() {
	for n := range 4 {
		fmt.Println(paths(n))
	}
	fmt.Println(reset(), reused(), backwards(4))
	fmt.Println(deferredOnly(1), late(1)(), params(1, 2, 3, []int{4}), params(1, 2, 0, nil))
	fmt.Println(T{1}.receiver(2))
	fmt.Println(conditions(1), switches(4), ranges([][]int{{1, 2}, {}, {3, 4, 5}}))
}
