package progen

// A loopHead is what stands before the body of a loop.
type loopHead struct {
	text string
	vars []string // to be used in the body
	d    string   // a statement that the body begins with
}

// loopStmt writes a for statement that is not over a function.
func (g *gen) loopStmt() bool {
	g.push()
	h := g.loopHead()
	if h.text == "" {
		g.pop()
		return false
	}
	g.loop(h)
	return true
}

// loop writes the body of a loop whose head is in a scope of its own, and the loop.
func (g *gen) loop(h loopHead) {
	l := g.enter(isLoop)
	body := g.block(g.size(), func() {
		for _, v := range h.vars {
			g.emit("_ = " + v)
		}
		if h.d != "" {
			g.emit(h.d)
		}
	})
	g.pop()
	g.leave(l, h.text+" "+body)
}

// loopVars writes the head of a range with one or two new variables.
func (g *gen) loopVars(k, e *typ, over string) loopHead {
	var h loopHead
	declare := func(name string, t *typ) {
		g.param(name, t)
		h.vars = append(h.vars, name)
	}
	a := g.fresh()
	b := g.fresh(a)
	switch g.intN(8) {
	case 0:
		h.text = "for range " + over
	case 1:
		h.text = "for " + a + " := range " + over
		declare(a, k)
	case 2, 3:
		h.text = "for _, " + b + " := range " + over
		declare(b, e)
	default:
		h.text = "for " + a + ", " + b + " := range " + over
		declare(a, k)
		declare(b, e)
	}
	return h
}

// loopVar writes the head of a range with at most one new variable.
func (g *gen) loopVar(t *typ, over string) loopHead {
	if g.chance(20) {
		return loopHead{text: "for range " + over}
	}
	i := g.fresh()
	g.param(i, t)
	return loopHead{text: "for " + i + " := range " + over, vars: []string{i}}
}

func (g *gen) loopHead() loopHead {
	switch g.intN(16) {
	case 0, 1, 2, 3:
		return g.countingLoop()
	case 4:
		return loopHead{text: "for tick() && " + g.head(g.bool, 3)}
	case 5:
		return loopHead{text: "for", d: "if !tick() || " + g.head(g.bool, 2) + " { break }"}
	case 6:
		return g.loopVar(g.int, "("+g.head(g.int, 2)+")&3")
	case 7:
		n := oneOf(&g.source, g.named...)
		return g.loopVar(n, "("+g.head(n, 2)+")&3")
	case 8, 9:
		e := oneOf(&g.source, g.int, g.string, g.structs[0])
		return g.loopVars(g.int, e, "clips("+g.head(g.slice(e), 2)+")")
	case 10:
		s := g.path(g.slice(g.int))
		if s == "" {
			return loopHead{}
		}
		return g.loopVars(g.int, g.int, s)
	case 11:
		over := g.head(g.array(g.int, 3), 2)
		if s := g.addressable(g.array(g.int, 3)); s != "" && g.chance(70) {
			over = oneOf(&g.source, s, "&"+s)
		} else if g.chance(30) {
			over = g.head(g.pointer(g.array(g.int, 3)), 2)
		}
		return g.loopVars(g.int, g.int, over)
	case 12:
		return g.loopVars(g.int, g.rune, "clip("+g.head(g.string, 2)+")")
	case 13:
		return g.loopVars(g.int, g.int, "one("+g.head(g.mapOf(g.int, g.int), 2)+")")
	case 14: // variables that were there
		a, b := g.place(g.int, 1), g.place(g.int, 1)
		if a == "" || b == "" {
			return loopHead{}
		}
		return loopHead{text: "for " + a + ", " + b + " = range clips(" + g.head(g.slice(g.int), 2) + ")"}
	default:
		c := g.channel()
		return g.loopVar(g.int, c)
	}
}

// countingLoop writes the head of a loop with three clauses.
func (g *gen) countingLoop() loopHead {
	from := g.head(g.int, 1)
	i := g.fresh()
	init := i + " := " + from + " & 1"
	two := g.chance(15)
	j := ""
	if two {
		second := g.head(g.int, 2)
		j = g.fresh(i)
		init = i + ", " + j + " := " + from + " & 1, " + second
	}
	g.param(i, g.int)
	if two {
		g.param(j, g.int)
	}
	cond := i + " < " + itoa(2+g.intN(3)) + " && tick()"
	if g.chance(30) {
		cond += " && " + g.head(g.bool, 2)
	}
	post := i + oneOf(&g.source, "++", " += 2", " += ("+g.head(g.int, 2)+"&1) + 1")
	if two {
		post = i + ", " + j + " = " + i + " + 1, " + g.head(g.int, 2)
	}
	if g.chance(10) {
		cond = "tick()"
	}
	h := loopHead{text: "for " + init + "; " + cond + "; " + post}
	if two {
		h.vars = []string{j}
	}
	return h
}
