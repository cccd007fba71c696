package colour

import (
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// TwinPrefix is how the twins of exported functions and methods begin.
const TwinPrefix = "Durable_"

// twins finds the twins of functions that are not compiled here.
type twins struct {
	mod   *typecheck.Module
	known map[*types.Func]*types.Func
}

// of returns the twin of fn, which is declared beside it under the name that
// begins with TwinPrefix and takes a coroutine first, or nil.
func (t *twins) of(fn *types.Func) *types.Func {
	if fn == nil || fn.Pkg() == nil || !token.IsExported(fn.Name()) {
		return nil
	}
	fn = fn.Origin()
	twin, ok := t.known[fn]
	if !ok {
		twin = t.find(fn)
		t.known[fn] = twin
	}
	return twin
}

func (t *twins) find(fn *types.Func) *types.Func {
	scope := fn.Pkg().Scope()
	if fn.Pkg().Path() == typecheck.LegacyPath {
		ours, err := t.mod.Importer.Import(typecheck.CoroutinePath)
		if err != nil {
			return nil
		}
		scope = ours.Scope()
	}
	name := TwinPrefix + fn.Name()
	recv := fn.Signature().Recv()
	if recv == nil {
		twin, _ := scope.Lookup(name).(*types.Func)
		return asTwin(twin)
	}
	rt := recv.Type()
	if p, ok := types.Unalias(rt).(*types.Pointer); ok {
		rt = p.Elem()
	}
	named, ok := types.Unalias(rt).(*types.Named)
	if !ok {
		return nil
	}
	named = named.Origin()
	if fn.Pkg().Path() == typecheck.LegacyPath {
		tn, ok := scope.Lookup(named.Obj().Name()).(*types.TypeName)
		if !ok {
			return nil
		}
		if named, ok = types.Unalias(tn.Type()).(*types.Named); !ok {
			return nil
		}
	}
	if i, ok := named.Underlying().(*types.Interface); ok {
		for j := range i.NumMethods() {
			if m := i.Method(j); m.Name() == name {
				return asTwin(m)
			}
		}
		return nil
	}
	for m := range named.Methods() {
		if m.Name() == name {
			return asTwin(m)
		}
	}
	return nil
}

// asTwin returns fn if its first parameter is a coroutine, else nil.
func asTwin(fn *types.Func) *types.Func {
	if fn == nil {
		return nil
	}
	params := fn.Signature().Params()
	if params.Len() == 0 || !isCoroutine(params.At(0).Type()) {
		return nil
	}
	return fn
}

// isCoroutine reports whether t is *runtime.Coroutine.
func isCoroutine(t types.Type) bool {
	p, ok := types.Unalias(t).(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && n.Obj().Name() == "Coroutine" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == typecheck.RuntimePath
}

// isLibrary reports whether pkg is of our own library, or is what it replaces.
func isLibrary(pkg *types.Package) bool {
	return pkg != nil && (typecheck.IsLibrary(pkg.Path()) || pkg.Path() == typecheck.LegacyPath)
}
