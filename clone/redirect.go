package clone

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// redirectCall makes a call in a source of the user lead to a clone.
func redirectCall(mod *typecheck.Module, info *types.Info, call *ast.CallExpr, u *unit) {
	was := *call
	mod.Replaced(call, &was)
	sel, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if sel == nil || info.Selections[sel] == nil {
		call.Fun = renamed(call.Fun, u.name)
		return
	}
	op, path, ok := receiverOperand(info.Selections[sel])
	if !ok {
		return
	}
	x := operand(mod, sel.X, op, path)
	call.Fun = &ast.Ident{NamePos: sel.X.Pos(), Name: u.name}
	call.Args = append([]ast.Expr{x}, call.Args...)
}

// renamed returns the name of a function, or of an instance, with another name
// for the function.
func renamed(fun ast.Expr, name string) ast.Expr {
	switch x := ast.Unparen(fun).(type) {
	case *ast.IndexExpr:
		n := *x
		n.X = renamed(x.X, name)
		return &n
	case *ast.IndexListExpr:
		n := *x
		n.X = renamed(x.X, name)
		return &n
	}
	return &ast.Ident{NamePos: fun.Pos(), Name: name}
}

// receiverOperand returns how the receiver of a method that is called through a
// selection is written as an argument: the operator before the operand, and the
// embedded fields behind it.
func receiverOperand(s *types.Selection) (op, path string, ok bool) {
	if s == nil || s.Kind() != types.MethodVal {
		return "", "", false
	}
	t := s.Recv()
	index := s.Index()
	for _, i := range index[:len(index)-1] {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok {
			return "", "", false
		}
		path += "." + st.Field(i).Name()
		t = st.Field(i).Type()
	}
	_, isPointer := types.Unalias(t).(*types.Pointer)
	_, wantsPointer := types.Unalias(s.Obj().(*types.Func).Signature().Recv().Type()).(*types.Pointer)
	switch {
	case wantsPointer && !isPointer:
		op = "&"
	case !wantsPointer && isPointer:
		op = "*"
	}
	return op, path, true
}

// operand returns an operand with what receiverOperand says.
func operand(mod *typecheck.Module, x ast.Expr, op, path string) ast.Expr {
	pos, was := x.Pos(), x
	for len(path) > 0 {
		name := path[1:]
		for i := range name {
			if name[i] == '.' {
				name = name[:i]
				break
			}
		}
		path = path[1+len(name):]
		x = &ast.SelectorExpr{X: x, Sel: &ast.Ident{NamePos: pos, Name: name}}
		mod.Replaced(x, was)
	}
	switch op {
	case "&":
		x = &ast.UnaryExpr{OpPos: pos, Op: token.AND, X: x}
		mod.Replaced(x, was)
	case "*":
		x = &ast.StarExpr{Star: pos, X: x}
		mod.Replaced(x, was)
	}
	return x
}
