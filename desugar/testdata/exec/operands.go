package operands

// When is an operand read that stands to the left of a suspending call which
// changes it?

var gx, gy = 1, 2
var gs = []int{1, 2, 3}
var gm = map[string]int{"a": 1}
var gp = &T{n: 1, s: []int{1, 2}, m: map[string]int{"k": 1}}
var gf = func(x int) int { show("gf1", x); return x }
var gi I = T{n: 1}
var ga = [3]int{1, 2, 3}
var gstr = "abc"
var gany any = 1
var gt = T{n: 1}

func reset() {
	gx, gy = 1, 2
	gs = []int{1, 2, 3}
	gm = map[string]int{"a": 1}
	gp = &T{n: 1, s: []int{1, 2}, m: map[string]int{"k": 1}}
	gf = func(x int) int { show("gf1", x); return x }
	gi = T{n: 1}
	ga = [3]int{1, 2, 3}
	gstr = "abc"
	gany = 1
	gt = T{n: 1}
}

func change() {
	gx, gy = 10, 20
	gs = []int{10, 20, 30, 40}
	gp = &T{n: 10, s: []int{10, 20}, m: map[string]int{"k": 10}}
	gf = func(x int) int { show("gf2", x); return x }
	gi = T{n: 10}
	ga = [3]int{10, 20, 30}
	gstr = "vwxyz"
	gany = 10
	gt.n = 10
}

func add(xs ...int) []int { return xs }

type pair struct{ a, b int }

func two() (int, int) { return gx, s_do(change) }

func apply(f func(int) int, x int) int { return f(x) }

func sum(a, b int) int { return a + b }

