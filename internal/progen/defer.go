package progen

import (
	"fmt"
	"strings"
)

func (g *gen) panicStmt() bool {
	if !g.free("panic") {
		return false
	}
	cond := "if " + g.head(g.bool, 2) + " && rare() {\n"
	if g.chance(8) {
		// Ends the coroutine: all that are deferred run, no recover stops it.
		g.emit(cond + "goexit()\n}")
		return true
	}
	g.emit(cond + "panic(" + g.panicValue() + ")\n}")
	return true
}

func (g *gen) panicValue() string {
	return g.choose(
		way(5, func() string { return g.expr(g.int, 2) }),
		way(5, func() string { return g.expr(g.string, 2) }),
		way(3, func() string { return "&failure{" + g.expr(g.int, 2) + "}" }),
		way(2, func() string { return g.expr(oneOf(&g.source, g.structs...), 2) }),
		way(2, func() string { return "errSentinel" }),
		way(1, func() string {
			if g.free("nil") {
				return "nil"
			}
			return ""
		}))
}

func (g *gen) deferStmt() bool {
	if g.chance(45) && g.fn.depth < 3 {
		g.emit("defer " + g.choose(
			way(3, func() string { return g.deferredLit() + "()" }),
			way(1, func() string {
				sig := oneOf(&g.source, g.sigs...)
				return g.funcLit(sig) + "(" + g.args(sig, 2) + ")"
			})))
		return true
	}
	if g.chance(20) {
		if s := g.deferredBuiltin(); s != "" {
			g.emit("defer " + s)
			return true
		}
	}
	sig := oneOf(&g.source, g.sigs...)
	s := g.multi(sig.results, 2)
	if s == "" || strings.HasPrefix(s, "func") && g.chance(50) || strings.HasPrefix(s, "(") {
		return false
	}
	g.emit("defer " + s)
	return true
}

func (g *gen) deferredBuiltin() string {
	return g.choose(
		way(2, func() string {
			m, ok := g.pickPath(g.paths(func(p path) bool { return p.t.kind == kMap && !p.risk }))
			if !ok || !g.free("delete") {
				return ""
			}
			return "delete(" + m.text + ", " + g.expr(m.t.key, 2) + ")"
		}),
		way(2, func() string {
			if s := g.path(g.slice(g.int)); s != "" && g.free("copy") {
				return "copy(" + s + ", " + g.expr(g.slice(g.int), 2) + ")"
			}
			return ""
		}),
		way(1, func() string {
			if s := g.path(g.slice(g.int)); s != "" && g.free("clear") {
				return "clear(" + s + ")"
			}
			return ""
		}),
		way(1, func() string {
			if g.free("panic") && g.fn.depth > 0 && g.chance(30) {
				return "panic(" + g.panicValue() + ")"
			}
			return ""
		}),
		way(2, func() string {
			switch {
			case g.free("recover") && g.fn.depth > 0 && g.chance(40):
				return "recover()" // as a statement of a method it would be refused with its method values
			case g.free("recovers"):
				return oneOf(&g.source, "recovers()", "func() { recovers() }()")
			}
			return ""
		}))
}

// deferredLit writes a literal that may recover, and panic again.
func (g *gen) deferredLit() string {
	outer := g.fn
	f := &function{sig: g.fun(false, nil), deferOK: g.chance(30)}
	defer g.enclose(f)()
	g.push()
	g.scope.isBody = true
	if g.chance(30) {
		g.statements(1)
	}
	if g.free("recover", "panic") && g.chance(80) {
		g.push()
		r := g.fresh()
		g.param(r, g.any)
		f.blocks++
		g.id++
		g.emit(fmt.Sprintf("show(\"rec%d\", %s)", g.id, r))
		g.changeResults(outer, 60)
		g.statements(2)
		if g.chance(20) {
			again := r
			if g.chance(50) || g.lookup(r).t != g.any {
				again = g.panicValue()
			}
			if g.free("panic") {
				g.emit("panic(" + again + ")")
			}
		}
		f.blocks--
		cond := r + " != nil"
		if !g.free("nil") {
			cond = "true"
		}
		body := g.pop()
		g.emit("if " + r + " := recover(); " + cond + " {\n" + body + "}")
	}
	g.statements(2)
	g.changeResults(outer, 30)
	return "func() {\n" + g.pop() + "}"
}

// changeResults assigns to named results of the function that defers.
func (g *gen) changeResults(outer *function, percent int) {
	for _, n := range outer.results {
		if v := g.lookup(n); v != nil && v.t == g.int && v.line < 0 && g.chance(percent) {
			g.emit(n + oneOf(&g.source, " = ", " += ", " ^= ") + g.expr(g.int, 2))
		}
	}
}
