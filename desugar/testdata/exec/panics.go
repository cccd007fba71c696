package panics

// Which panic comes first, and which calls are made before it?

func Run() {
	var p *T
	var s []int
	var m map[string]int
	var f func(int) int
	var i I
	var x any = "s"
	zero := 0
	try("nil field", func() { show("", p.n+s_i(1)) })
	try("index", func() { show("", s[3]+s_i(1)) })
	try("assertion", func() { show("", x.(int)+s_i(1)) })
	try("division", func() { show("", 1/zero+s_i(1)) })
	try("nil func", func() { show("", f(s_i(1))) })
	try("nil interface", func() { show("", i.M(s_i(1))) })
	try("method value", func() { show("", i.M, s_i(1)) })
	try("slice", func() { show("", s[1:2], s_i(1)) })
	try("nil map", func() { m["a"] = s_i(1) })
	try("left index", func() { s[5] = s_i(1) })
	try("left field", func() { p.n = s_i(1) })
	try("left parallel", func() { s[5], p.n = s_i(1), s_i(2) })
	try("value method", func() { show("", p.M(s_i(1))) })
	try("pointer method", func() { show("", p.P(s_i(1))) })
	try("suspending value method", func() { show("", p.s_M(g(1))) })
	try("suspending pointer method", func() { show("", p.s_P(g(1))) })
	try("promoted", func() { show("", p.s_U(g(1))) })
	try("arguments", func() { show("", s_i(s[1]), s_i(p.n)) })
	try("argument order", func() { s_three(s[1], g(2), p.n) })
	try("argument order 2", func() { s_three(p.n, s[1], g(1)) })
	try("interface field", func() { p.j.s_M(s[3]) })
	try("interface", func() { var j J; j.s_M(s[3]) })
	try("interface call", func() { p.j.s_M(g(3)) })
	try("interface and pointer", func() { p.j.s_M(p.n) })
	try("pointer receiver", func() { p.next.s_P(s[3]) })
	try("value receiver", func() { p.s_M(s[3]) })
	try("path", func() { p.next.s_U(s[3]) })
	try("func field", func() { p.f(s[3]) })
	try("callee", func() { p.f(s_i(s[3])) })
	try("callee field", func() { p.f(s_i(1)) })
	try("suspending callee", func() { s_fn := p.f; s_fn(g(s[1])) })
	try("deref", func() { *s_ptr(nil) = T{n: s_i(1)} })
	try("nested nil", func() { show("", p.next.n, s_i(1), g(2)) })
	try("array pointer", func() { var a *[3]int; show("", a[s_i(1)]) })
	try("range nil array", func() {
		var a *[3]int
		for i := range a {
			s_i(i)
		}
		for i, v := range a {
			s_i(i + v)
		}
	})
	try("conversion to array", func() { show("", [3]int(s), s_i(1)) })
	try("unhashable key", func() {
		show("", map[any]int{any(s): s_i(1), s_i(2): s_i(3)})
	})
	try("unhashable index", func() { mm := map[any]int{}; mm[any(s)] = s_i(1) })
	try("compare", func() { var a, b any = s, s; show("", a == b, s_i(1)) })
	try("op-assign", func() { p.n += s_i(1) })
	try("op-assign index", func() { s[g(1)] += s_i(1) })
	try("send on closed", func() { c := make(chan int, 1); close(c); c <- s_i(1) })
	try("make", func() { show("", make([]int, zero-1), s_i(1)) })
	try("and", func() { show("", p != nil && p.n == s_i(1), p == nil || s_i(p.n) == 0) })
	try("deferred nil", func() {
		defer f(s_i(1))
		s_i(2)
	})
	try("deferred nil interface", func() {
		defer i.M(s_i(1))
		s_i(2)
	})
	try("deferred value method", func() {
		defer p.M(s_i(1))
		s_i(2)
	})
	try("deferred pointer method", func() {
		defer p.P(s_i(1))
		s_i(2)
	})
	try("panic", func() { panic(s_s("value")) })
}

func s_three(a, b, c int) { show("three", a, b, c) }
