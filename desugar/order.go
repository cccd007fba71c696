package desugar

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/coroc-dev/coroc/typecheck"
)

// The order of evaluation is the one of gc's own pass (walk/order.go): what makes
// a call, receives, slices, asserts a type or branches is done where it stands,
// into a temporary; everything else is left in the expression and is therefore
// read after the last of those. Here only what precedes a suspending call is put
// into temporaries; gc does the same with the rest when it compiles the result.

// exprs copies expressions that are evaluated one after the other.
func (f *fn) exprs(list []ast.Expr) []ast.Expr { return f.exprsBefore(list, false) }

// exprsBefore copies expressions; with flush, a suspending call follows them.
func (f *fn) exprsBefore(list []ast.Expr, flush bool) []ast.Expr {
	var out []ast.Expr
	for i, e := range list {
		out = append(out, f.expr(e, flush || f.anySuspends(list[i+1:])))
	}
	return out
}

// expr copies an expression of the source, with suspending calls in it hoisted
// into statements that are emitted before. With flush, a suspending call follows
// e in the same statement: what gc evaluates early is then put into a temporary.
func (f *fn) expr(e ast.Expr, flush bool) ast.Expr {
	tv := f.r.info.Types[e]
	if tv.Value != nil || tv.IsType() {
		flush = false // not evaluated
	}
	switch e := e.(type) {
	case nil:
		return nil
	case *ast.Ident:
		return f.use(e)
	case *ast.BasicLit:
		return copied(f, &ast.BasicLit{Kind: e.Kind, Value: e.Value}, e)
	case *ast.ParenExpr:
		x := f.expr(e.X, flush)
		if _, ok := x.(*ast.Ident); ok {
			return x
		}
		return copied(f, &ast.ParenExpr{X: x}, e)
	case *ast.FuncLit:
		return f.funcLit(e)
	case *ast.CompositeLit:
		return f.composite(e, flush)
	case *ast.SelectorExpr:
		return f.selectorExpr(e, flush)
	case *ast.IndexExpr:
		if id := f.isLifted(e.X); id != nil {
			return copied(f, f.liftedName(id, []ast.Expr{e.Index}), ast.Expr(e))
		}
		x := f.expr(e.X, flush || f.suspends(e.Index))
		i := f.expr(e.Index, flush)
		return copied(f, &ast.IndexExpr{X: postfix(x), Index: i}, e)
	case *ast.IndexListExpr:
		if id := f.isLifted(e.X); id != nil {
			return copied(f, f.liftedName(id, e.Indices), ast.Expr(e))
		}
		return copied(f, &ast.IndexListExpr{X: f.expr(e.X, false), Indices: f.exprs(e.Indices)}, e)
	case *ast.SliceExpr:
		return f.sliceExpr(e, flush)
	case *ast.TypeAssertExpr:
		n := &ast.TypeAssertExpr{X: postfix(f.expr(e.X, false)), Type: f.typ(e.Type)}
		return f.early(copied(f, n, e), e, flush)
	case *ast.CallExpr:
		return f.call(e, flush)
	case *ast.StarExpr:
		return copied(f, &ast.StarExpr{X: f.expr(e.X, flush)}, e)
	case *ast.UnaryExpr:
		return f.unary(e, flush)
	case *ast.BinaryExpr:
		return f.binary(e, flush)
	case *ast.KeyValueExpr:
		return copied(f, &ast.KeyValueExpr{Key: f.expr(e.Key, false), Value: f.expr(e.Value, flush)}, e)
	case *ast.Ellipsis:
		return copied(f, &ast.Ellipsis{Elt: f.typ(e.Elt)}, e)
	case *ast.ArrayType:
		return copied(f, &ast.ArrayType{Len: f.arrayTypeLen(e.Len), Elt: f.typ(e.Elt)}, e)
	case *ast.StructType:
		return copied(f, &ast.StructType{Fields: f.fields(e.Fields, nil)}, e)
	case *ast.FuncType:
		return f.funcType(e, nil)
	case *ast.InterfaceType:
		return copied(f, &ast.InterfaceType{Methods: f.fields(e.Methods, nil)}, e)
	case *ast.MapType:
		return copied(f, &ast.MapType{Key: f.typ(e.Key), Value: f.typ(e.Value)}, e)
	case *ast.ChanType:
		return copied(f, &ast.ChanType{Dir: e.Dir, Value: f.typ(e.Value)}, e)
	}
	f.r.errorf(e.Pos(), "internal error: an expression that does not parse")
	return ident("_")
}

