package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// decl generates one declaration of the file.
func (f *fileGen) decl(d ast.Decl) {
	if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
		return
	}
	if !f.d.Changed[d] {
		if o, ok := f.d.Orig[d].(ast.Decl); ok {
			f.verbatim(o)
			return
		}
	}
	f.begin(d)
	switch d := d.(type) {
	case *ast.FuncDecl:
		f.funcDecl(d)
	case *ast.GenDecl:
		f.genDecl(d)
	}
}

// verbatim copies a declaration from the source, with its comments.
func (f *fileGen) verbatim(d ast.Decl) {
	from := d.Pos()
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	}
	p := f.position(from)
	w := &writer{file: f.src.Stable(p)}
	w.at(p.Line - 1)
	w.put("\n" + f.sourceText(from, d.End()) + "\n\n")
	f.decls = append(f.decls, w.String())
}

func (f *fileGen) sourceText(from, to token.Pos) string {
	a, b := f.mod.Fset.PositionFor(from, false).Offset, f.mod.Fset.PositionFor(to, false).Offset
	// The trailing comment of the last line belongs to the declaration.
	text := f.src.Source[a:b]
	if nl := strings.IndexByte(string(f.src.Source[b:]), '\n'); nl > 0 {
		if rest := strings.TrimSpace(string(f.src.Source[b : b+nl])); strings.HasPrefix(rest, "//") {
			text = f.src.Source[a : b+nl]
		}
	}
	return string(text)
}

// doc returns the comment above a declaration, which may hold directives.
func (f *fileGen) doc(d *ast.FuncDecl) string {
	o, ok := f.d.Orig[d].(*ast.FuncDecl)
	if !ok || o.Doc == nil {
		return ""
	}
	return f.sourceText(o.Doc.Pos(), o.Doc.End()) + "\n"
}

// output returns the comment at the end of an example that says what it prints, which is
// what the go command goes by.
func (f *fileGen) output(d *ast.FuncDecl) string {
	o, ok := f.d.Orig[d].(*ast.FuncDecl)
	if !ok || o.Recv != nil || !strings.HasPrefix(o.Name.Name, "Example") {
		return ""
	}
	var last *ast.CommentGroup
	for _, g := range f.src.Syntax.Comments {
		if g.Pos() > o.Body.Pos() && g.End() < o.Body.End() {
			last = g
		}
	}
	if last == nil {
		return ""
	}
	return f.sourceText(last.Pos(), last.End()) + "\n"
}

func (f *fileGen) plainBody(u *unit) *bodyGen {
	b := &bodyGen{fileGen: f, writer: &writer{file: f.base()}, unit: u}
	if u != nil {
		b.where = u.name
	}
	return b
}

// genDecl prints a variable declaration with records in it, or a type that was
// declared inside a function.
func (f *fileGen) genDecl(d *ast.GenDecl) {
	u := newUnit("var", f.p.Path+".var")
	if d.Tok == token.VAR {
		u.state = f.ownerOf(f.d.Orig[d].(*ast.GenDecl).Specs[0].Pos())
		if name := variableUnit(d); name != "" {
			u.name = name
		}
		if u.name == "var" {
			u.name = fmt.Sprintf("var_%d", f.count("blank"))
		}
	}
	b := f.plainBody(u)
	b.own()
	b.line(d)
	b.put(b.nodeText(d) + "\n\n")
	f.decls = append(f.decls, b.String())
	f.inits = append(f.inits, u.regs...)
}

func (f *fileGen) count(name string) int {
	f.counts[name]++
	return f.counts[name]
}

