package progen

import (
	"fmt"
	"strings"
)

// closureStmts makes a recursive closure, or several in a slice.
func (g *gen) closureStmts() bool {
	if g.fn.depth >= 2 {
		return false
	}
	t := oneOf(&g.source, g.sigs...)
	if g.chance(50) {
		name := g.fresh()
		g.emit("var " + name + " " + t.name)
		g.declare(name, t)
		g.emit(name + " = " + g.funcLit(t))
		return true
	}
	if !g.free("append") {
		return false
	}
	name := g.fresh("append")
	s := g.slice(t)
	g.emit("var " + name + " " + s.name)
	g.declare(name, s)
	i := "i"
	if name == i {
		i = "j"
	}
	g.push()
	g.param(i, g.int)
	lit := g.funcLit(t)
	g.pop()
	g.emit("for " + i + " := 0; " + i + " < 3; " + i + "++ {\n_ = " + i + "\n" + name + " = append(" + name + ", " + lit + ")\n}")
	g.push()
	i = g.fresh(name)
	g.param(i, t)
	g.fn.blocks++
	call := i + "(" + g.args(t, 2) + ")"
	if len(t.results) == 1 && i != "show" {
		g.id++
		call = fmt.Sprintf("show(\"c%d\", %s)", g.id, call)
	}
	g.fn.blocks--
	g.pop()
	g.emit("for _, " + i + " := range " + name + " {\n" + call + "\n}")
	return true
}

// localStmts declares constants or a type.
func (g *gen) localStmts() bool {
	if g.chance(50) {
		g.localConst()
		return true
	}
	if g.chance(20) {
		// A struct without a name, with an embedded one.
		e := oneOf(&g.source, g.structs...)
		t := g.anonymous(field{"a", g.int, false}, field{"q", g.slice(g.int), false}, field{e.name, e, true})
		value := g.expr(t, 3)
		name := g.fresh()
		g.emit(name + " := " + value)
		g.declare(name, t)
		return true
	}
	g.localType()
	return true
}

func (g *gen) localConst() {
	name := g.fresh()
	switch g.intN(4) {
	case 0:
		g.emit("const " + name + " = " + itoa(2+g.intN(9)))
		g.declare(name, g.int).constant = true
	case 1:
		g.emit("const " + name + " int = 1 << 3")
		g.declare(name, g.int).constant = true
	case 2:
		g.emit("const " + name + " = \"k" + itoa(g.intN(9)) + "\"")
		g.declare(name, g.string).constant = true
	default:
		if !g.free("iota") {
			return
		}
		second := g.fresh(name)
		g.emit("const (\n" + name + " = iota*10 + " + itoa(g.intN(9)) + "\n_\n" + second + "\n)")
		g.declare(name, g.int).constant = true
		g.declare(second, g.int).constant = true
	}
}

// localType declares a type, and variables of it.
func (g *gen) localType() {
	g.id++
	l := "L" + itoa(g.id)
	name := g.fresh()
	extra, value := "", ""
	if p := g.tparam; p != nil {
		extra, value = "; p "+p.name, ", p: "+g.expr(p, 2)
	}
	g.emit("type " + l + " struct { a, b int; s []int; next *" + l + extra + " }")
	g.emit(name + " := " + l + "{a: " + g.expr(g.int, 2) + ", b: " + g.expr(g.int, 2) + value + "}")
	g.declare(name, g.localStruct)
	p := g.fresh()
	g.emit(p + " := &" + name)
	g.declare(p, g.localStruct)
	g.emit(p + ".a += " + g.expr(g.int, 2))
	if g.chance(50) {
		g.emit(p + ".next = &" + l + "{a: " + name + ".a, s: []int{" + g.expr(g.int, 2) + ", " + p + ".b}}")
		g.emit(p + ".next.b += " + g.expr(g.int, 2))
	}
	g.id++
	g.emit(fmt.Sprintf("show(\"l%d\", %s, %s.a+%s.b)", g.id, name, p, name))
	if g.chance(30) {
		q := g.fresh()
		g.emit("type " + l + "b = map[string]" + l)
		g.emit(q + " := " + l + "b{\"a\": " + name + "}")
		g.declare(q, g.localStruct)
		g.id++
		g.emit(fmt.Sprintf("show(\"l%d\", %s, %s)", g.id, q, g.expr(g.int, 2)))
	}
}

// shadowStmt puts predeclared names and packages to another use.
func (g *gen) shadowStmt() bool {
	names := strings.Fields("int string nil true iota fmt coroutine any error panic recover bool new len f0 S0 tick append close")
	g.shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	a, b, c := names[0], names[1], names[2]
	g.id++
	var s strings.Builder
	s.WriteString("{\n" + a + ", " + b + " := " + g.expr(g.int, 2) + ", " + g.expr(g.int, 2) + "\n")
	s.WriteString(c + " := func() { " + a + " += y(" + b + ") }\n")
	if g.chance(50) {
		s.WriteString("for " + b + " < 1000 && " + b + " >= 0 { " + b + " |= 1 << 10; " + c + "() }\n")
	}
	fmt.Fprintf(&s, "%s()\nshow(\"h%d\", %s, y(%s))\n}", c, g.id, a, b)
	g.emit(s.String())
	return true
}
