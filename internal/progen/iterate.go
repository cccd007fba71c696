package progen

import (
	"fmt"
	"strings"
)

// An iterator is a declared function that makes a function to range over.
type iterator struct {
	name   string
	sig    *typ
	values []*typ // of an iteration
}

// iterateStmt writes a range over a function.
func (g *gen) iterateStmt() bool {
	g.push()
	h := g.choose(
		way(3, func() string { return "slices.All" }),
		way(2, func() string { return "slices.Values" }),
		way(2, func() string { return "maps.All" }),
		way(12, func() string {
			if len(g.iterators) > 0 {
				return "own"
			}
			return ""
		}),
		way(5, func() string { return "literal" }))
	var head loopHead
	switch h {
	case "slices.All":
		if g.free("slices") {
			head = g.loopVars(g.int, g.int, "slices.All(clips("+g.head(g.slice(g.int), 2)+"))")
		}
	case "slices.Values":
		if g.free("slices") {
			head = g.loopVar(g.int, "slices.Values(clips("+g.head(g.slice(g.int), 2)+"))")
		}
	case "maps.All":
		if g.free("maps") {
			head = g.loopVars(g.int, g.int, "maps.All(one("+g.head(g.mapOf(g.int, g.int), 2)+"))")
		}
	case "own":
		it := g.iterators[g.pick(len(g.iterators), func(i int) string { return g.iterators[i].name })]
		if g.free(it.name) {
			old := g.header
			g.header = true
			over := it.name + "(" + g.args(it.sig, 2) + ")"
			g.header = old
			head = g.iteration(it.values, over)
		}
	default:
		values := g.iterated()
		head = g.iteration(values, "func"+g.iteratorBody(values))
	}
	if head.text == "" {
		g.pop()
		return false
	}
	g.loop(head)
	return true
}

// iteration writes the head of a range over a function with these values.
func (g *gen) iteration(values []*typ, over string) loopHead {
	switch len(values) {
	case 0:
		return loopHead{text: "for range " + over}
	case 1:
		return g.loopVar(values[0], over)
	}
	return g.loopVars(values[0], values[1], over)
}

// iterated returns the values of an iteration.
func (g *gen) iterated() []*typ {
	var values []*typ
	for range g.intN(3) {
		values = append(values, oneOf(&g.source, g.int, g.int, g.string, g.structs[0], g.pointer(g.structs[0])))
	}
	return values
}

// declareIterator declares a function that returns one to range over.
func (g *gen) declareIterator() {
	it := &iterator{name: "seq" + itoa(len(g.iterators)), values: g.iterated()}
	var ps []*typ
	for range g.intN(3) {
		ps = append(ps, oneOf(&g.source, g.int, g.slice(g.int), g.sigs[0]))
	}
	it.sig = g.fun(false, ps)
	result := g.fun(false, []*typ{g.yieldFunc(it.values)})
	f := &function{sig: g.fun(false, ps, result), deferOK: true}
	leave := g.enclose(f)
	g.push()
	g.scope.isBody = true
	var params []string
	for _, p := range ps {
		name := g.fresh()
		params = append(params, name+" "+p.name)
		g.param(name, p)
	}
	if g.chance(30) {
		g.statements(1)
	}
	body := "func" + g.iteratorBody(it.values)
	text := g.pop() + "return " + body
	leave()
	g.p("func %s(%s) %s {\n%s\n}\n", it.name, strings.Join(params, ", "), result.name, text)
	g.iterators = append(g.iterators, it)
	g.inMain(it.name, func() {
		names := []string{"v0", "v1"}[:len(it.values)]
		over := it.name + "(" + g.args(it.sig, 2) + ")"
		list := strings.Join(names, ", ")
		if list == "" {
			g.emit("for range " + over + " {\n" + g.trace(2) + "\n}")
			return
		}
		g.emit("for " + list + " := range " + over + " {\nshow(\"iterated\", " + list + ")\n}")
	})
}

func (g *gen) yieldFunc(values []*typ) *typ { return g.fun(false, values, g.bool) }

// iteratorBody writes a function that calls its parameter for each of some values.
// Few of them go on when they should not.
func (g *gen) iteratorBody(values []*typ) string {
	t := g.yieldFunc(values)
	sig := g.fun(false, []*typ{t})
	f := &function{sig: sig, deferOK: true}
	defer g.enclose(f)()
	g.push()
	g.scope.isBody = true
	yield := g.fresh("show", "tick")
	g.param(yield, t)
	g.statements(1)
	once := func() {
		f.blocks++
		call := yield + "(" + g.args(t, 2) + ")"
		switch {
		case g.lookup(yield).t != t:
		case g.chance(4):
			g.emit(call)
		default:
			g.id++
			stop := fmt.Sprintf("show(\"stop%d\")\n", g.id)
			if g.chance(30) {
				stop = "return\n"
			}
			g.emit("if !" + call + " {\n" + stop + "return\n}")
		}
		f.blocks--
	}
	if g.chance(50) {
		i := g.fresh(yield)
		over := "(" + g.head(g.int, 2) + ")&3"
		g.push()
		g.param(i, g.int)
		g.push()
		g.statements(1)
		once()
		body := g.pop()
		g.pop()
		g.emit("for " + i + " := range " + over + " {\n_ = " + i + "\n" + body + "}")
	} else {
		for range 1 + g.intN(3) {
			once()
			if !g.group(2, g.stmt) {
				break
			}
		}
	}
	return signature(sig, []string{yield}, nil) + " {\n" + g.pop() + "}"
}
