package desugar

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// Saved states say what they are about by where it stands in the source: a temporary
// variable by the expression or statement that it was made for, a site by its call. A number
// in the order of generated code would change with what else of the function may suspend,
// and two variables could change places.

// variables returns a declaration for each specification of a group of variables, so that
// the literals in one are numbered without those in the others. Other declarations stay as
// they are.
func variables(d ast.Decl) []ast.Decl {
	g, ok := d.(*ast.GenDecl)
	if !ok || g.Tok != token.VAR || len(g.Specs) < 2 {
		return []ast.Decl{d}
	}
	var list []ast.Decl
	for _, s := range g.Specs {
		list = append(list, &ast.GenDecl{TokPos: s.Pos(), Tok: token.VAR, Specs: []ast.Spec{s}})
	}
	return list
}

// Places numbers the nodes of a function, declared or literal, in the order of its source,
// from 1: those of its type and of its body. What is in nested literals counts too.
// It is the source that is numbered; what stands in place of a node of that has its number.
func Places(mod *typecheck.Module, fn ast.Node) map[ast.Node]int {
	places := map[ast.Node]int{}
	count := 0
	number := func(n, now ast.Node) bool {
		switch n.(type) {
		case nil, *ast.CommentGroup, *ast.Comment:
			return false
		}
		count++
		places[n], places[now] = count, count
		return true
	}
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		mod.InspectSource(fn.Type, number)
		mod.InspectSource(fn.Body, number)
	case *ast.FuncLit:
		mod.InspectSource(fn, func(n, now ast.Node) bool { return n == fn || number(n, now) })
	}
	if len(places) > count { // parts of what stands in place of others
		inspect(fn, func(n ast.Node) {
			if places[n] == 0 {
				places[n] = places[mod.Source(n)]
			}
		})
	}
	return places
}

func inspect(n ast.Node, f func(ast.Node)) {
	ast.Inspect(n, func(n ast.Node) bool {
		if n != nil {
			f(n)
		}
		return true
	})
}

// placesOf returns the numbers in the function around what is rewritten; nil in the
// initialiser of a package-level variable.
func (f *fn) placesOf() map[ast.Node]int {
	lv := f.level
	for lv != nil {
		switch lv.node.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			if lv.places == nil {
				lv.places = Places(f.r.mod, lv.node)
				lv.made = map[string]int{}
			}
			return lv.places
		}
		lv = lv.outer
	}
	return nil
}

// placed gives a name that was made up for a variable its name in saved states: # and the
// place of what it was made for, then its number among those of that place. No variable of
// the user's is called so.
func (f *fn) placed(name, base string, at ast.Node) {
	if base == "t" {
		base = ""
	}
	places := f.placesOf()
	wire := fmt.Sprintf("#%s%d", base, places[at])
	if places != nil {
		lv := f.level
		for lv.made == nil {
			lv = lv.outer
		}
		lv.made[wire]++
		if n := lv.made[wire]; n > 1 {
			wire = fmt.Sprintf("%s.%d", wire, n)
		}
	}
	f.wires[name] = wire
}

// uniqueWire returns a name in saved states that nothing else of the declaration has.
func (f *fn) uniqueWire(wire string) string {
	f.derivedWires[wire]++
	if n := f.derivedWires[wire]; n > 1 {
		wire = fmt.Sprintf("%s.%d", wire, n)
	}
	return wire
}

// wireLocals gives the variables of the source their names in saved states: their own, with
// a number for the second of that name in a function. The name that a variable has in
// generated code depends on what else the package declares.
func (f *fn) wireLocals() {
	count := map[ast.Node]map[string]int{}
	done := map[string]bool{}
	var stack []ast.Node
	name := func(id *ast.Ident) {
		obj := f.r.info.Defs[id]
		if obj == nil || id.Name == "_" {
			return
		}
		f.wire(obj.Name(), f.names[obj], stack, count, done)
	}
	ast.Inspect(f.src, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil:
			stack = stack[:len(stack)-1]
			return false
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				if obj := f.r.info.Implicits[c]; obj != nil {
					f.wire(obj.Name(), f.names[obj], stack, count, done)
					break // one name for all clauses
				}
			}
		case *ast.Ident:
			name(n)
		}
		stack = append(stack, n)
		return true
	})
}

func (f *fn) wire(name, as string, stack []ast.Node, count map[ast.Node]map[string]int, done map[string]bool) {
	if as == "" || done[as] {
		return
	}
	done[as] = true
	var in ast.Node
	for _, n := range stack {
		switch n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			in = n
		}
	}
	if count[in] == nil {
		count[in] = map[string]int{}
	}
	count[in][name]++
	if n := count[in][name]; n > 1 {
		name = fmt.Sprintf("%s#%d", name, n)
	}
	f.wires[as] = name
}

// LocalNames returns the names in saved states of what a function, declared or literal,
// declares in itself.
func LocalNames(src ast.Node, pkg *types.Package, info *types.Info) map[types.Object]string {
	d, ok := src.(ast.Decl)
	if !ok {
		d = &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Values: []ast.Expr{src.(ast.Expr)}}}}
	}
	f := &fn{
		r: &rewriter{src: &typecheck.Package{Types: pkg}, info: info}, src: d,
		names: map[types.Object]string{}, wires: map[string]string{},
	}
	for i, obj := range f.locals() {
		if obj.Name() == "_" {
			continue
		}
		as := fmt.Sprint(obj.Name(), " ", i)
		f.names[obj] = as
		for _, twin := range f.clauseVars[obj] {
			f.names[twin] = as
		}
	}
	f.wireLocals()
	wires := map[types.Object]string{}
	for obj, as := range f.names {
		if w := f.wires[as]; w != "" {
			wires[obj] = w
		}
	}
	return wires
}
