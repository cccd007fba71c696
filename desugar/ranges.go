package desugar

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/colour"
)

// rangeStmt emits a range loop: as it is, if nothing in its body suspends, else
// as a loop over what the range would have gone through.
func (f *fn) rangeStmt(s *ast.RangeStmt, t *target) {
	if f.suspends(s) {
		if direct := f.directRange(s); direct != nil {
			copied(f, ast.Node(direct), s)
			s = direct
			f.level.direct++
			defer func() { f.level.direct-- }()
		} else if f.r.facts.Ranges[s] != nil {
			f.rangeFunc(s, t)
			return
		}
	}
	lower := f.suspends(s.Body) || f.suspendsIn(s.Key) || f.suspendsIn(s.Value)
	if !lower {
		f.nativeRange(s, t)
		return
	}
	typ := f.r.info.Types[s.X].Type
	core := coreType(typ)
	if core == nil {
		f.r.refuse(s.Pos(), "range over a value of a plain type",
			"a range over a type parameter without a core type is not supported around a suspension point")
		return
	}
	f.scoped(s, func() {
		l := &rangeLoop{fn: f, s: s, t: t}
		l.plan()
		switch c := core.(type) {
		case *types.Basic:
			if c.Info()&types.IsString != 0 {
				l.overString(typ)
			} else {
				l.overInt(typ)
			}
		case *types.Slice:
			l.overSlice()
		case *types.Array:
			l.overArray()
		case *types.Pointer:
			l.overArrayPointer()
		case *types.Map:
			l.overMap()
		case *types.Chan:
			l.overChan()
		default:
			f.r.errorf(s.Pos(), "internal error: a range over %s around a suspension point", typ)
		}
	})
}

// directRange returns the range over a slice or map that a range over one of the
// iterators of the packages slices and maps amounts to, or nil.
func (f *fn) directRange(s *ast.RangeStmt) *ast.RangeStmt {
	callee := colour.DirectRange(f.r.info, s)
	if callee == nil {
		return nil
	}
	direct := *s
	direct.X = ast.Unparen(s.X).(*ast.CallExpr).Args[0]
	if callee.Name() == "Values" {
		direct.Key, direct.Value = nil, s.Key
		if s.Key != nil {
			direct.Key = ident("_")
		}
	}
	return &direct
}

func (f *fn) suspendsIn(e ast.Expr) bool { return e != nil && f.suspends(e) }

// rangeOperand copies what is ranged over. An array is evaluated apart if it is the
// result of a call that is hoisted: Go would not evaluate it without the call.
func (f *fn) rangeOperand(s *ast.RangeStmt) ast.Expr {
	x := f.expr(s.X, false)
	if _, ok := coreType(f.r.info.Types[s.X].Type).(*types.Array); ok && f.suspends(s.X) {
		if _, ok := x.(*ast.Ident); !ok {
			return ident(f.temp(x, s.X))
		}
	}
	return x
}

// nativeRange emits a range loop that stays one.
func (f *fn) nativeRange(s *ast.RangeStmt, t *target) {
	n := &ast.RangeStmt{Tok: s.Tok}
	key, value := s.Key, s.Value
	if s.Tok != token.DEFINE {
		n.X = f.rangeOperand(s)
		n.Key, n.Value = f.typ(key), f.typ(value)
		f.rangeBody(s, t, n, nil)
		return
	}
	boxed := f.isBoxed(key) || value != nil && f.isBoxed(value)
	if !boxed {
		n.X = f.rangeOperand(s)
		n.Key = f.defTarget(key.(*ast.Ident))
		if value != nil {
			n.Value = f.defTarget(value.(*ast.Ident))
		}
		f.rangeBody(s, t, n, nil)
		return
	}
	if !f.file.perIter {
		f.sharedRange(s, t, n)
		return
	}
	n.X = f.rangeOperand(s)
	var binds []func()
	name := func(e ast.Expr) ast.Expr {
		id := e.(*ast.Ident)
		if !f.isBoxed(id) {
			return f.defTarget(id)
		}
		in := f.fresh("t")
		binds = append(binds, func() { f.boxDef(id, f.box(nil, ident(in))) })
		return ident(in)
	}
	n.Key = name(key)
	if value != nil {
		n.Value = name(value)
	}
	f.rangeBody(s, t, n, binds)
}

