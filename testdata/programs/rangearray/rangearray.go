// Ranging over arrays: an array with a value variable is copied first, one with
// only an index is not even evaluated, a pointer to an array is read in place.
package rangearray

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func array(n int) [3]int { return [3]int{yield(n), n, yield(n + 1)} }

func pointer(n int) *[2]int { return &[2]int{yield(n), n} }

type grid struct{ rows [2][2]int }

func Main() {
	a := [3]int{1, 2, 3}
	for i, v := range a {
		a[2] = 30
		a[1] = 20
		fmt.Println("copied", i, v, yield(v))
	}
	p := &a
	for i, v := range p {
		p[2] = 300
		p[1] += 200
		fmt.Println("in place", i, v, yield(v))
	}
	for i, v := range &a {
		a[2] = 3
		fmt.Println("address", i, v, yield(v))
	}
	for i, v := range p {
		p = nil
		fmt.Println("pointer kept", i, v, yield(i))
	}
	for i, v := range array(1) {
		fmt.Println("operand", i, v, yield(v))
	}
	for i := range array(5) {
		fmt.Println("index of operand", i)
	}
	for i, v := range pointer(8) {
		fmt.Println("pointer operand", i, v, yield(v))
	}
	var none *[4]int
	for i := range none {
		fmt.Println("nil pointer", i, yield(i))
	}
	g := grid{[2][2]int{{1, 2}, {3, 4}}}
	for i, row := range g.rows {
		for j, v := range row {
			g.rows[1][1] = 40
			row[1] = 20
			fmt.Println("grid", i, j, v, yield(i+j))
		}
	}
	for range a {
		yield(a[0])
	}
	for i, v := range [...]string{2: "c", 0: "a"} {
		fmt.Printf("literal %d %q %d\n", i, v, yield(i))
	}
	for range [0]int{} {
		fmt.Println("never")
	}
}
