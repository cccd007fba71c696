package typecheck

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Library is the source of a package that the module otherwise knows by its
// export data only. Its types are not those of the module: they serve to look
// names up.
type Library struct {
	Path      string
	GoVersion string // "" is the newest
	Standard  bool   // part of the Go distribution
	Files     []*LibraryFile
	Types     *types.Package
	Info      *types.Info
}

// A LibraryFile is one source file of a Library.
type LibraryFile struct {
	Name   string // absolute
	Syntax *ast.File
	Source []byte
}

// ReadLibrary reads and checks the source of a package that the module depends
// on, as this build has it. The declarations of replacement, a file of that
// package, take the place of those with the same names. What does not
// type-check is left without types: assembly and cgo are not read.
func (m *Module) ReadLibrary(path string, replacement *Source) (*Library, error) {
	p := m.dependencies[path]
	if p == nil {
		return nil, fmt.Errorf("package %s is not among the dependencies", path)
	}
	if len(p.GoFiles) == 0 {
		return nil, fmt.Errorf("package %s has no Go files", path)
	}
	lib := &Library{Path: path, Standard: p.Module == nil}
	if p.Module != nil && p.Module.GoVersion != "" {
		lib.GoVersion = "go" + p.Module.GoVersion
	}
	replaced := map[string]bool{}
	add := func(name string, src []byte, own bool) error {
		syntax, err := parser.ParseFile(m.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		syntax.Decls = slices.DeleteFunc(syntax.Decls, func(d ast.Decl) bool {
			fd, ok := d.(*ast.FuncDecl)
			if !ok {
				return false
			}
			if key := declKey(fd); own {
				replaced[key] = true
			} else {
				return replaced[key]
			}
			return false
		})
		lib.Files = append(lib.Files, &LibraryFile{Name: name, Syntax: syntax, Source: src})
		return nil
	}
	if replacement != nil {
		if err := add(replacement.Name, replacement.Text, true); err != nil {
			return nil, err
		}
	}
	for _, name := range p.GoFiles {
		src, ok := m.config.Overlay[name]
		if !ok {
			var err error
			if src, err = os.ReadFile(name); err != nil {
				return nil, err
			}
		}
		if err := add(name, src, false); err != nil {
			return nil, err
		}
	}
	lib.Info = newInfo()
	files := make([]*ast.File, len(lib.Files))
	for i, f := range lib.Files {
		files[i] = f.Syntax
	}
	conf := types.Config{
		GoVersion:   lib.GoVersion,
		Importer:    libraryImporter{m, p},
		Sizes:       p.TypesSizes,
		FakeImportC: true,
		Error:       func(error) {},
	}
	lib.Types, _ = conf.Check(path, m.Fset, files, lib.Info)
	return lib, nil
}

// declKey is the same for two declarations of one function or method.
func declKey(fd *ast.FuncDecl) string {
	if fd.Recv == nil || len(fd.Recv.List) == 0 {
		return fd.Name.Name
	}
	return types.ExprString(fd.Recv.List[0].Type) + "." + fd.Name.Name
}

// A libraryImporter resolves the imports of a dependency.
type libraryImporter struct {
	m *Module
	p *packages.Package
}

// Import implements types.Importer.
func (i libraryImporter) Import(path string) (*types.Package, error) {
	if q := i.p.Imports[path]; q != nil {
		path = q.PkgPath // vendored by the standard library
	}
	return i.m.Importer.Import(path)
}

// Check checks files as a package of its own, with the imports of p, and
// returns the errors.
func (m *Module) Check(p *Package, files []*ast.File) (*types.Info, []types.Error) {
	var errs []types.Error
	conf := types.Config{
		GoVersion: p.GoVersion,
		Importer:  p.Importer,
		Sizes:     p.sizes,
		Error: func(err error) {
			if e, ok := err.(types.Error); ok {
				errs = append(errs, e)
			}
		},
	}
	info := newInfo()
	conf.Check(p.Path, m.Fset, files, info) //nolint:errcheck // collected
	return info, errs
}

// Recheck checks packages of the module again, after a change of their syntax
// or of their files, and those that import them. An error is one of the
// compiler's.
func (m *Module) Recheck(changed func(*Package) bool) []Diagnostic {
	var diags []Diagnostic
	again := map[*Package]bool{}
	for _, p := range m.Packages { // imports come before importers
		again[p] = changed(p)
		for _, q := range p.Imports {
			again[p] = again[p] || again[q]
		}
		if again[p] {
			diags = append(diags, m.RecheckPackage(p)...)
		}
	}
	return diags
}

// RecheckPackage checks one package again.
func (m *Module) RecheckPackage(p *Package) []Diagnostic {
	var diags []Diagnostic
	files := make([]*ast.File, len(p.Files))
	for i, f := range p.Files {
		files[i] = f.Syntax
	}
	info := newInfo()
	conf := types.Config{
		GoVersion:        p.GoVersion,
		Importer:         p.Importer,
		IgnoreFuncBodies: p.NoBody,
		Sizes:            p.sizes,
		Error: func(err error) {
			// The calls may have been the only use of an import: that is soft.
			if e, ok := err.(types.Error); ok && !e.Soft {
				diags = append(diags, Diagnostic{
					Pos:     m.Fset.Position(e.Pos),
					Message: "internal error: the package with what was cloned does not type-check: " + e.Msg,
				})
			}
		},
	}
	delete(m.byTypes, p.Types)
	p.Types, _ = conf.Check(p.Path, m.Fset, files, info)
	p.Info = info
	m.byTypes[p.Types] = p
	return diags
}

// SortPackages puts imports before importers again, once there are new ones.
func (m *Module) SortPackages() {
	var sorted []*Package
	seen := map[*Package]bool{}
	var visit func(p *Package)
	visit = func(p *Package) {
		if seen[p] || !slices.Contains(m.Packages, p) {
			return
		}
		seen[p] = true
		for _, path := range slices.Sorted(maps.Keys(p.Imports)) {
			visit(p.Imports[path])
		}
		sorted = append(sorted, p)
	}
	for _, p := range m.Packages {
		visit(p)
	}
	m.Packages = sorted
}

func newInfo() *types.Info {
	return &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{},
		Instances:    map[*ast.Ident]types.Instance{},
		Defs:         map[*ast.Ident]types.Object{},
		Uses:         map[*ast.Ident]types.Object{},
		Implicits:    map[ast.Node]types.Object{},
		Selections:   map[*ast.SelectorExpr]*types.Selection{},
		Scopes:       map[ast.Node]*types.Scope{},
		FileVersions: map[*ast.File]string{},
	}
}

