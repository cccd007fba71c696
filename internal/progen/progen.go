package progen

import (
	"fmt"
	"go/format"
	"math/rand/v2"
	"strings"
)

type gen struct {
	r        *rand.Rand
	types    map[string]*typ
	int      *typ
	string   *typ
	bool     *typ
	any      *typ
	rune     *typ
	structs  []*typ
	named    []*typ // named ints
	funcType *typ   // a named func type
	ifaces   []*typ
	generics []*generic
	sigs     []*typ
	funcs    []*decl

	localType *typ // of variables of types that are declared in functions

	out      strings.Builder
	scope    *scope
	fn       *function
	tparam   *typ // the type parameter in scope
	id       int
	budget   int  // of expressions, for a function
	nest     int  // of values without calls
	pure     int  // above zero: no calls
	header   bool // in the head of a statement
	suspends bool // calls that suspend may be written
}

// Program writes the program of a seed as a package with a function Main. The
// package imports the coroutine package and the one that [Support] has, by the
// paths that are given.
func Program(name string, seed uint64, coroutine, support string) ([]byte, error) {
	g := &gen{r: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), types: map[string]*typ{}, suspends: true}
	g.setUp()
	g.program(name, coroutine, support)
	text, err := format.Source([]byte(g.out.String()))
	if err != nil {
		return []byte(g.out.String()), fmt.Errorf("seed %d: %w", seed, err)
	}
	return text, nil
}

func (g *gen) p(format string, args ...any) { fmt.Fprintf(&g.out, format+"\n", args...) }

func (g *gen) setUp() {
	g.int = g.intern(&typ{kind: kInt, name: "int"})
	g.string = g.intern(&typ{kind: kString, name: "string"})
	g.bool = g.intern(&typ{kind: kBool, name: "bool"})
	g.any = g.intern(&typ{kind: kAny, name: "any"})
	g.rune = g.intern(&typ{kind: kOther, name: "rune"})
	g.localType = &typ{kind: kOther, name: "local"}
	in := []*typ{g.int}
	g.sigs = []*typ{
		g.fun(false, in, g.int), g.fun(false, in, g.int),
		g.fun(false, nil, g.int),
		g.fun(false, []*typ{g.int, g.int}, g.int, g.int),
		g.fun(false, []*typ{g.string}, g.string),
		g.fun(true, []*typ{g.slice(g.int)}, g.int),
		g.fun(false, nil),
	}
	g.funcType = g.intern(&typ{kind: kNamedFunc, name: "F0", elem: g.sigs[0]})
	methods := []*method{
		{"m0", g.sigs[0], false, false},
		{"m1", g.fun(false, nil, g.string), false, false},
		{"m2", g.fun(true, []*typ{g.int, g.slice(g.int)}, g.int, g.int), false, false},
		{"m3", g.fun(false, []*typ{g.sigs[0]}, g.int), false, false},
		{"m4", g.sigs[6], false, false},
	}
	for i, ms := range [][]int{{0}, {0, 1}, {2 + g.r.IntN(2), 4}} {
		t := g.intern(&typ{kind: kInterface, name: "I" + itoa(i)})
		for _, m := range ms {
			t.methods = append(t.methods, methods[m])
		}
		g.ifaces = append(g.ifaces, t)
	}
	for i := range 2 {
		g.named = append(g.named, g.intern(&typ{kind: kNamedInt, name: "N" + itoa(i)}))
	}
	g.structs = nil
	for i := range 2 + g.r.IntN(2) {
		t := g.intern(&typ{kind: kStruct, name: "S" + itoa(i)})
		t.fields = []field{{"a", g.int, false}}
		if g.chance(50) {
			t.fields = append(t.fields, field{"b", g.int, false})
		}
		more := []field{
			{"s", g.slice(g.int), false}, {"next", g.pointer(t), false}, {"f", g.sigs[0], false},
			{"arr", g.array(g.int, 3), false}, {"m", g.mapOf(g.string, g.int), false}, {"str", g.string, false},
			{"p", g.pointer(g.int), false}, {"x", g.any, false}, {"i", g.ifaces[0], false}, {"n", g.named[0], false},
		}
		g.r.Shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
		t.fields = append(t.fields, more[:g.r.IntN(4)]...)
		if i > 0 && g.chance(70) {
			e := g.structs[g.r.IntN(i)]
			f := field{e.name, e, true}
			switch g.r.IntN(5) {
			case 0, 1:
				f.t = g.pointer(e)
			case 2:
				f = field{"I0", g.ifaces[0], true}
			}
			t.fields = append(t.fields, f)
		}
		g.structs = append(g.structs, t)
		own := map[string]bool{}
		for _, m := range methods {
			if g.chance(30) || i == 0 && m.name == "m0" {
				own[m.name] = true
				t.methods = append(t.methods, &method{m.name, m.sig, g.chance(50), false})
			}
		}
		g.own(t, own)
	}
	for i, n := range g.named {
		for _, m := range methods {
			if i == 1 || g.chance(25) { // the second one implements everything
				n.methods = append(n.methods, &method{m.name, m.sig, i == 0 && g.chance(30), false})
			}
		}
	}
	g.funcType.methods = []*method{{"m0", g.sigs[0], false, false}}
}

