// run

// Composite literals, conversions, index and slice expressions, calls, builtins and
// methods with calls in each operand.
package main

import (
	"fmt"
	"os"
	"strings"
)

func y(v int) int        { fmt.Println("y", v); return 2*v + 1 }
func ys(s string) string { fmt.Println("ys", s); return s + "!" }
func yb(b bool) bool     { fmt.Println("yb", b); return b }

type P struct{ x, y int }
type T struct {
	a int
	p P
	q *P
	s []int
	m map[string]P
	n [2]P
	f func(int) int
	e any
}
type K [2]int
type MyInt int
type Fn func(int) int

func try(name string, f func()) {
	defer func() {
		if r := recover(); r != nil {
			fmt.Println(name, "panic:", r)
		}
	}()
	f()
}

func pair() (int, string)         { return y(1), ys("p") }
func trip() (int, int, int)       { return y(1), y(2), y(3) }
func one() []int                  { return []int{y(1), y(2)} }
func take(n int, s string)        { fmt.Println("take", n, s) }
func vari(n int, xs ...int) int   { fmt.Println("vari", n, xs, xs == nil); return y(len(xs)) }
func varany(xs ...any)            { fmt.Println(len(xs), xs) }
func cplx() (float64, float64)    { return float64(y(1)), float64(y(2)) }
func sliceAnd() ([]int, int, int) { return []int{1, 2}, y(3), y(4) }
func dstsrc() ([]int, []int)      { return make([]int, 2), []int{y(5), y(6), y(7)} }
func mapkey() (map[string]int, string) {
	return map[string]int{"a": y(1), "b": 2}, ys("")
}
func (t T) M(a int, bs ...string) string { y(a); return fmt.Sprint(t.a, a, bs) }
func (t *T) PM(a int) *T                 { t.a += y(a); return t }
func (k K) Sum() int                     { return k[0] + k[1] + y(0) }
func (f Fn) Call(n int) int              { return f(n) + y(n) }
func gen[A, B any](a A, f func(A) B) B   { y(7); return f(a) }