// LibraryFileName returns the name of the file that stands for what a package
// of the module has cloned of another one, in a directory. There is no such
// file on a disk, only the one that is generated for it. Nothing before the
// first dot of the name can have a meaning for the go command.
func LibraryFileName(dir, path string, test bool) string {
	name := "coroc." + strings.Map(func(r rune) rune {
		if r == '/' || r == filepath.Separator {
			return '_'
		}
		return r
	}, path)
	if test {
		name += "_test"
	}
	return filepath.Join(dir, name+".go")
}

// AliasName returns the name of the exported alias that the durable build of a package has
// of a type that it does not export, if it lets values of the type out.
func AliasName(name string) string { return "DurableType_" + name }

// AliasOf returns that alias, or nil.
func AliasOf(obj *types.TypeName) *types.TypeName {
	if obj.Pkg() == nil || obj.Exported() || obj.Parent() != obj.Pkg().Scope() {
		return nil
	}
	alias, _ := obj.Pkg().Scope().Lookup(AliasName(obj.Name())).(*types.TypeName)
	if alias == nil || !alias.IsAlias() {
		return nil
	}
	named, _ := types.Unalias(alias.Type()).(*types.Named)
	if named == nil || named.Obj() != obj {
		return nil
	}
	return alias
}

// IsLibraryFileName reports whether a name is of the form that LibraryFileName
// returns.
func IsLibraryFileName(name string) bool {
	return strings.HasPrefix(filepath.Base(name), "coroc.")
}

// Stable returns the name of the file of a position in a form that is the same
// on all machines: that of a clone is the import path and the file's name.
func (f *File) Stable(p token.Position) string {
	if f.Library == "" {
		return filepath.Base(f.Name)
	}
	return f.Library + "/" + filepath.Base(p.Filename)
}
