package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// box returns a call that makes a new variable of type typ, or of the type of v,
// that holds v.
func (f *fn) box(typ ast.Expr, v ast.Expr) ast.Expr {
	fun := f.runtimeName("Box")
	if typ != nil {
		fun = &ast.IndexExpr{X: fun, Index: typ}
	}
	return callOf(fun, v)
}

// boxDef emits the definition of a boxed variable of the source.
func (f *fn) boxDef(id *ast.Ident, v ast.Expr) {
	def := f.defIdent(id)
	f.r.boxedIdents = append(f.r.boxedIdents, def)
	f.emit(set([]ast.Expr{def}, token.DEFINE, v), id)
}

// boxValue boxes the value of an expression of the source for a variable that is
// defined by it.
func (f *fn) boxValue(n ast.Expr, old ast.Expr) ast.Expr {
	if old != nil && f.r.info.Types[old].Value == nil && f.untyped(old) {
		return f.box(f.typeExpr(types.Default(f.r.info.Types[old].Type), old), n)
	}
	return f.box(nil, n)
}

// plainTarget reports whether the result of a suspending call can be assigned to
// e directly.
func (f *fn) plainTarget(e ast.Expr) bool {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return false
	}
	if id.Name == "_" {
		return true
	}
	obj := f.objectOf(id)
	return f.isLocal(obj) && !f.boxed[obj]
}

func (f *fn) allPlain(list []ast.Expr) bool {
	for _, e := range list {
		if !f.plainTarget(e) {
			return false
		}
	}
	return true
}

func (f *fn) assign(s *ast.AssignStmt) {
	switch s.Tok {
	case token.DEFINE:
		f.define(s)
	case token.ASSIGN:
		f.assignTo(s.Lhs, s.Rhs, s)
	default:
		lhs := f.expr(s.Lhs[0], f.suspends(s.Rhs[0]))
		rhs := f.expr(s.Rhs[0], false)
		f.emit(set([]ast.Expr{lhs}, s.Tok, rhs), s)
	}
}

// assignTo emits the assignment of expressions of the source to others.
func (f *fn) assignTo(lhs, rhs []ast.Expr, old ast.Node) {
	if len(rhs) == 1 {
		if c := f.site(rhs[0]); c != nil {
			f.assignSite(lhs, c, old)
			return
		}
	}
	nl := f.exprsBefore(lhs, f.anySuspends(rhs))
	f.emit(set(nl, token.ASSIGN, f.exprs(rhs)...), old)
}

// assignSite emits the assignment of the results of a suspending call.
func (f *fn) assignSite(lhs []ast.Expr, c *ast.CallExpr, old ast.Node) {
	nl := f.exprsBefore(lhs, true)
	call := f.siteCall(c)
	if f.allPlain(lhs) {
		f.emit(set(nl, token.ASSIGN, call), old)
		return
	}
	var temps, targets, uses []ast.Expr
	for i, e := range nl {
		if isBlank(e) {
			temps = append(temps, e)
			continue
		}
		name := f.freshAt("t", lhs[i])
		temps = append(temps, ident(name))
		targets = append(targets, e)
		uses = append(uses, ident(name))
	}
	f.emit(set(temps, token.DEFINE, call), c)
	f.emit(set(targets, token.ASSIGN, uses...), old)
}

// define emits what a := statement says.
func (f *fn) define(s *ast.AssignStmt) {
	boxed := false
	for _, e := range s.Lhs {
		boxed = boxed || f.isBoxed(e)
	}
	var site *ast.CallExpr
	if len(s.Rhs) == 1 {
		site = f.site(s.Rhs[0])
	}
	if !boxed {
		var rhs []ast.Expr
		if site != nil {
			rhs = []ast.Expr{f.siteCall(site)}
		} else {
			rhs = f.exprs(s.Rhs)
		}
		f.emit(set(f.defTargets(s.Lhs), token.DEFINE, rhs...), s)
		return
	}
	if len(s.Lhs) == 1 {
		v := f.expr(s.Rhs[0], false)
		f.boxDef(s.Lhs[0].(*ast.Ident), f.boxValue(v, s.Rhs[0]))
		return
	}
	// Boxed variables take their values from temporaries.
	var rhs []ast.Expr
	if site != nil {
		rhs = []ast.Expr{f.siteCall(site)}
	} else {
		rhs = f.exprs(s.Rhs)
	}
	var lhs, values []ast.Expr
	var bind []func()
	defines := false
	for i, e := range s.Lhs {
		id := e.(*ast.Ident)
		if !f.isBoxed(e) {
			lhs = append(lhs, f.defTarget(id))
			defines = defines || id.Name != "_" && f.r.info.Defs[id] != nil
			if len(rhs) == len(s.Lhs) {
				values = append(values, rhs[i])
			}
			continue
		}
		isNew := f.r.info.Defs[id] != nil
		if len(rhs) == len(s.Lhs) && f.constant(s.Rhs[i]) {
			// Needs no temporary; nil could not have one.
			v := rhs[i]
			if isNew {
				bind = append(bind, func() { f.boxDef(id, f.box(nil, v)) })
			} else {
				bind = append(bind, func() { f.emit(set1(f.use(id), v), s) })
			}
			continue
		}
		name := f.freshAt("t", id)
		lhs = append(lhs, ident(name))
		defines = true
		if len(rhs) == len(s.Lhs) {
			values = append(values, f.typed(rhs[i], s.Rhs[i]))
		}
		if isNew {
			bind = append(bind, func() { f.boxDef(id, f.box(nil, ident(name))) })
		} else {
			bind = append(bind, func() { f.emit(set1(f.use(id), ident(name)), s) })
		}
	}
	if len(rhs) != len(s.Lhs) {
		values = rhs
	}
	tok := token.ASSIGN
	if defines {
		tok = token.DEFINE
	}
	if len(lhs) > 0 {
		f.emit(set(lhs, tok, values...), s)
	}
	for _, b := range bind {
		b()
	}
}

