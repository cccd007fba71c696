package progen

import "fmt"

// stmt writes a statement, or a few that belong together.
func (g *gen) stmt() {
	f := g.fn
	// What is inside of much else is small, by its place and not by what was written
	// before it, so that a statement stays as it is if others are taken away.
	inside := f.blocks + 2*f.depth
	budget, dared := g.budget, g.dared
	g.budget, g.dared = 2+18>>inside, false
	defer func() { g.budget, g.dared = budget, dared }()
	nested := inside < 3
	var cs []choice
	add := func(weight int, name string, fn func() bool) {
		cs = append(cs, choice{weight, func() string {
			if fn() {
				return "ok"
			}
			return ""
		}, name})
	}
	add(12, "show", g.showStmt)
	add(22, "declare", g.declStmt)
	add(18, "assign", g.assignStmt)
	add(9, "parallel", g.parallelStmt)
	add(6, "call", g.callStmt)
	add(3, "panic", g.panicStmt)
	add(3, "closures", g.closureStmts)
	add(3, "local", g.localStmts)
	add(4, "map", g.mapStmts)
	add(3, "slice", g.sliceStmts)
	add(2, "chan", g.chanStmts)
	add(1, "shadow", g.shadowStmt)
	if f.deferOK {
		add(9, "defer", g.deferStmt)
	}
	if nested {
		add(9, "if", g.ifStmt)
		add(10, "loop", g.loopStmt)
		add(7, "switch", g.switchStmt)
		add(4, "type switch", g.typeSwitchStmt)
		add(4, "select", g.selectStmt)
		add(2, "block", g.blockStmt)
		add(3, "goto", g.gotoStmts)
		add(6, "iterate", g.iterateStmt)
	}
	if f.blocks > 0 {
		add(6, "jump", g.jumpStmt)
	}
	g.choose(cs...)
}

// statements writes at most n statements, each of which can be left out.
func (g *gen) statements(n int) {
	odds := 2
	if g.fn.depth > 0 || g.fn.blocks > 1 {
		odds = 1
	}
	for range n {
		if !g.group(odds, g.stmt) {
			break
		}
	}
}

// block writes at most n statements in a block of their own.
func (g *gen) block(n int, before func()) string { return "{\n" + g.clause(n, before) + "}" }

// clause writes at most n statements in a scope of their own.
func (g *gen) clause(n int, before func()) string {
	g.push()
	g.fn.blocks++
	if before != nil {
		before()
	}
	g.statements(n)
	g.fn.blocks--
	return g.pop()
}

// size is how many statements a block has at most.
func (g *gen) size() int { return 1 + g.intN(3) }

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

func (g *gen) showStmt() bool {
	g.id++
	label := fmt.Sprintf("s%d", g.id)
	if g.chance(50) {
		text := "show(\"" + label + "\""
		for range 1 + g.intN(3) {
			text += ", " + g.expr(oneOf(&g.source, g.int, g.int, g.string, g.bool, oneOf(&g.source, g.numbers()...)), 3)
		}
		g.emit(text + ")")
		return true
	}
	g.emit("show(\"" + label + "\"" + g.someVars(3) + ")")
	return true
}

func (g *gen) callStmt() bool {
	sig := oneOf(&g.source, g.sigs...)
	s := g.multi(sig.results, 3)
	if s == "" || s[0] == 'f' && len(s) > 4 && s[:4] == "func" {
		return false
	}
	g.emit(s)
	return true
}

func (g *gen) blockStmt() bool {
	g.emit(g.block(1+g.size(), nil))
	return true
}
