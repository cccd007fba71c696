package compiler

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/typecheck"
)

// frozenDir is the directory beside the sources of a package that has the versions of its
// functions which saved states may need. The go command does not look into it.
const frozenDir = "_frozen"

// A frozenVersion is a function as it was, in a file of its own: a Go file with the imports
// that the function needs and its declaration. A func literal is declared as a function.
type frozenVersion struct {
	typecheck.Frozen
	Source   string // file:line where it stood
	Versions []frozenSites
	Calls    []frozenCall
	Text     uint64 // its fingerprint as it is written, without regard to renames

	text []byte
	decl *ast.FuncDecl
	file *ast.File
	fset *token.FileSet
}

// frozenSites are the sites of the function, or of a literal in it.
type frozenSites struct {
	State       string
	Fingerprint uint64
	Keys        []int
}

// A frozenCall is the mention of another function of the package that may suspend.
type frozenCall struct {
	Offset      int // in the declaration
	State       string
	Fingerprint uint64
}

const frozenHeader = "// Frozen by coroc: a version of a function that saved states may need. DO NOT EDIT."

// Directives of a frozen file.
const (
	directiveFunction = "//coroc:function "
	directiveLiteral  = "//coroc:literal "
	directiveVersion  = "//coroc:version "
	directiveCall     = "//coroc:call "
	directiveSource   = "//coroc:source "
	directiveText     = "//coroc:text "
)

// format returns the version as a file.
func (v *frozenVersion) format(pkg string, imports []string, decl []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n//\n", frozenHeader)
	kind := directiveFunction
	if v.Literal {
		kind = directiveLiteral
	}
	fmt.Fprintf(&b, "%s%s %016x\n%s%s\n%s%016x\n", kind, v.State, v.Fingerprint, directiveSource, v.Source, directiveText, v.Text)
	for _, s := range v.Versions {
		fmt.Fprintf(&b, "%s%s %016x", directiveVersion, s.State, s.Fingerprint)
		for _, k := range s.Keys {
			fmt.Fprintf(&b, " %d", k)
		}
		b.WriteString("\n")
	}
	for _, c := range v.Calls {
		fmt.Fprintf(&b, "%s%d %s %016x\n", directiveCall, c.Offset, c.State, c.Fingerprint)
	}
	fmt.Fprintf(&b, "\npackage %s\n\n", pkg)
	if len(imports) > 0 {
		fmt.Fprintf(&b, "import (\n\t%s\n)\n\n", strings.Join(imports, "\n\t"))
	}
	b.Write(decl)
	b.WriteString("\n")
	return b.Bytes()
}

// readFrozen reads the frozen versions beside a package, sorted by the names of their files.
func readFrozen(dir string) ([]*frozenVersion, []typecheck.Diagnostic) {
	entries, err := os.ReadDir(filepath.Join(dir, frozenDir))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, []typecheck.Diagnostic{{Pos: token.Position{Filename: filepath.Join(dir, frozenDir)}, Message: err.Error(), Fix: "make it readable"}}
	}
	var list []*frozenVersion
	var diags []typecheck.Diagnostic
	for _, e := range entries {
		name := filepath.Join(dir, frozenDir, e.Name())
		if filepath.Ext(name) != ".go" || e.IsDir() {
			continue
		}
		v, err := parseFrozen(name)
		if err != nil {
			diags = append(diags, typecheck.Diagnostic{
				Pos:     token.Position{Filename: name},
				Message: "this frozen version cannot be read: " + err.Error(),
				Fix:     "take it from version control again, or remove it if no saved state needs it",
			})
			continue
		}
		list = append(list, v)
	}
	return list, diags
}

func parseFrozen(name string) (*frozenVersion, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(text, []byte(frozenHeader)) {
		return nil, errors.New("coroc freeze has not written it")
	}
	v := &frozenVersion{text: text, fset: token.NewFileSet()}
	v.File = name
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for sc.Scan() && !strings.HasPrefix(sc.Text(), "package ") {
		if err := v.directive(sc.Text()); err != nil {
			return nil, fmt.Errorf("%q: %w", sc.Text(), err)
		}
	}
	if v.State == "" {
		return nil, errors.New("it does not say of what function it is")
	}
	if v.file, err = parser.ParseFile(v.fset, name, text, parser.ParseComments|parser.SkipObjectResolution); err != nil {
		return nil, err
	}
	if v.decl = declaredIn(v.file); v.decl == nil {
		return nil, errors.New("there is no function in it")
	}
	var node ast.Node = v.decl
	if v.Literal {
		node = &ast.FuncLit{Type: v.decl.Type, Body: v.decl.Body}
	}
	if codegen.Fingerprint(node) != v.Text {
		return nil, errors.New("the function in it has been changed")
	}
	return v, nil
}

