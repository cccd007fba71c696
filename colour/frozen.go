package colour

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/go/ssa"
)

// currentOf returns the function that another one is a frozen version of, or nil.
func currentOf(p *typecheck.Package, fz *typecheck.Frozen, frozen *types.Func) *types.Func {
	if fz.Original == "" {
		return nil
	}
	var obj types.Object
	if recv := frozen.Signature().Recv(); recv != nil {
		obj, _, _ = types.LookupFieldOrMethod(recv.Type(), true, p.Types, fz.Original)
	} else {
		obj = p.Types.Scope().Lookup(fz.Original)
	}
	if fn, ok := obj.(*types.Func); ok {
		return fn.Origin()
	}
	return nil
}

// versionsOf returns the functions of a package of which there are frozen versions, by their names
// in states: these, and the current one, if there is one.
func versionsOf(p *typecheck.Package) map[string][]*types.Func {
	versions := map[string][]*types.Func{}
	for _, f := range p.Files {
		for _, d := range f.Syntax.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || p.Frozen[fd.Name.Name] == nil {
				continue
			}
			fz := p.Frozen[fd.Name.Name]
			frozen, ok := p.Info.Defs[fd.Name].(*types.Func)
			if !ok || fz.Original == "" {
				continue
			}
			if versions[fz.State] == nil {
				if current := currentOf(p, fz, frozen); current != nil {
					versions[fz.State] = append(versions[fz.State], current)
				}
			}
			versions[fz.State] = append(versions[fz.State], frozen)
		}
	}
	return versions
}

// frozen makes frozen versions take part in the flow: nobody calls them, but their frames stand
// where those of other versions do. What they are given may be what these are given, or anything
// that an older caller had.
func (f *flow) frozen(p *typecheck.Package, value func(*types.Func) *ssa.Function) {
	all := versionsOf(p)
	for _, state := range slices.Sorted(maps.Keys(all)) {
		for _, v := range all[state] {
			for _, w := range all[state] {
				from, to := value(v), value(w)
				if v == w || from == nil || to == nil || p.Frozen[w.Name()] == nil || len(from.Params) != len(to.Params) {
					continue
				}
				for i, param := range from.Params {
					f.edge(f.value(param), f.value(to.Params[i]))
				}
				f.linkResults(to, from)
			}
		}
	}
}

func (f *flow) linkResults(from, to *ssa.Function) {
	results := f.result(to)
	for i, r := range f.result(from) {
		if i < len(results) {
			f.edge(r, results[i])
		}
	}
}

// withFrozenCalls returns the files of a package for SSA. In these each version of a generic
// function begins with calls of its frozen versions, with its own parameters and type parameters:
// there are the same instances of all, and what flows into one flows into the others.
func (a *analysis) withFrozenCalls(p *typecheck.Package) []*ast.File {
	files := make([]*ast.File, len(p.Files))
	for i, f := range p.Files {
		files[i] = f.Syntax
	}
	callees := map[*types.Func][]*types.Func{}
	for _, versions := range versionsOf(p) {
		for _, v := range versions {
			for _, w := range versions {
				if v != w && isGenericFunc(v) && isGenericFunc(w) && p.Frozen[w.Name()] != nil {
					callees[v] = append(callees[v], w)
				}
			}
		}
	}
	if len(callees) == 0 {
		return files
	}
	for i, f := range files {
		c := *f
		c.Decls = slices.Clone(f.Decls)
		for j, d := range c.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Body == nil {
				continue
			}
			fn, _ := p.Info.Defs[fd.Name].(*types.Func)
			var calls []ast.Stmt
			for _, frozen := range callees[fn] {
				if call := callOfFrozen(a.mod.Fset, p, fn, fd, frozen); call != nil {
					calls = append(calls, call)
				}
			}
			if calls != nil {
				with := *fd
				with.Body = &ast.BlockStmt{Lbrace: fd.Body.Lbrace, List: slices.Concat(calls, fd.Body.List), Rbrace: fd.Body.Rbrace}
				c.Decls[j] = &with
			}
		}
		p.Info.FileVersions[&c] = p.Info.FileVersions[f]
		files[i] = &c
	}
	return files
}

func isGenericFunc(fn *types.Func) bool {
	return fn.Signature().TypeParams().Len()+fn.Signature().RecvTypeParams().Len() > 0
}

// callOfFrozen returns a call of a frozen version that stands in the body of another one; nil
// if that has no such parameters.
func callOfFrozen(fset *token.FileSet, p *typecheck.Package, caller *types.Func, decl *ast.FuncDecl, frozen *types.Func) ast.Stmt {
	sig := caller.Signature()
	call := &ast.CallExpr{Fun: ast.NewIdent(frozen.Name())}
	if recv := sig.Recv(); recv != nil {
		call.Fun = &ast.SelectorExpr{X: ast.NewIdent(recv.Name()), Sel: ast.NewIdent(frozen.Name())}
	} else {
		index := &ast.IndexListExpr{X: call.Fun}
		for t := range sig.TypeParams().TypeParams() {
			index.Indices = append(index.Indices, ast.NewIdent(t.Obj().Name()))
		}
		call.Fun = index
	}
	for v := range sig.Params().Variables() {
		call.Args = append(call.Args, ast.NewIdent(v.Name()))
	}
	if sig.Variadic() {
		call.Ellipsis = decl.Body.Lbrace
	}
	if types.CheckExpr(fset, p.Types, decl.Body.Lbrace+1, call, p.Info) != nil {
		return nil
	}
	return &ast.ExprStmt{X: call}
}

// linkFrozen makes the results of an instance of a frozen version flow to those of another version,
// which calls it.
func (f *flow) linkFrozen(caller, callee *ssa.Function) {
	if state := f.versions[calledObject(callee)]; state != "" && state == f.versions[calledObject(caller)] && caller != callee {
		f.linkResults(callee, caller)
	}
}
