package codegen

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// migrateDirective says, above a function or a variable with func literals, that states which
// were saved in older versions of it may move to it: //coroc:migrate, and a space and the name of
// a hook.
const migrateDirective = "//coroc:migrate"

// An OptIn is a declaration that older versions may move to.
type OptIn struct {
	Decl     ast.Node
	Pos      token.Pos // of the directive
	Hook     string
	Literals map[*ast.FuncLit]string // of a variable, with their names in saved states
	Func     *types.Func             // or the function
	State    string                  // and its name
}

// OptIns returns the declarations of a package that older versions may move to.
func OptIns(p *typecheck.Package) []*OptIn {
	var list []*OptIn
	for _, f := range p.Files {
		if f.Library != "" {
			continue
		}
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if o := optIn(d, d.Doc); o != nil {
					if fn, ok := p.Info.Defs[d.Name].(*types.Func); ok {
						o.Func, o.State = fn, StateName(fn, p.Path)
					}
					list = append(list, o)
				}
			case *ast.GenDecl:
				o := optIn(d, d.Doc)
				for _, s := range d.Specs {
					if v, ok := s.(*ast.ValueSpec); ok && o == nil {
						o = optIn(d, v.Doc)
					}
				}
				if o != nil {
					if d.Tok == token.VAR {
						o.Literals = VariableLiterals(p.Path, d)
					}
					list = append(list, o)
				}
			}
		}
	}
	return list
}

func optIn(d ast.Node, doc *ast.CommentGroup) *OptIn {
	if doc == nil {
		return nil
	}
	for _, c := range doc.List {
		rest, ok := strings.CutPrefix(c.Text, migrateDirective)
		if ok && (rest == "" || rest[0] == ' ' || rest[0] == '\t') {
			return &OptIn{Decl: d, Pos: c.Pos(), Hook: strings.TrimSpace(rest)}
		}
	}
	return nil
}

// has reports whether a function or literal belongs to the declaration, and what of that is
// frozen as a whole.
func (o *OptIn) has(state string) (unit ast.Node, name string) {
	if o.Func != nil && (state == o.State || strings.HasPrefix(state, o.State+".")) {
		return o.Decl, o.State
	}
	for lit, s := range o.Literals {
		if state == s || strings.HasPrefix(state, s+".") {
			return lit, s
		}
	}
	return nil, ""
}

// Has reports whether a function or literal belongs to the declaration.
func (o *OptIn) Has(state string) bool {
	unit, _ := o.has(state)
	return unit != nil
}

// Freezes reports whether what has a name in saved states is frozen as a whole, and belongs to
// the declaration.
func (o *OptIn) Freezes(state string) bool {
	unit, name := o.has(state)
	return unit != nil && name == state
}

// optIn returns the declaration that has a function or literal, if older versions may move to it.
func (f *pkgGen) optIn(state string) *OptIn {
	if f.optIns == nil {
		f.optIns = append([]*OptIn{}, OptIns(f.p)...)
	}
	for _, o := range f.optIns {
		if unit, _ := o.has(state); unit != nil {
			return o
		}
	}
	return nil
}

// A Migration is how an older version of a function, or of a literal in one, moves to the
// current one.
type Migration struct {
	Package     *typecheck.Package
	Frozen      *typecheck.Frozen // what it is a part of
	State       string            // of the older version
	Fingerprint uint64
	Now         string // the name of the current one
	NowPos      token.Pos
	Hook        string
	Moves       map[int]*Move // by the keys of the old sites
}

// A Move is what becomes of an old site.
type Move struct {
	To    int // the key of the current site
	Names []string
	Why   string // To does not count: this is why
}

// Migrations returns how older versions move, and Hooks the functions that have a hook.
func (g *Generator) Migrations() []*Migration { return g.migrations }

// Hooks returns the hooks, by the names in saved states of the functions that have one.
func (g *Generator) Hooks() map[string]string { return g.hooks }

