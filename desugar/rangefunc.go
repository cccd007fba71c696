package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A range over a function around a suspension point becomes the call that it is: its
// body is a literal, which can be saved, and a variable of the runtime holds the state
// of the loop, by which a misused body panics as gc's does.
//
//	for k, v := range seq { body }
//
//	range_1 := &coroc.RangeFunc{}
//	t_1 := func(k K, v V) bool { range_1.Enter(); body; return range_1.Continue() }
//	seq(t_1)
//	range_1.End()
//
// In the body continue is return range_1.Continue(), break is return range_1.Break(),
// and what leads further out gets a number:
//
//	return range_1.Leave(1)
//
//	if range_1.Left() == 1 { continue outer }   // behind range_1.End()
//
// There it may lead out of the body of another such loop in the same way. The operands
// of a return statement are assigned to the result variables, which are boxed, where it
// stands. A defer statement belongs to the function around the loop: the literal
// captures that function's defers, and a table says so to the next pass.

// lowersRange reports whether a range over a function becomes a call.
func (f *fn) lowersRange(s *ast.RangeStmt) bool {
	return f.r.facts.Ranges[s] != nil && f.directRange(s) == nil
}

// A rangeBody is a level that is the body of a range over a function.
type rangeBody struct {
	stmt  *ast.RangeStmt
	loop  string     // the variable that holds the state of the loop
	exits []ast.Stmt // return and branch statements that lead out of the loop, by their numbers less 1
}

// function returns the function that a level belongs to.
func (lv *level) function() *level {
	for lv.loop != nil {
		lv = lv.outer
	}
	return lv
}

func (f *fn) rangeFunc(s *ast.RangeStmt, t *target) {
	f.scoped(s, func() {
		outermost := f.level.loop == nil
		if outermost {
			f.level.defers = nil
		}
		seq := f.makeSimple(f.expr(s.X, false), s.X)
		b := &rangeBody{stmt: s, loop: f.fresh("range")}
		lit := f.rangeLit(s, t, b)
		if outermost && f.level.defers != nil {
			f.emit(set([]ast.Expr{f.level.defers}, token.DEFINE, callOf(f.runtimeName("OwnDefers"))), s)
		}
		state := &ast.UnaryExpr{Op: token.AND, X: &ast.CompositeLit{Type: f.runtimeName("RangeFunc")}}
		f.emit(define(b.loop, state), s)
		body := f.fresh("t")
		f.emit(define(body, lit), s)
		f.emit(&ast.ExprStmt{X: copied(f, callOf(seq, ident(body)), s)}, s)
		f.emit(&ast.ExprStmt{X: b.call("End")}, s)
		for i, exit := range b.exits {
			left := &ast.BinaryExpr{X: b.call("Left"), Op: token.EQL, Y: intLit(int64(i + 1))}
			f.emit(&ast.IfStmt{Cond: left, Body: block(f.collect(func() { f.leaveRange(exit) }))}, exit)
		}
	})
}

// call returns a call of a method of the loop's state.
func (b *rangeBody) call(method string, args ...ast.Expr) ast.Expr {
	return callOf(selector(ident(b.loop), method), args...)
}

// leaveRange emits, behind a loop, a statement of its body that leads out of it.
func (f *fn) leaveRange(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.BranchStmt:
		f.branch(s)
	case *ast.ReturnStmt:
		// The result variables have been set.
		if f.level.loop != nil {
			f.exitBody(s)
			return
		}
		n := &ast.ReturnStmt{}
		if f.level.needReturn {
			n.Results = f.resultUses()
		}
		f.emit(n, s)
	}
}

// exitBody emits the end of a body that is left by a statement for what is outside of
// the loop.
func (f *fn) exitBody(s ast.Stmt) {
	b := f.level.loop
	code := 0
	for i, e := range b.exits {
		if sameExit(e, s) {
			code = i + 1
		}
	}
	if code == 0 {
		b.exits = append(b.exits, s)
		code = len(b.exits)
	}
	f.emit(&ast.ReturnStmt{Results: []ast.Expr{b.call("Leave", intLit(int64(code)))}}, s)
}

// sameExit reports whether two statements lead to the same place.
func sameExit(a, b ast.Stmt) bool {
	x, ok1 := a.(*ast.BranchStmt)
	y, ok2 := b.(*ast.BranchStmt)
	return ok1 == ok2 && (!ok1 || x.Tok == y.Tok && x.Label.Name == y.Label.Name)
}

