package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

// The statements that contain a suspending call, the spine, become a list of items
// with labels and gotos between them; all others stay as they are.
type item struct {
	kind  itemKind
	label *label   // of a label or goto; where a branch goes if its condition is false
	stmt  ast.Stmt // raw, site, dispatch
	cond  ast.Expr // branch
	call  *ast.CallExpr
	lhs   []ast.Expr // of a site
	site  int        // number of the site, from 1
	key   int        // what it is called in states

	clauses []*label // of a dispatch, in the order of its clauses
	ctx     *spineCtx
	outs    []*label // where a raw statement may jump

	uses, defs, live bitset
	kept             bitset // of a site: what its frame has to keep
	segment          int
}

type itemKind int

const (
	rawItem itemKind = iota
	labelItem
	gotoItem
	branchItem
	dispatchItem
	siteItem
	returnItem
)

type label struct {
	name  string
	used  bool
	index int
}

// spineCtx says where break and continue go inside a flattened statement.
type spineCtx struct {
	brk, cont *label
	named     map[string]labelPair
}

type labelPair struct{ brk, cont *label }

// target returns the label for a branch statement that leaves its raw statement,
// in which brk breakable statements and cont loops enclose it, or nil if it stays
// inside.
func (c *spineCtx) target(s *ast.BranchStmt, brk, cont int, inside map[string]bool) *label {
	if c == nil {
		return nil
	}
	if s.Label != nil {
		if inside[s.Label.Name] || s.Tok == token.GOTO {
			return nil
		}
		p := c.named[s.Label.Name]
		if s.Tok == token.CONTINUE {
			return p.cont
		}
		return p.brk
	}
	switch {
	case s.Tok == token.BREAK && brk == 0:
		return c.brk
	case s.Tok == token.CONTINUE && cont == 0:
		return c.cont
	}
	return nil
}

func (t *twinGen) newLabel(kind string) *label {
	t.labels[kind]++
	return &label{name: t.local(fmt.Sprintf("%s_%d", kind, t.labels[kind]))}
}

func (t *twinGen) add(it *item) { t.items = append(t.items, it) }

func (t *twinGen) place(l *label) { t.add(&item{kind: labelItem, label: l}) }

func (t *twinGen) jump(l *label) {
	l.used = true
	t.add(&item{kind: gotoItem, label: l})
}

// suspends reports whether a suspending call stands in s, outside of literals and
// of defer statements, which only evaluate operands.
func (t *twinGen) suspends(s ast.Node) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			found = found || t.siteOf(n) != nil
		}
		return !found
	})
	return found
}

func (t *twinGen) flattenList(list []ast.Stmt, ctx *spineCtx) {
	for _, s := range list {
		t.flatten(s, ctx, "")
	}
}

func (t *twinGen) flatten(s ast.Stmt, ctx *spineCtx, name string) {
	if l, ok := s.(*ast.LabeledStmt); ok && isEmpty(l.Stmt) {
		t.place(t.gotoLabel(l.Label))
		return
	}
	if !t.suspends(s) {
		t.raw(s, ctx)
		return
	}
	switch s := s.(type) {
	case *ast.BlockStmt:
		t.flattenList(s.List, ctx)
	case *ast.LabeledStmt:
		t.flatten(s.Stmt, ctx, s.Label.Name)
	case *ast.ExprStmt:
		t.site(s, ast.Unparen(s.X).(*ast.CallExpr), nil)
	case *ast.AssignStmt:
		t.site(s, ast.Unparen(s.Rhs[0]).(*ast.CallExpr), s.Lhs)
	case *ast.IfStmt:
		t.flattenIf(s, ctx)
	case *ast.ForStmt:
		t.flattenFor(s, ctx, name)
	case *ast.SwitchStmt:
		t.flattenSwitch(s, s.Body, ctx, name)
	case *ast.TypeSwitchStmt:
		t.flattenSwitch(s, s.Body, ctx, name)
	default:
		t.refuse(s, "", fmt.Sprintf("internal error: a suspending call in a %T", s))
	}
}

// gotoLabel returns the user's label of that name, which stands on the spine.
func (t *twinGen) gotoLabel(id *ast.Ident) *label {
	l := t.gotos[id.Name]
	if l == nil {
		l = &label{name: id.Name}
		t.gotos[id.Name] = l
	}
	return l
}

func isEmpty(s ast.Stmt) bool {
	_, ok := s.(*ast.EmptyStmt)
	return ok
}

func (t *twinGen) raw(s ast.Stmt, ctx *spineCtx) {
	switch s := s.(type) {
	case *ast.EmptyStmt:
		return
	case *ast.ReturnStmt:
		t.add(&item{kind: returnItem, stmt: s, ctx: ctx})
		return
	case *ast.BranchStmt:
		l := ctx.target(s, 0, 0, nil)
		if s.Tok == token.GOTO {
			l = t.gotoLabel(s.Label)
		}
		if l != nil {
			t.add(&item{kind: gotoItem, label: l, stmt: s})
			l.used = true
			return
		}
		t.refuse(s, "", "internal error: a "+s.Tok.String()+" that leads nowhere")
		return
	case *ast.DeclStmt:
		if d := s.Decl.(*ast.GenDecl); d.Tok != token.VAR {
			t.prologue = append(t.prologue, s)
			return
		}
	}
	it := &item{kind: rawItem, stmt: s, ctx: ctx}
	t.outs(it, s, 0, 0, labelsIn(s))
	t.add(it)
}

