package progen

import (
	"fmt"
	"go/format"
	"strings"

	"pgregory.net/rapid"
)

// A Source is the text of a program: a package named p with a function Main.
type Source string

// GoString is short, for rapid's log of what it drew.
func (s Source) GoString() string { return fmt.Sprintf("a program of %d bytes", len(s)) }

// Format returns the program as gofmt writes it. It is for those that somebody reads:
// it takes as long as making them.
func (s Source) Format() (Source, error) {
	text, err := format.Source([]byte(s))
	return Source(text), err
}

// Programs returns a generator of programs, which import the coroutine package
// and the one that [Support] has by the paths that are given. A seed of rapid
// selects a program: Programs(...).Example(seed).
func Programs(coroutine, support string) *rapid.Generator[Source] {
	return rapid.Custom(func(t *rapid.T) Source {
		g := &gen{source: source{t: t}, types: map[string]*typ{}}
		g.part(g.setUp)
		g.program(coroutine, support)
		return Source(g.out.String())
	})
}

type gen struct {
	source
	types  map[string]*typ
	int    *typ
	string *typ
	bool   *typ
	any    *typ
	rune   *typ

	structs     []*typ
	named       []*typ // named ints
	basic       []*typ // number types without methods
	funcType    *typ   // a named func type
	localStruct *typ   // of variables of types that are declared in functions
	ifaces      []*typ
	generics    []*generic
	sigs        []*typ
	funcs       []*decl
	iterators   []*iterator

	out    strings.Builder
	doing  strings.Builder // what Main does
	scope  *scope
	fn     *function
	tparam *typ // the type parameter in scope
	id     int
	budget int  // of expressions, for a statement of a function
	nest   int  // of values without calls
	pure   int  // above zero: no calls
	header bool // in the head of a statement
	dared  bool // the statement has something that may panic
}

func (g *gen) p(format string, args ...any) { fmt.Fprintf(&g.out, format+"\n", args...) }

