package progen

import "strings"

// A target is a label that goto can mean.
type target struct {
	label string
	used  bool
}

func (g *gen) enter(kind loopKind) *loop {
	g.id++
	l := &loop{label: "l" + itoa(g.id), kind: kind}
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

// gotoStmts writes a label with jumps to it: backwards over what follows it, or
// forwards out of what precedes it.
func (g *gen) gotoStmts() bool {
	f := g.fn
	g.id++
	t := &target{label: "g" + itoa(g.id)}
	f.targets = append(f.targets, t)
	switch {
	case g.chance(50):
		body := g.block(1+g.size(), nil)
		if !t.used {
			body = "{\nif " + g.head(g.bool, 2) + " {\ngoto " + t.label + "\n}\n" + body[2:]
		}
		g.emit(body)
		g.emit(t.label + ":")
	case g.chance(50):
		g.emit(t.label + ":\n" + g.block(1+g.size(), nil))
		g.emit("if tick() && " + g.head(g.bool, 2) + " {\ngoto " + t.label + "\n}")
	default:
		// What is declared behind the label is new each time.
		g.emit(t.label + ":")
		g.statements(1 + g.size())
		g.emit("if tick() && " + g.head(g.bool, 2) + " {\ngoto " + t.label + "\n}")
	}
	f.targets = f.targets[:len(f.targets)-1]
	g.showStmt()
	return true
}

// jumpStmt leaves what is around it.
func (g *gen) jumpStmt() bool {
	f := g.fn
	var ways []choice
	jump := func(weight int, name, text string, used *bool) {
		ways = append(ways, choice{weight, func() string {
			if used != nil {
				*used = true
			}
			return text
		}, name})
	}
	plain, loops := false, false
	for i := len(f.loops) - 1; i >= 0; i-- {
		l := f.loops[i]
		n := itoa(i)
		if !plain {
			plain = true
			jump(6, "break", "break", nil)
		}
		jump(3, "break "+n, "break "+l.label, &l.used)
		if l.kind != isLoop {
			continue
		}
		if !loops {
			loops = true
			jump(6, "continue", "continue", nil)
		}
		jump(3, "continue "+n, "continue "+l.label, &l.used)
	}
	for i, t := range f.targets {
		jump(4, "goto "+itoa(i), "goto "+t.label, &t.used)
	}
	ways = append(ways, choice{6, func() string { return g.returnStmt(2) }, "return"})
	text := g.choose(ways...)
	cond := ""
	if strings.HasPrefix(text, "goto ") {
		cond = "tick() && " // the jump may be a loop
	}
	if cond != "" || g.chance(70) {
		text = "if " + cond + g.head(g.bool, 2) + " {\n" + text + "\n}"
	}
	g.emit(text)
	return true
}

func (g *gen) returnStmt(d int) string {
	f := g.fn
	if len(f.sig.results) == 0 {
		return "return"
	}
	if f.results != nil && g.chance(40) {
		bare := true
		for _, n := range f.results {
			bare = bare && (n == "_" || g.ownResult(n))
		}
		if bare {
			return "return"
		}
	}
	if len(f.sig.results) == 1 {
		return "return " + g.value(f.sig.results[0], d)
	}
	if g.chance(40) {
		if s := g.multi(f.sig.results, d); s != "" {
			return "return " + s
		}
	}
	var es []string
	for _, r := range f.sig.results {
		es = append(es, g.expr(r, d))
	}
	return "return " + strings.Join(es, ", ")
}
