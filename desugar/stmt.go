package desugar

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// A target is a statement of the source that break or continue may refer to.
type target struct {
	loop     bool
	body     bool         // the range over a function whose body this function is
	label    types.Object // of the source, nil if it has none
	name     string       // label in the result, "" if it has none yet
	implicit bool         // the label was made up
	cont     string       // "continue" breaks out of the switch with this label
	wrapped  bool         // the body stands in a switch, so that every break needs the label
	used     bool         // the label is referred to
	contUsed bool
}

func (f *fn) stmts(list []ast.Stmt) []ast.Stmt {
	return f.collect(func() {
		for _, s := range list {
			f.stmt(s)
		}
	})
}

func (f *fn) block(b *ast.BlockStmt) *ast.BlockStmt {
	return copied(f, block(f.stmts(b.List)), b)
}

// scoped emits what do emits as a block of its own, if it is more than one
// statement.
func (f *fn) scoped(old ast.Node, do func()) {
	list := f.collect(do)
	if len(list) == 1 {
		f.emit(list[0], old)
		return
	}
	f.emit(block(list), old)
}

// stmt emits a statement of the source. In a function with goto, one that declares
// nothing itself declares nothing in the end: the source may jump over it.
func (f *fn) stmt(s ast.Stmt) {
	outer := f.at
	f.at = s
	defer func() { f.at = outer }()
	if len(f.level.gotos) == 0 || declares(s) {
		f.statement(s)
		return
	}
	if _, ok := s.(*ast.LabeledStmt); ok {
		f.statement(s)
		return
	}
	list := f.collect(func() { f.statement(s) })
	if len(list) > 1 && slices.ContainsFunc(list, declares) {
		f.emit(block(list), s)
		return
	}
	for _, n := range list {
		f.emit(n, s)
	}
}

// declares reports whether a statement declares variables in the block around it.
func declares(s ast.Stmt) bool {
	switch s := s.(type) {
	case *ast.DeclStmt:
		return true
	case *ast.AssignStmt:
		return s.Tok == token.DEFINE
	}
	return false
}

func (f *fn) statement(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.EmptyStmt:
	case *ast.BlockStmt:
		f.emit(f.block(s), s)
	case *ast.ExprStmt:
		f.exprStmt(s)
	case *ast.SendStmt:
		ch := f.expr(s.Chan, f.suspends(s.Value))
		f.emit(&ast.SendStmt{Chan: ch, Value: f.expr(s.Value, false)}, s)
	case *ast.IncDecStmt:
		f.emit(&ast.IncDecStmt{X: f.expr(s.X, false), Tok: s.Tok}, s)
	case *ast.AssignStmt:
		f.assign(s)
	case *ast.DeclStmt:
		f.localDecl(s)
	case *ast.GoStmt:
		f.goStmt(s)
	case *ast.DeferStmt:
		f.deferStmt(s)
	case *ast.ReturnStmt:
		f.returnStmt(s)
	case *ast.BranchStmt:
		f.branch(s)
	case *ast.LabeledStmt:
		f.labeled(s)
	case *ast.IfStmt:
		f.ifStmt(s)
	case *ast.ForStmt:
		f.forStmt(s, nil)
	case *ast.RangeStmt:
		f.rangeStmt(s, nil)
	case *ast.SwitchStmt:
		f.switchStmt(s, nil)
	case *ast.TypeSwitchStmt:
		f.typeSwitch(s, nil)
	case *ast.SelectStmt:
		f.selectStmt(s, nil)
	default:
		f.r.errorf(s.Pos(), "internal error: a statement that does not parse")
	}
}

func (f *fn) exprStmt(s *ast.ExprStmt) {
	if c := f.site(s.X); c != nil {
		f.emit(&ast.ExprStmt{X: f.siteCall(c)}, s)
		return
	}
	if f.recoversNothing(s.X) {
		return
	}
	f.emit(&ast.ExprStmt{X: f.expr(s.X, false)}, s)
}

