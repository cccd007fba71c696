// Variables of ranges over functions: one for each iteration, captured and changed;
// ranges that assign; variables around the loop that its body, literals and pointers
// share.
package rangefuncvars

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x, y int }

func points(n int) func(func(int, point) bool) {
	return func(body func(int, point) bool) {
		for i := range n {
			yield(i)
			if !body(i, point{i, -i}) {
				return
			}
		}
	}
}

func captured() {
	var fs []func() string
	var ps []*point
	for i, p := range points(3) {
		local := yield(i)
		fs = append(fs, func() string {
			i++
			p.x += local
			return fmt.Sprint(i, p, yield(local))
		})
		ps = append(ps, &p)
		p.y *= 10
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
	for _, p := range ps {
		fmt.Println(*p)
	}
}

func around() {
	sum, last := 0, point{}
	p := &last
	add := func(n int) int { sum += n; return sum }
	var trail [3]int
	view := trail[:]
	for i, pt := range points(3) {
		sum *= 2
		yield(add(i))
		last = pt
		p.y++
		view[i] = sum
		trail[0]++
		fmt.Println(sum, *p, trail, view)
	}
	sum += 1000
	fmt.Println(add(1), last, trail, view)
}

func params(n int, s string, rest ...int) (out string) {
	for i := range points(2) {
		n += i
		s += fmt.Sprint(n)
		rest = append(rest, yield(n))
		out += s
	}
	return out + fmt.Sprint(n, s, rest)
}

func (p *point) shift() {
	for i, q := range points(2) {
		p.x += yield(i)
		q.move(p.x)
		p.y += q.x
	}
}

func (p *point) move(n int) { p.x += n }

func (p point) moved() point {
	for i := range points(3) {
		p.x += i
		yield(p.x)
	}
	return p
}

func index(i int) int {
	fmt.Println("index", i, yield(i))
	return i
}

func assigned() {
	var i int
	var p point
	for i, p = range points(2) {
		yield(i)
		fmt.Println(i, p)
	}
	fmt.Println("after", i, p)
	var list [4]int
	var m map[int]point
	for list[index(1)], p = range points(2) {
		fmt.Println(list, p)
	}
	// The first is assigned before the second is evaluated.
	for i, list[i] = range pairs {
		fmt.Println(i, list, yield(i))
	}
	func() {
		defer func() { fmt.Println(i, "recovered:", recover()) }()
		for i, m[index(i)] = range points(3) {
			fmt.Println("not reached")
		}
	}()
	var any1, any2 any
	for any1, any2 = range points(2) {
		yield(any1.(int))
	}
	fmt.Println(any1, any2)
	for _, p = range points(3) {
		if yield(p.x) > 2 {
			break
		}
	}
	fmt.Println(p)
	for _ = range points(1) {
		fmt.Println("blank")
	}
}

func pairs(body func(int, int) bool) {
	_ = body(3, 30) && body(2, 20) && body(1, 10)
}

// Variables that only some iterations use.
func uninitialized() {
	var first *int
	for i := range points(4) {
		var n int
		if first == nil {
			first = &n
		}
		n += i
		*first += 100
		yield(n)
	}
	fmt.Println(*first)
}

const limit = 3

func constants() {
	const local, step = 2, iota + 1
	type pair struct{ a, b int }
	var all []pair
	for i := range points(limit + step) {
		const inner = local * 10
		type triple struct {
			pair
			c int
		}
		t := triple{pair{i, inner}, yield(local)}
		all = append(all, t.pair)
		if i > local {
			break
		}
	}
	fmt.Println(all)
}

func constantsOnly() (n int) {
	const step = 3
	for i := range points(2) {
		n += step * yield(i)
	}
	return n
}

func shadowed() {
	len, points := 1, points
	for len, yielded := range points(2) {
		len, x := len+yield(len), yielded.x
		points := 5
		fmt.Println(len, x, points)
	}
	fmt.Println(len)
}

func Main() {
	captured()
	around()
	fmt.Println(params(yield(1), "s", 5))
	p := &point{1, 2}
	p.shift()
	fmt.Println(*p, p.moved(), *p)
	assigned()
	uninitialized()
	constants()
	fmt.Println(constantsOnly())
	shadowed()
}
