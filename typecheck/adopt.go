package typecheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// An Adopted module is one that the main module depends on and whose packages are read
// from source all the same, as far as the program has them: without their tests.
type Adopted struct {
	Path    string
	Version string // "" in a vendor directory, and if a directory takes its place
	Dir     string // "" in a vendor directory
	GoMod   string // the name of its go.mod, which may stand elsewhere

	// Committed says that the files that were generated for the module are used as the
	// module brings them.
	Committed bool
}

// adoption finds out which modules are adopted.
type adoption struct {
	config  Config
	modules map[string]*Adopted
	plain   map[string]bool // modules that use coroutines and are not compiled
}

// look goes through what was loaded. A module is adopted if Config.Adopt says so, or if it
// uses coroutines and either Config.AdoptUsers is set or it brings generated files; and so
// is one that imports such a module: there must be one form of each type.
func (a *adoption) look(roots []*packages.Package) {
	adopt := map[*packages.Package]bool{}
	packages.Visit(roots, nil, func(p *packages.Package) {
		if p.Module == nil || p.Module.Main || p.ForTest != "" || isTestMain(p) {
			return
		}
		path := p.Module.Path
		if path == ModulePath || path == LegacyPath {
			return
		}
		committed := slices.ContainsFunc(p.IgnoredFiles, func(f string) bool {
			_, ok := SourceName(f)
			return ok && isGenerated(f, nil)
		})
		uses := committed || usesCoroutines(p)
		switch {
		case a.declined(path):
		case slices.Contains(a.config.Adopt, path), uses && (committed || a.config.AdoptUsers):
			a.add(p)
		}
		if uses {
			a.plain[path] = true
		}
	})
	for n := -1; n != len(a.modules); {
		n = len(a.modules)
		packages.Visit(roots, nil, func(p *packages.Package) {
			if p.Module == nil {
				return
			}
			adopt[p] = a.modules[p.Module.Path] != nil
			for _, q := range p.Imports {
				adopt[p] = adopt[p] || adopt[q] && !p.Module.Main
			}
			if adopt[p] && !isTestMain(p) && p.ForTest == "" {
				a.add(p)
			}
		})
	}
}

func (a *adoption) declined(path string) bool {
	_, ok := a.config.Decline[path]
	return ok
}

func (a *adoption) add(p *packages.Package) {
	if a.modules[p.Module.Path] != nil {
		return
	}
	m := &Adopted{Path: p.Module.Path, Version: p.Module.Version, Dir: p.Module.Dir, GoMod: p.Module.GoMod, Committed: !a.config.AdoptUsers}
	if r := p.Module.Replace; r != nil {
		m.Dir, m.GoMod = r.Dir, r.GoMod
	}
	a.modules[m.Path] = m
}

func usesCoroutines(p *packages.Package) bool {
	for path := range p.Imports {
		if path == LegacyPath || IsLibrary(path) && path != RuntimePath {
			return true
		}
	}
	return false
}

// of returns the module that is adopted and that p is of, or nil. Tests of such a module
// are no part of the program; a package that was rebuilt for the tests of another one is.
func (a *adoption) of(p *packages.Package) *Adopted {
	if p.Module == nil || p.Module.Main || isTestMain(p) || p.ForTest != "" && a.has(strings.TrimSuffix(p.ForTest, "_test")) {
		return nil
	}
	return a.modules[p.Module.Path]
}

// has reports whether an import path is of a module that is adopted.
func (a *adoption) has(path string) bool {
	for m := range a.modules {
		if path == m || strings.HasPrefix(path, m+"/") {
			return true
		}
	}
	return false
}

// warnings are about packages that use coroutines and have not been compiled, where the
// module imports them.
func (a *adoption) warnings(m *Module) []Diagnostic {
	var ds []Diagnostic
	for _, p := range m.Packages {
		if !p.Named || p.Adopted != nil {
			continue
		}
		for _, f := range p.Files {
			for _, i := range f.Syntax.Imports {
				path, _ := strconv.Unquote(i.Path.Value)
				q := m.dependencies[path]
				if q == nil || q.Module == nil || a.modules[q.Module.Path] != nil || !a.plain[q.Module.Path] || !usesCoroutines(q) {
					continue
				}
				d := Diagnostic{
					Pos:     m.Position(i.Pos()),
					Message: fmt.Sprintf("package %s uses coroutines and is not compiled by coroc: where it would suspend, it panics", path),
					Fix:     fmt.Sprintf("use coroc build, run or test, which compile module %s too, or let that module commit the files that coroc generates", q.Module.Path),
					Warning: true,
				}
				if why, ok := a.config.Decline[q.Module.Path]; ok {
					d.Related = []Related{{Pos: why.Pos, Message: why.Message}}
					d.Fix = "copy the package into the module, and mend that"
				}
				ds = append(ds, d)
			}
		}
	}
	return ds
}

// ModuleOf returns the path of the module that a package is of, by import path; "" for the
// standard library.
func (m *Module) ModuleOf(path string) string {
	if p := m.dependencies[path]; p != nil && p.Module != nil {
		return p.Module.Path
	}
	for _, p := range m.Packages {
		if p.Path == path && p.Adopted != nil {
			return p.Adopted.Path
		}
	}
	return ""
}

// String returns the module as the go command writes it.
func (a *Adopted) String() string {
	if a.Version == "" {
		return a.Path
	}
	return a.Path + "@" + a.Version
}
