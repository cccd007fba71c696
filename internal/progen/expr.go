package progen

import (
	"fmt"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A choice is one way to go on, as likely as its weight says. A way that is not
// open returns "".
type choice struct {
	weight int
	make   func() string
}

func (g *gen) chance(percent int) bool { return g.r.IntN(100) < percent }

func (g *gen) choose(cs ...choice) string {
	for len(cs) > 0 {
		sum := 0
		for _, c := range cs {
			sum += c.weight
		}
		n := g.r.IntN(sum)
		for i, c := range cs {
			if n -= c.weight; n < 0 {
				if s := c.make(); s != "" {
					return s
				}
				cs = append(cs[:i:i], cs[i+1:]...)
				break
			}
		}
	}
	return ""
}

// A path is an operand that is not a call.
type path struct {
	text string
	t    *typ
	v    *variable
	risk bool // may be nil, or out of range
}

// paths returns variables and what is in them.
func (g *gen) paths() []path {
	var out []path
	for _, v := range g.visible() {
		p := path{v.name, v.t, v, false}
		out = append(out, p)
		out = g.inside(out, p, 2)
	}
	return out
}

func (g *gen) inside(out []path, p path, d int) []path {
	if d == 0 {
		return out
	}
	add := func(text string, t *typ, risk bool) {
		q := path{text, t, p.v, p.risk || risk}
		out = append(out, q)
		out = g.inside(out, q, d-1)
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
		add(p.text+"["+itoa(g.r.IntN(p.t.n))+"]", p.t.elem, false)
	case kSlice:
		add(p.text+"["+itoa(g.r.IntN(2))+"]", p.t.elem, g.chance(30))
	}
	return out
}

// allFields returns the fields and those that are promoted.
func allFields(t *typ) []field {
	var out []field
	names := map[string]bool{}
	for _, f := range t.fields {
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

// path returns an operand of the type, or "".
func (g *gen) path(t *typ) string {
	var fit []path
	for _, p := range g.paths() {
		if p.t == t && (!p.risk || g.chance(6)) {
			fit = append(fit, p)
			if p.text == p.v.name {
				fit = append(fit, p, p)
			}
		}
	}
	if len(fit) == 0 {
		return ""
	}
	p := fit[g.r.IntN(len(fit))]
	p.v.used = true
	return p.text
}

// place returns something to assign to, or "". Elements have calls in their
// indexes if d is above zero.
func (g *gen) place(t *typ, d int) string {
	var fit []path
	for _, p := range g.paths() {
		if p.t == t && !p.v.constant && (!p.risk || g.chance(6)) {
			fit = append(fit, p)
		}
	}
	if d > 0 && g.chance(20) {
		for _, p := range g.paths() {
			if (p.t.kind == kSlice || p.t.kind == kArray) && p.t.elem == t && !p.risk {
				p.text += "[" + g.index(d) + "]"
				fit = append(fit, p, p)
			}
		}
	}
	if len(fit) == 0 {
		return ""
	}
	p := fit[g.r.IntN(len(fit))]
	if p.text != p.v.name {
		p.v.used = true
	}
	return p.text
}

// addressable returns an operand whose address can be taken, or "".
func (g *gen) addressable(t *typ) string {
	var fit []path
	for _, p := range g.paths() {
		if p.t == t && !p.v.constant && !p.risk && p.v.t.kind != kParam {
			fit = append(fit, p)
		}
	}
	if len(fit) == 0 {
		return ""
	}
	p := fit[g.r.IntN(len(fit))]
	p.v.used = true
	return p.text
}

func (g *gen) index(d int) string {
	switch {
	case g.chance(3):
		return "wide(" + g.expr(g.int, d-1) + ")"
	case g.chance(40):
		return itoa(g.r.IntN(2))
	}
	return "(" + g.expr(g.int, d-1) + ")&1"
}

func (g *gen) literal(t *typ) string {
	switch t.kind {
	case kString:
		return strconv.Quote([]string{"", "a", "bc", "xyz", "ü!"}[g.r.IntN(5)])
	case kBool:
		return []string{"true", "false"}[g.r.IntN(2)]
	}
	return itoa(g.r.IntN(10))
}

// atom writes an expression without calls.
func (g *gen) atom(t *typ) string {
	if g.chance(80) {
		if s := g.path(t); s != "" {
			return s
		}
	}
	g.nest++
	defer func() { g.nest-- }()
	if g.nest > 3 {
		return g.small(t)
	}
	switch t.kind {
	case kInt, kString:
		return g.literal(t)
	case kBool:
		return "(" + g.atom(g.int) + []string{" < ", " == ", " >= "}[g.r.IntN(3)] + g.atom(g.int) + ")"
	case kNamedInt:
		return t.name + "(" + g.atom(g.int) + ")"
	case kStruct:
		return g.composite(t, 0)
	case kPointer:
		if s := g.addressable(t.elem); s != "" && g.chance(50) {
			return "&" + s
		}
		if t.elem.kind == kStruct && g.chance(80) {
			return "&" + g.composite(t.elem, 0)
		}
		return "ptr[" + t.elem.name + "](" + g.atom(t.elem) + ")"
	case kSlice, kArray:
		return g.composite(t, 0)
	case kMap:
		return g.composite(t, 0)
	case kFunc:
		for _, f := range g.funcs {
			if f.sig == t && g.chance(40) && g.free(f.name) && f.callable(g) {
				return f.name
			}
		}
		return g.funcLit(t)
	case kNamedFunc:
		return t.name + "(" + g.atom(t.elem) + ")"
	case kInterface, kAny:
		return g.convert(t)
	case kParam:
		if t.number && g.chance(50) {
			return t.name + "(" + itoa(g.r.IntN(9)) + ")"
		}
		return "zero[" + t.name + "]()"
	}
	return g.zero(t)
}

// small writes a value with nothing in it.
func (g *gen) small(t *typ) string {
	switch t.kind {
	case kNamedInt:
		return t.name + "(1)"
	case kBool:
		return "(1 < 2)"
	case kPointer:
		return "ptr[" + t.elem.name + "](" + g.zero(t.elem) + ")"
	case kSlice, kMap:
		return t.name + "{}"
	case kFunc:
		return g.smallLit(t)
	case kNamedFunc:
		return t.name + "(" + g.smallLit(t.elem) + ")"
	case kInterface, kAny:
		return g.convert(t)
	case kStruct:
		if g.header {
			return "(" + t.name + "{})"
		}
	}
	return g.zero(t)
}

// implementation returns a type that is converted to the interface.
func (g *gen) implementation(t *typ) *typ {
	if t.kind == kAny {
		all := []*typ{g.int, g.int, g.string}
		all = append(all, g.structs...)
		all = append(all, g.named...)
		for _, s := range g.structs {
			all = append(all, g.pointer(s))
		}
		return all[g.r.IntN(len(all))]
	}
	return g.impls(t)[g.r.IntN(len(g.impls(t)))]
}

// convert writes a conversion to an interface type by a function, since gc
// converts beside calls now early and now late.
func (g *gen) convert(t *typ) string {
	impl := g.implementation(t)
	if g.nest > 1 {
		impl = g.named[1]
	}
	if t.kind == kAny {
		return "anyOf[" + impl.name + "](" + g.atom(impl) + ")"
	}
	return t.name + "Of" + strings.ReplaceAll(impl.name, "*", "P") + "(" + g.atom(impl) + ")"
}

func (g *gen) impls(t *typ) []*typ {
	var out []*typ
	for _, s := range append(append([]*typ{}, g.structs...), g.named...) {
		if s.implements(t) {
			out = append(out, s)
		}
		if p := g.pointer(s); p.implements(t) {
			out = append(out, p)
		}
	}
	return out
}

func (g *gen) composite(t *typ, d int) string {
	var b strings.Builder
	b.WriteString(t.name + "{")
	elem := func(t *typ) string {
		if t.kind == kInterface || t.kind == kAny {
			if s := g.path(t); s != "" {
				return s
			}
			return g.convert(t)
		}
		return g.expr(t, d-1)
	}
	switch t.kind {
	case kStruct:
		keyed := g.chance(70)
		for i, f := range t.fields {
			name := f.name
			switch {
			case keyed && f.t.kind == kPointer && f.t.elem == t, keyed && g.chance(15) && f.t.kind == kInt:
				continue
			case !keyed && f.t.kind == kPointer && f.t.elem == t:
				b.WriteString("nil")
			case keyed:
				b.WriteString(name + ": " + elem(f.t))
			default:
				b.WriteString(elem(f.t))
			}
			if i < len(t.fields)-1 {
				b.WriteString(", ")
			}
		}
	case kSlice:
		n := 2
		if g.chance(20) {
			n = g.r.IntN(4)
		}
		for i := range n {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(elem(t.elem))
		}
	case kArray:
		n := t.n
		if g.chance(20) {
			n = g.r.IntN(n + 1)
		}
		for i := range n {
			if i > 0 {
				b.WriteString(", ")
			}
			if n == t.n && g.chance(10) {
				b.WriteString(itoa(i) + ": ")
			}
			b.WriteString(elem(t.elem))
		}
	case kMap:
		for i := range g.r.IntN(3) {
			key := itoa(i)
			if t.key.kind == kString {
				key = strconv.Quote(string(rune('a' + i)))
			}
			b.WriteString(key + ": " + elem(t.elem) + ", ")
		}
	}
	b.WriteString("}")
	if t.kind == kStruct && g.header {
		return "(" + b.String() + ")"
	}
	return b.String()
}

// expr writes an expression with at most d levels of operators and calls.
func (g *gen) expr(t *typ, d int) string {
	g.budget--
	if d <= 0 || g.pure > 0 || g.budget < 0 {
		return g.atom(t)
	}
	call := choice{25, func() string { return g.callOf(t, d) }}
	atom := choice{20, func() string { return g.atom(t) }}
	assert := choice{3, func() string {
		if t.kind == kParam || t.kind == kInterface && g.chance(50) {
			return ""
		}
		if s := g.path(g.any); s != "" && g.chance(60) && t != g.any {
			return "as[" + t.name + "](" + s + ", " + g.atom(t) + ")"
		} else if s != "" && t != g.any && g.chance(40) {
			return s + ".(" + t.name + ")"
		}
		return ""
	}}
	switch t.kind {
	case kInt:
		return g.intExpr(d, call, atom, assert)
	case kString:
		return g.choose(call, atom, assert,
			choice{10, func() string { return "clip(" + g.expr(t, d-1) + " + " + g.expr(t, d-1) + ")" }},
			choice{5, func() string { return "str(" + g.expr(g.int, d-1) + ")" }},
			choice{3, func() string { return "clip(" + g.expr(t, d-1) + ")[" + g.index(d) + ":]" }})
	case kBool:
		return g.choose(call, atom,
			choice{15, func() string {
				return "(" + g.expr(t, d-1) + []string{" && ", " || "}[g.r.IntN(2)] + g.expr(t, d-1) + ")"
			}},
			choice{5, func() string { return "!" + g.expr(t, d-1) }},
			choice{20, func() string {
				return "(" + g.expr(g.int, d-1) + []string{" < ", " == ", " >= ", " != "}[g.r.IntN(4)] + g.expr(g.int, d-1) + ")"
			}},
			choice{4, func() string { return "(" + g.expr(g.string, d-1) + " < " + g.expr(g.string, d-1) + ")" }},
			choice{4, func() string {
				p := g.pointer(g.structs[g.r.IntN(len(g.structs))])
				if a := g.path(p); a != "" {
					if g.chance(50) {
						return "(" + a + " == nil)"
					}
					return "(" + a + " == " + g.atom(p) + ")"
				}
				return ""
			}},
			choice{2, func() string {
				if a := g.path(g.any); a != "" {
					return "(" + a + " == " + g.expr(g.int, d-1) + ")"
				}
				return ""
			}})
	case kNamedInt:
		return g.choose(call, atom, assert,
			choice{10, func() string { return t.name + "(" + g.expr(g.int, d-1) + ")" }},
			choice{5, func() string { return "(" + g.expr(t, d-1) + " + " + g.expr(t, d-1) + ")" }})
	case kStruct:
		return g.choose(call, atom, assert,
			choice{15, func() string { return g.composite(t, d) }},
			choice{5, func() string { return "(*" + g.expr(g.pointer(t), d-1) + ")" }})
	case kPointer:
		return g.choose(call, atom, assert,
			choice{8, func() string {
				if t.elem.kind == kStruct {
					return "&" + g.composite(t.elem, d)
				}
				return "ptr[" + t.elem.name + "](" + g.expr(t.elem, d-1) + ")"
			}},
			choice{10, func() string {
				if s := g.addressable(t.elem); s != "" {
					return "&" + s
				}
				return ""
			}},
			choice{5, func() string {
				s := g.path(g.slice(t.elem))
				if s != "" {
					return "&" + s + "[" + g.index(d) + "]"
				}
				return ""
			}})
	case kSlice:
		return g.choose(call, atom, assert,
			choice{10, func() string { return g.composite(t, d) }},
			choice{10, func() string {
				if !g.free("append") {
					return ""
				}
				if g.chance(30) {
					return "append(clips(" + g.expr(t, d-1) + "), clips(" + g.expr(t, d-1) + ")...)"
				}
				return "append(clips(" + g.expr(t, d-1) + "), " + g.expr(t.elem, d-1) + ")"
			}},
			choice{6, func() string {
				s := g.expr(t, d-1)
				return "full(" + s + ", " + g.zero(t.elem) + ")[" + []string{"1:", ":1", ":", "1:2", ":1:1", g.index(d) + ":"}[g.r.IntN(6)] + "]"
			}},
			choice{6, func() string {
				if s := g.path(t); s != "" {
					return s + "[" + []string{"0:", ":1", ":", "1:", ":1:1", g.index(d) + ":"}[g.r.IntN(6)] + "]"
				}
				return ""
			}},
			choice{6, func() string {
				if s := g.addressable(g.array(t.elem, 3)); s != "" {
					return s + "[" + []string{"1:", ":1", ":", "1:2", ":1:2", g.index(d) + ":"}[g.r.IntN(6)] + "]"
				}
				return ""
			}})
	case kArray:
		return g.choose(call, atom, choice{15, func() string { return g.composite(t, d) }})
	case kMap:
		return g.choose(call, atom, choice{15, func() string { return g.composite(t, d) }})
	case kFunc:
		return g.choose(call, atom,
			choice{20, func() string { return g.funcLit(t) }},
			choice{12, func() string { return g.methodValue(t, d) }},
			choice{3, func() string { return g.methodExpr(t) }})
	case kNamedFunc:
		return g.choose(call, atom, choice{15, func() string { return t.name + "(" + g.expr(t.elem, d-1) + ")" }})
	case kInterface:
		return g.choose(call, choice{15, func() string { return g.path(t) }}, choice{15, func() string { return g.convert(t) }})
	case kAny:
		return g.choose(call, choice{15, func() string { return g.path(t) }}, choice{15, func() string {
			return "any(" + g.expr(g.int, d-1) + ")"
		}})
	case kParam:
		cs := []choice{call, atom}
		if t.number {
			cs = append(cs,
				choice{15, func() string {
					return "(" + g.expr(t, d-1) + []string{" + ", " - ", " * "}[g.r.IntN(3)] + g.expr(t, d-1) + ")"
				}},
				choice{10, func() string { return t.name + "(" + g.expr(g.int, d-1) + ")" }})
		}
		return g.choose(cs...)
	}
	return g.atom(t)
}

func (g *gen) intExpr(d int, call, atom, assert choice) string {
	t := g.int
	return g.choose(call, atom, assert,
		choice{30, func() string { return g.yield(d) }},
		choice{10, func() string { return g.trace(d) }},
		choice{25, func() string {
			op := []string{" + ", " - ", " * ", " & ", " | ", " ^ "}[g.r.IntN(6)]
			return "(" + g.expr(t, d-1) + op + g.expr(t, d-1) + ")"
		}},
		choice{5, func() string {
			return "(" + g.expr(t, d-1) + []string{" / ", " % "}[g.r.IntN(2)] + "(" + g.expr(t, d-1) + "|1))"
		}},
		choice{1, func() string { return "(" + g.expr(t, d-1) + " / num(" + g.expr(t, d-1) + "))" }},
		choice{3, func() string { return "(int(" + g.expr(t, d-1) + ") << (" + g.expr(t, d-1) + "&3))" }},
		choice{4, func() string { return []string{"(-", "(^"}[g.r.IntN(2)] + g.expr(t, d-1) + ")" }},
		choice{4, func() string {
			if !g.free("len") {
				return ""
			}
			return "len(" + g.expr(g.oneOf(g.string, g.slice(g.int), g.slice(g.string)), d-1) + ")"
		}},
		choice{1, func() string {
			if s := g.path(g.slice(g.int)); s != "" && g.free("cap") {
				return "cap(" + s + ")"
			}
			return ""
		}},
		choice{3, func() string {
			if !g.free("min") || !g.free("max") {
				return ""
			}
			return []string{"min(", "max("}[g.r.IntN(2)] + g.expr(t, d-1) + ", " + g.expr(t, d-1) + ")"
		}},
		choice{8, func() string {
			if s := g.path(g.oneOf(g.slice(t), g.array(t, 3))); s != "" {
				return s + "[" + g.index(d) + "]"
			}
			return ""
		}},
		choice{3, func() string {
			return "full(" + g.expr(g.slice(t), d-1) + ", 0)[" + g.index(d) + "]"
		}},
		choice{3, func() string { return g.expr(g.array(t, 3), d-1) + "[" + g.index(d) + "]" }},
		choice{4, func() string {
			n := g.named[g.r.IntN(len(g.named))]
			if n.kind != kNamedInt {
				return ""
			}
			return "int(" + g.expr(n, d-1) + ")"
		}},
		choice{4, func() string { return "b2i(" + g.expr(g.bool, d-1) + ")" }},
		choice{4, func() string {
			s := g.structs[g.r.IntN(len(g.structs))]
			for _, f := range s.fields {
				if f.t == t && g.chance(50) {
					return g.expr(s, d-1) + "." + f.name
				}
			}
			return ""
		}},
		choice{3, func() string { return "(*" + g.expr(g.pointer(t), d-1) + ")" }},
		choice{2, func() string {
			if p := g.paramInScope(); p != nil && p.number {
				return "int(" + g.expr(p, d-1) + ")"
			}
			return ""
		}})
}

func (g *gen) paramInScope() *typ { return g.tparam }

func (g *gen) oneOf(ts ...*typ) *typ { return ts[g.r.IntN(len(ts))] }

// yield writes a call that suspends.
func (g *gen) yield(d int) string {
	if !g.suspends {
		return g.trace(d)
	}
	if g.chance(15) && g.free("coroutine") {
		return "coroutine.Yield[int, int](" + g.expr(g.int, d-2) + ")"
	}
	return "y(" + g.expr(g.int, d-2) + ")"
}

func (g *gen) trace(d int) string {
	g.id++
	return fmt.Sprintf("tr(\"t%d\", %s)", g.id, g.expr(g.int, d-1))
}
