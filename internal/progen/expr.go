package progen

import "fmt"

// expr writes an expression with at most d levels of operators and calls.
func (g *gen) expr(t *typ, d int) string {
	return g.sub(func() string {
		g.budget--
		if d <= 0 || g.pure > 0 || g.budget < 0 || !g.grow() {
			return g.atom(t)
		}
		return g.compound(t, d)
	})
}

// compound writes an expression that may have operands.
func (g *gen) compound(t *typ, d int) string {
	cs := []choice{
		way(8, func() string { return g.atom(t) }),
		way(30, func() string { return g.callOf(t, d) }),
		way(5, func() string { return g.assertion(t, d) }),
		way(4, func() string { return g.entry(t, d) }),
	}
	switch t.kind {
	case kInt:
		cs = append(cs, g.intExprs(d)...)
	case kString:
		cs = append(cs,
			way(10, func() string { return "clip(" + g.expr(t, d-1) + " + " + g.expr(t, d-1) + ")" }),
			way(5, func() string { return "str(" + g.expr(g.int, d-1) + ")" }),
			way(3, func() string { return "clip(" + g.expr(t, d-1) + ")[" + g.index(d) + ":]" }),
			way(3, func() string { return "string([]byte(" + g.expr(t, d-1) + "))" }),
			way(2, func() string { return g.extreme(t, d) }))
	case kBool:
		cs = append(cs, g.boolExprs(d)...)
	case kNumber:
		cs = append(cs,
			way(10, func() string { return g.number(t, g.expr(g.int, d-1)) }),
			way(10, func() string {
				return "(" + g.expr(t, d-1) + oneOf(&g.source, " + ", " - ", " * ") + g.expr(t, d-1) + ")"
			}))
	case kStruct:
		cs = append(cs,
			way(15, func() string { return g.composite(t, d) }),
			way(5, func() string { return "(*" + g.expr(g.pointer(t), d-1) + ")" }))
	case kPointer:
		cs = append(cs, g.pointerExprs(t, d)...)
	case kSlice:
		cs = append(cs, g.sliceExprs(t, d)...)
	case kArray:
		cs = append(cs,
			way(15, func() string { return g.composite(t, d) }),
			way(3, func() string {
				if !g.free("append") {
					return ""
				}
				return t.name + "(append(full(" + g.expr(g.slice(t.elem), d-1) + ", " + g.zero(t.elem) + "), " + g.expr(t.elem, d-1) + "))"
			}))
	case kMap:
		cs = append(cs, way(15, func() string { return g.composite(t, d) }))
	case kFunc:
		cs = append(cs,
			way(20, func() string { return g.funcLit(t) }),
			way(12, func() string { return g.methodValue(t, d) }),
			way(5, func() string { return g.methodExpr(t) }))
	case kNamedFunc:
		cs = append(cs, way(15, func() string { return t.name + "(" + g.expr(t.elem, d-1) + ")" }))
	case kInterface:
		cs = append(cs, way(15, func() string { return g.convert(t) }))
	case kAny:
		cs = append(cs, way(15, func() string { return "any(" + g.expr(g.int, d-1) + ")" }))
	case kParam:
		if t.number {
			cs = append(cs,
				way(15, func() string {
					return "(" + g.expr(t, d-1) + oneOf(&g.source, " + ", " - ", " * ") + g.expr(t, d-1) + ")"
				}),
				way(10, func() string { return t.name + "(" + g.expr(g.int, d-1) + ")" }))
		}
	}
	return g.choose(cs...)
}

// assertion writes a type assertion, which may panic, or a call that stands for one.
func (g *gen) assertion(t *typ, d int) string {
	if t.kind == kParam || t == g.any {
		return ""
	}
	if t.kind != kInterface && t.kind != kFunc && g.chance(15) && g.dare() {
		// What a call returns.
		if s := g.callOf(g.any, d-1); s != "" {
			return s + ".(" + t.name + ")"
		}
	}
	s := g.path(g.any)
	if s == "" {
		return ""
	}
	if g.chance(75) || !g.dare() {
		return "as[" + t.name + "](" + s + ", " + g.atom(t) + ")"
	}
	return s + ".(" + t.name + ")"
}

// entry writes an element of a map that a call returns. Those of variables have no
// single meaning beside calls.
func (g *gen) entry(t *typ, d int) string {
	for _, m := range []*typ{g.mapOf(g.string, g.int), g.mapOf(g.int, g.int)} {
		if m.elem == t {
			if s := g.callOf(m, d-1); s != "" {
				return s + "[" + g.atom(m.key) + "]"
			}
		}
	}
	return ""
}

