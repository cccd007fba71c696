package codegen

import (
	"go/ast"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// An Origin says where a value comes from.
type Origin int

// The origins.
const (
	Unknown Origin = iota
	Made           // the function has certainly made it: it is not nil, and nobody else knows it
	Zero           // nothing has been assigned to the variable but nil
)

// unset is the origin of what no way leads to.
const unset Origin = -1

// origin returns where what v holds at an item comes from: each assignment that
// reaches the item must agree.
func (k *keeper) origin(v *types.Var, at int) Origin {
	if at < 0 || at >= len(k.items) {
		return Unknown
	}
	if o := k.originsOf(v); o != nil {
		return max(o[at], Unknown)
	}
	return Unknown
}

// originsOf returns the origin of what v holds before each item, by the usual forward
// iteration; nil if nothing is known of it.
func (k *keeper) originsOf(v *types.Var) []Origin {
	if in, ok := k.origins[v]; ok {
		return in // nil while they are being found: v is set from itself
	}
	k.origins[v] = nil
	i, ok := k.index[v]
	if !ok || k.desugared.Boxed[v] || len(k.items) == 0 {
		return nil // a box may have been set by others
	}
	in := make([]Origin, len(k.items))
	for j := range in {
		in[j] = unset
	}
	work := []int{0}
	flow := func(j int, o Origin) {
		switch {
		case j >= len(in) || o == unset || in[j] == o || in[j] == Unknown:
			return
		case in[j] != unset:
			o = Unknown
		}
		in[j] = o
		work = append(work, j)
	}
	in[0] = k.initial(v)
	for len(work) > 0 {
		j := work[len(work)-1]
		work = work[:len(work)-1]
		it, o := k.items[j], in[j]
		switch {
		case it.defs.has(i):
			o = k.assignedOrigin(it, v, j)
		case it.uses.has(i) && k.setsInside(it, v):
			o = Unknown
		}
		for _, next := range k.successors(j) {
			flow(next, o)
		}
	}
	k.origins[v] = in
	return in
}

// initial returns the origin of what a variable holds when the function begins.
func (k *keeper) initial(v *types.Var) Origin {
	if k.result[v] {
		return k.zero(v.Type())
	}
	return Unknown
}

// zero returns the origin of a variable that nothing was assigned to. Parts of a
// struct or array may have been.
func (k *keeper) zero(t types.Type) Origin {
	switch t.Underlying().(type) {
	case *types.Struct, *types.Array:
		return Unknown
	}
	return Zero
}

// assignedOrigin returns the origin of what an item sets v to.
func (k *keeper) assignedOrigin(it *item, v *types.Var, at int) Origin {
	if d, ok := it.stmt.(*ast.DeclStmt); ok && it.kind == rawItem {
		for _, spec := range d.Decl.(*ast.GenDecl).Specs {
			spec := spec.(*ast.ValueSpec)
			for _, id := range spec.Names {
				if k.info.Defs[id] == v && len(spec.Values) == 0 {
					return k.zero(v.Type())
				}
			}
		}
	}
	e, n := k.assigned(it, v)
	if e == nil {
		return Unknown
	}
	return k.originOf(e, n, at)
}

// assigned returns the expression that an item sets v to, and the number of the
// result if that is a call with several; nil if there is none or it is a call that
// may suspend.
func (k *keeper) assigned(it *item, v *types.Var) (ast.Expr, int) {
	if it.kind != rawItem {
		return nil, 0
	}
	pick := func(n int, lhs int, rhs []ast.Expr) (ast.Expr, int) {
		switch {
		case len(rhs) == lhs:
			return rhs[n], 0
		case len(rhs) == 1:
			return rhs[0], n
		}
		return nil, 0
	}
	switch s := it.stmt.(type) {
	case *ast.AssignStmt:
		for n, e := range s.Lhs {
			if id, ok := e.(*ast.Ident); ok && k.object(id) == v {
				return pick(n, len(s.Lhs), s.Rhs)
			}
		}
	case *ast.DeclStmt:
		for _, spec := range s.Decl.(*ast.GenDecl).Specs {
			spec := spec.(*ast.ValueSpec)
			for n, id := range spec.Names {
				if k.info.Defs[id] == v {
					return pick(n, len(spec.Names), spec.Values)
				}
			}
		}
	}
	return nil, 0
}

// setsInside reports whether a statement that is more than an assignment sets v
// somewhere in it.
func (k *keeper) setsInside(it *item, v *types.Var) bool {
	if it.kind != rawItem {
		return false
	}
	found := false
	set := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && k.object(id) == v {
			found = true
		}
	}
	ast.Inspect(it.stmt, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				set(e)
			}
		case *ast.RangeStmt:
			set(n.Key)
			set(n.Value)
		}
		return !found
	})
	return found
}

// originOf returns the origin of result n of an expression that is evaluated at an
// item.
func (k *keeper) originOf(e ast.Expr, n, at int) Origin {
	e = k.unconverted(e)
	if k.info.Types[e].IsNil() {
		return Zero
	}
	if v := k.variableOf(e); v != nil {
		return k.origin(v, at)
	}
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return Unknown
	}
	id := typecheck.FuncIdent(call.Fun)
	if id == nil {
		return Unknown
	}
	switch o := k.info.Uses[id].(type) {
	case *types.Builtin:
		if t := k.info.TypeOf(e); isChannel(t) && o.Name() == "make" && k.mod.Savability(t).Saving == typecheck.NamedIf {
			return Made
		}
	case *types.Func:
		if k.mod.Makes(o, n) {
			return Made
		}
	}
	return Unknown
}

// maker returns the call in the source that made what is in v, if that is known.
func (k *keeper) maker(v *types.Var) *ast.CallExpr {
	for range 8 {
		e := k.definition(v)
		if e == nil {
			return nil
		}
		if v = k.variableOf(k.unconverted(e)); v == nil {
			return k.sourceCall(e)
		}
	}
	return nil
}

// sourceCall returns the call in the source that an expression is, without conversions, or nil.
func (k *keeper) sourceCall(e ast.Expr) *ast.CallExpr {
	call, _ := k.desugared.Orig[k.unconverted(e)].(*ast.CallExpr)
	return call
}

func isChannel(t types.Type) bool {
	_, ok := t.Underlying().(*types.Chan)
	return ok
}

// unconverted returns an expression without parentheses and conversions around it.
func (k *keeper) unconverted(e ast.Expr) ast.Expr {
	for {
		e = ast.Unparen(e)
		call, ok := e.(*ast.CallExpr)
		if !ok || len(call.Args) != 1 || !k.info.Types[ast.Unparen(call.Fun)].IsType() {
			return e
		}
		e = call.Args[0]
	}
}

// mayMake reports whether v may hold something that the function has made, by what
// is assigned to it.
func (k *keeper) mayMake(v *types.Var) bool {
	i, ok := k.index[v]
	if !ok {
		return false
	}
	for j, it := range k.items {
		if !it.defs.has(i) {
			continue
		}
		e, n := k.assigned(it, v)
		if e == nil {
			continue
		}
		e = k.unconverted(e)
		if from := k.variableOf(e); from != nil {
			if from.Type() != v.Type() || !k.omits(from) {
				return true
			}
		} else if k.originOf(e, n, j) == Made {
			return true
		}
	}
	return false
}