// use copies an identifier that is used, not defined.
func (f *fn) use(id *ast.Ident) ast.Expr {
	obj := f.r.info.Uses[id] // of an embedded field the type, which is used
	if obj == nil {
		obj = f.objectOf(id)
	}
	if t, ok := obj.(*types.TypeName); ok && f.expanded[obj] {
		return copied(f, f.typeExpr(types.Unalias(t.Type()), id), ast.Expr(id))
	}
	if f.isLifted(id) != nil {
		return copied(f, f.liftedName(id, nil), ast.Expr(id))
	}
	nid := copied(f, ident(f.nameOf(obj, id.Name)), id)
	if obj != nil && f.boxed[obj] {
		return copied(f, &ast.StarExpr{X: nid}, id)
	}
	return nid
}

// early puts an expression that gc evaluates where it stands into a temporary,
// if a suspending call follows.
func (f *fn) early(n ast.Expr, old ast.Expr, flush bool) ast.Expr {
	if !flush {
		return n
	}
	return ident(f.temp(n, old))
}

// temp puts the value of an expression into a new variable and returns its name.
// old is the expression of the source that it comes from.
func (f *fn) temp(n ast.Expr, old ast.Expr) string {
	name := f.freshAt("t", old)
	f.emit(define(name, f.typed(n, old)), old)
	return name
}

// typed gives an expression the type that it has in the source, where a
// definition of its own would give it another one.
func (f *fn) typed(n ast.Expr, old ast.Expr) ast.Expr {
	if p, ok := n.(*ast.ParenExpr); ok {
		n = p.X
	}
	if old == nil {
		return n
	}
	tv := f.r.info.Types[old]
	if tv.Type == nil {
		return n
	}
	if inst := f.instance(old); inst != nil {
		return f.instantiate(n, inst, old)
	}
	if !f.untyped(old) {
		return n
	}
	t := tv.Type
	def := types.Default(t)
	if b, ok := types.Unalias(t).(*types.Basic); ok {
		if b.Info()&types.IsUntyped != 0 {
			t = def
		}
		natural := types.Typ[types.Int]
		if b.Info()&types.IsBoolean != 0 {
			natural = types.Typ[types.Bool]
		}
		if t == natural {
			return n
		}
	}
	if types.IsInterface(t) && !isTypeParam(t) {
		return n
	}
	return callOf(f.typeExpr(t, old), n)
}

func isTypeParam(t types.Type) bool {
	_, ok := types.Unalias(t).(*types.TypeParam)
	return ok
}

// untyped reports whether an expression has no type of its own but takes it from
// where it stands: comparisons, and shifts of untyped constants.
func (f *fn) untyped(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		return true
	case *ast.Ident:
		c, ok := f.objectOf(e).(*types.Const)
		return ok && isUntyped(c.Type())
	case *ast.SelectorExpr:
		c, ok := f.r.info.Uses[e.Sel].(*types.Const)
		return ok && isUntyped(c.Type())
	case *ast.UnaryExpr:
		return e.Op != token.AND && e.Op != token.ARROW && f.untyped(e.X)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
			return true
		case token.SHL, token.SHR:
			return f.untyped(e.X)
		}
		return f.untyped(e.X) && f.untyped(e.Y)
	}
	return false
}

func isUntyped(t types.Type) bool {
	b, ok := t.(*types.Basic)
	return ok && b.Info()&types.IsUntyped != 0
}

// instance returns the type arguments that were inferred for a generic function
// that is used as a value.
func (f *fn) instance(e ast.Expr) *types.TypeList {
	var id *ast.Ident
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		id = e
	case *ast.SelectorExpr:
		id = e.Sel
	case *ast.IndexExpr: // perhaps some of them are given
		switch x := ast.Unparen(e.X).(type) {
		case *ast.Ident:
			id = x
		case *ast.SelectorExpr:
			id = x.Sel
		}
	case *ast.IndexListExpr:
		switch x := ast.Unparen(e.X).(type) {
		case *ast.Ident:
			id = x
		case *ast.SelectorExpr:
			id = x.Sel
		}
	}
	if id == nil {
		return nil
	}
	if _, ok := f.r.info.Uses[id].(*types.Func); !ok {
		return nil
	}
	inst, ok := f.r.info.Instances[id]
	if !ok {
		return nil
	}
	return inst.TypeArgs
}

