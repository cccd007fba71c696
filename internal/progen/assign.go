package progen

import (
	"fmt"
	"strings"
)

func (g *gen) declStmt() bool {
	switch n := g.intN(20); {
	case n < 12:
	case n < 15:
		return g.declareSeveral()
	case n < 17:
		t := g.anyType()
		name := g.fresh()
		g.emit("var " + name + " " + t.name)
		g.declare(name, t)
		return true
	default: // with an ok
		s := g.path(g.any)
		if s == "" {
			return false
		}
		t := oneOf(&g.source, g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0], g.ifaces[0])
		g.define([]*typ{t, g.bool}, s+".("+t.name+")")
		return true
	}
	t := g.anyType()
	e := g.value(t, 3)
	name := g.fresh()
	g.emit("var " + name + " " + t.name + " = " + e)
	g.declare(name, t)
	return true
}

// declareSeveral declares variables in one statement.
func (g *gen) declareSeveral() bool {
	ts := []*typ{g.int, g.int}
	if g.chance(40) {
		ts = nil
		for range 2 + g.intN(2) {
			ts = append(ts, g.dataType())
		}
	}
	if g.chance(60) {
		if s := g.multi(ts, 3); s != "" {
			g.define(ts, s)
			return true
		}
	}
	var es []string
	for _, t := range ts {
		es = append(es, g.expr(t, 2))
	}
	right := strings.Join(es, ", ")
	if !g.chance(25) {
		g.define(ts, right)
		return true
	}
	// A var statement, of one type.
	var names []string
	es = nil
	for range ts {
		names = append(names, g.fresh(names...))
		es = append(es, g.expr(ts[0], 2))
	}
	g.emit("var " + strings.Join(names, ", ") + " " + ts[0].name + " = " + strings.Join(es, ", "))
	for _, n := range names {
		g.declare(n, ts[0])
	}
	return true
}