// branchOut emits a branch statement of a body that ends the iteration or the loop,
// and reports whether it is one.
func (f *fn) branchOut(s *ast.BranchStmt) bool {
	b := f.level.loop
	if b == nil {
		return false
	}
	switch s.Tok {
	case token.GOTO:
		if l := f.r.info.Uses[s.Label]; declaredIn(b.stmt.Body, l) {
			return false
		}
	case token.BREAK, token.CONTINUE:
		t := f.branchTarget(s)
		if t != nil && !t.body {
			return false
		}
		if t != nil {
			end := "Break"
			if s.Tok == token.CONTINUE {
				end = "Continue"
			}
			f.emit(&ast.ReturnStmt{Results: []ast.Expr{b.call(end)}}, s)
			return true
		}
	default:
		return false
	}
	f.exitBody(s)
	return true
}

// declaredIn reports whether an object is declared inside of a node.
func declaredIn(n ast.Node, obj types.Object) bool {
	return obj != nil && n.Pos() <= obj.Pos() && obj.Pos() < n.End()
}

// rangeLit returns the literal that the body of a loop becomes.
func (f *fn) rangeLit(s *ast.RangeStmt, t *target, b *rangeBody) *ast.FuncLit {
	lv := &level{node: s, body: s.Body, outer: f.level, durable: f.r.facts.Bodies[s] != nil, loop: b}
	own := &target{loop: true, body: true}
	if t != nil {
		own.label = t.label
	}
	outerOut, outerTargets := f.out, f.targets
	f.level, f.targets = lv, []*target{own}
	defer func() { f.level, f.out, f.targets = lv.outer, outerOut, outerTargets }()
	f.scanLevel(lv)

	var list []ast.Stmt
	f.out = &list
	f.emit(&ast.ExprStmt{X: b.call("Enter")}, s)
	lit := &ast.FuncLit{Type: &ast.FuncType{
		Params:  f.rangeParams(s),
		Results: &ast.FieldList{List: []*ast.Field{{Type: f.universe("bool")}}},
	}}
	for _, x := range s.Body.List {
		f.stmt(x)
	}
	f.emit(&ast.ReturnStmt{Results: []ast.Expr{b.call("Continue")}}, nil)
	if lv.mentionsDefers {
		// The literal captures them.
		list = append([]ast.Stmt{set1(ident("_"), ident(lv.function().defers.Name))}, list...)
		f.r.bodyDefers[lit] = lv.function().defers
	}
	lit.Body = copied(f, block(dropUnusedLabels(append(lv.consts, list...))), s.Body)
	return copied(f, lit, s)
}

// rangeParams returns the parameters of the literal. The variables of the loop are
// among them, or are assigned to, one after the other, at the beginning of the body.
func (f *fn) rangeParams(s *ast.RangeStmt) *ast.FieldList {
	sig := yieldSignature(f.r.info.Types[s.X].Type)
	params := &ast.FieldList{}
	vars := []ast.Expr{s.Key, s.Value}
	for i := range sig.Params().Len() {
		name := ident("_")
		if i < len(vars) && wanted(vars[i]) {
			if s.Tok == token.DEFINE {
				name = (&paramNamer{f: f}).name(vars[i].(*ast.Ident), nil)
			} else {
				name = ident(f.fresh("t"))
				value := ident(name.Name)
				f.emit(set1(f.expr(vars[i], false), value), s)
			}
		}
		params.List = append(params.List, &ast.Field{
			Names: []*ast.Ident{name},
			Type:  f.typeExpr(sig.Params().At(i).Type(), s),
		})
	}
	return params
}

// yieldSignature returns the signature of the function that an iterator takes.
func yieldSignature(seq types.Type) *types.Signature {
	return coreType(coreType(seq).(*types.Signature).Params().At(0).Type()).(*types.Signature)
}

// deferTo returns the level of the function that a defer statement belongs to, after
// noting that the body that it stands in needs its defers.
func (f *fn) deferTo() *level {
	fun := f.level.function()
	if f.level.loop == nil {
		return fun
	}
	if fun.defers == nil {
		fun.defers = ident(f.fresh("defers"))
	}
	for lv := f.level; lv.loop != nil; lv = lv.outer {
		lv.mentionsDefers = true
	}
	return fun
}

// returnsFromLoop reports whether a return statement with operands stands in a body.
func (f *fn) returnsFromLoop(lv *level) bool {
	found := false
	f.inLevel(lv.body, func(n ast.Node) {
		s, ok := n.(*ast.RangeStmt)
		if !ok || found || !f.lowersRange(s) {
			return
		}
		f.inLevel(s.Body, func(n ast.Node) {
			r, ok := n.(*ast.ReturnStmt)
			found = found || ok && len(r.Results) > 0
		})
	})
	return found
}
