// run

// Type switches, also on type parameters, with several types a case, nil, shadowed
// and captured variables.
package main

import (
	"errors"
	"fmt"
)

func yield(v int) int { fmt.Println("yield", v); return 2*v + 1 }

type T struct{ n int }

func (t T) String() string   { return fmt.Sprint("T", t.n) }
func (t *T) Error() string   { return fmt.Sprint("*T", t.n) }
func get(x any) any          { yield(1); return x }
func twice(x any) (any, int) { return x, yield(2) }

type G[X any] struct{ x X }

type Num interface{ ~int | ~float64 | ~string }

func kind[X any](x X) string {
	switch v := any(x).(type) {
	case int, int8:
		yield(0)
		return fmt.Sprintf("int %v", v)
	case []X:
		yield(len(v))
		return "slice"
	case G[X]:
		return fmt.Sprint("G", yield(3))
	case nil:
		yield(4)
		return "nil"
	case interface{ String() string }:
		yield(5)
		return v.String()
	case func() int:
		return fmt.Sprint(v())
	case X:
		yield(6)
		return fmt.Sprintf("X %T %v", v, v)
	}
	return "none"
}

func types2[A, B any](x any) string {
	switch y := x.(type) {
	case A:
		yield(1)
		return fmt.Sprintf("A %v", y)
	case map[string]B:
		yield(2)
		return fmt.Sprintf("mB %v", y)
	case *A, chan B:
		yield(3)
		return fmt.Sprintf("pA %T", y)
	default:
		yield(4)
		return fmt.Sprintf("? %v", y)
	}
}

func num[N Num](x N) string {
	switch any(x).(type) {
	case int:
		yield(1)
		return "int"
	case string:
		yield(2)
		return "string"
	}
	switch any(*new(N)).(type) {
	case float64:
		return fmt.Sprint("float", yield(7))
	}
	return "other"
}

type str string

func main() {
	vals := []any{1, int8(2), "s", nil, T{3}, &T{4}, []any{1}, []int{1}, errors.New("e"), 2.5, G[any]{1}, func() int { return yield(9) }, struct{ a int }{1}, str("z")}
	for i, v := range vals {
		switch x := get(v).(type) {
		case nil:
			yield(i)
			fmt.Println("nil", x)
		case int, string:
			yield(i)
			fmt.Println("int or string", x)
		case error:
			yield(i)
			fmt.Println("error", x.Error())
		case fmt.Stringer:
			fmt.Println("stringer", x, yield(i))
		case []any:
			x = append(x, yield(i))
			fmt.Println(x)
		case func() int:
			fmt.Println(x())
		case struct{ a int }:
			x.a += yield(i)
			fmt.Println(x.a)
		default:
			yield(i)
			fmt.Printf("default %v\n", x)
		}
		switch v.(type) {
		}
		switch get(v).(type) {
		case int8:
			yield(100)
		case nil, error:
			yield(101)
		}
		switch _ = v; w := v.(type) {
		case int:
			yield(w)
			{
				w := "shadow"
				fmt.Println(w)
			}
		case *T:
			w.n++
			f := func() { w.n += yield(w.n); w = nil }
			f()
			fmt.Println(w == nil, v)
		case T:
			p := &w
			yield(1)
			p.n += yield(w.n)
			fmt.Println(w, v)
		}
		fmt.Println(kind(v))
	}
	fmt.Println(kind(1), kind("s"), kind(T{1}), kind([]int{}), kind(G[int]{}), kind[error](nil))
	fmt.Println(types2[int, string](1), types2[int, string](map[string]string{}), types2[int, string](new(int)), types2[string, any](nil))
	fmt.Println(num(1), num("s"), num(1.5), num(str("x")))
	switch x, n := twice(3); y := x.(type) {
	case int:
		fmt.Println(y + n + yield(y))
	}
	func() {
		defer func() { fmt.Println(recover()) }()
		var i fmt.Stringer
		switch x := i.(type) {
		case T:
			yield(1)
		case interface{ Foo() }:
			yield(2)
		case nil:
			yield(3)
			fmt.Println(x.String())
		}
	}()
L:
	for i := range 4 {
		switch x := get(i).(type) {
		case int:
			if x == 1 {
				continue L
			}
			if x == 2 {
				break
			}
			if x == 3 {
				break L
			}
			yield(x)
		}
		fmt.Println("after", i)
	}
	var fs []func() string
	for _, v := range []any{1, "a", 2.5} {
		switch x := v.(type) {
		case int:
			fs = append(fs, func() string { x++; yield(x); return fmt.Sprint(x) })
			x += 10
		case string:
			fs = append(fs, func() string { x += "b"; yield(1); return x })
			yield(5)
			x += "c"
		default:
			fs = append(fs, func() string { yield(2); return fmt.Sprint(x) })
		}
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
	var e any = 1
	switch e := e.(type) {
	case int:
		switch e := any(e + yield(1)).(type) {
		case int:
			fmt.Println(e)
		}
		fmt.Println(e)
	}
	goto out
out:
	switch z := get(1).(type) {
	case int:
		if z < 3 {
			yield(z)
			goto end
		}
	}
end:
}