// own adds to a struct the methods that are promoted.
func (g *gen) own(t *typ, own map[string]bool) {
	for _, f := range t.fields {
		if !f.embedded {
			continue
		}
		e := f.t
		if e.kind == kPointer {
			e = e.elem
		}
		for _, m := range e.methods {
			if !own[m.name] {
				t.methods = append(t.methods, &method{m.name, m.sig, m.pointer && f.t.kind == kStruct, true})
			}
		}
	}
}

// anyType returns a type for a variable, dataType one that is often an int.
func (g *gen) anyType() *typ {
	if g.tparam != nil && g.chance(30) {
		return g.oneOf(g.tparam, g.tparam, g.slice(g.tparam), g.fun(false, []*typ{g.tparam}, g.tparam), g.pointer(g.tparam))
	}
	switch g.r.IntN(20) {
	case 0, 1, 2, 3, 4:
		return g.int
	case 5:
		return g.string
	case 6:
		return g.bool
	case 7:
		return g.slice(g.oneOf(g.int, g.int, g.string, g.structs[0], g.pointer(g.structs[0])))
	case 8:
		return g.slice(g.int)
	case 9:
		return g.array(g.int, 3)
	case 10, 11:
		return g.structs[g.r.IntN(len(g.structs))]
	case 12, 13:
		return g.pointer(g.structs[g.r.IntN(len(g.structs))])
	case 14:
		return g.pointer(g.int)
	case 15:
		return g.oneOf(g.mapOf(g.string, g.int), g.mapOf(g.int, g.int), g.mapOf(g.int, g.structs[0]))
	case 16:
		return g.sigs[g.r.IntN(len(g.sigs))]
	case 17:
		return g.oneOf(g.ifaces...)
	case 18:
		return g.any
	default:
		if len(g.generics) > 0 && g.chance(60) {
			return g.instance(g.generics[g.r.IntN(len(g.generics))], g.oneOf(g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0]))
		}
		return g.oneOf(g.named[0], g.named[1], g.funcType)
	}
}

func (g *gen) dataType() *typ {
	if g.chance(50) {
		return g.int
	}
	return g.anyType()
}

