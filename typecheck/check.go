package typecheck

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/types"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/tools/go/packages"
)

// A checker gives types to packages that were listed: it checks the sources, and reads what
// these import besides from export data. go/packages would do the same, but has all of the
// sources compiled first.
type checker struct {
	conf   packages.Config
	isRoot map[*packages.Package]bool

	nodes   map[*packages.Package]*node
	exports map[string]string // files, by the IDs of packages that are no sources
	broken  map[string]error  // why there is none

	work    chan struct{} // a slot for each that uses the processor
	reading sync.Mutex    // export data completes packages that other export data has named

	mu    sync.Mutex
	files map[string]*parsed
}

// parsed is a file, once it is parsed.
type parsed struct {
	once   sync.Once
	syntax *ast.File
	err    error
}

// A node is a package with what is known about its types.
type node struct {
	source bool
	export bool          // a source imports it, and it is none
	done   chan struct{} // closed when its types are there
	err    error         // why it cannot be imported; valid then
}

// check loads types into the packages below roots, and returns the names of the files with
// export data of what is no source, by package ID. The error is one of the tool; what is
// wrong with a package is in its Errors.
func check(conf packages.Config, roots []*packages.Package, isSource func(*packages.Package) bool) (exports map[string]string, err error) {
	c := &checker{
		conf:    conf,
		isRoot:  map[*packages.Package]bool{},
		nodes:   map[*packages.Package]*node{},
		exports: map[string]string{},
		broken:  map[string]error{},
		work:    make(chan struct{}, runtime.GOMAXPROCS(0)),
		files:   map[string]*parsed{},
	}
	for _, p := range roots {
		c.isRoot[p] = true
	}
	packages.Visit(roots, nil, func(p *packages.Package) {
		p.Types = types.NewPackage(p.PkgPath, p.Name)
		if p.PkgPath == "unsafe" {
			p.Types = types.Unsafe
		}
		n := &node{source: isSource(p), done: make(chan struct{})}
		c.nodes[p] = n
		for _, q := range p.Imports { // which were visited before
			if n.source && !c.nodes[q].source && q.PkgPath != "unsafe" {
				c.nodes[q].export = true
			}
		}
	})
	if err := c.export(); err != nil {
		return nil, err
	}
	var wg sync.WaitGroup
	for p, n := range c.nodes {
		wg.Go(func() {
			defer close(n.done)
			for _, q := range p.Imports {
				<-c.nodes[q].done
			}
			switch {
			case conf.Context.Err() != nil:
			case n.source:
				c.checkSource(p)
			case n.export:
				n.err = c.completeExport(p)
			}
		})
	}
	wg.Wait()
	return c.exports, conf.Context.Err()
}

// export has the packages compiled that sources import and that are none.
func (c *checker) export() error {
	conf := c.conf
	conf.Mode = packages.NeedName | packages.NeedForTest | packages.NeedImports | packages.NeedDeps | packages.NeedExportFile
	conf.Fset = nil
	conf.Tests = false
	var paths []string
	for p, n := range c.nodes {
		if !n.export {
			continue
		}
		if len(p.Errors) > 0 {
			c.broken[p.ID] = errors.New(oneLine(p.Errors[0].Msg))
			continue
		}
		paths = append(paths, p.PkgPath)
		if p.PkgPath == LegacyPath {
			// The compiler's programs import what takes its place, the sources do not.
			paths = append(paths, RuntimePath, CoroutinePath)
		}
		if p.ForTest != "" {
			// It imports the package under test, so there is one of it for these tests.
			paths = append(paths, p.ForTest)
			conf.Tests = true
		}
	}
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	roots, err := packages.Load(&conf, slices.Compact(paths)...)
	if err != nil {
		return err
	}
	packages.Visit(roots, nil, func(p *packages.Package) {
		switch {
		case p.ExportFile != "":
			c.exports[p.ID] = p.ExportFile
		case len(p.Errors) > 0:
			msg := strings.TrimPrefix(oneLine(p.Errors[0].Msg), "# "+p.ID+": ")
			c.broken[p.ID] = fmt.Errorf("package %s does not compile: %s", p.PkgPath, msg)
		default:
			for _, q := range p.Imports {
				if err := c.broken[q.ID]; err != nil {
					c.broken[p.ID] = err
				}
			}
		}
	})
	return nil
}