// funcDecl generates a function: its plain form, and its twin if it may suspend.
func (f *fileGen) funcDecl(d *ast.FuncDecl) {
	fn := f.info.Defs[d.Name].(*types.Func)
	name, state := unitNames(fn, f.p.Path)
	if f.frozen != nil {
		state = f.frozen.State
	}
	twin := twinName(fn)
	if d.Recv == nil && (name == "init" || name == "_") {
		n := f.count(name)
		name, state = fmt.Sprintf("%s_%d", name, n), f.ownerOf(f.d.Orig[d].Pos())
		twin = "durable_" + name
	}
	u := newUnit(name, state)
	sig := fn.Type().(*types.Signature)
	u.tdecl, u.tuse = f.typeParams(sig)
	u.generic = u.tdecl != ""
	if u.generic {
		f.declareUnit(u)
		f.unitDone[d] = true
	}
	durable := f.isDurable(fn)
	if durable && !f.mentionsRecover(d.Body) {
		f.delegate(d, u, twin)
	} else {

		b := f.plainBody(u)
		b.put(selfLine + f.doc(d))
		b.line(d)
		b.put("func " + f.recvText(d) + d.Name.Name + f.tparamText(d, u) + b.signatureText(d.Type) + " {\n")
		b.namedResultGuard(d.Type, d.Body)
		b.list(d.Body.List)
		b.put(f.output(d) + "}\n\n")
		f.decls = append(f.decls, b.String())
	}
	if durable {
		t := f.newTwin(u, name, state, d.Type, d.Body)
		var recv *types.Var
		if d.Recv != nil {
			identNames(d.Recv, t.names)
			recv = sig.Recv()
			t.method = fn
		}
		t.sig, t.through = sig, twin+u.tuse
		if d.Recv != nil {
			t.through = "new(" + strings.TrimPrefix(f.recvType(d), "*") + ")." + twin
		}
		text := t.generate("func "+f.recvText(d)+twin+f.tparamText(d, u), recv, nil, f.d.Orig[d], d.Type, d.Body)
		f.decls = append(f.decls, fmt.Sprintf("%s// %s is %s with an explicit coroutine.\n", selfLine, twin, d.Name.Name), strings.TrimPrefix(text, selfLine)+"\n")
	}
	if durable && d.Recv == nil && !u.generic && d.Name.Name != "init" && d.Name.Name != "_" {
		if f.frozen != nil {
			state = fmt.Sprintf("%s@%x", state, f.frozen.Fingerprint)
		}
		f.staticFunc(state, f.declaredFunc(fn))
	}
	f.finishUnit(u, d)
}

// finishUnit puts the registrations of a unit into init, or, for a generic one,
// into a function that the packages call that use an instance.
func (f *fileGen) finishUnit(u *unit, d *ast.FuncDecl) {
	if !u.generic {
		f.inits = append(f.inits, u.regs...)
		return
	}
	if fn, ok := f.info.Defs[d.Name].(*types.Func); ok {
		for _, frozen := range f.frozenOf[f.source(fn)] {
			if f.needsUnit(frozen) {
				u.register(registerName(frozen.Name()) + u.tuse + "()")
			}
		}
	}
	f.decls = append(f.decls, fmt.Sprintf("%s// %s registers an instance of %s.\nfunc %s%s() {\nif !%s.Once[durable_unit_%s%s]() {\nreturn\n}\n%s\n}\n\n",
		selfLine, registerName(u.name), u.state, registerName(u.name), u.tdecl, f.coroc, u.name, u.tuse, strings.Join(append(u.regs, f.instancesIn[d]...), "\n")))
}

func registerName(unit string) string { return "Durable_register_" + unit }

func (f *fileGen) recvText(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	name := ""
	if names := d.Recv.List[0].Names; len(names) > 0 {
		name = names[0].Name + " "
	}
	return "(" + name + f.recvType(d) + ") "
}

// tparamText returns the type parameters of a function; a method's come with its
// receiver.
func (f *fileGen) tparamText(d *ast.FuncDecl, u *unit) string {
	if d.Recv != nil {
		return ""
	}
	return u.tdecl
}

// recvType returns the type of a method's receiver, with its type parameters.
func (f *fileGen) recvType(d *ast.FuncDecl) string {
	return f.typeText(f.info.Defs[d.Name].(*types.Func).Type().(*types.Signature).Recv().Type())
}

