package redeclared

import "fmt"

// Predeclared names that the package gives another meaning.

func len(x int) int   { return -x }
func new(x int) int   { return -x }
func panic(x int) int { return -x }

func Run() {
	var n int
	inc := func() { n++ }
	for i, x := range []int{1, 2} {
		inc()
		s_i(i + x + n)
	}
	for i := range [2]int{} {
		s_i(i)
	}
	for i, r := range "é1" {
		s_i(i + int(r))
	}
	type named = struct{ x int }
	f := func(v int) (r named) {
		defer func() { fmt.Println("deferred", r) }()
		r.x = s_i(v)
		return
	}
	fmt.Println(f(len(1)), new(2), panic(3), falls(1), falls(2), n)
}

func falls(n int) int {
	switch n {
	case 1:
		s_i(1)
		fallthrough
	case 2:
		return s_i(2)
	default:
		return panic(s_i(3))
	}
}
