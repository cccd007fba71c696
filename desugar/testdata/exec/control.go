package control

import (
	"fmt"
	"maps"
	"slices"
)

// Control flow with suspending calls in every head and body.

func Run() {
	ifs(0)
	ifs(1)
	ifs(2)
	ifs(3)
	fmt.Println(loops(3))
	labels(3)
	switches()
	typeSwitches(1)
	typeSwitches("s")
	typeSwitches(T{n: 4})
	typeSwitches(nil)
	ranges()
	selects()
	fmt.Println(returns(1))
	fmt.Println(named(1))
	fmt.Println(named(-1))
	constants()
	fmt.Println(fallsThrough(1), fallsThrough(2), fallsThrough(3), fallsThrough(9))
	gotos(2)
	fmt.Println(jumps(1), jumps(4))
	localTypes(1, "k")
	localTypes("x", 2)
	(&box[float64, string]{1.5, "y"}).locals()
}

func localTypes[T any, K comparable](x T, k K) {
	type A = map[K]T
	type (
		node struct {
			v    T
			next *node
		}
		num int
	)
	const one num = 1
	const n = 2
	type embeds struct {
		node
		arr [n]K
	}
	e := embeds{node: node{v: s_v(x)}}
	e.next = &node{v: x}
	e.node.v = e.next.v
	f := func() (A, num) { return A{s_v(k): e.v}, one + num(n) }
	a, b := f()
	fmt.Println(a, b, e.arr, len(a))
	for _, y := range []*node{{v: x}, e.next} {
		fmt.Println(s_v(y.v), y.next == nil)
	}
}

type box[A ~float64 | ~int, B interface{ ~string }] struct {
	a A
	b B
}

func (x *box[A, B]) locals() {
	type pair struct {
		a A
		b B
	}
	p := map[string]pair{"p": {s_v(x.a), x.b}}
	inc := func() { p["p"] = pair{p["p"].a + 1, s_v(p["p"].b)} }
	inc()
	fmt.Println(p)
}

func ifs(n int) {
	if x := s_i(n); x == 0 {
		fmt.Println("zero", x)
	} else if y := s_i(x + 1); y == 2 && s_b(true) {
		fmt.Println("one", x, y)
	} else if s_b(false) || y == 3 {
		fmt.Println("two", y)
	} else {
		fmt.Println("else", x, y)
	}
	if n > 1 && s_b(n > 2) || !s_b(true) {
		fmt.Println("yes")
	}
	type myBool bool
	var b myBool = n == 0 && s_v(myBool(n == 0))
	fmt.Printf("%v\n", b)
}

func loops(n int) (sum int) {
	for i := 0; i < s_i(n); i += s_i(1) {
		if i == 1 {
			continue
		}
		sum += i
	}
	for i, j := 0, s_i(n); i < j; i, j = i+1, j-s_i(1) {
		sum += s_i(i * j)
	}
	for s_b(sum < 8) {
		sum++
	}
	for {
		if sum++; s_b(sum > 10) {
			break
		}
	}
	for range s_i(2) {
		sum += s_i(1)
	}
	return
}

func labels(n int) {
outer:
	for i := 0; i < n; i += s_i(1) {
		switch {
		case i == 1:
			continue
		case i == 2:
			break
		default:
			for j := range 5 {
				if s_b(j == 2) {
					continue outer
				}
				if j == 4 {
					break outer
				}
			}
		}
		fmt.Println("after", i)
	}
loop:
	for {
		switch s_i(n) {
		case 3:
			break loop
		}
	}
	for i := 0; ; i += s_i(1) {
		if i == 2 {
			break
		}
		if i == 0 {
			continue
		}
		fmt.Println("in", i)
	}
block:
	switch n {
	case 3:
		if s_b(true) {
			break block
		}
		fmt.Println("not reached")
	}
}

func switches() {
	for n := range 5 {
		switch x := s_i(n); x {
		case 0, s_i(1):
			fmt.Println("0 or 1")
		case s_i(2):
			if s_b(true) {
				break
			}
			fmt.Println("no")
		default:
			fmt.Println("default", s_i(x))
		case 3:
			fmt.Println("3")
		}
		switch {
		case s_b(n == 1):
			fmt.Println("is 1")
		case n == 2, s_b(n == 3):
			fmt.Println("is 2 or 3")
		}
		switch s_v(any(n)) {
		case 1, "x":
			fmt.Println("any 1", s_i(n))
		}
		switch {
		}
		switch s_i(n) {
		}
	}
}

func fallsThrough(n int) (r string) {
	switch n {
	case 1:
		r += s_s("a")
		fallthrough
	case 2:
		r += s_s("b")
		if n == 2 {
			break
		}
		fallthrough
	default:
		r += s_s("d")
	case 3:
		r += "c"
	}
	switch {
	case s_b(n == 1):
		return r + "1"
	case n == 2:
		fallthrough
	default:
		return r + s_s("!")
	}
}

func typeSwitches(v any) {
	switch x := s_v(v).(type) {
	case int:
		fmt.Println("int", s_i(x))
		x++
		f := func() int { x++; return x }
		fmt.Println(f(), x)
	case string, T:
		fmt.Println("string or T", x)
		s_i(1)
	case nil:
		fmt.Println("nil", x)
	}
	switch x := s_v(v).(type) {
	case int:
		x = s_i(x + 1)
	case string:
		x, _ = s_s(x), 0
		fmt.Println(x)
	case T:
		x.n = 3
		fmt.Println(s_i(x.n))
	}
	switch v = s_v(v); v {
	case 1:
		fmt.Println("one")
		fallthrough
	default:
		fmt.Println("other")
	}
	switch y := v; y.(type) {
	case fmt.Stringer:
	case I:
		fmt.Println("I", s_i(2), y)
	}
}