// define emits a short declaration. What is on the right was written before. Some of
// the variables may be there already, if their types are those that are wanted.
func (g *gen) define(ts []*typ, right string) {
	var names []string
	old := map[string]bool{}
	for i, t := range ts {
		name := g.fresh(names...)
		if i > 0 && g.chance(15) {
			for _, v := range g.scope.vars {
				if v.t == t && !v.constant && !v.global && !contains(names, v.name) {
					name = v.name
					old[name] = true
					break
				}
			}
		}
		names = append(names, name)
	}
	if g.chance(10) {
		i := g.intN(len(names))
		delete(old, names[i])
		names[i] = "_"
	}
	op := " := "
	if fresh := len(names) - len(old); fresh == 0 || fresh == 1 && contains(names, "_") {
		op = " = "
	}
	g.emit(strings.Join(names, ", ") + op + right)
	for i, n := range names {
		if n != "_" && !old[n] {
			g.declare(n, ts[i])
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func (g *gen) assignStmt() bool {
	t := g.int
	if g.chance(50) {
		t = g.anyType()
	}
	p := g.place(t, 2)
	if p == "" {
		return false
	}
	switch {
	case t == g.int && g.chance(45):
		op := oneOf(&g.source, "+=", "-=", "*=", "&=", "|=", "^=", "&^=")
		g.emit(p + " " + op + " " + g.expr(t, 3))
	case t == g.int && g.chance(15):
		g.emit(p + oneOf(&g.source, "++", "--"))
	case t == g.int && g.chance(15) && g.dare():
		switch g.intN(3) {
		case 0:
			g.emit(p + oneOf(&g.source, " <<= ", " >>= ") + "(" + g.expr(t, 2) + ") & 3")
		case 1:
			g.emit(p + oneOf(&g.source, " /= ", " %= ") + "(" + g.expr(t, 2) + ") | 1")
		default:
			g.emit(p + oneOf(&g.source, " /= ", " %= ") + "num(" + g.expr(t, 2) + ")")
		}
	case t.kind == kNumber && g.chance(50):
		g.emit(p + oneOf(&g.source, " += ", " -= ", " *= ") + g.expr(t, 3))
	case t == g.string && g.chance(30):
		g.emit(p + " += str(" + g.expr(g.int, 2) + ")")
	case t == g.string:
		g.emit(p + " = clip(" + g.expr(t, 2) + ")")
	case t.kind == kSlice && g.free("append") && g.chance(40):
		s := g.path(t)
		if s == "" {
			return false
		}
		g.emit(p + " = append(" + s + ", " + g.expr(t.elem, 2) + ")")
	default:
		g.emit(p + " = " + g.value(t, 3))
	}
	return true
}

// parallelStmt assigns in two phases.
func (g *gen) parallelStmt() bool {
	var ts []*typ
	var ps []string
	for range 2 + g.intN(2) {
		t := g.int
		if g.chance(30) {
			t = g.dataType()
		}
		if len(ps) > 0 && g.chance(10) {
			ps = append(ps, "_")
		} else if p := g.place(t, 2); p != "" {
			ps = append(ps, p)
		} else {
			continue
		}
		ts = append(ts, t)
	}
	if len(ps) < 2 {
		return false
	}
	left := strings.Join(ps, ", ")
	if g.chance(40) {
		if s := g.multi(ts, 3); s != "" {
			g.emit(left + " = " + s)
			return true
		}
	}
	var es []string
	for i, t := range ts {
		switch {
		case ps[i] == "_":
			es = append(es, g.typed(t, 2))
		case t == g.string:
			es = append(es, "clip("+g.expr(t, 2)+")")
		default:
			es = append(es, g.expr(t, 2))
		}
	}
	g.emit(left + " = " + strings.Join(es, ", "))
	return true
}

// typed writes an expression that has its type also where nothing asks for it.
func (g *gen) typed(t *typ, d int) string {
	switch t.kind {
	case kPointer, kSlice, kMap, kFunc:
		return "(" + t.name + ")(" + g.expr(t, d) + ")"
	}
	return g.expr(t, d)
}

func (g *gen) mapStmts() bool {
	m, ok := g.pickPath(g.paths(func(p path) bool { return p.t.kind == kMap && !p.risk }))
	if !ok {
		return false
	}
	key := g.expr(m.t.key, 2)
	at := m.text + "[" + key + "]"
	switch g.intN(9) {
	case 0:
		g.define([]*typ{m.t.elem, g.bool}, at)
	case 1:
		name := g.fresh()
		g.emit("var " + name + " " + m.t.elem.name + " = " + at)
		g.declare(name, m.t.elem)
	case 2:
		if !g.free("delete") {
			return false
		}
		g.emit("delete(" + m.text + ", " + key + ")")
	case 3:
		if !g.free("len") {
			return false
		}
		g.id++
		g.emit(fmt.Sprintf("show(\"m%d\", len(%s))", g.id, m.text))
		g.emit(fmt.Sprintf("show(\"m%d\", %s)", g.id, m.text))
	case 4:
		if m.t.elem.kind != kInt {
			return false
		}
		g.pure++
		g.emit(m.text + "[" + g.expr(m.t.key, 1) + "] += " + g.expr(g.int, 1))
		g.pure--
	case 5:
		if !g.free("clear") || !g.chance(30) {
			return false
		}
		g.emit("clear(" + m.text + ")")
	case 6:
		if m.t.elem.kind != kInt {
			return false
		}
		g.emit(at + oneOf(&g.source, "++", "--"))
	default:
		if m.t.elem == g.string {
			g.emit(at + " = clip(" + g.expr(m.t.elem, 2) + ")")
		} else {
			g.emit(at + " = " + g.expr(m.t.elem, 2))
		}
	}
	return true
}

func (g *gen) sliceStmts() bool {
	t := g.slice(oneOf(&g.source, g.int, g.string, g.structs[0]))
	a := g.path(t)
	if a == "" {
		return false
	}
	switch g.intN(4) {
	case 0:
		if !g.free("copy") {
			return false
		}
		g.emit("copy(" + a + ", " + g.expr(t, 2) + ")")
	case 1:
		if !g.free("clear") {
			return false
		}
		g.emit("clear(" + a + ")")
	case 2:
		if !g.free("append") {
			return false
		}
		e := g.expr(t.elem, 2)
		name := g.fresh()
		g.emit("var " + name + " " + t.name + " = append(" + a + "[:0], " + e + ")")
		g.declare(name, t)
	default:
		i := g.index(2)
		name := g.fresh()
		g.emit("var " + name + " " + t.name + " = " + a + "[" + i + ":]")
		g.declare(name, t)
	}
	return true
}
