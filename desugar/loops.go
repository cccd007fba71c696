package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// forStmt emits a three-clause loop. One whose cond, post or body suspends, or
// one with boxed variables, loses its init statement; if the variables are boxed,
// each iteration makes a new box:
//
//	for i := 0; i < n; i++ { body }
//
//	t_1 := coroc.Box(0)               // the variable of the next iteration
//	for *t_1 < n {
//		i := t_1
//		cont_1: switch { default: body }  // only if the body continues
//		t_1 = coroc.Box(*i)
//		*t_1++
//	}
func (f *fn) forStmt(s *ast.ForStmt, t *target) {
	spine := f.suspends(s)
	boxed := f.boxedLoopVars(s)
	fresh := len(boxed) > 0 && f.file.perIter
	if !spine && len(boxed) == 0 {
		n := &ast.ForStmt{}
		if s.Init != nil {
			n.Init = f.single(s.Init)
		}
		n.Cond = f.typ(s.Cond)
		if s.Post != nil {
			n.Post = f.single(s.Post)
		}
		t = f.enter(t, true)
		n.Body = f.block(s.Body)
		f.leave()
		f.emitLabelled(t, n, s)
		return
	}
	if s.Init == nil {
		f.loweredFor(s, t, nil)
		return
	}
	f.scoped(s, func() {
		if !fresh {
			f.stmt(s.Init)
			f.loweredFor(s, t, nil)
			return
		}
		hidden := make(map[types.Object]string)
		for _, v := range boxed {
			hidden[v] = f.fresh("t")
		}
		f.renamed(hidden, func() { f.stmt(s.Init) })
		f.loweredFor(s, t, &iteration{vars: boxed, hidden: hidden})
	})
}

// An iteration describes the boxed variables of a loop: each iteration takes its
// own from the hidden variable of the same place.
type iteration struct {
	vars   []*types.Var
	hidden map[types.Object]string
}

// single copies a simple statement that needs no other one.
func (f *fn) single(s ast.Stmt) ast.Stmt {
	list := f.collect(func() { f.stmt(s) })
	if len(list) != 1 {
		f.r.errorf(s.Pos(), "internal error: a simple statement became several")
		return &ast.EmptyStmt{}
	}
	return list[0]
}

// renamed calls do while variables have other names.
func (f *fn) renamed(names map[types.Object]string, do func()) {
	saved := make(map[types.Object]string)
	for obj, name := range names {
		saved[obj] = f.names[obj]
		f.names[obj] = name
	}
	do()
	for obj, name := range saved {
		f.names[obj] = name
	}
}

func (f *fn) boxedLoopVars(s *ast.ForStmt) []*types.Var {
	init, ok := s.Init.(*ast.AssignStmt)
	if !ok || init.Tok != token.DEFINE {
		return nil
	}
	var vars []*types.Var
	for _, e := range init.Lhs {
		if v, ok := f.r.info.Defs[e.(*ast.Ident)].(*types.Var); ok && f.boxed[v] {
			vars = append(vars, v)
		}
	}
	return vars
}

func (f *fn) loweredFor(s *ast.ForStmt, t *target, it *iteration) {
	t = f.enter(t, true)
	defer f.leave()
	n := &ast.ForStmt{}
	// The condition and the post statement see the variables of the iteration.
	// Unless they let go of their addresses, the hidden ones will do.
	condInside := s.Cond != nil && (f.suspends(s.Cond) || it != nil && f.letsGo(s.Cond, it.vars))
	postInside := s.Post != nil && (it != nil || f.suspends(s.Post))
	if it != nil {
		postInside = true
	}
	if s.Cond != nil && !condInside {
		f.renamed(it.names(), func() { n.Cond = f.expr(s.Cond, false) })
	}
	if postInside && continues(s.Body, t, f.r.info) {
		t.cont, t.wrapped = f.fresh("cont"), true
	}
	n.Body = block(f.collect(func() {
		if it != nil {
			for _, v := range it.vars {
				def := ident(f.names[v])
				f.r.boxedIdents = append(f.r.boxedIdents, def)
				f.emit(set([]ast.Expr{def}, token.DEFINE, ident(it.hidden[v])), s.Init)
			}
		}
		if condInside {
			f.exitUnless(s.Cond)
		}
		body := f.stmts(s.Body.List)
		if t.cont != "" {
			f.emit(wrapBody(t.cont, body), s.Body)
		} else {
			for _, b := range body {
				f.emit(b, nil)
			}
		}
		if it != nil {
			for _, v := range it.vars {
				f.emit(set1(ident(it.hidden[v]), f.box(nil, &ast.StarExpr{X: ident(f.names[v])})), s.Init)
			}
		}
		if s.Post != nil && postInside {
			f.post(s.Post, it)
		}
	}))
	copied(f, n.Body, s.Body)
	if s.Post != nil && !postInside {
		n.Post = f.single(s.Post)
	}
	f.emitLabelled(t, n, s)
}

// names returns the hidden names of the variables.
func (it *iteration) names() map[types.Object]string {
	if it == nil {
		return nil
	}
	return it.hidden
}

// post emits the post statement at the end of the body.
func (f *fn) post(s ast.Stmt, it *iteration) {
	names := it.names()
	if it != nil && f.letsGo(s, it.vars) {
		// A literal that captures the variable must not capture the hidden one,
		// which changes.
		names = make(map[types.Object]string)
		for _, v := range it.vars {
			name := f.fresh("t")
			def := ident(name)
			f.r.boxedIdents = append(f.r.boxedIdents, def)
			f.emit(set([]ast.Expr{def}, token.DEFINE, ident(it.hidden[v])), s)
			f.emit(set1(ident("_"), ident(name)), s)
			names[v] = name
		}
	}
	f.renamed(names, func() { f.stmt(s) })
}

// letsGo reports whether n captures one of the variables in a literal.
func (f *fn) letsGo(n ast.Node, vars []*types.Var) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if lit, ok := n.(*ast.FuncLit); ok {
			ast.Inspect(lit, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					for _, v := range vars {
						found = found || f.r.info.Uses[id] == v
					}
				}
				return !found
			})
		}
		return !found
	})
	return found
}

// exitUnless emits a break out of the loop for when a condition does not hold.
func (f *fn) exitUnless(cond ast.Expr) {
	c := f.expr(cond, false)
	f.emit(&ast.IfStmt{Cond: not(c), Body: block([]ast.Stmt{breakTo("")})}, cond)
}

// wrapBody puts a loop's body into a switch, for continue to break out of.
func wrapBody(label string, body []ast.Stmt) ast.Stmt {
	return labelled(label, &ast.SwitchStmt{Body: block([]ast.Stmt{&ast.CaseClause{Body: body}})})
}

// continues reports whether a body has a continue statement for the loop.
func continues(body *ast.BlockStmt, t *target, info *types.Info) bool {
	found := false
	var visit func(n ast.Node, inner bool)
	visit = func(n ast.Node, inner bool) {
		ast.Inspect(n, func(m ast.Node) bool {
			switch m := m.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ForStmt:
				if m != n {
					visit(m, true)
					return false
				}
			case *ast.RangeStmt:
				if m != n {
					visit(m, true)
					return false
				}
			case *ast.BranchStmt:
				if m.Tok != token.CONTINUE {
					break
				}
				if m.Label == nil {
					found = found || !inner
				} else if t.label != nil && info.Uses[m.Label] == t.label {
					found = true
				}
			}
			return true
		})
	}
	visit(body, false)
	return found
}