// extreme writes a call of min or max.
func (g *gen) extreme(t *typ, d int) string {
	name := oneOf(&g.source, "min", "max")
	if !g.free(name) {
		return ""
	}
	text := name + "(" + g.expr(t, d-1) + ", " + g.expr(t, d-1)
	if g.chance(30) {
		text += ", " + g.expr(t, d-2)
	}
	return text + ")"
}

func (g *gen) boolExprs(d int) []choice {
	t := g.bool
	return []choice{
		way(18, func() string {
			return "(" + g.expr(t, d-1) + oneOf(&g.source, " && ", " || ") + g.expr(t, d-1) + ")"
		}),
		way(5, func() string { return "!" + g.expr(t, d-1) }),
		way(20, func() string {
			return "(" + g.expr(g.int, d-1) + oneOf(&g.source, " < ", " == ", " >= ", " != ") + g.expr(g.int, d-1) + ")"
		}),
		way(4, func() string {
			return "(" + g.expr(g.string, d-1) + oneOf(&g.source, " < ", " == ") + g.expr(g.string, d-1) + ")"
		}),
		way(3, func() string {
			n := oneOf(&g.source, g.named...)
			return "(" + g.expr(n, d-1) + oneOf(&g.source, " < ", " == ") + g.expr(n, d-1) + ")"
		}),
		way(3, func() string {
			a := g.array(g.int, 3)
			return "(" + g.expr(a, d-1) + " == " + g.expr(a, d-1) + ")"
		}),
		way(4, func() string {
			p := g.pointer(oneOf(&g.source, g.structs...))
			a := g.path(p)
			if a == "" {
				return ""
			}
			if g.chance(50) && g.free("nil") {
				return "(" + a + " == nil)"
			}
			return "(" + a + " == " + g.atom(p) + ")"
		}),
		way(2, func() string {
			if a := g.path(g.any); a != "" {
				return "(" + a + " == " + g.expr(g.int, d-1) + ")"
			}
			return ""
		}),
	}
}

func (g *gen) pointerExprs(t *typ, d int) []choice {
	return []choice{
		way(8, func() string {
			if t.elem.kind == kStruct {
				return "&" + g.composite(t.elem, d)
			}
			return "ptr[" + t.elem.name + "](" + g.expr(t.elem, d-1) + ")"
		}),
		way(4, func() string {
			if !g.free("new") || t.elem.kind != kStruct && t.elem.kind != kInt {
				return ""
			}
			return "new(" + g.expr(t.elem, d-1) + ")"
		}),
		way(10, func() string {
			if s := g.addressable(t.elem); s != "" {
				return "&" + s
			}
			return ""
		}),
		way(5, func() string {
			if s := g.path(g.slice(t.elem)); s != "" {
				return "&" + s + "[" + g.index(d) + "]"
			}
			return ""
		}),
	}
}

func (g *gen) sliceExprs(t *typ, d int) []choice {
	bounds := func() string { return oneOf(&g.source, ":", "1:", ":1", "0:", ":1:1", g.index(d)+":") }
	return []choice{
		way(10, func() string { return g.composite(t, d) }),
		way(10, func() string {
			if !g.free("append") {
				return ""
			}
			if g.chance(30) {
				return "append(clips(" + g.expr(t, d-1) + "), clips(" + g.expr(t, d-1) + ")...)"
			}
			return "append(clips(" + g.expr(t, d-1) + "), " + g.expr(t.elem, d-1) + ")"
		}),
		way(6, func() string {
			return "full(" + g.expr(t, d-1) + ", " + g.zero(t.elem) + ")[" + bounds() + "]"
		}),
		way(6, func() string {
			if s := g.path(t); s != "" {
				return s + "[" + bounds() + "]"
			}
			return ""
		}),
		way(6, func() string {
			if s := g.addressable(g.array(t.elem, 3)); s != "" {
				return s + "[" + bounds() + "]"
			}
			return ""
		}),
		way(2, func() string {
			if !g.free("make") || !g.free("len") {
				return ""
			}
			return "make(" + t.name + ", (" + g.expr(g.int, d-1) + ")&3, 4)"
		}),
	}
}

