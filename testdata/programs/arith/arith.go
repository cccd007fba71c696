// Arithmetic with operands that suspend, on every numeric kind, with overflow,
// shifts, conversions, comparison and untyped constants.
package arith

import (
	"fmt"
	"math"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type celsius float64
type bits uint8

func u8(v int) uint8           { return uint8(yield(v)) }
func i8(v int) int8            { return int8(yield(v)) }
func f64(v int) float64        { return float64(yield(v)) }
func c128(v int) complex128    { return complex(f64(v), float64(v)) }
func u64(v int) uint64         { return uint64(yield(v)) }
func (b bits) flip(v int) bits { return b ^ bits(yield(v)) }
func deg(v int) celsius        { return celsius(yield(v)) / 2 }

func Main() {
	fmt.Println(u8(127)+u8(1), u8(1)-u8(2), -u8(0), ^u8(1), u8(100)*2)
	fmt.Println(i8(63)+i8(0), -i8(-65), i8(60)<<1, i8(-3)>>1, i8(3)/-2, i8(3)%-2)
	fmt.Println(f64(1)/f64(0)/2, f64(1)/(f64(0)-1), math.IsNaN((f64(0)-1)/(f64(0)-1)), f64(2)*1e10)
	fmt.Println(c128(1)*c128(2), real(c128(1)), imag(c128(2)), c128(1) == c128(1), -c128(1))
	fmt.Println(u64(0)-2, u64(3)<<62>>1, 1<<u8(2), uint8(1)<<u8(4), ^u64(0), u64(5)&^3)
	fmt.Println(bits(1).flip(2).flip(3), bits(240)|bits(yield(7))&^2, deg(1)*2.5+1)
	x := 10
	x += yield(1) * x
	x <<= uint(yield(0))
	x ^= yield(2)
	x |= yield(3) & 6
	fmt.Println(x, x&^yield(0), x%yield(4), -x/yield(1), +x)
	var b uint8 = 250
	b += u8(4)
	b--
	fmt.Println(b, b > u8(0), b == 2, int8(b)-i8(100))
	var f float32 = 0.1
	f *= float32(yield(1))
	c := complex64(complex(f, 1))
	c += complex64(c128(1))
	yield(0)
	fmt.Println(f, c, float64(f) == 0.3, f == 0.3)
	fmt.Println(int(f64(1)*1.5), uint8(int16(yield(200))), rune(yield(32))+'a', string(rune(yield(32))))
	fmt.Println(yield(1) < yield(2), yield(1) == yield(1) && yield(2) != yield(3), !(yield(0) >= 1) || yield(4) <= 9)
	fmt.Println(math.MaxInt64+yield(0), math.Sqrt(f64(12)), math.Max(f64(1), 2.5), min(yield(1), 2, yield(0)), max(f64(0), 1.5))
	var i any = yield(5)
	fmt.Println(i == 11, i == 11.0, 11 == i, i != any(f64(5)))
	const huge = 1 << 70
	fmt.Println(huge>>68+yield(1), 'a'*yield(0), 0.5+f64(0), 2i*c128(0))
}