func (f *fn) labeled(s *ast.LabeledStmt) {
	obj := f.r.info.Defs[s.Label]
	t := &target{label: obj, name: f.nameOf(obj, s.Label.Name)}
	if f.level.gotos[obj] {
		// goto leads to what comes before the loop or switch, break and continue
		// need a label on that itself.
		f.emit(labelled(t.name, &ast.EmptyStmt{}), s)
		t.name = f.derived(t.name, "_loop")
	}
	switch inner := s.Stmt.(type) {
	case *ast.ForStmt:
		f.forStmt(inner, t)
	case *ast.RangeStmt:
		f.rangeStmt(inner, t)
	case *ast.SwitchStmt:
		f.switchStmt(inner, t)
	case *ast.TypeSwitchStmt:
		f.typeSwitch(inner, t)
	case *ast.SelectStmt:
		f.selectStmt(inner, t)
	default:
		if f.plain {
			f.emit(labelled(t.name, f.single(inner)), s)
			return
		}
		f.stmt(inner)
	}
}

// enter begins the body of a statement that break may refer to.
func (f *fn) enter(t *target, loop bool) *target {
	if t == nil {
		t = &target{}
	}
	t.loop = loop
	f.targets = append(f.targets, t)
	return t
}

func (f *fn) leave() { f.targets = f.targets[:len(f.targets)-1] }

// branch emits break, continue, goto or fallthrough.
func (f *fn) branch(s *ast.BranchStmt) {
	if f.branchOut(s) {
		return
	}
	n := &ast.BranchStmt{Tok: s.Tok}
	switch s.Tok {
	case token.GOTO:
		n.Label = f.labelUse(s.Label)
	case token.BREAK, token.CONTINUE:
		t := f.branchTarget(s)
		switch {
		case t == nil:
			if s.Label != nil {
				n.Label = f.labelUse(s.Label)
			}
		case s.Tok == token.CONTINUE && t.cont != "":
			n.Tok, n.Label = token.BREAK, ident(t.cont)
			t.contUsed = true
		case t.wrapped && s.Tok == token.BREAK && t.name == "":
			t.name, t.implicit = f.fresh("loop"), true
			n.Label = ident(t.name)
		case t.wrapped && s.Tok == token.BREAK || s.Label != nil || t.implicit:
			n.Label = ident(t.name)
		}
		if t != nil && n.Label != nil && n.Label.Name == t.name {
			t.used = true
		}
	}
	f.emit(n, s)
}

func (f *fn) labelUse(id *ast.Ident) *ast.Ident {
	return copied(f, ident(f.nameOf(f.r.info.Uses[id], id.Name)), id)
}

// branchTarget returns what a break or continue refers to.
func (f *fn) branchTarget(s *ast.BranchStmt) *target {
	for i := len(f.targets) - 1; i >= 0; i-- {
		t := f.targets[i]
		if s.Label != nil {
			if t.label != nil && t.label == f.r.info.Uses[s.Label] {
				return t
			}
			continue
		}
		if s.Tok == token.BREAK || t.loop {
			return t
		}
	}
	return nil
}

// emitLabelled emits a loop or switch under the label of its target.
func (f *fn) emitLabelled(t *target, s ast.Stmt, old ast.Node) {
	copied(f, ast.Node(s), old)
	f.emit(labelled(t.name, s), old)
}

func (f *fn) ifStmt(s *ast.IfStmt) {
	f.initialized(s.Init, f.suspends(s), s, func(init ast.Stmt) {
		cond := f.expr(s.Cond, false)
		n := &ast.IfStmt{Init: init, Cond: cond, Body: f.block(s.Body)}
		if s.Else != nil {
			list := f.collect(func() { f.stmt(s.Else) })
			if len(list) == 1 {
				switch e := list[0].(type) {
				case *ast.IfStmt, *ast.BlockStmt:
					n.Else = e
				}
			}
			if n.Else == nil {
				n.Else = copied(f, block(list), ast.Node(s.Else))
			}
		}
		f.emit(n, s)
	})
}

