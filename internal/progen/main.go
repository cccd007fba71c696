package progen

import "strings"

// inMain writes with f what Main does, with fuel of its own and a recover around it.
func (g *gen) inMain(name string, f func()) {
	fuel := 40 + g.intN(100)
	g.fn = &function{sig: g.fun(false, nil)}
	g.push()
	g.budget = 6
	f()
	text := g.pop()
	g.fn = nil
	g.doing.WriteString("fuel, yields = " + itoa(fuel) + ", 60\nguard(" + quote(name) + ", func() {\n" + text + "})\n")
}

// call calls a function in Main.
func (g *gen) call(name, callee string, sig *typ) {
	g.inMain(name, func() {
		call := callee + "(" + g.args(sig, 2) + ")"
		if len(sig.results) == 0 {
			g.emit(call)
			return
		}
		var names []string
		for j := range sig.results {
			names = append(names, "r"+itoa(j))
		}
		list := strings.Join(names, ", ")
		g.emit(list + " := " + call)
		g.emit("show(\"results\", " + list + ")")
	})
}

// main writes Main. It does everything twice, since what is left in package-level
// variables counts too.
func (g *gen) main() {
	for _, t := range append([]*typ{g.funcType}, g.defined()...) {
		g.part(func() {
			g.inMain(t.name, func() {
				g.emit("var x " + t.name + " = " + g.expr(t, 2))
				for _, m := range t.methods {
					g.emit("x." + m.name + "(" + g.args(m.sig, 2) + ")")
				}
				g.emit("show(\"x\", x)")
			})
		})
	}
	g.p("// Main runs every function twice, each with a recover around it.\nfunc Main() {\nfor range 2 {\n%sshow(\"globals\", g0, g1, g2)\n}\n}", g.doing.String())
}
