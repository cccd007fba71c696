package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// deferStmt prints a defer statement of a durable function: the call becomes a
// pending one of its Defers, with the operands that it has now.
func (t *twinGen) deferStmt(b *bodyGen, s *ast.DeferStmt) {
	call := s.Call
	fun := ast.Unparen(call.Fun)
	if t.isGoexit(call) {
		b.putf("%s.Defer(&%s.DeferGoexit{})\n", t.deferTo(), t.coroc)
		return
	}
	if len(call.Args) == 0 && !t.isBuiltinCall(call) {
		sig := coreSignature(t.info.TypeOf(fun))
		if _, isLit := fun.(*ast.FuncLit); (isLit || t.isFuncValue(fun)) && sig.Results().Len() == 0 {
			if isLit && !t.isRecord(fun) {
				t.refuse(s, "", "internal error: a deferred literal is not a record")
				return
			}
			b.putf("%s.Defer(&%s.DeferFunc{F: %s})\n", t.deferTo(), t.coroc, b.expr(fun))
			return
		}
	}
	t.deferCall(b, s)
}

// deferTo returns the name of the defers that defer statements add to.
func (t *twinGen) deferTo() string {
	if t.bodyDefers != "" {
		return t.bodyDefers
	}
	return t.d
}

func (f *fileGen) isBuiltinCall(call *ast.CallExpr) bool {
	id, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return false
	}
	_, ok = f.info.Uses[id].(*types.Builtin)
	return ok
}

// isFuncValue reports whether e is a value of function type rather than the name
// of a function or a method.
func (f *fileGen) isFuncValue(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		_, ok := f.info.Uses[e].(*types.Var)
		return ok
	case *ast.SelectorExpr:
		if s := f.info.Selections[e]; s != nil {
			return s.Kind() == types.FieldVal
		}
		_, ok := f.info.Uses[e.Sel].(*types.Var)
		return ok
	case *ast.IndexExpr:
		_, isSig := f.info.TypeOf(e.X).Underlying().(*types.Signature)
		return !isSig
	case *ast.IndexListExpr:
		return false
	}
	return true
}

// deferCall prints a defer statement with operands. It declares a type for the calls
// of the statement, when it is printed first: the body of a range over a function that
// mentions recover is printed twice.
func (t *twinGen) deferCall(b *bodyGen, s *ast.DeferStmt) {
	call := s.Call
	fun := ast.Unparen(call.Fun)
	var fields, types_, values []string
	field := func(name, typ, value string) string {
		fields, types_, values = append(fields, name), append(types_, typ), append(values, value)
		return "x." + name
	}

	var callee ast.Expr // what callForms asks for, printed as the field
	calleeText := ""
	check := ""
	switch {
	case t.isBuiltinCall(call):
		calleeText = b.expr(fun)
	case t.isFuncValue(fun):
		callee = fun
		calleeText = field("fun", t.typeAt(t.info.TypeOf(fun), nil, "callee"), b.expr(fun))
	default:
		calleeText = b.expr(fun)
		if sel, ok := fun.(*ast.SelectorExpr); ok {
			if m := t.info.Selections[sel]; m != nil && m.Kind() == types.MethodVal {
				callee = sel.X
				recv := field("recv", t.typeAt(t.info.TypeOf(sel.X), nil, "receiver"), b.expr(sel.X))
				calleeText = recv + "." + sel.Sel.Name
				if types.IsInterface(t.info.TypeOf(sel.X)) {
					check = b.expr(sel.X) + "." + sel.Sel.Name
				}
			}
		} else if id := typecheck.FuncIdent(fun); id != nil {
			if inst, ok := t.info.Instances[id]; ok && !strings.Contains(calleeText, "[") {
				var targs []string
				for i := range inst.TypeArgs.Len() {
					targs = append(targs, t.typeText(inst.TypeArgs.At(i)))
				}
				calleeText += "[" + strings.Join(targs, ", ") + "]"
			}
		}
	}
	args := t.deferArgs(b, call, field)

	d, again := t.deferTypes[s]
	if !again {
		d = t.declareDeferred(s, callee, calleeText, fields, types_, args)
		t.deferTypes[s] = d
	}
	if check != "" {
		b.putf("_ = %s\n", check)
	}
	var inits []string
	for i := range fields {
		inits = append(inits, fields[i]+": "+values[i])
	}
	b.putf("%s.Defer(&%s%s{%s})\n", t.deferTo(), d, t.unit.tuse, strings.Join(inits, ", "))
}

