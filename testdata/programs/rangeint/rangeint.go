// Ranging over integers of every kind while the body suspends.
//
// The variable has the type of the operand, the operand is evaluated once, and
// assigning to the variable in the body changes neither the count nor the next
// value.
package rangeint

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type level uint8

func (l level) String() string { return fmt.Sprintf("level(%d)", uint8(l)) }

func Main() {
	for i := range 3 {
		fmt.Println(i, yield(i))
	}
	n := 3
	for i := range n {
		n = yield(n)
		i += 10
		fmt.Println("changed", i, n)
	}
	for i := range level(2) {
		fmt.Println(i, yield(int(i)))
	}
	for i := range int8(127) {
		if i > 124 {
			fmt.Printf("%T %d %d\n", i, i, yield(int(i)))
		}
	}
	for i := range uint8(yield(1)) {
		fmt.Printf("%T %d\n", i, i)
		yield(0)
	}
	for range yield(0) {
		fmt.Println("no variable", yield(5))
	}
	for i := range -2 {
		fmt.Println("never", i, yield(1))
	}
	var zero int64
	for i := range zero {
		fmt.Println("never", i, yield(1))
	}
	var f func() int
	for i := range 3 {
		if i == 1 {
			f = func() int { i += yield(i); return i }
		}
		i *= 2
	}
	fmt.Println(f(), f())
	const big = 2
	for i := range big {
		for i := range i + 1 {
			fmt.Println("shadowed", i, yield(i))
		}
	}
	var i int16
	for i = range 4 {
		yield(int(i))
	}
	fmt.Printf("%T %d\n", i, i)
	for i := range 10 {
		if i%2 == 0 {
			continue
		}
		if yield(i) > 10 {
			break
		}
		fmt.Println("odd", i)
	}
}
