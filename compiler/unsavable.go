package compiler

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/types/typeutil"
)

// A value that cannot be saved and is kept across a suspension is reported here, as
// far as that can be known before the program runs.
//
// It is an error if it cannot be otherwise: the function itself has made the value,
// so that it is neither nil nor known by a name (a binding, or a variable of the
// program), and the call always suspends and the coroutine is saved then, which is
// so for the awaits of dispatch. It is a warning if it depends on what only the
// running program shows: a coroutine that yields need not be saved, a call may not
// suspend, a channel may be nil. Nothing is said of a type whose values the program
// may know by name, and of functions that no coroutine runs.

// unsavable returns the diagnostics about what functions keep.
func (r *Result) unsavable(functions []*codegen.Function) []typecheck.Diagnostic {
	var ds []typecheck.Diagnostic
	for _, f := range functions {
		if !r.Facts.Entered[f.Node] {
			continue
		}
		u := &unsavables{r: r, f: f, found: map[unsavableKey]*finding{}}
		for _, s := range f.Suspensions {
			for _, k := range s.Kept {
				u.add(s, k)
			}
		}
		for _, x := range u.order {
			ds = append(ds, x.diagnostic(r))
		}
	}
	return ds
}

type unsavables struct {
	r     *Result
	f     *codegen.Function
	found map[unsavableKey]*finding
	order []*finding
}

// What is live at several suspensions is reported once.
type unsavableKey struct {
	v    *types.Var
	name string
	decl token.Pos
}

// A finding is one value that cannot be saved, and where it is kept.
type finding struct {
	f       *codegen.Function
	kept    *codegen.Kept
	at      *codegen.Suspension
	others  []*codegen.Suspension
	facts   typecheck.Savability
	certain bool // it cannot be nil, and has no name
	err     bool
}

func (u *unsavables) add(s *codegen.Suspension, k *codegen.Kept) {
	if k.Bound || k.From == codegen.Zero {
		return
	}
	facts := u.r.Module.Savability(k.Type)
	certain := k.From == codegen.Made
	if _, ok := k.Type.Underlying().(*types.Signature); ok && k.Role == codegen.Callee && certain {
		return // it cannot suspend itself
	}
	switch facts.Saving {
	case typecheck.Always, typecheck.IdleIf: // a lock that is not held is saved
		return
	case typecheck.Depends:
		if !certain {
			return
		}
	case typecheck.NamedIf:
		if !certain && u.r.nameable(k.Type) {
			return
		}
	}
	certain = certain && facts.Path == ""
	key := unsavableKey{k.Var, k.Name, k.Decl}
	x := u.found[key]
	if x == nil {
		x = &finding{f: u.f, kept: k, at: s, facts: facts, certain: certain}
		u.found[key] = x
		u.order = append(u.order, x)
	} else {
		// The first that is an error is the one to be shown.
		n := len(x.others)
		if x.at != s && (n == 0 || x.others[n-1] != s) {
			x.others = append(x.others, s)
			n++
		}
		if !x.err && certain && s.Site != nil && s.Site.Saved {
			if x.at != s {
				x.others[n-1] = x.at
			}
			x.kept, x.at, x.certain = k, s, true
		}
	}
	x.err = x.certain && x.at.Site != nil && x.at.Site.Saved
}

