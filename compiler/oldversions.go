package compiler

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	pathpkg "path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/typecheck"
)

// addFrozen makes the frozen versions of the packages part of them, but for those that
// are the current ones: also of packages that are not named, which may call what is. It reports
// whether there are any: the module has been checked again then.
func (r *Result) addFrozen() bool {
	renames := codegen.FindRenames(r.Module)
	var list []*frozenPackage // imports before importers
	across := false
	for _, p := range r.Module.Packages {
		if !r.mayFreeze(p) {
			continue
		}
		f := &frozenPackage{r: r, p: p, renames: renames}
		f.read()
		list = append(list, f)
		for _, v := range f.old {
			across = across || slices.ContainsFunc(v.Calls, func(c frozenCall) bool { return packageOf(c.State) != p.Path })
		}
	}
	for _, f := range list {
		f.addImports()
	}
	seen := map[*typecheck.Package]bool{}
	for _, f := range list {
		if f.p.Named {
			nameImports(f.p, seen)
		}
	}
	for _, f := range list {
		if f.p.Named {
			r.Frozen = append(r.Frozen, f.all...)
		}
	}
	if r.Failed() {
		return false
	}
	r.Module.SortPackages()
	slices.SortFunc(list, func(a, b *frozenPackage) int {
		return slices.Index(r.Module.Packages, a.p) - slices.Index(r.Module.Packages, b.p)
	})
	changed, checked := map[*typecheck.Package]bool{}, map[*typecheck.Package]bool{}
	next := 0
	for _, p := range slices.Clone(r.Module.Packages) {
		// What calls frozen versions of other packages can only be checked when these are there.
		recheck := func() {
			if across {
				r.Module.RecheckPackage(p)
				checked[p] = true
			}
		}
		if slices.ContainsFunc(slices.Collect(maps.Values(p.Imports)), func(q *typecheck.Package) bool { return checked[q] }) {
			recheck()
		}
		if next == len(list) || list[next].p != p {
			continue
		}
		f := list[next]
		next++
		files := f.files(list)
		if len(files) == 0 && len(f.earlier) == 0 {
			continue
		}
		current := f.now()
		for _, q := range r.Module.Packages {
			if q.Path == p.Path {
				q.Files = append(slices.Clone(q.Files), files...)
				q.Frozen, q.Earlier, q.Current = f.frozen, f.earlier, current
				changed[q] = true
			}
		}
		recheck()
	}
	if len(changed) == 0 {
		return false
	}
	r.add(r.Module.Recheck(func(p *typecheck.Package) bool { return changed[p] }))
	return true
}

// mayFreeze reports whether functions of a package may have frozen versions.
func (r *Result) mayFreeze(p *typecheck.Package) bool {
	return !p.Library && !p.Test && !p.NoBody && p.Dir != "" && (p.Adopted == nil || !p.Adopted.Committed)
}

// packageOf returns the import path in the name of a function in saved states.
func packageOf(state string) string {
	path, _, _ := strings.Cut(afterSlash(state), ".")
	return state[:len(state)-len(afterSlash(state))] + path
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
	others []*frozenPackage // of the module, this one too
	frozen map[string]*typecheck.Frozen

	earlier []*typecheck.Frozen // those that may move to the current version
	renames *codegen.Renames
}

// read reads the versions of the package.
func (f *frozenPackage) read() {
	all, diags := readFrozen(f.p.Dir)
	f.report(diags...)
	for _, v := range all {
		v.rename(f.renames)
	}
	f.all = all
	current := f.current()
	for _, v := range all {
		// Frozen before and after it was renamed, it is one version.
		again := slices.ContainsFunc(f.old, func(o *frozenVersion) bool { return o.State == v.State && o.Fingerprint == v.Fingerprint })
		if current[v.State] != v.Fingerprint && !again {
			f.old = append(f.old, v)
		}
	}
}

// addImports notes what the old versions import that the package does not.
func (f *frozenPackage) addImports() {
	var cyclic []*frozenVersion
	for _, v := range f.old {
		for _, s := range v.file.Imports {
			path, _ := strconv.Unquote(s.Path.Value)
			path = f.renames.Now(path)
			i := slices.IndexFunc(f.r.Module.Packages, func(q *typecheck.Package) bool { return q.Path == path && !q.Test })
			if i < 0 || f.p.Imports[path] != nil {
				continue
			}
			q := f.r.Module.Packages[i]
			if way := importWay(q, f.p); way != nil {
				f.report(typecheck.Diagnostic{
					Pos:     v.fset.PositionFor(s.Pos(), false),
					Message: fmt.Sprintf("the frozen version %016x of %s imports %s, which imports its package now: %s", v.Fingerprint, v.State, path, strings.Join(way, " imports ")),
					Fix:     "put what both need into a package of its own, or remove the version if no saved state needs it: coroc freeze -prune",
				})
				cyclic = append(cyclic, v)
				continue
			}
			for _, p := range f.r.Module.Packages {
				if p.Path == f.p.Path {
					p.Imports[path] = q
				}
			}
		}
	}
	f.old = slices.DeleteFunc(f.old, func(v *frozenVersion) bool { return slices.Contains(cyclic, v) })
}