// initialized emits a statement with its init statement: inside of it, where that
// is possible, else in a block around both.
func (f *fn) initialized(init ast.Stmt, spine bool, old ast.Node, do func(init ast.Stmt)) {
	if init == nil {
		do(nil)
		return
	}
	list := f.collect(func() { f.stmt(init) })
	if !spine && len(list) == 1 && isSimpleStmt(list[0]) {
		do(list[0])
		return
	}
	f.scoped(old, func() {
		for _, s := range list {
			f.emit(s, init)
		}
		do(nil)
	})
}

func isSimpleStmt(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.ExprStmt, *ast.SendStmt, *ast.IncDecStmt, *ast.AssignStmt:
		return true
	}
	return false
}

func (f *fn) goStmt(s *ast.GoStmt) {
	f.emit(&ast.GoStmt{Call: f.outsideCall(s.Call)}, s)
}

// outsideCall copies the call of a go statement, or of a defer statement in a
// function that is not durable: its operands are evaluated here, the call is not
// made here.
func (f *fn) outsideCall(c *ast.CallExpr) *ast.CallExpr {
	if f.r.info.Types[c.Fun].IsBuiltin() {
		n := &ast.CallExpr{Fun: f.expr(c.Fun, false), Args: f.args(c), Ellipsis: spread(c)}
		return copied(f, n, c)
	}
	n := f.plainCall(c)
	return n.(*ast.CallExpr)
}

// deferStmt emits a defer statement. In a durable function the operands are
// simple, so that they can be saved until the call is made.
func (f *fn) deferStmt(s *ast.DeferStmt) {
	c := s.Call
	if !f.deferTo().durable {
		f.emit(&ast.DeferStmt{Call: f.outsideCall(c)}, s)
		return
	}
	if lit, ok := ast.Unparen(c.Fun).(*ast.FuncLit); ok && len(c.Args) == 0 {
		n := copied(f, &ast.CallExpr{Fun: f.funcLit(lit)}, c)
		f.emit(&ast.DeferStmt{Call: n}, s)
		return
	}
	if f.r.info.Types[c.Fun].IsBuiltin() {
		var args []ast.Expr
		if len(c.Args) == 1 {
			args = f.callResults(c.Args[0])
		}
		tuple := args != nil
		if !tuple {
			args = f.exprsBefore(c.Args, len(c.Args) > 1)
		}
		for i := range args {
			if !tuple && !f.r.info.Types[c.Args[i]].IsType() {
				args[i] = f.makeSimple(args[i], c.Args[i])
			}
		}
		n := &ast.CallExpr{Fun: f.expr(c.Fun, false), Args: args, Ellipsis: spread(c)}
		f.emit(&ast.DeferStmt{Call: copied(f, n, c)}, s)
		return
	}
	f.emit(&ast.DeferStmt{Call: f.siteCall(c)}, s)
}

func (f *fn) returnStmt(s *ast.ReturnStmt) {
	lv := f.level
	if lv.loop != nil {
		if len(s.Results) > 0 {
			f.setResults(s)
		}
		f.exitBody(s)
		return
	}
	if len(s.Results) == 0 {
		n := &ast.ReturnStmt{}
		if lv.needReturn {
			n.Results = f.resultUses()
		}
		f.emit(n, s)
		return
	}
	if lv.setReturn {
		f.setResults(s)
		f.emit(&ast.ReturnStmt{Results: f.resultUses()}, s)
		return
	}
	if len(s.Results) == 1 {
		if c := f.site(s.Results[0]); c != nil {
			if list := f.tuple(s.Results[0]); list != nil {
				f.emit(&ast.ReturnStmt{Results: list}, s)
				return
			}
		}
	}
	f.emit(&ast.ReturnStmt{Results: f.returned(s)}, s)
}

// returned copies the operands of a return statement.
func (f *fn) returned(s *ast.ReturnStmt) []ast.Expr {
	var types []ast.Expr
	if results := f.level.function().typ.Results; results != nil {
		for _, field := range results.List {
			for range max(1, len(field.Names)) {
				types = append(types, field.Type)
			}
		}
	}
	if len(types) != len(s.Results) {
		return f.exprs(s.Results)
	}
	var out []ast.Expr
	for i, e := range s.Results {
		out = append(out, f.assigned(e, f.r.info.Types[types[i]].Type, f.anySuspends(s.Results[i+1:])))
	}
	return out
}

