// Type assertions around suspending calls: to concrete and interface types, with
// comma-ok, chained with calls and selectors, failing.
package typeassert

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type stepper interface{ step(int) int }
type both interface {
	stepper
	fmt.Stringer
}
type T struct {
	n     int
	inner any
}

func (t *T) step(v int) int  { t.n += yield(v); return t.n }
func (t *T) String() string  { return fmt.Sprint("T", t.n) }
func (t *T) self() any       { yield(t.n); return t }
func value(v any, n int) any { yield(n); return v }

func try(name string, f func() any) {
	defer func() {
		r := recover()
		var te *runtime.TypeAssertionError
		err, _ := r.(error)
		fmt.Println(name, r, errors.As(err, &te), yield(0))
	}()
	fmt.Println(name, f())
}

func Main() {
	t := &T{n: 1}
	t.inner = t
	fmt.Println(value(1, 1).(int)+value(2, 2).(int), value("a", 3).(string)+"b", value(t, 4).(*T).step(5))
	fmt.Println(t.self().(both).step(6), t.self().(fmt.Stringer).String(), t.inner.(*T).inner.(stepper).(both).step(7))
	n, ok := value(1, 1).(string)
	fmt.Printf("%q %v\n", n, ok)
	var s, ok2 = value(t, 2).(stepper)
	fmt.Println(s.step(8), ok2, s == stepper(t))
	if u, ok := t.self().(interface{ missing() }); !ok {
		fmt.Println(u == nil, yield(9))
	}
	if b, ok := value(nil, 3).(both); !ok && b == nil {
		fmt.Println("nil", yield(10))
	}
	m := map[string]any{}
	m["n"], m["ok"] = value(1.5, 4).(float64)
	_, m["no"] = value(1.5, 4).(int)
	fmt.Println(m)
	f := value(func(v int) int { return yield(v) * 2 }, 5).(func(int) int)
	fmt.Println(f(11), value(f, 6).(func(int) int)(12))
	try("int", func() any { return value("x", 7).(int) + yield(99) })
	try("nil", func() any { return value(nil, 8).(*T).step(99) })
	try("method", func() any { return value(1, 9).(stepper).step(yield(13)) })
	try("same name", func() any { type T struct{}; return value(T{}, 10).(T) })
	try("ok", func() any { return value(t, 11).(*T).n })
	try("generic", func() any { return as[string](value(12, 12)) })
	fmt.Println(as[int](13), as[stepper](t).step(14))
}

func as[V any](v any) V { yield(15); return v.(V) }
