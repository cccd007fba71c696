package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A varUse is what decides whether a local variable is boxed.
type varUse struct {
	level    *level
	result   bool
	assigned bool // other than where it is declared
	address  bool // taken, also implicitly
	byValue  bool // captured by a literal that will be a record
	byRef    bool // captured by a literal that Go makes
	loop     ast.Stmt
}

// findBoxes decides which variables are boxed: those that two functions, or a
// function and a pointer, must go on sharing when the frame has been saved and
// restored.
func (f *fn) findBoxes() {
	s := &useScanner{fn: f, kind: make(map[*ast.FuncLit]litKind)}
	s.scan()
	for v, u := range f.vars {
		shared := u.address || u.byValue || u.byRef
		changes := u.assigned || u.address
		switch {
		case !shared:
		case u.result && u.byValue:
			f.boxed[v] = true
		case u.byValue && changes:
			f.boxed[v] = true
		case changes && (u.address || u.byRef) && f.siteAfter(v, u):
			f.boxed[v] = true
		}
	}
	f.boxLoopVars()
}

// boxLoopVars boxes the variables of a three-clause loop that is going to lose
// its init statement, and with it the fresh variables of each iteration.
func (f *fn) boxLoopVars() {
	if !f.file.perIter {
		return
	}
	lowered := make(map[ast.Stmt]bool)
	for v, u := range f.vars {
		if u.loop != nil && (f.boxed[v] || u.level.durable && f.r.hasSite(u.loop)) {
			lowered[u.loop] = true
		}
	}
	for v, u := range f.vars {
		if lowered[u.loop] && (u.address || u.byValue || u.byRef) {
			f.boxed[v] = true
		}
	}
}

// siteAfter reports whether a call that may suspend follows the declaration of v
// inside the block that declares it.
func (f *fn) siteAfter(v *types.Var, u *varUse) bool {
	lv := u.level
	if !lv.durable {
		return false
	}
	if lv.defersIt || lv.jumps && len(lv.sites) > 0 {
		return true
	}
	for _, c := range lv.sites {
		if c.End() > v.Pos() && (v.Parent() == nil || u.result || isParam(lv, v) || within(v.Parent(), c)) {
			return true
		}
	}
	return false
}

func within(s *types.Scope, n ast.Node) bool {
	return s.Pos() <= n.Pos() && n.End() <= s.End()
}

func isParam(lv *level, v *types.Var) bool {
	return v.Pos() < lv.body.Pos()
}

// A litKind says what becomes of a func literal.
type litKind int

const (
	native   litKind = iota // Go makes it
	atOnce                  // it is called where it stands, and does not suspend
	byRecord                // it becomes a record, or is saved with the frame that defers it
)

// A useScanner finds out how the local variables of a declaration are used.
type useScanner struct {
	*fn
	kind  map[*ast.FuncLit]litKind
	stack []*level // innermost last
	decls map[types.Object]*level
}

func (s *useScanner) scan() {
	s.decls = make(map[types.Object]*level)
	switch d := s.src.(type) {
	case *ast.FuncDecl:
		durable := false
		if obj, ok := s.r.info.Defs[d.Name].(*types.Func); ok {
			durable = s.r.durableFunc(obj)
		}
		lv := &level{node: d, typ: d.Type, body: d.Body, durable: durable}
		if d.Recv != nil {
			s.declareFields(d.Recv, lv, false)
		}
		s.function(lv)
	case *ast.GenDecl:
		s.stack = []*level{{}}
		s.visit(d)
	}
}

func (s *useScanner) function(lv *level) {
	s.stack = append(s.stack, lv)
	s.declareFields(lv.typ.Params, lv, false)
	s.declareFields(lv.typ.Results, lv, true)
	s.visit(lv.body)
	s.stack = s.stack[:len(s.stack)-1]
}

func (s *useScanner) declareFields(l *ast.FieldList, lv *level, result bool) {
	if l == nil {
		return
	}
	for _, field := range l.List {
		for _, id := range field.Names {
			if v, ok := s.r.info.Defs[id].(*types.Var); ok {
				s.declare(v, lv)
				if result {
					s.vars[v].result, s.vars[v].assigned = true, true
				}
			}
		}
	}
}

