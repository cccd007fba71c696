package codegen

import (
	"go/ast"
	"go/token"
	"go/types"
)

// The names, types and places in the source of what twins keep.

// valueType returns the type of the value that a variable stands for.
func (k *keeper) valueType(v *types.Var) types.Type {
	if src := k.sourceVar(v); src != nil {
		return src.Type()
	}
	if p, ok := v.Type().Underlying().(*types.Pointer); ok && k.desugared.Boxed[v] {
		return p.Elem()
	}
	return v.Type()
}

// expr describes the value of an expression at an item; constants are nothing.
func (k *keeper) expr(e ast.Expr, at int) *Kept {
	e = ast.Unparen(e)
	if tv := k.info.Types[e]; tv.Value != nil || tv.IsNil() || tv.IsType() {
		return nil
	}
	if v := k.variableOf(e); v != nil {
		if k.omits(v) {
			return nil
		}
		return k.variable(v, at)
	}
	x := &Kept{Name: "an intermediate value", Role: Temporary, Type: k.info.TypeOf(e), From: k.originOf(e, 0, at)}
	if o, ok := k.desugared.Orig[e].(ast.Expr); ok {
		x.Name, x.Decl = types.ExprString(o), o.Pos()
	}
	if x.From == Made {
		x.Maker = k.sourceCall(e)
	}
	return x
}

// variableOf returns the local variable that e is, or that is in its box.
func (k *keeper) variableOf(e ast.Expr) *types.Var {
	e = ast.Unparen(e)
	if s, ok := e.(*ast.StarExpr); ok {
		id, ok := ast.Unparen(s.X).(*ast.Ident)
		if !ok || !k.desugared.Boxed[k.info.Uses[id]] {
			return nil
		}
		e = id
	}
	id, ok := e.(*ast.Ident)
	if !ok {
		return nil
	}
	v, ok := k.object(id).(*types.Var)
	if !ok || v.Parent() == k.desugared.Types.Scope() || v.Pkg() != k.desugared.Types {
		return nil
	}
	return v
}

// variable describes what a variable of the twin holds at an item.
func (k *keeper) variable(v *types.Var, at int) *Kept {
	d := k.described[v]
	if d == nil {
		d = k.describeVar(v)
		k.described[v] = d
	}
	x := *d
	if x.From = k.origin(v, at); x.From == Made {
		x.Maker = k.maker(v)
	}
	return &x
}

