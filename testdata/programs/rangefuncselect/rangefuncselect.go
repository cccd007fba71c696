// Select, switch, type switch and other loops in the bodies of ranges over functions,
// and closures and calls of all kinds in them.
package rangefuncselect

import (
	"fmt"
	"maps"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func values(list ...any) func(func(any) bool) {
	return func(body func(any) bool) {
		for _, v := range list {
			yield(0)
			if !body(v) {
				fmt.Println("stopped at", v)
				return
			}
		}
	}
}

type shape interface{ area() int }

type square struct{ side int }

func (s square) area() int { return yield(s.side) * s.side }

type failure struct{ why string }

func (f *failure) Error() string { return f.why }

func kinds(list ...any) (n int, err error) {
all:
	for v := range values(list...) {
		yield(1)
		switch v := v.(type) {
		case nil:
			continue
		case int:
			switch {
			case v < 0:
				break all
			case yield(v) > 100:
				fallthrough
			case v == 8:
				n += 1000
				break
			default:
				n += v
			}
		case string, []string:
			for i, r := range fmt.Sprint(v) {
				if r == 'x' {
					continue all
				}
				n += i * yield(10)
			}
		case shape:
			n += v.area()
		case func() int:
			n += v()
		case error:
			return n, v
		default:
			defer func() { n *= yield(2) }()
		}
		n++
	}
	return n, nil
}

func channels() (out []string) {
	for v := range values(1, 2, 4, 3, 5) {
		in, full, none := make(chan int, 1), make(chan int), chan int(nil)
		if v == 3 {
			close(full)
		} else {
			in <- v.(int) * 10
		}
	again:
		select {
		case n, ok := <-in:
			out = append(out, fmt.Sprint("in ", n, ok))
			in = nil
			if v == 1 {
				continue
			}
			if v == 2 {
				break
			}
			goto again
		case n, ok := <-full:
			out = append(out, fmt.Sprint("full ", n, ok))
			return out
		case none <- 1:
			out = append(out, "none")
		default:
			out = append(out, "default")
		}
		in, full, none = nil, nil, nil
		out = append(out, fmt.Sprint("after ", yield(v.(int))))
	}
	return append(out, "end")
}

func calls() {
	sum := 0
	var steps []func(int) int
	for v := range values(1, 2, 3) {
		n := v.(int)
		add := func(m int) int {
			sum += n * m
			return yield(sum)
		}
		steps = append(steps, add)
		if n == 2 {
			func() {
				defer func() { fmt.Println("inside", recover(), add(1)) }()
				for w := range values(10, "x") {
					add(w.(int))
				}
			}()
		}
		p := &n
		*p += add(len(steps))
		fmt.Println(sum, n, [...]int{add(1), n, add(2)}, map[int]string{add(3): "m"}[yield(0)])
	}
	for i, f := range slices.All(steps) {
		fmt.Println(i, f(i))
	}
	total := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(map[string]bool{"b": true, "a": true})) {
		for v := range values(1, 2) {
			total[key] += v.(int) * yield(v.(int))
			delete(total, "b")
		}
	}
	fmt.Println(total)
}

func Main() {
	fmt.Println(kinds(1, nil, 8, 60, "abx", []string{"y"}, square{3}, func() int { return yield(5) }))
	fmt.Println(kinds(2, 2.5, 'r', &failure{"failed"}, 9))
	fmt.Println(kinds(2, -1, 3))
	for _, s := range channels() {
		fmt.Println(s)
	}
	calls()
}
