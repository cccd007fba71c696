package colour

import (
	"go/types"

	"golang.org/x/tools/go/types/typeutil"
)

// box finds the named types of which a value may be in an interface: those that are
// converted to one somewhere in the module, the type arguments of generic functions
// and types, whose code may do that unseen, and what is part of such a value, which
// reflection takes out of it.
func (a *analysis) box() {
	var seen typeutil.Map
	var reach func(t types.Type)
	reach = func(t types.Type) {
		if t == nil || seen.At(t) != nil {
			return
		}
		seen.Set(t, true)
		if n, ok := types.Unalias(t).(*types.Named); ok {
			a.facts.Boxed[typeKey(n)] = true
		}
		switch u := t.Underlying().(type) {
		case *types.Pointer:
			reach(u.Elem())
		case *types.Slice:
			reach(u.Elem())
		case *types.Array:
			reach(u.Elem())
		case *types.Map:
			reach(u.Key())
			reach(u.Elem())
		case *types.Struct:
			for f := range u.Fields() {
				reach(f.Type())
			}
		}
	}
	for t := range a.flow.boxed {
		reach(t)
	}
	for _, p := range a.mod.Packages {
		if p.Library || p.NoBody {
			continue
		}
		for _, inst := range p.Info.Instances {
			for t := range inst.TypeArgs.Types() {
				reach(t)
			}
		}
	}
}

// MayBeBoxed reports whether a value of the type, or a pointer to one, may be in an
// interface.
func (f *Facts) MayBeBoxed(n *types.Named) bool { return f.Boxed[typeKey(n)] }

// typeKey is the same for a type in all variants of its package.
func typeKey(n *types.Named) string {
	name := n.Obj().Name()
	if n.Obj().Pkg() != nil {
		name = n.Obj().Pkg().Path() + "." + name
	}
	return name
}
