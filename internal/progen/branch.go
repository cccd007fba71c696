package progen

import "strings"

func (g *gen) ifStmt() bool {
	g.push()
	init, cond := "", g.head(g.bool, 3)
	if g.chance(30) {
		t := oneOf(&g.source, g.int, g.string, g.bool)
		value := g.head(t, 2)
		name := g.fresh()
		init = name + " := " + value + "; "
		g.param(name, t)
		cond = "tick() && use(" + name + ") && " + g.head(g.bool, 2)
	}
	s := "if " + init + cond + " " + g.block(g.size(), nil) + g.elses(2)
	g.pop()
	g.emit(s)
	return true
}

func (g *gen) elses(n int) string {
	switch {
	case n > 0 && g.chance(25):
		return " else if " + g.head(g.bool, 2) + " " + g.block(g.size(), nil) + g.elses(n-1)
	case g.chance(40):
		return " else " + g.block(g.size(), nil)
	}
	return ""
}

func (g *gen) switchStmt() bool {
	g.push()
	s := "switch "
	tagged := g.chance(60)
	t := oneOf(&g.source, g.int, g.int, g.string)
	switch {
	case g.chance(20):
		tagged, t = true, g.int
		init := g.head(g.int, 2)
		name := g.fresh()
		s += name + " := " + init + "; " + name + " & 3 "
		g.param(name, g.int)
	case tagged && t == g.int:
		s += "(" + g.head(t, 3) + ") & 3 "
	case tagged:
		s += g.head(t, 3) + " "
	}
	s += "{\n"
	l := g.enter(isSwitch)
	n := 1 + g.intN(4)
	def := g.intN(n + 2)
	for i := range n {
		if i == def {
			s += "default:\n"
		} else {
			var es []string
			for j := range 1 + g.intN(2) {
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
			s += "case " + strings.Join(es, ", ") + ":\n"
		}
		s += g.clause(2, nil)
		if i < n-1 && g.chance(15) {
			s += "fallthrough\n"
		}
	}
	g.pop()
	g.leave(l, s+"}")
	return true
}

func (g *gen) typeSwitchStmt() bool {
	x := oneOf(&g.source, append([]*typ{g.any, g.any}, g.ifaces...)...)
	e := g.head(x, 2)
	var types []*typ
	if x.kind == kAny {
		types = []*typ{g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0], g.ifaces[0], g.slice(g.int)}
		if g.tparam != nil && g.chance(70) {
			if p := g.path(g.tparam); p != "" {
				// What it is depends on the type argument.
				e = "any(" + p + ")"
			}
			types = append(types, g.slice(g.tparam))
		}
	} else {
		types = g.impls(x)
	}
	g.shuffle(len(types), func(i, j int) { types[i], types[j] = types[j], types[i] })
	name := ""
	bind := func(t *typ) func() {
		if name == "" {
			return nil
		}
		return func() {
			g.param(name, t)
			g.emit("_ = " + name)
		}
	}
	s := "switch "
	if g.chance(80) {
		name = g.fresh()
		s += name + " := "
	}
	l := g.enter(isSwitch)
	s += e + ".(type) {\n"
	for i := 0; i < len(types) && i < 3; i++ {
		t, text := types[i], types[i].name
		if i < 2 && i+1 < len(types) && g.chance(25) {
			i++
			text += ", " + types[i].name
			t = x
		}
		s += "case " + text + ":\n" + g.clause(2, bind(t))
	}
	if g.chance(20) && g.free("nil") {
		s += "case nil:\n" + g.clause(1, bind(x))
	}
	s += "default:\n" + g.clause(2, bind(x)) + "}"
	g.leave(l, s)
	return true
}
