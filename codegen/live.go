package codegen

import (
	"go/ast"
	"go/token"
	"go/types"
	"math/bits"
)

// bitset is a set of local variables, by their index in twinGen.vars.
type bitset []uint64

func (s bitset) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s bitset) set(i int)      { s[i/64] |= 1 << (i % 64) }

// or adds the elements of o and reports whether s has grown.
func (s bitset) or(o bitset) bool {
	grown := false
	for i, w := range o {
		n := s[i] | w
		grown = grown || n != s[i]
		s[i] = n
	}
	return grown
}

func (s bitset) each(f func(i int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			f(w*64 + bits.TrailingZeros64(word))
		}
	}
}

func (t *twinGen) newSet() bitset { return make(bitset, (len(t.vars)+63)/64) }

// collectVars numbers the variables of the body: its parameters, results and
// locals, not those of nested literals.
func (t *twinGen) collectVars(params []*types.Var, body *ast.BlockStmt) {
	add := func(v *types.Var) {
		if _, ok := t.index[v]; !ok && v.Name() != "_" && v.Name() != "" {
			t.index[v] = len(t.vars)
			t.vars = append(t.vars, v)
		}
	}
	for _, v := range params {
		add(v)
		t.param[v] = true
	}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.Ident:
			if v, ok := t.info.Defs[n].(*types.Var); ok && !v.IsField() {
				add(v)
			}
		case *ast.CaseClause:
			if v, ok := t.info.Implicits[n].(*types.Var); ok {
				add(v)
			}
		}
		return true
	})
}

// refs adds the variables that n reads to uses and those that it surely sets to
// defs. Only a plain assignment or declaration that is the whole item sets surely.
func (t *twinGen) refs(it *item) {
	it.uses, it.defs, it.live = t.newSet(), t.newSet(), t.newSet()
	use := func(n ast.Node) {
		if n == nil {
			return
		}
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if v, ok := t.info.Uses[id].(*types.Var); ok {
					t.mentioned[v] = true
					if i, ok := t.index[v]; ok {
						it.uses.set(i)
					}
				}
			}
			return true
		})
	}
	def := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok {
			if v, ok := t.object(id).(*types.Var); ok {
				if i, ok := t.index[v]; ok {
					it.defs.set(i)
				}
			}
			return
		}
		use(e)
	}
	switch it.kind {
	case branchItem:
		use(it.cond)
	case siteItem:
		use(it.call)
		for _, e := range it.lhs {
			def(e)
		}
	case dispatchItem:
		t.dispatchRefs(it, use)
	case returnItem:
		use(it.stmt)
	case rawItem:
		switch s := it.stmt.(type) {
		case *ast.AssignStmt:
			for _, e := range s.Rhs {
				use(e)
			}
			for _, e := range s.Lhs {
				if s.Tok == token.ASSIGN || s.Tok == token.DEFINE {
					def(e)
				} else {
					use(e)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				spec := spec.(*ast.ValueSpec)
				for _, e := range spec.Values {
					use(e)
				}
				for _, id := range spec.Names {
					def(id)
				}
			}
		default:
			use(it.stmt)
			t.forgetInner(it)
		}
	}
}

// forgetInner takes the variables that a compound statement declares itself out of
// its uses: no other item can see them.
func (t *twinGen) forgetInner(it *item) {
	forget := func(o types.Object) {
		if v, ok := o.(*types.Var); ok {
			if i, ok := t.index[v]; ok {
				it.uses[i/64] &^= 1 << (i % 64)
			}
		}
	}
	ast.Inspect(it.stmt, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			forget(t.info.Defs[n])
		case *ast.CaseClause:
			forget(t.info.Implicits[n])
		}
		return true
	})
}

func (t *twinGen) dispatchRefs(it *item, use func(ast.Node)) {
	switch s := it.stmt.(type) {
	case *ast.SwitchStmt:
		if s.Tag != nil {
			use(s.Tag)
		}
		for _, c := range s.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				use(e)
			}
		}
	case *ast.TypeSwitchStmt:
		use(s.Assign)
		for _, c := range s.Body.List {
			if v, ok := t.info.Implicits[c].(*types.Var); ok {
				it.defs.set(t.index[v])
			}
		}
	}
}

// liveness computes for each item the variables that are live behind it, by the
// usual backward iteration.
func (t *twinGen) liveness() {
	for i, it := range t.items {
		if it.kind == labelItem {
			it.label.index = i
		}
		t.refs(it)
	}
	in := make([]bitset, len(t.items)+1)
	for i := range in {
		in[i] = t.newSet()
	}
	for changed := true; changed; {
		changed = false
		for i := len(t.items) - 1; i >= 0; i-- {
			it := t.items[i]
			for _, s := range t.successors(i) {
				it.live.or(in[s])
			}
			for w := range in[i] {
				n := it.uses[w] | it.live[w]&^it.defs[w]
				changed = changed || n != in[i][w]
				in[i][w] = n
			}
		}
	}
}

func (t *twinGen) successors(i int) []int {
	it := t.items[i]
	var s []int
	switch it.kind {
	case returnItem:
		return nil
	case gotoItem:
		return []int{it.label.index}
	case branchItem:
		return []int{it.label.index, i + 1}
	case dispatchItem:
		for _, l := range it.clauses {
			s = append(s, l.index)
		}
		if it.label != nil {
			s = append(s, it.label.index)
		}
		return s
	case rawItem:
		for _, l := range it.outs {
			s = append(s, l.index)
		}
	}
	return append(s, i+1)
}