// sharedRange emits a range loop of before Go 1.22 whose variables, which all
// iterations share, are boxed.
func (f *fn) sharedRange(s *ast.RangeStmt, t *target, n *ast.RangeStmt) {
	f.scoped(s, func() {
		x := f.expr(s.X, false)
		n.X = ident(f.temp(x, s.X))
		n.Tok = token.ASSIGN
		n.Key = f.declareLoopVar(s.Key)
		if s.Value != nil {
			n.Value = f.declareLoopVar(s.Value)
		}
		f.rangeBody(s, t, n, nil)
	})
}

// declareLoopVar declares a variable that all iterations share, and returns what
// is assigned to.
func (f *fn) declareLoopVar(e ast.Expr) ast.Expr {
	id := e.(*ast.Ident)
	if id.Name == "_" {
		return ident("_")
	}
	typ := f.typeExpr(f.objectOf(id).Type(), id)
	if f.isBoxed(id) {
		f.boxDef(id, f.newBox(typ))
		return f.use(id)
	}
	f.emit(varDecl([]*ast.Ident{f.defIdent(id)}, typ), id)
	return ident(f.nameOf(f.objectOf(id), id.Name))
}

func (f *fn) rangeBody(s *ast.RangeStmt, t *target, n *ast.RangeStmt, binds []func()) {
	t = f.enter(t, true)
	n.Body = copied(f, block(f.collect(func() {
		for _, b := range binds {
			b()
		}
		for _, b := range s.Body.List {
			f.stmt(b)
		}
	})), s.Body)
	f.leave()
	if isBlankOrNil(n.Key) && isBlankOrNil(n.Value) && n.Tok == token.DEFINE {
		n.Key, n.Value, n.Tok = nil, nil, token.ILLEGAL
	}
	f.emitLabelled(t, n, s)
}

func isBlankOrNil(e ast.Expr) bool { return e == nil || isBlank(e) }

// A rangeLoop lowers one range loop.
type rangeLoop struct {
	*fn
	s      *ast.RangeStmt
	t      *target
	shared bool // variables of before Go 1.22 that something holds on to
}

func (l *rangeLoop) plan() {
	if l.s.Tok != token.DEFINE || l.file.perIter {
		return
	}
	for _, e := range []ast.Expr{l.s.Key, l.s.Value} {
		if v := l.variable(e); v != nil {
			u := l.vars[v]
			l.shared = l.shared || l.boxed[v] || u != nil && (u.address || u.byRef || u.byValue)
		}
	}
}

// variable returns the variable that a := range declares.
func (l *rangeLoop) variable(e ast.Expr) *types.Var {
	id, ok := e.(*ast.Ident)
	if !ok || id.Name == "_" || l.s.Tok != token.DEFINE {
		return nil
	}
	v, _ := l.r.info.Defs[id].(*types.Var)
	return v
}

func wanted(e ast.Expr) bool { return !isBlankOrNil(e) }

// declareShared declares the variables before the loop, if iterations share them.
func (l *rangeLoop) declareShared() {
	if !l.shared {
		return
	}
	for _, e := range []ast.Expr{l.s.Key, l.s.Value} {
		if wanted(e) {
			l.declareLoopVar(e)
		}
	}
}

// bind emits the assignment of an iteration's key and value, either of which may
// be missing. The values are free of side effects.
func (l *rangeLoop) bind(key, value ast.Expr) {
	if l.s.Tok == token.DEFINE && !l.shared {
		l.bindOne(l.s.Key, key)
		l.bindOne(l.s.Value, value)
		return
	}
	var lhs, rhs []ast.Expr
	add := func(e, v ast.Expr) {
		if wanted(e) {
			lhs, rhs = append(lhs, e), append(rhs, v)
		}
	}
	add(l.s.Key, key)
	add(l.s.Value, value)
	if len(lhs) == 0 {
		return
	}
	var targets []ast.Expr
	for i, e := range lhs {
		if l.s.Tok == token.DEFINE {
			targets = append(targets, l.use(e.(*ast.Ident)))
		} else {
			targets = append(targets, l.expr(e, l.anySuspends(lhs[i+1:])))
		}
	}
	l.emit(set(targets, token.ASSIGN, rhs...), l.s)
}