// declaredIn returns the function of the file of a version, or nil.
func declaredIn(f *ast.File) *ast.FuncDecl {
	for _, d := range f.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
			return fd
		}
	}
	return nil
}

func (v *frozenVersion) directive(line string) error {
	var err error
	number := func(s string, base int) uint64 {
		n, e := strconv.ParseUint(s, base, 64)
		err = errors.Join(err, e)
		return n
	}
	split := func(prefix string, least int) []string {
		rest, ok := strings.CutPrefix(line, prefix)
		if !ok {
			return nil
		}
		f := strings.Fields(rest)
		if len(f) < least {
			err = errors.New("incomplete")
			return nil
		}
		return f
	}
	if f := split(directiveFunction, 2); f != nil {
		v.State, v.Fingerprint = f[0], number(f[1], 16)
	}
	if f := split(directiveLiteral, 2); f != nil {
		v.State, v.Fingerprint, v.Literal = f[0], number(f[1], 16), true
	}
	if f := split(directiveVersion, 2); f != nil {
		s := frozenSites{State: f[0], Fingerprint: number(f[1], 16)}
		for _, k := range f[2:] {
			s.Keys = append(s.Keys, int(number(k, 10)))
		}
		v.Versions = append(v.Versions, s)
	}
	if f := split(directiveText, 1); f != nil {
		v.Text = number(f[0], 16)
	}
	if f := split(directiveCall, 3); f != nil {
		v.Calls = append(v.Calls, frozenCall{int(number(f[0], 10)), f[1], number(f[2], 16)})
	}
	if s, ok := strings.CutPrefix(line, directiveSource); ok {
		v.Source = s
	}
	return err
}

// name returns what the version is declared as in the durable build.
func (v *frozenVersion) name() string {
	return codegen.FrozenName(v.decl.Name.Name, v.Fingerprint)
}

// rename makes the version one of functions by the names that they have now.
func (v *frozenVersion) rename(r *codegen.Renames) {
	v.State = r.Now(v.State)
	v.Literals, v.Sites = map[string]uint64{}, map[string][]int{}
	for i := range v.Versions {
		s := &v.Versions[i]
		s.State = r.Now(s.State)
		v.Literals[s.State], v.Sites[s.State] = s.Fingerprint, s.Keys
	}
	for i := range v.Calls {
		v.Calls[i].State = r.Now(v.Calls[i].State)
	}
	if !v.Literal {
		v.Original = lastElement(v.State)
	}
}

// addFrozen makes the frozen versions of the named packages part of them, but for those that
// are the current ones. It reports whether there are any: the module has to be checked again
// then.
func (r *Result) addFrozen() bool {
	changed := map[*typecheck.Package]bool{}
	renames := codegen.FindRenames(r.Module)
	for _, p := range r.Module.Packages {
		if p.Library || p.Test || p.NoBody || !p.Named || p.Dir == "" || p.Adopted != nil && p.Adopted.Committed {
			continue
		}
		all, diags := readFrozen(p.Dir)
		r.add(diags)
		for _, v := range all {
			v.rename(renames)
		}
		r.Frozen = append(r.Frozen, all...)
		f := &frozenPackage{r: r, p: p, all: all, renames: renames}
		files := f.files()
		if len(files) == 0 && len(f.earlier) == 0 {
			continue
		}
		for _, q := range r.Module.Packages {
			if q.Path == p.Path {
				q.Files = append(slices.Clone(q.Files), files...)
				q.Frozen, q.Earlier = f.frozen, f.earlier
				changed[q] = true
			}
		}
	}
	if len(changed) == 0 {
		return false
	}
	r.add(r.Module.Recheck(func(p *typecheck.Package) bool { return changed[p] }))
	return true
}