func (x *finding) diagnostic(r *Result) typecheck.Diagnostic {
	position := r.Module.Position
	typ := types.TypeString(x.kept.Type, relativeTo(x.f.Pkg))
	what := fmt.Sprintf("the value of %s (%s)", x.kept.Name, typ)
	if x.kept.Var != nil {
		what = fmt.Sprintf("%s (%s)", x.kept.Name, typ)
	}
	how, here := across(x.at.Site)
	kept := " is live across " + here
	switch x.kept.Role {
	case codegen.Callee:
		kept = " is kept across " + here + ", which is found by it again"
	case codegen.Deferred:
		kept = " is kept by a deferred call across " + here
	case codegen.Captured:
		by := "function"
		if _, ok := x.f.Node.(*ast.RangeStmt); ok {
			by = "range body"
		}
		what, kept = what+", which this "+by+" has captured,", " is live across "+here
	}
	cannot := " and cannot be saved"
	if x.kept.Role == codegen.Callee {
		cannot = ", and cannot be saved"
	}
	if x.facts.Path != "" {
		cannot = fmt.Sprintf(", and its %s cannot be saved", x.facts.Part())
	}
	d := typecheck.Diagnostic{
		Pos:     position(x.at.Pos),
		Message: what + kept + cannot,
		Warning: !x.err,
	}
	if !x.certain {
		unless := map[typecheck.Saving]string{
			typecheck.NilIf:   " unless it is nil",
			typecheck.NamedIf: " unless it is nil",
			typecheck.ZeroIf:  " unless it is zero",
		}[x.facts.Saving]
		if _, ok := x.kept.Type.Underlying().(*types.Struct); ok && x.facts.Saving == typecheck.NamedIf && x.facts.Path == "" {
			unless = " unless it is zero"
		}
		d.Message += unless
	}
	related := func(p token.Pos, message string) {
		if p.IsValid() {
			d.Related = append(d.Related, typecheck.Related{Pos: position(p), Message: message})
		}
	}
	switch {
	case x.kept.Var != nil:
		related(x.kept.Decl, "declared here")
	default:
		related(x.kept.Decl, "evaluated here")
	}
	switch x.kept.Role {
	case codegen.Deferred:
		related(x.kept.Use, "kept by this deferred call")
	case codegen.Variable, codegen.Temporary:
		if position(x.kept.Use).Line < d.Pos.Line {
			related(x.kept.Use, "used again here")
		} else {
			related(x.kept.Use, "used after it here")
		}
	}
	for i, s := range x.others {
		if i == maxOthers {
			related(s.Pos, fmt.Sprintf("live here too, and across %d more", len(x.others)-i))
			break
		}
		related(s.Pos, "live here too")
	}
	if w := x.made(r); w != nil {
		related(w.call.Pos(), fmt.Sprintf("made here by %s, which is not compiled by coroc", w.by))
		d.Related = append(d.Related, w.why...)
	}
	if s := x.at.Site; s != nil && s.Why != nil && s.Why.Next != nil {
		d.Related = append(d.Related, s.Why.Chain()...)
	}
	d.Fix = x.wayOut(r, how)
	return d
}

// relativeTo returns how types are written in messages about a package.
func relativeTo(own *types.Package) types.Qualifier {
	return func(p *types.Package) string {
		if p.Path() == own.Path() {
			return ""
		}
		return p.Name()
	}
}

// maxOthers is how many further suspensions a message lists.
const maxOthers = 3

// across names a suspension, and the moment that it is.
func across(s *colour.Site) (how, here string) {
	if s == nil {
		return "", "this deferred call, which may suspend,"
	}
	last := s.Why
	for last != nil && last.Next != nil {
		last = last.Next
	}
	how = "call"
	if last != nil {
		switch name := last.Callee[strings.LastIndexByte(last.Callee, '.')+1:]; name {
		case "Await", "Gather":
			how = "await"
		case "Yield":
			how = "yield"
		}
	}
	if s.Why != nil && s.Why.Next == nil && s.Kind == colour.Static {
		return how, "this " + how
	}
	if s.Saved {
		return how, "this call, which suspends,"
	}
	return how, "this call, which may suspend,"
}

// wayOut says what to do.
func (x *finding) wayOut(r *Result, how string) string {
	if _, ok := x.kept.Type.Underlying().(*types.Chan); ok && how != "" {
		entry := "the coroutine was made with"
		if how == "await" {
			entry = "is given to dispatch.Func"
		}
		return "make it after the " + how + ", make it a coroutine.Chan if nothing but the coroutine uses it, or let the function that " + entry + " capture it"
	}
	if t, ok := x.kept.Type.Underlying().(*types.Signature); ok && how != "" {
		if w := x.made(r); w != nil && strings.HasPrefix(w.by, "iter.Pull") {
			return "be done with it before the " + how + ", or range over the iterator"
		}
		if isIterator(t) {
			return "collect the values before the " + how + " and range over them, or make it after the " + how
		}
	}
	switch how {
	case "":
		return "set it to nil before, or let the function that the coroutine was made with capture it"
	case "await":
		if _, ok := x.kept.Type.Underlying().(*types.Pointer); ok {
			return "bind it with dispatch.Bind, or acquire it after the await"
		}
		return "make it after the await, or let the function that is given to dispatch.Func capture it"
	}
	return "make it after the " + how + ", or let the function that the coroutine was made with capture it"
}

// A refused maker is a call of code that is not compiled, and could not be, for a func value
// that it makes.
type refusedMaker struct {
	call *ast.CallExpr
	by   string // what is called
	why  []typecheck.Related
}

