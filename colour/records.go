package colour

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/types/typeutil"
)

// record chooses the func-valued expressions that become records: those whose
// value may be in a frame when it is saved, and those that may suspend.
//
// Packages with durable code take part, and those of the module that import
// them or are imported by them. In these, without durable code of their own,
// only values of a type that durable code can hold do.
func (a *analysis) record() {
	durable := map[*typecheck.Package]bool{}
	byPath := map[string]bool{}
	for _, n := range a.order {
		if n.why != nil {
			byPath[n.pkg.Path] = true
		}
	}
	for _, p := range a.mod.Packages {
		if byPath[p.Path] && !p.Library {
			durable[p] = true
		}
	}
	if len(durable) == 0 {
		return
	}
	near := map[*typecheck.Package]bool{}
	var down func(p *typecheck.Package)
	down = func(p *typecheck.Package) {
		if !near[p] {
			near[p] = true
			for _, q := range p.Imports {
				down(q)
			}
		}
	}
	for p := range durable {
		down(p)
	}
	above := map[*typecheck.Package]bool{}
	for _, p := range a.mod.Packages { // imports come before importers
		above[p] = durable[p]
		for _, q := range p.Imports {
			above[p] = above[p] || above[q]
		}
	}
	held := a.heldFuncs()
	for _, p := range a.mod.Packages {
		if p.Library || p.NoBody || !near[p] && !above[p] {
			continue
		}
		r := &recorder{walker: walker{p: p}, a: a}
		r.found = func(e ast.Expr) {
			if r.kept(e) {
				a.facts.Records[e] = true
			}
		}
		if !durable[p] {
			r.held = held
		}
		for _, f := range p.Files {
			if f.Cgo {
				continue
			}
			r.stack = r.stack[:0]
			ast.Inspect(f.Syntax, r.visit)
		}
	}
}

// heldFuncs returns the func types that durable code can hold values of.
func (a *analysis) heldFuncs() *typeutil.Map {
	held := new(typeutil.Map)
	seen := new(typeutil.Map)
	var reach func(t types.Type)
	reach = func(t types.Type) {
		if t == nil || seen.At(t) != nil {
			return
		}
		seen.Set(t, true)
		switch u := t.Underlying().(type) {
		case *types.Signature:
			held.Set(types.NewSignatureType(nil, nil, nil, u.Params(), u.Results(), u.Variadic()), true)
		case *types.Pointer:
			reach(u.Elem())
		case *types.Slice:
			reach(u.Elem())
		case *types.Array:
			reach(u.Elem())
		case *types.Chan:
			reach(u.Elem())
		case *types.Map:
			reach(u.Key())
			reach(u.Elem())
		case *types.Struct:
			for f := range u.Fields() {
				reach(f.Type())
			}
		case *types.Interface:
			if u.NumMethods() == 0 {
				return
			}
			for _, p := range a.mod.Packages {
				if p.Library {
					continue
				}
				for _, name := range p.Types.Scope().Names() {
					tn, ok := p.Types.Scope().Lookup(name).(*types.TypeName)
					if !ok || types.IsInterface(tn.Type()) {
						continue
					}
					if n, ok := tn.Type().(*types.Named); ok && n.TypeParams().Len() > 0 {
						continue
					}
					if types.Implements(tn.Type(), u) || types.Implements(types.NewPointer(tn.Type()), u) {
						reach(tn.Type())
					}
				}
			}
		}
	}
	for _, n := range a.order {
		if n.why == nil {
			continue
		}
		ast.Inspect(n.syntax, func(m ast.Node) bool {
			if e, ok := m.(ast.Expr); ok {
				if tv, ok := n.pkg.Info.Types[e]; ok && tv.Value == nil && !tv.IsBuiltin() {
					reach(tv.Type)
				}
			}
			return true
		})
	}
	return held
}

// A walker finds the expressions that make func values.
type walker struct {
	p     *typecheck.Package
	found func(ast.Expr)
	stack []ast.Node
}

type recorder struct {
	walker
	a    *analysis
	held *typeutil.Map // nil: everything
}