// nameLocals names the types in the functions of packages with frozen versions.
func (r *Result) nameLocals() {
	var renames *codegen.Renames
	for _, p := range r.Module.Packages {
		if len(p.Frozen) == 0 || p.NoBody {
			continue
		}
		if renames == nil {
			renames = codegen.FindRenames(r.Module)
		}
		p.Locals = codegen.LocalTypes(r.Module, p, renames)
	}
}

// A frozenPackage is a package whose frozen versions are being added.
type frozenPackage struct {
	r      *Result
	p      *typecheck.Package
	all    []*frozenVersion
	old    []*frozenVersion // that are not current
	frozen map[string]*typecheck.Frozen

	earlier []*typecheck.Frozen // those that may move to the current version
	renames *codegen.Renames
}

func (f *frozenPackage) files() []*typecheck.File {
	current := f.current()
	for _, v := range f.all {
		// Frozen before and after it was renamed, it is one version.
		again := slices.ContainsFunc(f.old, func(o *frozenVersion) bool { return o.State == v.State && o.Fingerprint == v.Fingerprint })
		if current[v.State] != v.Fingerprint && !again {
			f.old = append(f.old, v)
		}
	}
	moves := f.moves()
	for {
		f.frozen = map[string]*typecheck.Frozen{}
		var files []*typecheck.File
		for _, v := range f.old {
			file := f.file(v)
			if file == nil {
				return nil
			}
			files = append(files, file)
			f.frozen[v.name()] = &v.Frozen
		}
		n := len(f.old)
		if len(files) > 0 && !f.fits(files, moves) {
			return nil
		}
		if len(f.old) == n {
			for _, v := range f.old {
				if moves(v) {
					f.earlier = append(f.earlier, &v.Frozen)
				}
			}
			return files
		}
	}
}

// moves returns a function that reports whether a version may move to the current one.
func (f *frozenPackage) moves() func(v *frozenVersion) bool {
	ins := codegen.OptIns(f.p)
	return func(v *frozenVersion) bool {
		return slices.ContainsFunc(ins, func(o *codegen.OptIn) bool { return o.Freezes(v.State) })
	}
}

// fits reports whether the package still has what its frozen versions need; what it has not
// is reported. A version that may move to the current one can do without: it is taken from
// those that are compiled.
func (f *frozenPackage) fits(files []*typecheck.File, moves func(*frozenVersion) bool) bool {
	var all []*ast.File
	for _, g := range slices.Concat(f.p.Files, files) {
		all = append(all, g.Syntax)
	}
	ok := true
	unfit := map[*frozenVersion]bool{}
	info, errs := f.r.Module.Check(f.p, all)
	for _, e := range errs {
		pos := f.r.Module.Position(e.Pos)
		i := slices.IndexFunc(f.old, func(v *frozenVersion) bool { return v.Frozen.File == pos.Filename })
		if i < 0 || e.Soft {
			continue
		}
		v := f.old[i]
		if unfit[v] {
			continue
		}
		d := typecheck.Diagnostic{
			Pos:     pos,
			Message: fmt.Sprintf("the frozen version %016x of %s does not fit its package any more: %s", v.Fingerprint, v.State, strings.Join(strings.Fields(e.Msg), " ")),
			Fix:     "keep what it needs until no saved state needs the version, or remove the version: coroc freeze -prune",
		}
		if now := f.declared(v.State); now.IsValid() {
			d.Related = []typecheck.Related{{Pos: now, Message: "the function as it is now"}}
		}
		if moves(v) {
			unfit[v] = true
			v.Info = info
			f.earlier = append(f.earlier, &v.Frozen)
			d.Warning = true
			d.Fix = "keep what it needs: until then, what is suspended in it goes on only where it can move to the function as it is now"
		} else {
			ok = false
		}
		f.r.add([]typecheck.Diagnostic{d})
	}
	f.old = slices.DeleteFunc(f.old, func(v *frozenVersion) bool { return unfit[v] })
	return ok
}

// current returns the fingerprints of the functions, and of the literals of package-level
// variables, as they are now.
func (f *frozenPackage) current() map[string]uint64 {
	current := map[string]uint64{}
	for _, u := range unitsOf(f.p) {
		current[u.state] = f.renames.Fingerprint(f.p, u.node)
	}
	return current
}