// completeExport reads the export data of p.
func (c *checker) completeExport(p *packages.Package) error {
	name := c.exports[p.ID]
	if name == "" {
		if err := c.broken[p.ID]; err != nil {
			return err
		}
		return errors.New("it cannot be imported")
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	if p.Types.Complete() {
		return nil
	}
	view := map[string]*types.Package{p.PkgPath: p.Types}
	packages.Visit([]*packages.Package{p}, nil, func(q *packages.Package) { view[q.PkgPath] = q.Types })
	_, err := readExport(c.conf.Fset, view, name, p.PkgPath)
	return err
}

// checkSource parses and checks p, whose imports are done.
func (c *checker) checkSource(p *packages.Package) {
	p.Fset = c.conf.Fset
	var wg sync.WaitGroup
	files, errs := make([]*ast.File, len(p.CompiledGoFiles)), make([]error, len(p.CompiledGoFiles))
	for i, name := range p.CompiledGoFiles {
		wg.Go(func() { files[i], errs[i] = c.parse(name) })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			p.Errors = append(p.Errors, sourceErrors(err)...)
		}
	}
	p.Syntax = slices.DeleteFunc(files, func(f *ast.File) bool { return f == nil })
	p.TypesInfo = &types.Info{
		Types:        map[ast.Expr]types.TypeAndValue{},
		Defs:         map[*ast.Ident]types.Object{},
		Uses:         map[*ast.Ident]types.Object{},
		Implicits:    map[ast.Node]types.Object{},
		Instances:    map[*ast.Ident]types.Instance{},
		Scopes:       map[ast.Node]*types.Scope{},
		Selections:   map[*ast.SelectorExpr]*types.Selection{},
		FileVersions: map[*ast.File]string{},
	}
	conf := types.Config{
		Importer:         importerFunc(func(path string) (*types.Package, error) { return c.imported(p, path) }),
		IgnoreFuncBodies: !c.isRoot[p],
		Sizes:            p.TypesSizes,
		Error:            func(err error) { p.Errors = append(p.Errors, sourceErrors(err)...) },
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	c.work <- struct{}{}
	defer func() { <-c.work }()
	n := len(p.Errors)
	if err := types.NewChecker(&conf, c.conf.Fset, p.Types, p.TypesInfo).Files(p.Syntax); err != nil && len(p.Errors) == n {
		p.Errors = append(p.Errors, sourceErrors(err)...)
	}
}

// imported returns what p imports by a path.
func (c *checker) imported(p *packages.Package, path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	q := p.Imports[path]
	if q == nil {
		// The go command does not follow an import that closes a cycle, nor has it C when cgo fails.
		for _, e := range p.Errors {
			if path == "C" {
				return nil, errors.New(strings.TrimPrefix(oneLine(e.Msg), "# "+p.ID+": "))
			}
			if _, stack, ok := strings.Cut(e.Msg, "import stack: "); ok {
				return nil, errors.New("import cycle: " + stack)
			}
		}
		return nil, errors.New("import cycle")
	}
	if err := c.nodes[q].err; err != nil {
		return nil, err
	}
	return q.Types, nil
}

// parse parses a file, once for all variants of its package.
func (c *checker) parse(name string) (*ast.File, error) {
	c.mu.Lock()
	f := c.files[name]
	if f == nil {
		f = &parsed{}
		c.files[name] = f
	}
	c.mu.Unlock()
	f.once.Do(func() {
		c.work <- struct{}{}
		defer func() { <-c.work }()
		var src any
		if b, ok := c.conf.Overlay[name]; ok {
			src = b
		}
		f.syntax, f.err = parser.ParseFile(c.conf.Fset, name, src, parser.AllErrors|parser.ParseComments)
	})
	return f.syntax, f.err
}

type importerFunc func(path string) (*types.Package, error)

func (f importerFunc) Import(path string) (*types.Package, error) { return f(path) }

// sourceErrors makes errors of a package of what the parser and the type checker return.
func sourceErrors(err error) []packages.Error {
	switch err := err.(type) {
	case scanner.ErrorList:
		var list []packages.Error
		for _, e := range err {
			list = append(list, packages.Error{Pos: e.Pos.String(), Msg: e.Msg, Kind: packages.ParseError})
		}
		return list
	case types.Error:
		return []packages.Error{{Pos: err.Fset.Position(err.Pos).String(), Msg: err.Msg, Kind: packages.TypeError}}
	case *os.PathError:
		return []packages.Error{{Pos: err.Path + ":1", Msg: err.Err.Error(), Kind: packages.ParseError}}
	}
	return []packages.Error{{Pos: "-", Msg: err.Error()}}
}
