package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
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
	kind := "func"
	body, isBody := f.d.Orig[lit].(*ast.RangeStmt)
	if isBody {
		kind = "range"
	}
	path, state := u.literal(b.where, kind)
	state = f.literalState(u, f.d.Orig[lit], state)
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
		w.put(fieldText(fieldName(v.Name()), f.wire(v.Name()), t.typeOf(v)))
	}
	w.put("}\n\n")

	sig := b.signatureText(lit.Type)
	plainParams := f.paramList(lit.Type.Params, t.numbered("p"))
	plainResults := f.paramList(lit.Type.Results, t.numbered("result"))
	orig, _ := f.d.Orig[lit].(*ast.FuncLit)
	durable := orig != nil && f.facts.Lits[orig] != nil || isBody && f.facts.Bodies[body] != nil
	if v := f.d.BodyDefers[lit]; v != nil {
		t.bodyDefers = v.Name()
	}
	recovers := f.mentionsRecover(lit.Body)

	var methods writer
	methods.file = f.base()
	methods.own()
	if durable && !recovers {
		methods.putf("func (%s *%s%s) Call(%s)%s {\n", r, rec, u.tuse, joinParams(plainParams), resultText(plainResults))
		methods.putf("%s%s.DurableCall(%s)\n}\n\n", returnIf(plainResults), r, joinArgs(f.coroc+".Detached", argsOf(plainParams)))
	} else {
		inner := &bodyGen{fileGen: f, writer: &writer{file: f.base()}, unit: u, where: path}
		if t.bodyDefers != "" {
			inner.deferrer = t
		}
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
		t.sig, _ = f.info.TypeOf(lit).(*types.Signature)
		t.through = fmt.Sprintf("new(%s%s).DurableCall", rec, u.tuse)
		methods.put(t.generate(fmt.Sprintf("func (%s *%s%s) DurableCall", r, rec, u.tuse), nil, captures, f.d.Orig[lit], lit.Type, lit.Body) + "\n")
	}
	f.decls = append(f.decls, w.String(), methods.String())
	f.recordParts(u, rec, path, state, f.version(f.d.Orig[lit]), sig, captures, "")
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

// recordType returns the descriptor of a record type as an expression.
func (f *fileGen) recordType(rec string) string {
	if f.shadowed("nil") {
		return fmt.Sprintf("*%s.RecordTypeOf[%s]()", f.coroc, rec)
	}
	return fmt.Sprintf("%s.RecordType{Proto: (*%s)(nil)}", f.coroc, rec)
}

// recordParts declares the type descriptor and the constructor of a record and
// registers it.
func (f *fileGen) recordParts(u *unit, rec, path, state string, fingerprint uint64, sig string, captures []*types.Var, check string) {
	w := &writer{file: f.base()}
	w.own()
	header := "&durable_type_" + path
	if u.tdecl == "" {
		w.putf("var durable_type_%s = %s\n\n", path, f.recordType(rec))
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
	f.Generator.records[state] = append(f.Generator.records[state], fingerprint)
	register := "RegisterRecord"
	if f.frozen != nil {
		register = "RegisterFrozenRecord"
	}
	u.register(fmt.Sprintf("%s.%s(%s, %s, %#x, func(r *%s%s) func%s { return %s.NewFunc(r, r.Call) })",
		f.coroc, register, header, u.stateText(f, state), fingerprint, rec, u.tuse, sig, f.coroc))
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
			return f.methodExpr(b, sel, s)
		default:
			return "", false
		}
	}
	id := typecheck.FuncIdent(fun)
	if id == nil {
		return "", false
	}
	fn, isFunc := f.info.Uses[id].(*types.Func)
	if !isFunc {
		return "", false
	}
	if inst, generic := f.info.Instances[id]; generic {
		if f.needsRecover(id, fn) {
			return "", false
		}
		return f.genericFunc(b, fn, inst), true
	}
	if f.declOf(fn) == nil || !f.isDurable(fn) {
		f.staticFunc(f.stateName(fn), f.declaredFunc(fn))
	} // else its own package registers it
	return "", false
}

// staticFunc registers a function or method expression that is used as a value,
// once a package.
func (f *fileGen) staticFunc(state string, x wrapped) {
	if f.statics[x.plain] {
		return
	}
	f.statics[x.plain] = true
	f.Generator.records[state] = append(f.Generator.records[state], 0)
	n := f.count("static")
	name, typ := fmt.Sprintf("durable_static_%d", n), fmt.Sprintf("durable_type_static_%d", n)
	w := &writer{file: f.base()}
	w.own()
	w.putf("// %s stands for the function %s used as a value.\n", name, state)
	w.putf("type %s struct{ Rec %s.Record }\n\n", name, f.coroc)
	w.putf("var %s = %s\n\n", typ, f.recordType(name))
	x.name, x.state, x.unit = name, state, newUnit(name, state)
	f.durableCall(w, "*"+name, x)
	f.inits = append(f.inits, x.unit.regs...)
	if f.mayRecover(x.fn) {
		w.putf("func (*%s) Recovers() {}\n\n", name)
	}
	f.decls = append(f.decls, w.String())
	f.inits = append(f.inits, fmt.Sprintf("%s.RegisterFunc(&%s{%s.MakeRecord(&%s)}, &%s, %q, %s)",
		f.coroc, name, f.coroc, typ, typ, state, x.plain))
}

