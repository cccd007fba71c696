package progen

import "strings"

// A path is an operand that is not a call.
type path struct {
	text string
	t    *typ
	v    *variable
	risk bool // may be nil, or out of range
}

// riskPercent is how many of the operands that may panic are taken. There is one at
// most in a statement, outside of func literals: which of two comes first is up to gc.
const riskPercent = 6

// paths returns what of variables, and of what is in them, satisfies ok. Of what may
// panic it is a few only.
func (g *gen) paths(ok func(path) bool) []path {
	s := pathSearch{r: g.next(), ok: ok, safe: g.dared}
	for _, v := range g.visible() {
		s.visit(path{text: v.name, t: v.t, v: v}, 2)
	}
	return s.out
}

// ofType is for paths.
func ofType(t *typ) func(path) bool { return func(p path) bool { return p.t == t } }

type pathSearch struct {
	r    uint64
	ok   func(path) bool
	safe bool
	out  []path
}

func (s *pathSearch) visit(p path, depth int) {
	if s.ok(p) && (!p.risk || !s.safe && mix(s.r, hash(p.text))%100 < riskPercent) {
		s.out = append(s.out, p)
	}
	if depth == 0 {
		return
	}
	add := func(text string, t *typ, risk bool) {
		s.visit(path{text, t, p.v, p.risk || risk}, depth-1)
	}
	switch p.t.kind {
	case kStruct:
		for _, f := range allFields(p.t) {
			add(p.text+"."+f.name, f.t, f.embedded)
		}
	case kPointer:
		risk := strings.Contains(p.text, ".")
		if p.t.elem.kind == kStruct {
			for _, f := range allFields(p.t.elem) {
				add(p.text+"."+f.name, f.t, risk)
			}
		}
		add("(*"+p.text+")", p.t.elem, risk)
	case kArray:
		add(p.text+"["+itoa(s.index(p.text, p.t.n))+"]", p.t.elem, false)
	case kSlice:
		i := s.index(p.text, 4)
		add(p.text+"["+itoa(i&1)+"]", p.t.elem, i < 1)
	}
}

// index is arbitrary, and the same for a text.
func (s *pathSearch) index(text string, n int) int {
	if s.r == 0 {
		return 0
	}
	return int(mix(s.r, hash(text)+1) % uint64(n))
}

// allFields returns the fields and those that are promoted.
func allFields(t *typ) []field {
	var out []field
	names := map[string]bool{}
	for _, f := range t.fields {
		if f.name == "_" {
			continue
		}
		out = append(out, f)
		names[f.name] = true
	}
	for _, f := range t.fields {
		e := f.t
		if e.kind == kPointer {
			e = e.elem
		}
		if !f.embedded || e.kind != kStruct {
			continue
		}
		for _, p := range allFields(e) {
			if !names[p.name] {
				p.embedded = f.t.kind == kPointer
				out = append(out, p)
			}
		}
	}
	return out
}

// pickPath chooses a path, a variable rather than what is in it.
func (g *gen) pickPath(fit []path) (path, bool) {
	if len(fit) == 0 {
		return path{}, false
	}
	if vars := whole(fit); len(vars) > 0 && !g.chance(35) {
		fit = vars
	}
	p := fit[g.pick(len(fit), func(i int) string { return fit[i].text })]
	g.dared = g.dared || p.risk
	return p, true
}

// dare reports whether something that may panic can be written, which is the only
// one of the statement then.
func (g *gen) dare() bool {
	if g.dared {
		return false
	}
	g.dared = true
	return true
}

func whole(fit []path) []path {
	var out []path
	for _, p := range fit {
		if p.text == p.v.name {
			out = append(out, p)
		}
	}
	return out
}

// path returns an operand of the type, or "".
func (g *gen) path(t *typ) string {
	p, _ := g.pickPath(g.paths(ofType(t)))
	return p.text
}

// place returns something to assign to, or "". Elements have calls in their
// indexes if d is above zero.
func (g *gen) place(t *typ, d int) string {
	if d > 0 && g.chance(20) {
		fit := g.paths(func(p path) bool {
			return (p.t.kind == kSlice || p.t.kind == kArray && !p.v.constant) && p.t.elem == t && !p.risk
		})
		if p, ok := g.pickPath(fit); ok {
			return p.text + "[" + g.index(d) + "]"
		}
	}
	if d > 1 && g.chance(10) {
		// What a call returns.
		if s := g.calledPlace(t, d-1); s != "" {
			return s
		}
	}
	p, _ := g.pickPath(g.paths(func(p path) bool { return p.t == t && !p.v.constant }))
	return p.text
}

// calledPlace writes a place that a call leads to.
func (g *gen) calledPlace(t *typ, d int) string {
	return g.choose(
		way(2, func() string {
			if s := g.callOf(g.pointer(t), d); s != "" {
				return "*" + s
			}
			return ""
		}),
		way(2, func() string {
			if s := g.callOf(g.slice(t), d); s != "" {
				return "full(" + s + ", " + g.zero(t) + ")[" + g.index(d) + "]"
			}
			return ""
		}),
		way(2, func() string {
			for _, of := range g.structs {
				for _, f := range of.fields {
					if f.t == t && f.name != "_" && g.chance(50) {
						if s := g.callOf(g.pointer(of), d); s != "" {
							return s + "." + f.name
						}
					}
				}
			}
			return ""
		}))
}

// addressable returns an operand whose address can be taken, or "".
func (g *gen) addressable(t *typ) string {
	p, _ := g.pickPath(g.paths(func(p path) bool {
		return p.t == t && !p.v.constant && !p.risk && p.v.t.kind != kParam
	}))
	return p.text
}

func (g *gen) index(d int) string {
	switch {
	case g.chance(60):
		return "(" + g.expr(g.int, d-1) + ")&1"
	case g.chance(7) && g.dare():
		return "wide(" + g.expr(g.int, d-1) + ")"
	}
	return itoa(g.intN(2))
}