// nameImports makes all that a package imports, now also for its old versions, compiled.
func nameImports(p *typecheck.Package, seen map[*typecheck.Package]bool) {
	if !seen[p] {
		seen[p], p.Named = true, true
		for _, q := range p.Imports {
			nameImports(q, seen)
		}
	}
}

// report adds diagnostics, if the package was named.
func (f *frozenPackage) report(diags ...typecheck.Diagnostic) {
	if f.p.Named {
		f.r.add(diags)
	}
}

// importWay returns how a package imports another one, by their paths, or nil.
func importWay(from, to *typecheck.Package) []string {
	seen := map[*typecheck.Package]bool{}
	var find func(p *typecheck.Package) []string
	find = func(p *typecheck.Package) []string {
		if seen[p] {
			return nil
		}
		seen[p] = true
		if p == to {
			return []string{p.Path}
		}
		for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
			if way := find(p.Imports[path]); way != nil {
				return append([]string{p.Path}, way...)
			}
		}
		return nil
	}
	return find(from)
}

// files returns the old versions as files of the package; those of other packages are among list.
func (f *frozenPackage) files(list []*frozenPackage) []*typecheck.File {
	f.others = list
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
		f.report(d)
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

// now returns the functions and literals that the old versions are of as they are now, by their
// names in saved states.
func (f *frozenPackage) now() map[string]ast.Node {
	old := map[string]bool{}
	for _, v := range f.old {
		old[v.State] = true
	}
	now := map[string]ast.Node{}
	for _, u := range unitsOf(f.p) {
		if !old[u.state] {
			continue
		}
		now[u.state] = u.node
		for name, lit := range codegen.Literals(u.node) {
			now[u.state+name] = lit
		}
	}
	return now
}

// file returns a version as a file of the package.
func (f *frozenPackage) file(v *frozenVersion) *typecheck.File {
	offset := func(p token.Pos) int { return v.fset.PositionFor(p, false).Offset }
	edits := append(f.renamed(v), replacement{offset(v.decl.Name.Pos()), offset(v.decl.Name.End()), v.name()})
	base := offset(v.decl.Pos())
	for _, c := range v.Calls {
		at := base + c.Offset
		end := at
		for end < len(v.text) && isIdent(v.text[end]) {
			end++
		}
		edits = slices.DeleteFunc(edits, func(e replacement) bool { return e.at == at })
		if to := f.callee(c); to != string(v.text[at:end]) {
			edits = append(edits, replacement{at, end, to})
		}
	}
	slices.SortFunc(edits, func(a, b replacement) int { return a.at - b.at })
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
		f.report(typecheck.Diagnostic{Pos: token.Position{Filename: v.Frozen.File}, Message: "internal error: a frozen version does not parse: " + err.Error()})
		return nil
	}
	v.Decl = declaredIn(syntax)
	return &typecheck.File{Name: name, Syntax: syntax, Source: text.Bytes(), Library: frozenDir, Origins: []string{v.Frozen.File}, Frozen: true}
}

// A replacement replaces a part of a text.
type replacement struct {
	at, end int
	text    string
}

// renamed returns what makes a version mention what is declared at package level by the names that
// it has now. What it mentions that has its old name, or has gone, stays.
func (f *frozenPackage) renamed(v *frozenVersion) []replacement {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", v.text, 0)
	if err != nil {
		return nil
	}
	var edits []replacement
	replace := func(n ast.Node, text string) {
		edits = append(edits, replacement{fset.Position(n.Pos()).Offset, fset.Position(n.End()).Offset, text})
	}
	imported := map[string]string{} // the old paths of packages, by the names that the version has for them
	for _, s := range file.Imports {
		path, _ := strconv.Unquote(s.Path.Value)
		name := pathpkg.Base(path)
		if s.Name != nil {
			name = s.Name.Name
		}
		imported[name] = path
		if now := f.renames.Now(path); now != path {
			text := strconv.Quote(now)
			if s.Name == nil {
				text = name + " " + text
			}
			replace(s.Path, text)
		}
	}
	free := map[*ast.Ident]bool{} // declared outside of the version
	for _, id := range file.Unresolved {
		free[id] = true
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			if !ok || !free[id] || imported[id.Name] == "" {
				return true
			}
			path := imported[id.Name]
			if now := f.renames.Now(path + "." + n.Sel.Name); packageOf(now) == f.renames.Now(path) && lastElement(now) != n.Sel.Name {
				replace(n.Sel, lastElement(now))
			}
			return false
		case *ast.Ident:
			if now := f.renames.Now(v.path + "." + n.Name); free[n] && packageOf(now) == f.p.Path && lastElement(now) != n.Name {
				replace(n, lastElement(now))
			}
		}
		return true
	})
	return edits
}

// callee returns the name of what a call of a frozen version leads to: the version of its callee
// that was frozen with it, if the current one is another.
func (f *frozenPackage) callee(c frozenCall) string {
	for _, g := range f.others {
		for _, v := range g.old {
			if v.State == c.State && v.Fingerprint == c.Fingerprint {
				return v.name()
			}
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
