package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/desugar"
)

// emit prints the items.
func (t *twinGen) emit(b *bodyGen, frame string) {
	for i := 0; i < len(t.items); {
		it := t.items[i]
		switch it.kind {
		case labelItem:
			b.put(it.label.name + ":\n")
			i++
		case siteItem:
			t.emitSite(b, frame, it)
			i++
		default:
			end := i
			declares := false
			for end < len(t.items) && t.items[end].segment == it.segment {
				for _, v := range t.declaredBy(t.items[end]) {
					declares = declares || !t.hoisted[v]
				}
				declares = declares || declaresBlank(t.items[end])
				end++
			}
			if declares {
				b.put("{\n")
			}
			for ; i < end; i++ {
				t.emitItem(b, t.items[i])
			}
			if declares {
				b.put("}\n")
			}
		}
	}
	if n := len(t.items); n == 0 || !t.terminates(t.items[n-1]) {
		if n > 0 && t.items[n-1].kind == labelItem || len(t.results) > 0 || t.suspend != "" {
			b.put("return\n")
		}
	}
	if t.suspend != "" {
		b.putf("%s:\n*%s.Frame[%s](%s) = %s\nreturn\n", t.suspend, t.coroc, frame, t.c, t.fr)
	}
}

// declaresBlank reports whether an item is a declaration of blank variables only: no
// label may stand behind it in its block.
func declaresBlank(it *item) bool {
	d, ok := it.stmt.(*ast.DeclStmt)
	if !ok || it.kind != rawItem {
		return false
	}
	for _, spec := range d.Decl.(*ast.GenDecl).Specs {
		for _, id := range spec.(*ast.ValueSpec).Names {
			if id.Name != "_" {
				return false
			}
		}
	}
	return true
}

func (t *twinGen) terminates(it *item) bool {
	return it.kind == returnItem || it.kind == gotoItem ||
		it.kind == rawItem && it.stmt != nil && !t.shadowed("panic") && desugar.Terminates(t.info, it.stmt)
}

func (t *twinGen) emitItem(b *bodyGen, it *item) {
	b.ctx, b.brk, b.cont, b.inLabels = it.ctx, 0, 0, map[string]bool{}
	defer func() { b.ctx = nil }()
	switch it.kind {
	case gotoItem:
		if it.stmt != nil {
			b.line(it.stmt)
		}
		b.put("goto " + it.label.name + "\n")
	case branchItem:
		b.line(it.stmt)
		b.putf("if %s {\ngoto %s\n}\n", b.negated(it.cond), it.label.name)
	case dispatchItem:
		t.emitDispatch(b, it)
	case rawItem:
		t.emitRaw(b, it)
	default:
		b.stmt(it.stmt)
	}
}

// negated returns the negation of a condition.
func (b *bodyGen) negated(e ast.Expr) string {
	e = ast.Unparen(e)
	switch x := e.(type) {
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			return b.expr(x.X)
		}
	case *ast.BinaryExpr:
		return "!(" + b.expr(e) + ")"
	}
	return "!" + b.expr(e)
}

// emitRaw prints a statement that has no suspending call; a declaration of hoisted
// variables becomes an assignment.
func (t *twinGen) emitRaw(b *bodyGen, it *item) {
	hoisted := false
	for _, v := range t.declaredBy(it) {
		hoisted = hoisted || t.hoisted[v]
	}
	switch s := it.stmt.(type) {
	case *ast.AssignStmt:
		if s.Tok == token.DEFINE && (hoisted || t.redeclares(it)) {
			b.line(s)
			b.put(b.simple(&ast.AssignStmt{Lhs: s.Lhs, Tok: token.ASSIGN, Rhs: s.Rhs}) + "\n")
			return
		}
	case *ast.DeclStmt:
		if hoisted {
			b.line(s)
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				t.emitVarSpec(b, spec.(*ast.ValueSpec))
			}
			return
		}
	}
	b.stmt(it.stmt)
	for _, v := range t.declaredBy(it) {
		if !t.used(v) { // its uses cannot be reached
			b.putf("_ = %s\n", t.varName(v))
		}
	}
}

func (t *twinGen) emitVarSpec(b *bodyGen, s *ast.ValueSpec) {
	name := func(id *ast.Ident) string {
		if v, ok := t.info.Defs[id].(*types.Var); ok && id.Name != "_" {
			return t.varName(v)
		}
		return id.Name
	}
	var names []string
	for _, id := range s.Names {
		names = append(names, name(id))
	}
	if len(s.Values) > 0 {
		var values []string
		for _, e := range s.Values {
			values = append(values, b.expr(e))
		}
		b.putf("%s = %s\n", strings.Join(names, ", "), strings.Join(values, ", "))
		return
	}
	for _, id := range s.Names {
		if v, ok := t.info.Defs[id].(*types.Var); ok && id.Name != "_" {
			b.putf("%s = %s\n", name(id), t.zeroText(v.Type()))
		}
	}
}