// describeVar describes a variable of the source, or, if the desugaring has made it
// up, the expression that it stands for.
func (k *keeper) describeVar(v *types.Var) *Kept {
	first, role := v, Variable
	for range 8 {
		if src := k.sourceVar(v); src != nil {
			return &Kept{Name: src.Name(), Role: role, Type: src.Type(), Var: src, Decl: src.Pos()}
		}
		role = Temporary
		e := k.definition(v)
		if e == nil {
			break
		}
		next := k.variableOf(e)
		if next == nil {
			x := &Kept{Name: "an intermediate value", Role: role, Type: v.Type()}
			if o, ok := k.desugared.Orig[e].(ast.Expr); ok {
				x.Name, x.Decl = types.ExprString(o), o.Pos()
			}
			return x
		}
		v = next
	}
	x := &Kept{Name: "an intermediate value", Role: role, Type: k.valueType(first)}
	if i, ok := k.index[first]; ok {
		for _, it := range k.items {
			if !it.defs.has(i) || it.stmt == nil {
				continue
			}
			x.Decl = k.sourcePos(it.stmt)
			if _, ok := k.desugared.Orig[it.stmt].(*ast.RangeStmt); ok {
				x.Name = "the position of the range"
			}
			break
		}
	}
	if p, ok := x.Type.(*types.Pointer); ok {
		if n, ok := p.Elem().(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == runtimePath && n.Obj().Name() == "RangeFunc" {
			x.Name = "the state of the range"
		}
	}
	return x
}

// definition returns the expression of which v is the value, if it is set once.
func (k *keeper) definition(v *types.Var) ast.Expr {
	i, ok := k.index[v]
	if !ok {
		return nil
	}
	var found ast.Expr
	for _, it := range k.items {
		if !it.defs.has(i) {
			continue
		}
		e, _ := k.assigned(it, v)
		if e == nil || found != nil {
			return nil
		}
		found = e
	}
	return found
}

// sourceVar returns the variable of the source that v stands for, or nil.
func (f *fileGen) sourceVar(v *types.Var) *types.Var {
	if f.sourceVars == nil {
		f.pkgGen.sourceVars = map[*types.Var]*types.Var{}
		for _, file := range f.desugared.Files {
			ast.Inspect(file, f.noteSource)
		}
	}
	return f.sourceVars[v]
}

func (f *fileGen) noteSource(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.Ident:
		o, ok := f.desugared.Orig[n].(*ast.Ident)
		if !ok {
			return true
		}
		v, ok := f.object(n).(*types.Var)
		if !ok || v.IsField() {
			return true
		}
		if src, ok := f.p.Info.ObjectOf(o).(*types.Var); ok {
			f.sourceVars[v] = src
		}
	case *ast.CaseClause:
		v, ok := f.info.Implicits[n].(*types.Var)
		if !ok {
			return true
		}
		if o := f.desugared.Orig[n]; o != nil {
			if src, ok := f.p.Info.Implicits[o].(*types.Var); ok {
				f.sourceVars[v] = src
			}
		}
	}
	return true
}

// sourcePos returns where a node of the desugared form comes from.
func (f *fileGen) sourcePos(n ast.Node) token.Pos {
	if o := f.desugared.Orig[n]; o != nil {
		return o.Pos()
	}
	return token.NoPos
}

// nextUse returns where variable v is used first after item i.
func (k *keeper) nextUse(v, i int) token.Pos {
	uses := k.usesOf(v)
	best := -1
	for _, j := range k.successors(i) {
		if j < len(uses) && uses[j] >= 0 && best < 0 {
			best = uses[j]
		}
	}
	if best < 0 {
		return token.NoPos
	}
	return k.useIn(k.items[best], k.vars[v])
}

// usesOf returns for each item that by which a variable is used next, it or a later
// one, or -1: the nearest, by a search backward from those that use it.
func (k *keeper) usesOf(v int) []int {
	if uses, ok := k.nextUses[v]; ok {
		return uses
	}
	if k.preds == nil {
		k.preds = make([][]int, len(k.items)+1)
		for i := range k.items {
			for _, j := range k.successors(i) {
				k.preds[j] = append(k.preds[j], i)
			}
		}
	}
	uses := make([]int, len(k.items))
	var queue []int
	for i, it := range k.items {
		uses[i] = -1
		if it.uses.has(v) {
			uses[i] = i
			queue = append(queue, i)
		}
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, p := range k.preds[queue[0]] {
			if uses[p] < 0 && !k.items[p].defs.has(v) {
				uses[p] = uses[queue[0]]
				queue = append(queue, p)
			}
		}
	}
	k.nextUses[v] = uses
	return uses
}

// useIn returns where an item uses a variable.
func (k *keeper) useIn(it *item, v *types.Var) token.Pos {
	var pos token.Pos
	visit := func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || pos.IsValid() {
			return !pos.IsValid()
		}
		if k.info.Uses[id] == v {
			pos = k.sourcePos(id)
		}
		return true
	}
	switch it.kind {
	case branchItem:
		ast.Inspect(it.cond, visit)
	case siteItem:
		ast.Inspect(it.call, visit)
	case rawItem, returnItem, dispatchItem:
		ast.Inspect(it.stmt, visit)
	}
	if !pos.IsValid() && it.stmt != nil {
		pos = k.sourcePos(it.stmt)
	}
	return pos
}