func (g *gen) intExprs(d int) []choice {
	t := g.int
	return []choice{
		way(60, func() string { return g.yield(d) }),
		way(12, func() string { return g.trace(d) }),
		way(25, func() string {
			op := oneOf(&g.source, " + ", " - ", " * ", " & ", " | ", " ^ ", " &^ ")
			return "(" + g.expr(t, d-1) + op + g.expr(t, d-1) + ")"
		}),
		way(5, func() string {
			return "(" + g.expr(t, d-1) + oneOf(&g.source, " / ", " % ") + "(" + g.expr(t, d-1) + "|1))"
		}),
		way(1, func() string {
			if !g.dare() {
				return ""
			}
			return "(" + g.expr(t, d-1) + " / num(" + g.expr(t, d-1) + "))"
		}),
		way(3, func() string {
			return "(int(" + g.expr(t, d-1) + ")" + oneOf(&g.source, " << ", " >> ") + "(" + g.expr(t, d-1) + "&3))"
		}),
		way(4, func() string { return oneOf(&g.source, "(-", "(^") + g.expr(t, d-1) + ")" }),
		way(4, func() string {
			if !g.free("len") {
				return ""
			}
			return "len(" + g.expr(oneOf(&g.source, g.string, g.slice(g.int), g.slice(g.string)), d-1) + ")"
		}),
		way(1, func() string {
			if s := g.path(g.slice(g.int)); s != "" && g.free("cap") {
				return "cap(" + s + ")"
			}
			return ""
		}),
		way(2, func() string {
			if s := g.path(g.slice(g.int)); s != "" && g.free("copy") {
				return "copy(" + s + ", " + g.expr(g.slice(g.int), d-1) + ")"
			}
			return ""
		}),
		way(3, func() string { return g.extreme(t, d) }),
		way(8, func() string {
			if s := g.path(oneOf(&g.source, g.slice(t), g.array(t, 3))); s != "" {
				return s + "[" + g.index(d) + "]"
			}
			return ""
		}),
		way(3, func() string { return "full(" + g.expr(g.slice(t), d-1) + ", 0)[" + g.index(d) + "]" }),
		way(3, func() string { return g.expr(g.array(t, 3), d-1) + "[" + g.index(d) + "]" }),
		way(2, func() string { return "int(clip(" + g.expr(g.string, d-1) + ")[" + g.index(d) + "])" }),
		way(5, func() string { return "int(" + g.expr(oneOf(&g.source, g.numbers()...), d-1) + ")" }),
		way(4, func() string { return "b2i(" + g.expr(g.bool, d-1) + ")" }),
		way(4, func() string { return g.fieldOf(d) }),
		way(3, func() string { return "(*" + g.expr(g.pointer(t), d-1) + ")" }),
		way(2, func() string {
			if p := g.tparam; p != nil && p.number {
				return "int(" + g.expr(p, d-1) + ")"
			}
			return ""
		}),
		way(3, func() string { // a field of a struct without a name
			return "struct{ a, b int }{" + g.expr(t, d-1) + ", " + g.expr(t, d-1) + "}" + oneOf(&g.source, ".a", ".b")
		}),
		way(3, func() string { return "(<-" + g.received(d-1) + ")" }),
		way(2, func() string { // an operand that is not evaluated
			if !g.free("len") {
				return ""
			}
			return "len([2]int{" + itoa(g.intN(9)) + ", 1})"
		}),
		way(3, func() string { // a map that is made on the spot
			return "map[string]int{\"a\": " + g.expr(t, d-1) + ", \"b\": " + g.expr(t, d-1) + "}[" + g.literal(g.string) + "]"
		}),
	}
}

// numbers returns the number types beside int.
func (g *gen) numbers() []*typ { return append(append([]*typ{}, g.named...), g.basic...) }

// fieldOf writes a field of a struct that is made on the spot.
func (g *gen) fieldOf(d int) string {
	s := oneOf(&g.source, g.structs...)
	for _, f := range s.fields {
		if f.t == g.int && f.name != "_" && !g.chance(30) {
			text := g.expr(s, d-1) + "." + f.name
			if g.header {
				return "(" + text + ")"
			}
			return text
		}
	}
	return ""
}

// yield writes a call that suspends.
func (g *gen) yield(d int) string {
	if g.chance(15) && g.free("coroutine") {
		return "coroutine.Yield[int, int](" + g.expr(g.int, d-2) + ")"
	}
	return "y(" + g.expr(g.int, d-2) + ")"
}

func (g *gen) trace(d int) string {
	g.id++
	return fmt.Sprintf("tr(\"t%d\", %s)", g.id, g.expr(g.int, d-1))
}