// file returns a version as a file of the package.
func (f *frozenPackage) file(v *frozenVersion) *typecheck.File {
	type edit struct {
		at, end int
		text    string
	}
	offset := func(p token.Pos) int { return v.fset.PositionFor(p, false).Offset }
	edits := []edit{{offset(v.decl.Name.Pos()), offset(v.decl.Name.End()), v.name()}}
	base := offset(v.decl.Pos())
	for _, c := range v.Calls {
		at := base + c.Offset
		end := at
		for end < len(v.text) && isIdent(v.text[end]) {
			end++
		}
		if to := f.callee(c); to != string(v.text[at:end]) {
			edits = append(edits, edit{at, end, to})
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.at - b.at })
	// Lines lead to the frozen file; what is before the package clause is left out.
	start := offset(v.file.Package)
	var text bytes.Buffer
	rel := frozenDir + "/" + filepath.Base(v.Frozen.File)
	fmt.Fprintf(&text, "//line %s:%d\n", rel, v.fset.PositionFor(v.file.Package, false).Line)
	done := start
	for _, e := range edits {
		text.Write(v.text[done:e.at])
		// A name that is longer does not move what follows on its line.
		text.WriteString(e.text)
		done = e.end
	}
	text.Write(v.text[done:])
	name := typecheck.LibraryFileName(f.p.Dir, "frozen_"+strings.TrimSuffix(filepath.Base(v.Frozen.File), ".go"), false)
	syntax, err := parser.ParseFile(f.r.Module.Fset, name, text.Bytes(), parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		f.r.add([]typecheck.Diagnostic{{Pos: token.Position{Filename: v.Frozen.File}, Message: "internal error: a frozen version does not parse: " + err.Error()}})
		return nil
	}
	v.Decl = declaredIn(syntax)
	return &typecheck.File{Name: name, Syntax: syntax, Source: text.Bytes(), Library: frozenDir, Origins: []string{v.Frozen.File}, Frozen: true}
}

// callee returns the name of what a call of a frozen version leads to: the version of its callee
// that was frozen with it, if the current one is another.
func (f *frozenPackage) callee(c frozenCall) string {
	for _, v := range f.old {
		if v.State == c.State && v.Fingerprint == c.Fingerprint {
			return v.name()
		}
	}
	return lastElement(c.State)
}

func isIdent(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// declared returns where a function is declared now.
func (f *frozenPackage) declared(state string) token.Position {
	for _, u := range unitsOf(f.p) {
		if u.state == state {
			return f.r.Module.Position(u.node.Pos())
		}
	}
	return token.Position{}
}

// checkFrozen holds that frozen versions can be suspended where they could be when they were
// frozen.
func (r *Result) checkFrozen() {
	made := map[string]map[uint64][]int{}
	for _, v := range r.Versions {
		if v.Frozen == nil {
			continue
		}
		if made[v.State] == nil {
			made[v.State] = map[uint64][]int{}
		}
		for _, s := range v.Sites {
			made[v.State][v.Fingerprint] = append(made[v.State][v.Fingerprint], s.Key)
		}
	}
	for _, v := range r.Frozen {
		if !slices.ContainsFunc(r.Module.Packages, func(p *typecheck.Package) bool { return p.Frozen[v.name()] == &v.Frozen }) {
			continue // it is the current one, or has been reported
		}
		for _, s := range v.Versions {
			for _, key := range s.Keys {
				if slices.Contains(made[s.State][s.Fingerprint], key) {
					continue
				}
				r.add([]typecheck.Diagnostic{{
					Pos:     v.callPosition(s.State, key),
					Message: fmt.Sprintf("the frozen version %016x of %s can be suspended here, but what it calls does not suspend any more", v.Fingerprint, s.State),
					Fix:     "let that function still be one that may suspend, or remove the version if no saved state needs it: coroc freeze -prune",
				}})
			}
		}
	}
}

// callPosition returns where the call with a number, in the function or in what has a name in
// it, stands in the frozen file.
func (v *frozenVersion) callPosition(state string, key int) token.Position {
	n := codegen.CallOf(v.decl, strings.TrimPrefix(state, v.State), key)
	return v.fset.PositionFor(n.Pos(), false)
}
