// Type switches with suspending operands and bodies.
//
// The variable has the case's type where the case lists one type, the operand's
// type elsewhere; nil is a case; the operand is evaluated once.
package typeswitches

import (
	"errors"
	"fmt"
	"io"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type shape interface{ area() int }
type square struct{ side int }
type rect struct{ a, b int }
type circle struct{ r int }

func (s square) area() int      { return yield(s.side) * s.side }
func (r *rect) area() int       { return r.a * yield(r.b) }
func (c circle) String() string { return fmt.Sprint("circle ", c.r) }

type failure struct{ code int }

func (f *failure) Error() string { return fmt.Sprint("failure ", f.code) }

func operand(i int, v any) any {
	fmt.Println("operand", yield(i))
	return v
}

func describe(i int, v any) string {
	switch x := operand(i, v).(type) {
	case nil:
		yield(0)
		return fmt.Sprint("nil ", x)
	case int, int64:
		yield(1)
		return fmt.Sprintf("integer %v", x)
	case string:
		n := yield(len(x))
		return x + fmt.Sprint(n, len(x))
	case shape:
		return fmt.Sprint("shape ", x.area())
	case fmt.Stringer:
		yield(2)
		return "stringer " + x.String()
	case []int:
		sum := 0
		for _, v := range x {
			sum += yield(v)
		}
		x = append(x, sum)
		yield(3)
		return fmt.Sprint(x)
	case func(int) int:
		return fmt.Sprint("func ", x(4))
	case error:
		if yield(4); errors.Is(x, io.EOF) {
			return "end"
		}
		var f *failure
		if errors.As(x, &f) {
			f.code += yield(5)
			return x.Error()
		}
		return "error"
	case struct{ a int }:
		x.a += yield(x.a)
		return fmt.Sprint("anonymous ", x)
	default:
		return fmt.Sprintf("default %v %T %d", x, x, yield(6))
	}
}

func Main() {
	for i, v := range []any{
		nil, 1, int64(2), "str", square{3}, &rect{4, 5}, circle{6}, []int{1, 2},
		func(n int) int { return yield(n) + 1 }, io.EOF, &failure{7}, 3.5,
		struct{ a int }{8}, fmt.Errorf("wrapped: %w", io.EOF), shape(nil), rect{1, 2},
	} {
		fmt.Println(i, describe(i, v))
	}
	var s shape = square{2}
	switch v := s; v := v.(type) {
	case square:
		v.side = 9
		fmt.Println(v.area(), s.(square).side)
	case *rect:
	}
	switch s.(type) {
	case *rect:
		fmt.Println("no")
	case square, interface{ area() int }:
		fmt.Println("no variable", yield(1))
		if yield(2) == 5 {
			break
		}
		fmt.Println("not reached")
	}
	switch yield(3); s := operand(1, s).(type) {
	default:
		fmt.Println("default", s)
	case int:
	}
	// A switch that is left and entered again in a loop.
	total := 0
	for _, v := range []any{1, "two", 3, nil} {
		switch v := v.(type) {
		case int:
			if v == 3 {
				continue
			}
			total += yield(v)
		case string:
			total += yield(len(v))
		case nil:
			total *= 2
		}
		total++
	}
	fmt.Println(total)
}