func Run() {
	reset()
	show("variable", gx+s_do(change))
	reset()
	show("arguments", add(gx, gy, s_do(change), gx))
	reset()
	show("field", gp.n+s_do(change))
	reset()
	show("index", gs[0]+s_do(change))
	reset()
	show("array", ga[1]+s_do(change))
	reset()
	show("deref", (*gp).n+s_do(change))
	reset()
	show("len", len(gs)+s_do(change))
	reset()
	show("cap", cap(gs)+s_do(change))
	reset()
	show("slice", add(gs[1:]...), s_do(change))
	reset()
	show("slice string", gstr[1:], s_do(change))
	reset()
	show("string index", gstr[0], s_do(change))
	reset()
	show("assertion", gany.(int)+s_do(change))
	reset()
	show("conversion", float64(gx), s_do(change))
	reset()
	show("bytes", string([]byte(gstr)), s_do(change))
	reset()
	show("literal", pair{gx, s_do(change)}, []int{gx, s_do(change)}, [2]int{gx, s_do(change)})
	reset()
	show("map literal", map[string]int{"a": gx, "b": s_do(change), "c": gx})
	reset()
	show("map keys", map[int]int{gx: gy, s_do(change): gy, gx + 1: 3})
	reset()
	show("func variable", gf(s_do(change)))
	reset()
	show("interface", gi.M(s_do(change)))
	reset()
	show("concrete", gt.M(s_do(change)))
	reset()
	show("method value", apply(gt.M, s_do(change)), apply(gi.M, s_do(change)))
	reset()
	mv := gi.M
	show("method value of interface", mv(s_do(change)))
	reset()
	show("comparison", gx == 1 && s_do(change) == 100 && gx == 10)
	reset()
	show("and", gx == 1 || gy == 3, s_do(change), gx == 1)
	reset()
	show("concat", gstr+s_s("x")+gstr)
	reset()
	show("call", g(gx)+s_do(change)+g(gx))
	reset()
	show("min", min(gx, gy), s_do(change), max(gx, gy))
	reset()
	show("append", append(gs, s_do(change)))
	reset()
	show("append before", append(gs, 1), s_do(change))
	reset()
	show("append dots", append([]int{0}, gs...), s_do(change))
	reset()
	a, b := two()
	show("return", a, b)
	reset()
	show("nested", sum(two()))
	reset()
	gx += s_do(change)
	show("op-assign", gx)
	reset()
	gs[0] += s_do(change)
	show("op-assign index", gs)
	reset()
	gp.n += s_do(change)
	show("op-assign field", gp.n)
	reset()
	gm["a"] += s_do(func() { gm["a"] = 50 })
	show("op-assign map", gm)
	reset()
	gs[gx] = s_do(func() { gx = 2 })
	show("left index", gs)
	reset()
	gp.n = s_do(change)
	show("left field", gp.n)
	reset()
	gs[g(0)], gx = s_do(change), gx
	show("parallel", gs, gx)
	reset()
	gx, gy = gy, s_do(change)
	show("swap", gx, gy)
	reset()
	gs[g(gx)] = g(gs[0]) + s_do(change)
	show("calls on both sides", gs)
	reset()
	ch := make(chan int, 2)
	gch := ch
	gch <- s_do(func() { gch = make(chan int, 5) })
	show("send", len(ch), cap(gch), len(gch))
	reset()
	show("base", gs[s_do(func() { gs = make([]int, 200); gs[100] = 7 })])
	reset()
	show("pointer to array", (&ga)[1], s_do(change))
	reset()
	show("complex", complex(float64(gx), float64(gy)), s_do(change))
	reset()
	show("receive", <-fill(gx), s_do(change))
	reset()
	show("unary", -gx, s_do(change))
	reset()
	show("shift", 1<<gx, s_do(change))
	var f64 float64 = float64(int64(1<<s_i(3))) + 0.5
	show("shift", f64, uint8(1<<s_i(7)), 1<<s_i(2) == 4)
	reset()
	show("struct compare", gt.U == U{s_do(change)}, gt.n)
	reset()
	show("multi dim", [][]int{{gx, s_do(change)}, {gx}}, map[string][]int{"a": {gx, s_i(1)}})
	reset()
	show("pointers", *[]*pair{{gx, s_do(change)}}[0], *map[string]*pair{"k": {1, s_i(2)}}["k"])
	reset()
	show("interface conversion", any(gx), s_do(change))
	reset()
	show("new", *new(gx), s_do(change))
	reset()
	show("boxed bytes", gstr[0], gx == 1, uint8(gx), s_do(change))
	reset()
	show("boxed structs", pair{gx, 1}, [2]int{gx}, &pair{gx, 2} == nil, T{n: gx}.U, s_do(change))
	reset()
	show("boxed pointer", (&pair{gx, 3}).a, *(any(&pair{gx, 3}).(*pair)), s_do(change))
	reset()
	show("boxed elements", []any{pair{gx, 1}, gx, s_do(change)}, struct{ a, b any }{pair{gx, 1}, s_do(change)})
	reset()
	r1, r2 := boxedReturn()
	show("boxed return", r1, r2)
	reset()
	show("suspending interface", gj.s_M(s_do(change2)), gh.j.s_M(s_do(change2)))
	reset()
	show("literal receiver", T{n: gx}.M(s_do(change)), (T{n: gx}).s_M(s_do(change)))
	reset()
	pb := &gx
	gs[g(1)], gy = s_do(func() { *pb = 50 }), (T{n: *pb}).M(s_do(func() { *pb = 60 }))
	show("literal receiver", gs, gy)
	reset()
	show("literal receiver", (&T{n: gx}).s_P(s_do(change)), (&T{n: gx}).P(s_do(change)), U{gx}.s_V(s_do(func() { gx++ })))
	reset()
	show("literal in path", T{U: U{gx}}.s_V(s_do(change)), [2]T{{n: gx}}[gy%2].M(s_do(func() { gx, gy = 3, 4 })))
	reset()
	show("receiver with call", T{n: gx + g(0)}.M(s_do(change)), (&T{n: gx + g(0)}).P(s_do(func() { gx = 7 })))
	reset()
	show("pointer from call", getP().M(s_do(func() { gp.n = 9 })), getP().next == nil)
	reset()
	gp.next = &T{n: 3}
	show("field of call", getP().next.M(s_do(func() { gp.next = &T{n: 4} })), getP().next.s_M(s_do(func() { gp.next = &T{n: 5} })))
	reset()
	gp.f = gf
	show("func of call", getP().f(s_do(func() { gp.f = nil })))
	gp.i, gp.j = gi, T{n: 2}
	show("interface of call", getP().i.M(s_do(func() { gp.i = nil })), getP().j.s_M(s_do(func() { gp.j = nil })))
	gt := []T{{n: 1}}
	show("index of call", gt[g(0)].M(s_do(func() { gt[0].n = 2 })), gt[g(0)].s_M(s_do(func() { gt[0].n = 3 })))
	locals()
}

func getP() *T { show("getP"); return gp }

var gj J = T{n: 1}
var gh = &T{j: T{n: 1}}

func change2() {
	gj = T{n: 10}
	gh = &T{j: T{n: 10}}
}

func boxedReturn() (any, any) { return pair{gx, gy}, s_do(change) }

func fill(x int) chan int {
	c := make(chan int, 3)
	c <- x
	return c
}

// The same for local variables, which the literals share.
func locals() {
	x, y := 1, 2
	s := []int{1, 2, 3}
	p := &T{n: 1}
	ch := func() { x, y = 10, 20; s = []int{10, 20, 30, 40}; p = &T{n: 10} }
	show("local", x+s_do(ch)+x)
	x = 1
	show("locals", add(x, y, s_do(ch), x))
	x, s = 1, []int{1, 2, 3}
	show("slice", s[x%3], len(s), s_do(ch), s[x%4])
	p = &T{n: 1}
	show("pointer", p.n, s_do(ch), p.n)
	p = &T{n: 1}
	show("method", p.M(s_do(ch)))
	p = &T{n: 1}
	show("pointer method", p.P(s_do(ch)), p.n)
	f := func(i int) int { return i }
	show("func", f(s_do(func() { f = func(i int) int { return -i } })))
	arr := [3]int{1, 2, 3}
	show("array", arr[0], s_do(func() { arr[0] = 9 }), arr)
	x = 1
	x, z := s_do(ch), x
	show("define", x, z)
}