func (f *fn) instantiate(n ast.Expr, args *types.TypeList, old ast.Expr) ast.Expr {
	switch x := n.(type) {
	case *ast.IndexExpr:
		n = x.X
	case *ast.IndexListExpr:
		n = x.X
	}
	var list []ast.Expr
	for i := range args.Len() {
		list = append(list, f.typeExpr(args.At(i), old))
	}
	return copied(f, index(n, list), old)
}

func (f *fn) selectorExpr(e *ast.SelectorExpr, flush bool) ast.Expr {
	sel := f.r.info.Selections[e]
	if sel == nil {
		// A package and a name in it.
		return copied(f, &ast.SelectorExpr{X: f.expr(e.X, false), Sel: f.fieldIdent(e.Sel)}, e)
	}
	return copied(f, &ast.SelectorExpr{X: postfix(f.expr(e.X, flush)), Sel: f.fieldIdent(e.Sel)}, e)
}

// fieldIdent copies the name of a field, method or member of a package.
func (f *fn) fieldIdent(id *ast.Ident) *ast.Ident {
	return copied(f, ident(f.nameOf(f.objectOf(id), id.Name)), id)
}

func (f *fn) sliceExpr(e *ast.SliceExpr, flush bool) ast.Expr {
	parts := []ast.Expr{e.X, e.Low, e.High, e.Max}
	var out [4]ast.Expr
	for i, p := range parts {
		if p == nil {
			continue
		}
		later := false
		for _, q := range parts[i+1:] {
			later = later || q != nil && f.suspends(q)
		}
		out[i] = f.expr(p, later)
	}
	n := &ast.SliceExpr{X: postfix(out[0]), Low: out[1], High: out[2], Max: out[3], Slice3: e.Slice3}
	return f.early(copied(f, n, e), e, flush)
}

func (f *fn) unary(e *ast.UnaryExpr, flush bool) ast.Expr {
	if e.Op == token.ARROW {
		n := &ast.UnaryExpr{Op: e.Op, X: f.expr(e.X, false)}
		return f.early(copied(f, n, e), e, flush)
	}
	x := f.expr(e.X, flush)
	if e.Op == token.AND {
		// &*x of a boxed variable is the box.
		if id := f.boxOf(x); id != nil {
			return id
		}
	}
	return copied(f, &ast.UnaryExpr{Op: e.Op, X: x}, e)
}

// boxOf returns x, if e is *x for a boxed variable. (&*p of a pointer panics if
// that is nil.)
func (f *fn) boxOf(e ast.Expr) *ast.Ident {
	s, ok := ast.Unparen(e).(*ast.StarExpr)
	if !ok {
		return nil
	}
	if _, ok := f.r.out.Orig[s].(*ast.Ident); !ok {
		return nil
	}
	id, _ := s.X.(*ast.Ident)
	return id
}

func (f *fn) binary(e *ast.BinaryExpr, flush bool) ast.Expr {
	if e.Op == token.LAND || e.Op == token.LOR {
		if f.suspends(e.Y) {
			return f.shortCircuit(e)
		}
		n := &ast.BinaryExpr{X: f.expr(e.X, false), Op: e.Op, Y: f.expr(e.Y, false)}
		return f.early(copied(f, n, e), e, flush)
	}
	x := f.expr(e.X, flush || f.suspends(e.Y))
	y := f.expr(e.Y, flush)
	return copied(f, &ast.BinaryExpr{X: x, Op: e.Op, Y: y}, e)
}

// shortCircuit lowers && and || with a right side that suspends to a branch.
func (f *fn) shortCircuit(e *ast.BinaryExpr) ast.Expr {
	x := f.expr(e.X, false)
	t := f.r.info.Types[e].Type
	if b, ok := types.Unalias(t).(*types.Basic); ok && (b.Kind() == types.Bool || b.Kind() == types.UntypedBool) {
		t = nil
	}
	if t != nil && f.untyped(e.X) {
		x = callOf(f.typeExpr(t, e), x)
	}
	name := f.freshAt("t", e)
	f.emit(define(name, x), e.X)
	body := f.collect(func() {
		if c := f.site(e.Y); c != nil {
			f.emit(set1(ident(name), f.siteCall(c)), e.Y)
			return
		}
		f.emit(set1(ident(name), f.expr(e.Y, false)), e.Y)
	})
	cond := ast.Expr(ident(name))
	if e.Op == token.LOR {
		cond = not(cond)
	}
	f.emit(&ast.IfStmt{Cond: cond, Body: block(body)}, e)
	return ident(name)
}