func (l *rangeLoop) bindOne(e ast.Expr, v ast.Expr) {
	if !wanted(e) {
		return
	}
	id := e.(*ast.Ident)
	if l.isBoxed(id) {
		l.boxDef(id, l.box(nil, v))
		return
	}
	l.emit(set([]ast.Expr{l.defIdent(id)}, token.DEFINE, v), l.s)
}

// loop emits the loop itself. head binds the variables of an iteration.
func (l *rangeLoop) loop(cond ast.Expr, post ast.Stmt, head func()) {
	t := l.enter(l.t, true)
	n := &ast.ForStmt{Cond: cond, Post: post}
	n.Body = copied(l.fn, block(l.collect(func() {
		head()
		for _, b := range l.s.Body.List {
			l.stmt(b)
		}
	})), l.s.Body)
	l.leave()
	l.emitLabelled(t, n, l.s)
}

// counter returns the name of the counting variable: the user's own, if it can
// serve, else a hidden one.
func (l *rangeLoop) counter() (name string, own bool) {
	v := l.variable(l.s.Key)
	if v == nil || l.shared || l.boxed[v] {
		return l.fresh("t"), false
	}
	if u := l.vars[v]; u == nil || u.address || u.byRef || u.byValue || l.changes(v) {
		return l.fresh("t"), false
	}
	return l.names[v], true
}

// changes reports whether the body assigns to a range variable.
func (l *rangeLoop) changes(v *types.Var) bool {
	found := false
	ast.Inspect(l.s.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				found = found || l.r.root(e) == v
			}
		case *ast.IncDecStmt:
			found = found || l.r.root(n.X) == v
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				found = found || e != nil && l.r.root(e) == v
			}
		}
		return !found
	})
	return found
}

// count emits a loop that counts from zero up to n.
func (l *rangeLoop) count(zero ast.Expr, n func() ast.Expr, value func(i string) ast.Expr) {
	i, own := l.counter()
	if own {
		l.emit(set([]ast.Expr{l.defIdent(l.s.Key.(*ast.Ident))}, token.DEFINE, zero), l.s)
	} else {
		l.emit(define(i, zero), l.s)
	}
	cond := &ast.BinaryExpr{X: ident(i), Op: token.LSS, Y: n()}
	l.loop(cond, &ast.IncDecStmt{X: ident(i), Tok: token.INC}, func() {
		var v ast.Expr
		if value != nil && wanted(l.s.Value) {
			v = value(i)
		}
		if own {
			l.bindOne(l.s.Value, v)
			return
		}
		l.bind(ident(i), v)
	})
}

func (l *rangeLoop) overInt(typ types.Type) {
	// An untyped constant takes the type of the variable.
	if v := l.variable(l.s.Key); v != nil {
		typ = v.Type()
	} else if wanted(l.s.Key) {
		if t := l.r.info.Types[l.s.Key].Type; t != nil && (!types.IsInterface(t) || isTypeParam(t)) && l.r.info.Types[l.s.X].Value != nil && l.untyped(l.s.X) {
			typ = t
		}
	}
	typ = types.Default(typ)
	zero := ast.Expr(intLit(0))
	if typ != types.Typ[types.Int] {
		zero = callOf(l.typeExpr(typ, l.s.X), zero)
	}
	n := func() ast.Expr { return l.expr(l.s.X, false) }
	if l.r.info.Types[l.s.X].Value == nil {
		name := l.temp(l.expr(l.s.X, false), l.s.X)
		n = func() ast.Expr { return ident(name) }
	}
	l.declareShared()
	l.count(zero, n, nil)
}

