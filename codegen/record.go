package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"
)

// litRecord declares the record of a func literal and returns the expression that
// makes one from the captured variables.
func (f *fileGen) litRecord(b *bodyGen, lit *ast.FuncLit) string {
	u := b.unit
	captures := f.d.Captures[lit]
	var args []string
	for _, v := range captures {
		if n, ok := b.rename[v]; ok {
			args = append(args, n)
		} else {
			args = append(args, v.Name())
		}
	}
	// A function that mentions recover is printed twice, as its plain form and as
	// its twin; the literals in it are the same ones.
	made, again := f.made[lit]
	if !again {
		made = f.declareLit(b, lit, captures)
		f.made[lit] = made
	}
	return made + u.tuse + "(" + strings.Join(args, ", ") + ")"
}

// declareLit declares the record of a literal and returns the name of its
// constructor.
func (f *fileGen) declareLit(b *bodyGen, lit *ast.FuncLit, captures []*types.Var) string {
	u := b.unit
	path, state := u.literal(b.where)
	t := f.newTwin(u, path, state, lit.Type, lit.Body)
	r := t.local("r")
	prev := u.recordVar
	u.recordVar = r
	defer func() { u.recordVar = prev }()

	rec := "durable_rec_" + path
	w := &writer{file: f.base()}
	w.own()
	w.putf("// %s is the record of the func literal %s.\n", rec, state)
	w.putf("type %s%s struct {\nRec %s.Record\n", rec, u.tdecl, f.coroc)
	for _, v := range captures {
		w.putf("%s %s\n", fieldName(v.Name()), t.typeOf(v))
	}
	w.put("}\n\n")

	sig := b.signatureText(lit.Type)
	plainParams := f.paramList(lit.Type.Params, t.numbered("p"))
	plainResults := f.paramList(lit.Type.Results, t.numbered("result"))
	orig, _ := f.d.Orig[lit].(*ast.FuncLit)
	durable := orig != nil && f.facts.Lits[orig] != nil
	recovers := f.mentionsRecover(lit.Body)

	var methods writer
	methods.file = f.base()
	methods.own()
	if durable && !recovers {
		methods.putf("func (%s *%s%s) Call(%s)%s {\n", r, rec, u.tuse, joinParams(plainParams), resultText(plainResults))
		methods.putf("%s%s.DurableCall(%s)\n}\n\n", returnIf(plainResults), r, joinArgs(f.coroc+".Detached", argsOf(plainParams)))
	} else {
		inner := &bodyGen{fileGen: f, writer: &writer{file: f.base()}, unit: u, where: path}
		inner.own()
		inner.putf("func (%s *%s%s) Call%s {\n", r, rec, u.tuse, sig)
		inner.put(f.captureText(r, captures, ":="))
		inner.namedResultGuard(lit.Type, lit.Body)
		inner.list(lit.Body.List)
		inner.put("}\n\n")
		methods.put(inner.String())
	}
	if recovers {
		methods.own()
		methods.putf("func (*%s%s) Recovers() {}\n\n", rec, u.tuse)
	}
	if durable {
		methods.put(t.generate(fmt.Sprintf("func (%s *%s%s) DurableCall", r, rec, u.tuse), nil, captures, f.d.Orig[lit], lit.Type, lit.Body) + "\n")
	}
	f.decls = append(f.decls, w.String(), methods.String())
	f.recordParts(u, rec, path, state, f.fingerprint(f.d.Orig[lit]), sig, captures, "")
	return "durable_new_" + path
}

func returnIf(results []param) string {
	if len(results) > 0 {
		return "return "
	}
	return ""
}

func joinArgs(args ...string) string {
	var list []string
	for _, a := range args {
		if a != "" {
			list = append(list, a)
		}
	}
	return strings.Join(list, ", ")
}

// recordParts declares the type descriptor and the constructor of a record and
// registers it.
func (f *fileGen) recordParts(u *unit, rec, path, state string, fingerprint uint64, sig string, captures []*types.Var, check string) {
	w := &writer{file: f.base()}
	w.own()
	header := "&durable_type_" + path
	if u.tdecl == "" {
		w.putf("var durable_type_%s = %s.RecordType{Proto: (*%s)(nil)}\n\n", path, f.coroc, rec)
	} else {
		header = fmt.Sprintf("%s.RecordTypeOf[%s%s]()", f.coroc, rec, u.tuse)
	}
	var params, fields []string
	for _, v := range captures {
		params = append(params, v.Name()+" "+f.typeAt(v.Type(), nil, v.Name()))
		fields = append(fields, v.Name())
	}
	w.putf("func durable_new_%s%s(%s) func%s {\n", path, u.tdecl, strings.Join(params, ", "), sig)
	w.put(check)
	n := "durable_record"
	w.putf("%s := &%s%s{%s}\n", n, rec, u.tuse, joinArgs(append([]string{f.coroc + ".MakeRecord(" + header + ")"}, fields...)...))
	w.putf("return %s.NewFunc(%s, %s.Call)\n}\n\n", f.coroc, n, n)
	f.decls = append(f.decls, w.String())
	u.register(fmt.Sprintf("%s.RegisterRecord(%s, %s, %#x, func(r *%s%s) func%s { return %s.NewFunc(r, r.Call) })",
		f.coroc, header, u.stateText(f, state), fingerprint, rec, u.tuse, sig, f.coroc))
}

