package desugar

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// runtimePath is the import path of what generated code calls.
const runtimePath = "github.com/coroc-dev/coroc/runtime"

// A Package is a package in the smaller Go.
type Package struct {
	Files []*ast.File // one for each file of the source, in the same order
	Types *types.Package
	Info  *types.Info

	// Orig maps every copied node to the node of the source that it is a copy
	// of, and a synthesized statement to the one that it stems from.
	Orig map[ast.Node]ast.Node

	// Changed holds the declarations that were rewritten. The others are plain
	// copies.
	Changed map[ast.Decl]bool

	// Boxed holds the variables that hold a pointer to what the source calls by
	// that name.
	Boxed map[types.Object]bool

	// Results lists the variables that stand for the named results of a durable
	// function, in order; a result that the source calls _ and that is never
	// read is nil.
	Results map[*ast.FuncType][]*types.Var

	// Captures lists the variables of enclosing functions that a literal of a
	// changed declaration uses, in order of their first use.
	Captures map[*ast.FuncLit][]*types.Var

	// BodyDefers holds, for the literals that bodies of ranges over functions have
	// become and that contain defer statements, the variable with the pending
	// defers of the function around the loop, to which these belong.
	BodyDefers map[*ast.FuncLit]*types.Var

	// Wires has the names that the variables of a changed declaration have in saved
	// states, by the names that they have in it, where these differ: see Places.
	Wires map[ast.Decl]map[string]string

	// Lifted has the names at package level of the local types and constants that
	// stand there now.
	Lifted map[types.Object]string

	// Runtime is the name by which the files import the runtime, those that do.
	Runtime string
}

// Rewrite rewrites a package to the smaller Go. The source is not changed. If
// there are diagnostics other than warnings, the package is nil.
func Rewrite(mod *typecheck.Module, p *typecheck.Package, facts *colour.Facts) (*Package, []typecheck.Diagnostic) {
	r := newRewriter(mod, p, facts)
	r.reserveNames()
	changed := make(map[ast.Decl]bool)
	for i, f := range p.Files {
		for _, d := range f.Syntax.Decls {
			if !r.needsRewriting(d) && (f.Library != "" || !r.mentionsClone(d)) {
				r.files[i].source = append(r.files[i].source, d)
				continue
			}
			if f.Cgo {
				r.refuse(d.Pos(), "move it to a file that does not import \"C\"",
					"durable code in a file that imports \"C\" is not supported")
			}
			for _, d := range variables(d) {
				changed[d] = true
				r.files[i].source = append(r.files[i].source, d)
			}
		}
	}
	// What is lifted to package level takes its name before any local does.
	decls := make(map[ast.Decl]*fn)
	for _, file := range r.files {
		for _, d := range file.source {
			if changed[d] {
				fn := r.newFn(file, d)
				fn.planLifts()
				decls[d] = fn
			}
		}
	}
	for _, file := range r.files {
		for _, d := range file.source {
			fn := decls[d]
			if fn == nil {
				fn = r.newFn(file, d)
				fn.plain = true
				file.decls = append(file.decls, fn.decl(d))
				continue
			}
			fn.nameLocals()
			fn.findBoxes()
			nd := fn.decl(d)
			file.decls = append(file.decls, fn.lifted...)
			file.decls = append(file.decls, nd)
			r.out.Changed[nd] = true
			r.out.Wires[nd] = fn.wires
		}
	}
	for _, file := range r.files {
		r.finishFile(file)
	}
	if r.failed {
		return nil, r.sorted()
	}
	r.check()
	if r.failed {
		return nil, r.sorted()
	}
	r.fillTables()
	return r.out, r.sorted()
}

// A rewriter holds what concerns the whole package.
type rewriter struct {
	mod   *typecheck.Module
	src   *typecheck.Package
	facts *colour.Facts
	info  *types.Info // of the source
	files []*file
	out   *Package
	diags []typecheck.Diagnostic

	failed   bool
	reserved map[string]bool         // names that no local variable may take
	mentions map[string]bool         // every identifier of the package, and every name that was made up
	global   map[types.Object]string // names of what was lifted to package level
	lifted   map[string]string       // names of local types, by those in saved states
	sites    map[ast.Node]bool       // memo of hasSite

	boxedIdents []*ast.Ident                   // definitions of boxed variables
	results     map[*ast.FuncType][]*ast.Ident // definitions of result variables
	bodyDefers  map[*ast.FuncLit]*ast.Ident    // definitions of what BodyDefers holds
}

// A file is one file being rewritten.
type file struct {
	src     *typecheck.File
	out     *ast.File
	source  []ast.Decl // of src; a variable of a group that is rewritten is one of its own
	decls   []ast.Decl
	imports map[string]string // import path → name, of the imports that were added
	perIter bool              // loop variables are per iteration (Go 1.22)
	runtime bool              // uses the runtime
}