func (f *fn) composite(e *ast.CompositeLit, flush bool) ast.Expr {
	t := f.r.info.Types[e].Type
	isMap := false
	if t != nil {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem() // an element &T{...} whose &T is left out
		}
		_, isMap = coreType(t).(*types.Map)
	}
	if isMap {
		if f.anySuspends(e.Elts) {
			return f.mapLit(e, t)
		}
		n := &ast.CompositeLit{Type: f.typ(e.Type)}
		for _, elt := range e.Elts {
			n.Elts = append(n.Elts, f.expr(elt, false))
		}
		flush = flush && len(e.Elts) > 0
		copied(f, n, e)
		if flush && e.Type == nil {
			return f.early(f.explicitLit(n, e), e, true)
		}
		return f.early(n, e, flush)
	}
	n := &ast.CompositeLit{Type: f.typ(e.Type)}
	_, isStruct := coreType(t).(*types.Struct)
	for i, elt := range e.Elts {
		later := flush || f.anySuspends(e.Elts[i+1:])
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			n.Elts = append(n.Elts, f.assigned(elt, elemType(t, i, nil), later))
			continue
		}
		nkv := &ast.KeyValueExpr{}
		if id, ok := kv.Key.(*ast.Ident); ok && isStruct {
			nkv.Key = f.fieldIdent(id)
		} else {
			nkv.Key = f.expr(kv.Key, false)
		}
		nkv.Value = f.assigned(kv.Value, elemType(t, i, kv.Key), later)
		n.Elts = append(n.Elts, copied(f, nkv, kv))
	}
	return copied(f, n, e)
}

// explicitLit gives a literal that stands in another one, without its type, that
// type, so that it can stand alone.
func (f *fn) explicitLit(n ast.Expr, old ast.Expr) ast.Expr {
	lit, ok := n.(*ast.CompositeLit)
	if !ok || lit.Type != nil {
		return n
	}
	t := f.r.info.Types[old].Type
	if p, ok := t.Underlying().(*types.Pointer); ok {
		lit.Type = f.typeExpr(p.Elem(), old)
		return &ast.UnaryExpr{Op: token.AND, X: lit}
	}
	lit.Type = f.typeExpr(t, old)
	return lit
}

// mapLit lowers a map literal with suspending calls as gc lowers every one: what
// is constant first, then entry by entry.
func (f *fn) mapLit(e *ast.CompositeLit, t types.Type) ast.Expr {
	n := &ast.CompositeLit{Type: f.typ(e.Type)}
	if n.Type == nil {
		n.Type = f.typeExpr(t, e)
	}
	var dynamic []*ast.KeyValueExpr
	for _, elt := range e.Elts {
		kv, ok := elt.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if f.constant(kv.Key) && f.constant(kv.Value) {
			n.Elts = append(n.Elts, f.expr(kv, false))
		} else {
			dynamic = append(dynamic, kv)
		}
	}
	name := f.freshAt("t", e)
	f.emit(define(name, copied(f, n, e)), e)
	for _, kv := range dynamic {
		k := f.explicitLit(f.expr(kv.Key, f.suspends(kv.Value)), kv.Key)
		v := f.explicitLit(f.expr(kv.Value, false), kv.Value)
		f.emit(set1(&ast.IndexExpr{X: ident(name), Index: k}, v), kv)
	}
	tv := f.r.info.Types[e].Type
	if _, ok := tv.Underlying().(*types.Pointer); ok && e.Type == nil {
		return &ast.UnaryExpr{Op: token.AND, X: ident(name)}
	}
	return ident(name)
}

func (f *fn) constant(e ast.Expr) bool {
	tv := f.r.info.Types[e]
	return tv.Value != nil || tv.IsNil()
}

// coreType returns the type that all types of a type set have underneath, or
// nil.
func coreType(t types.Type) types.Type { return typecheck.CoreType(t) }
