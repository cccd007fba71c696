package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// gc converts some values to an interface through their address, and then copies
// what has none where it stands: a byte, an array, a struct of several words or a
// pointer that is the value of an expression rather than of a variable.

// assigned copies an expression that is assigned to a value of type to, an
// argument or element for instance.
func (f *fn) assigned(e ast.Expr, to types.Type, flush bool) ast.Expr {
	n := f.expr(e, flush)
	if flush && f.copiedEarly(e, to) {
		return f.early(f.explicitLit(n, e), e, true)
	}
	return n
}

func (f *fn) copiedEarly(e ast.Expr, to types.Type) bool {
	if to == nil || !types.IsInterface(to) || isTypeParam(to) || f.constant(e) {
		return false
	}
	t := f.r.info.Types[e].Type
	if t == nil || types.IsInterface(t) {
		return false
	}
	if _, ok := t.(*types.Tuple); ok {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if !f.r.info.Types[e.Fun].IsType() {
			return false // early anyway
		}
	case *ast.FuncLit, *ast.Ident:
		return false
	}
	return needsAddress(t) && !f.addressable(e)
}

// needsAddress reports whether gc converts a value of type t to an interface
// through its address.
func needsAddress(t types.Type) bool {
	size := gcSizes.Sizeof(t)
	align := gcSizes.Alignof(t)
	switch {
	case size == 2 && align == 2, (size == 4 || size == 8) && align == size && !hasPointers(t):
		return false
	}
	switch t := soleComponent(t).Underlying().(type) {
	case *types.Basic:
		return t.Info()&types.IsString == 0
	case *types.Slice:
		return false
	}
	return true
}

var gcSizes = types.SizesFor("gc", "amd64")

// soleComponent returns the type of the only thing in t, through structs and
// arrays of one.
func soleComponent(t types.Type) types.Type {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		if u.NumFields() == 1 {
			return soleComponent(u.Field(0).Type())
		}
	case *types.Array:
		if u.Len() == 1 {
			return soleComponent(u.Elem())
		}
	}
	return t
}

func hasPointers(t types.Type) bool {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Info()&types.IsString != 0 || u.Kind() == types.UnsafePointer
	case *types.Array:
		return u.Len() > 0 && hasPointers(u.Elem())
	case *types.Struct:
		for i := range u.NumFields() {
			if hasPointers(u.Field(i).Type()) {
				return true
			}
		}
		return false
	}
	return true
}

// addressable reports whether gc can take the address of e's value.
func (f *fn) addressable(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return true
	case *ast.StarExpr:
		return true
	case *ast.SelectorExpr:
		sel := f.r.info.Selections[e]
		if sel == nil {
			return true
		}
		return sel.Kind() == types.FieldVal && (sel.Indirect() || f.addressable(e.X))
	case *ast.IndexExpr:
		switch t := coreType(f.r.info.Types[e.X].Type).(type) {
		case *types.Slice, *types.Pointer:
			return true
		case *types.Array:
			return f.addressable(e.X)
		default:
			_ = t
		}
	}
	return false
}

// paramTypes returns the types that the arguments of a call are assigned to.
func (f *fn) paramTypes(e *ast.CallExpr) func(i int) types.Type {
	none := func(int) types.Type { return nil }
	t := f.r.info.Types[e.Fun].Type
	if t == nil {
		return none
	}
	sig, ok := coreType(t).(*types.Signature)
	if !ok {
		return none
	}
	return func(i int) types.Type {
		last := sig.Params().Len() - 1
		if sig.Variadic() && i >= last {
			p := sig.Params().At(last).Type()
			if s, ok := p.(*types.Slice); ok && e.Ellipsis == token.NoPos {
				return s.Elem()
			}
			return p
		}
		if i > last {
			return nil
		}
		return sig.Params().At(i).Type()
	}
}

// argList copies the arguments of a call.
func (f *fn) argList(e *ast.CallExpr, flush bool) []ast.Expr {
	to := f.paramTypes(e)
	var out []ast.Expr
	for i, a := range e.Args {
		out = append(out, f.assigned(a, to(i), flush || f.anySuspends(e.Args[i+1:])))
	}
	return out
}

// elemType returns the type of an element of a composite literal.
func elemType(t types.Type, i int, key ast.Expr) types.Type {
	switch t := coreType(t).(type) {
	case *types.Slice:
		return t.Elem()
	case *types.Array:
		return t.Elem()
	case *types.Struct:
		if id, ok := key.(*ast.Ident); ok {
			for i := range t.NumFields() {
				if t.Field(i).Name() == id.Name {
					return t.Field(i).Type()
				}
			}
			return nil
		}
		if i < t.NumFields() {
			return t.Field(i).Type()
		}
	}
	return nil
}