// declaredFunc is a declared function as a value.
func (f *fileGen) declaredFunc(fn *types.Func) wrapped {
	x := wrapped{fn: fn, sig: fn.Type().(*types.Signature), plain: f.qualified(fn)}
	if f.isDurable(fn) {
		x.twin = strings.TrimSuffix(x.plain, fn.Name()) + twinName(fn)
	}
	return x
}

// methodExpr returns a method expression as a value. A concrete one is known by
// its code, like a declared function; one of a type parameter or of an instance of
// a generic type has a record.
func (f *fileGen) methodExpr(b *bodyGen, sel *ast.SelectorExpr, s *types.Selection) (string, bool) {
	fn := s.Obj().(*types.Func)
	recv := f.typeText(s.Recv())
	if _, ok := s.Recv().(*types.Pointer); ok {
		recv = "(" + recv + ")"
	}
	x := wrapped{fn: fn, sig: s.Type().(*types.Signature), plain: recv + "." + fn.Name(), expr: true}
	if types.IsInterface(s.Recv()) {
		if f.mayBeDurable(fn) {
			x.twin, x.dynamic = twinName(fn), "p_1"
			if _, ok := types.Unalias(s.Recv()).(*types.TypeParam); ok {
				x.dynamic = "interface{}(p_1)"
			}
		}
	} else if f.isDurable(fn) || f.promotesDurable(s) {
		x.twin = recv + "." + twinName(fn)
	}
	generic := mentionsTypeParam(s.Recv())
	if n, ok := types.Unalias(deref(s.Recv())).(*types.Named); ok && n.TypeArgs().Len() > 0 {
		generic = true
	}
	if generic {
		if f.needsRecover(sel, fn) {
			return "", false
		}
		return f.wrapper(b, x) + "()", true
	}
	f.staticFunc(types.TypeString(s.Recv(), nil)+"."+fn.Name(), x)
	return "", false
}

