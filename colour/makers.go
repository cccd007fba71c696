package colour

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// This file finds the expressions that make the func values which a call may call, if
// these are functions that are known by their types only: SSA has one value for all that
// mention a function. So the flow graph has a place for each function that mentions it.

// A maker is a function of opaque code in the code that mentions it.
type maker struct{ in, fn *ssa.Function }

// isOpaque reports whether a function is known by its type only.
func isOpaque(fn *ssa.Function) bool { return !hasBody(fn) && fn.Syntax() == nil }

// isWrapper reports whether SSA has made a function: of a method value, a method
// expression, or a method that is promoted.
func isWrapper(fn *ssa.Function) bool { return hasBody(fn) && fn.Syntax() == nil }

// makes returns the place of a function of opaque code as a value of the code that is
// looked at.
func (f *flow) makes(fn *ssa.Function) *place {
	k := maker{f.at, fn}
	p := f.made[k]
	if p == nil {
		p = f.newPlace(fn.Type())
		f.made[k] = p
		f.put(p, item{fn: fn})
	}
	return p
}

// lookAt makes fn the function whose code is looked at, up to the call of what it returns.
func (f *flow) lookAt(fn *ssa.Function) (end func()) {
	outer := f.at
	f.at = fn
	return func() { f.at = outer }
}

// makers returns the functions that make the value fn, of opaque code or a wrapper, which c
// calls.
func (f *flow) makers(c *call, fn *ssa.Function) []*ssa.Function {
	if instr := f.wrappers[fn]; instr != nil { // of this expression alone
		return []*ssa.Function{instr.Parent()}
	}
	if c.common.Value == fn {
		return []*ssa.Function{c.in}
	}
	to, is := f.value(c.common.Value), f.itemsOf(func(i item) bool { return i.fn == fn })
	var found []*ssa.Function
	for k, from := range f.made {
		if k.in != nil && k.fn == fn && flows(from, to, is, nil) {
			found = append(found, k.in)
		}
	}
	return found
}

// itemsOf returns the items of a kind.
func (f *flow) itemsOf(kind func(item) bool) bits {
	var is bits
	for tok, i := range f.items {
		if kind(i) {
			is.set(itemID(tok))
		}
	}
	return is
}

// flows reports whether one of some items comes from one place to another, past none.
func flows(from, to *place, is bits, past *place) bool {
	seen := map[*place]bool{from: true, past: true}
	todo := []*place{from}
	for len(todo) > 0 {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if p == to {
			return true
		}
		for _, q := range p.nexts {
			if !seen[q] && q.has.meets(is) {
				seen[q] = true
				todo = append(todo, q)
			}
		}
	}
	return false
}

// sources returns the functions of opaque code that return a func value which c calls: what
// opaque code has been given before, and gives out again, is not meant.
func (a *analysis) sources(c *call) []end {
	f := a.flow
	to, unknown := f.value(c.common.Value), f.itemsOf(func(i item) bool { return i == item{} })
	var found []end
	for _, k := range f.calls {
		if k.value == nil || !k.common.Pos().IsValid() {
			continue
		}
		for i, from := range f.returned(k.value) {
			if from == nil || !types.Identical(from.typ.Underlying(), to.typ.Underlying()) {
				continue
			}
			for _, fn := range k.order {
				for _, e := range a.ends(k, fn) {
					if isFunc(e.callee.Signature().Results().At(i).Type()) && flows(from, to, unknown, f.outside) {
						found = append(found, e)
					}
				}
			}
		}
	}
	return found
}

// returned returns the places of the results of a call.
func (f *flow) returned(c *ssa.Call) []*place {
	t, ok := c.Type().(*types.Tuple)
	if !ok {
		return []*place{f.value(c)}
	}
	res := make([]*place, t.Len())
	for i := range res {
		res[i] = f.tuple(c, i)
	}
	return res
}

func (b bits) meets(c bits) bool {
	for i := range min(len(b), len(c)) {
		if b[i]&c[i] != 0 {
			return true
		}
	}
	return false
}

// values returns the expressions that make the func value fn, which is called by c and leads
// to the function callee, sorted by position.
func (a *analysis) values(c *call, fn *ssa.Function, callee *types.Func) []ast.Expr {
	var found []ast.Expr
	// A method value stands in one place; that of a method expression is not known.
	at := token.NoPos
	if mc, ok := a.flow.wrappers[fn].(*ssa.MakeClosure); ok {
		at = mc.Pos()
	}
	for _, in := range a.flow.makers(c, fn) {
		p, roots := a.codeOf(in)
		for _, root := range roots {
			w := &walker{p: p}
			w.found = func(e ast.Expr) {
				id := typecheck.FuncIdent(e)
				if id == nil || at.IsValid() && id.Pos() != at || !at.IsValid() && isMethodValue(p.Info, e) {
					return
				}
				if obj, ok := p.Info.Uses[id].(*types.Func); ok && obj.Origin().FullName() == callee.FullName() && !slices.Contains(found, e) {
					found = append(found, e)
				}
			}
			ast.Inspect(root, func(n ast.Node) bool {
				if _, ok := n.(*ast.FuncLit); ok {
					return false // is another function
				}
				return w.visit(n)
			})
		}
	}
	slices.SortFunc(found, func(x, y ast.Expr) int { return cmp.Compare(x.Pos(), y.Pos()) })
	return found
}

func isMethodValue(info *types.Info, e ast.Expr) bool {
	sel, ok := e.(*ast.SelectorExpr)
	return ok && info.Selections[sel] != nil && info.Selections[sel].Kind() == types.MethodVal
}

// codeOf returns the syntax of a function; that of the initializer of a package are the
// declarations of its variables.
func (a *analysis) codeOf(fn *ssa.Function) (p *typecheck.Package, roots []ast.Node) {
	for _, p := range a.mod.Packages {
		if p.Library || p.NoBody {
			continue
		}
		for _, file := range p.Files {
			s := fn.Syntax()
			switch {
			case s == nil && fn.Pkg != nil && fn.Pkg.Pkg == p.Types:
				for _, d := range file.Syntax.Decls {
					if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
						roots = append(roots, g)
					}
				}
			case s != nil && file.Syntax.FileStart <= s.Pos() && s.Pos() < file.Syntax.FileEnd:
				switch s := s.(type) {
				case *ast.FuncDecl:
					return p, []ast.Node{s.Body}
				case *ast.FuncLit:
					return p, []ast.Node{s.Body}
				}
				return p, []ast.Node{s}
			}
		}
		if roots != nil {
			return p, roots
		}
	}
	return nil, nil
}