func (s *useScanner) declare(v *types.Var, lv *level) {
	if s.vars[v] == nil {
		s.vars[v] = &varUse{level: lv}
		s.decls[v] = lv
	}
}

func (s *useScanner) top() *level { return s.stack[len(s.stack)-1] }

// visit walks a subtree; literals open a level of their own.
func (s *useScanner) visit(root ast.Node) {
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			s.function(&level{
				node: n, typ: n.Type, body: n.Body, outer: s.top(), durable: s.r.durableLit(n),
			})
			return false
		case *ast.DeferStmt:
			if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
				s.kind[lit] = native
				if s.top().function().durable {
					s.kind[lit] = byRecord
				}
			}
			if s.r.facts.Sites[n.Call] != nil {
				s.top().function().defersIt = true
			}
		case *ast.ReturnStmt:
			if len(n.Results) > 0 {
				s.returns()
			}
		case *ast.BranchStmt:
			for lv := s.top(); n.Tok == token.GOTO && lv != nil; lv = lv.outer {
				lv.jumps = true
				if lv.loop == nil {
					break
				}
			}
		case *ast.GoStmt:
			if lit, ok := ast.Unparen(n.Call.Fun).(*ast.FuncLit); ok {
				s.kind[lit] = native
			}
		case *ast.CallExpr:
			s.call(n)
		case *ast.Ident:
			s.ident(n)
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if n.Tok == token.DEFINE {
					if id, ok := e.(*ast.Ident); ok && s.r.info.Defs[id] == nil {
						s.assigned(e)
					}
				} else {
					s.assigned(e)
				}
			}
		case *ast.IncDecStmt:
			s.assigned(n.X)
		case *ast.RangeStmt:
			if s.top().durable && s.lowersRange(n) {
				s.rangeFunc(n)
				return false
			}
			s.rangeStmt(n)
		case *ast.ForStmt:
			s.forStmt(n)
		case *ast.TypeSwitchStmt:
			for _, c := range n.Body.List {
				if v, ok := s.r.info.Implicits[c].(*types.Var); ok {
					s.declare(v, s.top())
				}
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				s.addressed(n.X)
			}
		case *ast.SliceExpr:
			if t := s.r.info.Types[n.X].Type; t != nil {
				if _, ok := t.Underlying().(*types.Array); ok {
					s.addressed(n.X)
				}
			}
		case *ast.SelectorExpr:
			if base := s.r.implicitAddress(n); base != nil {
				s.address(base)
			}
		}
		return true
	})
}

func (s *useScanner) call(n *ast.CallExpr) {
	if s.r.facts.Sites[n] != nil {
		s.top().sites = append(s.top().sites, n)
	}
	if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
		if _, known := s.kind[lit]; !known {
			s.kind[lit] = atOnce
		}
	}
}

func (s *useScanner) ident(id *ast.Ident) {
	info := s.r.info
	if v, ok := info.Defs[id].(*types.Var); ok {
		if !v.IsField() && !s.isGlobal(v) {
			s.declare(v, s.top())
		}
		return
	}
	v, ok := info.Uses[id].(*types.Var)
	if !ok || s.vars[v] == nil {
		return
	}
	u := s.vars[v]
	for i := len(s.stack) - 1; i >= 0 && s.stack[i] != u.level; i-- {
		if s.stack[i].loop != nil {
			u.byValue = true
			continue
		}
		lit, ok := s.stack[i].node.(*ast.FuncLit)
		if !ok {
			continue
		}
		kind := s.kind[lit]
		if s.r.facts.Records[lit] || s.r.durableLit(lit) {
			kind = byRecord
		}
		switch kind {
		case native:
			u.byRef = true
		case byRecord:
			u.byValue = true
		}
	}
}

// rangeFunc visits a range over a function: its body is a literal that becomes a
// record.
func (s *useScanner) rangeFunc(n *ast.RangeStmt) {
	s.visit(n.X)
	s.top().sites = append(s.top().sites, n)
	s.stack = append(s.stack, &level{
		node: n, loop: &rangeBody{stmt: n}, body: n.Body, outer: s.top(), durable: s.r.facts.Bodies[n] != nil,
	})
	for _, e := range []ast.Expr{n.Key, n.Value} {
		if e == nil {
			continue
		}
		if n.Tok == token.ASSIGN {
			s.assigned(e)
		}
		s.visit(e)
	}
	s.visit(n.Body)
	s.stack = s.stack[:len(s.stack)-1]
}