// declareDeferred declares the type for the calls of one defer statement and returns
// its name.
func (t *twinGen) declareDeferred(s *ast.DeferStmt, callee ast.Expr, calleeText string, fields, types, args []string) string {
	call := s.Call
	fun := ast.Unparen(call.Fun)
	name, state := t.unit.deferred(t.path), t.deferredState(s)
	d := "durable_defer_" + name
	w := &writer{file: t.base()}
	w.own()
	w.putf("// %s is the call deferred at %s.\n", d, t.sitePos(s))
	w.putf("type %s%s struct {\n", d, t.unit.tdecl)
	for i := range fields {
		w.putf("%s %s\n", fields[i], types[i])
	}
	w.put("}\n\n")
	pos := t.origPos(s)
	line := pos.Line
	recv := "x *" + d + t.unit.tuse
	plain := calleeText + "(" + strings.Join(args, ", ") + ")"
	w.putf("func (%s) Run() {\n", recv)
	w.from(t.src.Stable(pos))
	w.at(line)
	w.putf("%s\n}\n\nfunc (%s) RunPanicking(v interface{}) {\n", plain, recv)
	w.at(line)
	w.putf("defer %s\n%s(v)\n}\n\n", plain, t.predeclared("panic"))
	site := t.siteOf(call)
	switch {
	case site != nil:
		w.own()
		t.deferTwin(w, s, site, recv, fun, callee, args)
	case t.neverRecovers(fun):
		w.putf("func (*%s%s) Plain() {}\n\n", d, t.unit.tuse)
	}
	t.decls = append(t.decls, w.String())
	t.unit.register(fmt.Sprintf("%s.RegisterType[%s%s](%s)", t.coroc, d, t.unit.tuse, t.unit.stateText(t.fileGen, state)))
	return d
}

// deferArgs makes a field of each argument, of the parameter's type: the
// conversion happens at the defer statement.
func (t *twinGen) deferArgs(b *bodyGen, call *ast.CallExpr, field func(name, typ, value string) string) []string {
	var args []string
	sig := coreSignature(t.info.TypeOf(call.Fun))
	if sig == nil || t.isBuiltinCall(call) {
		for i, e := range call.Args {
			args = append(args, field(fmt.Sprintf("arg_%d", i+1), t.typeAt(types.Default(t.info.TypeOf(e)), nil, "argument"), b.expr(e)))
		}
	} else {
		n := sig.Params().Len()
		for i := range n {
			name := fmt.Sprintf("arg_%d", i+1)
			typ := t.typeAt(sig.Params().At(i).Type(), nil, "argument")
			if sig.Variadic() && i == n-1 {
				if call.Ellipsis.IsValid() {
					args = append(args, field(name, typ, b.expr(call.Args[i]))+"...")
					continue
				}
				var rest []string
				for _, e := range call.Args[min(i, len(call.Args)):] {
					rest = append(rest, b.expr(e))
				}
				value := "nil"
				if len(rest) > 0 {
					value = typ + "{" + strings.Join(rest, ", ") + "}"
				}
				args = append(args, field(name, typ, value)+"...")
				continue
			}
			args = append(args, field(name, typ, b.expr(call.Args[i])))
		}
		return args
	}
	if call.Ellipsis.IsValid() && len(args) > 0 {
		args[len(args)-1] += "..."
	}
	return args
}

// deferTwin prints DurableRun for a deferred call that may suspend.
func (t *twinGen) deferTwin(w *writer, s *ast.DeferStmt, site *colour.Site, recv string, fun, callee ast.Expr, args []string) {
	plainB := t.plainBody(t.unit)
	expr := func(e ast.Expr) string {
		if e == callee {
			if site.Kind == colour.FuncValue {
				return "x.fun"
			}
			return "x.recv"
		}
		return plainB.expr(e)
	}
	static, test, dynamic, _ := t.callForms(site, fun, callVars{"c", "twin", "ok"}, args, expr)
	w.putf("func (%s) DurableRun(c *%s.Coroutine, d *%s.Defers) %s {\n", recv, t.coroc, t.coroc, t.predeclared("bool"))
	if static != "" {
		if t.funcRecovers(site.Callee) {
			w.put("c.SetDefers(d)\n")
		}
		w.putf("%s\nreturn %s\n}\n\n", static, t.predeclared("true"))
		return
	}
	w.putf("if %s {\n", test)
	switch {
	case site.Kind == colour.FuncValue:
		w.putf("if _, ok := twin.(%s.Recovers); ok {\nc.SetDefers(d)\n}\n", t.coroc)
	case t.someMethodRecovers(site.Callee):
		w.put("c.SetDefers(d)\n")
	}
	w.putf("%s\nreturn %s\n}\nreturn %s\n}\n\n", dynamic, t.predeclared("true"), t.predeclared("false"))
}

// neverRecovers reports whether the call of fun is known not to recover a panic.
func (f *fileGen) neverRecovers(fun ast.Expr) bool {
	id := typecheck.FuncIdent(fun)
	if id == nil {
		return false
	}
	switch o := f.info.Uses[id].(type) {
	case *types.Builtin:
		return o.Name() != "recover"
	case *types.Func:
		if recv := o.Type().(*types.Signature).Recv(); recv != nil && types.IsInterface(recv.Type()) {
			return false
		}
		if o.Pkg() == nil || !strings.Contains(strings.SplitN(o.Pkg().Path(), "/", 2)[0], ".") && f.declOf(o) == nil {
			return true // the standard library
		}
		return f.declOf(o) != nil && !f.funcRecovers(o)
	}
	return false
}