// match returns the source of a function, and that of what it was in an older version, or
// nils.
func (t *twinGen) match(unit ast.Node, old *typecheck.Frozen) (now, then *versionSource) {
	key := matchKey{unit, old}
	pairs := t.matches[key]
	if pairs == nil {
		pairs = map[ast.Node][2]*versionSource{}
		info := old.Info
		if info == nil {
			info = t.p.Info
		}
		was := placesOf(t.mod, old.Decl)
		then := newVersionSource(t.mod, old.Decl, t.p.Types, info, t.Generator.renames.oldestName(t.p, info), was)
		now := newVersionSource(t.mod, unit, t.p.Types, t.p.Info, t.Generator.renames.oldestName(t.p, t.p.Info), t.here)
		now.matchLiterals(then, t.p.Types, pairs)
		t.pkgGen.matches[key] = pairs
	}
	return pairs[t.orig][0], pairs[t.orig][1]
}

type matchKey struct {
	unit ast.Node
	old  *typecheck.Frozen
}

// registerMigrations registers how frames of older versions become frames of the twin, and reports
// whether any do.
func (t *twinGen) registerMigrations(frame string, version *Version) bool {
	o := t.optIn(t.state)
	if _, isBody := t.orig.(*ast.RangeStmt); o == nil || t.frozen != nil || t.sig == nil || isBody {
		return false
	}
	unit, unitState := o.has(t.state)
	names := t.siteNames()
	from := ""
	for _, old := range t.p.Earlier {
		if old.State == unitState {
			from += t.migrateFrom(unit, old, version, o)
		}
	}
	if from == "" && o.Hook == "" {
		return false
	}
	text := fmt.Sprintf("%s.RegisterMigrations[%s](%s, %s.Migrations{\nResume: %s,\n", t.coroc, frame, t.unit.stateText(t.fileGen, t.state), t.coroc, t.resumption())
	if _, isLit := t.orig.(*ast.FuncLit); isLit {
		text += fmt.Sprintf("Literal: %s,\n", t.predeclared("true"))
	}
	if o.Hook != "" {
		text += fmt.Sprintf("Hook: %s,\nCalls: []%s{", o.Hook, t.predeclared("string"))
		for i, s := range version.Sites {
			if i > 0 {
				text += ", "
			}
			text += fmt.Sprintf("%q", names[s.Key])
		}
		text += "},\n"
		t.Generator.hooks[t.state] = o.Hook
	}
	if from != "" {
		text += fmt.Sprintf("From: []%s.OldVersion{\n%s},\n", t.coroc, from)
	}
	t.unit.register(text + "})")
	return true
}

// migrateFrom returns how frames of an older version become frames of the twin, as an element of
// Migrations.From.
func (t *twinGen) migrateFrom(unit ast.Node, old *typecheck.Frozen, version *Version, o *OptIn) string {
	now, then := t.match(unit, old)
	if now == nil {
		return ""
	}
	state := old.State
	if then.fn != old.Decl {
		state += then.literal(then.fn)
	}
	fingerprint, ok := old.Literals[state]
	if !ok || fingerprint == version.Fingerprint {
		return ""
	}
	m := &Migration{
		Package: t.p, Frozen: old, State: state, Fingerprint: fingerprint, Now: t.state, NowPos: t.orig.Pos(), Hook: o.Hook,
		Moves: map[int]*Move{},
	}
	t.Generator.migrations = append(t.Generator.migrations, m)
	calls := map[int]ast.Node{}
	for n := range then.keyOf {
		calls[then.call(n)] = n
	}
	names := callNames(old.Sites[state], calls)
	nameText := ""
	if state != t.state {
		nameText = "Name: " + t.unit.stateText(t.fileGen, state) + ", "
	}
	moved := o.Hook != ""
	text := fmt.Sprintf("{%sFingerprint: %#x, Sites: []%s.OldSite{\n", nameText, fingerprint, t.coroc)
	for _, key := range old.Sites[state] {
		move := t.moveTo(key, calls[key], now, then, version)
		m.Moves[key] = move
		if move.Why != "" && o.Hook == "" {
			continue
		}
		keyText := func(k int) string {
			if k == 0 {
				return t.coroc + ".Exit"
			}
			return fmt.Sprint(k)
		}
		moved = true
		text += "{Key: " + keyText(key)
		if o.Hook != "" {
			text += fmt.Sprintf(", Call: %q", names[key])
		}
		if move.Why == "" {
			text += ", To: " + keyText(move.To)
			i := slices.IndexFunc(version.Sites, func(s VersionSite) bool { return s.Key == move.To })
			if !slices.Equal(move.Names, version.Sites[i].Live) {
				text += fmt.Sprintf(", Live: []%s{", t.predeclared("string"))
				for i, n := range move.Names {
					if i > 0 {
						text += ", "
					}
					text += fmt.Sprintf("%q", n)
				}
				text += "}"
			}
		}
		text += "},\n"
	}
	if !moved {
		return ""
	}
	return text + "}},\n"
}

