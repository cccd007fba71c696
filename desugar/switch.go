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
		if f.suspends(s.Body) && fallsThrough(s) {
			f.chosenSwitch(s, t, true)
			return
		}
		for _, c := range s.Body.List {
			if f.anySuspends(c.(*ast.CaseClause).List) {
				f.chosenSwitch(s, t, false)
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

// fallsThrough reports whether a clause ends with fallthrough.
func fallsThrough(s *ast.SwitchStmt) bool {
	for _, c := range s.Body.List {
		if isFallthrough(lastStmt(c)) {
			return true
		}
	}
	return false
}

// isFallthrough reports whether a statement is fallthrough, perhaps labelled.
func isFallthrough(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.LabeledStmt:
		return isFallthrough(s.Stmt)
	case *ast.BranchStmt:
		return s.Tok == token.FALLTHROUGH
	}
	return false
}

func lastStmt(clause ast.Stmt) ast.Stmt {
	body := clause.(*ast.CaseClause).Body
	for i := len(body) - 1; i >= 0; i-- {
		if _, ok := body[i].(*ast.EmptyStmt); !ok {
			return body[i]
		}
	}
	return nil
}

// chosenSwitch emits the choice of a clause, and then the clauses: as a switch,
// or, if one falls through, as ifs, of which that clause makes the next one hold:
//
//	done_1: switch {
//	default:
//		if t_2 == 1 { body; t_2 = 2 }
//		if t_2 == 2 { ... }
//	}
func (f *fn) chosenSwitch(s *ast.SwitchStmt, t *target, falls bool) {
	tag := ""
	if s.Tag != nil {
		tag = f.temp(f.expr(s.Tag, false), s.Tag)
	}
	chosen, sel := f.fresh("t"), f.fresh("sel")
	def := 0
	for i, c := range s.Body.List {
		if c.(*ast.CaseClause).List == nil {
			def = i + 1
		}
	}
	f.emit(define(chosen, intLit(int64(def))), s)
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
	if falls {
		f.ifClauses(s, t, chosen)
		return
	}
	n := &ast.SwitchStmt{Tag: ident(chosen), Body: copied(f, &ast.BlockStmt{}, s.Body)}
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

// ifClauses emits the clauses of a switch that falls through.
func (f *fn) ifClauses(s *ast.SwitchStmt, t *target, chosen string) {
	t = f.enter(t, false)
	body := f.collect(func() {
		for i, c := range s.Body.List {
			c := c.(*ast.CaseClause)
			list := c.Body
			falls := false
			last := lastStmt(c)
			if isFallthrough(last) {
				falls = true
				for list[len(list)-1] != last {
					list = list[:len(list)-1]
				}
				list = list[:len(list)-1]
			}
			nb := f.stmts(list)
			for l, ok := last.(*ast.LabeledStmt); ok && falls; l, ok = l.Stmt.(*ast.LabeledStmt) {
				obj := f.r.info.Defs[l.Label]
				nb = append(nb, labelled(f.nameOf(obj, l.Label.Name), &ast.EmptyStmt{}))
			}
			if falls {
				nb = append(nb, set1(ident(chosen), intLit(int64(i+2))))
			}
			cond := &ast.BinaryExpr{X: ident(chosen), Op: token.EQL, Y: intLit(int64(i + 1))}
			f.emit(&ast.IfStmt{Cond: cond, Body: copied(f, block(nb), ast.Node(c))}, c)
		}
		if f.terminatesAs(s, t.label) {
			// Go must see that the function does not end here.
			f.emit(&ast.ForStmt{Body: &ast.BlockStmt{}}, s)
		}
	})
	f.leave()
	n := &ast.SwitchStmt{Body: block([]ast.Stmt{&ast.CaseClause{Body: body}})}
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
		binds := f.clauseBinds(s, spine)
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

// clauseBinds returns the variables of a type switch, if one of them is boxed, or
// assigned to around a suspension point: then each clause declares its own, under
// a name of its own.
func (f *fn) clauseBinds(s *ast.TypeSwitchStmt, spine bool) map[types.Object]string {
	binds := make(map[types.Object]string)
	apart := false
	for _, c := range s.Body.List {
		obj, ok := f.r.info.Implicits[c].(*types.Var)
		if !ok {
			continue
		}
		binds[obj] = ""
		u := f.vars[obj]
		apart = apart || f.boxed[obj] || spine && u != nil && u.assigned
	}
	if !apart {
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
			if !f.boxed[obj] && !f.readIn(obj, c) {
				f.emit(set1(ident("_"), ident(name)), c)
			}
		}
		for _, s := range c.Body {
			f.stmt(s)
		}
	})
	return copied(f, nc, c)
}

// readIn reports whether a variable is used other than to be assigned to, as Go
// demands of each variable.
func (f *fn) readIn(obj types.Object, n ast.Node) bool {
	target := make(map[ast.Node]bool)
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok == token.ASSIGN || n.Tok == token.DEFINE {
				for _, e := range n.Lhs {
					target[ast.Unparen(e)] = true
				}
			}
		case *ast.Ident:
			found = found || f.r.info.Uses[n] == obj && !target[n]
		}
		return !found
	})
	return found
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
