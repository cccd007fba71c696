// Ranges over functions inside of each other and of other loops, with labelled break
// and continue to every one of them, and returns from the innermost.
package rangefuncnest

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type seq = func(func(int) bool)

func count(name string, n int) seq {
	return func(body func(int) bool) {
		for i := 0; i < n; i++ {
			yield(i)
			if !body(i) {
				fmt.Println(name, "stopped at", i)
				return
			}
			yield(-i)
		}
		fmt.Println(name, "ended")
	}
}

// plain does not suspend, nor do bodies that only count.
func plain(n int) seq {
	return func(body func(int) bool) {
		for i := range n {
			if !body(i) {
				return
			}
		}
	}
}

// Each step leaves the three loops in another way.
func steps(step int) (out string) {
	out = fmt.Sprint("step ", step, ":")
a:
	for i := range count("a", 2) {
		yield(100 + i)
	b:
		for j := range count("b", 2) {
			yield(200 + j)
		c:
			for k := range count("c", 2) {
				yield(300 + k)
				switch step {
				case 0:
					break
				case 1:
					continue
				case 2:
					break c
				case 3:
					continue c
				case 4:
					break b
				case 5:
					continue b
				case 6:
					break a
				case 7:
					continue a
				case 8:
					return out + " returned"
				}
				out += fmt.Sprint(" ", i, j, k)
			}
			out += " /b"
		}
		out += " /a"
	}
	return out + " end"
}

// Around loops, switches and selects of other kinds.
func mixed() {
	var log []string
	add := func(s string, args ...any) { log = append(log, fmt.Sprintf(s, args...)) }
outer:
	for i := 0; i < 3; i++ {
	slice:
		for j, v := range []string{"p", "q", "r"} {
			for k := range count("mixed", 4) {
				yield(i*100 + j*10 + k)
				switch {
				case k == 0:
					continue
				case j == 0:
					continue slice
				case i == 1 && v == "q":
					continue outer
				case i == 2:
					break outer
				case v == "r":
					break slice
				case k == 2:
					break
				default:
					add("%d%s%d", i, v, k)
				}
			}
			add("slice %d%s", i, v)
		}
		add("outer %d", i)
	}
sw:
	switch yield(3) {
	default:
		for i := range count("switch", 3) {
			if yield(i) == 3 {
				break sw
			}
			add("switch %d", i)
		}
		add("not reached")
	}
	ch := make(chan int, 1)
	ch <- 1
sel:
	select {
	case n := <-ch:
		ch = nil
		for i := range plain(3) {
			if i == n {
				break sel
			}
			add("select %d", i)
		}
		add("not reached")
	}
m:
	for key := range map[string]int{"only": 1} {
		for i := range count("map", 2) {
			add("%s %d", key, yield(i))
			continue m
		}
	}
	for _, s := range log {
		fmt.Println(s)
	}
}

// Loops that do not suspend stay what they are, inside of those that do.
func inside() (n int, s string) {
around:
	for i := range count("inside", 3) {
		for j := range plain(5) {
			switch {
			case j > 2:
				continue around
			case i == 2 && j == 1:
				return yield(n), s + "!"
			case i == 1 && j == 2:
				break around
			}
			n += 10*i + j
		}
	}
	for i := range plain(3) {
		for j := range count("last", 2) {
			if i+j == 2 {
				return n, s + "?"
			}
		}
		s += "."
	}
	return
}

func deep(n int) string {
	for i := range count("1", 2) {
		for j := range count("2", 2) {
			for k := range count("3", 2) {
				for l := range count("4", 2) {
					for m := range count("5", 2) {
						if n--; n == 0 {
							return fmt.Sprint(i, j, k, l, m)
						}
					}
				}
			}
		}
	}
	return "end"
}

// The body of the loop is an iterator's own loop.
func recursive(depth int) seq {
	return func(body func(int) bool) {
		if !body(depth) {
			return
		}
		if depth == 0 {
			return
		}
		for range 2 {
			for v := range recursive(depth - 1) {
				if !body(v) {
					return
				}
			}
		}
	}
}

func Main() {
	for step := range 10 {
		fmt.Println(steps(step))
	}
	mixed()
	fmt.Println(inside())
	fmt.Println(deep(1))
	fmt.Println(deep(6))
	sum := 0
	for v := range recursive(3) {
		sum = sum*10 + v
		if yield(v) == 1 && sum > 3210000 {
			break
		}
	}
	fmt.Println(sum)
}