// visit is for ast.Inspect.
func (r *walker) visit(n ast.Node) bool {
	if n == nil {
		r.stack = r.stack[:len(r.stack)-1]
		return true
	}
	descend := true
	if e, ok := n.(ast.Expr); ok {
		if tv, ok := r.p.Info.Types[e]; ok && (tv.Value != nil || tv.IsType()) {
			return false
		}
		if r.isFuncValue(e) {
			r.found(e)
			switch e.(type) {
			case *ast.Ident, *ast.IndexExpr, *ast.IndexListExpr:
				descend = false
			}
		}
	}
	if descend {
		r.stack = append(r.stack, n)
	}
	return descend
}

// isFuncValue reports whether e makes a func value: a literal, or the name of
// a function or method that is not called here. Of names that are part of each
// other (x.M and M, f and f[int]) it is the outermost one.
func (r *walker) isFuncValue(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncLit:
		return true
	case *ast.Ident:
		if _, ok := r.p.Info.Uses[e].(*types.Func); !ok {
			return false
		}
		if s, ok := r.parent(0).(*ast.SelectorExpr); ok && s.Sel == e {
			return false
		}
	case *ast.SelectorExpr:
		if _, ok := r.p.Info.Uses[e.Sel].(*types.Func); !ok {
			return false
		}
	case *ast.IndexExpr:
		return r.isName(e.X) && !r.called(e)
	case *ast.IndexListExpr:
		return r.isName(e.X) && !r.called(e)
	default:
		return false
	}
	switch p := r.parent(0).(type) {
	case *ast.IndexExpr:
		if p.X == e {
			return false // the instance is the value, or is called
		}
	case *ast.IndexListExpr:
		if p.X == e {
			return false
		}
	}
	return !r.called(e)
}

func (r *walker) isName(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		_, ok := r.p.Info.Uses[e].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		_, ok := r.p.Info.Uses[e.Sel].(*types.Func)
		return ok
	}
	return false
}

// parent returns the i-th node around the one that is visited, without
// parentheses.
func (r *walker) parent(i int) ast.Node {
	for j := len(r.stack) - 1; j >= 0; j-- {
		if _, ok := r.stack[j].(*ast.ParenExpr); ok {
			continue
		}
		if i == 0 {
			return r.stack[j]
		}
		i--
	}
	return nil
}

func (r *walker) called(e ast.Expr) bool {
	c, ok := r.parent(0).(*ast.CallExpr)
	return ok && ast.Unparen(c.Fun) == e
}

func (r *recorder) kept(e ast.Expr) bool {
	lit, isLit := e.(*ast.FuncLit)
	t := r.p.Info.TypeOf(e)
	sig, ok := t.Underlying().(*types.Signature)
	if !ok {
		return false
	}
	if isLit && r.a.facts.Lits[lit] != nil {
		return true
	}
	if r.held != nil && !isHeld(r.held, sig) {
		return false
	}
	if rng, ok := r.parent(0).(*ast.RangeStmt); ok && ast.Unparen(rng.X) == e {
		return r.a.facts.Ranges[rng] != nil
	}
	call, ok := r.parent(0).(*ast.CallExpr)
	if !ok {
		return true
	}
	if ast.Unparen(call.Fun) != e {
		return !r.a.doesNotKeep(r.p.Info, call)
	}
	if d, ok := r.parent(1).(*ast.DeferStmt); ok && d.Call == call {
		return r.inDurable()
	}
	return false
}

// isHeld reports whether durable code can hold values of a func type, or of what that is in
// an instance of the generic function around it.
func isHeld(held *typeutil.Map, sig *types.Signature) bool {
	if held.At(types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())) != nil {
		return true
	}
	return slices.ContainsFunc(held.Keys(), func(t types.Type) bool { return mayBecome(sig, t) })
}

// mayBecome reports whether a type that may mention type parameters can be another one in an
// instance, as far as its own form tells. What their names take is not looked at.
func mayBecome(open, t types.Type) bool {
	open, t = types.Unalias(open), types.Unalias(t)
	switch o := open.(type) {
	case *types.TypeParam:
		return true
	case *types.Signature:
		t, ok := t.(*types.Signature)
		return ok && o.Variadic() == t.Variadic() && mayBecomeAll(o.Params(), t.Params()) && mayBecomeAll(o.Results(), t.Results())
	case *types.Pointer:
		t, ok := t.(*types.Pointer)
		return ok && mayBecome(o.Elem(), t.Elem())
	case *types.Slice:
		t, ok := t.(*types.Slice)
		return ok && mayBecome(o.Elem(), t.Elem())
	case *types.Array:
		t, ok := t.(*types.Array)
		return ok && o.Len() == t.Len() && mayBecome(o.Elem(), t.Elem())
	case *types.Chan:
		t, ok := t.(*types.Chan)
		return ok && o.Dir() == t.Dir() && mayBecome(o.Elem(), t.Elem())
	case *types.Map:
		t, ok := t.(*types.Map)
		return ok && mayBecome(o.Key(), t.Key()) && mayBecome(o.Elem(), t.Elem())
	case *types.Named:
		t, ok := t.(*types.Named)
		return ok && o.Origin() == t.Origin()
	case *types.Struct:
		_, ok := t.(*types.Struct)
		return ok
	case *types.Interface:
		_, ok := t.(*types.Interface)
		return ok
	}
	return types.Identical(open, t)
}