// moveTo returns what becomes of an old site, at a call.
func (t *twinGen) moveTo(key int, call ast.Node, now, then *versionSource, version *Version) *Move {
	// A func value leads to the version that it is of.
	if _, isLit := t.orig.(*ast.FuncLit); isLit && signatureText(now) != signatureText(then) {
		return &Move{Why: "the parameters or results have changed"}
	}
	to := 0
	var here, there *spot
	if key != 0 {
		var why string
		if there, here, why = then.counterpart(call, now); why != "" {
			return &Move{Why: why}
		}
		to = now.call(here.node)
	}
	i := slices.IndexFunc(version.Sites, func(s VersionSite) bool { return s.Key == to })
	if i < 0 {
		return &Move{Why: "what is called here does not suspend any more"}
	}
	live := version.Sites[i].Live
	if key == 0 || len(live) == 0 {
		return &Move{To: to, Names: live}
	}
	names, why := now.names(live, here, there, then)
	return &Move{To: to, Names: names, Why: why}
}

// signatureText writes the parameters and results of a version.
func signatureText(s *versionSource) string {
	var sig types.Type
	switch fn := s.fn.(type) {
	case *ast.FuncLit:
		sig = s.info.TypeOf(fn)
	case *ast.FuncDecl:
		if o := s.info.Defs[fn.Name]; o != nil {
			sig = o.Type()
		}
	}
	x, ok := sig.(*types.Signature)
	if !ok {
		return "?"
	}
	var b strings.Builder
	for _, tuple := range []*types.Tuple{x.Params(), x.Results()} {
		for v := range tuple.Variables() {
			b.WriteString(types.TypeString(v.Type(), nil) + ",")
		}
		b.WriteString(";")
	}
	fmt.Fprint(&b, x.Variadic())
	return b.String()
}

// siteNames returns what names the sites of the twin for hooks, by their keys.
func (t *twinGen) siteNames() map[int]string {
	calls := map[int]ast.Node{}
	var keys []int
	for _, it := range t.items {
		if it.kind == siteItem {
			calls[it.key] = t.desugared.Orig[it.call]
			keys = append(keys, it.key)
		}
	}
	return callNames(append(keys, 0), calls)
}

// callNames names sites by what they call; the second of a name has #2 behind it.
func callNames(keys []int, calls map[int]ast.Node) map[int]string {
	names := map[int]string{0: "return"}
	count := map[string]int{"return": 1}
	for _, key := range slices.Sorted(slices.Values(keys)) {
		if key == 0 {
			continue
		}
		name := "range"
		switch n := calls[key].(type) {
		case *ast.CallExpr:
			name = frozenInText.ReplaceAllString(types.ExprString(n.Fun), "$1")
		case *ast.RangeStmt:
			name = "range " + frozenInText.ReplaceAllString(types.ExprString(n.X), "$1")
		}
		if count[name]++; count[name] > 1 {
			name = fmt.Sprintf("%s#%d", name, count[name])
		}
		names[key] = name
	}
	return names
}

var frozenInText = regexp.MustCompile(`\b[fF]rozen_(\w+)_[0-9a-f]{16}\b`)
