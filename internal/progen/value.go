package progen

import (
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

func quote(s string) string { return strconv.Quote(s) }

func (g *gen) literal(t *typ) string {
	switch t.kind {
	case kString:
		return quote(oneOf(&g.source, "", "a", "bc", "xyz", "ü!"))
	case kBool:
		return oneOf(&g.source, "true", "false")
	}
	return itoa(g.intN(10))
}

// atom writes an expression without calls.
func (g *gen) atom(t *typ) string {
	if !g.chance(20) {
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
		return "(" + g.atom(g.int) + oneOf(&g.source, " < ", " == ", " >= ") + g.atom(g.int) + ")"
	case kNumber:
		return g.number(t, g.atom(g.int))
	case kStruct, kSlice, kArray, kMap:
		return g.composite(t, 0)
	case kPointer:
		if s := g.addressable(t.elem); s != "" && g.chance(50) {
			return "&" + s
		}
		if t.elem.kind == kStruct && g.chance(80) {
			return "&" + g.composite(t.elem, 0)
		}
		return "ptr[" + t.elem.name + "](" + g.atom(t.elem) + ")"
	case kFunc:
		var fit []string
		for _, f := range g.funcs {
			if f.sig == t && f.param == nil && g.free(f.name) {
				fit = append(fit, f.name)
			}
		}
		if len(fit) > 0 && g.chance(60) {
			return fit[g.pick(len(fit), func(i int) string { return fit[i] })]
		}
		return g.funcLit(t)
	case kNamedFunc:
		return t.name + "(" + g.atom(t.elem) + ")"
	case kInterface, kAny:
		return g.convert(t)
	case kParam:
		if t.number && g.chance(50) {
			return t.name + "(" + itoa(g.intN(9)) + ")"
		}
		return "zero[" + t.name + "]()"
	}
	return g.zero(t)
}

// small writes a value with nothing in it.
func (g *gen) small(t *typ) string {
	switch t.kind {
	case kNumber:
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

// number writes the conversion of an int. It is never a constant, which might not
// fit.
func (g *gen) number(t *typ, n string) string { return t.name + "(naught + " + n + ")" }

// implementation returns a type that is converted to the interface.
func (g *gen) implementation(t *typ) *typ {
	impls := g.impls(t)
	if t.kind == kAny {
		impls = []*typ{g.int, g.int, g.string}
		impls = append(impls, g.structs...)
		impls = append(impls, g.named...)
		for _, s := range g.structs {
			impls = append(impls, g.pointer(s))
		}
	}
	return impls[g.pick(len(impls), func(i int) string { return impls[i].name })]
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
	for _, s := range g.defined() {
		if s.implements(t) {
			out = append(out, s)
		}
		if p := g.pointer(s); p.implements(t) {
			out = append(out, p)
		}
	}
	return out
}

// defined returns the types that are declared with methods.
func (g *gen) defined() []*typ { return append(append([]*typ{}, g.structs...), g.named...) }

func (g *gen) composite(t *typ, d int) string {
	var out []string
	elem := func(prefix string, t *typ) {
		if t.kind == kInterface || t.kind == kAny {
			s := g.path(t)
			if s == "" {
				s = g.convert(t)
			}
			out = append(out, prefix+s)
			return
		}
		out = append(out, prefix+g.expr(t, d-1))
	}
	switch t.kind {
	case kStruct:
		keyed := !g.chance(30)
		for _, f := range t.fields {
			if f.name == "_" {
				keyed = true
			}
		}
		for _, f := range t.fields {
			self := f.t.kind == kPointer && f.t.elem == t
			switch {
			case f.name == "_", keyed && self, keyed && f.t.kind == kInt && g.chance(15):
			case self:
				out = append(out, "nil")
			case keyed:
				elem(f.name+": ", f.t)
			default:
				elem("", f.t)
			}
		}
	case kSlice, kArray:
		n := t.n
		if t.kind == kSlice {
			n = 2
		}
		full := n
		if g.chance(20) {
			n = g.intN(4)
		}
		for i := range n {
			prefix := ""
			if n == full && g.chance(10) {
				prefix = itoa(i) + ": "
			}
			elem(prefix, t.elem)
		}
	case kMap:
		for i := range g.intN(3) {
			key := itoa(i)
			if t.key.kind == kString {
				key = quote(string(rune('a' + i)))
			}
			elem(key+": ", t.elem)
		}
	}
	text := t.name + "{" + strings.Join(out, ", ") + "}"
	if t.kind == kStruct && g.header {
		return "(" + text + ")"
	}
	return text
}
