package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// Terminates reports whether a statement is a terminating statement, as the specification
// defines it: a function with results may end with it.
func Terminates(info *types.Info, s ast.Stmt) bool { return terminator{info}.terminates(s) }

// terminatesAs is Terminates for a statement with a label.
func (f *fn) terminatesAs(s ast.Stmt, label types.Object) bool {
	return terminator{f.r.info}.terminatesAs(s, label)
}

type terminator struct{ info *types.Info }

func (t terminator) terminates(s ast.Stmt) bool { return t.terminatesAs(s, nil) }

func (t terminator) terminatesAs(s ast.Stmt, label types.Object) bool {
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
		return ok && t.info.Uses[id] == types.Universe.Lookup("panic")
	case *ast.BlockStmt:
		return t.listTerminates(s.List)
	case *ast.IfStmt:
		return s.Else != nil && t.terminates(s.Body) && t.terminates(s.Else)
	case *ast.ForStmt:
		return s.Cond == nil && !t.breaks(s.Body, label)
	case *ast.LabeledStmt:
		return t.terminatesAs(s.Stmt, t.info.Defs[s.Label])
	case *ast.SwitchStmt:
		return t.clausesTerminate(s.Body, label)
	case *ast.TypeSwitchStmt:
		return t.clausesTerminate(s.Body, label)
	case *ast.SelectStmt:
		for _, c := range s.Body.List {
			if !t.listTerminates(c.(*ast.CommClause).Body) {
				return false
			}
		}
		return !t.breaks(s.Body, label)
	}
	return false
}

func (t terminator) listTerminates(list []ast.Stmt) bool {
	for i := len(list) - 1; i >= 0; i-- {
		if _, ok := list[i].(*ast.EmptyStmt); !ok {
			return t.terminates(list[i])
		}
	}
	return false
}

func (t terminator) clausesTerminate(b *ast.BlockStmt, label types.Object) bool {
	hasDefault := false
	for _, c := range b.List {
		c := c.(*ast.CaseClause)
		hasDefault = hasDefault || c.List == nil
		if !t.listTerminates(c.Body) {
			return false
		}
	}
	return hasDefault && !t.breaks(b, label)
}

// breaks reports whether a break in the body of a statement refers to that: without a
// label, or with the one it has.
func (t terminator) breaks(body *ast.BlockStmt, label types.Object) bool {
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
					found = found || s.Label == nil && near || s.Label != nil && t.info.Uses[s.Label] == label
				}
			}
			return !found
		})
	}
	walk(body, true)
	return found
}