// outs notes the labels that a raw statement jumps to.
func (t *twinGen) outs(it *item, n ast.Node, brk, cont int, inside map[string]bool) {
	ast.Inspect(n, func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ForStmt:
			t.outs(it, m.Body, brk+1, cont+1, inside)
			return false
		case *ast.RangeStmt:
			t.outs(it, m.Body, brk+1, cont+1, inside)
			return false
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			t.outs(it, switchBody(m), brk+1, cont, inside)
			return false
		case *ast.BranchStmt:
			l := it.ctx.target(m, brk, cont, inside)
			if m.Tok == token.GOTO && !inside[m.Label.Name] {
				l = t.gotoLabel(m.Label)
			}
			if l != nil {
				l.used = true
				it.outs = append(it.outs, l)
			}
		}
		return true
	})
}

// labelsIn returns the labels that a statement declares.
func labelsIn(s ast.Stmt) map[string]bool {
	labels := map[string]bool{}
	ast.Inspect(s, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.LabeledStmt:
			labels[n.Label.Name] = true
		}
		return true
	})
	return labels
}

func switchBody(n ast.Node) *ast.BlockStmt {
	switch n := n.(type) {
	case *ast.SwitchStmt:
		return n.Body
	case *ast.TypeSwitchStmt:
		return n.Body
	}
	return n.(*ast.SelectStmt).Body
}

func (t *twinGen) site(s ast.Stmt, call *ast.CallExpr, lhs []ast.Expr) {
	if t.siteOf(call) == nil {
		t.refuse(s, "", "internal error: a suspending call has not been taken out of its expression")
		return
	}
	t.add(&item{kind: siteItem, stmt: s, call: call, lhs: slices.Clone(lhs)})
}

func (t *twinGen) flattenIf(s *ast.IfStmt, ctx *spineCtx) {
	otherwise, end := t.newLabel("else"), t.newLabel("endif")
	t.branchUnless(s, s.Cond, otherwise)
	t.flattenList(s.Body.List, ctx)
	if s.Else == nil {
		t.place(otherwise)
		return
	}
	t.jump(end)
	t.place(otherwise)
	t.flatten(s.Else, ctx, "")
	t.place(end)
}

func (t *twinGen) branchUnless(s ast.Stmt, cond ast.Expr, l *label) {
	l.used = true
	t.add(&item{kind: branchItem, stmt: s, cond: cond, label: l})
}

func (t *twinGen) flattenFor(s *ast.ForStmt, ctx *spineCtx, name string) {
	loop, end := t.newLabel("loop"), t.newLabel("endloop")
	cont := loop
	if s.Post != nil {
		cont = t.newLabel("continue")
	}
	if s.Init != nil {
		t.raw(s.Init, ctx)
	}
	t.place(loop)
	if s.Cond != nil {
		t.branchUnless(s, s.Cond, end)
	}
	t.flattenList(s.Body.List, ctx.enter(end, cont, name))
	if s.Post != nil {
		t.place(cont)
		t.raw(s.Post, ctx)
	}
	t.jump(loop)
	t.place(end)
}

// enter returns the context inside of a statement with the given break and
// continue labels; cont is nil for a switch.
func (c *spineCtx) enter(brk, cont *label, name string) *spineCtx {
	n := &spineCtx{brk: brk, cont: cont}
	if c != nil {
		if cont == nil {
			n.cont = c.cont
		}
		n.named = c.named
	}
	if name != "" {
		n.named = maps.Clone(n.named)
		if n.named == nil {
			n.named = map[string]labelPair{}
		}
		n.named[name] = labelPair{brk, cont}
	}
	return n
}

func (t *twinGen) flattenSwitch(s ast.Stmt, body *ast.BlockStmt, ctx *spineCtx, name string) {
	end := t.newLabel("endswitch")
	d := &item{kind: dispatchItem, stmt: s, ctx: ctx, label: end}
	t.add(d)
	inner := ctx.enter(end, nil, name)
	hasDefault := false
	for i, c := range body.List {
		c := c.(*ast.CaseClause)
		l := t.newLabel("case")
		l.used = true
		d.clauses = append(d.clauses, l)
		hasDefault = hasDefault || c.List == nil
		if v, ok := t.info.Implicits[c].(*types.Var); ok {
			t.clauseVars[v] = t.local(fmt.Sprintf("%s_case_%d", v.Name(), t.labels["case"]))
			t.clauseWires[t.clauseVars[v]] = fmt.Sprintf("%s#case%d", t.wire(v.Name()), i+1)
		}
	}
	if hasDefault {
		d.label = nil
	} else {
		end.used = true
	}
	for i, c := range body.List {
		t.place(d.clauses[i])
		t.flattenList(c.(*ast.CaseClause).Body, inner)
		t.jump(end)
	}
	t.place(end)
}