// resultUses returns expressions that read the result variables.
func (f *fn) resultUses() []ast.Expr {
	var list []ast.Expr
	for _, r := range f.level.function().results {
		list = append(list, r.use())
	}
	return list
}

func (r result) use() ast.Expr {
	if r.boxed {
		return &ast.StarExpr{X: ident(r.name)}
	}
	return ident(r.name)
}

// setResults assigns the operands of a return statement to the result variables,
// so that what shares them sees the values.
func (f *fn) setResults(s *ast.ReturnStmt) {
	res := f.level.function().results
	if len(s.Results) == 1 && len(res) > 1 {
		if c := f.site(s.Results[0]); c != nil {
			f.setResultsSite(s, c)
			return
		}
		f.emit(set(f.resultUses(), token.ASSIGN, f.expr(s.Results[0], false)), s)
		return
	}
	if len(res) == 1 && !res[0].boxed {
		if c := f.site(s.Results[0]); c != nil {
			f.emit(set1(res[0].use(), f.siteCall(c)), s)
			return
		}
	}
	var lhs, rhs []ast.Expr
	values := f.returned(s)
	for i, v := range values {
		if same(v, res[i].use()) {
			continue
		}
		lhs = append(lhs, res[i].use())
		rhs = append(rhs, v)
	}
	if len(lhs) > 0 {
		f.emit(set(lhs, token.ASSIGN, rhs...), s)
	}
}

func (f *fn) setResultsSite(s *ast.ReturnStmt, c *ast.CallExpr) {
	plain := true
	results := f.level.function().results
	for _, r := range results {
		plain = plain && !r.boxed
	}
	call := f.siteCall(c)
	if plain {
		f.emit(set(f.resultUses(), token.ASSIGN, call), s)
		return
	}
	list := f.tupleTemps(len(results), call, c)
	f.emit(set(f.resultUses(), token.ASSIGN, list...), s)
}

// same reports whether two expressions are the same variable.
func same(a, b ast.Expr) bool {
	a, b = ast.Unparen(a), ast.Unparen(b)
	if sa, ok := a.(*ast.StarExpr); ok {
		sb, ok := b.(*ast.StarExpr)
		return ok && same(sa.X, sb.X)
	}
	ia, ok1 := a.(*ast.Ident)
	ib, ok2 := b.(*ast.Ident)
	return ok1 && ok2 && ia.Name == ib.Name
}

// dropUnusedLabels removes the labels that nothing refers to any more, which Go
// does not allow. Literals have their own.
func dropUnusedLabels(list []ast.Stmt) []ast.Stmt {
	used := make(map[string]bool)
	b := block(list)
	ast.Inspect(b, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.BranchStmt:
			if n.Label != nil {
				used[n.Label.Name] = true
			}
		}
		return true
	})
	var fix func(s ast.Stmt) ast.Stmt
	fixList := func(list []ast.Stmt) {
		for i, s := range list {
			list[i] = fix(s)
		}
	}
	fix = func(s ast.Stmt) ast.Stmt {
		switch s := s.(type) {
		case *ast.LabeledStmt:
			inner := fix(s.Stmt)
			if !used[s.Label.Name] {
				return inner
			}
			s.Stmt = inner
		case *ast.BlockStmt:
			fixList(s.List)
		case *ast.IfStmt:
			fixList(s.Body.List)
			if s.Else != nil {
				s.Else = fix(s.Else)
			}
		case *ast.ForStmt:
			fixList(s.Body.List)
		case *ast.RangeStmt:
			fixList(s.Body.List)
		case *ast.SwitchStmt:
			fixList(s.Body.List)
		case *ast.TypeSwitchStmt:
			fixList(s.Body.List)
		case *ast.SelectStmt:
			fixList(s.Body.List)
		case *ast.CaseClause:
			fixList(s.Body)
		case *ast.CommClause:
			fixList(s.Body)
		}
		return s
	}
	fixList(b.List)
	return b.List
}
