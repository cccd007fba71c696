package compiler

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/typecheck"
)

// A freezeUnit is what is frozen as a whole: a declared function with the literals in it, or a
// literal of a package-level variable.
type freezeUnit struct {
	state string
	node  ast.Node // *ast.FuncDecl or *ast.FuncLit
	file  *typecheck.File
	name  string // what a literal is declared as
}

// unitsOf returns the units of a package, in the order of its files.
func unitsOf(p *typecheck.Package) []freezeUnit {
	var units []freezeUnit
	for _, f := range p.Files {
		if f.Library != "" || f.Test || f.Cgo {
			continue
		}
		for _, d := range f.Syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				fn, ok := p.Info.Defs[d.Name].(*types.Func)
				if ok && d.Body != nil && d.Name.Name != "init" && d.Name.Name != "_" {
					units = append(units, freezeUnit{state: codegen.StateName(fn, p.Path), node: d, file: f})
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					for lit, state := range codegen.VariableLiterals(p.Path, d) {
						name := strings.ReplaceAll(strings.TrimPrefix(state, p.Path+"."), ".", "_")
						units = append(units, freezeUnit{state: state, node: lit, file: f, name: name})
					}
				}
			}
		}
	}
	slices.SortStableFunc(units, func(a, b freezeUnit) int { return cmp.Compare(a.node.Pos(), b.node.Pos()) })
	return units
}

// A FrozenFile is a frozen version.
type FrozenFile struct {
	Path        string
	Function    string
	Fingerprint uint64
	Source      string // file:line where it stands or stood
	Current     bool   // it is what the function is now
	New         bool   // Freeze has written it

	versions []frozenSites
}

// Freeze keeps the versions that the functions of the named packages have now, as far as they
// may be suspended, and returns all versions that are kept, sorted by function. If dry is set it
// writes nothing.
func (r *Result) Freeze(dry bool) ([]FrozenFile, error) {
	var list []FrozenFile
	have := map[string]bool{}
	r.renames = codegen.FindRenames(r.Module)
	now := map[string]uint64{}
	for _, p := range r.freezable() {
		for _, u := range unitsOf(p) {
			now[u.state] = r.renames.Fingerprint(p, u.node)
		}
	}
	for _, v := range r.Frozen {
		have[v.Frozen.File] = true
		list = append(list, FrozenFile{
			Path: v.Frozen.File, Function: v.State, Fingerprint: v.Fingerprint, Source: v.Source, Current: now[v.State] == v.Fingerprint, versions: v.Versions,
		})
	}
	if !dry {
		for _, p := range r.freezable() {
			for _, u := range unitsOf(p) {
				v, text := r.freeze(p, u)
				if v == nil || have[v.Frozen.File] {
					continue
				}
				if err := os.MkdirAll(filepath.Dir(v.Frozen.File), 0o777); err != nil {
					return nil, err
				}
				if err := replace(v.Frozen.File, text); err != nil {
					return nil, err
				}
				list = append(list, FrozenFile{
					Path: v.Frozen.File, Function: v.State, Fingerprint: v.Fingerprint, Source: v.Source, Current: true, New: true, versions: v.Versions,
				})
			}
		}
	}
	slices.SortFunc(list, func(a, b FrozenFile) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.Path, b.Path))
	})
	return list, nil
}

// NeededVersions are the versions of functions that states were saved in.
type NeededVersions map[frozenKey]bool

type frozenKey struct{ name, fingerprint string }

// Add adds those of a state.
func (n NeededVersions) Add(s *runtime.Inspection) {
	for _, f := range s.Frames {
		n[frozenKey{f.Function, f.Fingerprint}] = true
		if name, _, ok := strings.Cut(f.Function, "["); ok { // an instance
			n[frozenKey{name, f.Fingerprint}] = true
		}
	}
	for _, t := range s.Types {
		if t.Fingerprint != "" {
			n[frozenKey{t.Type, t.Fingerprint}] = true
			if name, _, ok := strings.Cut(t.Type, "["); ok {
				n[frozenKey{name, t.Fingerprint}] = true
			}
		}
	}
}

// Prune removes the versions that are not current and not needed, nor called by one that is, and
// returns them.
func (r *Result) Prune(needed NeededVersions) ([]FrozenFile, error) {
	list, err := r.Freeze(true)
	if err != nil {
		return nil, err
	}
	byFile := map[string]*frozenVersion{}
	for _, v := range r.Frozen {
		byFile[v.Frozen.File] = v
	}
	key := func(state string, fingerprint uint64) frozenKey {
		return frozenKey{state, fmt.Sprintf("%016x", fingerprint)}
	}
	for k := range maps.Clone(needed) {
		needed[frozenKey{r.renames.Now(k.name), k.fingerprint}] = true
	}
	// What imports the packages that were named may call their versions.
	for _, p := range r.Module.Packages {
		if r.mayFreeze(p) && !p.Named {
			others, _ := readFrozen(p.Dir)
			for _, v := range others {
				for _, c := range v.Calls {
					needed[key(r.renames.Now(c.State), c.Fingerprint)] = true
				}
			}
		}
	}
	keep := map[string]bool{}
	for more := true; more; {
		more = false
		for _, f := range list {
			v := byFile[f.Path]
			if keep[f.Path] || v == nil {
				continue
			}
			kept := f.Current || needed[key(f.Function, f.Fingerprint)] ||
				slices.ContainsFunc(f.versions, func(s frozenSites) bool { return needed[key(s.State, s.Fingerprint)] })
			if !kept {
				continue
			}
			keep[f.Path], more = true, true
			for _, c := range v.Calls {
				if !f.Current {
					needed[key(c.State, c.Fingerprint)] = true
				}
			}
		}
	}
	var removed []FrozenFile
	for _, f := range list {
		if keep[f.Path] {
			continue
		}
		if err := os.Remove(f.Path); err != nil {
			return removed, err
		}
		removed = append(removed, f)
	}
	return removed, nil
}