func ranges() {
	xs := []int{1, 2, 3}
	for i, x := range xs {
		xs = append(xs, x)
		xs[2] = 7
		fmt.Println(i, s_i(x))
	}
	arr := [3]int{1, 2, 3}
	for i, x := range arr {
		arr[2] = 9
		fmt.Println(i, s_i(x))
	}
	for i, x := range &arr {
		arr[2] = 11
		fmt.Println(i, s_i(x))
	}
	for i := range arr {
		i *= 2
		fmt.Println(s_i(i))
	}
	for i, r := range "aé\xffz" {
		fmt.Println(i, s_i(int(r)))
	}
	type str string
	for i := range str("é1") {
		fmt.Println(s_i(i))
	}
	for range "ab" {
		s_i(0)
	}
	m := map[string]int{"a": 1}
	for k, v := range m {
		delete(m, k)
		fmt.Println(k, s_i(v))
	}
	for k := range map[int]bool{1: true} {
		s_i(k)
	}
	var nilMap map[string]int
	for range nilMap {
		s_i(9)
	}
	ch := make(chan int, 3)
	ch <- 1
	ch <- 2
	close(ch)
	for v := range ch {
		fmt.Println(s_i(v))
	}
	var i8 int8
	for i8 = range int8(3) {
		s_i(int(i8))
	}
	for i := range uint16(2) {
		fmt.Printf("%T %d\n", i, s_i(int(i)))
	}
	var k, v int
	dst := []int{0, 0, 0}
	for k, dst[s_i(1)] = range []int{4, 5} {
		s_i(k)
	}
	for k, v = range []int{4, 5} {
		k += s_i(v)
	}
	fmt.Println(k, v, dst)
	for i, x := range s_v([]string{"a", "b"}) {
		if i == 0 {
			continue
		}
		fmt.Println(i, s_s(x))
		break
	}
	for i := range s_i(2) {
		fmt.Println("native", i)
	}
	n := 3
	for i := range n {
		n = 10
		s_i(i)
	}
	var p *[2]int
	for i := range p {
		s_i(i)
	}
	for i := range len(p) {
		s_i(i)
	}
	for i, x := range [...]string{2: "c", 0: "a"} {
		fmt.Println(i, s_s(x))
	}
	for i, x := range slices.All([]string{"p", "q"}) {
		fs := func() int { i++; return i }
		fmt.Println(s_i(fs()), i, x)
	}
	for x := range slices.Values(s_v([]int{8, 9})) {
		if x == 8 {
			continue
		}
		fmt.Println(s_i(x))
	}
	for k, v = range maps.All(map[int]int{3: 4}) {
		fmt.Println(s_i(k), s_i(v))
	}
	for x := range maps.Values(map[int]int{5: 6}) {
		s_i(x)
	}
	for range maps.Keys(map[int]int{5: 6}) {
		s_i(7)
	}
	_ = generic([]int{1, 2}, map[string]int{"x": 1})
}

func generic[S ~[]E, E any, M ~map[K]E, K comparable](s S, m M) (out []E) {
	for _, x := range s {
		out = append(out, s_v(x))
	}
	for k, x := range m {
		s_v(k)
		out = append(out, x)
	}
	return out
}

func selects() {
	ch := make(chan int, 2)
	out := make(chan string, 1)
	ch <- 5
	for i := range 3 {
		if i == 0 {
			out <- "full"
		} else if len(out) > 0 {
			<-out
		}
		select {
		case v, ok := <-ch:
			fmt.Println("received", s_i(v), ok)
			f := func() { v++ }
			f()
			fmt.Println(v)
		case out <- s_s("sent"):
			if s_b(true) {
				break
			}
			fmt.Println("no")
		default:
			fmt.Println("default", s_i(0))
		}
		for len(ch) > 0 {
			<-ch
		}
	}
	ch <- 6
	a := make([]int, 2)
	select {
	case a[g(1)] = <-ch:
		s_i(a[1])
	}
	close(ch)
	select {
	case <-ch:
		s_i(8)
	}
}

func returns(x int) (int, string) {
	if x > 0 {
		return s_2(x)
	}
	return x, s_s("neg")
}

func named(x int) (a int, b string, err error) {
	b = "early"
	if x < 0 {
		a, err = s_err(x)
		return
	}
	if a, b := s_2(x); a > 1 {
		_ = b
		return a, b, nil
	}
	a, b = s_2(x + 1)
	return a + s_i(1), b, err
}

func constants() {
	const k = 3
	const (
		a = iota + k
		b
		c = "s"
	)
	var arr [k]int
	const n = len(arr)
	type local struct {
		x [k]int
		y *local
	}
	l := local{y: &local{}}
	f := func() int { const k = 4; return a + b + k + n + s_i(k) }
	fmt.Println(f(), len(l.y.x), c, s_i(n), n)
	{
		const k = "inner"
		type local int
		fmt.Println(k, local(s_i(2)))
	}
}

func gotos(n int) {
	// Not durable: jumps stay.
	i := 0
again:
	if i < n {
		i++
		f := func() int { return i }
		fmt.Println(f())
		goto again
	}
}

// What is jumped over may need temporaries, and the label of a loop that goto
// leads to stands before its init statement.
func jumps(n int) (r int) {
	if s_i(n) > 3 {
		goto end
	}
	r = s_i(1) + s_i(2)*s_i(r)
	if s_b(r > 2) && s_b(r > 3) {
		goto end
	}
	fmt.Println(s_i(r) + s_i(r+1))
loop:
	for i := s_i(n); ; i += s_i(1) {
		switch {
		case i < 3:
			continue loop
		case r < 8:
			r += 4
			goto loop
		default:
			break loop
		}
	}
end:
	return r + s_i(n)
}
