package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// manySites is the number of sites in one function from which on gc's time and
// memory grow out of proportion (3,000 take 8 s and 2 GB).
const manySites = 1000

// twinGen makes the durable form of one function or literal.
type twinGen struct {
	*fileGen
	unit  *unit
	path  string // of the names generated for it: foo, T_M, foo_func1
	state string // its name in saved states: import/path.foo.func1

	vars       []*types.Var
	index      map[*types.Var]int
	param      map[*types.Var]bool // declared by the signature
	result     map[*types.Var]bool
	clauseVars map[*types.Var]string

	items    []*item
	prologue []ast.Stmt // constants, which need not stand where they are declared
	labels   map[string]int
	sites    int
	names    map[string]bool

	twin, ok    string // names of what dynamic calls look up
	c, fr, d, r string // names of the coroutine, the frame, the defers, the record
	recoverVar  string // name of the defers that recover looks at; "" if it is not mentioned
	params      []param
	results     []param
	boxes       []*types.Var // of each result: the box of the variable that holds it, or nil
	captures    []*types.Var
	hoisted     map[*types.Var]bool
	framed      bitset // variables that are live at some site
}

type param struct {
	name, typ string
	variadic  bool
	obj       *types.Var
}

func (f *fileGen) newTwin(u *unit, path, state string, ft *ast.FuncType, body *ast.BlockStmt) *twinGen {
	t := &twinGen{
		fileGen: f, unit: u, path: path, state: state,
		index: map[*types.Var]int{}, param: map[*types.Var]bool{}, result: map[*types.Var]bool{},
		clauseVars: map[*types.Var]string{}, labels: map[string]int{}, names: map[string]bool{},
		hoisted: map[*types.Var]bool{},
	}
	identNames(body, t.names)
	identNames(ft, t.names)
	return t
}

// local returns a name for something that is local to the twin.
func (t *twinGen) local(name string) string {
	n := name
	for i := 2; t.names[n] || t.fileNames[n] || t.desugared.Types.Scope().Lookup(n) != nil || types.Universe.Lookup(n) != nil; i++ {
		n = fmt.Sprintf("%s_%d", name, i)
	}
	t.names[n] = true
	return n
}

// siteOf returns the fact about a call of the desugared form, or nil if it cannot
// suspend.
func (f *fileGen) siteOf(call *ast.CallExpr) *colour.Site {
	o, ok := f.d.Orig[call].(*ast.CallExpr)
	if !ok {
		return nil
	}
	return f.facts.Sites[o]
}

// paramList returns the fields of a parameter or result list; those without a name
// get one.
func (f *fileGen) paramList(fields *ast.FieldList, name func() string) []param {
	if fields == nil {
		return nil
	}
	var list []param
	b := f.plainBody(nil)
	for _, fd := range fields.List {
		_, variadic := fd.Type.(*ast.Ellipsis)
		typ := b.expr(fd.Type)
		if len(fd.Names) == 0 {
			list = append(list, param{name(), typ, variadic, nil})
		}
		for _, id := range fd.Names {
			p := param{id.Name, typ, variadic, nil}
			if id.Name == "_" {
				p.name = name()
			} else {
				p.obj, _ = f.info.Defs[id].(*types.Var)
			}
			list = append(list, p)
		}
	}
	return list
}

func joinParams(list []param) string {
	var s []string
	for _, p := range list {
		s = append(s, p.name+" "+p.typ)
	}
	return strings.Join(s, ", ")
}

// argsOf returns the arguments of a call that passes all parameters on.
func argsOf(list []param) string {
	var s []string
	for _, p := range list {
		if p.variadic {
			s = append(s, p.name+"...")
		} else {
			s = append(s, p.name)
		}
	}
	return strings.Join(s, ", ")
}

func resultText(list []param) string {
	if len(list) == 0 {
		return ""
	}
	return " (" + joinParams(list) + ")"
}

func (t *twinGen) numbered(kind string) func() string {
	n := 0
	return func() string {
		n++
		return t.local(fmt.Sprintf("%s_%d", kind, n))
	}
}

