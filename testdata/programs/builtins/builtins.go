// Builtin functions with operands that suspend: append, copy, len, cap, make,
// new, delete, clear, min, max, complex, real, imag, panic.
package builtins

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func ints(v int) []int      { return []int{yield(v), v} }
func str(v int) string      { return fmt.Sprint("s", yield(v)) }
func f(v int) float64       { return float64(yield(v)) }
func m(v int) map[int]int   { return map[int]int{v: yield(v)} }
func ptr(v *[3]int) *[3]int { yield(0); return v }

func Main() {
	s := append(ints(1), yield(2), 5, yield(3))
	s = append(s, ints(4)...)
	s = append(s[:1], s[yield(0):]...)
	b := append([]byte("x"), str(5)...)
	fmt.Println(s, string(b), append([]int(nil)), append(ints(6)))
	x := []int{1, 2, 3}
	y := append(x[:1], yield(7))
	fmt.Println(x, y)
	grow := func(v int) int { x = append(x, v); return yield(v) }
	x = append(x, grow(8), len(x))
	fmt.Println(x)

	d := make([]int, yield(1), yield(5))
	n := copy(d, ints(2))
	k := copy(b, str(3))
	fmt.Println(n, k, d, string(b), copy(d[yield(0):], d))
	fmt.Println(len(ints(1)), cap(make([]int, 0, yield(2))), len(str(3)), len(m(4)), len(ptr(nil)), cap(ptr(&[3]int{})))
	fmt.Println(min(yield(1), yield(0), 9), max(f(1), f(0), 2.5), min(str(1), str(2)), max(1, yield(0)))
	c := complex(f(1), f(2))
	fmt.Println(c, real(c*complex(f(0), 0)), imag(complex(1, f(3))))
	p := new(int)
	*p = yield(4)
	*new(int) = yield(5)
	q := new([2]string)
	q[yield(0)] = str(6)
	fmt.Println(*p, *q)
	mm := map[int]int{1: 1, 3: 3, 5: 5}
	delete(mm, yield(0))
	delete(m(2), yield(1))
	fmt.Println(mm, len(mm)+yield(2))
	clear(mm)
	clear(ints(3))
	big := make(map[string][]int, yield(1))
	big[str(1)] = make([]int, 1, yield(2))
	yield(4)
	fmt.Println(len(mm), big)
	func() {
		defer func() { fmt.Println(recover()) }()
		panic(fmt.Sprint(yield(5), str(6)))
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		_ = make([]int, yield(6), yield(1))
	}()
	func() {
		defer clear(mm)
		defer delete(big, str(1))
		defer panicky(yield(7))
		defer func() { recover() }()
		defer panic(str(8))
		mm[1] = yield(9)
	}()
	fmt.Println(len(mm), len(big))
}

func panicky(v int) {
	defer func() { recover() }()
	panic(yield(v))
}
