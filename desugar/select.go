package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

func (f *fn) selectStmt(s *ast.SelectStmt, t *target) {
	if f.suspends(s) {
		f.spineSelect(s, t)
		return
	}
	n := &ast.SelectStmt{Body: copied(f, &ast.BlockStmt{}, s.Body)}
	t = f.enter(t, false)
	for _, c := range s.Body.List {
		c := c.(*ast.CommClause)
		nc := &ast.CommClause{}
		var binds []func()
		if c.Comm != nil {
			nc.Comm, binds = f.comm(c.Comm)
		}
		nc.Body = f.collect(func() {
			for _, b := range binds {
				b()
			}
			for _, s := range c.Body {
				f.stmt(s)
			}
		})
		n.Body.List = append(n.Body.List, copied(f, nc, c))
	}
	f.leave()
	f.emitLabelled(t, n, s)
}

// comm copies the communication of a select clause. Boxed variables are defined
// in the clause's body.
func (f *fn) comm(s ast.Stmt) (ast.Stmt, []func()) {
	a, ok := s.(*ast.AssignStmt)
	if !ok || a.Tok != token.DEFINE {
		return f.single(s), nil
	}
	var binds []func()
	var lhs []ast.Expr
	for _, e := range a.Lhs {
		id := e.(*ast.Ident)
		if !f.isBoxed(id) {
			lhs = append(lhs, f.defTarget(id))
			continue
		}
		name := f.freshAt("t", id)
		lhs = append(lhs, ident(name))
		binds = append(binds, func() { f.boxDef(id, f.box(nil, ident(name))) })
	}
	return copied(f, set(lhs, token.DEFINE, f.exprs(a.Rhs)...), s), binds
}

// spineSelect emits a select around a suspension point: the select only chooses,
// and a switch goes on from there.
//
//	select { case v, ok := <-ch: body; case out <- f(): other; default: rest }
//
//	t_1 := ch; t_2 := out; t_3 := f()   // only if one of them suspends
//	t_4 := 0
//	var t_5 T
//	var t_6 bool
//	select { case t_5, t_6 = <-t_1: t_4 = 1; case t_2 <- t_3: t_4 = 2; default: t_4 = 3 }
//	switch t_4 { case 1: v, ok := t_5, t_6; body; case 2: other; default: rest }
func (f *fn) spineSelect(s *ast.SelectStmt, t *target) {
	hoist := false
	for _, c := range s.Body.List {
		for _, e := range commOperands(c.(*ast.CommClause).Comm) {
			hoist = hoist || f.suspends(e)
		}
	}
	operand := func(e ast.Expr) ast.Expr {
		x := f.expr(e, false)
		if hoist && !f.constant(e) {
			return ident(f.temp(x, e))
		}
		return x
	}
	chosen := f.fresh("t")
	sel := &ast.SelectStmt{Body: &ast.BlockStmt{}}
	sw := &ast.SwitchStmt{Tag: ident(chosen), Body: copied(f, &ast.BlockStmt{}, s.Body)}
	binds := make([]func(), len(s.Body.List))
	for i, c := range s.Body.List {
		c := c.(*ast.CommClause)
		nc := &ast.CommClause{Body: []ast.Stmt{set1(ident(chosen), intLit(int64(i+1)))}}
		switch comm := c.Comm.(type) {
		case *ast.SendStmt:
			ch := operand(comm.Chan)
			nc.Comm = copied(f, &ast.SendStmt{Chan: ch, Value: operand(comm.Value)}, comm)
		case *ast.ExprStmt:
			recv := ast.Unparen(comm.X).(*ast.UnaryExpr)
			nc.Comm = copied(f, &ast.ExprStmt{X: copied(f, &ast.UnaryExpr{Op: token.ARROW, X: operand(recv.X)}, recv)}, comm)
		case *ast.AssignStmt:
			nc.Comm, binds[i] = f.spineRecv(comm, operand)
		}
		sel.Body.List = append(sel.Body.List, copied(f, nc, c))
	}
	f.emit(define(chosen, intLit(0)), s)
	f.emit(sel, s)
	t = f.enter(t, false)
	for i, c := range s.Body.List {
		c := c.(*ast.CommClause)
		nc := &ast.CaseClause{List: []ast.Expr{intLit(int64(i + 1))}}
		if i == len(s.Body.List)-1 {
			nc.List = nil // so that Go sees that one of them runs
		}
		nc.Body = f.collect(func() {
			if binds[i] != nil {
				binds[i]()
			}
			for _, s := range c.Body {
				f.stmt(s)
			}
		})
		sw.Body.List = append(sw.Body.List, copied(f, nc, c))
	}
	f.leave()
	f.emitLabelled(t, sw, s)
}

// commOperands returns the expressions that a select evaluates whatever it
// chooses.
func commOperands(s ast.Stmt) []ast.Expr {
	switch s := s.(type) {
	case *ast.SendStmt:
		return []ast.Expr{s.Chan, s.Value}
	case *ast.ExprStmt:
		return []ast.Expr{ast.Unparen(s.X).(*ast.UnaryExpr).X}
	case *ast.AssignStmt:
		return []ast.Expr{ast.Unparen(s.Rhs[0]).(*ast.UnaryExpr).X}
	}
	return nil
}

// spineRecv returns the communication of a clause that receives into variables,
// and what then sets those of the user.
func (f *fn) spineRecv(s *ast.AssignStmt, operand func(ast.Expr) ast.Expr) (ast.Stmt, func()) {
	recv := ast.Unparen(s.Rhs[0]).(*ast.UnaryExpr)
	elem := f.r.info.Types[recv].Type
	if tuple, ok := elem.(*types.Tuple); ok {
		elem = tuple.At(0).Type()
	}
	x := copied(f, &ast.UnaryExpr{Op: token.ARROW, X: operand(recv.X)}, recv)
	var lhs []ast.Expr
	var temps []string
	for i, e := range s.Lhs {
		if isBlank(e) {
			lhs, temps = append(lhs, ident("_")), append(temps, "")
			continue
		}
		typ := ast.Expr(nil)
		if i == 0 {
			typ = f.typeExpr(elem, s)
		} else {
			typ = f.universe("bool")
		}
		name := f.fresh("t")
		f.emit(varDecl([]*ast.Ident{ident(name)}, typ), s)
		lhs, temps = append(lhs, ident(name)), append(temps, name)
	}
	return copied(f, set(lhs, token.ASSIGN, x), s), func() { f.bindRecv(s, temps) }
}

// bindRecv sets the variables of a receive clause from temporaries.
func (f *fn) bindRecv(s *ast.AssignStmt, temps []string) {
	var targets, values []ast.Expr
	for i, e := range s.Lhs {
		if temps[i] == "" {
			continue
		}
		id, ok := e.(*ast.Ident)
		switch {
		case s.Tok == token.DEFINE && ok && f.isBoxed(id):
			f.boxDef(id, f.box(nil, ident(temps[i])))
		case s.Tok == token.DEFINE:
			f.emit(set([]ast.Expr{f.defIdent(id)}, token.DEFINE, ident(temps[i])), s)
		default:
			targets = append(targets, f.expr(e, f.anySuspends(s.Lhs[i+1:])))
			values = append(values, ident(temps[i]))
		}
	}
	if len(targets) > 0 {
		f.emit(set(targets, token.ASSIGN, values...), s)
	}
}
