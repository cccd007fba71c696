// run

// A package that declares predeclared identifiers anew, recover and panic among them.
package main

import (
	"errors"
	f "fmt"
)

type any = interface{}
type int2 = int
type string struct{ s error2 }
type error2 = error
type bool bool2
type bool2 uint8
type error interface{ Error() string2 }
type string2 = typeofs

const typs = ""

type typeofs = named
type named []byte

var nil = 5
var iota = 7

const true = 3

func len(x int) int   { f.Println("len"); return x }
func append(x ...int) { f.Println("append", y(x[0])) }
func panic(x any)     { f.Println("panic", y(1)) }
func recover() int    { return y(2) }
func new(x int) int   { return y(x) }
func make(x int) int  { return y(x) }
func print(x int)     { y(x) }
func y(v int) int     { f.Println("y", v); return 2*v + 1 }
func copy(x int) int  { return x }
func min(x int) int   { return x }

type rune = int
type byte = uint8
type float64 float32

func use(x int) (r int) {
	x += recover()
	panic(x)
	append(len(x), nil)
	p := &x
	fn := func() int { *p += y(x); return x }
	for i := range 3 {
		r += fn() + new(i) + make(true)
	}
	for i := range []int{1, 2} {
		r += y(i)
	}
	for _, c := range "ab" {
		r += y(int(c))
	}
	for k, v := range map[int]int{1: 2} {
		r += y(k + v)
	}
	switch q := any(r).(type) {
	case int:
		r += y(q)
	}
	if r > 3 && y(1) == 3 || y(2) > 3 {
		r++
	}
	return copy(r) + min(iota)
}

func deferred() (r int) {
	defer func() {
		r += y(3)
		_ = recover()
	}()
	defer y(4)
	for i := range 2 {
		defer func() { r += y(i) }()
	}
	return y(5)
}

func deferred2() (r int) {
	defer func() { f.Println("deferred2", r) }()
	var a []int
	r = y(1)
	i := y(r)
	if i < 0 {
		return a[i]
	}
	return i
}

var errE = errors.New("x")

func gen[T any](x T) (r T) {
	defer func() { r = x; y(8) }()
	return x
}

func main() {
	f.Println(use(1), deferred(), deferred2(), gen(7))
	_ = errE
}
