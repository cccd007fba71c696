package progen

// Support is the source of the package that all programs import: what prints
// values without their addresses. It is named support.
const Support = `// Package support prints the values of made-up programs.
package support

import (
	"fmt"
	"reflect"
	"sort"
	"strings"
)

// Desc describes a value by what is in it, without addresses.
func Desc(vs ...any) string {
	var b strings.Builder
	for i, v := range vs {
		if i > 0 {
			b.WriteByte(' ')
		}
		if err, ok := v.(error); ok {
			b.WriteString("error: " + err.Error())
			continue
		}
		desc(&b, reflect.ValueOf(v), 4)
	}
	return b.String()
}

func desc(b *strings.Builder, v reflect.Value, d int) {
	if !v.IsValid() {
		b.WriteString("nil")
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		fmt.Fprint(b, v.Int())
		return
	case reflect.Uint8:
		fmt.Fprint(b, v.Uint())
		return
	case reflect.Float64:
		fmt.Fprint(b, v.Float())
		return
	case reflect.String:
		fmt.Fprintf(b, "%q", v.String())
		return
	case reflect.Bool:
		fmt.Fprint(b, v.Bool())
		return
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Func, reflect.Interface:
		if v.IsNil() {
			b.WriteString("nil")
			return
		}
	}
	if d == 0 {
		b.WriteString("...")
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		b.WriteByte('&')
		desc(b, v.Elem(), d-1)
	case reflect.Interface:
		v = v.Elem()
		fmt.Fprintf(b, "%s:", v.Kind())
		desc(b, v, d)
	case reflect.Struct:
		b.WriteByte('{')
		for i := range v.NumField() {
			if i > 0 {
				b.WriteByte(' ')
			}
			desc(b, v.Field(i), d-1)
		}
		b.WriteByte('}')
	case reflect.Slice, reflect.Array:
		b.WriteByte('[')
		for i := range v.Len() {
			if i > 0 {
				b.WriteByte(' ')
			}
			if i == 12 {
				fmt.Fprint(b, "... ", v.Len())
				break
			}
			desc(b, v.Index(i), d-1)
		}
		b.WriteByte(']')
	case reflect.Map:
		var entries []string
		for _, k := range v.MapKeys() {
			var e strings.Builder
			desc(&e, k, d-1)
			e.WriteByte(':')
			desc(&e, v.MapIndex(k), d-1)
			entries = append(entries, e.String())
		}
		sort.Strings(entries)
		b.WriteString("map[" + strings.Join(entries, " ") + "]")
	default:
		b.WriteString(v.Kind().String())
	}
}
`

// prelude is in every program.
const prelude = `
var (
	_ = slices.All[[]int]
	_ = maps.All[map[int]int]
)

var fuel, yields, naught int

var (
	never chan int
	done  = closed(0)
	room  = make(chan int, 1)
	sink  = make(chan int, 1<<16)
)

func closed(n int) chan int {
	c := make(chan int, n)
	for i := range n {
		c <- 3*i + 1
	}
	close(c)
	return c
}

func put(n int) chan int {
	if len(room) > 0 {
		<-room
	}
	room <- n
	return room
}

func pass(c chan int, _ int) chan int { return c }

func goexit() { runtime.Goexit() }

func recovers() {
	if r := recover(); r != nil {
		show("recovers", r)
	}
}

// tick takes some fuel and reports whether there was any.
func tick() bool {
	fuel--
	return fuel > 0
}

func y(n int) int {
	if yields--; yields < 0 {
		return n
	}
	return coroutine.Yield[int, int](n)
}

func tr(name string, v int) int {
	fmt.Println(name, v)
	return v
}

func show(name string, v ...any) { fmt.Println(name, support.Desc(v...)) }

func guard(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			show(name+" panics", r)
		}
	}()
	f()
}

type failure struct{ code int }

func (f *failure) Error() string { return fmt.Sprint("failure ", f.code) }

var errSentinel = fmt.Errorf("sentinel")

var rares int

func rare() bool {
	rares++
	return rares%3 == 0
}

func use(any) bool       { return true }
func is(b bool) bool     { return b }
func wide(n int) int      { return n & 7 }
func num(n int) int      { return n & 3 }
func str(n int) string   { return string(rune('a' + n&15)) }
func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func clip(s string) string {
	if len(s) < 3 {
		return s + "qrs"
	}
	if len(s) > 12 {
		return s[:6]
	}
	return s
}

func zero[T any]() (t T)     { return }
func ptr[T any](v T) *T      { return &v }
func anyOf[T any](v T) any   { return v }

func as[T any](x any, d T) T {
	if t, ok := x.(T); ok {
		return t
	}
	return d
}

func clips[T any](s []T) []T {
	if len(s) > 4 {
		return s[:4]
	}
	return s
}

func full[T any](s []T, z T) []T {
	for len(s) < 2 {
		s = append(s, z)
	}
	return s
}

func one(m map[int]int) map[int]int {
	for k := range 8 {
		if v, ok := m[k]; ok {
			return map[int]int{k: v}
		}
	}
	return nil
}
`
