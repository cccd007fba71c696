package codegen

import (
	"fmt"
	"go/ast"
	"go/types"
	"strconv"
	"strings"
)

// framedVars returns the variables that have a field in the frame, in order.
func (t *twinGen) framedVars() []*types.Var {
	var list []*types.Var
	t.framed.each(func(i int) { list = append(list, t.vars[i]) })
	return list
}

// leavesFrame reports whether the twin can leave a frame behind. One that is there for
// runtime.Goexit alone cannot.
func (t *twinGen) leavesFrame() bool { return t.sites > 0 || t.d != "" || t.frozen != nil }

// frameType declares the frame and returns its name with type arguments.
func (t *twinGen) frameType() string {
	w := &writer{file: t.base()}
	w.own()
	w.putf("// %s is the frame of %s.\n", t.frameName(), t.state)
	w.putf("type %s%s struct {\nSite %s\n", t.frameName(), t.unit.tdecl, t.predeclared("int"))
	t.wireOf, t.wireTypes = map[string]string{}, map[string]types.Type{}
	field := func(name, wire, typ string) {
		t.wireOf[name] = wire
		w.put(fieldText(name, wire, typ))
	}
	if len(t.captures) > 0 {
		field(fieldName(t.r), "#", fmt.Sprintf("*durable_rec_%s%s", t.path, t.unit.tuse))
	}
	for _, v := range t.framedVars() {
		name := t.localName(v)
		wire := t.clauseWires[name]
		if wire == "" {
			wire = t.wire(name)
		}
		field(fieldName(name), wire, t.typeOf(v))
		t.wireTypes[fieldName(name)] = v.Type()
	}
	if t.d != "" {
		field(t.d, "#defers", fmt.Sprintf("*%s.Defers", t.coroc))
		for i, p := range t.results {
			if p.obj == nil {
				field(fieldName(p.name), fmt.Sprintf("#result%d", i+1), p.typ)
			}
		}
	}
	if t.recoverVar != "" {
		field(t.recoverVar, "#recovers", fmt.Sprintf("*%s.Defers", t.coroc))
	}
	w.put("}\n\n")
	t.decls = append(t.decls, w.String())
	return t.frameName() + t.unit.tuse
}

// saved returns the fields of the frame that are set at a site (nil: at the exit,
// while the deferred calls run), and the variables that they come from.
func (t *twinGen) saved(it *item) (fields, vars []string) {
	add := func(field, v string) {
		fields = append(fields, field)
		vars = append(vars, v)
	}
	if len(t.captures) > 0 {
		add(fieldName(t.r), t.r)
	}
	variable := func(i int) { add(fieldName(t.localName(t.vars[i])), t.varName(t.vars[i])) }
	if it != nil {
		t.siteLive(it).each(variable)
	} else {
		seen := t.newSet()
		for v := range t.result {
			seen.set(t.index[v])
		}
		for _, v := range t.boxes {
			if v != nil {
				seen.set(t.index[v])
			}
		}
		seen.each(variable)
		for _, p := range t.results {
			if p.obj == nil {
				add(fieldName(p.name), p.name)
			}
		}
	}
	if t.d != "" {
		add(t.d, t.d)
	}
	if t.recoverVar != "" {
		add(t.recoverVar, t.recoverVar)
	}
	return fields, vars
}

// push prints how the frame is stored.
func (t *twinGen) push(b *bodyGen, frame string, site int, it *item) {
	fields, vars := t.saved(it)
	b.putf("*%s.Frame[%s](%s) = %s{Site: %d", t.coroc, frame, t.c, frame, site)
	for i := range fields {
		b.putf(", %s: %s", fields[i], vars[i])
	}
	b.put("}\n")
}

func (t *twinGen) exitSite() int { return t.sites + 1 }

// guard prints the one real defer of a function with defers.
func (t *twinGen) guard(b *bodyGen, frame string) {
	b.put("defer func() {\n")
	b.putf("if %s.Suspended() {\nreturn\n}\n", t.c)
	if !t.shadowed("recover") {
		b.putf("if %s.Catches() {\n%s.Caught(recover())\n}\n", t.d, t.d)
	}
	b.putf("%s.Exit(%s)\n", t.d, t.c)
	b.putf("if %s.Suspended() {\n", t.c)
	t.push(b, frame, t.exitSite(), nil)
	b.put("return\n}\n")
	for i, v := range t.boxes {
		if v != nil {
			b.putf("%s = *%s\n", t.results[i].name, v.Name())
		}
	}
	b.put("}()\n")
	if t.shadowed("recover") { // runs before the other
		b.putf("defer %s.Catch(%s)\n", t.d, t.c)
	}
}

