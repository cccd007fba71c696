package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"

	"github.com/coroc-dev/coroc/colour"
)

// hoist decides which variables are declared at the top of the twin: those that
// are mentioned in more than one segment. A segment is a run of items without a
// label or site; it is printed as a block of its own, so that all other variables
// keep their declarations, and gc its knowledge of how far they reach.
func (t *twinGen) hoist() {
	segment := 0
	for _, it := range t.items {
		if it.kind == labelItem || it.kind == siteItem {
			segment++
			it.segment = segment
			segment++
			continue
		}
		it.segment = segment
	}
	declared := map[int]int{} // variable → segment of its declaration
	t.framed = t.newSet()
	for _, it := range t.items {
		for _, v := range t.declaredBy(it) {
			declared[t.index[v]] = it.segment
			if it.kind == siteItem || it.kind == dispatchItem {
				t.hoisted[v] = true
			}
		}
	}
	for _, it := range t.items {
		mention := func(i int) {
			if s, ok := declared[i]; ok && s != it.segment {
				t.hoisted[t.vars[i]] = true
			}
		}
		it.uses.each(mention)
		it.defs.each(mention)
		if it.kind == siteItem {
			t.siteLive(it).each(func(i int) { t.framed.set(i) })
		}
	}
	for _, v := range t.boxes {
		if v != nil {
			t.hoisted[v] = true
			t.framed.set(t.index[v])
		}
	}
	if t.d != "" {
		for v := range t.result {
			t.framed.set(t.index[v])
		}
	}
	// One assignment declares all of its variables in one place.
	for _, it := range t.items {
		vars := t.declaredBy(it)
		any := t.redeclares(it)
		for _, v := range vars {
			any = any || t.hoisted[v]
		}
		for _, v := range vars {
			if any {
				t.hoisted[v] = true
			}
		}
	}
}

// siteLive returns what a frame for the site has to keep: what is live behind the
// call, less its results, and the callee, by which the resumed call is found.
func (t *twinGen) siteLive(it *item) bitset {
	if it.kept != nil {
		return it.kept
	}
	live := t.newSet()
	it.kept = live
	for w := range live {
		live[w] = it.live[w] &^ it.defs[w]
	}
	s := t.siteOf(it.call)
	fun := ast.Unparen(it.call.Fun)
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		if m := t.info.Selections[sel]; m != nil && m.Kind() == types.MethodExpr {
			// The receiver leads to the callee, if only through embedded pointers.
			fun = ast.Unparen(it.call.Args[0])
		} else if s.Kind == colour.Interface {
			fun = ast.Unparen(sel.X)
		}
	}
	if s.Kind != colour.Static || fun != ast.Unparen(it.call.Fun) {
		if id, ok := fun.(*ast.Ident); ok {
			if v, ok := t.info.Uses[id].(*types.Var); ok {
				if i, ok := t.index[v]; ok {
					live.set(i)
				}
			}
		}
	}
	if t.d != "" {
		for v := range t.result {
			live.set(t.index[v])
		}
		for _, v := range t.boxes {
			if v != nil {
				live.set(t.index[v])
			}
		}
	}
	return live
}

// declaredBy returns the variables that an item declares in the block of the spine.
func (t *twinGen) declaredBy(it *item) []*types.Var {
	var vars []*types.Var
	def := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok {
			if v, ok := t.info.Defs[id].(*types.Var); ok && v.Name() != "_" {
				vars = append(vars, v)
			}
		}
	}
	switch it.kind {
	case siteItem:
		for _, e := range it.lhs {
			def(e)
		}
	case dispatchItem:
		if s, ok := it.stmt.(*ast.TypeSwitchStmt); ok {
			for _, c := range s.Body.List {
				if v, ok := t.info.Implicits[c].(*types.Var); ok && t.used(v) {
					vars = append(vars, v)
				}
			}
		}
	case rawItem:
		switch s := it.stmt.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				for _, e := range s.Lhs {
					def(e)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				for _, id := range spec.(*ast.ValueSpec).Names {
					def(id)
				}
			}
		}
	}
	return vars
}

// redeclares reports whether a := sets a variable that was declared before, which
// it could not do from inside the block of a segment.
func (t *twinGen) redeclares(it *item) bool {
	s, ok := it.stmt.(*ast.AssignStmt)
	if !ok || s.Tok != token.DEFINE {
		return false
	}
	for _, e := range s.Lhs {
		if id, ok := e.(*ast.Ident); ok && id.Name != "_" && t.info.Defs[id] == nil {
			return true
		}
	}
	return false
}

// used reports whether some item reads v.
func (t *twinGen) used(v *types.Var) bool {
	i := t.index[v]
	for _, it := range t.items {
		if it.uses.has(i) {
			return true
		}
	}
	return false
}

func (t *twinGen) hoistedVars() []*types.Var {
	var list []*types.Var
	for v := range t.hoisted {
		if !t.param[v] {
			list = append(list, v)
		}
	}
	sort.Slice(list, func(i, j int) bool { return t.index[list[i]] < t.index[list[j]] })
	return list
}

func (t *twinGen) declareHoisted(b *bodyGen) {
	for _, v := range t.hoistedVars() {
		if t.resident[v] {
			continue
		}
		b.putf("var %s %s\n", t.varName(v), t.typeOf(v))
		if !t.used(v) && !t.framed.has(t.index[v]) {
			b.putf("_ = %s\n", t.varName(v))
		}
	}
	// A variable that the frame keeps is assigned only when the call has really
	// returned: the callee itself (f = f()), and a named result, whose old value a
	// deferred call may still see if the call panics.
	for _, it := range t.items {
		if it.kind != siteItem {
			continue
		}
		live := t.siteLive(it)
		for i, e := range it.lhs {
			id, ok := e.(*ast.Ident)
			if !ok {
				continue
			}
			v, ok := t.object(id).(*types.Var)
			if !ok {
				continue
			}
			if n, ok := t.index[v]; ok && live.has(n) {
				temp := t.local(fmt.Sprintf("%s_new", v.Name()))
				b.putf("var %s %s\n", temp, t.typeOf(v))
				it.lhs[i] = &resultTemp{Ident: ast.NewIdent(temp), result: t.varName(v)}
			}
		}
	}
}

// resultTemp is a left side that goes to its variable through a temporary.
type resultTemp struct {
	*ast.Ident
	result string
}
