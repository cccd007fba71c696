// run

// Local constants that depend on variables, of every kind.
package main

import "fmt"

func y(v int) int { fmt.Println("y", v); return 2*v + 1 }

func main() {
	var a [3]int
	y(len(a))
	const (
		n    = len(a)
		half = float64(len(a)) / 2
		c    = complex(half, 1.25)
		t    = len(a) == 3
		neg  = -len(a)
		r    = 'a' + rune(len(a))
		big  = 1 << 90 / float64(len(a))
		s    = "x"
		im   = imag(c) * 2
		tiny = 1e-300 / float64(len(a))
	)
	f := func() { fmt.Println(n, half, c, t, neg, r, big, s, im, y(n), tiny) }
	f()
	fmt.Printf("%T %T %T %T %T %T\n", n, half, c, t, neg, r)
}
