package colour

import (
	"go/ast"
	"go/token"
	"go/types"
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

// frozen makes a frozen version take part in the flow: nobody calls it, but its frames stand
// where those of the current version do. What it is given may be what that one is given, or
// anything that an older caller had.
func (f *flow) frozen(fn, current *ssa.Function) {
	f.outsideCalls(fn, 0)
	if current == nil || len(current.Params) != len(fn.Params) {
		return
	}
	for i, p := range current.Params {
		f.edge(f.value(p), f.value(fn.Params[i]))
	}
	to := f.result(current)
	for i, r := range f.result(fn) {
		if i < len(to) {
			f.edge(r, to[i])
		}
	}
}

// withFrozenCalls returns the files of a package for SSA. In these a generic function begins with a
// call of each of its frozen versions, with its own parameters and type parameters: there are the
// same instances of all, and what flows into one flows into the others.
func (a *analysis) withFrozenCalls(p *typecheck.Package) []*ast.File {
	files := make([]*ast.File, len(p.Files))
	versions := map[*types.Func][]*types.Func{}
	for i, f := range p.Files {
		files[i] = f.Syntax
		for _, d := range f.Syntax.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || p.Frozen[fd.Name.Name] == nil {
				continue
			}
			if frozen, ok := p.Info.Defs[fd.Name].(*types.Func); ok && isGenericFunc(frozen) {
				if current := currentOf(p, p.Frozen[fd.Name.Name], frozen); current != nil {
					versions[current] = append(versions[current], frozen)
				}
			}
		}
	}
	if len(versions) == 0 {
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
			for _, frozen := range versions[fn] {
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

// callOfFrozen returns a call of a frozen version that stands in the body of the current one; nil
// if that has no such parameters.
func callOfFrozen(fset *token.FileSet, p *typecheck.Package, current *types.Func, decl *ast.FuncDecl, frozen *types.Func) ast.Stmt {
	sig := current.Signature()
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

// linkFrozen makes the results of an instance of a frozen version flow to those of the current
// one, which calls it.
func (f *flow) linkFrozen(current, frozen *ssa.Function) {
	if now := f.frozenOf[calledObject(frozen)]; now == nil || now != calledObject(current) {
		return
	}
	to := f.result(current)
	for i, r := range f.result(frozen) {
		if i < len(to) {
			f.edge(r, to[i])
		}
	}
}
