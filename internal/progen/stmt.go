package progen

import (
	"fmt"
	"strings"
)

// stmt writes a statement, or a few that belong together.
func (g *gen) stmt() {
	f := g.fn
	f.left--
	nested := f.blocks < 3 && g.budget > 0
	var cs []choice
	add := func(weight int, fn func() bool) {
		cs = append(cs, choice{weight, func() string {
			if fn() {
				return "ok"
			}
			return ""
		}})
	}
	add(22, g.declStmt)
	add(16, g.assignStmt)
	add(8, g.parallelStmt)
	add(12, g.showStmt)
	add(6, g.callStmt)
	add(3, g.panicStmt)
	if g.budget > 0 {
		add(3, g.closureStmts)
	}
	add(3, g.localStmts)
	add(3, g.mapStmts)
	add(2, g.sliceStmts)
	add(1, g.shadowStmt)
	if f.deferOK && g.budget > 0 {
		add(9, g.deferStmt)
	}
	if nested {
		add(9, g.ifStmt)
		add(10, g.loopStmt)
		add(7, g.switchStmt)
		add(3, g.typeSwitchStmt)
		add(2, g.blockStmt)
	}
	if f.blocks > 0 {
		add(4, g.jumpStmt)
	}
	g.choose(cs...)
}

// block writes statements in a block of their own.
func (g *gen) block(n int, before func()) string {
	g.push()
	g.fn.blocks++
	if before != nil {
		before()
	}
	for range n {
		g.stmt()
	}
	g.fn.blocks--
	return "{\n" + g.pop() + "}"
}

func (g *gen) size() int { return 1 + g.r.IntN(3) }

// head writes an expression for the head of a statement.
func (g *gen) head(t *typ, d int) string {
	old := g.header
	g.header = true
	s := g.expr(t, d)
	g.header = old
	return s
}

// value writes an expression for a variable of the type: the only operand of
// its statement, so that it may be converted.
func (g *gen) value(t *typ, d int) string {
	if (t.kind == kInterface || t.kind == kAny) && g.chance(50) {
		return g.expr(g.implementation(t), d)
	}
	return g.expr(t, d)
}

