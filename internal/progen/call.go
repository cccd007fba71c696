package progen

import "strings"

// A decl is a declared function.
type decl struct {
	name  string
	sig   *typ
	param *typ // type parameter
	args  []*typ
}

// args writes arguments.
func (g *gen) args(sig *typ, d int) string {
	n := len(sig.params)
	if n > 1 && !sig.variadic && g.chance(25) {
		// f(g()) with several values.
		if s := g.multi(sig.params, d); s != "" {
			return s
		}
	}
	if sig.variadic && n == 1 && sig.params[0] == g.slice(g.int) && g.chance(25) {
		if s := g.multi([]*typ{g.int, g.int}, d); s != "" {
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
			for range g.intN(3) {
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
	add := func(weight int, name string, f func() string) {
		out = append(out, choice{weight: weight, make: f, name: name})
	}
	for _, f := range g.funcs {
		if !g.free(f.name) {
			continue
		}
		if f.param == nil {
			if sameTypes(f.sig.results, results) {
				add(6, f.name, func() string { return f.name + "(" + g.args(f.sig, d) + ")" })
			}
			continue
		}
		for _, a := range append(f.args, g.tparams(f)...) {
			sig := g.subst(f.sig, f.param, a)
			if sameTypes(sig.results, results) {
				name := f.name + "[" + a.name + "]"
				add(4, name, func() string {
					if len(f.sig.params) > 0 && f.sig.params[0] == f.param && a.kind != kInterface && a.kind != kAny && g.chance(50) {
						// Inferred; a constant would be an int, which fits only int.
						if a.kind != kFunc && a.kind != kPointer && a.kind != kNumber {
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
				add(8, v.name, func() string { return v.name + "(" + g.args(v.t, d) + ")" })
			}
		case kNamedFunc:
			if sameTypes(v.t.elem.results, results) {
				add(4, v.name, func() string { return v.name + "(" + g.args(v.t.elem, d) + ")" })
			}
		}
	}
	fits := func(p path) bool {
		if p.t.kind == kFunc {
			return p.text != p.v.name && sameTypes(p.t.results, results)
		}
		return g.methodFor(p, results) != nil
	}
	for _, p := range g.paths(fits) {
		if p.t.kind == kFunc {
			add(3, p.text, func() string { return p.text + "(" + g.args(p.t, d) + ")" })
		} else if p.t.kind != kPointer || !strings.Contains(p.text, ".") || g.chance(10) {
			m := g.methodFor(p, results)
			add(4, p.text+"."+m.name, func() string { return p.text + "." + m.name + "(" + g.args(m.sig, d) + ")" })
		}
	}
	// A method of a value that is made on the spot.
	for _, s := range g.structs {
		for _, m := range s.methods {
			if sameTypes(m.sig.results, results) && g.chance(30) {
				add(2, s.name+"."+m.name, func() string {
					of := s
					if m.pointer || g.chance(30) {
						of = g.pointer(s)
					}
					return "(" + g.expr(of, d-1) + ")." + m.name + "(" + g.args(m.sig, d-1) + ")"
				})
			}
		}
	}
	for _, i := range g.ifaces {
		for _, m := range i.methods {
			if sameTypes(m.sig.results, results) && g.chance(30) {
				add(2, i.name+"."+m.name, func() string { return g.expr(i, d-1) + "." + m.name + "(" + g.args(m.sig, d-1) + ")" })
			}
		}
	}
	if g.fn.depth < 2 {
		add(2, "func", func() string { // a literal, called at once
			var ps []*typ
			for range g.intN(3) {
				ps = append(ps, g.dataType())
			}
			sig := g.fun(false, ps, results...)
			return g.funcLit(sig) + "(" + g.args(sig, d) + ")"
		})
		add(2, "method expression", func() string { return g.methodExprCall(results, d) })
	}
	return out
}

// methodFor returns a method of an operand with these results.
func (g *gen) methodFor(p path, results []*typ) *method {
	if p.t.kind == kParam && p.t != g.tparam {
		return nil
	}
	for _, m := range p.t.methodsOf(!p.v.constant) {
		if sameTypes(m.sig.results, results) {
			return m
		}
	}
	return nil
}

// methodExprCall writes the call of a method expression.
func (g *gen) methodExprCall(results []*typ, d int) string {
	var cs []choice
	for _, t := range append(append([]*typ{}, g.structs...), g.ifaces...) {
		for _, m := range t.methods {
			if !sameTypes(m.sig.results, results) {
				continue
			}
			r := t
			if m.pointer || t.kind != kInterface && g.chance(30) {
				r = g.pointer(t)
			}
			cs = append(cs, choice{1, func() string {
				sig := g.fun(m.sig.variadic, append([]*typ{r}, m.sig.params...), m.sig.results...)
				return "(" + r.name + ")." + m.name + "(" + g.args(sig, d-1) + ")"
			}, r.name + "." + m.name})
		}
	}
	return g.choose(cs...)
}

// tparams returns the type parameter in scope, if the function can be
// instantiated with it.
func (g *gen) tparams(f *decl) []*typ {
	if g.tparam == nil || f.param.number && !g.tparam.number || len(f.param.methods) > 0 && len(g.tparam.methods) == 0 {
		return nil
	}
	return []*typ{g.tparam}
}

func (g *gen) callOf(t *typ, d int) string { return g.choose(g.calls([]*typ{t}, d)...) }

// multi writes a call with several results.
func (g *gen) multi(results []*typ, d int) string { return g.choose(g.calls(results, d)...) }

func (g *gen) methodValue(t *typ, d int) string {
	var cs []choice
	has := func(p path) bool {
		if p.t.kind == kPointer && strings.Contains(p.text, ".") {
			return false
		}
		for _, m := range p.t.methodsOf(!p.v.constant) {
			if m.sig == t {
				return true
			}
		}
		return false
	}
	for _, p := range g.paths(has) {
		for _, m := range p.t.methodsOf(!p.v.constant) {
			if m.sig == t {
				cs = append(cs, choice{1, func() string { return p.text + "." + m.name }, p.text + "." + m.name})
			}
		}
	}
	for _, i := range g.ifaces { // of what a call returns
		for _, m := range i.methods {
			if m.sig == t && g.chance(20) {
				cs = append(cs, choice{1, func() string {
					if s := g.callOf(i, d-1); s != "" {
						return s + "." + m.name
					}
					return ""
				}, i.name + "." + m.name})
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
