package progen

import (
	"fmt"
	"strings"
)

// A decl is a declared function.
type decl struct {
	name  string
	sig   *typ
	param *typ // type parameter
	args  []*typ
}

// callable reports whether the function can be called where the generator is:
// only those that were declared without the type parameter in their signature.
func (d *decl) callable(g *gen) bool { return d.param == nil }

// args writes arguments.
func (g *gen) args(sig *typ, d int) string {
	n := len(sig.params)
	if n > 1 && !sig.variadic && g.chance(25) {
		// f(g()) with several values.
		if s := g.multi(sig.params, d); s != "" {
			return s
		}
	}
	var out []string
	for i, p := range sig.params {
		if sig.variadic && i == n-1 {
			if g.chance(30) {
				out = append(out, g.expr(p, d-1)+"...")
				break
			}
			for range g.r.IntN(3) {
				out = append(out, g.expr(p.elem, d-1))
			}
			break
		}
		out = append(out, g.expr(p, d-1))
	}
	return strings.Join(out, ", ")
}

// calls returns ways to call something with these results.
func (g *gen) calls(results []*typ, d int) []choice {
	var out []choice
	add := func(weight int, f func() string) { out = append(out, choice{weight, f}) }
	for _, f := range g.funcs {
		if !g.free(f.name) {
			continue
		}
		if f.param == nil {
			if sameTypes(f.sig.results, results) {
				add(6, func() string { return f.name + "(" + g.args(f.sig, d) + ")" })
			}
			continue
		}
		for _, a := range append(f.args, g.tparams(f)...) {
			sig := g.subst(f.sig, f.param, a)
			if sameTypes(sig.results, results) {
				add(4, func() string {
					name := f.name + "[" + a.name + "]"
					if len(f.sig.params) > 0 && f.sig.params[0] == f.param && a.kind != kInterface && a.kind != kAny && g.chance(50) {
						// Inferred; a constant would be an int, which fits only int.
						if a.kind != kFunc && a.kind != kPointer {
							name = f.name
						}
					}
					return name + "(" + g.args(sig, d) + ")"
				})
			}
		}
	}
	for _, v := range g.visible() {
		switch v.t.kind {
		case kFunc:
			if sameTypes(v.t.results, results) {
				add(8, func() string {
					v.used = true
					return v.name + "(" + g.args(v.t, d) + ")"
				})
			}
		case kNamedFunc:
			if sameTypes(v.t.elem.results, results) {
				add(4, func() string {
					v.used = true
					return v.name + "(" + g.args(v.t.elem, d) + ")"
				})
			}
		}
	}
	for _, p := range g.paths() {
		if p.risk && !g.chance(5) || p.t.kind == kPointer && strings.Contains(p.text, ".") && !g.chance(10) {
			continue
		}
		if p.t.kind == kFunc && p.text != p.v.name && sameTypes(p.t.results, results) {
			add(3, func() string {
				p.v.used = true
				return p.text + "(" + g.args(p.t, d) + ")"
			})
		}
		if p.t.kind == kParam && p.t != g.tparam {
			continue
		}
		for _, m := range p.t.methodsOf(!p.v.constant) {
			if sameTypes(m.sig.results, results) {
				add(4, func() string {
					p.v.used = true
					return p.text + "." + m.name + "(" + g.args(m.sig, d) + ")"
				})
			}
		}
	}
	// A method of a value that is made on the spot.
	for _, s := range g.structs {
		for _, m := range s.methods {
			if sameTypes(m.sig.results, results) && g.chance(30) {
				add(2, func() string {
					if m.pointer || g.chance(30) {
						return "(" + g.expr(g.pointer(s), d-1) + ")." + m.name + "(" + g.args(m.sig, d-1) + ")"
					}
					return "(" + g.expr(s, d-1) + ")." + m.name + "(" + g.args(m.sig, d-1) + ")"
				})
			}
		}
	}
	for _, i := range g.ifaces {
		for _, m := range i.methods {
			if sameTypes(m.sig.results, results) && g.chance(30) {
				add(2, func() string { return g.expr(i, d-1) + "." + m.name + "(" + g.args(m.sig, d-1) + ")" })
			}
		}
	}
	if g.fn.depth < 2 {
		add(2, func() string { // a literal, called at once
			var ps []*typ
			for range g.r.IntN(3) {
				ps = append(ps, g.dataType())
			}
			sig := g.fun(false, ps, results...)
			return g.funcLit(sig) + "(" + g.args(sig, d) + ")"
		})
	}
	return out
}