// funcValue returns the expression for a function, method expression or method
// value that is used as a value. A plain function stays as it is: its func value
// is known by its code pointer, once registered; ok is false then.
func (f *fileGen) funcValue(b *bodyGen, e ast.Expr) (text string, ok bool) {
	fun := ast.Unparen(e)
	if sel, isSel := fun.(*ast.SelectorExpr); isSel {
		switch s := f.info.Selections[sel]; {
		case s == nil:
		case s.Kind() == types.MethodVal:
			return f.methodValue(b, sel, s)
		case s.Kind() == types.MethodExpr:
			f.methodExpr(sel, s)
			return "", false
		default:
			return "", false
		}
	}
	id := funcIdent(fun)
	if id == nil {
		return "", false
	}
	fn, isFunc := f.info.Uses[id].(*types.Func)
	if !isFunc {
		return "", false
	}
	if inst, generic := f.info.Instances[id]; generic {
		return f.genericFunc(b, fn, inst), true
	}
	if f.declOf(fn) == nil || !f.isDurable(fn) {
		f.staticFunc(f.qualified(fn), f.stateName(fn), fn, fn.Type().(*types.Signature))
	} // else its own package registers it
	return "", false
}

// funcIdent returns the identifier that names the function in f, pkg.F, f[T].
func funcIdent(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return funcIdent(e.X)
	case *ast.IndexListExpr:
		return funcIdent(e.X)
	}
	return nil
}

// staticFunc registers a function that is used as a value, once a package.
func (f *fileGen) staticFunc(text, state string, fn *types.Func, sig *types.Signature) {
	if f.statics[text] {
		return
	}
	f.statics[text] = true
	name := fmt.Sprintf("durable_static_%d", f.count("static"))
	w := &writer{file: f.base()}
	w.own()
	w.putf("// %s stands for the function %s used as a value.\n", name, state)
	w.putf("type %s struct{ Rec %s.Record }\n\n", name, f.coroc)
	w.putf("var durable_type_%s = %s.RecordType{Proto: (*%s)(nil)}\n\n", name, f.coroc, name)
	if f.isDurable(fn) {
		params, results := f.signatureParams(sig)
		w.putf("func (*%s) DurableCall(%s)%s {\n", name, joinArgs("c *"+f.coroc+".Coroutine", joinParams(params)), resultText(results))
		call := strings.TrimSuffix(text, fn.Name()) + twinName(fn) + "(" + joinArgs("c", argsOf(params)) + ")"
		if sig.Recv() == nil && fn.Type().(*types.Signature).Recv() != nil {
			// A method expression: the receiver comes before the coroutine.
			args := params[1:]
			call = strings.TrimSuffix(text, fn.Name()) + twinName(fn) + "(" + joinArgs(params[0].name, "c", argsOf(args)) + ")"
		}
		w.putf("%s%s\n}\n\n", returnIf(results), call)
	}
	if f.funcRecovers(fn) {
		w.putf("func (*%s) Recovers() {}\n\n", name)
	}
	f.decls = append(f.decls, w.String())
	f.inits = append(f.inits, fmt.Sprintf("%s.RegisterFunc(&%s{%s.MakeRecord(&durable_type_%s)}, &durable_type_%s, %q, %s)",
		f.coroc, name, f.coroc, name, name, state, text))
}

func (f *fileGen) methodExpr(sel *ast.SelectorExpr, s *types.Selection) {
	if mentionsTypeParam(s.Type()) || s.Recv() == nil {
		return
	}
	fn := s.Obj().(*types.Func)
	if n, ok := types.Unalias(deref(s.Recv())).(*types.Named); ok && n.TypeArgs().Len() > 0 {
		return
	}
	recv := f.typeText(s.Recv())
	text := recv + "." + fn.Name()
	if _, ok := s.Recv().(*types.Pointer); ok {
		text = "(" + recv + ")." + fn.Name()
	}
	f.staticFunc(text, types.TypeString(s.Recv(), nil)+"."+fn.Name(), fn, s.Type().(*types.Signature))
}

func deref(t types.Type) types.Type {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		return p.Elem()
	}
	return t
}

// signatureParams returns parameters p_1, ... and results result_1, ... of a
// signature.
func (f *fileGen) signatureParams(sig *types.Signature) (params, results []param) {
	for i := range sig.Params().Len() {
		var b strings.Builder
		f.writeParam(&b, sig.Params(), i, sig.Variadic())
		params = append(params, param{name: fmt.Sprintf("p_%d", i+1), typ: b.String(), variadic: sig.Variadic() && i == sig.Params().Len()-1})
	}
	for i := range sig.Results().Len() {
		results = append(results, param{name: fmt.Sprintf("result_%d", i+1), typ: f.typeText(sig.Results().At(i).Type())})
	}
	return params, results
}

