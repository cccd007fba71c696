package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// call copies a call in an expression.
func (f *fn) call(e *ast.CallExpr, flush bool) ast.Expr {
	fun := f.r.info.Types[e.Fun]
	switch {
	case fun.IsType():
		return f.conversion(e, flush)
	case fun.IsBuiltin():
		if n := f.arrayLen(e); n != nil {
			return n
		}
		if f.recoversNothing(e) {
			none := &ast.InterfaceType{Methods: &ast.FieldList{}}
			if f.shadowed("nil") {
				return callOf(index(f.runtimeName("Zero"), []ast.Expr{none}))
			}
			return callOf(&ast.ParenExpr{X: none}, ident("nil"))
		}
		n := &ast.CallExpr{Fun: f.expr(e.Fun, false), Args: f.args(e), Ellipsis: spread(e)}
		return f.early(copied(f, n, e), e, flush && f.earlyBuiltin(e))
	}
	if c := f.site(e); c != nil {
		call := f.siteCall(c)
		name := f.freshAt("t", e)
		f.emit(define(name, call), e)
		return ident(name)
	}
	n := f.plainCall(e)
	return f.early(n, e, flush)
}

// spread returns the position of a call's "...", which says that there is one.
func spread(e *ast.CallExpr) token.Pos {
	if e.Ellipsis.IsValid() {
		return 1
	}
	return token.NoPos
}

func (f *fn) conversion(e *ast.CallExpr, flush bool) ast.Expr {
	to := f.r.info.Types[e].Type
	from := f.r.info.Types[e.Args[0]].Type
	copies := false
	if s, ok := coreType(to).(*types.Slice); ok && f.r.info.Types[e].Value == nil {
		// A string becomes bytes or runes where the conversion stands.
		_ = s
		b, ok := coreType(from).(*types.Basic)
		copies = ok && b.Info()&types.IsString != 0
	}
	arg := f.assigned(e.Args[0], to, flush && !copies)
	n := &ast.CallExpr{Fun: f.expr(e.Fun, false), Args: []ast.Expr{arg}}
	return f.early(copied(f, n, e), e, flush && copies)
}

// recoversNothing reports whether a call is one of recover in the body of a range over
// a function that has become another loop: that body was a function of its own.
func (f *fn) recoversNothing(e ast.Expr) bool {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || f.level.direct == 0 {
		return false
	}
	id, ok := ast.Unparen(c.Fun).(*ast.Ident)
	return ok && f.r.info.Types[c.Fun].IsBuiltin() && id.Name == "recover"
}

// arrayLen copies a call of len or cap of an array whose operand suspends. The
// call that makes Go evaluate the operand goes away, so it is evaluated apart.
func (f *fn) arrayLen(e *ast.CallExpr) ast.Expr {
	if len(e.Args) != 1 || !f.suspends(e.Args[0]) {
		return nil
	}
	t, ok := coreType(f.r.info.Types[e.Args[0]].Type).(*types.Array)
	if !ok {
		return nil
	}
	f.emit(set1(ident("_"), f.expr(e.Args[0], false)), e)
	return ident(f.temp(intLit(t.Len()), nil))
}

// earlyBuiltin reports whether gc evaluates a call of a builtin where it stands.
func (f *fn) earlyBuiltin(e *ast.CallExpr) bool {
	if f.r.info.Types[e].Value != nil {
		return false
	}
	switch fun := ast.Unparen(e.Fun).(type) {
	case *ast.Ident:
		switch fun.Name {
		case "append", "cap", "complex", "copy", "imag", "len", "make", "max", "min", "new", "real", "recover":
			return true
		}
	}
	return false
}

// plainCall copies a call that does not suspend itself. A call is evaluated in
// one go, so only suspending calls among its operands matter.
func (f *fn) plainCall(e *ast.CallExpr) ast.Expr {
	later := f.anySuspends(e.Args)
	var fun ast.Expr
	if !later {
		fun = f.callee(e.Fun)
	} else {
		fun = f.earlyCallee(e.Fun)
	}
	n := &ast.CallExpr{Fun: postfix(fun), Args: f.args(e), Ellipsis: spread(e)}
	return copied(f, n, e)
}

