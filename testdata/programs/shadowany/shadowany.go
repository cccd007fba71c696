// Names of the universe that a package declares anew: type any = int, and
// functions and constants of others.
package shadowany

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

type any = int

const iota = 7

func min(v ...any) any               { return yield(v[0]) }
func copy[T interface{}](v T) T      { return v }
func yield(v any) any                { return coroutine.Yield[any, any](v) }
func clear(v map[any]any, k any) any { defer delete(v, k); return yield(v[k]) }

type T struct{ n any }

func (t *T) add(v any) any { t.n += yield(v); return t.n }

func results(n any) (out []any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v %d", r, yield(n))
		}
	}()
	for i := range n {
		out = append(out, min(i))
	}
	panic("p")
}

func Main() {
	fmt.Println(min(1, 2), copy(3), iota, yield(4))
	m := map[any]any{1: 10}
	fmt.Println(clear(m, 1), len(m))
	t := T{1}
	f := t.add
	p := &t
	fmt.Println(f(5), p.add(6), t.n)
	fmt.Println(results(3))
	for k, v := range map[any]string{7: "seven"} {
		fmt.Println(k, v, yield(k))
	}
	var i interface{} = &t
	switch v := i.(type) {
	case any:
		fmt.Println("any", v)
	case *T:
		fmt.Println("T", v.add(8))
	}
	add := func(v any) any { t.n++; return yield(v) + t.n }
	fmt.Println(add(9), add(10))
}