func (t *twinGen) emitDispatch(b *bodyGen, it *item) {
	b.line(it.stmt)
	switch s := it.stmt.(type) {
	case *ast.SwitchStmt:
		b.put("switch ")
		if s.Tag != nil {
			b.put(b.expr(s.Tag))
		}
		b.put(" {\n")
		for i, c := range s.Body.List {
			b.line(c)
			b.caseHead(c.(*ast.CaseClause))
			b.putf("goto %s\n", it.clauses[i].name)
		}
	case *ast.TypeSwitchStmt:
		var x ast.Expr
		name := ""
		switch a := s.Assign.(type) {
		case *ast.ExprStmt:
			x = a.X
		case *ast.AssignStmt:
			x = a.Rhs[0]
			for _, c := range s.Body.List {
				if v, ok := t.info.Implicits[c].(*types.Var); ok && t.used(v) {
					name = a.Lhs[0].(*ast.Ident).Name
				}
			}
		}
		b.put("switch ")
		if name != "" {
			b.put(name + " := ")
		}
		b.put(b.expr(x) + " {\n")
		for i, c := range s.Body.List {
			b.line(c)
			b.caseHead(c.(*ast.CaseClause))
			if v, ok := t.info.Implicits[c].(*types.Var); ok && t.used(v) {
				b.putf("%s = %s\n", t.varName(v), name)
			}
			b.putf("goto %s\n", it.clauses[i].name)
		}
	}
	b.put("}\n")
	if it.label != nil {
		b.putf("goto %s\n", it.label.name)
	}
}

// emitSite prints a suspending call and what follows it if it does suspend.
func (t *twinGen) emitSite(b *bodyGen, frame string, it *item) {
	b.put(t.siteLabel(it) + ":\n")
	b.line(it.stmt)
	var lhs, after []string
	for _, e := range it.lhs {
		switch e := e.(type) {
		case *resultTemp:
			lhs = append(lhs, e.Name)
			after = append(after, e.result+" = "+e.Name+"\n")
		default:
			lhs = append(lhs, b.expr(e))
		}
	}
	assign := ""
	if blank := strings.Trim(strings.Join(lhs, ""), "_") == ""; len(lhs) > 0 && !blank {
		assign = strings.Join(lhs, ", ") + " = "
	}
	static, test, dynamic, plain := t.callTexts(b, it.call)
	kept := t.twins[t.callee(it.call)]
	switch {
	case static != "":
		b.put(assign + static + "\n")
	default:
		if kept != nil {
			kept.find(b)
		}
		b.putf("if %s {\n", test)
		b.put(assign + dynamic + "\n")
		b.put("} else {\n")
		b.put(assign + plain + "\n}\n")
	}
	b.putf("if !%s.Running() {\n", t.c)
	if t.suspend != "" {
		t.suspendAt(b, it)
	} else {
		t.push(b, frame, it.site, it)
		b.put("return\n")
	}
	b.put("}\n")
	for _, s := range after {
		b.put(s)
	}
}

// callTexts returns a suspending call as text: static is the call of the twin if
// it is known now; else test looks for it, as `twin, ok := ...`, dynamic calls what
// has been found and plain calls what has no twin.
func (t *twinGen) callTexts(b *bodyGen, call *ast.CallExpr) (static, test, dynamic, plain string) {
	site := t.siteOf(call)
	var args []string
	for _, e := range call.Args {
		args = append(args, b.expr(e))
	}
	if call.Ellipsis.IsValid() && len(args) > 0 {
		args[len(args)-1] += "..."
	}
	v := callVars{t.c, t.twin, t.ok}
	kept := t.twins[t.callee(call)]
	if kept != nil {
		v.twin = kept.name
	}
	static, test, dynamic, plain = t.callForms(site, call.Fun, v, args, func(e ast.Expr) string { return b.expr(e) })
	if kept != nil {
		test = kept.name + " != nil"
	}
	return static, test, dynamic, plain
}

// callVars are the names of the coroutine and of what a dynamic call looks up.
type callVars struct{ c, twin, ok string }

