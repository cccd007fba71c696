// Constants declared inside functions, with iota, between suspension points.
//
// Constants have no place in a frame, and a constant expression is never
// evaluated: a call inside len of an array or inside unsafe.Sizeof does not
// happen, and must not be hoisted out of it.
package consts

import (
	"fmt"
	"unsafe"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type weekday int

const (
	sunday weekday = iota
	monday
)

func array() *[4]int {
	yield(-1000)
	return nil
}

type holder struct{ arr [3]int }

func Main() {
	const (
		a = iota * 10
		b
		_
		d
		e, f = iota, "f"
	)
	fmt.Println(a, b, yield(b), d, e, f)
	const big = 1 << 100
	x := yield(big >> 98)
	const (
		kb uint64 = 1 << (10 * (iota + 1))
		mb
	)
	fmt.Println(x, kb, mb, uint64(yield(1))*mb)
	{
		const a = "shadowed"
		fmt.Println(a, yield(len(a)))
		const iota = 5
		const g = iota + 1
		fmt.Println(g, yield(g))
	}
	fmt.Println(a, monday, weekday(yield(0))+sunday)

	const typed int8 = 100
	var n int8 = typed + int8(yield(13)) + 1
	fmt.Println(n)

	// Sizes are constants: nothing in them runs.
	var h *holder
	fmt.Println(len(h.arr), unsafe.Sizeof(yield(7)), unsafe.Sizeof(array()) > 0, yield(3))
	for i := range h.arr {
		fmt.Println(i, yield(i))
	}
	for i := range len(h.arr) {
		fmt.Println(i, yield(i))
	}
	var arr [len("four")]int
	arr[yield(1)] = len(arr)
	fmt.Println(arr, 'a'+rune(yield(0)), 1.5*float64(yield(1)))
}