// returns notes that a return statement with operands sets the results of the
// function around the body of a range that it stands in.
func (s *useScanner) returns() {
	fun := s.top().function()
	if s.top() == fun || fun.typ.Results == nil {
		return
	}
	for _, field := range fun.typ.Results.List {
		for _, id := range field.Names {
			if v, ok := s.r.info.Defs[id].(*types.Var); ok {
				s.vars[v].byValue = true
			}
		}
	}
}

func (s *useScanner) rangeStmt(n *ast.RangeStmt) {
	for _, e := range []ast.Expr{n.Key, n.Value} {
		if e == nil {
			continue
		}
		if n.Tok == token.ASSIGN {
			s.assigned(e)
		} else if id, ok := e.(*ast.Ident); ok && !s.file.perIter {
			if v, ok := s.r.info.Defs[id].(*types.Var); ok {
				s.declare(v, s.top())
				s.vars[v].assigned = true
			}
		}
	}
}

func (s *useScanner) forStmt(n *ast.ForStmt) {
	init, ok := n.Init.(*ast.AssignStmt)
	if !ok || init.Tok != token.DEFINE {
		return
	}
	for _, e := range init.Lhs {
		if v, ok := s.r.info.Defs[e.(*ast.Ident)].(*types.Var); ok {
			s.declare(v, s.top())
			s.vars[v].loop = n
		}
	}
}

func (s *useScanner) assigned(e ast.Expr) {
	if v := s.r.root(e); v != nil && s.vars[v] != nil {
		s.vars[v].assigned = true
	}
}

func (s *useScanner) addressed(e ast.Expr) { s.address(s.r.root(e)) }

func (s *useScanner) address(v *types.Var) {
	if v != nil && s.vars[v] != nil {
		s.vars[v].address = true
	}
}

// root returns the variable of which e denotes a part, or the whole, without
// going through a pointer.
func (r *rewriter) root(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, _ := r.info.ObjectOf(e).(*types.Var)
		return v
	case *ast.SelectorExpr:
		if sel := r.info.Selections[e]; sel != nil && sel.Kind() == types.FieldVal && !sel.Indirect() {
			return r.root(e.X)
		}
	case *ast.IndexExpr:
		if t := r.info.Types[e.X].Type; t != nil {
			if _, ok := t.Underlying().(*types.Array); ok {
				return r.root(e.X)
			}
		}
	}
	return nil
}

// implicitAddress returns the variable whose address a method selector takes.
func (r *rewriter) implicitAddress(e *ast.SelectorExpr) *types.Var {
	sel := r.info.Selections[e]
	if sel == nil || sel.Kind() != types.MethodVal {
		return nil
	}
	p := receiverPath(sel)
	if !p.address || p.indirect {
		return nil
	}
	return r.root(e.X)
}

// A path says how the receiver of a method is reached from the operand of its
// selector.
type path struct {
	fields   []*types.Var // embedded fields
	indirect bool         // the operand or a field on the way is a pointer that is followed
	address  bool         // & of the last value
	deref    bool         // * of the last value
	iface    bool         // the receiver is an interface
}

func receiverPath(sel *types.Selection) path {
	var p path
	t := sel.Recv()
	idx := sel.Index()
	for _, i := range idx[:len(idx)-1] {
		u := t.Underlying()
		if ptr, ok := u.(*types.Pointer); ok {
			p.indirect = true
			u = ptr.Elem().Underlying()
		}
		st, ok := u.(*types.Struct)
		if !ok {
			break
		}
		v := st.Field(i)
		p.fields = append(p.fields, v)
		t = v.Type()
	}
	_, isParam := types.Unalias(t).(*types.TypeParam)
	if types.IsInterface(t) && !isParam {
		p.iface = true
		return p
	}
	m, ok := sel.Obj().(*types.Func)
	if !ok {
		return p
	}
	_, isPtr := t.Underlying().(*types.Pointer)
	recv := m.Signature().Recv()
	if recv == nil || isParam {
		return p
	}
	_, wantsPtr := recv.Type().Underlying().(*types.Pointer)
	switch {
	case wantsPtr && !isPtr:
		p.address = true
	case !wantsPtr && isPtr:
		p.deref = true
	}
	return p
}
