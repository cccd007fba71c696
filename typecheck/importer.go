package typecheck

import (
	"fmt"
	"go/token"
	"go/types"
	"os"
	"sync"

	"golang.org/x/tools/go/gcexportdata"
	"golang.org/x/tools/go/packages"
)

// An importer resolves import paths to what was loaded, test variants aside.
type importer struct {
	mod     *Module
	exports map[string]string // import path → export data file
	mu      sync.Mutex
}

// Import implements types.Importer.
func (i *importer) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	for _, p := range i.mod.Packages {
		if p.Path == path && !p.Test {
			return p.Types, nil
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if p := i.mod.opaque[path]; p != nil && p.Complete() {
		return p, nil
	}
	// Only packages that the sources import are complete from the start.
	// Generated code may name a type of another one.
	file := i.exports[path]
	if file == "" {
		return nil, fmt.Errorf("package %s is not among the dependencies", path)
	}
	return readExport(i.mod.Fset, i.mod.opaque, file, path)
}

// readExport reads the export data of a package out of a file. It completes those packages of view, by
// import path, that it is about, and adds those that it names and that are not there.
func readExport(fset *token.FileSet, view map[string]*types.Package, file, path string) (*types.Package, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	//lint:ignore SA1019 what go list -export names are such archives, as go/packages reads them
	r, err := gcexportdata.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	p, err := gcexportdata.Read(r, fset, view, path)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	return p, nil
}

// A packageImporter resolves imports as one package sees them.
type packageImporter struct {
	pkg    *Package
	mod    *Module
	direct map[string]*packages.Package
}

// Import implements types.Importer.
func (i *packageImporter) Import(path string) (*types.Package, error) {
	if p := i.pkg.Imports[path]; p != nil {
		return p.Types, nil
	}
	if p := i.direct[path]; p != nil && p.Types != nil && p.Types.Complete() {
		return p.Types, nil
	}
	if p := i.variant(path, i.pkg, map[*Package]bool{}); p != nil {
		return p.Types, nil
	}
	return i.mod.Importer.Import(path)
}

// variant finds the form of path that is linked with the package: one of the
// test variants below it, if there is one.
func (i *packageImporter) variant(path string, p *Package, seen map[*Package]bool) *Package {
	if !i.pkg.Test || seen[p] {
		return nil
	}
	seen[p] = true
	if q := p.Imports[path]; q != nil {
		return q
	}
	for _, q := range p.Imports {
		if r := i.variant(path, q, seen); r != nil {
			return r
		}
	}
	return nil
}