// promotesDurable reports whether a method comes from an embedded interface that
// may hold one that suspends; the type has a forwarding twin then.
func (f *fileGen) promotesDurable(s *types.Selection) bool {
	recv := s.Obj().(*types.Func).Type().(*types.Signature).Recv()
	return recv != nil && types.IsInterface(recv.Type()) && f.mayBeDurable(s.Obj().(*types.Func))
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

// wrapped is a function used as a value, or what a record that is not a literal's
// calls.
type wrapped struct {
	fn      *types.Func
	sig     *types.Signature
	recv    *types.Var // the receiver that the record holds, or nil
	plain   string     // callee of the plain call
	twin    string     // callee of the durable call, "" if it cannot suspend
	expr    bool       // a method expression: the first parameter is the receiver
	name    string     // of what is generated for it
	state   string     // its name in saved states
	unit    *unit
	dynamic string // the receiver in whose dynamic type twin is looked up, if it is an interface
}

// durableCall prints the method DurableCall of the record type recv.
func (f *fileGen) durableCall(w *writer, recv string, x wrapped) {
	if x.twin == "" {
		return
	}
	params, results := f.signatureParams(x.sig)
	w.putf("func (r %s) DurableCall(%s)%s {\n", recv, joinArgs("c *"+f.coroc+".Coroutine", joinParams(params)), resultText(results))
	rest, sig := params, x.sig
	frame := ""
	if x.expr {
		// The receiver leads to the method, so that it is needed to resume.
		rest, sig = params[1:], withoutFirst(sig)
		frame = "durable_frame_" + x.name
		w.putf("if !c.Running() {\np_1 = %s.Pop[%s%s](c).p_1\n}\n", f.coroc, frame, x.unit.tuse)
	}
	var to []string
	for _, r := range results {
		to = append(to, r.name)
	}
	assign := ""
	if to != nil {
		assign = strings.Join(to, ", ") + " = "
	}
	switch {
	case x.dynamic != "":
		w.putf("if twin, ok := %s.(interface{ %s%s }); ok {\n", f.twinOperand(x.fn, x.dynamic), x.twin, f.twinSignature(sig))
		w.putf("%stwin.%s(%s)\n", assign, x.twin, joinArgs("c", argsOf(rest)))
		w.put("} else {\n")
		if f.mayRecover(x.fn) {
			w.put(repanicTo(x.plain + "(" + argsOf(params) + ")"))
		}
		w.putf("%s%s(%s)\n}\n", assign, x.plain, argsOf(params))
	case x.expr:
		w.putf("%s%s(%s)\n", assign, x.twin, joinArgs(params[0].name, "c", argsOf(rest)))
	default:
		w.putf("%s%s(%s)\n", assign, x.twin, joinArgs("c", argsOf(params)))
	}
	if x.expr {
		w.putf("if !c.Running() {\n*%s.Frame[%s%s](c) = %s%s{Site: 1, p_1: p_1}\n}\n", f.coroc, frame, x.unit.tuse, frame, x.unit.tuse)
	}
	w.put("return\n}\n\n")
	if x.expr {
		w.putf("// %s is the frame of %s.\ntype %s%s struct {\nSite %s\np_1 %s\n}\n\n", frame, x.state, frame, x.unit.tdecl, f.predeclared("int"), params[0].typ)
		x.unit.register(fmt.Sprintf("%s.RegisterFrame[%s%s](%s, 0, %s.Site{Pos: %q, Live: []%s{\"p_1\"}})",
			f.coroc, frame, x.unit.tuse, x.unit.stateText(f, x.state), f.coroc, x.fn.FullName(), f.predeclared("string")))
	}
}

// mayRecover reports whether a function mentions recover, or is a method of an interface
// that some type implements with one that does.
func (f *fileGen) mayRecover(fn *types.Func) bool {
	recv := fn.Type().(*types.Signature).Recv()
	return f.funcRecovers(fn) || recv != nil && types.IsInterface(recv.Type()) && f.someMethodRecovers(fn)
}

// needsRecover reports whether a function as a value stays as it is, unknown to the
// runtime, because its record would have to recover for it and the package has something
// else of that name. It is refused if it may suspend.
func (f *fileGen) needsRecover(e ast.Expr, fn *types.Func) bool {
	if !f.mayRecover(fn) || !f.shadowed("recover") {
		return false
	}
	if recv := fn.Type().(*types.Signature).Recv(); f.isDurable(fn) || recv != nil && types.IsInterface(recv.Type()) && f.mayBeDurable(fn) {
		f.refuse(e, "use a func literal that calls it, or another name in place of recover", fmt.Sprintf("%s mentions recover and may suspend, and is used as a value in a package that has another recover", fn.Name()))
	}
	return true
}

// repanicTo returns what stands before the plain call of something that may recover where
// a twin was deferred: the panic that it is to find is not the Go runtime's.
func repanicTo(call string) string {
	return fmt.Sprintf("if d := c.TakeDefers(); d.Panicking() {\nfunc() {\ndefer %s\nd.Repanic()\n}()\nd.Recover()\nreturn\n}\n", call)
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
	x.name, x.state, x.unit = path, state, u
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
	call := x.plain + "(" + argsOf(params) + ")"
	w.putf("func (r *%s%s) Call(%s)%s {\n", rec, u.tuse, joinParams(params), resultText(results))
	if f.mayRecover(x.fn) {
		// If the Go runtime calls this, then in place of what is to find the panic.
		null := "nil"
		if f.shadowed(null) {
			null = f.coroc + ".Zero[interface{}]()"
		}
		w.putf("if v := recover(); v != %s {\nfunc() {\ndefer %s\n%s(v)\n}()\nreturn\n}\n", null, call, f.predeclared("panic"))
	}
	w.putf("%s%s\n}\n\n", returnIf(results), call)
	if f.mayRecover(x.fn) {
		w.putf("func (*%s%s) Recovers() {}\n\n", rec, u.tuse)
	}
	f.durableCall(w, "*"+rec+u.tuse, x)
	f.decls = append(f.decls, w.String())
	// A nil interface has no method value: it panics when that is evaluated and
	// not when it is called.
	check := ""
	if x.recv != nil && types.IsInterface(x.recv.Type()) {
		check = "_ = recv." + x.fn.Name() + "\n"
	}
	f.recordParts(u, rec, path, state, 0, strings.TrimPrefix(f.typeText(x.sig), "func"), captures, check)
	return "durable_new_" + path + u.tuse
}

// methodValue makes a record that holds the receiver, evaluated now as Go does.
func (f *fileGen) methodValue(b *bodyGen, sel *ast.SelectorExpr, s *types.Selection) (string, bool) {
	fn := s.Obj().(*types.Func)
	if f.needsRecover(sel, fn) {
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
	w := wrapped{fn: fn, sig: s.Type().(*types.Signature), plain: "r.recv." + fn.Name()}
	_, wantPtr := types.Unalias(fn.Type().(*types.Signature).Recv().Type()).(*types.Pointer)
	_, havePtr := types.Unalias(typ).(*types.Pointer)
	switch {
	case types.IsInterface(typ):
		if f.mayBeDurable(fn) {
			w.twin, w.dynamic = twinName(fn), "r.recv"
			if _, ok := types.Unalias(typ).(*types.TypeParam); ok {
				w.dynamic = "interface{}(r.recv)"
			}
		}
	case f.isDurable(fn):
		w.twin = "r.recv." + twinName(fn)
	}
	switch {
	case types.IsInterface(typ):
	case wantPtr && !havePtr:
		x, typ = "&"+x, types.NewPointer(typ)
	case !wantPtr && havePtr:
		x, typ = "*"+x, deref(typ)
	}
	w.recv = types.NewVar(0, f.d.Types, "recv", typ)
	return f.wrapper(b, w) + "(" + x + ")", true
}
