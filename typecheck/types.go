package typecheck

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A Related is a second position that helps to understand a diagnostic.
type Related struct {
	Pos     token.Position
	Message string
}

// A Diagnostic is one thing that the user has to know about the program.
type Diagnostic struct {
	Pos     token.Position
	Message string // lower case, one sentence, no full stop
	Related []Related
	Fix     string // the way out, if there is one
	Warning bool   // the program is compiled nevertheless
}

// Error returns the diagnostic as it is printed: the position and the message,
// then the related positions and the way out, each on an indented line.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if d.Pos.IsValid() || d.Pos.Filename != "" {
		fmt.Fprintf(&b, "%s: ", d.Pos)
	}
	if d.Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(d.Message)
	for _, r := range d.Related {
		fmt.Fprintf(&b, "\n\t%s: %s", r.Pos, r.Message)
	}
	if d.Fix != "" {
		fmt.Fprintf(&b, "\n\t%s", d.Fix)
	}
	return b.String()
}

// A Module is the main module of a build, or those of a workspace: their packages
// from source, all else from export data.
type Module struct {
	Dir       string // absolute, where go.mod is, or go.work if there is none
	Path      string // "" outside of a module
	GoVersion string // of the go line: "go1.26.0"
	Fset      *token.FileSet
	Packages  []*Package     // every package of the module, test variants too, imports before importers
	Runtime   *types.Package // the runtime that generated code calls; nil if the module does not require it
	Adopted   []*Adopted     // modules whose packages are read from source too, sorted by path
	Tags      []string       // of the build, without the one of the durable build
	GOARCH    string         // likewise
	Sizes     types.Sizes    // likewise

	// Importer resolves the import path of every loaded package to its type
	// information, and to the same one for everybody, so that type identity
	// holds. It knows nothing of test variants: Package.Importer does.
	Importer types.Importer

	byTypes      map[*types.Package]*Package
	opaque       map[string]*types.Package    // packages from export data, by import path
	mains        map[string]bool              // paths of the main modules: of a workspace there may be several
	foreign      map[string]bool              // packages of other modules, by import path
	dependencies map[string]*packages.Package // the opaque ones as they were loaded
	config       Config

	savings struct { // what Savability has found out
		mu    sync.Mutex
		known map[types.Type]Savability
		codec map[string]bool // types with codecs of the program's own
	}

	sources map[ast.Node]ast.Node // see Replaced
}

// A Package is one package of the module, or of an adopted one, compiled from source.
type Package struct {
	ID        string // as go/packages has it: the path, and for test variants " [p.test]"
	Path      string // import path
	Name      string
	Dir       string
	GoVersion string // "go1.26.0", for types.Config.GoVersion
	Files     []*File
	Types     *types.Package
	Info      *types.Info

	// Durable is the package as the durable build has it, once CheckSource has
	// made it. It is Types if nothing is different.
	Durable *types.Package

	ForTest string   // of a test variant: the path of the package whose tests it is for
	Test    bool     // a variant that exists for tests: p [p.test], p_test, or a package rebuilt for them
	Adopted *Adopted // the module, if it is not a main one
	Library bool     // a package of our own library: it carries hand-written twins and is never compiled
	Named   bool     // matched by the patterns, or imported by such a package
	NoBody  bool     // a variant that was rebuilt for the tests of a package that it imports: its function bodies are not checked

	Ignored []string // absolute names of the Go files of the directory that the volatile build leaves out

	// Imports has the packages that this one imports from the module, by
	// import path (the test variants, where this is one).
	Imports map[string]*Package

	// Importer resolves imports as this package sees them: in a test variant
	// p [p.test] imports of other variants come out right. It resolves
	// packages that the source does not import as well (the runtime's).
	Importer types.Importer

	// Clones has the names of the functions that are clones of library
	// functions, and what these are called: "slices.SortFunc".
	Clones map[string]string

	// Locals has the names in saved states of the types that are declared in functions, once it is
	// known that there are Frozen versions: those that have one name are the same type.
	Locals map[*types.TypeName]string

	// Frozen has the versions of functions that saved states may need and that are not the
	// current ones, by the names that they are declared by.
	Frozen map[string]*Frozen

	// Current has the functions and func literals of which Frozen has versions as they are now, by
	// their names in saved states.
	Current map[string]ast.Node

	// Earlier has those of Frozen that may move to the current version, and others that do
	// not fit the package any more.
	Earlier []*Frozen

	module *Module
	sizes  types.Sizes
}

// A Frozen is a version of a function that was kept by coroc freeze.
type Frozen struct {
	State       string // name of the function in saved states
	Fingerprint uint64
	Literal     bool   // it was a func literal
	Original    string // name of the function or method that it is a version of; "" for a literal
	File        string // absolute

	Decl *ast.FuncDecl // as a part of the package
	Info *types.Info   // about that, if it does not fit the package any more

	Sites    map[string][]int  // the keys of the sites of the function and of the literals in it
	Literals map[string]uint64 // fingerprints of it and of the literals in it, as far as they may suspend, by their names in saved states
}

// A File is one source file.
type File struct {
	Name   string // absolute
	Syntax *ast.File
	Source []byte
	Test   bool // named _test.go
	Cgo    bool // imports "C", or is what cgo made of such a file

	// Library is the import path of the package that the file is a clone of
	// parts of; "" for files of the user. Such a file is not on the disk. Its
	// //line directives lead to Origins, the library's files. If it is the path of
	// the package itself, the file has aliases of types that it does not export.
	Library string
	Origins []string

	Frozen bool // a version of a function, likewise not on the disk in this form
}

// PackageOf returns the package of the module that was checked to t, or nil.
func (m *Module) PackageOf(t *types.Package) *Package {
	return m.byTypes[t]
}

// Position returns the position of p, as //line directives have it.
func (m *Module) Position(p token.Pos) token.Position {
	return m.Fset.Position(p)
}

// A Config says how to load.
type Config struct {
	Tests     bool              // load the tests of the module's packages too
	BuildTags []string          // further build tags; nil means those of GOFLAGS
	Flags     []string          // of the go command, which say what it builds: -race, -mod=mod
	Env       []string          // environment of the go command; nil means os.Environ()
	Overlay   map[string][]byte // contents to read in place of files, by absolute name

	// Modules that are no main ones are known by their export data, but for those in Adopt,
	// with AdoptUsers those that use coroutines, and without it those of these that bring
	// generated files. The ones in Decline are not, for the errors that are there.
	Adopt      []string
	AdoptUsers bool
	Decline    map[string]Diagnostic
}

// Loaded returns every package that is loaded, from source or from export
// data, test variants aside, sorted by path.
func (m *Module) Loaded() []*types.Package {
	var r []*types.Package
	for _, p := range m.opaque {
		r = append(r, p)
	}
	for _, p := range m.Packages {
		if !p.Test {
			r = append(r, p.Types)
		}
	}
	slices.SortFunc(r, func(a, b *types.Package) int { return strings.Compare(a.Path(), b.Path()) })
	return r
}

// FuncIdent returns the identifier that names the function in f, pkg.F, x.M, f[T]; nil if e
// is something else.
func FuncIdent(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return FuncIdent(e.X)
	case *ast.IndexListExpr:
		return FuncIdent(e.X)
	}
	return nil
}
