// Labelled break and continue out of nested loops, ranges, switches and type
// switches that suspend.
package labels

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func search(grid [][]int, want int) (int, int) {
	x, y := -1, -1
rows:
	for i, row := range grid {
		for j, v := range row {
			switch yield(v); {
			case v < 0:
				continue rows
			case v == want:
				x, y = i, j
				break rows
			case v == 0:
				break
			default:
				continue
			}
			fmt.Println("zero at", i, j)
		}
		fmt.Println("end of row", i)
	}
	return x, y
}

func Main() {
	grid := [][]int{{1, 0, 2}, {3, -1, 5}, {4, 5, 6}}
	fmt.Println(search(grid, 5))
	fmt.Println(search(grid, 9))

	n := 0
outer:
	for i := 0; i < 4; i += yield(0) {
	inner:
		for {
			switch n++; {
			case n%3 == 0:
				yield(n)
				continue outer
			case n%7 == 0:
				yield(n)
				break inner
			case n > 20:
				break outer
			}
			if n%2 == 0 {
				continue inner
			}
			yield(n)
		}
		fmt.Println("inner left", i, n)
	}
	fmt.Println(n)

	// The label of a switch, of a type switch and of a range over a map.
sw:
	switch v := yield(1); v {
	case 3:
		for i := range 5 {
			if yield(i) > 4 {
				fmt.Println("leaving", i)
				break sw
			}
		}
		fmt.Println("not reached")
	}
ts:
	switch v := any(yield(2)).(type) {
	case int:
		for range v {
			yield(v)
			break ts
		}
	}
	total := 0
keys:
	for k := range map[int]bool{1: true, 2: true, 3: true, 40: true} {
		for i := range 3 {
			if k > 3 {
				continue keys
			}
			if i == 2 {
				continue keys
			}
			total += k * yield(i)
		}
	}
	fmt.Println(total)

chars:
	for i, r := range "a1b2" {
		switch {
		case r < 'a':
			continue chars
		}
		fmt.Println(i, string(r), yield(i))
	}
	// One name for a label, a variable and a function.
yield:
	for yield := range 3 {
		for {
			fmt.Println("yield", yield, ask(yield))
			continue yield
		}
	}
}

func ask(v int) int { return yield(v) }