// generate prints the twin: head is "func " and the receiver, if there is one, and
// the name with type parameters. recv is the receiver of a
// method, orig the source.
func (t *twinGen) generate(head string, recv *types.Var, captures []*types.Var, orig ast.Node, ft *ast.FuncType, body *ast.BlockStmt) string {
	t.c, t.twin, t.ok = t.local("c"), t.local("twin"), t.local("ok")
	t.params = t.paramList(ft.Params, func() string { return "_" })
	t.results = t.paramList(ft.Results, t.numbered("result"))
	t.captures = captures
	if t.mentionsRecover(body) {
		t.recoverVar = t.local("recovers")
	}
	hasDefer := containsDefer(body)

	var params []*types.Var
	if recv != nil && recv.Name() != "" && recv.Name() != "_" {
		params = append(params, recv)
	}
	for _, p := range append(t.params[:len(t.params):len(t.params)], t.results...) {
		if p.obj != nil {
			params = append(params, p.obj)
		}
	}
	t.collectVars(params, body)
	for _, p := range t.results {
		if p.obj != nil {
			t.result[p.obj] = true
		}
	}
	if hasDefer {
		t.d = t.local("defers")
		t.boxes = t.resultBoxes(ft)
	}
	t.flattenList(body.List, nil)
	t.dropUnusedLabels()
	t.numberSites()
	if t.sites > manySites {
		p := t.origPos(orig)
		t.diags = append(t.diags, typecheck.Diagnostic{
			Pos: p, Warning: true,
			Message: fmt.Sprintf("%s has %d calls that may suspend, and will take the Go compiler long", t.state, t.sites),
			Fix:     "divide it into smaller functions",
		})
	}
	t.liveness()
	t.hoist()
	t.fr = t.local("frame")
	frame := t.frameType()

	w := &writer{file: t.base()}
	b := &bodyGen{fileGen: t.fileGen, writer: w, unit: t.unit, durable: t, rename: t.renames(), where: t.path}
	b.own()
	b.putf("%s(%s) %s {\n", head, strings.TrimSuffix(t.c+" *"+t.coroc+".Coroutine, "+joinParams(t.params), ", "), resultText(t.results))
	for _, s := range t.prologue {
		b.stmt(s)
	}
	t.declareHoisted(b)
	if t.d != "" {
		b.putf("%s := &%s.Defers{}\n", t.d, t.coroc)
	}
	if t.recoverVar != "" {
		b.putf("%s := %s.TakeDefers()\n", t.recoverVar, t.c)
	}
	if t.d != "" {
		t.guard(b, frame)
	}
	t.resume(b, frame)
	t.emit(b, frame)
	b.put("}\n")
	t.registerFrame(frame, t.fingerprint(orig))
	return b.String()
}

func (t *twinGen) frameName() string { return "durable_frame_" + t.path }

func (t *twinGen) renames() map[types.Object]string {
	m := map[types.Object]string{}
	for v, n := range t.clauseVars {
		m[v] = n
	}
	return m
}

func (t *twinGen) varName(v *types.Var) string {
	if n, ok := t.clauseVars[v]; ok {
		return n
	}
	return v.Name()
}

// resultBoxes returns, for a function with defers, the boxes of those named
// results that deferred literals share.
func (t *twinGen) resultBoxes(ft *ast.FuncType) []*types.Var {
	boxes := make([]*types.Var, len(t.results))
	for i, v := range t.desugared.Results[ft] {
		if v != nil && i < len(boxes) && !t.result[v] {
			boxes[i] = v
		}
	}
	return boxes
}

// numberSites numbers the sites that are left, from 1.
func (t *twinGen) numberSites() {
	t.sites = 0
	for _, it := range t.items {
		if it.kind == siteItem {
			t.sites++
			it.site = t.sites
		}
	}
}