// args copies the arguments of a call. A single one may be a call with several
// results.
func (f *fn) args(e *ast.CallExpr) []ast.Expr {
	if len(e.Args) == 1 {
		if names := f.tuple(e.Args[0]); names != nil {
			return names
		}
	}
	return f.argList(e, false)
}

// tuple puts the results of a suspending call into temporaries, if e is one with
// more than one of them.
func (f *fn) tuple(e ast.Expr) []ast.Expr {
	c := f.site(e)
	t, ok := f.r.info.Types[e].Type.(*types.Tuple)
	if c == nil || !ok || t.Len() < 2 {
		return nil
	}
	call := f.siteCall(c)
	return f.tupleTemps(t.Len(), call, e)
}

// callResults puts the results of a call with several of them into temporaries.
func (f *fn) callResults(e ast.Expr) []ast.Expr {
	if list := f.tuple(e); list != nil {
		return list
	}
	t, ok := f.r.info.Types[e].Type.(*types.Tuple)
	if !ok {
		return nil
	}
	return f.tupleTemps(t.Len(), f.expr(e, false), e)
}

func (f *fn) tupleTemps(n int, call ast.Expr, old ast.Expr) []ast.Expr {
	var lhs, uses []ast.Expr
	for range n {
		name := f.freshAt("t", old)
		lhs = append(lhs, ident(name))
		uses = append(uses, ident(name))
	}
	f.emit(set(lhs, token.DEFINE, call), old)
	return uses
}

// callee copies what is called, where nothing suspends between it and the call.
func (f *fn) callee(e ast.Expr) ast.Expr {
	if sel, ok := ast.Unparen(e).(*ast.SelectorExpr); ok && f.isMethod(sel) {
		n := &ast.SelectorExpr{X: postfix(f.expr(sel.X, false)), Sel: f.fieldIdent(sel.Sel)}
		return copied(f, n, sel)
	}
	return f.expr(e, false)
}

func (f *fn) isMethod(e *ast.SelectorExpr) bool {
	s := f.r.info.Selections[e]
	return s != nil && s.Kind() == types.MethodVal
}

// earlyCallee copies what is called, where a suspending call stands in the
// arguments. gc reads variables, also those that hold functions or receivers,
// after the arguments; but it evaluates an interface or a func value that is
// computed with a call before them.
func (f *fn) earlyCallee(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	if sel, ok := e.(*ast.SelectorExpr); ok && f.isMethod(sel) {
		p := receiverPath(f.r.info.Selections[sel])
		if p.iface && hasCall(f.r.info, sel.X) {
			x := f.receiver(sel, p, false)
			return copied(f, selector(ident(f.temp(x, nil)), sel.Sel.Name), sel)
		}
		n := &ast.SelectorExpr{X: postfix(f.expr(sel.X, true)), Sel: f.fieldIdent(sel.Sel)}
		return copied(f, n, sel)
	}
	if _, ok := e.(*ast.FuncLit); ok || f.static(e) {
		return f.expr(e, false)
	}
	if hasCall(f.r.info, e) {
		return ident(f.temp(f.expr(e, false), e))
	}
	return f.expr(e, true)
}

// static reports whether e names a declared function, perhaps instantiated, or a
// method of a type.
func (f *fn) static(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		_, ok := f.r.info.Uses[e].(*types.Func)
		return ok
	case *ast.SelectorExpr:
		if s := f.r.info.Selections[e]; s != nil {
			return s.Kind() == types.MethodExpr
		}
		_, ok := f.r.info.Uses[e.Sel].(*types.Func)
		return ok
	case *ast.IndexExpr:
		return f.static(e.X)
	case *ast.IndexListExpr:
		return f.static(e.X)
	}
	return false
}

