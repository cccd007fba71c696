package progen

// Channels are package-level variables, which belong to the process and not to the
// saved state. What can be done with one is certain: a channel that is ranged over
// is closed at the start, put leaves one value in the channel that it returns, sink has
// room for all, nothing is ever in never.

// channel declares a closed channel with a few ints and returns its name.
func (g *gen) channel() string {
	g.id++
	name := "ch" + itoa(g.id)
	g.p("var %s = closed(%d)\n", name, 1+g.intN(3))
	return name
}

// received writes a channel that can be received from.
func (g *gen) received(d int) string {
	if g.chance(20) {
		return "pass(done, " + g.expr(g.int, d) + ")"
	}
	return "put(" + g.expr(g.int, d) + ")"
}

func (g *gen) chanStmts() bool {
	switch g.intN(3) {
	case 0:
		g.emit("sink <- " + g.expr(g.int, 3))
	case 1:
		g.emit("pass(sink, " + g.expr(g.int, 2) + ") <- " + g.expr(g.int, 2))
	default:
		g.define([]*typ{g.int, g.bool}, "<-"+g.received(2))
	}
	return true
}

// selectStmt writes a select statement of which one case at most is ready.
func (g *gen) selectStmt() bool {
	n := 1 + g.intN(3)
	ready := g.intN(n + 1)
	orElse := ready == n || g.chance(40)
	l := g.enter(isSwitch)
	s := "select {\n"
	for i := range n {
		never := oneOf(&g.source, "never", "pass(never, "+g.expr(g.int, 2)+")")
		from, to := never, never
		if i == ready {
			from, to = "pass(done, "+g.expr(g.int, 2)+")", oneOf(&g.source, "sink", "pass(sink, "+g.expr(g.int, 2)+")")
			if orElse {
				// The operands of other cases may take it away again.
				from = "put(" + g.expr(g.int, 2) + ")"
			}
		}
		switch g.intN(6) {
		case 0:
			s += "case <-" + from + ":\n" + g.clause(2, nil)
		case 1:
			name := g.fresh()
			s += "case " + name + " := <-" + from + ":\n" + g.clause(2, func() { g.bound(name, g.int) })
		case 2:
			a := g.fresh()
			b := g.fresh(a)
			s += "case " + a + ", " + b + " := <-" + from + ":\n" + g.clause(2, func() { g.bound(a, g.int); g.bound(b, g.bool) })
		case 3:
			p := g.place(g.int, 2)
			if p == "" {
				p = "_"
			}
			s += "case " + p + " = <-" + from + ":\n" + g.clause(2, nil)
		default:
			s += "case " + to + " <- " + g.expr(g.int, 2) + ":\n" + g.clause(2, nil)
		}
	}
	if orElse {
		s += "default:\n" + g.clause(2, nil)
	}
	g.leave(l, s+"}")
	return true
}

// bound declares a variable that a clause defines.
func (g *gen) bound(name string, t *typ) {
	g.param(name, t)
	g.emit("_ = " + name)
}
