package codegen

import (
	"go/ast"
	"go/types"
)

// maxOrigin bounds how far values are followed from variable to variable.
const maxOrigin = 8

// An Origin says where a value comes from.
type Origin int

// The origins.
const (
	Unknown Origin = iota
	Made           // the function has certainly made it: it is not nil, and nobody else knows it
	Zero           // nothing has been assigned to the variable but nil
)

// origin returns where what v holds at an item comes from: each assignment that
// reaches the item must agree.
func (k *keeper) origin(v *types.Var, at, depth int) Origin {
	i, ok := k.index[v]
	if !ok || at < 0 || k.desugared.Boxed[v] || depth > maxOrigin {
		return Unknown // a box may have been set by others
	}
	k.findPreds()
	agreed := Unknown
	agree := func(o Origin) bool {
		if agreed == Unknown {
			agreed = o
		}
		return o != Unknown && o == agreed
	}
	seen := map[int]bool{}
	work := []int{at}
	for first := true; len(work) > 0; first = false {
		j := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[j] {
			continue
		}
		if !first {
			seen[j] = true
			it := k.items[j]
			if it.defs.has(i) {
				if !agree(k.assignedOrigin(it, v, j, depth)) {
					return Unknown
				}
				continue
			}
			if k.setsInside(it, v) {
				return Unknown
			}
		}
		if j == 0 && !agree(k.initial(v)) {
			return Unknown
		}
		work = append(work, k.preds[j]...)
	}
	return agreed
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

func (k *keeper) assignedOrigin(it *item, v *types.Var, at, depth int) Origin {
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
	return k.originOf(e, n, at, depth)
}

func (k *keeper) findPreds() {
	if k.preds != nil {
		return
	}
	k.preds = make([][]int, len(k.items)+1)
	for i := range k.items {
		for _, j := range k.successors(i) {
			k.preds[j] = append(k.preds[j], i)
		}
	}
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
func (k *keeper) originOf(e ast.Expr, n, at, depth int) Origin {
	e = ast.Unparen(e)
	if k.info.Types[e].IsNil() {
		return Zero
	}
	if v := k.variableOf(e); v != nil {
		return k.origin(v, at, depth+1)
	}
	call, ok := e.(*ast.CallExpr)
	if !ok || n != 0 {
		return Unknown
	}
	fun := ast.Unparen(call.Fun)
	if tv := k.info.Types[fun]; tv.IsType() {
		if len(call.Args) != 1 {
			return Unknown
		}
		return k.originOf(call.Args[0], 0, at, depth+1)
	}
	id := funcIdent(fun)
	if id == nil {
		return Unknown
	}
	switch o := k.info.Uses[id].(type) {
	case *types.Builtin:
		if _, isChan := k.info.TypeOf(e).Underlying().(*types.Chan); isChan && o.Name() == "make" {
			return Made
		}
	case *types.Func:
		if k.mod.Makes(o) {
			return Made
		}
	}
	return Unknown
}