// tparams returns the type parameter in scope, if the function can be
// instantiated with it.
func (g *gen) tparams(f *decl) []*typ {
	if g.tparam == nil || f.param.number && !g.tparam.number || len(f.param.methods) > 0 && len(g.tparam.methods) == 0 {
		return nil
	}
	return []*typ{g.tparam}
}

func sameTypes(a, b []*typ) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func (g *gen) callOf(t *typ, d int) string { return g.choose(g.calls([]*typ{t}, d)...) }

// multi writes a call with several results.
func (g *gen) multi(results []*typ, d int) string { return g.choose(g.calls(results, d)...) }

func (g *gen) methodValue(t *typ, d int) string {
	var cs []choice
	for _, p := range g.paths() {
		if p.risk && !g.chance(5) || p.t.kind == kPointer && strings.Contains(p.text, ".") {
			continue
		}
		for _, m := range p.t.methodsOf(!p.v.constant) {
			if m.sig == t {
				cs = append(cs, choice{1, func() string {
					p.v.used = true
					return p.text + "." + m.name
				}})
			}
		}
	}
	return g.choose(cs...)
}

func (g *gen) methodExpr(t *typ) string {
	if len(t.params) == 0 || t.variadic && len(t.params) == 1 {
		return ""
	}
	r := t.params[0]
	if r.kind == kParam || r.of != nil && g.tparam != nil {
		return ""
	}
	for _, m := range r.methodsOf(false) {
		if g.fun(m.sig.variadic, append([]*typ{r}, m.sig.params...), m.sig.results...) == t {
			return "(" + r.name + ")." + m.name
		}
	}
	return ""
}

// funcLit writes a function literal.
func (g *gen) funcLit(t *typ) string {
	if g.fn != nil && g.fn.depth >= 3 || g.budget < 0 {
		return g.smallLit(t)
	}
	n := 1 + g.r.IntN(3)
	return "func" + g.function(t, n, nil)
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

// function writes parameters, results and body of a function; receiver declares
// what is in scope beside the parameters.
func (g *gen) function(t *typ, n int, receiver func()) string {
	f := &function{outer: g.fn, sig: t, left: n, deferOK: true}
	if g.fn != nil {
		f.depth = g.fn.depth + 1
	}
	pure, header := g.pure, g.header
	g.pure, g.header = 0, false
	g.fn = f
	g.push()
	g.scope.isBody = true
	if receiver != nil {
		receiver()
	}
	var params []string
	for _, p := range t.params {
		name := g.fresh()
		params = append(params, name)
		g.param(name, p)
	}
	if g.chance(40) && len(t.results) > 0 {
		for range t.results {
			name := g.fresh()
			f.results = append(f.results, name)
			g.param(name, t.results[len(f.results)-1])
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
	for f.left > 0 {
		if f.depth == 0 {
			g.budget = 10 + g.r.IntN(20)
		}
		g.stmt()
	}
	if g.chance(70) {
		g.id++
		g.emit(fmt.Sprintf("show(\"e%d\"%s)", g.id, g.someVars(4)))
	}
	g.emit(g.returnStmt(3))
	body := g.pop()
	g.fn = f.outer
	g.pure, g.header = pure, header
	return signature(t, params, f.results) + " {\n" + body + "}"
}