// delegate prints the plain form of a durable function: the twin on no coroutine.
func (f *fileGen) delegate(d *ast.FuncDecl, u *unit, twin string) {
	t := f.newTwin(u, u.name, u.state, d.Type, d.Body)
	params := f.paramList(d.Type.Params, t.numbered("p"))
	results := f.paramList(d.Type.Results, t.numbered("result"))
	recv, call := "", twin
	if d.Recv != nil {
		fd := d.Recv.List[0]
		n := "recv"
		if len(fd.Names) > 0 && fd.Names[0].Name != "_" {
			n = fd.Names[0].Name
		} else {
			identNames(d.Recv, t.names)
			n = t.local(n)
		}
		recv = "(" + n + " " + f.recvType(d) + ") "
		call = n + "." + twin
	} else if d.Type.TypeParams != nil {
		call += u.tuse
	}
	w := &writer{file: f.base()}
	w.put(selfLine + f.doc(d))
	if p := f.origPos(d); p.IsValid() {
		w.from(f.src.Stable(p))
		w.at(p.Line)
	}
	w.putf("func %s%s%s(%s)%s {\n", recv, d.Name.Name, f.tparamText(d, u), joinParams(params), resultText(results))
	w.putf("%s%s(%s)\n%s}\n\n", returnIf(results), call, joinArgs(f.coroc+".Detached", argsOf(params)), f.output(d))
	f.decls = append(f.decls, w.String())
}

// namedResultGuard makes a plain form with defers return what its boxed named
// results hold in the end: it runs after all other deferred calls.
func (b *bodyGen) namedResultGuard(ft *ast.FuncType, body *ast.BlockStmt) {
	if !b.containsDefer(body) {
		return
	}
	outs := b.paramList(ft.Results, func() string { return "_" })
	b.guards = map[*types.Var]string{}
	var last *types.Var
	var text string
	for i, v := range b.desugared.Results[ft] {
		if v != nil && i < len(outs) && outs[i].obj != v {
			text += fmt.Sprintf("%s = *%s\n", outs[i].name, v.Name())
			last = v
		}
	}
	if last != nil {
		b.guards[last] = "defer func() {\n" + text + "}()\n"
	}
}

// isDurable reports whether a declared function or method of a concrete type has
// a twin.
func (f *fileGen) isDurable(fn *types.Func) bool {
	fn = f.source(fn)
	return f.facts.Funcs[fn] != nil || f.declOf(fn) == nil && hasTwin(fn)
}

// hasTwin looks for the twin of a function that is not compiled here beside it.
func hasTwin(fn *types.Func) bool {
	if fn.Pkg() == nil {
		return false
	}
	recv := fn.Type().(*types.Signature).Recv()
	if recv == nil {
		return fn.Pkg().Scope().Lookup(twinName(fn)) != nil
	}
	twin, _, _ := types.LookupFieldOrMethod(recv.Type(), true, fn.Pkg(), twinName(fn))
	_, ok := twin.(*types.Func)
	return ok
}

// source returns the object in the source of a function of the desugared form.
func (f *fileGen) source(fn *types.Func) *types.Func {
	fn = fn.Origin()
	if o, ok := f.origFunc[fn]; ok {
		return o
	}
	return fn
}

func (f *fileGen) declOf(fn *types.Func) *ast.FuncDecl { return f.Generator.decls[f.source(fn)] }

func (f *fileGen) funcRecovers(fn *types.Func) bool { return f.recovers[f.source(fn)] }

func (f *fileGen) someMethodRecovers(m *types.Func) bool {
	in := f.recoverOf[methodKey(m)]
	if own := program(f.p); own != "" {
		return in[""] || in[own]
	}
	return len(in) > 0
}

// mayBeDurable reports whether some type may implement the interface method with
// one that suspends.
func (f *fileGen) mayBeDurable(m *types.Func) bool { return f.twins[twinName(m)] }