func (t *twinGen) dropUnusedLabels() {
	var kept []*item
	dead := false
	for _, it := range t.items {
		if it.kind == labelItem {
			if !it.label.used {
				continue
			}
			dead = false
		}
		if dead {
			continue
		}
		kept = append(kept, it)
		dead = it.kind == returnItem || it.kind == gotoItem || it.kind == dispatchItem && it.label == nil
	}
	// Code behind a jump may have been the only use of a label.
	for _, it := range t.items {
		if it.label != nil {
			it.label.used = false
		}
	}
	for _, it := range kept {
		if it.label != nil && it.kind != labelItem {
			it.label.used = true
		}
		for _, l := range append(it.outs, it.clauses...) {
			l.used = true
		}
	}
	again := false
	for _, it := range kept {
		again = again || it.kind == labelItem && !it.label.used
	}
	t.items = kept
	if again {
		t.dropUnusedLabels()
	}
}

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
	live := t.newSet()
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

// typeOf returns the type of a variable as text; a type that cannot be written is
// reported at its declaration.
func (t *twinGen) typeOf(v *types.Var) (text string) {
	return t.typeAt(v.Type(), func() token.Position { return t.varPos(v) }, v.Name())
}

func fieldName(name string) string {
	switch name {
	case "Site", "Rec", "Call", "DurableCall", "Recovers", "Run", "RunPanicking", "DurableRun", "Plain":
		return name + "_"
	}
	return name
}

// framedVars returns the variables that have a field in the frame, in order.
func (t *twinGen) framedVars() []*types.Var {
	var list []*types.Var
	t.framed.each(func(i int) { list = append(list, t.vars[i]) })
	return list
}

// frameType declares the frame and returns its name with type arguments.
func (t *twinGen) frameType() string {
	w := &writer{file: t.base()}
	w.own()
	w.putf("// %s is the frame of %s.\n", t.frameName(), t.state)
	w.putf("type %s%s struct {\nSite int\n", t.frameName(), t.unit.tdecl)
	if len(t.captures) > 0 {
		t.r = t.unit.recordVar
		w.putf("%s *durable_rec_%s%s\n", fieldName(t.r), t.path, t.unit.tuse)
	}
	for _, v := range t.framedVars() {
		w.putf("%s %s\n", fieldName(t.varName(v)), t.typeOf(v))
	}
	if t.d != "" {
		w.putf("%s *%s.Defers\n", t.d, t.coroc)
		for _, p := range t.results {
			if p.obj == nil {
				w.putf("%s %s\n", fieldName(p.name), p.typ)
			}
		}
	}
	if t.recoverVar != "" {
		w.putf("%s *%s.Defers\n", t.recoverVar, t.coroc)
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
	if it != nil {
		t.siteLive(it).each(func(i int) { add(fieldName(t.varName(t.vars[i])), t.varName(t.vars[i])) })
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
		seen.each(func(i int) { add(fieldName(t.varName(t.vars[i])), t.varName(t.vars[i])) })
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
	b.putf("if %s.Catches() {\n%s.Caught(recover())\n}\n", t.d, t.d)
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
}

// resume prints how a twin goes on from its frame.
func (t *twinGen) resume(b *bodyGen, frame string) {
	if len(t.captures) > 0 {
		b.put(t.captureText(t.r, t.captures, ":="))
	}
	b.putf("if !%s.Running() {\n%s := %s.Pop[%s](%s)\n", t.c, t.fr, t.coroc, frame, t.c)
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
			if v := vars[i]; v != t.r && v != t.d && v != t.recoverVar {
				to, from = append(to, v), append(from, t.fr+"."+fields[i])
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
}

func (f *fileGen) captureText(r string, captures []*types.Var, assign string) string {
	var names, from []string
	for _, v := range captures {
		names = append(names, v.Name())
		from = append(from, r+"."+fieldName(v.Name()))
	}
	if names == nil {
		return ""
	}
	return strings.Join(names, ", ") + " " + assign + " " + strings.Join(from, ", ") + "\n"
}

func (t *twinGen) siteLabel(it *item) string {
	if it.label == nil {
		it.label = &label{name: t.local(fmt.Sprintf("site_%d", it.site))}
	}
	return it.label.name
}