// made returns what has made a func value that cannot be saved, or nil.
func (x *finding) made(r *Result) *refusedMaker {
	if _, ok := x.kept.Type.Underlying().(*types.Signature); !ok || x.kept.Maker == nil {
		return nil
	}
	return r.makers[x.kept.Maker]
}

// isIterator reports whether a func has the type of an iter.Seq or iter.Seq2.
func isIterator(t *types.Signature) bool {
	if t.Params().Len() != 1 || t.Results().Len() != 0 {
		return false
	}
	yield, ok := t.Params().At(0).Type().Underlying().(*types.Signature)
	return ok && yield.Results().Len() == 1 && types.Identical(yield.Results().At(0).Type(), types.Typ[types.Bool])
}

// nameable reports whether a value of a pointer type may be one that states have by
// name: some package-level variable or binding is of the type, or something that an
// entry function can capture.
func (r *Result) nameable(t types.Type) bool {
	if r.named == nil {
		r.named = new(typeutil.Map)
		for _, p := range r.Module.Loaded() {
			r.nameVars(p, false)
		}
		for _, p := range r.Module.Packages {
			if p.Library {
				continue
			}
			r.nameVars(p.Types, true)
			for _, f := range p.Files {
				r.nameCaptured(p, f.Syntax)
			}
		}
	}
	return r.named.At(t) != nil
}

// nameVars notes the types of the variables of a package. Of channels only those of the
// program's own packages are registered.
func (r *Result) nameVars(p *types.Package, own bool) {
	for _, name := range p.Scope().Names() {
		if v, ok := p.Scope().Lookup(name).(*types.Var); ok {
			if _, isChan := v.Type().Underlying().(*types.Chan); isChan && !own {
				continue
			}
			r.named.Set(v.Type(), true)
			r.named.Set(types.NewPointer(v.Type()), true)
		}
	}
}

// nameCaptured notes the types of what is bound, and of what literals and method
// values hold, apart from those that are made while a coroutine runs.
func (r *Result) nameCaptured(p *typecheck.Package, f *ast.File) {
	var funcs []ast.Node // declarations and literals around the node
	called := map[ast.Expr]bool{}
	before := func() bool {
		for _, f := range funcs {
			if r.Facts.Entered[f] {
				return false
			}
		}
		return true
	}
	ast.Inspect(f, func(n ast.Node) bool {
		for n != nil && len(funcs) > 0 && funcs[len(funcs)-1].End() <= n.Pos() {
			funcs = funcs[:len(funcs)-1]
		}
		switch n := n.(type) {
		case *ast.FuncDecl, *ast.FuncLit:
			funcs = append(funcs, n)
		case *ast.SelectorExpr:
			if s := p.Info.Selections[n]; s != nil && s.Kind() == types.MethodVal && !called[n] && before() {
				r.named.Set(s.Recv(), true)
			}
		case *ast.CallExpr:
			called[ast.Unparen(n.Fun)] = true
			fn, ok := typeutil.Callee(p.Info, n).(*types.Func)
			if ok && fn.Pkg() != nil && typecheck.IsLibrary(fn.Pkg().Path()) && fn.Name() == "Bind" && len(n.Args) == 2 {
				r.named.Set(p.Info.TypeOf(n.Args[1]), true)
			}
		case *ast.Ident:
			v, ok := p.Info.Uses[n].(*types.Var)
			if !ok || v.IsField() {
				return true
			}
			for _, l := range funcs {
				if _, isLit := l.(*ast.FuncLit); isLit && (v.Pos() < l.Pos() || l.End() < v.Pos()) {
					r.named.Set(v.Type(), true)
				}
				if r.Facts.Entered[l] {
					break // what is inside runs in a coroutine
				}
			}
		}
		return true
	})
}

// unique drops the descriptions of functions that belong to several variants of a
// package, but for the first, and sorts them by their places.
func (r *Result) unique(functions []*codegen.Function) []*codegen.Function {
	functions = slices.Clone(functions)
	slices.SortStableFunc(functions, func(a, b *codegen.Function) int {
		p, q := r.Module.Position(a.Node.Pos()), r.Module.Position(b.Node.Pos())
		return cmp.Or(cmp.Compare(p.Filename, q.Filename), cmp.Compare(p.Offset, q.Offset), cmp.Compare(a.Name, b.Name))
	})
	return slices.CompactFunc(functions, func(a, b *codegen.Function) bool {
		return a.Name == b.Name && a.Node.Pos() == b.Node.Pos()
	})
}