func (g *gen) program(name, coroutine, support string) {
	g.p("package %s\n", name)
	g.p("import (\n\"fmt\"\n\"maps\"\n\"slices\"\n\n%q\n%q\n)\n", coroutine, support)
	g.p("%s", prelude)
	// Types.
	for _, t := range g.structs {
		g.p("type %s struct {", t.name)
		for _, f := range t.fields {
			if f.embedded {
				g.p("%s", f.t.name)
			} else {
				g.p("%s %s", f.name, f.t.name)
			}
		}
		g.p("}\n")
	}
	for i, t := range g.ifaces {
		g.p("type %s interface {", t.name)
		for j, m := range t.methods {
			if i == 1 && j == 0 {
				g.p("I0")
				continue
			}
			g.p("%s%s", m.name, signature(m.sig, nil, nil))
		}
		g.p("}\n")
	}
	for _, t := range g.named {
		g.p("type %s int\n", t.name)
	}
	g.p("type F0 func(int) int\n")
	for _, i := range g.ifaces {
		for _, t := range g.impls(i) {
			g.p("func %sOf%s(v %s) %s { return v }", i.name, strings.ReplaceAll(t.name, "*", "P"), t.name, i.name)
		}
	}
	// What can be called by what is written later: all signatures first.
	g.genericTypes()
	n := 3 + g.r.IntN(4)
	for i := range n {
		sig := g.sigs[g.r.IntN(len(g.sigs))]
		if g.chance(60) {
			var ps, rs []*typ
			for range g.r.IntN(4) {
				ps = append(ps, g.dataType())
			}
			for range g.r.IntN(4) {
				rs = append(rs, g.dataType())
			}
			variadic := false
			if g.chance(20) {
				ps = append(ps, g.slice(g.oneOf(g.int, g.string, g.structs[0])))
				variadic = true
			}
			sig = g.fun(variadic, ps, rs...)
		}
		g.funcs = append(g.funcs, &decl{name: "f" + itoa(i), sig: sig})
	}
	plain := g.funcs[:len(g.funcs):len(g.funcs)]
	generic := g.genericFuncs()
	// Package-level variables, none of which shares memory with local ones.
	g.push()
	for i := range 3 {
		t := g.oneOf(g.int, g.string, g.array(g.int, 3))
		g.p("var g%d %s", i, t.name)
		v := g.param("g"+itoa(i), t)
		v.global = true
		v.used = true
	}
	for _, f := range plain {
		g.p("func %s%s\n", f.name, g.body(f.sig, nil))
	}
	for _, f := range generic {
		g.tparam = f.param
		g.p("func %s[%s %s]%s\n", f.name, f.param.name, constraint(f.param), g.body(f.sig, nil))
		g.tparam = nil
	}
	for _, of := range g.generics {
		g.tparam = of.param
		for _, m := range of.self.methods {
			g.method(of.self, m)
		}
		g.tparam = nil
	}
	for _, t := range append(append([]*typ{}, g.structs...), g.named...) {
		for _, m := range t.methods {
			if !m.promoted {
				g.method(t, m)
			}
		}
	}
	g.method(g.funcType, g.funcType.methods[0])
	g.main(plain)
	g.pop()
}

func (g *gen) method(t *typ, m *method) {
	name := g.fresh()
	r := t
	if m.pointer {
		r = g.pointer(t)
	}
	text := g.body(m.sig, func() { g.param(name, r).used = true })
	g.p("func (%s %s) %s%s\n", name, r.name, m.name, text)
}

func (g *gen) body(sig *typ, receiver func()) string {
	g.budget = 10
	return g.function(sig, 3+g.r.IntN(5), receiver)
}

func constraint(t *typ) string {
	switch {
	case t.number:
		return "~int | ~int64"
	case len(t.methods) > 0:
		return "I0"
	}
	return "any"
}

