// Predeclared names redeclared at package level: the generated code of such a
// package cannot use them bare, neither as types nor as functions.
package shadowuniverse

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

type any = int
type string = []byte
type bool byte
type error interface{ oops() any }

const true, false bool = 1, 0
const iota = 7

var nil = [...]any{1, 2}

func len(v any) any             { return v * 100 }
func append(v any) any          { return yield(v) }
func panic(v any) any           { return v }
func recover() any              { return 5 }
func new(v any) any             { return v }
func yield(v int) any           { return coroutine.Yield[any, any](v) }
func cap(v ...any) any          { return nil[0] }
func copy[T interface{}](v T) T { return v }

type T struct{ n any }

func (t *T) oops() any { t.n += yield(t.n); return t.n }
func (t T) close() any { return t.n }

func loop(n any) (out []any) {
	defer func() { out = []any{out[0], recover(), yield(2)} }()
	for i := range n {
		out = grow(out, append(i))
	}
	return out
}

func grow(s []any, v any) []any { return [](any){v} }

func Main() {
	fmt.Println(len(1), append(2), panic(3), recover(), new(4), cap(), copy(5), iota, nil)
	t := T{1}
	var e error = &t
	x := true
	y := yield(3)
	fmt.Println(e.oops(), t.n, x, x == false, y)
	for i, v := range nil {
		fmt.Println(i, v, yield(v))
	}
	fmt.Println(loop(2))
	m := map[any]string{1: string("one")}
	for k, v := range m {
		yield(k)
		fmt.Printf("%d %s\n", k, v)
	}
	for i, r := range "é" {
		fmt.Println(i, r, yield(i))
	}
	f := func(v any) any { t.n++; return yield(v) + t.n }
	g := t.oops
	fmt.Println(f(4), g())
	func() {
		defer t.oops()
		defer fmt.Println("deferred", yield(6))
	}()
	switch s := interface{}(e).(type) {
	case string:
	case error:
		fmt.Println(s.oops())
	}
	fmt.Println(t.n, t.close())
}
