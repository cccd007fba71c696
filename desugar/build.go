package desugar

import (
	"go/ast"
	"go/token"
	"strconv"
)

// Constructors of syntax without positions.

func ident(name string) *ast.Ident { return &ast.Ident{Name: name} }

func intLit(n int64) ast.Expr {
	return &ast.BasicLit{Kind: token.INT, Value: strconv.FormatInt(n, 10)}
}

func callOf(fun ast.Expr, args ...ast.Expr) *ast.CallExpr {
	return &ast.CallExpr{Fun: postfix(fun), Args: args}
}

func index(x ast.Expr, list []ast.Expr) ast.Expr {
	if len(list) == 1 {
		return &ast.IndexExpr{X: postfix(x), Index: list[0]}
	}
	return &ast.IndexListExpr{X: postfix(x), Indices: list}
}

func selector(x ast.Expr, name string) *ast.SelectorExpr {
	return &ast.SelectorExpr{X: postfix(x), Sel: ident(name)}
}

// postfix puts parentheses around an expression that something is to follow
// directly, if it needs them.
func postfix(e ast.Expr) ast.Expr {
	switch e := e.(type) {
	case *ast.StarExpr, *ast.UnaryExpr, *ast.BinaryExpr, *ast.FuncType, *ast.ChanType:
		return &ast.ParenExpr{X: e}
	}
	return e
}

func set(lhs []ast.Expr, tok token.Token, rhs ...ast.Expr) *ast.AssignStmt {
	return &ast.AssignStmt{Lhs: lhs, Tok: tok, Rhs: rhs}
}

func set1(lhs ast.Expr, rhs ast.Expr) *ast.AssignStmt {
	return set([]ast.Expr{lhs}, token.ASSIGN, rhs)
}

func define(name string, rhs ast.Expr) *ast.AssignStmt {
	return set([]ast.Expr{ident(name)}, token.DEFINE, rhs)
}

func block(list []ast.Stmt) *ast.BlockStmt { return &ast.BlockStmt{List: list} }

func not(e ast.Expr) ast.Expr {
	switch e.(type) {
	case *ast.BinaryExpr:
		e = &ast.ParenExpr{X: e}
	}
	return &ast.UnaryExpr{Op: token.NOT, X: e}
}

func breakTo(label string) ast.Stmt {
	b := &ast.BranchStmt{Tok: token.BREAK}
	if label != "" {
		b.Label = ident(label)
	}
	return b
}

func labelled(label string, s ast.Stmt) ast.Stmt {
	if label == "" {
		return s
	}
	return &ast.LabeledStmt{Label: ident(label), Stmt: s}
}

func varDecl(names []*ast.Ident, typ ast.Expr, values ...ast.Expr) *ast.DeclStmt {
	return &ast.DeclStmt{Decl: &ast.GenDecl{Tok: token.VAR, Specs: []ast.Spec{
		&ast.ValueSpec{Names: names, Type: typ, Values: values},
	}}}
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}