func newRewriter(mod *typecheck.Module, p *typecheck.Package, facts *colour.Facts) *rewriter {
	r := &rewriter{
		mod: mod, src: p, facts: facts, info: p.Info,
		out: &Package{
			Orig:     make(map[ast.Node]ast.Node),
			Changed:  make(map[ast.Decl]bool),
			Wires:    make(map[ast.Decl]map[string]string),
			Boxed:    make(map[types.Object]bool),
			Results:  make(map[*ast.FuncType][]*types.Var),
			Captures: make(map[*ast.FuncLit][]*types.Var),

			BodyDefers: make(map[*ast.FuncLit]*types.Var),
		},
		reserved: make(map[string]bool),
		mentions: make(map[string]bool),
		global:   make(map[types.Object]string),
		lifted:   make(map[string]string),
		sites:    make(map[ast.Node]bool),
		results:  make(map[*ast.FuncType][]*ast.Ident),

		bodyDefers: make(map[*ast.FuncLit]*ast.Ident),
	}
	for _, f := range p.Files {
		r.files = append(r.files, &file{
			src:     f,
			out:     &ast.File{Name: &ast.Ident{Name: f.Syntax.Name.Name}, GoVersion: f.Syntax.GoVersion},
			imports: make(map[string]string),
			perIter: atLeast(r.fileVersion(f), "go1.22"),
		})
	}
	return r
}

// needsRewriting reports whether a declaration is durable or contains func
// literals or values that are.
func (r *rewriter) needsRewriting(d ast.Decl) bool {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Body == nil {
			return false
		}
		if fn, ok := r.info.Defs[d.Name].(*types.Func); ok && r.durableFunc(fn) {
			return true
		}
	case *ast.GenDecl:
		if d.Tok != token.VAR {
			return false
		}
	}
	for _, m := range r.facts.Masks[r.src.Types] {
		// A local type that needs a method goes to package level.
		if pos := m.Type.Obj().Pos(); d.Pos() <= pos && pos < d.End() {
			return true
		}
	}
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			found = found || r.facts.Records[n] || r.durableLit(n)
		case ast.Expr:
			found = found || r.facts.Records[n]
		}
		return !found
	})
	return found
}

// mentionsClone reports whether a declaration leads to a clone of library code, which its
// text in the source does not.
func (r *rewriter) mentionsClone(d ast.Decl) bool {
	if len(r.src.Clones) == 0 {
		return false
	}
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && r.src.Clones[id.Name] != "" {
			o := r.info.Uses[id]
			found = found || o != nil && o.Parent() == r.src.Types.Scope()
		}
		return !found
	})
	return found
}

func (r *rewriter) durableFunc(fn *types.Func) bool {
	_, ok := r.facts.Funcs[fn.Origin()]
	return ok
}

func (r *rewriter) durableLit(l *ast.FuncLit) bool {
	_, ok := r.facts.Lits[l]
	return ok
}

// finishFile puts the declarations of a file together and adds its imports.
func (r *rewriter) finishFile(f *file) {
	if f.runtime {
		f.imports[runtimePath] = r.out.Runtime
	}
	var paths []string
	for path := range f.imports {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	var decls []ast.Decl
	for _, path := range paths {
		decls = append(decls, &ast.GenDecl{Tok: token.IMPORT, Specs: []ast.Spec{&ast.ImportSpec{
			Name: &ast.Ident{Name: f.imports[path]},
			Path: &ast.BasicLit{Kind: token.STRING, Value: fmt.Sprintf("%q", path)},
		}}})
	}
	r.blankUnused(f)
	// Imports that are added follow those of the source.
	n := 0
	for n < len(f.decls) {
		if g, ok := f.decls[n].(*ast.GenDecl); !ok || g.Tok != token.IMPORT {
			break
		}
		n++
	}
	f.out.Decls = append(append(append([]ast.Decl{}, f.decls[:n]...), decls...), f.decls[n:]...)
	for _, d := range f.out.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			for _, s := range g.Specs {
				f.out.Imports = append(f.out.Imports, s.(*ast.ImportSpec))
			}
		}
	}
	r.out.Files = append(r.out.Files, f.out)
	r.out.Orig[f.out] = f.src.Syntax
}

