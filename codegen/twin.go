package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
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

	clauseWires map[string]string // their names in saved states

	items    []*item
	prologue []ast.Stmt // constants, which need not stand where they are declared
	labels   map[string]int
	gotos    map[string]*label // the user's own, for goto
	sites    int
	names    map[string]bool

	twin, ok    string // names of what dynamic calls look up
	c, fr, d, r string // names of the coroutine, the frame, the defers, the record
	bodyDefers  string // of the body of a range over a function: the name of the defers of the function around it
	recoverVar  string // name of the defers that recover looks at; "" if it is not mentioned
	params      []param
	results     []param
	boxes       []*types.Var // of each result: the box of the variable that holds it, or nil
	captures    []*types.Var
	method      *types.Func // of a twin of a method
	orig        ast.Node    // what the twin is made of
	twins       map[*types.Var]*keptTwin
	twinVars    []*types.Var // of twins, in order
	hoisted     map[*types.Var]bool
	resident    map[*types.Var]bool // variables that are fields of a frame from the start
	suspend     string              // the label of what suspends, in a twin with such variables
	mentioned   map[*types.Var]bool // variables, also captured ones, in code that can be reached
	framed      bitset              // variables that are live at some site
	wireOf      map[string]string   // names in saved states of the frame's fields
	wireTypes   map[string]types.Type
	sig         *types.Signature // of the function
	through     string           // what it is called by, without a receiver or a record of its own
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
		clauseVars: map[*types.Var]string{}, clauseWires: map[string]string{}, labels: map[string]int{}, gotos: map[string]*label{}, names: map[string]bool{},
		hoisted: map[*types.Var]bool{}, mentioned: map[*types.Var]bool{},
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
	switch o := f.d.Orig[call].(type) {
	case *ast.CallExpr:
		return f.facts.Sites[o]
	case *ast.RangeStmt: // the call of an iterator
		return f.facts.Ranges[o]
	}
	return nil
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
	t.orig = orig
	t.c, t.twin, t.ok = t.local("c"), t.local("twin"), t.local("ok")
	unnamed := func() string { return "_" }
	if t.handsOver() {
		unnamed = t.numbered("p")
	}
	t.params = t.paramList(ft.Params, unnamed)
	t.results = t.paramList(ft.Results, t.numbered("result"))
	t.captures = captures
	if t.mentionsRecover(body) {
		t.recoverVar = t.local("recovers")
	}
	hasDefer := t.bodyDefers == "" && t.containsDefer(body)

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
	t.dropUnreachable()
	t.numberSites()
	t.siteKeys()
	if t.sites > manySites {
		p := t.position(orig.Pos())
		t.diags = append(t.diags, typecheck.Diagnostic{
			Pos: p, Warning: true,
			Message: fmt.Sprintf("%s has %d calls that may suspend, and will take the Go compiler long", t.state, t.sites),
			Fix:     "divide it into smaller functions",
		})
	}
	t.liveness()
	t.hoist()
	t.fr = t.local("frame")
	t.chooseResident(body)
	t.keepTwins(body)
	if len(t.captures) > 0 {
		t.r = t.unit.recordVar
	}
	frame := ""
	if t.leavesFrame() {
		frame = t.frameType()
	}

	w := &writer{file: t.base()}
	b := &bodyGen{fileGen: t.fileGen, writer: w, unit: t.unit, durable: t, deferrer: t, rename: t.renames(), where: t.path}
	b.own()
	b.putf("%s(%s) %s {\n", head, strings.TrimSuffix(t.c+" *"+t.coroc+".Coroutine, "+joinParams(t.params), ", "), resultText(t.results))
	t.handOver(b, frame)
	for _, s := range t.prologue {
		b.stmt(s)
	}
	t.declareHoisted(b)
	t.declareTwins(b)
	if t.d != "" {
		b.putf("%s := &%s.Defers{}\n", t.d, t.coroc)
	}
	switch {
	case t.recoverVar != "":
		b.putf("%s := %s.TakeDefers()\n", t.recoverVar, t.c)
	case t.method != nil && t.someMethodRecovers(t.method):
		// A defer of an interface method leaves its defers for any method of the
		// name: not for what this one calls.
		b.putf("%s.TakeDefers()\n", t.c)
	}
	if t.d != "" {
		t.guard(b, frame)
	}
	t.resume(b, frame)
	t.emit(b, frame)
	b.put("}\n")
	if frame != "" {
		t.registerFrame(frame, t.version(orig))
	}
	t.describe(ft)
	return b.String()
}

func (t *twinGen) frameName() string { return "durable_frame_" + t.path }

func (t *twinGen) renames() map[types.Object]string {
	m := map[types.Object]string{}
	for v, n := range t.clauseVars {
		m[v] = n
	}
	for v := range t.resident {
		m[v] = t.varName(v)
	}
	return m
}

// varName returns what the twin calls a variable.
func (t *twinGen) varName(v *types.Var) string {
	if t.resident[v] {
		return t.fr + "." + fieldName(t.localName(v))
	}
	return t.localName(v)
}

// localName returns the name of a variable in the twin, which that of its field in
// the frame is made of.
func (t *twinGen) localName(v *types.Var) string {
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

// dropUnreachable leaves only the items that can be reached, so that what only dead
// code would have needed is neither declared nor kept.
func (t *twinGen) dropUnreachable() {
	at := map[*label]int{}
	for i, it := range t.items {
		if it.kind == labelItem {
			at[it.label] = i
		}
	}
	reached := make([]bool, len(t.items))
	work := []int{0}
	jump := func(labels ...*label) {
		for _, l := range labels {
			if i, ok := at[l]; ok {
				work = append(work, i)
			}
		}
	}
	for len(work) > 0 {
		i := work[len(work)-1]
		work = work[:len(work)-1]
		for falls := true; falls && i < len(t.items) && !reached[i]; i++ {
			reached[i] = true
			it := t.items[i]
			switch it.kind {
			case gotoItem, branchItem, dispatchItem:
				jump(it.label)
				jump(it.clauses...)
			}
			jump(it.outs...)
			falls = it.kind != returnItem && it.kind != gotoItem && it.kind != dispatchItem
		}
	}
	for l := range at {
		l.used = false
	}
	for i, it := range t.items {
		if !reached[i] || it.kind == labelItem {
			continue
		}
		if it.label != nil {
			it.label.used = true
		}
		for _, l := range it.outs {
			l.used = true
		}
		for _, l := range it.clauses {
			l.used = true
		}
	}
	var kept []*item
	for i, it := range t.items {
		if reached[i] && (it.kind != labelItem || it.label.used) {
			kept = append(kept, it)
		}
	}
	t.items = kept
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
