// Conversions of results of suspending calls: between numeric, string, byte and
// rune, slice and array, func, pointer, channel-free interface and generic types.
package conversions

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type myInt int
type myStr string
type myBytes []byte
type myFunc func(int) int
type A struct{ n int }
type B A
type P *A
type shower interface{ show() string }

func (m myInt) show() string         { return fmt.Sprint("myInt ", int(m), yield(int(m))) }
func (m myStr) show() string         { return "myStr " + string(m) + fmt.Sprint(yield(len(m))) }
func (b *B) show() string            { return fmt.Sprint("B ", b.n, yield(b.n)) }
func str(v int) string               { return fmt.Sprint("s", yield(v)) }
func slice(v int) []int              { return []int{yield(v), v} }
func a(v int) *A                     { return &A{yield(v)} }
func fn(v int) func(int) int         { yield(v); return func(w int) int { return v + yield(w) } }
func to[T, U ~int | ~float64](v T) U { return U(v) + U(yield(int(v))) }

func Main() {
	fmt.Println(myInt(yield(1)), float64(yield(2))/2, uint8(yield(200)), string(rune(yield(40))), complex(float64(yield(1)), 0))
	fmt.Println([]byte(str(1)), []rune(str(2)), myStr(str(3)), string(myBytes(str(4))), string([]byte(str(5))[1:]))
	fmt.Println([2]int(slice(1)), *(*[1]int)(slice(2)), len((*[2]int)(slice(3))))
	fmt.Println(myInt(yield(2)).show(), myStr(str(1)).show(), (*B)(a(3)).show(), B(*a(4)), P(a(5)).n)
	fmt.Println(myFunc(fn(1))(2), (func(int) int)(myFunc(yield))(3))
	var s shower = myInt(yield(1))
	t := shower((*B)(a(2)))
	yield(0)
	fmt.Println(s.show(), t.show(), any(s).(myInt), interface{ show() string }(s) == s)
	fmt.Println(to[int, float64](1), to[myInt, int](2), to[float64, myInt](3.5))
	type local B
	l := local(B(*a(6)))
	yield(1)
	fmt.Println(l, B(l), struct{ n int }(l))
	var i any = slice(7)
	fmt.Println(append([]int(nil), i.([]int)...), float32(float64(yield(8))*0.1), int64(int8(yield(64))))
	b := myBytes("abc")
	x := string(b)
	b[0] = byte(yield(60))
	fmt.Println(x, string(b), int(b[0]))
}
