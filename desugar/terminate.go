package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// terminates reports whether a statement of the source is a terminating statement, as
// the specification defines it: a function with results may end with it.
func (f *fn) terminates(s ast.Stmt) bool { return f.terminatesAs(s, nil) }

// terminatesAs is terminates for a statement with a label.
func (f *fn) terminatesAs(s ast.Stmt, label types.Object) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.GOTO || s.Tok == token.FALLTHROUGH
	case *ast.ExprStmt:
		c, ok := ast.Unparen(s.X).(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := ast.Unparen(c.Fun).(*ast.Ident)
		return ok && f.r.info.Uses[id] == types.Universe.Lookup("panic")
	case *ast.BlockStmt:
		return f.listTerminates(s.List)
	case *ast.IfStmt:
		return s.Else != nil && f.terminates(s.Body) && f.terminates(s.Else)
	case *ast.ForStmt:
		return s.Cond == nil && !f.breaks(s.Body, label)
	case *ast.LabeledStmt:
		return f.terminatesAs(s.Stmt, f.r.info.Defs[s.Label])
	case *ast.SwitchStmt:
		return f.clausesTerminate(s.Body, label)
	case *ast.TypeSwitchStmt:
		return f.clausesTerminate(s.Body, label)
	case *ast.SelectStmt:
		for _, c := range s.Body.List {
			if !f.listTerminates(c.(*ast.CommClause).Body) {
				return false
			}
		}
		return !f.breaks(s.Body, label)
	}
	return false
}

func (f *fn) listTerminates(list []ast.Stmt) bool {
	for i := len(list) - 1; i >= 0; i-- {
		if _, ok := list[i].(*ast.EmptyStmt); !ok {
			return f.terminates(list[i])
		}
	}
	return false
}

func (f *fn) clausesTerminate(b *ast.BlockStmt, label types.Object) bool {
	hasDefault := false
	for _, c := range b.List {
		c := c.(*ast.CaseClause)
		hasDefault = hasDefault || c.List == nil
		if !f.listTerminates(c.Body) {
			return false
		}
	}
	return hasDefault && !f.breaks(b, label)
}

// breaks reports whether a break in the body of a statement refers to that: without a
// label, or with the one it has.
func (f *fn) breaks(body *ast.BlockStmt, label types.Object) bool {
	found := false
	var walk func(n ast.Node, near bool)
	walk = func(n ast.Node, near bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch s := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
				if m != n {
					walk(m, false)
					return false
				}
			case *ast.BranchStmt:
				if s.Tok == token.BREAK {
					found = found || s.Label == nil && near || s.Label != nil && f.r.info.Uses[s.Label] == label
				}
			}
			return !found
		})
	}
	walk(body, true)
	return found
}