// hasCall reports whether evaluating e calls something or receives.
func hasCall(info *types.Info, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if e, ok := n.(ast.Expr); ok && info.Types[e].Value != nil {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.CallExpr:
			if !info.Types[n.Fun].IsType() {
				found = true
			}
		case *ast.UnaryExpr:
			found = found || n.Op == token.ARROW
		case *ast.BinaryExpr:
			// Branches are evaluated early too.
			found = found || n.Op == token.LAND || n.Op == token.LOR
		}
		return !found
	})
	return found
}

// receiver copies the operand of a method selector with everything that Go does
// to it before the call written out: the path through embedded fields, & and *.
func (f *fn) receiver(sel *ast.SelectorExpr, p path, flush bool) ast.Expr {
	x := f.expr(sel.X, flush)
	if !f.nameable(p.fields) {
		// A field on the way has no name here: the method is called on what
		// embeds it.
		_, isPtr := f.r.info.Types[sel.X].Type.Underlying().(*types.Pointer)
		p.address, p.deref, p.fields = p.address && !p.indirect && !isPtr, false, nil
	}
	for _, v := range p.fields {
		x = selector(x, f.nameOf(v, v.Name()))
	}
	switch {
	case p.address:
		if id := f.boxOf(x); id != nil {
			return id
		}
		return &ast.UnaryExpr{Op: token.AND, X: x}
	case p.deref:
		return &ast.StarExpr{X: x}
	}
	return x
}

// nameable reports whether code of this package can write the path.
func (f *fn) nameable(fields []*types.Var) bool {
	for _, v := range fields {
		if !v.Exported() && v.Pkg() != f.r.src.Types {
			return false
		}
	}
	return true
}

// siteCall copies a suspending call with operands that can be evaluated again at
// no cost and with the same outcome: local variables, constants, functions. The
// caller makes a statement of it.
func (f *fn) siteCall(e *ast.CallExpr) *ast.CallExpr {
	if fun := ast.Unparen(e.Fun); f.static(fun) {
		if sel, ok := fun.(*ast.SelectorExpr); ok && f.r.info.Selections[sel] != nil {
			return f.methodExprCall(e, sel)
		}
	}
	ops := f.operands(e)
	n := &ast.CallExpr{Fun: postfix(ops.fun()), Args: ops.args(), Ellipsis: spread(e)}
	return copied(f, n, e)
}

// Operands of a call are made simple in two steps. First what gc evaluates early
// goes into temporaries, in order; then the rest, in order.
type operands struct {
	fun  func() ast.Expr
	args func() []ast.Expr
}

func (f *fn) operands(e *ast.CallExpr) operands {
	// If a single operand takes more than one step, Go puts these in order.
	complex := 0
	for _, a := range e.Args {
		if !f.plainOperand(a) {
			complex++
		}
	}
	fun := ast.Unparen(e.Fun)
	var early, late ast.Expr // of the callee
	var lateOld ast.Expr
	var receiver *ast.SelectorExpr
	iface := false
	switch sel, _ := fun.(*ast.SelectorExpr); {
	case sel != nil && f.isMethod(sel):
		receiver = sel
		p := receiverPath(f.r.info.Selections[sel])
		iface = p.iface
		if iface && hasCall(f.r.info, sel.X) {
			early = ident(f.temp(f.receiver(sel, p, false), nil))
		} else {
			late = f.receiver(sel, p, complex > 0)
		}
	case f.static(fun):
		early = f.expr(e.Fun, false)
	case isLit(fun):
		early = ident(f.temp(f.expr(fun, false), nil))
	case hasCall(f.r.info, fun):
		early = ident(f.temp(f.expr(fun, false), fun))
	default:
		late, lateOld = f.expr(fun, complex > 0), fun
	}
	flush := complex > 1 || complex == 1 && late != nil && !f.simple(late, lateOld)
	var args []ast.Expr
	if len(e.Args) == 1 {
		args = f.callResults(e.Args[0])
	}
	if args == nil {
		args = f.argList(e, flush)
	}

	if receiver != nil && late != nil && !iface {
		// The receiver is the first argument.
		late = f.makeSimple(late, nil)
	}
	for i := range args {
		old := ast.Expr(nil)
		if len(args) == len(e.Args) {
			old = e.Args[i]
		}
		args[i] = f.makeSimple(args[i], old)
	}
	if late != nil {
		early = f.makeSimple(late, lateOld)
	}
	return operands{
		fun: func() ast.Expr {
			if receiver != nil {
				return copied(f, selector(early, receiver.Sel.Name), receiver)
			}
			return early
		},
		args: func() []ast.Expr { return args },
	}
}