// setUp decides on the types.
func (g *gen) setUp() {
	g.int = g.intern(&typ{kind: kInt, name: "int"})
	g.string = g.intern(&typ{kind: kString, name: "string"})
	g.bool = g.intern(&typ{kind: kBool, name: "bool"})
	g.any = g.intern(&typ{kind: kAny, name: "any"})
	g.rune = g.intern(&typ{kind: kOther, name: "rune"})
	g.localStruct = &typ{kind: kOther, name: "local"}
	for _, name := range []string{"uint8", "int64", "float64"} {
		g.basic = append(g.basic, g.intern(&typ{kind: kNumber, name: name}))
	}
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
	for i, ms := range [][]int{{0}, {0, 1}, {2 + g.intN(2), 4}} {
		t := g.intern(&typ{kind: kInterface, name: "I" + itoa(i)})
		for _, m := range ms {
			t.methods = append(t.methods, methods[m])
		}
		g.ifaces = append(g.ifaces, t)
	}
	for i := range 2 {
		g.named = append(g.named, g.intern(&typ{kind: kNumber, name: "N" + itoa(i)}))
	}
	for range 2 + g.intN(2) {
		g.part(func() { g.setUpStruct(methods) })
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

func (g *gen) setUpStruct(methods []*method) {
	i := len(g.structs)
	t := g.intern(&typ{kind: kStruct, name: "S" + itoa(i)})
	t.fields = []field{{"a", g.int, false}}
	if g.chance(50) {
		t.fields = append(t.fields, field{"b", g.int, false})
	}
	more := []field{
		{"s", g.slice(g.int), false}, {"next", g.pointer(t), false}, {"f", g.sigs[0], false},
		{"arr", g.array(g.int, 3), false}, {"m", g.mapOf(g.string, g.int), false}, {"str", g.string, false},
		{"p", g.pointer(g.int), false}, {"x", g.any, false}, {"i", g.ifaces[0], false}, {"n", g.named[0], false},
		{"u", g.basic[0], false}, {"_", g.int, false},
		{"q", g.anonymous(field{"a", g.int, false}, field{"b", g.slice(g.int), false}), false},
	}
	g.shuffle(len(more), func(i, j int) { more[i], more[j] = more[j], more[i] })
	t.fields = append(t.fields, more[:g.intN(4)]...)
	if i > 0 && g.chance(70) {
		e := oneOf(&g.source, g.structs...)
		f := field{e.name, e, true}
		switch g.intN(5) {
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
	g.promote(t, own)
}

// promote adds to a struct the methods of what it embeds.
func (g *gen) promote(t *typ, own map[string]bool) {
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
		return oneOf(&g.source, g.tparam, g.tparam, g.slice(g.tparam), g.fun(false, []*typ{g.tparam}, g.tparam), g.pointer(g.tparam))
	}
	switch g.intN(21) {
	case 0, 1, 2, 3, 4:
		return g.int
	case 5:
		return g.string
	case 6:
		return g.bool
	case 7:
		return g.slice(oneOf(&g.source, g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.sigs[0]))
	case 8:
		return g.slice(g.int)
	case 9:
		return g.array(g.int, 3)
	case 10, 11:
		return oneOf(&g.source, g.structs...)
	case 12, 13:
		return g.pointer(oneOf(&g.source, g.structs...))
	case 14:
		return oneOf(&g.source, g.pointer(g.int), g.pointer(g.int), g.pointer(g.array(g.int, 3)))
	case 15:
		return oneOf(&g.source, g.mapOf(g.string, g.int), g.mapOf(g.int, g.int), g.mapOf(g.int, g.structs[0]), g.mapOf(g.string, g.sigs[0]))
	case 16:
		return oneOf(&g.source, g.sigs...)
	case 17:
		return oneOf(&g.source, g.ifaces...)
	case 18:
		return g.any
	case 19:
		return oneOf(&g.source, append(g.numbers(), g.funcType)...)
	}
	if len(g.generics) == 0 {
		return g.int
	}
	of := oneOf(&g.source, g.generics...)
	return g.instance(of, oneOf(&g.source, g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0]))
}

func (g *gen) dataType() *typ {
	if g.chance(50) {
		return g.anyType()
	}
	return g.int
}

func (g *gen) program(coroutine, support string) {
	g.p("package p\n\nimport (\n\"fmt\"\n\"maps\"\n\"runtime\"\n\"slices\"\n\n%q\n%q\n)\n%s", coroutine, support, prelude)
	g.writeTypes()
	g.part(g.genericTypes)
	// Package-level variables, none of which shares memory with local ones.
	g.push()
	g.part(func() {
		for i := range 3 {
			t := oneOf(&g.source, g.int, g.string, g.array(g.int, 3))
			g.p("var g%d %s", i, t.name)
			g.param("g"+itoa(i), t).global = true
		}
	})
	for range 8 {
		if !g.group(3, g.declareFunction) {
			break
		}
	}
	for _, of := range g.generics {
		g.tparam = of.param
		for _, m := range of.self.methods {
			g.method(of.self, m)
		}
		g.tparam = nil
	}
	g.method(g.funcType, g.funcType.methods[0])
	for _, t := range g.defined() {
		for _, m := range t.methods {
			if !m.promoted {
				g.method(t, m)
			}
		}
	}
	g.main()
	g.pop()
}

func (g *gen) writeTypes() {
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
}

func (g *gen) genericTypes() {
	for i := range 1 + g.intN(2) {
		param := &typ{kind: kParam, name: "T" + itoa(i)}
		of := &generic{name: "G" + itoa(i), param: param}
		of.self = g.intern(&typ{kind: kStruct, name: of.name + "[" + param.name + "]", of: of, arg: param})
		self := of.self
		self.fields = []field{{"v", param, false}, {"n", g.int, false}}
		more := []field{{"l", g.slice(param), false}, {"f", g.fun(false, []*typ{param}, param), false}, {"next", g.pointer(self), false}}
		self.fields = append(self.fields, more[:g.intN(4)]...)
		self.methods = []*method{
			{name: "get", sig: g.fun(false, []*typ{g.int}, param), pointer: g.chance(50)},
			{name: "set", sig: g.fun(false, []*typ{param}, g.int), pointer: true},
			{name: "m0", sig: g.sigs[0], pointer: g.chance(50)},
			{name: "each", sig: g.fun(false, []*typ{g.fun(false, []*typ{param}, param)}, g.int, param), pointer: g.chance(50)},
		}[:1+g.intN(4)]
		g.generics = append(g.generics, of)
		g.p("type %s[%s any] struct {", of.name, param.name)
		for _, f := range self.fields {
			g.p("%s %s", f.name, f.t.name)
		}
		g.p("}\n")
	}
}

func (g *gen) method(t *typ, m *method) {
	g.part(func() {
		name := g.fresh()
		r := t
		if m.pointer {
			r = g.pointer(t)
		}
		text := g.body(m.sig, func() { g.param(name, r) })
		g.p("func (%s %s) %s%s\n", name, r.name, m.name, text)
	})
}

func (g *gen) body(sig *typ, receiver func()) string {
	n := 3 + g.intN(4)
	if receiver != nil {
		n = 1 + g.intN(2)
	}
	return g.function(sig, n, receiver)
}

// declareFunction declares a function, and what Main does with it.
func (g *gen) declareFunction() {
	switch {
	case g.chance(20):
		g.declareIterator()
		return
	case g.chance(25):
		g.declareGeneric()
		return
	}
	sig := oneOf(&g.source, g.sigs...)
	if g.chance(60) {
		var ps, rs []*typ
		for range g.intN(4) {
			ps = append(ps, g.dataType())
		}
		for range g.intN(4) {
			rs = append(rs, g.dataType())
		}
		variadic := g.chance(20)
		if variadic {
			ps = append(ps, g.slice(oneOf(&g.source, g.int, g.string, g.structs[0])))
		}
		sig = g.fun(variadic, ps, rs...)
	}
	f := &decl{name: "f" + itoa(len(g.funcs)), sig: sig}
	g.funcs = append(g.funcs, f)
	g.p("func %s%s\n", f.name, g.body(f.sig, nil))
	g.call(f.name, f.name, sig)
}

func (g *gen) declareGeneric() {
	param := &typ{kind: kParam, name: "U" + itoa(len(g.funcs))}
	f := &decl{name: "gen" + itoa(len(g.funcs)), param: param}
	constraint := "any"
	switch g.intN(3) {
	case 0:
		f.args = []*typ{g.int, g.string, g.structs[0], g.pointer(g.structs[0]), g.named[0]}
	case 1:
		constraint = "~int | ~int64"
		param.number = true
		f.args = []*typ{g.int, g.named[0]}
	default:
		constraint = "I0"
		param.methods = g.ifaces[0].methods
		f.args = g.impls(g.ifaces[0])
	}
	ps := []*typ{param}
	for range g.intN(3) {
		ps = append(ps, oneOf(&g.source, g.int, g.slice(param), g.fun(false, []*typ{param}, param), param, g.fun(false, []*typ{param}, g.int)))
	}
	rs := oneOf(&g.source, []*typ{param}, []*typ{param, g.int}, []*typ{g.slice(param)}, []*typ{g.int})
	f.sig = g.fun(false, ps, rs...)
	g.funcs = append(g.funcs, f)
	g.tparam = param
	text := g.body(f.sig, nil)
	g.tparam = nil
	g.p("func %s[%s %s]%s\n", f.name, param.name, constraint, text)
	for _, a := range f.args[:1+g.intN(len(f.args))] {
		g.call(f.name, f.name+"["+a.name+"]", g.subst(f.sig, param, a))
	}
}