func mayBecomeAll(open, t *types.Tuple) bool {
	if open.Len() != t.Len() {
		return false
	}
	for i := range open.Len() {
		if !mayBecome(open.At(i).Type(), t.At(i).Type()) {
			return false
		}
	}
	return true
}

// inDurable reports whether the function around the visited node is durable.
func (r *recorder) inDurable() bool {
	for i := len(r.stack) - 1; i >= 0; i-- {
		switch n := r.stack[i].(type) {
		case *ast.FuncLit:
			return r.a.facts.Lits[n] != nil
		case *ast.FuncDecl:
			node := r.a.nodes[n.Name.Pos()]
			return node != nil && node.why != nil
		}
	}
	return false
}

// callsAtOnce lists the functions and methods of the standard library that
// call the functions that they are given before they return, if at all, and
// do not keep them. A "*" stands for all that a package declares.
var callsAtOnce = map[string]string{
	"bytes":         "*",
	"cmp":           "*",
	"sort":          "*",
	"strings":       "* -FieldsFuncSeq",
	"slices":        "*",
	"maps":          "DeleteFunc EqualFunc",
	"io/fs":         "WalkDir",
	"path/filepath": "Walk WalkDir",
	"regexp":        "(*Regexp).ReplaceAllFunc (*Regexp).ReplaceAllStringFunc",
	"sync":          "(*Once).Do (*Map).Range (*WaitGroup).Go",
	"testing":       "(*T).Run (*B).Run (*B).RunParallel (*F).Fuzz AllocsPerRun Benchmark",
	"go/ast":        "Inspect",
	"flag":          "Visit VisitAll (*FlagSet).Visit (*FlagSet).VisitAll",
	"expvar":        "Do",
}

// doesNotKeep reports whether the callee of the call is in callsAtOnce.
func (a *analysis) doesNotKeep(info *types.Info, call *ast.CallExpr) bool {
	fn, ok := typeutil.Callee(info, call).(*types.Func)
	if !ok || fn.Pkg() == nil {
		return false
	}
	list, ok := callsAtOnce[fn.Pkg().Path()]
	if !ok {
		return false
	}
	name := fn.Name()
	if recv := fn.Signature().Recv(); recv != nil {
		name = strings.Replace(describe(fn), fn.Pkg().Name()+".", "", 1)
	}
	all := false
	for _, s := range strings.Fields(list) {
		switch s {
		case "*":
			all = true
		case "-" + name:
			return false
		case name:
			return true
		}
	}
	// What gives a function out again (an iterator) has kept what it was given.
	if !all {
		return false
	}
	for v := range fn.Signature().Results().Variables() {
		if _, ok := content(v.Type()); ok {
			return false
		}
	}
	// A generic container can be given functions to put into it.
	return !hasTypeParamFunc(info, fn, call)
}

// hasTypeParamFunc reports whether a func-valued argument of the call is for
// a parameter whose type is a type parameter: then it is data, not a callback.
func hasTypeParamFunc(info *types.Info, fn *types.Func, call *ast.CallExpr) bool {
	params := fn.Origin().Signature().Params()
	for i, arg := range call.Args {
		if t := info.TypeOf(arg); t == nil || !isFunc(t) {
			continue
		}
		j := min(i, params.Len()-1)
		if j < 0 {
			continue
		}
		t := params.At(j).Type()
		if s, ok := t.(*types.Slice); ok && fn.Signature().Variadic() && j == params.Len()-1 {
			t = s.Elem()
		}
		if !isFunc(t) {
			return true
		}
	}
	return false
}
