package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/coroc-dev/coroc/colour"
)

// A func value that a loop calls again and again, as an iterator calls its yield, is
// asked for its twin once, if it is a parameter or a captured variable that does not
// change: the twin is kept in a variable of its own, which is nil after resuming.
type keptTwin struct {
	name  string // of the variable with the twin
	typ   string // of the twin
	value string // of the variable with the func value
}

// keepTwins chooses the callees whose twins are kept: those of sites in loops.
func (t *twinGen) keepTwins(body *ast.BlockStmt) {
	if t.shadowed("nil") {
		return
	}
	var loops []int
	for i, it := range t.items {
		if it.kind != siteItem || t.siteOf(it.call).Kind != colour.FuncValue {
			continue
		}
		if loops == nil {
			loops = t.loops()
		}
		if loops[i] == 0 {
			continue
		}
		v := t.callee(it.call)
		if v == nil || !t.param[v] && !slices.Contains(t.captures, v) || t.result[v] || t.assigns(body, v) {
			continue
		}
		if t.twins == nil {
			t.twins = map[*types.Var]*keptTwin{}
		}
		if t.twins[v] == nil {
			t.twins[v] = &keptTwin{
				name:  t.local("twin_" + v.Name()),
				typ:   fmt.Sprintf("interface{ DurableCall%s }", t.twinSignature(coreSignature(v.Type()))),
				value: t.varName(v),
			}
			t.twinVars = append(t.twinVars, v)
		}
	}
}

// callee returns the variable whose value a call calls, or nil.
func (t *twinGen) callee(call *ast.CallExpr) *types.Var {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := t.info.Uses[id].(*types.Var)
	return v
}

// loops returns how many jumps backwards lead over each item: one or more if it stands in
// a loop.
func (t *twinGen) loops() []int {
	over := make([]int, len(t.items)+1)
	for i := range t.items {
		for _, s := range t.successors(i) {
			if s <= i {
				over[s]++
				over[i+1]--
			}
		}
	}
	for i := 1; i < len(over); i++ {
		over[i] += over[i-1]
	}
	return over
}

// assigns reports whether a body assigns to a variable.
func (t *twinGen) assigns(body *ast.BlockStmt, v *types.Var) bool {
	found := false
	is := func(e ast.Expr) {
		id, ok := e.(*ast.Ident)
		found = found || ok && t.object(id) == v
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				is(e)
			}
		case *ast.RangeStmt:
			is(n.Key)
			is(n.Value)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				is(n.X)
			}
		}
		return !found
	})
	return found
}

// declareTwins declares the variables of the twins that are kept.
func (t *twinGen) declareTwins(b *bodyGen) {
	for _, v := range t.twinVars {
		b.putf("var %s %s\n", t.twins[v].name, t.twins[v].typ)
	}
}

// find prints what looks for the twin, if it is not known yet.
func (k *keptTwin) find(b *bodyGen) {
	b.putf("if %s == nil {\n%s, _ = %s.RecordOf(%s).(%s)\n}\n", k.name, k.name, b.coroc, k.value, k.typ)
}
