package typecheck

import "go/types"

// CoreType returns the underlying type of t, or, of a type parameter, the one that all
// types in its type set have; nil if they differ, or if it has none.
func CoreType(t types.Type) types.Type {
	if t == nil {
		return nil
	}
	tp, ok := types.Unalias(t).(*types.TypeParam)
	if !ok {
		return t.Underlying()
	}
	var core types.Type
	same := true
	var visit func(t types.Type)
	visit = func(t types.Type) {
		if u, ok := t.(*types.Union); ok {
			for term := range u.Terms() {
				visit(term.Type())
			}
			return
		}
		u := t.Underlying()
		if iface, ok := u.(*types.Interface); ok {
			for e := range iface.EmbeddedTypes() {
				visit(e)
			}
			return
		}
		same = same && (core == nil || types.Identical(core, u))
		core = u
	}
	visit(tp.Constraint())
	if !same {
		return nil
	}
	return core
}