func (f *fn) isBoxed(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name != "_" && f.boxed[f.objectOf(id)]
}

func (f *fn) defTargets(list []ast.Expr) []ast.Expr {
	var out []ast.Expr
	for _, e := range list {
		out = append(out, f.defTarget(e.(*ast.Ident)))
	}
	return out
}

// defTarget copies an identifier on the left of a := statement, which may define
// it or not.
func (f *fn) defTarget(id *ast.Ident) ast.Expr {
	return copied(f, ident(f.nameOf(f.objectOf(id), id.Name)), id)
}

// localDecl emits a declaration in a function.
func (f *fn) localDecl(s *ast.DeclStmt) {
	d, ok := s.Decl.(*ast.GenDecl)
	if !ok {
		return
	}
	switch d.Tok {
	case token.VAR:
		for _, spec := range d.Specs {
			f.varSpec(spec.(*ast.ValueSpec))
		}
	case token.CONST:
		f.constDecl(d, s)
	case token.TYPE:
		f.typeDecl(d, s)
	}
}

func (f *fn) varSpec(s *ast.ValueSpec) {
	boxed := false
	for _, id := range s.Names {
		boxed = boxed || f.isBoxed(id)
	}
	var site *ast.CallExpr
	if len(s.Values) == 1 {
		site = f.site(s.Values[0])
	}
	switch {
	case len(s.Values) == 0:
		f.zeroVars(s)
	case len(s.Values) == 1 && len(s.Names) == 1 && boxed:
		v := f.expr(s.Values[0], false)
		if s.Type != nil {
			v = f.box(f.typ(s.Type), v)
		} else {
			v = f.boxValue(v, s.Values[0])
		}
		f.boxDef(s.Names[0], v)
	case site != nil:
		f.varSite(s, site, boxed)
	default:
		f.vars2(s, f.exprs(s.Values))
	}
}

// zeroVars declares variables without values.
func (f *fn) zeroVars(s *ast.ValueSpec) {
	var plain []*ast.Ident
	for _, id := range s.Names {
		if f.isBoxed(id) {
			f.boxDef(id, f.newBox(f.typ(s.Type)))
		} else {
			plain = append(plain, f.defIdent(id))
		}
	}
	if len(plain) > 0 {
		f.emit(varDecl(plain, f.typ(s.Type)), s)
	}
}

// varSite declares variables that take the results of a suspending call.
func (f *fn) varSite(s *ast.ValueSpec, c *ast.CallExpr, boxed bool) {
	call := f.siteCall(c)
	if s.Type == nil && !boxed {
		tok := token.ASSIGN
		var lhs []ast.Expr
		for _, id := range s.Names {
			if id.Name != "_" {
				tok = token.DEFINE
			}
			lhs = append(lhs, f.defIdent(id))
		}
		f.emit(set(lhs, tok, call), s)
		return
	}
	var lhs []ast.Expr
	var bind []func()
	tok := token.ASSIGN
	for _, id := range s.Names {
		switch {
		case id.Name == "_":
			lhs = append(lhs, ident("_"))
		case f.isBoxed(id):
			name := f.freshAt("t", id)
			if s.Type != nil {
				bind = append(bind, func() { f.boxDef(id, f.box(f.typ(s.Type), ident(name))) })
			} else {
				bind = append(bind, func() { f.boxDef(id, f.box(nil, ident(name))) })
			}
			lhs = append(lhs, ident(name))
			tok = token.DEFINE
		case s.Type == nil:
			lhs = append(lhs, f.defIdent(id))
			tok = token.DEFINE
		case boxed:
			name := f.freshAt("t", id)
			bind = append(bind, func() {
				f.emit(varDecl([]*ast.Ident{f.defIdent(id)}, f.typ(s.Type), ident(name)), s)
			})
			lhs = append(lhs, ident(name))
			tok = token.DEFINE
		default:
			f.emit(varDecl([]*ast.Ident{f.defIdent(id)}, f.typ(s.Type)), s)
			lhs = append(lhs, ident(f.nameOf(f.objectOf(id), id.Name)))
		}
	}
	f.emit(set(lhs, tok, call), s)
	for _, b := range bind {
		b()
	}
}

// vars2 declares variables with values that are ready.
func (f *fn) vars2(s *ast.ValueSpec, values []ast.Expr) {
	var names []*ast.Ident
	var bind []func()
	for _, id := range s.Names {
		if !f.isBoxed(id) {
			names = append(names, f.defIdent(id))
			continue
		}
		name := f.freshAt("t", id)
		names = append(names, ident(name))
		bind = append(bind, func() { f.boxDef(id, f.box(nil, ident(name))) })
	}
	f.emit(varDecl(names, f.typ(s.Type), values...), s)
	for _, b := range bind {
		b()
	}
}