func (r *Result) freezable() []*typecheck.Package {
	var list []*typecheck.Package
	for _, p := range r.Module.Packages {
		if r.mayFreeze(p) && p.Named && p.Adopted == nil {
			list = append(list, p)
		}
	}
	return list
}

// freeze returns the version of a unit and its file; nil if it cannot be suspended.
func (r *Result) freeze(p *typecheck.Package, u freezeUnit) (*frozenVersion, []byte) {
	v := &frozenVersion{}
	v.State, v.Fingerprint = u.state, r.renames.Fingerprint(p, u.node)
	v.Text = r.renames.TextFingerprint(u.node)
	for _, x := range r.Versions {
		if x.Frozen != nil || x.Package != p || x.State != u.state && !strings.HasPrefix(x.State, u.state+".") {
			continue
		}
		if x.Node.Pos() < u.node.Pos() || x.Node.Pos() >= u.node.End() {
			continue
		}
		s := frozenSites{State: x.State, Fingerprint: x.Fingerprint}
		for _, site := range x.Sites {
			s.Keys = append(s.Keys, site.Key)
		}
		v.Versions = append(v.Versions, s)
	}
	if len(v.Versions) == 0 {
		return nil, nil
	}
	slices.SortFunc(v.Versions, func(a, b frozenSites) int { return cmp.Compare(a.State, b.State) })
	fset := r.Module.Fset
	from := u.node.Pos()
	if fd, ok := u.node.(*ast.FuncDecl); ok {
		from = fd.Type.Func
		v.Original = fd.Name.Name
	}
	offset := func(pos token.Pos) int { return fset.PositionFor(pos, false).Offset }
	start := offset(from)
	decl := slices.Clone(u.file.Source[start:offset(u.node.End())])
	shift := 0
	base := v.Original
	if base == "" {
		v.Literal, base = true, u.name
		decl = slices.Concat([]byte("func "+u.name), decl[len("func"):])
		shift = len(u.name) + 1
	}
	v.Source = fmt.Sprintf("%s:%d", filepath.Base(u.file.Name), fset.PositionFor(from, false).Line)
	imports := map[string]bool{}
	names := importNames(p, u.file.Syntax)
	r.Module.InspectSource(u.node, func(n, _ ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			// A function of which there is a clone is not mentioned any more.
			if id, ok := sel.X.(*ast.Ident); ok && p.Info.Uses[id] == nil && names[id.Name] != "" {
				imports[names[id.Name]] = true
			}
		}
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch o := p.Info.Uses[id].(type) {
		case *types.PkgName:
			imports[importSpec(o)] = true
		case *types.Func:
			o = o.Origin()
			if r.Facts.Funcs[o] == nil {
				break
			}
			if q, fd := r.declOf(o); fd != nil {
				v.Calls = append(v.Calls, frozenCall{offset(id.Pos()) - start + shift, codegen.StateName(o, q.Path), r.renames.Fingerprint(q, fd)})
			}
		}
		return true
	})
	for _, s := range u.file.Syntax.Imports {
		if s.Name != nil && s.Name.Name == "." {
			imports[". "+s.Path.Value] = true
		}
	}
	var specs []string
	for s := range imports {
		specs = append(specs, s)
	}
	slices.SortFunc(specs, func(a, b string) int {
		return cmp.Compare(a[strings.IndexByte(a, '"'):], b[strings.IndexByte(b, '"'):])
	})
	if recv := u.receiver(); recv != "" {
		base = recv + "." + base
	}
	v.Frozen.File = filepath.Join(p.Dir, frozenDir, fmt.Sprintf("%s-%016x.go", base, v.Fingerprint))
	return v, v.format(p.Name, specs, decl)
}

func importSpec(o *types.PkgName) string {
	spec := fmt.Sprintf("%q", o.Imported().Path())
	if o.Name() != o.Imported().Name() {
		spec = o.Name() + " " + spec
	}
	return spec
}

// importNames returns the imports of a file, as they are written, by their names.
func importNames(p *typecheck.Package, f *ast.File) map[string]string {
	names := map[string]string{}
	for _, s := range f.Imports {
		obj := p.Info.Implicits[s]
		if s.Name != nil {
			obj = p.Info.Defs[s.Name]
		}
		if o, ok := obj.(*types.PkgName); ok {
			names[o.Name()] = importSpec(o)
		}
	}
	return names
}

func (u freezeUnit) receiver() string {
	fd, ok := u.node.(*ast.FuncDecl)
	if !ok || fd.Recv == nil || len(fd.Recv.List) == 0 {
		return ""
	}
	t := fd.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.ParenExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name
		default:
			return ""
		}
	}
}

// declOf returns the declaration of a function that may be frozen, and its package.
func (r *Result) declOf(fn *types.Func) (*typecheck.Package, *ast.FuncDecl) {
	p := r.Module.PackageOf(fn.Pkg())
	if p == nil || !r.mayFreeze(p) || p.Adopted != nil {
		return nil, nil
	}
	for _, u := range unitsOf(p) {
		if fd, ok := u.node.(*ast.FuncDecl); ok && p.Info.Defs[fd.Name] == fn {
			return p, fd
		}
	}
	return nil, nil
}