func isLit(e ast.Expr) bool {
	_, ok := e.(*ast.FuncLit)
	return ok
}

// methodExprCall turns a call of a method expression, T.M(x, a), into x.M(a).
func (f *fn) methodExprCall(e *ast.CallExpr, sel *ast.SelectorExpr) *ast.CallExpr {
	// The receiver is converted to T, and then its method is looked up.
	list := f.callResults(e.Args[0])
	if list == nil {
		list = f.argList(e, len(e.Args) > 1)
	}
	p := receiverPath(f.r.info.Selections[sel])
	if !f.nameable(p.fields) {
		p = path{}
	}
	x := ast.Expr(ident(f.temp(callOf(f.expr(sel.X, false), list[0]), nil)))
	for _, v := range p.fields {
		x = selector(x, f.nameOf(v, v.Name()))
	}
	switch {
	case p.address:
		x = &ast.UnaryExpr{Op: token.AND, X: x}
	case p.deref:
		x = &ast.StarExpr{X: x}
	}
	for i := 1; i < len(list); i++ {
		var old ast.Expr
		if len(list) == len(e.Args) {
			old = e.Args[i]
		}
		list[i] = f.makeSimple(list[i], old)
	}
	x = f.makeSimple(x, nil)
	n := &ast.CallExpr{Fun: selector(x, sel.Sel.Name), Args: list[1:], Ellipsis: spread(e)}
	copied(f, n.Fun, ast.Node(sel))
	return copied(f, n, e)
}

// plainOperand reports whether an operand of the source needs no temporary.
func (f *fn) plainOperand(e ast.Expr) bool {
	if f.constant(e) {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		obj := f.objectOf(e)
		return f.isLocal(obj) && !f.boxed[obj] || f.static(e) && !f.r.facts.Records[e]
	case *ast.SelectorExpr:
		return f.r.info.Selections[e] == nil && f.static(e) && !f.r.facts.Records[e]
	}
	return false
}

// simple reports whether an operand of the result needs no temporary. old is the
// operand of the source that it comes from, if there is one.
func (f *fn) simple(n ast.Expr, old ast.Expr) bool {
	if old != nil && f.constant(old) {
		return true
	}
	switch n := ast.Unparen(n).(type) {
	case *ast.Ident:
		id, ok := f.r.out.Orig[n].(*ast.Ident)
		if !ok {
			return true // a temporary
		}
		switch obj := f.objectOf(id).(type) {
		case *types.Var:
			return f.isLocal(obj)
		case *types.Func:
			return !f.r.facts.Records[id] && f.instance(id) == nil
		case *types.Const, *types.Nil, *types.TypeName:
			return true
		}
	case *ast.SelectorExpr:
		sel, ok := f.r.out.Orig[n].(*ast.SelectorExpr)
		return ok && f.r.info.Selections[sel] == nil && f.static(sel) && !f.r.facts.Records[sel] && f.instance(sel) == nil
	case *ast.IndexExpr, *ast.IndexListExpr:
		return old != nil && f.static(old) && !f.r.facts.Records[old]
	}
	return false
}

// makeSimple returns an operand as it may stand in a suspending call: itself, or
// a temporary.
func (f *fn) makeSimple(n ast.Expr, old ast.Expr) ast.Expr {
	if f.simple(n, old) {
		if old == nil || !f.constant(old) {
			return ast.Unparen(n)
		}
		return n
	}
	return ident(f.temp(n, old))
}
