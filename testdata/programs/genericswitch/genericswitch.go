// Type switches on values of type parameter type, and on generic types as cases,
// where two cases can be the same type after instantiation and the first wins.
package genericswitch

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type box[T any] struct{ v T }

func (b box[T]) get() T { yield(1); return b.v }

type getter[T any] interface{ get() T }

func kind[T any](v T) string {
	switch x := any(v).(type) {
	case nil:
		yield(0)
		return "nil"
	case int:
		return fmt.Sprint("int ", yield(x))
	case []T:
		return fmt.Sprint("slice of itself ", len(x), yield(2))
	case box[int], box[string]:
		return fmt.Sprintf("box %v %d", x, yield(3))
	case getter[T]:
		return fmt.Sprint("getter ", x.get())
	case func() T:
		return fmt.Sprint("func ", x())
	case *T:
		return "pointer"
	case error:
		yield(4)
		return x.Error()
	}
	return fmt.Sprintf("other %T %d", v, yield(5))
}

func is[A, B any](v any) string {
	switch v := v.(type) {
	case A:
		yield(6)
		return fmt.Sprintf("A %T", v)
	case B:
		yield(7)
		return fmt.Sprintf("B %T", v)
	case map[string]A, []B:
		yield(8)
		return fmt.Sprintf("C %T", v)
	}
	return "none"
}

func as[T any](v any) (T, bool) {
	t, ok := v.(T)
	yield(9)
	return t, ok
}

func must[T any](v any) (t T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("must: %v", r)
		}
	}()
	t = v.(T)
	return t, check(yield(10))
}

func check(n int) error {
	if n < 0 {
		return fmt.Errorf("negative")
	}
	return nil
}

func Main() {
	fmt.Println(kind(1), kind("s"), kind[any](nil), kind[error](nil), kind(box[int]{2}), kind(box[bool]{true}))
	fmt.Println(kind[any](box[any]{3}), kind[any](func() any { return yield(11) }), kind[any]([]any{4}))
	fmt.Println(kind(fmt.Errorf("error %d", 5)), kind([]int{}), kind(func() int { return 6 }))
	fmt.Println(is[int, string](1), is[int, string]("s"), is[int, int](1), is[any, int](1), is[int, error](nil))
	fmt.Println(is[int, string](map[string]int{}), is[int, bool]([]bool{true}))
	fmt.Println(as[int](1))
	fmt.Println(as[string](1))
	fmt.Println(as[fmt.Stringer](nil))
	fmt.Println(must[int](2))
	fmt.Println(must[int]("x"))
	fmt.Println(must[error](nil))
}
