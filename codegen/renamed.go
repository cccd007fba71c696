package codegen

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/typecheck"
)

// wasDirective says, in the comment of a declaration or of the package clause, what states
// that were saved before call it: //coroc:was import/path.Name.
const wasDirective = "//coroc:was "

// Renames knows what declarations of a module were called before.
type Renames struct {
	mod *typecheck.Module
	old map[types.Object]string // the last element of the oldest name
	now map[string]string       // whole new names by old ones

	oldest map[string]string // the last element of the oldest name, by whole new ones

	whole map[types.Object]string // whole oldest names
	paths map[string]string       // oldest paths of packages, by those of now
}

// oldestWhole returns the whole oldest name of what is declared at package level.
func (r *Renames) oldestWhole(obj types.Object) string {
	if old := r.whole[obj]; old != "" || obj.Pkg() == nil {
		return cmp.Or(old, obj.Name())
	}
	return cmp.Or(r.paths[obj.Pkg().Path()], obj.Pkg().Path()) + "." + obj.Name()
}

// Now returns what is called now what a state calls by a name.
func (r *Renames) Now(name string) string { return runtime.Renamed(r.now, name) }

// NowIn is Now for each type that is mentioned in the text of one.
func (r *Renames) NowIn(text string) string { return runtime.RenamedIn(r.now, text) }

// FindRenames reads the directives of all packages.
func FindRenames(mod *typecheck.Module) *Renames {
	r := &Renames{mod: mod, old: map[types.Object]string{}, now: map[string]string{}, oldest: map[string]string{}, whole: map[types.Object]string{}, paths: map[string]string{}}
	for _, p := range mod.Packages {
		for _, file := range p.Files {
			eachDoc(p, file.Syntax, func(doc *ast.CommentGroup, obj types.Object, name string) {
				old := oldNames(doc)
				if len(old) > 0 && obj != nil {
					r.old[obj], r.whole[obj] = lastElement(old[0]), old[0]
					r.oldest[name] = r.old[obj]
				}
				for _, o := range old {
					r.now[o] = name
					if i, j := strings.LastIndexByte(o, '.'), strings.LastIndexByte(name, '.'); i > 0 && j > 0 {
						r.now[o[:i+1]+"(*"+o[i+1:]+")"] = name[:j+1] + "(*" + name[j+1:] + ")"
					}
				}
			})
			// Fields say it by a tag.
			ast.Inspect(file.Syntax, func(n ast.Node) bool {
				if fd, ok := n.(*ast.Field); ok && fd.Tag != nil {
					text, _ := strconv.Unquote(fd.Tag.Value)
					if old, ok := reflect.StructTag(text).Lookup("coroc"); ok {
						for _, id := range fd.Names {
							r.old[p.Info.Defs[id]] = old
						}
					}
				}
				return true
			})
			if old := oldNames(file.Syntax.Doc); len(old) > 0 {
				for _, o := range old {
					r.now[o] = mapImport(p.Path)
				}
				r.paths[p.Path] = old[0]
				for _, q := range mod.Packages {
					r.importers(q, p, path.Base(old[0]))
				}
			}
		}
	}
	return r
}

// importers notes the name of an import that follows from its path.
func (r *Renames) importers(q, p *typecheck.Package, old string) {
	for _, f := range q.Files {
		for _, s := range f.Syntax.Imports {
			if o, ok := q.Info.Implicits[s].(*types.PkgName); ok && s.Name == nil && o.Imported().Path() == p.Path {
				r.old[o] = old
			}
		}
	}
}

// Fingerprint returns the fingerprint of a function or literal of a package, in which what has
// been renamed goes by its oldest name.
func (r *Renames) Fingerprint(p *typecheck.Package, n ast.Node) uint64 {
	if len(r.old) == 0 {
		return r.TextFingerprint(n)
	}
	return fingerprint(r.mod, n, r.oldestName(p, p.Info))
}

// TextFingerprint is Fingerprint without regard to what has been renamed.
func (r *Renames) TextFingerprint(n ast.Node) uint64 { return fingerprint(r.mod, n, nameOf) }

// oldestName returns a function that gives what an identifier of a package mentions its oldest
// name, also in a frozen version, where functions are called by their own frozen versions.
func (r *Renames) oldestName(p *typecheck.Package, info *types.Info) func(*ast.Ident) string {
	return func(id *ast.Ident) string {
		fz := p.Frozen[id.Name]
		obj := info.Uses[id]
		if fn, ok := obj.(*types.Func); ok && fz == nil && fn.Pkg() != nil {
			if q := r.mod.PackageOf(fn.Pkg()); q != nil {
				fz = q.Frozen[id.Name]
			}
		}
		if fz != nil {
			if old := r.oldest[fz.State]; old != "" {
				return old
			}
		}
		if obj == nil {
			obj = info.Defs[id]
		}
		switch o := obj.(type) {
		case *types.Func:
			obj = o.Origin()
		case *types.Var:
			obj = o.Origin()
		}
		if old, ok := r.old[obj]; ok && obj != nil {
			return old
		}
		return unfrozenName(id)
	}
}