func (l *rangeLoop) overSlice() {
	x := l.expr(l.s.X, false)
	if !wanted(l.s.Value) {
		n := l.fresh("t")
		l.emit(define(n, l.length(x)), l.s.X)
		l.declareShared()
		l.count(intLit(0), func() ast.Expr { return ident(n) }, nil)
		return
	}
	name := l.temp(x, l.s.X)
	n := l.fresh("t")
	l.emit(define(n, l.length(ident(name))), l.s.X)
	l.declareShared()
	l.count(intLit(0), func() ast.Expr { return ident(n) }, elementOf(name))
}

func elementOf(name string) func(string) ast.Expr {
	return func(i string) ast.Expr { return &ast.IndexExpr{X: ident(name), Index: ident(i)} }
}

// unevaluated reports whether len of the operand is a constant, and then returns
// it: the operand is not evaluated.
func (l *rangeLoop) unevaluated() func() ast.Expr {
	if hasCall(l.r.info, l.s.X) {
		return nil
	}
	return func() ast.Expr { return l.length(l.expr(l.s.X, false)) }
}

func (l *rangeLoop) overArray() {
	if !wanted(l.s.Value) {
		if n := l.unevaluated(); n != nil {
			l.declareShared()
			l.count(intLit(0), n, nil)
			return
		}
	}
	name := l.temp(l.expr(l.s.X, false), l.s.X)
	l.declareShared()
	l.count(intLit(0), func() ast.Expr { return l.length(ident(name)) }, elementOf(name))
}

func (l *rangeLoop) overArrayPointer() { l.overArray() }

func (l *rangeLoop) overString(typ types.Type) {
	x := l.expr(l.s.X, false)
	if typ != types.Typ[types.String] {
		x = l.text(x)
	}
	name := l.fresh("t")
	l.emit(define(name, x), l.s.X)
	i, next := l.fresh("t"), l.fresh("t")
	l.declareShared()
	l.emit(set([]ast.Expr{ident(i), ident(next)}, token.DEFINE, intLit(0), intLit(0)), l.s)
	cond := &ast.BinaryExpr{X: ident(i), Op: token.LSS, Y: l.length(ident(name))}
	l.loop(cond, set1(ident(i), ident(next)), func() {
		r := "_"
		if wanted(l.s.Value) {
			r = l.fresh("t")
		}
		size := l.fresh("t")
		l.emit(set([]ast.Expr{ident(r), ident(size)}, token.DEFINE,
			callOf(l.runtimeName("DecodeRune"), &ast.SliceExpr{X: ident(name), Low: ident(i)})), l.s)
		l.emit(set1(ident(next), &ast.BinaryExpr{X: ident(i), Op: token.ADD, Y: ident(size)}), l.s)
		l.bind(ident(i), ident(r))
	})
}

func (l *rangeLoop) overMap() {
	it := l.fresh("t")
	l.emit(define(it, callOf(l.runtimeName("RangeMap"), l.expr(l.s.X, false))), l.s.X)
	l.declareShared()
	l.loop(callOf(selector(ident(it), "Next")), nil, func() {
		l.bind(callOf(selector(ident(it), "Key")), callOf(selector(ident(it), "Value")))
	})
}

func (l *rangeLoop) overChan() {
	ch := l.temp(l.expr(l.s.X, false), l.s.X)
	l.declareShared()
	l.loop(nil, nil, func() {
		v, ok := "_", l.fresh("t")
		own := l.variable(l.s.Key)
		direct := wanted(l.s.Key) && own != nil && !l.shared && !l.boxed[own]
		lhs := ast.Expr(ident("_"))
		switch {
		case direct:
			lhs = l.defIdent(l.s.Key.(*ast.Ident))
		case wanted(l.s.Key):
			v = l.fresh("t")
			lhs = ident(v)
		}
		l.emit(set([]ast.Expr{lhs, ident(ok)}, token.DEFINE,
			&ast.UnaryExpr{Op: token.ARROW, X: ident(ch)}), l.s)
		l.emit(&ast.IfStmt{Cond: not(ident(ok)), Body: block([]ast.Stmt{breakTo("")})}, l.s)
		if !direct {
			l.bind(ident(v), nil)
		}
	})
}
