package main

import (
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Program is a test program of the Go distribution.
type Program struct {
	Path   string // below GOROOT/test, with slashes
	Source []byte
	Left   string   // why it is left out; "" if it is taken
	Kinds  []string // of statements and expressions, for the sample
}

// hasStatements reports whether there is any statement before which main can be
// suspended.
func (p *Program) hasStatements() bool {
	f, err := parser.ParseFile(token.NewFileSet(), p.Path, p.Source, parser.SkipObjectResolution)
	if err != nil {
		return false
	}
	for _, d := range f.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Recv == nil && fd.Name.Name == "main" {
			return len(fd.Body.List) > 0
		}
	}
	return false
}

// scan reads the programs below a directory, sorted by path. A file that is not
// meant to be run is not a program; one that is meant to be run, but cannot be
// compared, is, and says why it is left out.
func scan(root string) ([]*Program, error) {
	var ps []*Program
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" {
			return err
		}
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		if p := examine(filepath.ToSlash(rel), src); p != nil {
			ps = append(ps, p)
		}
		return nil
	})
	slices.SortFunc(ps, func(a, b *Program) int { return strings.Compare(a.Path, b.Path) })
	return ps, err
}

// recipe returns what the test suite is to do with a file, "run" for example, and
// the constraints of its header. The recipe stands in the first line that is not
// empty and not a constraint.
func recipe(src []byte) (action []string, constraints []string) {
	for line := range strings.Lines(string(src)) {
		line = strings.TrimSpace(line)
		switch {
		case constraint.IsGoBuild(line) || constraint.IsPlusBuild(line):
			constraints = append(constraints, line)
		case strings.HasPrefix(line, "package "):
			return action, constraints
		case action == nil && strings.HasPrefix(line, "//"):
			if action = strings.Fields(line[2:]); action == nil {
				action = []string{""}
			}
		case action == nil && line != "":
			return nil, nil // no recipe: a part of another test
		}
	}
	return action, constraints
}

// examine decides about one file. It returns nil if the file is not to be run.
func examine(rel string, src []byte) *Program {
	action, constraints := recipe(src)
	if len(action) == 0 || action[0] != "run" {
		return nil
	}
	p := &Program{Path: rel, Source: src}
	switch {
	case len(action) > 1:
		p.Left = "flags or arguments"
		return p
	case strings.HasSuffix(path.Dir(rel), ".dir"):
		p.Left = "several files"
		return p
	case len(constraints) > 0:
		p.Left = "build constraint"
		return p
	}
	f, err := parser.ParseFile(token.NewFileSet(), rel, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		p.Left = "does not parse"
		return p
	}
	if f.Name.Name != "main" {
		p.Left = "not package main"
		return p
	}
	if p.Left = dependence(f); p.Left == "" {
		p.Kinds = append([]string{"in " + path.Dir(rel)}, kinds(f)...)
	}
	return p
}

// left has the packages and names on which the outcome of a program depends in a way
// that a suspension changes, or that says something about one build of it.
var left = map[string]map[string]string{
	"C":                {"": "imports C"},
	"unsafe":           {"": "imports unsafe"},
	"plugin":           {"": "internals of the runtime"},
	"runtime/*":        {"": "internals of the runtime"},
	"internal/*":       {"": "internals of the runtime"},
	"os/exec":          {"": "runs the go command or itself"},
	"testing":          {"AllocsPerRun": memory, "Benchmark": timing},
	"testing/synctest": {"": timing},
	"os":               {"Args": "its own command line", "Executable": "its own command line"},
	"time": {
		"Now": timing, "Since": timing, "Until": timing, "Sleep": timing, "After": timing, "AfterFunc": timing,
		"Tick": timing, "NewTimer": timing, "NewTicker": timing,
	},
	"context": {"WithTimeout": timing, "WithDeadline": timing},
	"runtime": {
		"ReadMemStats": memory, "MemStats": memory, "MemProfile": memory, "MemProfileRate": memory,
		"SetFinalizer": collector, "AddCleanup": collector, "NumGoroutine": "counts goroutines",
		"GoroutineProfile": "counts goroutines",
		"Caller":           stack, "Callers": stack, "CallersFrames": stack, "Stack": stack, "FuncForPC": stack,
		"Breakpoint": "stops for a debugger",
	},
}

const (
	timing    = "time"
	memory    = "memory statistics"
	collector = "finalizers"
	stack     = "its own stack"
)

// dependence returns why the program cannot be compared, "" if it can.
func dependence(f *ast.File) string {
	names := map[string]map[string]string{} // of what is imported, by local name
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return "does not parse"
		}
		if !standard(imp) {
			return "several files"
		}
		entry := left[imp]
		if entry == nil {
			if first, _, below := strings.Cut(imp, "/"); below {
				entry = left[first+"/*"]
			}
		}
		if why := entry[""]; why != "" {
			return why
		}
		local := path.Base(imp)
		if spec.Name != nil {
			local = spec.Name.Name
		}
		if entry != nil {
			names[local] = entry
		}
	}
	for _, g := range f.Comments {
		for _, c := range g.List {
			if strings.HasPrefix(c.Text, "//go:linkname ") {
				return "internals of the runtime"
			}
		}
	}
	why := ""
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok && why == "" {
				why = names[x.Name][n.Sel.Name]
			}
		case *ast.Ident:
			if why == "" {
				why = names["."][n.Name]
			}
		}
		return why == ""
	})
	return why
}

// standard reports whether a path is one of the standard library.
func standard(imp string) bool {
	if imp == "C" || imp == "unsafe" {
		return true
	}
	if build.IsLocalImport(imp) {
		return false
	}
	fi, err := os.Stat(filepath.Join(build.Default.GOROOT, "src", filepath.FromSlash(imp)))
	return err == nil && fi.IsDir()
}