func lastElement(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// oldNames returns what the directives of a comment say.
func oldNames(doc *ast.CommentGroup) []string {
	var list []string
	if doc != nil {
		for _, c := range doc.List {
			if old, ok := strings.CutPrefix(c.Text, wasDirective); ok {
				list = append(list, strings.TrimSpace(old))
			}
		}
	}
	return list
}

// eachDoc calls do for the comments of what a file declares at package level, with its name in
// saved states and its position.
func eachDoc(p *typecheck.Package, file *ast.File, do func(doc *ast.CommentGroup, obj types.Object, name string)) {
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if fn, ok := p.Info.Defs[d.Name].(*types.Func); ok {
				do(d.Doc, fn, StateName(fn, p.Path))
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				var doc *ast.CommentGroup
				var id *ast.Ident
				switch s := s.(type) {
				case *ast.TypeSpec:
					doc, id = s.Doc, s.Name
				case *ast.ValueSpec:
					doc, id = s.Doc, s.Names[0]
				default:
					continue
				}
				if len(d.Specs) == 1 && doc == nil {
					doc = d.Doc
				}
				do(doc, p.Info.Defs[id], p.Path+"."+id.Name)
			}
		}
	}
}

// registerRenamed registers what the declarations of the package, and of those of the module
// that it imports, were called before: these may have nothing else to register.
func (f *fileGen) registerRenamed() {
	seen := map[string]bool{}
	var visit func(p *typecheck.Package)
	visit = func(p *typecheck.Package) {
		if seen[p.Path] || p.Library {
			return
		}
		seen[p.Path] = true
		for _, file := range p.Files {
			if file.Library == "" {
				f.wasCalled(p, file.Syntax.Doc, mapImport(p.Path))
				eachDoc(p, file.Syntax, func(doc *ast.CommentGroup, _ types.Object, name string) { f.wasCalled(p, doc, name) })
			}
		}
		for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
			visit(p.Imports[path])
		}
	}
	visit(f.p)
}

func (f *fileGen) wasCalled(p *typecheck.Package, doc *ast.CommentGroup, name string) {
	if doc == nil {
		return
	}
	for _, c := range doc.List {
		old, ok := strings.CutPrefix(c.Text, wasDirective)
		if !ok {
			continue
		}
		old = strings.TrimSpace(old)
		pos := f.mod.Position(c.Pos())
		if !strings.ContainsAny(old, "./") && name != mapImport(p.Path) || strings.ContainsAny(old, " \t\"") || old == "" {
			f.diags = append(f.diags, typecheck.Diagnostic{
				Pos:     pos,
				Message: fmt.Sprintf("%s needs the whole old name, import/path.Name", strings.TrimSpace(wasDirective)),
				Fix:     "write //coroc:was " + p.Path + ".Name",
			})
			continue
		}
		if now := f.exists(old); now.IsValid() {
			f.diags = append(f.diags, typecheck.Diagnostic{
				Pos:     pos,
				Message: fmt.Sprintf("%s cannot be the old name of %s: it is the name of something now", old, name),
				Related: []typecheck.Related{{Pos: f.mod.Position(now), Message: "declared here"}},
				Fix:     "call one of them something else, so that states of both can be told apart",
			})
			continue
		}
		f.initOnce(fmt.Sprintf("%s.RegisterRenamed(%q, %q)", f.coroc, old, name))
	}
}

// exists returns where something is declared that states call by a name.
func (f *fileGen) exists(name string) token.Pos {
	for _, p := range f.mod.Packages {
		local, ok := strings.CutPrefix(name, p.Path+".")
		if !ok || p.Test || strings.Contains(local, "/") {
			continue
		}
		if recv, method, ok := strings.Cut(strings.NewReplacer("(*", "", ")", "").Replace(local), "."); ok {
			if tn, ok := p.Types.Scope().Lookup(recv).(*types.TypeName); ok {
				if m, _, _ := types.LookupFieldOrMethod(tn.Type(), true, p.Types, method); m != nil {
					return m.Pos()
				}
			}
			continue
		}
		if o := p.Types.Scope().Lookup(local); o != nil {
			return o.Pos()
		}
	}
	return token.NoPos
}
