// Extreme values across suspensions: limits of the integer types, infinities, NaN
// with its bits, negative zero, empty and invalid strings, nil and empty slices
// and maps, long strings.
package extremes

import (
	"fmt"
	"math"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type numbers struct {
	i8   [2]int8
	i16  [2]int16
	i32  [2]int32
	i64  [2]int64
	u8   uint8
	u16  uint16
	u32  uint32
	u64  uint64
	u    uint
	i    [2]int
	p    uintptr
	r    rune
	f32  [4]float32
	f64  [6]float64
	c64  complex64
	c128 complex128
}

func Main() {
	nan := math.Float64frombits(0x7ff8000000000123)
	negZero := math.Copysign(0, -1)
	n := numbers{
		[2]int8{math.MinInt8, math.MaxInt8}, [2]int16{math.MinInt16, math.MaxInt16},
		[2]int32{math.MinInt32, math.MaxInt32}, [2]int64{math.MinInt64, math.MaxInt64},
		math.MaxUint8, math.MaxUint16, math.MaxUint32, math.MaxUint64, math.MaxUint,
		[2]int{math.MinInt, math.MaxInt}, 1<<32 - 1, 0x10ffff,
		[4]float32{math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(-1)), float32(negZero)},
		[6]float64{math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), negZero, nan},
		complex(float32(math.Inf(1)), -1), complex(nan, negZero),
	}
	yield(0)
	fmt.Println(n)
	fmt.Printf("%x %v %v\n", math.Float64bits(n.f64[5]), math.Signbit(n.f64[4]), math.Signbit(imag(n.c128)))
	fmt.Printf("%x %v\n", math.Float64bits(nan), math.Signbit(negZero))

	var nilSlice []int
	var nilMap map[string]int
	var nilAny any
	var nilFunc func()
	var nilPointer *numbers
	emptySlice, emptyMap, emptyString := []int{}, map[string]int{}, ""
	slices := [][]byte{nil, {}, {0}}
	maps := []map[int]int{nil, {}, {0: 0}}
	yield(1)
	fmt.Println(nilSlice == nil, nilMap == nil, nilAny == nil, nilFunc == nil, nilPointer == nil)
	fmt.Println(emptySlice == nil, emptyMap == nil, emptyString == "", slices[0] == nil, slices[1] == nil, maps[0] == nil, maps[1] == nil, len(maps[2]))

	bad := "\xff\x00\xc0\xaf\xed\xa0\x80é\u0000"
	long := strings.Repeat("0123456789", 10000)
	sub := long[5:25]
	keys := map[string]int{bad: 1, "": 2, long: 3}
	yield(2)
	fmt.Printf("%q %d %s %d %d %d\n", bad, len(long), sub, keys[bad], keys[""], keys[long])
	v := yield(math.MaxInt)
	w := yield(math.MinInt)
	fmt.Println(v, w)
	b := []bool{true, false, true}
	runes := []rune{0, -1, 0x10ffff, math.MaxInt32, math.MinInt32}
	any := []any{n.i8, n.u64, nan, "", nil, b, runes, struct{}{}, [0]int{}}
	yield(3)
	fmt.Println(b, runes, any)
}