// resume prints how a twin goes on from its frame.
func (t *twinGen) resume(b *bodyGen, frame string) {
	if len(t.captures) > 0 {
		b.put(t.captureText(t.r, t.captures, ":="))
		for _, v := range t.captures {
			if !t.mentioned[v] { // only by code that cannot be reached
				b.putf("_ = %s\n", v.Name())
			}
		}
	}
	if frame == "" {
		t.residentParams(b)
		return
	}
	define := ":="
	if t.suspend != "" {
		b.putf("var %s %s\n", t.fr, frame)
		define = "="
	}
	b.putf("if !%s.Running() {\n%s %s %s.Pop[%s](%s)\n", t.c, t.fr, define, t.coroc, frame, t.c)
	if len(t.captures) > 0 {
		b.putf("%s = %s.%s\n", t.r, t.fr, fieldName(t.r))
		b.put(t.captureText(t.r, t.captures, "="))
	}
	if t.recoverVar != "" {
		b.putf("%s = %s.%s\n", t.recoverVar, t.fr, t.recoverVar)
	}
	if t.d != "" {
		b.putf("%s = %s.%s\n", t.d, t.fr, t.d)
	}
	b.putf("switch %s.Site {\n", t.fr)
	restore := func(it *item) {
		fields, vars := t.saved(it)
		var to, from []string
		for i := range fields {
			field := t.fr + "." + fields[i]
			if v := vars[i]; v != t.r && v != t.d && v != t.recoverVar && v != field {
				to, from = append(to, v), append(from, field)
			}
		}
		if len(to) > 0 {
			b.putf("%s = %s\n", strings.Join(to, ", "), strings.Join(from, ", "))
		}
	}
	for _, it := range t.items {
		if it.kind == siteItem {
			b.putf("case %d:\n", it.site)
			restore(it)
			b.putf("goto %s\n", t.siteLabel(it))
		}
	}
	if t.d != "" {
		b.putf("case %d:\n", t.exitSite())
		restore(nil)
		b.put("return\n")
	}
	b.put("}\n}\n")
	t.residentParams(b)
}

// registerFrame registers the frame type of a twin with its sites.
func (t *twinGen) registerFrame(frame string, fingerprint uint64) {
	text := fmt.Sprintf("%s.RegisterFrame[%s](%s, %#x", t.coroc, frame, t.unit.stateText(t.fileGen, t.state), fingerprint)
	if t.frozen != nil {
		text = fmt.Sprintf("%s.RegisterFrozenFrame[%s](%s, %#x, %s", t.coroc, frame, t.unit.stateText(t.fileGen, t.state), fingerprint, t.resumption())
	}
	version := &Version{State: t.state, Fingerprint: fingerprint, Package: t.p, Node: t.orig, Frozen: t.frozen}
	t.Generator.versions = append(t.Generator.versions, version)
	site := func(key, pos string, fields []string, effectFree bool) {
		var quoted []string
		s := VersionSite{Pos: pos}
		s.Key, _ = strconv.Atoi(key)
		for _, n := range fields {
			s.Live, s.Types = append(s.Live, t.wireOf[n]), append(s.Types, t.wireTypes[n])
			quoted = append(quoted, fmt.Sprintf("%q", t.wireOf[n]))
		}
		version.Sites = append(version.Sites, s)
		text += fmt.Sprintf(",\n%s.Site{Pos: %q, Live: []%s{%s}, Key: %s", t.coroc, pos, t.predeclared("string"), strings.Join(quoted, ", "), key)
		if effectFree {
			text += ", EffectFree: " + t.boolText(true)
		}
		text += "}"
	}
	for _, it := range t.items {
		if it.kind == siteItem {
			fields, _ := t.saved(it)
			fact := t.siteOf(it.call)
			site(strconv.Itoa(it.key), t.sitePos(it.call), fields, fact != nil && fact.Awaits && fact.Effect == nil)
		}
	}
	if t.d != "" {
		fields, _ := t.saved(nil)
		site(t.coroc+".Exit", t.base()+" (deferred calls)", fields, false)
	}
	t.unit.register(text + ")")
	if _, isDecl := t.orig.(*ast.FuncDecl); !t.registerMigrations(frame, version) && t.frozen == nil && isDecl && t.handsOver() {
		t.unit.register(fmt.Sprintf("%s.RegisterResumption[%s](%s)", t.coroc, frame, t.resumption()))
	}
}