// wrapped is what a record that is not a literal's calls.
type wrapped struct {
	fn    *types.Func
	sig   *types.Signature
	recv  *types.Var // the receiver that the record holds, or nil
	plain string     // callee of the plain call
	twin  string     // callee of the durable call, "" if it cannot suspend
	iface bool       // the receiver is an interface value: the twin is looked up
}

// genericFunc makes a record for an instance of a generic function, whose func
// values cannot be told apart by their code.
func (f *fileGen) genericFunc(b *bodyGen, fn *types.Func, inst types.Instance) string {
	var targs []string
	for i := range inst.TypeArgs.Len() {
		targs = append(targs, f.typeText(inst.TypeArgs.At(i)))
	}
	use := "[" + strings.Join(targs, ", ") + "]"
	w := wrapped{fn: fn, sig: inst.Type.(*types.Signature), plain: f.qualified(fn) + use}
	if f.isDurable(fn) {
		w.twin = strings.TrimSuffix(f.qualified(fn), fn.Name()) + twinName(fn) + use
	}
	return f.wrapper(b, w) + "()"
}

// wrapper declares a record whose methods call something else: an instance of a
// generic function, or a method of the receiver that the record holds. It returns
// the name of its constructor.
func (f *fileGen) wrapper(b *bodyGen, x wrapped) string {
	u := b.unit
	path, state := u.value(b.where, x.fn)
	rec := "durable_rec_" + path
	params, results := f.signatureParams(x.sig)
	w := &writer{file: f.base()}
	w.own()
	w.putf("// %s is the record of %s used as a value.\n", rec, x.fn.FullName())
	w.putf("type %s%s struct {\nRec %s.Record\n", rec, u.tdecl, f.coroc)
	var captures []*types.Var
	if x.recv != nil {
		captures = append(captures, x.recv)
		w.putf("%s %s\n", x.recv.Name(), f.typeText(x.recv.Type()))
	}
	w.put("}\n\n")
	w.putf("func (r *%s%s) Call(%s)%s {\n%s%s(%s)\n}\n\n", rec, u.tuse, joinParams(params), resultText(results), returnIf(results), x.plain, argsOf(params))
	if x.twin != "" {
		w.putf("func (r *%s%s) DurableCall(%s)%s {\n", rec, u.tuse, joinArgs("c *"+f.coroc+".Coroutine", joinParams(params)), resultText(results))
		if x.iface {
			name := twinName(x.fn)
			recv := "r.recv"
			if _, ok := types.Unalias(x.recv.Type()).(*types.TypeParam); ok {
				recv = "interface{}(r.recv)"
			}
			w.putf("if twin, ok := %s.(interface{ %s%s }); ok {\n", recv, name, f.twinSignature(x.sig))
			w.putf("%stwin.%s(%s)\n", returnIf(results), name, joinArgs("c", argsOf(params)))
			if len(results) == 0 {
				w.put("return\n")
			}
			w.put("}\n")
			w.putf("%s%s(%s)\n", returnIf(results), x.plain, argsOf(params))
		} else {
			w.putf("%s%s(%s)\n", returnIf(results), x.twin, joinArgs("c", argsOf(params)))
		}
		w.put("}\n\n")
	}
	f.decls = append(f.decls, w.String())
	// A nil interface has no method value: it panics when that is evaluated and
	// not when it is called.
	check := ""
	if x.iface {
		check = "_ = recv." + x.fn.Name() + "\n"
	}
	f.recordParts(u, rec, path, state, 0, strings.TrimPrefix(f.typeText(x.sig), "func"), captures, check)
	return "durable_new_" + path + u.tuse
}

// methodValue makes a record that holds the receiver, evaluated now as Go does.
func (f *fileGen) methodValue(b *bodyGen, sel *ast.SelectorExpr, s *types.Selection) (string, bool) {
	fn := s.Obj().(*types.Func)
	if f.funcRecovers(fn) {
		return "", false
	}
	x, typ := b.expr(sel.X), s.Recv()
	// The path of embedded fields becomes explicit, then & or *.
	index := s.Index()
	for _, i := range index[:len(index)-1] {
		field := deref(typ).Underlying().(*types.Struct).Field(i)
		x += "." + field.Name()
		typ = field.Type()
	}
	w := wrapped{fn: fn, sig: s.Type().(*types.Signature), plain: "r.recv." + fn.Name(), iface: types.IsInterface(typ)}
	_, wantPtr := types.Unalias(fn.Type().(*types.Signature).Recv().Type()).(*types.Pointer)
	_, havePtr := types.Unalias(typ).(*types.Pointer)
	switch {
	case w.iface:
		if f.mayBeDurable(fn) {
			w.twin = twinName(fn)
		}
	case f.isDurable(fn):
		w.twin = "r.recv." + twinName(fn)
	}
	switch {
	case w.iface:
	case wantPtr && !havePtr:
		x, typ = "&"+x, types.NewPointer(typ)
	case !wantPtr && havePtr:
		x, typ = "*"+x, deref(typ)
	}
	w.recv = types.NewVar(0, f.d.Types, "recv", typ)
	return f.wrapper(b, w) + "(" + x + ")", true
}