// blankUnused turns an import of the source that nothing mentions any more, since
// a call of an iterator is gone, into a blank one.
func (r *rewriter) blankUnused(f *file) {
	used := make(map[string]bool)
	for _, d := range f.decls {
		ast.Inspect(d, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			id, ok := sel.X.(*ast.Ident)
			if !ok {
				return true
			}
			if old, ok := r.out.Orig[id].(*ast.Ident); ok {
				if _, isPkg := r.info.Uses[old].(*types.PkgName); !isPkg {
					return true
				}
			}
			used[id.Name] = true
			return true
		})
	}
	for _, d := range f.decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.IMPORT {
			continue
		}
		for _, s := range g.Specs {
			s := s.(*ast.ImportSpec)
			old, _ := r.out.Orig[s].(*ast.ImportSpec)
			if old == nil {
				continue
			}
			obj, _ := r.info.Implicits[old].(*types.PkgName)
			if old.Name != nil {
				obj, _ = r.info.Defs[old.Name].(*types.PkgName)
			}
			if obj != nil && obj.Name() != "." && obj.Name() != "_" && !used[obj.Name()] {
				s.Name = ident("_")
			}
		}
	}
}

// check type-checks the result. An error is a fault of this package.
func (r *rewriter) check() {
	r.out.Info = &types.Info{
		Types:        make(map[ast.Expr]types.TypeAndValue),
		Instances:    make(map[*ast.Ident]types.Instance),
		Defs:         make(map[*ast.Ident]types.Object),
		Uses:         make(map[*ast.Ident]types.Object),
		Implicits:    make(map[ast.Node]types.Object),
		Selections:   make(map[*ast.SelectorExpr]*types.Selection),
		Scopes:       make(map[ast.Node]*types.Scope),
		FileVersions: make(map[*ast.File]string),
	}
	var errs []error
	cfg := &types.Config{
		GoVersion: r.goVersion(),
		Importer:  runtimeImporter{r},
		Error:     func(err error) { errs = append(errs, err) },
	}
	// Without positions an error does not say where it is: the declarations
	// are found by checking what they contain.
	fset := token.NewFileSet()
	fset.AddFile("desugared.go", 1, 1).SetLines([]int{0})
	pkg, _ := cfg.Check(r.src.Types.Path(), fset, r.out.Files, r.out.Info)
	r.out.Types = pkg
	r.out.Lifted = r.global
	for _, err := range errs {
		msg := err.Error()
		if e, ok := err.(types.Error); ok {
			msg = e.Msg
		}
		r.errorf(r.blame(), "internal error: the desugared package does not type-check: %s", msg)
	}
}

// blame returns a position for an error in the result: the first changed
// declaration that mentions something without a type.
func (r *rewriter) blame() token.Pos {
	var first token.Pos
	for _, f := range r.out.Files {
		for _, d := range f.Decls {
			old := r.out.Orig[d]
			if !r.out.Changed[d] || old == nil {
				continue
			}
			if first == 0 {
				first = old.Pos()
			}
			bad := false
			ast.Inspect(d, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					if tv, ok := r.out.Info.Types[e]; ok && tv.Type == types.Typ[types.Invalid] {
						bad = true
					}
				}
				return !bad
			})
			if bad {
				return old.Pos()
			}
		}
	}
	return first
}

// goVersion returns the language version of the package, in the form that
// types.Config takes.
func (r *rewriter) goVersion() string {
	if r.src.GoVersion != "" {
		return r.src.GoVersion
	}
	return r.mod.GoVersion
}

func (r *rewriter) fileVersion(f *typecheck.File) string {
	if v := r.info.FileVersions[f.Syntax]; v != "" {
		return v
	}
	return r.goVersion()
}

// A runtimeImporter resolves imports as the source package sees them, and the
// runtime, which the source need not import.
type runtimeImporter struct{ r *rewriter }

func (i runtimeImporter) Import(path string) (*types.Package, error) {
	if path == runtimePath && i.r.mod.Runtime != nil {
		return i.r.mod.Runtime, nil
	}
	if i.r.src.Importer != nil {
		return i.r.src.Importer.Import(path)
	}
	return i.r.mod.Importer.Import(path)
}

func (r *rewriter) errorf(pos token.Pos, format string, args ...any) {
	r.failed = true
	r.diags = append(r.diags, typecheck.Diagnostic{Pos: r.mod.Fset.Position(pos), Message: fmt.Sprintf(format, args...)})
}

func (r *rewriter) refuse(pos token.Pos, fix, format string, args ...any) {
	r.errorf(pos, format, args...)
	r.diags[len(r.diags)-1].Fix = fix
}

// sorted returns the diagnostics in order of their positions, each one once.
func (r *rewriter) sorted() []typecheck.Diagnostic {
	sort.SliceStable(r.diags, func(i, j int) bool {
		a, b := r.diags[i].Pos, r.diags[j].Pos
		if a.Filename != b.Filename {
			return a.Filename < b.Filename
		}
		return a.Offset < b.Offset
	})
	var ds []typecheck.Diagnostic
	for i, d := range r.diags {
		if i == 0 || d.Error() != r.diags[i-1].Error() {
			ds = append(ds, d)
		}
	}
	return ds
}