// callForms is callTexts for operands that are text already; expr prints the
// callee's own operand.
func (f *fileGen) callForms(site *colour.Site, fun ast.Expr, v callVars, args []string, expr func(ast.Expr) string) (static, test, dynamic, plain string) {
	withC := strings.Join(append([]string{v.c}, args...), ", ")
	fun = ast.Unparen(fun)
	sig := coreSignature(f.info.TypeOf(fun))
	switch site.Kind {
	case colour.Static:
		return f.staticCall(site, fun, v.c, args, expr), "", "", ""
	case colour.Interface:
		sel := fun.(*ast.SelectorExpr)
		x := expr(sel.X)
		name := twinName(site.Callee)
		if m := f.info.Selections[sel]; m != nil && m.Kind() == types.MethodExpr {
			x, args = args[0], args[1:]
			withC = strings.Join(append([]string{v.c}, args...), ", ")
			sig = withoutFirst(sig)
		}
		recv := x
		if _, ok := types.Unalias(f.info.TypeOf(sel.X)).(*types.TypeParam); ok {
			recv = "interface{}(" + x + ")"
		}
		recv = f.twinOperand(site.Callee, recv)
		test = fmt.Sprintf("%s, %s := %s.(interface{ %s%s }); %s", v.twin, v.ok, recv, name, f.twinSignature(sig), v.ok)
		return "", test, v.twin + "." + name + "(" + withC + ")", x + "." + sel.Sel.Name + "(" + strings.Join(args, ", ") + ")"
	default:
		x := expr(fun)
		test = fmt.Sprintf("%s, %s := %s.RecordOf(%s).(interface{ DurableCall%s }); %s", v.twin, v.ok, f.coroc, x, f.twinSignature(sig), v.ok)
		return "", test, v.twin + ".DurableCall(" + withC + ")", x + "(" + strings.Join(args, ", ") + ")"
	}
}

func (f *fileGen) staticCall(site *colour.Site, fun ast.Expr, c string, args []string, expr func(ast.Expr) string) string {
	name := twinName(site.Callee)
	targs := ""
	switch x := fun.(type) {
	case *ast.IndexExpr:
		targs, fun = "["+expr(x.Index)+"]", ast.Unparen(x.X)
	case *ast.IndexListExpr:
		var list []string
		for _, e := range x.Indices {
			list = append(list, expr(e))
		}
		targs, fun = "["+strings.Join(list, ", ")+"]", ast.Unparen(x.X)
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok {
		s := f.info.Selections[sel]
		switch {
		case s == nil:
			name = expr(sel.X) + "." + name
		case s.Kind() == types.MethodExpr:
			// The receiver is the first argument, the coroutine the second.
			x := expr(sel.X)
			if _, ok := ast.Unparen(sel.X).(*ast.StarExpr); ok {
				x = "(" + strings.Trim(x, "()") + ")"
			}
			return x + "." + name + "(" + strings.Join(append([]string{args[0], c}, args[1:]...), ", ") + ")"
		default:
			name = expr(sel.X) + "." + name
		}
	}
	return name + targs + "(" + strings.Join(append([]string{c}, args...), ", ") + ")"
}

// twinSignature returns the parameters and results of the twin of a function with
// the given signature.
func (f *fileGen) twinSignature(s *types.Signature) string {
	var b strings.Builder
	b.WriteString("(*" + f.coroc + ".Coroutine")
	if s.Params().Len() > 0 {
		b.WriteString(", ")
		f.writeTuple(&b, s.Params(), s.Variadic())
	}
	b.WriteString(")")
	switch s.Results().Len() {
	case 0:
	case 1:
		b.WriteString(" " + f.typeText(s.Results().At(0).Type()))
	default:
		b.WriteString(" (")
		f.writeTuple(&b, s.Results(), false)
		b.WriteString(")")
	}
	return b.String()
}

// withoutFirst returns the signature of a method from that of its method expression.
func withoutFirst(sig *types.Signature) *types.Signature {
	var vars []*types.Var
	for i := 1; i < sig.Params().Len(); i++ {
		vars = append(vars, sig.Params().At(i))
	}
	return types.NewSignatureType(nil, nil, nil, types.NewTuple(vars...), sig.Results(), sig.Variadic())
}

// coreSignature returns the signature of a type of functions, or of a type
// parameter all of whose types are such.
func coreSignature(t types.Type) *types.Signature {
	switch u := t.Underlying().(type) {
	case *types.Signature:
		return u
	case *types.Interface:
		for i := range u.NumEmbeddeds() {
			switch e := u.EmbeddedType(i).(type) {
			case *types.Union:
				return coreSignature(e.Term(0).Type())
			default:
				if s := coreSignature(e); s != nil {
					return s
				}
			}
		}
	}
	return nil
}
