// run

// Ranges over everything but functions: named and generic types, integers of each
// type, channels, array pointers.
package main

import (
	"fmt"
)

func yield(v int) int { fmt.Println("yield", v); return 2*v + 1 }

type (
	Ints   []int
	M      map[string]int
	S      string
	Arr    [3]int
	PArr   *[3]int
	N      int8
	U      uint64
	Ch     chan int
	Recv   <-chan string
	Bytes  []byte
	Struct struct{ a, b int }
)

func closedchan(n int) chan int {
	ch := make(chan int, n)
	for i := range n {
		ch <- i
	}
	close(ch)
	return ch
}

func over[E any, T ~[]E](xs T) (n int) {
	for i, x := range xs {
		n += yield(i)
		fmt.Println(x)
	}
	for i := range xs {
		n += yield(i)
	}
	for range xs {
		n += yield(7)
	}
	return n
}

func overMap[K comparable, V any, T ~map[K]V](m T) (n int) {
	for k, v := range m {
		n += yield(1)
		fmt.Println(k, v)
	}
	for k := range m {
		n += yield(1)
		fmt.Println(k)
	}
	return n
}

func overString[T ~string](s T) (n int) {
	for i, r := range s {
		n += yield(i)
		fmt.Println(string(r))
	}
	for i := range s {
		n += yield(i)
	}
	return
}

func overBytes[T ~[]byte](s T) (n int) {
	for i, r := range s {
		n += yield(i)
		fmt.Println(string(rune(r)))
	}
	return
}

func overInt[T ~int](x T) (n int) {
	for i := range x {
		n += yield(int(i))
		fmt.Printf("%T %v\n", i, i)
	}
	for range x {
		n += yield(1)
	}
	return
}

func overN[T N](x T) (n int) {
	for i := range x {
		n += yield(int(i))
		fmt.Printf("%T %v\n", i, i)
	}
	return
}

func overArr[T ~[3]int](x T) (n int) {
	for i, v := range x {
		n += yield(int(i) + v)
	}
	return
}

func overPArr[T *[3]int](x T) (n int) {
	for i, v := range x {
		n += yield(int(i) + v)
	}
	for i := range x {
		n += yield(int(i))
	}
	return
}

func closedover[T ~chan int](ch T) (n int) {
	for v := range ch {
		n += v
	}
	for range ch {
	}
	return
}

type L[T any] []T

func (l L[T]) each() (n int) {
	for i, x := range l {
		n += yield(i)
		fmt.Println(x)
	}
	return
}

const c = 3
const tc N = 2

func main() {
	for i, v := range (Ints{1, 2}) {
		yield(i + v)
	}
	for k, v := range (M{"a": 1}) {
		yield(v)
		fmt.Println(k)
	}
	for i, r := range S("aé\xff") {
		yield(i)
		fmt.Println(r)
	}
	a := Arr{1, 2, 3}
	for i, v := range a {
		a[2] = 10
		yield(i + v)
	}
	p := &a
	for i, v := range p {
		p[2] = 20
		yield(i + v)
	}
	var q PArr = (*[3]int)(p)
	for i, v := range q {
		q[2] = 30
		yield(i + v)
	}
	var nilp *[3]int
	for i := range nilp {
		yield(i)
	}
	for range len(nilp) {
		yield(1)
	}
	for i := range N(2) {
		yield(int(i))
		fmt.Printf("%T\n", i)
	}
	for i := range U(2) {
		yield(int(i))
		fmt.Printf("%T\n", i)
	}
	for i := range c {
		yield(int(i))
		fmt.Printf("%T\n", i)
	}
	for i := range tc {
		yield(int(i))
		fmt.Printf("%T\n", i)
	}
	for i := range 'b' - 'a' {
		yield(int(i))
		fmt.Printf("%T\n", i)
	}
	var b byte
	for b = range 3 {
		yield(int(b))
	}
	fmt.Println(b)
	var any8 any
	for any8 = range 2 {
		yield(any8.(int))
	}
	fmt.Println(any8)
	for i := range -3 {
		yield(i)
	}
	x := 2
	for i := range x {
		x = 10
		yield(i)
		i = 5
	}
	for v := range closedchan(yield(1)) {
		fmt.Println(v)
	}
	var st Struct
	arr := [2]int{}
	for st.a, arr[yield(st.a)&1] = range []int{5, 6} {
		yield(st.a + arr[0] + arr[1])
	}
	fmt.Println(st, arr)
	m := map[string]*Struct{"x": {}}
	for m["x"].a = range "ab" {
		yield(m["x"].a)
	}
	for _, m["x"].b = range [2]int{3, 4} {
		yield(m["x"].b)
	}
	fmt.Println(over(Ints{1, 2}), over([]string{"a"}), over[any]([]any{nil}))
	fmt.Println(overMap(M{"z": 26}), overMap(map[int]bool{1: true}))
	fmt.Println(overString("ab"), overString(S("é")), overBytes(Bytes("xy")), overBytes([]byte("z")))
	fmt.Println(overInt(2), overInt(int(3)), overN(N(2)))
	fmt.Println(overArr(a), overArr([3]int{}), overPArr(&[3]int{1, 2, 3}))
	fmt.Println(closedover(closedchan(3)), closedover(Ch(closedchan(2))))
	fmt.Println(L[string]{"p", "q"}.each())
	for i, f := range []func() int{func() int { return yield(1) }, func() int { return 2 }} {
		fmt.Println(i, f())
	}
	var fs []func() int
	for i, s := range "xyz" {
		fs = append(fs, func() int { i++; return i + int(s) })
		if yield(i) > 2 {
			continue
		}
		i += 10
	}
	for i := range 3 {
		fs = append(fs, func() int { i++; return i })
		yield(i)
		i += 10
	}
	for k, v := range map[int]int{1: 2} {
		fs = append(fs, func() int { k++; v++; return k*v + yield(v) })
		yield(k)
	}
	for i := range 4 {
		if i%2 == 0 {
			goto next
		}
		fs = append(fs, func() int { i++; return yield(i) })
		yield(i)
	next:
	}
	for _, f := range fs {
		fmt.Println(f(), f())
	}
	for i := range yield(2) {
		fmt.Println(i)
	}
	for i := range get(3) {
		fmt.Println(i)
	}
	for i, v := range arr2(1) {
		fmt.Println(i, v)
	}
	for i := range arr2(1) {
		fmt.Println(i)
	}
	for i := range len(arr2(1)) {
		fmt.Println(i)
	}
	for range arr2(3) {
		yield(4)
	}
	var none []int
	for range none {
		yield(1)
	}
	var nilm map[int]int
	for k := range nilm {
		yield(k)
	}
	for range 0 {
		yield(0)
	}
	for range "" {
		yield(0)
	}
	for i := range uint8(255) {
		if i == 254 {
			yield(int(i))
		}
	}
	var i8 int8 = 127
	n := 0
	for i := range i8 {
		n += int(i)
		if i == 126 {
			yield(int(i))
		}
	}
	fmt.Println(n)
}

func get(n int) []int { return make([]int, yield(n)&3) }

func arr2(n int) [2]int { return [2]int{n, yield(n)} }