func (g *gen) declStmt() bool {
	switch n := g.r.IntN(20); {
	case n < 3:
		var ts []*typ
		for range 2 + g.r.IntN(2) {
			ts = append(ts, g.dataType())
		}
		if g.chance(60) {
			ts = []*typ{g.int, g.int}
		}
		if s := g.multi(ts, 3); s != "" && g.chance(60) {
			g.define(ts, s)
			return true
		}
		var es []string
		for _, t := range ts {
			es = append(es, g.expr(t, 2))
		}
		g.define(ts, strings.Join(es, ", "))
		return true
	case n < 5:
		t := g.anyType()
		name := g.fresh()
		g.emit("var " + name + " " + t.name)
		g.declare(name, t)
		return true
	case n < 8:
		// A comma-ok form.
		s := g.path(g.any)
		if s == "" {
			return false
		}
		t := g.oneOf(g.int, g.string, g.structs[0], g.pointer(g.structs[0]))
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

// define emits a short declaration of new variables. What is on the right was
// written before them. Their types are those of the values only where that is
// certain.
func (g *gen) define(ts []*typ, right string) {
	var names []string
	for range ts {
		names = append(names, g.fresh(names...))
	}
	if g.chance(10) {
		names[g.r.IntN(len(names))] = "_"
	}
	all := true
	for _, n := range names {
		all = all && n == "_"
	}
	if all {
		g.emit(strings.Join(names, ", ") + " = " + right)
		return
	}
	g.emit(strings.Join(names, ", ") + " := " + right)
	for i, n := range names {
		if n != "_" {
			g.declare(n, ts[i])
		}
	}
}

func (g *gen) assignStmt() bool {
	t := g.anyType()
	if g.chance(50) {
		t = g.int
	}
	p := g.place(t, 2)
	if p == "" {
		return false
	}
	switch {
	case t == g.int && g.chance(45):
		op := []string{"+=", "-=", "*=", "&=", "|=", "^="}[g.r.IntN(6)]
		g.emit(p + " " + op + " " + g.expr(t, 3))
	case t == g.int && g.chance(15):
		g.emit(p + []string{"++", "--"}[g.r.IntN(2)])
	case t == g.string && g.chance(30):
		g.emit(p + " += str(" + g.expr(g.int, 2) + ")")
	case t == g.string:
		g.emit(p + " = clip(" + g.expr(t, 2) + ")")
	case t.kind == kSlice && g.free("append") && g.chance(40):
		if s := g.path(t); s != "" {
			g.emit(p + " = append(" + s + ", " + g.expr(t.elem, 2) + ")")
		}
	default:
		g.emit(p + " = " + g.value(t, 3))
	}
	return true
}

func (g *gen) parallelStmt() bool {
	var ts []*typ
	var ps []string
	for range 2 + g.r.IntN(2) {
		t := g.dataType()
		if g.chance(70) {
			t = g.int
		}
		if g.chance(10) && len(ps) > 0 {
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
	if s := g.multi(ts, 3); s != "" && g.chance(40) {
		g.emit(strings.Join(ps, ", ") + " = " + s)
		return true
	}
	var es []string
	for i, t := range ts {
		if ps[i] == "_" {
			es = append(es, g.typed(t, 2))
			continue
		}
		if t == g.string {
			es = append(es, "clip("+g.expr(t, 2)+")")
			continue
		}
		es = append(es, g.expr(t, 2))
	}
	g.emit(strings.Join(ps, ", ") + " = " + strings.Join(es, ", "))
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

func (g *gen) showStmt() bool {
	g.id++
	label := fmt.Sprintf("s%d", g.id)
	if g.chance(50) {
		var out []string
		for range 1 + g.r.IntN(3) {
			out = append(out, g.expr(g.oneOf(g.int, g.int, g.string, g.bool), 3))
		}
		g.emit("show(\"" + label + "\", " + strings.Join(out, ", ") + ")")
		return true
	}
	g.emit("show(\"" + label + "\"" + g.someVars(3) + ")")
	return true
}

// someVars writes variables as arguments.
func (g *gen) someVars(n int) string {
	var out strings.Builder
	vs := g.visible()
	for range n {
		if len(vs) > 0 {
			v := vs[g.r.IntN(len(vs))]
			v.used = true
			out.WriteString(", " + v.name)
		}
	}
	return out.String()
}

func (g *gen) callStmt() bool {
	sig := g.sigs[g.r.IntN(len(g.sigs))]
	s := g.multi(sig.results, 3)
	if s == "" || strings.HasPrefix(s, "func") {
		return false
	}
	g.emit(s)
	return true
}

func (g *gen) panicStmt() bool {
	if g.fn.blocks == 0 {
		e := g.panicValue()
		g.emit("if " + g.head(g.bool, 2) + " && rare() {\npanic(" + e + ")\n}")
		return true
	}
	g.emit("if " + g.head(g.bool, 1) + " && rare() { panic(" + g.panicValue() + ") }")
	return true
}

func (g *gen) panicValue() string {
	return g.choose(
		choice{5, func() string { return g.expr(g.int, 2) }},
		choice{5, func() string { return g.expr(g.string, 2) }},
		choice{3, func() string { return "&failure{" + g.expr(g.int, 2) + "}" }},
		choice{2, func() string { return g.expr(g.structs[g.r.IntN(len(g.structs))], 2) }},
		choice{2, func() string { return "errSentinel" }})
}

// closureStmts makes a recursive closure, or several in a slice or map.
func (g *gen) closureStmts() bool {
	if g.fn.depth >= 2 {
		return false
	}
	t := g.sigs[g.r.IntN(len(g.sigs))]
	if g.chance(50) {
		name := g.fresh()
		g.emit("var " + name + " " + t.name)
		v := g.declare(name, t)
		g.emit(name + " = " + g.funcLit(t))
		v.used = true
		return true
	}
	if !g.free("append") {
		return false
	}
	name := g.fresh("append")
	s := g.slice(t)
	g.emit("var " + name + " " + s.name)
	v := g.declare(name, s)
	v.used = true
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
	if len(t.results) == 1 {
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
	if g.chance(50) || g.tparam != nil {
		name := g.fresh()
		switch g.r.IntN(3) {
		case 0:
			g.emit("const " + name + " = " + itoa(2+g.r.IntN(9)))
			g.declare(name, g.int).constant = true
		case 1:
			g.emit("const " + name + " int = 1 << 3")
			g.declare(name, g.int).constant = true
		default:
			g.emit("const " + name + " = \"k" + itoa(g.r.IntN(9)) + "\"")
			g.declare(name, g.string).constant = true
		}
		return true
	}
	g.id++
	l := "L" + itoa(g.id)
	name := g.fresh()
	g.emit("type " + l + " struct { a, b int; s []int; next *" + l + " }")
	g.emit(name + " := " + l + "{a: " + g.expr(g.int, 2) + ", b: " + g.expr(g.int, 2) + "}")
	v := g.declare(name, g.localType)
	v.used = true
	p := g.fresh()
	g.emit(p + " := &" + name)
	w := g.declare(p, g.localType)
	w.used = true
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
		g.declare(q, g.localType).used = true
		g.emit(fmt.Sprintf("show(\"l%d\", %s, %s)", g.id, q, g.expr(g.int, 2)))
	}
	return true
}

func (g *gen) mapStmts() bool {
	var ms []path
	for _, p := range g.paths() {
		if p.t.kind == kMap && !p.risk {
			ms = append(ms, p)
		}
	}
	if len(ms) == 0 {
		return false
	}
	m := ms[g.r.IntN(len(ms))]
	m.v.used = true
	key := g.expr(m.t.key, 2)
	at := m.text + "[" + key + "]"
	switch g.r.IntN(7) {
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
	t := g.slice(g.oneOf(g.int, g.string, g.structs[0]))
	a, b := g.path(t), g.expr(t, 2)
	if a == "" {
		return false
	}
	switch g.r.IntN(4) {
	case 0:
		if !g.free("copy") {
			return false
		}
		g.emit("copy(" + a + ", " + b + ")")
	case 1:
		if !g.free("clear") {
			return false
		}
		g.emit("clear(" + a + ")")
	case 2:
		if !g.free("append") {
			return false
		}
		name := g.fresh()
		g.emit("var " + name + " " + t.name + " = append(" + a + "[:0], " + g.expr(t.elem, 2) + ")")
		g.declare(name, t)
	default:
		name := g.fresh()
		g.emit("var " + name + " " + t.name + " = " + a + "[" + g.index(2) + ":]")
		g.declare(name, t)
	}
	return true
}

// shadowStmt puts predeclared names and packages to another use.
func (g *gen) shadowStmt() bool {
	names := []string{"int", "string", "nil", "true", "iota", "fmt", "coroutine", "any", "error", "panic", "recover", "bool", "new", "len", "f0", "S0", "tick", "append"}
	g.r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
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

func (g *gen) deferStmt() bool {
	f := g.fn
	if g.chance(45) && f.depth < 3 {
		g.emit("defer " + g.choose(
			choice{3, func() string { return g.deferredLit() + "()" }},
			choice{1, func() string {
				sig := g.sigs[g.r.IntN(len(g.sigs))]
				return g.funcLit(sig) + "(" + g.args(sig, 2) + ")"
			}}))
		return true
	}
	sig := g.sigs[g.r.IntN(len(g.sigs))]
	s := g.multi(sig.results, 2)
	if s == "" || strings.HasPrefix(s, "func") && g.chance(50) || strings.HasPrefix(s, "(") {
		return false
	}
	g.emit("defer " + s)
	return true
}

// deferredLit writes a literal that may recover, and panic again.
func (g *gen) deferredLit() string {
	outer := g.fn
	t := g.fun(false, nil)
	f := &function{outer: outer, sig: t, left: g.r.IntN(3), depth: outer.depth + 1, deferOK: g.chance(30)}
	g.fn = f
	header, pure := g.header, g.pure
	g.header, g.pure = false, 0
	g.push()
	if g.chance(30) {
		g.stmt()
	}
	if g.free("recover") && g.chance(80) {
		g.push()
		r := g.fresh()
		g.param(r, g.any)
		f.blocks++
		g.id++
		g.emit(fmt.Sprintf("show(\"rec%d\", %s)", g.id, r))
		// Named results are changed.
		for _, n := range outer.results {
			if v := g.lookup(n); v != nil && g.chance(60) && v.t == g.int && v.line < 0 {
				g.emit(n + []string{" = ", " += ", " ^= "}[g.r.IntN(3)] + g.expr(g.int, 2))
			}
		}
		for f.left > 0 {
			g.stmt()
		}
		if g.chance(20) {
			g.emit("panic(" + []string{r, g.panicValue()}[g.r.IntN(2)] + ")")
		}
		f.blocks--
		cond := r + " != nil"
		if !g.free("nil") {
			cond = "true"
		}
		g.emit("")
		body := g.pop()
		g.emit("if " + r + " := recover(); " + cond + " {\n" + body + "}")
	}
	for f.left > 0 {
		g.stmt()
	}
	if g.chance(30) {
		for _, n := range outer.results {
			if v := g.lookup(n); v != nil && v.t == g.int && v.line < 0 {
				g.emit(n + " += " + g.expr(g.int, 2))
			}
		}
	}
	body := g.pop()
	g.fn = outer
	g.header, g.pure = header, pure
	return "func() {\n" + body + "}"
}

func (g *gen) lookup(name string) *variable {
	for _, v := range g.visible() {
		if v.name == name {
			return v
		}
	}
	return nil
}

func (g *gen) ifStmt() bool {
	g.push()
	init := ""
	if g.chance(30) {
		t := g.oneOf(g.int, g.string, g.bool)
		name := g.fresh()
		init = name + " := " + g.head(t, 2) + "; "
		v := g.param(name, t)
		v.used = true
		cond := "tick() && use(" + name + ") && " + g.head(g.bool, 2)
		s := "if " + init + cond + " " + g.block(g.size(), nil) + g.elses()
		g.pop()
		g.emit(s)
		return true
	}
	s := "if " + g.head(g.bool, 3) + " " + g.block(g.size(), nil) + g.elses()
	g.pop()
	g.emit(s)
	return true
}

func (g *gen) elses() string {
	switch {
	case g.chance(25):
		return " else if " + g.head(g.bool, 2) + " " + g.block(g.size(), nil) + g.elses()
	case g.chance(40):
		return " else " + g.block(g.size(), nil)
	}
	return ""
}

func (g *gen) blockStmt() bool {
	g.emit(g.block(g.size(), nil))
	return true
}

func (g *gen) enter(isSwitch bool) *loop {
	g.id++
	l := &loop{label: "l" + itoa(g.id), isSwitch: isSwitch}
	g.fn.loops = append(g.fn.loops, l)
	return l
}

func (g *gen) leave(l *loop, s string) {
	g.fn.loops = g.fn.loops[:len(g.fn.loops)-1]
	if l.used {
		s = l.label + ":\n" + s
	}
	g.emit(s)
}

func (g *gen) loopStmt() bool {
	type header struct {
		text string
		vars []*variable
	}
	g.push()
	declare := func(name string, t *typ) *variable { return g.param(name, t) }
	var h header
	two := func(form string, k, e *typ, over string) {
		a := g.fresh()
		b := g.fresh(a)
		switch g.r.IntN(4) {
		case 0:
			h.text = "for " + a + " := range " + over
			h.vars = append(h.vars, declare(a, k))
		case 1:
			h.text = "for _, " + b + " := range " + over
			h.vars = append(h.vars, declare(b, e))
		default:
			h.text = "for " + a + ", " + b + " := range " + over
			h.vars = append(h.vars, declare(a, k), declare(b, e))
		}
	}
	switch g.r.IntN(14) {
	case 0, 1, 2:
		i := g.fresh()
		from := g.head(g.int, 1)
		v := declare(i, g.int)
		v.used = true
		init := i + " := " + from + " & 1"
		cond := i + " < " + itoa(2+g.r.IntN(3)) + " && tick()"
		if g.chance(30) {
			cond += " && " + g.head(g.bool, 2)
		}
		post := []string{i + "++", i + " += 2", i + " += (" + g.head(g.int, 2) + "&1) + 1"}[g.r.IntN(3)]
		if g.chance(10) {
			cond = "tick()"
		}
		h.text = "for " + init + "; " + cond + "; " + post
	case 3:
		h.text = "for tick() && " + g.head(g.bool, 3)
		if g.chance(20) && g.fn.blocks < 2 {
			h.text = "for"
		}
	case 4:
		if g.chance(30) {
			h.text = "for range (" + g.head(g.int, 2) + ")&3"
			break
		}
		i := g.fresh()
		over := "(" + g.head(g.int, 2) + ")&3"
		h.text = "for " + i + " := range " + over
		h.vars = append(h.vars, declare(i, g.int))
	case 5, 6:
		e := g.oneOf(g.int, g.string, g.structs[0])
		two("", g.int, e, "clips("+g.head(g.slice(e), 2)+")")
	case 7:
		s := g.path(g.slice(g.int))
		if s == "" {
			g.pop()
			return false
		}
		two("", g.int, g.int, s)
	case 8:
		over := g.head(g.array(g.int, 3), 2)
		if s := g.addressable(g.array(g.int, 3)); s != "" && g.chance(50) {
			over = s
			if g.chance(50) {
				over = "&" + s
			}
		}
		two("", g.int, g.int, over)
	case 9:
		over := "clip(" + g.head(g.string, 2) + ")"
		i, r := g.fresh(), ""
		r = g.fresh(i)
		h.text = "for " + i + ", " + r + " := range " + over
		h.vars = append(h.vars, declare(i, g.int), declare(r, g.rune))
	case 10:
		m := g.mapOf(g.int, g.int)
		over := "one(" + g.head(m, 2) + ")"
		two("", g.int, g.int, over)
	case 11:
		over := "slices.All(clips(" + g.head(g.slice(g.int), 2) + "))"
		if g.chance(50) {
			over = "maps.All(one(" + g.head(g.mapOf(g.int, g.int), 2) + "))"
		}
		two("", g.int, g.int, over)
	case 12:
		i := g.fresh()
		h.text = "for " + i + " := range slices.Values(clips(" + g.head(g.slice(g.int), 2) + "))"
		h.vars = append(h.vars, declare(i, g.int))
	case 13: // variables that were there
		a, b := g.place(g.int, 0), g.place(g.int, 0)
		if a == "" || b == "" {
			g.pop()
			return false
		}
		h.text = "for " + a + ", " + b + " = range clips(" + g.head(g.slice(g.int), 2) + ")"
	}
	l := g.enter(false)
	body := g.block(g.size(), func() {
		if h.text == "for" {
			g.emit("if !tick() || " + g.head(g.bool, 2) + " { break }")
		}
	})
	var uses strings.Builder
	for _, v := range h.vars {
		uses.WriteString("_ = " + v.name + "\n")
	}
	g.pop()
	g.leave(l, h.text+" {\n"+uses.String()+strings.TrimPrefix(body, "{\n"))
	return true
}

func (g *gen) switchStmt() bool {
	g.push()
	s := "switch "
	if g.chance(20) {
		name := g.fresh()
		s += name + " := " + g.head(g.int, 2) + "; "
		g.param(name, g.int)
		g.scope.vars[0].used = true
	}
	tagged := g.chance(60)
	t := g.oneOf(g.int, g.int, g.string)
	switch {
	case len(g.scope.vars) > 0:
		tagged, t = true, g.int
		s += g.scope.vars[0].name + " & 3 "
	case tagged && t == g.int:
		s += "(" + g.head(t, 3) + ") & 3 "
	case tagged:
		s += g.head(t, 3) + " "
	}
	s += "{\n"
	l := g.enter(true)
	n := 1 + g.r.IntN(4)
	def := g.r.IntN(n + 2)
	for i := range n {
		if i == def {
			s += "default:\n" + g.clause(nil)
			continue
		}
		var es []string
		for j := range 1 + g.r.IntN(2) {
			switch {
			case !tagged:
				es = append(es, "is("+g.head(g.bool, 3)+")")
			case t == g.int && g.chance(50):
				es = append(es, itoa(i*2+j))
			case t == g.int:
				es = append(es, g.trace(2)+"&3")
			default:
				es = append(es, "clip("+g.head(t, 2)+")")
			}
		}
		s += "case " + strings.Join(es, ", ") + ":\n" + g.clause(nil)
		if i < n-1 && g.chance(15) {
			s += "fallthrough\n"
		}
	}
	g.pop()
	g.leave(l, s+"}")
	return true
}

func (g *gen) clause(before func()) string {
	b := g.block(g.r.IntN(3), before)
	return strings.TrimSuffix(strings.TrimPrefix(b, "{\n"), "}")
}

func (g *gen) typeSwitchStmt() bool {
	x := g.oneOf(append([]*typ{g.any, g.any}, g.ifaces...)...)
	e := g.head(x, 2)
	name := g.fresh()
	var types []*typ
	if x.kind == kAny {
		types = []*typ{g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0], g.ifaces[0]}
	} else {
		types = g.impls(x)
	}
	g.r.Shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
	l := g.enter(true)
	s := "switch " + name + " := " + e + ".(type) {\n"
	for i := 0; i < len(types) && i < 3; i++ {
		t, text := types[i], types[i].name
		if i+1 < len(types) && g.chance(25) && i < 2 {
			i++
			text += ", " + types[i].name
			t = x
		}
		body := g.clause(func() { g.param(name, t) })
		s += "case " + text + ":\n_ = " + name + "\n" + body
	}
	s += "default:\n_ = " + name + "\n" + g.clause(func() { g.param(name, x) }) + "}"
	g.leave(l, s)
	return true
}

func (g *gen) jumpStmt() bool {
	f := g.fn
	if len(f.loops) == 0 || g.chance(25) {
		if g.chance(60) {
			g.emit("if " + g.head(g.bool, 2) + " {\n" + g.returnStmt(2) + "\n}")
		} else {
			g.emit(g.returnStmt(2))
		}
		return true
	}
	l := f.loops[len(f.loops)-1]
	labelled := ""
	if g.chance(50) {
		l = f.loops[g.r.IntN(len(f.loops))]
		l.used = true
		labelled = " " + l.label
	}
	word := "break"
	if !l.isSwitch && g.chance(50) {
		word = "continue"
	}
	if g.chance(70) {
		g.emit("if " + g.head(g.bool, 2) + " {\n" + word + labelled + "\n}")
	} else {
		g.emit(word + labelled)
	}
	return true
}

func (g *gen) returnStmt(d int) string {
	f := g.fn
	if len(f.sig.results) == 0 {
		return "return"
	}
	if f.results != nil && g.chance(40) {
		bare := true
		for i, n := range f.results {
			v := g.lookup(n)
			bare = bare && v != nil && v.line < 0 && v.t == f.sig.results[i] && g.ownResult(n)
		}
		if bare {
			return "return"
		}
	}
	if len(f.sig.results) > 1 && g.chance(40) {
		if s := g.multi(f.sig.results, d); s != "" {
			return "return " + s
		}
	}
	if len(f.sig.results) == 1 {
		return "return " + g.value(f.sig.results[0], d)
	}
	var es []string
	for _, r := range f.sig.results {
		es = append(es, g.expr(r, d))
	}
	return "return " + strings.Join(es, ", ")
}

// ownResult reports whether the name means the result and nothing declared in a
// block inside.
func (g *gen) ownResult(name string) bool {
	for s := g.scope; s != nil; s = s.outer {
		for _, v := range s.vars {
			if v.name == name {
				return s.isBody && s.fn == g.fn
			}
		}
	}
	return false
}