func (g *gen) genericTypes() {
	for i := range 1 + g.r.IntN(2) {
		param := &typ{kind: kParam, name: "T" + itoa(i)}
		of := &generic{name: "G" + itoa(i), param: param}
		self := g.instance2(of)
		self.fields = []field{{"v", param, false}, {"n", g.int, false}}
		more := []field{{"l", g.slice(param), false}, {"f", g.fun(false, []*typ{param}, param), false}, {"next", g.pointer(self), false}}
		self.fields = append(self.fields, more[:g.r.IntN(4)]...)
		self.methods = []*method{
			{name: "get", sig: g.fun(false, []*typ{g.int}, param), pointer: g.chance(50)},
			{name: "set", sig: g.fun(false, []*typ{param}, g.int), pointer: true},
			{name: "m0", sig: g.sigs[0], pointer: g.chance(50)},
			{name: "each", sig: g.fun(false, []*typ{g.fun(false, []*typ{param}, param)}, g.int, param), pointer: g.chance(50)},
		}[:1+g.r.IntN(4)]
		g.generics = append(g.generics, of)
		g.p("type %s[%s any] struct {", of.name, param.name)
		for _, f := range self.fields {
			g.p("%s %s", f.name, f.t.name)
		}
		g.p("}\n")
	}
}

// instance2 returns the generic type as its own declaration sees it.
func (g *gen) instance2(of *generic) *typ {
	of.self = &typ{kind: kStruct, name: of.name + "[" + of.param.name + "]", of: of, arg: of.param}
	return g.intern(of.self)
}

func (g *gen) genericFuncs() []*decl {
	var out []*decl
	for i := range 1 + g.r.IntN(3) {
		param := &typ{kind: kParam, name: "U" + itoa(i)}
		f := &decl{name: "gen" + itoa(i), param: param}
		switch g.r.IntN(3) {
		case 0:
			f.args = []*typ{g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0]}
		case 1:
			param.number = true
			f.args = []*typ{g.int, g.named[0]}
		default:
			param.methods = g.ifaces[0].methods
			f.args = g.impls(g.ifaces[0])
		}
		ps := []*typ{param}
		for range g.r.IntN(3) {
			ps = append(ps, g.oneOf(g.int, g.slice(param), g.fun(false, []*typ{param}, param), param, g.fun(false, []*typ{param}, g.int)))
		}
		rs := []*typ{param}
		switch g.r.IntN(4) {
		case 0:
			rs = []*typ{param, g.int}
		case 1:
			rs = []*typ{g.slice(param)}
		case 2:
			rs = []*typ{g.int}
		}
		f.sig = g.fun(false, ps, rs...)
		g.funcs = append(g.funcs, f)
		out = append(out, f)
	}
	return out
}

func (g *gen) main(funcs []*decl) {
	g.fn = &function{sig: g.sigs[len(g.sigs)-1], left: 0}
	g.push()
	g.p("// Main runs every function once, each with a recover around it.\nfunc Main() {")
	for range 2 {
		g.round(funcs)
	}
	g.p("show(\"globals\", g0, g1, g2)\n}")
	g.pop()
	g.fn = nil
}

// round calls every function once, and the methods of every type.
func (g *gen) round(funcs []*decl) {
	for i, f := range funcs {
		g.push()
		g.budget = 4
		var names []string
		for j := range f.sig.results {
			names = append(names, "r"+itoa(j))
		}
		call := f.name + "(" + g.args(f.sig, 1) + ")"
		g.p("fuel, yields = %d, 60\nguard(%q, func() {", 60+g.r.IntN(100), f.name)
		if len(names) > 0 {
			g.p("%s := %s", strings.Join(names, ", "), call)
			g.p("show(\"results%d\", %s)", i, strings.Join(names, ", "))
		} else {
			g.p("%s", call)
		}
		g.p("})")
		g.pop()
	}
	for _, t := range append(append([]*typ{g.funcType}, g.structs...), g.named...) {
		g.push()
		g.budget = 4
		g.p("fuel, yields = %d, 60\nguard(%q, func() {\nvar x %s = %s", 30+g.r.IntN(60), t.name, t.name, g.expr(t, 1))
		for _, m := range t.methods {
			g.p("x.%s(%s)", m.name, g.args(m.sig, 1))
		}
		g.p("show(\"x\", x)\n})")
		g.pop()
	}
}
