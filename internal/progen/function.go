package progen

import (
	"fmt"
	"strings"
)

// funcLit writes a function literal.
func (g *gen) funcLit(t *typ) string {
	if g.fn != nil && g.fn.depth >= 2 || g.budget < 3 {
		return g.smallLit(t)
	}
	return "func" + g.function(t, 1+g.intN(2), nil)
}

// smallLit writes a literal that only returns.
func (g *gen) smallLit(t *typ) string {
	var params []string
	for i := range t.params {
		params = append(params, "a"+itoa(i))
	}
	var rs []string
	for _, r := range t.results {
		if r.kind == kInt && len(t.params) > 0 && t.params[0] == r && !(t.variadic && len(t.params) == 1) {
			rs = append(rs, "y(a0 + 1)")
		} else {
			rs = append(rs, g.zero(r))
		}
	}
	return "func" + signature(t, params, nil) + " { return " + strings.Join(rs, ", ") + " }"
}

// enclose sets up a function in the one that is being written, and returns what
// ends it.
func (g *gen) enclose(f *function) (leave func()) {
	f.outer = g.fn
	if g.fn != nil {
		f.depth = g.fn.depth + 1
	}
	pure, header := g.pure, g.header
	g.pure, g.header = 0, false
	g.fn = f
	return func() {
		g.fn = f.outer
		g.pure, g.header = pure, header
	}
}

// function writes parameters, results and body of a function; receiver declares
// what is in scope beside the parameters.
func (g *gen) function(t *typ, n int, receiver func()) string {
	f := &function{sig: t, deferOK: true}
	defer g.enclose(f)()
	g.push()
	g.scope.isBody = true
	if receiver != nil {
		receiver()
	}
	params := []string{}
	for _, p := range t.params {
		if g.chance(4) {
			params = append(params, "_")
			continue
		}
		name := g.fresh()
		params = append(params, name)
		g.param(name, p)
	}
	if g.chance(40) && len(t.results) > 0 {
		for _, r := range t.results {
			if g.chance(3) {
				f.results = append(f.results, "_")
				continue
			}
			name := g.fresh()
			f.results = append(f.results, name)
			g.param(name, r)
		}
	}
	var zeros []string
	for _, r := range t.results {
		zeros = append(zeros, g.zero(r))
	}
	if f.results != nil {
		zeros = nil
	}
	g.emit("if !tick() { return " + strings.Join(zeros, ", ") + " }")
	odds := 4
	if f.depth > 0 {
		odds = 1
	}
	for range n {
		if !g.group(odds, g.stmt) {
			break
		}
	}
	if g.chance(70) {
		g.id++
		g.emit(fmt.Sprintf("show(\"e%d\"%s)", g.id, g.someVars(4)))
	}
	g.emit(g.returnStmt(3))
	return signature(t, params, f.results) + " {\n" + g.pop() + "}"
}

// someVars writes variables as arguments.
func (g *gen) someVars(n int) string {
	var out strings.Builder
	vs := g.visible()
	for range n {
		if len(vs) > 0 {
			out.WriteString(", " + vs[g.pick(len(vs), func(i int) string { return vs[i].name })].name)
		}
	}
	return out.String()
}