func main() {
	// composite literals
	t := T{a: y(1), p: P{y(2), y(3)}, q: &P{x: y(4)}, s: []int{5: y(5), y(6), 0: y(7)}, m: map[string]P{ys("k"): {y(8), 1}, "c": {1, 2}, ys("l"): {x: y(9)}}, n: [2]P{{y(10), 1}, {y: y(11)}}}
	fmt.Println(t.a, t.p, *t.q, t.s, t.m, t.n)
	pp := []*P{{y(1), 2}, {x: y(2)}, nil, {}}
	fmt.Println(*pp[0], *pp[1], pp[2], *pp[3])
	mp := map[K]*P{{y(0), 1}: {y(1), y(2)}, {2, 3}: {}}
	fmt.Println(*mp[K{1, 1}], *mp[K{2, 3}], len(mp))
	mk := map[*P]string{{1, 2}: ys("v")}
	fmt.Println(len(mk))
	ml := map[string][]map[int]string{"a": {{y(1): ys("in")}, {2: "b"}}, ys("b"): nil}
	fmt.Println(ml)
	arr := [...]string{2: ys("two"), 0: "zero", 1: ys("one")}
	fmt.Println(arr, len(arr))
	an := []struct {
		a int
		b string
	}{{y(1), "x"}, {b: ys("q")}}
	fmt.Println(an)
	ia := []any{y(1), ys("s"), P{y(2), 3}, nil, []int{y(4)}}
	fmt.Println(ia)
	fa := []func() int{func() int { return y(1) }, nil, func() int { return y(2) }}
	fmt.Println(fa[y(0)-1](), fa[2]())
	m2 := map[string]int{"dup" + ys("1"): y(1), "dup1!": y(2)}
	fmt.Println(m2)
	nested := [2][2]int{{y(1), y(2)}, {1: y(3)}}
	fmt.Println(nested)
	var ptrT = &T{f: func(n int) int { return y(n) }, e: y(3)}
	fmt.Println(ptrT.f(y(1)), ptrT.e)
	byt := []byte{byte(y(30)), 'a'}
	fmt.Println(byt)
	// conversions
	fmt.Println(MyInt(y(1)), float64(y(2))/2, string(rune(y(32))), []byte(ys("b")), []rune(ys("é")), string([]byte{byte(y(48))}), any(y(1)), fmt.Stringer(nil) == nil)
	fmt.Println(uint8(y(200)), int8(y(100)), [2]int([]int{y(1), y(2)}), *(*[1]int)([]int{y(3)}), (func() int)(func() int { return y(4) })())
	try("slice to array", func() { fmt.Println([3]int([]int{y(1)})) })
	// index, slice
	s := []int{1, 2, 3, 4, 5, 6, 7, 8}
	fmt.Println(s[y(0)], s[y(0):], s[:y(1)], s[y(0):y(1)], len(s[y(0):y(1):y(2)]), cap(s[y(0):y(1):y(2)]), s[1:y(1):5][0], "hello"[y(0):y(1)], ys("abc")[y(0)], ys("abcdef")[y(0):y(1)])
	ar := [4]int{1, 2, 3, 4}
	sl := ar[y(0):y(1)]
	sl[0] = 100
	fmt.Println(ar, sl, cap(sl))
	par := &ar
	fmt.Println(par[y(0)], par[y(0):], par[:y(1):y(1)], len(par), cap(par[:y(0)]))
	m := map[string]int{"a": 1}
	fmt.Println(m[ys("a")], m["a"]+y(1), m[ys("")+ys("")])
	try("oob", func() { fmt.Println(s[y(9)]) })
	try("oob slice", func() { fmt.Println(s[y(2):y(1)]) })
	try("oob slice3", func() { fmt.Println(s[1:y(2):y(1)]) })
	try("nil arr", func() { var p *[3]int; fmt.Println(p[y(0)]) })
	try("nil arr slice", func() { var p *[3]int; fmt.Println(p[:y(0)]) })
	try("neg", func() { n := -y(1); fmt.Println(make([]int, n)) })
	try("neg idx", func() { n := -y(1); fmt.Println(s[n]) })
	// calls with multiple values
	take(pair())
	fmt.Println(vari(trip()), vari(y(1)), vari(y(1), one()...), vari(y(1), nil...), vari(1, y(2), y(3)), vari(one()[0]))
	varany(pair())
	varany(trip())
	varany(one())
	varany()
	fmt.Println(pair())
	fmt.Println(append(sliceAnd()))
	fmt.Println(copy(dstsrc()))
	mm, kk := mapkey()
	delete(mm, kk[:0]+"a")
	delete(mapkey())
	fmt.Println(mm, complex(cplx()), real(complex(cplx())), imag(complex(float64(y(1)), 2)))
	fmt.Println(min(y(3), y(1), 5), max(float64(y(1)), 2.5), min(ys("b"), ys("a")), len(one()), cap(make([]int, y(1), y(3))))
	fmt.Println(append([]byte(ys("x")), ys("y")...), append(one(), one()...), append([]int(nil), y(1), y(2)), len(append([]any{}, y(1), nil)))
	clear(mm)
	clear(s[y(0):y(1)])
	fmt.Println(mm, s)
	np := new(int)
	*np = y(1)
	ni := new(y(5))
	nss := new(ys("new"))
	nT := new(T{a: y(6)})
	nc := new(42)
	*nc += y(1)
	fmt.Println(*np, *ni, *nss, nT.a, *nc)
	println2(y(1), ys("e"))
	fmt.Fprintln(os.Stdout, y(1), strings.ToUpper(ys("up")), strings.Join([]string{ys("a"), ys("b")}, ys("-")))
	// methods
	fmt.Println(t.M(y(1)), t.M(y(1), ys("a"), "b"), T.M(t, y(2)), (*T).M(&t, y(3), one2()...), t.PM(y(1)).PM(y(2)).a)
	mv, pmv, me, pme := t.M, t.PM, T.M, (*T).PM
	t.a = 1000
	fmt.Println(mv(y(1)), pmv(y(1)).a, me(t, y(1), "z"), pme(&t, y(2)).a)
	fmt.Println(K{y(1), y(2)}.Sum(), K.Sum(K{1, y(1)}), Fn(y).Call(y(1)), Fn.Call(func(n int) int { return y(n + 1) }, 3))
	fmt.Println(gen(y(1), func(n int) string { return ys(fmt.Sprint(n)) }), gen[int](2, y), gen("s", strings.ToUpper))
	var sg fmt.Stringer = stringer(y(1))
	f := sg.String
	sg = stringer(9)
	fmt.Println(f(), fmt.Stringer.String(sg), sg.String()+ys("t"))
	try("nil method value", func() { var s fmt.Stringer; f := s.String; y(1); f() })
	try("nil ptr value method", func() { var p *T; f := p.M; y(1); f(1) })
	try("nil ptr call", func() { var p *T; p.M(y(1)) })
	try("nil func", func() { var f func(int) int; fmt.Println(f(y(1))) })
	try("nil iface call", func() { var s fmt.Stringer; fmt.Println(s.String(), y(1)) })
	// && || and conditions
	fmt.Println(yb(true) && yb(false) || yb(true), !yb(true) || yb(false) && yb(true), y(1) < y(2) == yb(true), (yb(false) || yb(true)) && !yb(false))
	if yb(false) || y(1) == 3 && yb(true) {
		fmt.Println("yes")
	} else if x := y(4); x > 5 && yb(false) {
	} else if y := ys("shadow"); len(y) > x {
		fmt.Println(y)
	} else {
		fmt.Println(x, y)
	}
	for i, ok := 0, yb(true); ok && yb(i < 3); i, ok = i+1, yb(i < 1) {
		fmt.Println(i, ok)
	}
	// arithmetic order
	x := 1
	inc := func() int { x++; return y(x) }
	fmt.Println(x+inc()*x, inc()-x, x<<inc()&255, x^inc(), -inc(), ^inc(), x&^inc())
	fmt.Println("a"+ys("b")+"c"+ys("d")+fmt.Sprint(y(1)) == ys("x"))
	type local struct{ a, b int }
	fmt.Println(local{y(1), 2} == local{3, y(0) + 1}, [2]int{y(1), 0} == [2]int{3, 0}, any(y(1)) == any(3), any(local{1, y(0)}) != nil)
	var ch = make(chan int, 3)
	ch <- y(1)
	ch <- <-ch + y(2)
	fmt.Println(<-ch+y(3), len(ch), cap(ch))
	fmt.Println(func(a, b int) int { return a*10 + b + y(5) }(y(1), y(2)), func() (a int) { defer func() { a += y(1) }(); return y(2) }())
	fmt.Printf("%v %v\n", *&x, (*(&t)).a+y(1))
	fmt.Println(t.p.x+y(1), t.q.x+y(1), (&t).q.y, t.m["c"].x+y(2), t.n[y(0)].y, []P{{1, y(1)}}[0].y, map[int]P{1: {y(1), 2}}[1].x, struct{ a int }{y(4)}.a, (&P{y(1), 2}).x)
}

func println2(a int, s string) { print(""); println(a, s) }
func one2() []string           { return []string{ys("v")} }

type stringer int

func (s stringer) String() string { y(int(s)); return fmt.Sprint("S", int(s)) }
