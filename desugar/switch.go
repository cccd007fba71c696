package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// switchStmt emits a switch. If a case expression suspends, the clause is chosen
// first, expression by expression:
//
//	switch tag { case a, f(): body; default: other }
//
//	t_1 := tag
//	t_2 := 0
//	sel_1: switch {
//	default:
//		if t_1 == a { t_2 = 1; break sel_1 }
//		t_3 := f()
//		if t_1 == t_3 { t_2 = 1; break sel_1 }
//	}
//	switch t_2 { case 1: body; default: other }
func (f *fn) switchStmt(s *ast.SwitchStmt, t *target) {
	spine := f.suspends(s)
	f.initialized(s.Init, spine, s, func(init ast.Stmt) {
		if spine {
			f.refuseFallthrough(s)
		}
		for _, c := range s.Body.List {
			if f.anySuspends(c.(*ast.CaseClause).List) {
				f.chosenSwitch(s, t)
				return
			}
		}
		n := &ast.SwitchStmt{Init: init, Tag: f.typ(s.Tag)}
		t = f.enter(t, false)
		n.Body = copied(f, &ast.BlockStmt{}, s.Body)
		for _, c := range s.Body.List {
			c := c.(*ast.CaseClause)
			nc := &ast.CaseClause{List: f.exprs(c.List), Body: f.stmts(c.Body)}
			n.Body.List = append(n.Body.List, copied(f, nc, c))
		}
		f.leave()
		f.emitLabelled(t, n, s)
	})
}

func (f *fn) refuseFallthrough(s *ast.SwitchStmt) {
	for _, c := range s.Body.List {
		body := c.(*ast.CaseClause).Body
		if len(body) == 0 {
			continue
		}
		if b, ok := body[len(body)-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
			f.r.refuse(b.Pos(), "call a function from both clauses",
				"fallthrough in a switch that may suspend is not supported")
		}
	}
}

func (f *fn) chosenSwitch(s *ast.SwitchStmt, t *target) {
	tag := ""
	if s.Tag != nil {
		tag = f.fresh("t")
		f.emit(define(tag, f.typed(f.expr(s.Tag, false), s.Tag)), s.Tag)
	}
	chosen, sel := f.fresh("t"), f.fresh("sel")
	f.emit(define(chosen, intLit(0)), s)
	n := &ast.SwitchStmt{Tag: ident(chosen), Body: copied(f, &ast.BlockStmt{}, s.Body)}
	choose := f.collect(func() {
		for i, c := range s.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				cond := f.expr(e, false)
				if tag != "" {
					cond = &ast.BinaryExpr{X: ident(tag), Op: token.EQL, Y: operand(cond)}
				}
				f.emit(&ast.IfStmt{Cond: cond, Body: block([]ast.Stmt{
					set1(ident(chosen), intLit(int64(i+1))), breakTo(sel),
				})}, e)
			}
		}
	})
	f.emit(wrapBody(sel, choose), s)
	t = f.enter(t, false)
	for i, c := range s.Body.List {
		c := c.(*ast.CaseClause)
		nc := &ast.CaseClause{Body: f.stmts(c.Body)}
		if c.List != nil {
			nc.List = []ast.Expr{intLit(int64(i + 1))}
		}
		n.Body.List = append(n.Body.List, copied(f, nc, c))
	}
	f.leave()
	f.emitLabelled(t, n, s)
}

// operand puts parentheses around an expression that is to be compared.
func operand(e ast.Expr) ast.Expr {
	if _, ok := e.(*ast.BinaryExpr); ok {
		return &ast.ParenExpr{X: e}
	}
	return e
}

func (f *fn) typeSwitch(s *ast.TypeSwitchStmt, t *target) {
	spine := f.suspends(s)
	f.initialized(s.Init, spine, s, func(init ast.Stmt) {
		var subject ast.Expr
		var sym *ast.Ident
		switch a := s.Assign.(type) {
		case *ast.AssignStmt:
			sym = a.Lhs[0].(*ast.Ident)
			subject = a.Rhs[0].(*ast.TypeAssertExpr).X
		case *ast.ExprStmt:
			subject = ast.Unparen(a.X).(*ast.TypeAssertExpr).X
		}
		x := f.expr(subject, false)
		if spine {
			x = f.makeSimple(x, subject)
		}
		assert := &ast.TypeAssertExpr{X: postfix(x)}
		binds := f.clauseBinds(s)
		n := &ast.TypeSwitchStmt{Init: init}
		if sym != nil {
			name := ""
			if binds != nil {
				name = f.fresh("t")
			} else {
				name = f.clauseName(s, sym)
			}
			n.Assign = set([]ast.Expr{copied(f, ident(name), sym)}, token.DEFINE, assert)
			for obj := range binds {
				binds[obj] = name
			}
		} else {
			n.Assign = &ast.ExprStmt{X: assert}
		}
		copied(f, n.Assign, s.Assign)
		t = f.enter(t, false)
		n.Body = copied(f, &ast.BlockStmt{}, s.Body)
		for _, c := range s.Body.List {
			n.Body.List = append(n.Body.List, f.typeClause(c.(*ast.CaseClause), binds))
		}
		f.leave()
		f.emitLabelled(t, n, s)
	})
}

// clauseBinds returns the variables of a type switch, if one of them is boxed:
// then each clause declares its own, under a name of its own.
func (f *fn) clauseBinds(s *ast.TypeSwitchStmt) map[types.Object]string {
	binds := make(map[types.Object]string)
	boxed := false
	for _, c := range s.Body.List {
		if obj := f.r.info.Implicits[c]; obj != nil {
			binds[obj] = ""
			boxed = boxed || f.boxed[obj]
		}
	}
	if !boxed {
		return nil
	}
	return binds
}

func (f *fn) clauseName(s *ast.TypeSwitchStmt, sym *ast.Ident) string {
	for _, c := range s.Body.List {
		if obj := f.r.info.Implicits[c]; obj != nil {
			return f.nameOf(obj, sym.Name)
		}
	}
	return sym.Name
}

func (f *fn) typeClause(c *ast.CaseClause, binds map[types.Object]string) *ast.CaseClause {
	nc := &ast.CaseClause{List: f.exprs(c.List)}
	nc.Body = f.collect(func() {
		obj := f.r.info.Implicits[c]
		if in, ok := binds[obj]; ok && obj != nil && f.usedIn(obj, c) {
			name := f.derived(f.names[obj], "")
			f.names[obj] = name
			def := ident(name)
			v := ast.Expr(ident(in))
			if f.boxed[obj] {
				f.r.boxedIdents = append(f.r.boxedIdents, def)
				v = f.box(nil, v)
			}
			f.emit(set([]ast.Expr{def}, token.DEFINE, v), c)
		}
		for _, s := range c.Body {
			f.stmt(s)
		}
	})
	return copied(f, nc, c)
}

func (f *fn) usedIn(obj types.Object, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && f.r.info.Uses[id] == obj {
			found = true
		}
		return !found
	})
	return found
}

func (f *fn) selectStmt(s *ast.SelectStmt, t *target) {
	if f.suspends(s) {
		f.r.refuse(s.Pos(), "let the clauses only set variables, and act on these after the select",
			"a select with a call that may suspend is not supported")
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
		name := f.fresh("t")
		lhs = append(lhs, ident(name))
		binds = append(binds, func() { f.boxDef(id, f.box(nil, ident(name))) })
	}
	return copied(f, set(lhs, token.DEFINE, f.exprs(a.Rhs)...), s), binds
}
