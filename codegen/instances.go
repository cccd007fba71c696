package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"maps"
	"slices"

	"github.com/coroc-dev/coroc/typecheck"
)

// A generic function that may not suspend has nothing of its own to register, but
// its instances can make values of types that only they know, and hand them out in
// interfaces: func New[T any]() Set[T] { return &set[T]{} }. Such a function
// gets a unit too, and those that use its instances call it.

// findMakers finds these functions, in the packages for which files are generated.
func (g *Generator) findMakers() {
	generated := map[*types.Package]bool{}
	for fn := range g.facts.Funcs {
		generated[fn.Pkg()] = true
	}
	for fn := range g.recorded {
		generated[fn.Pkg()] = true
	}
	callers := map[*types.Func][]*types.Func{}
	var makers []*types.Func
	for _, p := range g.mod.Packages {
		if p.Library || !generated[p.Types] {
			continue
		}
		for _, file := range p.Files {
			for _, d := range file.Syntax.Decls {
				fd, ok := d.(*ast.FuncDecl)
				if !ok || fd.Body == nil {
					continue
				}
				fn, ok := p.Info.Defs[fd.Name].(*types.Func)
				if !ok || !isGeneric(fn) {
					continue
				}
				if makesOpenTypes(p, fd) {
					makers = append(makers, fn)
				}
				for _, callee := range openInstances(p, fd) {
					callers[callee] = append(callers[callee], fn)
				}
			}
		}
	}
	for fn := range g.decls {
		if isGeneric(fn) && (g.facts.Funcs[fn] != nil || g.recorded[fn] || g.frozenOf[fn] != nil) {
			makers = append(makers, fn)
		}
	}
	for len(makers) > 0 {
		fn := makers[len(makers)-1]
		makers = makers[:len(makers)-1]
		if !g.makers[fn] {
			g.makers[fn] = true
			makers = append(makers, callers[fn]...)
		}
	}
}

// findFrozen finds the frozen versions of generic functions. Who uses an instance of one version,
// and registers it, may never have used the others, but what it goes on with may be of them: each
// registers those of all. (Methods are registered with the instances of their type.)
func (g *Generator) findFrozen() {
	for _, p := range g.mod.Packages {
		versions := map[string][]*types.Func{}
		for _, name := range slices.Sorted(maps.Keys(p.Frozen)) {
			fz := p.Frozen[name]
			frozen, _ := p.Types.Scope().Lookup(name).(*types.Func)
			if frozen == nil || fz.Original == "" || !isGeneric(frozen) {
				continue
			}
			if current, ok := p.Types.Scope().Lookup(fz.Original).(*types.Func); ok && versions[fz.State] == nil {
				versions[fz.State] = append(versions[fz.State], current)
			}
			versions[fz.State] = append(versions[fz.State], frozen)
		}
		for _, list := range versions {
			for _, v := range list {
				for _, w := range list {
					if v != w && p.Frozen[w.Name()] != nil && sameTypeParams(v, w) {
						g.frozenOf[v] = append(g.frozenOf[v], w)
					}
				}
			}
		}
	}
}

// sameTypeParams reports whether each instance of one function has an instance of another one.
func sameTypeParams(of, other *types.Func) bool {
	var args []types.Type
	for t := range of.Signature().TypeParams().TypeParams() {
		args = append(args, t)
	}
	if len(args) == 0 || len(args) != other.Signature().TypeParams().Len() {
		return false
	}
	_, err := types.Instantiate(nil, other.Signature(), args, true)
	return err == nil
}

func isGeneric(fn *types.Func) bool {
	sig := fn.Signature()
	return sig.TypeParams().Len()+sig.RecvTypeParams().Len() > 0
}

// makesOpenTypes reports whether a function mentions a type that depends on its type
// parameters and has to be registered.
func makesOpenTypes(p *typecheck.Package, fd *ast.FuncDecl) bool {
	found := false
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		e, ok := n.(ast.Expr)
		if !ok || found {
			return !found
		}
		if t, ok := types.Unalias(p.Info.TypeOf(e)).(*types.Pointer); ok {
			found = isOpen(t.Elem())
		} else {
			found = isOpen(p.Info.TypeOf(e))
		}
		return !found
	})
	return found
}

// isOpen reports whether t is a named type that can be the dynamic type of an interface
// value and depends on type parameters.
func isOpen(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.TypeArgs().Len() > 0 && !types.IsInterface(n) && n.Obj().Pkg() != nil && mentionsTypeParam(n)
}

// openInstances returns the generic functions, and the methods of generic types, of
// which a function uses instances that depend on its own type parameters.
func openInstances(p *typecheck.Package, fd *ast.FuncDecl) []*types.Func {
	var list []*types.Func
	ast.Inspect(fd.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		if fn, ok := p.Info.Uses[id].(*types.Func); ok && isGeneric(fn.Origin()) {
			list = append(list, fn.Origin())
		}
		return true
	})
	return list
}

// openType registers a type that depends on the type parameters of a declaration with
// its instances.
func (f *fileGen) openType(d ast.Decl, n *types.Named) {
	if _, ok := d.(*ast.FuncDecl); !ok {
		return
	}
	f.nameable(func() { f.inInstances(d, f.registration(n)) })
}

// inInstances adds a statement to the registration of each instance of a declaration.
func (f *fileGen) inInstances(d ast.Decl, statement string) {
	for _, s := range f.instancesIn[d] {
		if s == statement {
			return
		}
	}
	f.instancesIn[d] = append(f.instancesIn[d], statement)
}

// registration returns the statement that registers a named type.
func (f *fileGen) registration(n *types.Named) string {
	register := "RegisterType"
	if n.TypeArgs().Len() > 0 {
		register = "RegisterInstance"
	}
	name := mapImport(n.Obj().Pkg().Path()) + "." + n.Obj().Name()
	if local := f.localTypes()[n.Obj().Name()]; local != "" && f.samePackage(n.Obj().Pkg()) {
		name = local
	}
	return fmt.Sprintf("%s.%s[%s](%q)", f.coroc, register, f.typeText(n), name)
}

// makerUnits generates the units of the generic functions of a file that have no other
// reason to have one.
func (f *fileGen) makerUnits(file *ast.File) {
	for _, d := range file.Decls {
		fd, ok := d.(*ast.FuncDecl)
		if !ok || f.unitDone[fd] {
			continue
		}
		fn, ok := f.info.Defs[fd.Name].(*types.Func)
		if !ok || fd.Name.Name == "_" || !f.needsUnit(fn) || !isGeneric(f.source(fn)) {
			continue
		}
		f.try(d, func() {
			u := newUnit(unitNames(fn, f.p.Path))
			u.tdecl, u.tuse = f.typeParams(fn.Signature())
			u.generic = true
			f.declareUnit(u)
			f.finishUnit(u, fd)
		})
	}
}

// declareUnit declares the type that stands for the instances of a generic function.
func (f *fileGen) declareUnit(u *unit) {
	f.decls = append(f.decls, fmt.Sprintf("%s// durable_unit_%s stands for the instances of %s.\ntype durable_unit_%s%s struct{}\n\n", selfLine, u.name, u.state, u.name, u.tdecl))
}
