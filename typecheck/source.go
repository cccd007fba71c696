package typecheck

import (
	"bytes"
	"errors"
	"go/ast"
	"go/build"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A Source is the text of a generated file.
type Source struct {
	Name string // absolute
	Text []byte
}

// DurableName returns the name of the file that is generated for a source:
// foo.durable.go for foo.go, foo.durable_test.go for foo_test.go. The go
// command looks for GOOS and GOARCH before the first dot of a name, so a suffix
// of that kind keeps its meaning, and the names sort as those of the sources
// do, which keeps the order of initialization.
func DurableName(source string) string {
	if base, ok := strings.CutSuffix(source, "_test.go"); ok {
		return base + ".durable_test.go"
	}
	return strings.TrimSuffix(source, ".go") + ".durable.go"
}

// SourceName is the inverse of DurableName.
func SourceName(generated string) (source string, ok bool) {
	if base, ok := strings.CutSuffix(generated, ".durable_test.go"); ok {
		return base + "_test.go", true
	}
	if base, ok := strings.CutSuffix(generated, ".durable.go"); ok {
		return base + ".go", true
	}
	return "", false
}

// Constraint returns the build constraint of a Go file, or nil.
func Constraint(f *ast.File) constraint.Expr {
	for _, g := range f.Comments {
		if g.Pos() >= f.Package {
			break
		}
		for _, c := range g.List {
			if constraint.IsGoBuild(c.Text) {
				if x, err := constraint.Parse(c.Text); err == nil {
					return x
				}
			}
		}
	}
	return nil
}

// CheckSource checks the package as the durable build will have it: generated
// has the text that takes the place of each file that is replaced, by the name
// of that file. It must be called for the packages of the module in the order of
// Module.Packages; imports are resolved to what earlier calls made, and the
// result is kept in p.Durable. An error is one of the compiler's, since the user's
// program was checked when it was loaded, unless it is in a file that only the
// durable build has.
func CheckSource(m *Module, p *Package, generated map[string]Source) []Diagnostic {
	var diags []Diagnostic
	var files []*ast.File
	changed := false
	texts := map[string][]byte{}
	added := map[string]bool{} // files of the user's that only the durable build has
	for _, f := range p.Files {
		if g, ok := generated[f.Name]; ok {
			changed = true
			syntax, err := parser.ParseFile(m.Fset, g.Name, g.Text, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				return []Diagnostic{{
					Pos:     token.Position{Filename: f.Name},
					Message: "internal error: generated code does not parse: " + err.Error(),
				}}
			}
			texts[g.Name] = g.Text
			files = append(files, syntax)
			continue
		}
		if mentions(Constraint(f.Syntax)) && !m.matches(f.Name, f.Source) && !hasGenerated(f.Name) {
			changed = true
			continue
		}
		files = append(files, f.Syntax)
	}
	for _, name := range m.ignored(p) {
		f, err := m.added(p, name)
		var syntax scanner.ErrorList
		switch {
		case errors.As(err, &syntax):
			for _, e := range syntax {
				diags = append(diags, Diagnostic{Pos: e.Pos, Message: "this file of the durable build does not parse: " + e.Msg})
			}
		case err != nil:
			diags = append(diags, Diagnostic{Pos: token.Position{Filename: name}, Message: err.Error()})
		}
		if f != nil {
			changed = true
			added[name] = true
			files = append(files, f)
		}
	}
	for _, q := range p.Imports {
		changed = changed || q.Durable != nil && q.Durable != q.Types
	}
	if !changed {
		p.Durable = p.Types
		return diags
	}

	n := 0
	conf := types.Config{
		GoVersion:        p.GoVersion,
		Importer:         durableImporter{p},
		IgnoreFuncBodies: p.NoBody,
		Sizes:            m.Sizes,
		Error: func(err error) {
			var e types.Error
			if n++; n > 10 || !errors.As(err, &e) {
				return
			}
			pos := m.Fset.PositionFor(e.Pos, false)
			d := Diagnostic{Pos: m.Fset.Position(e.Pos), Message: "internal error: the durable build does not type-check: " + e.Msg}
			if added[pos.Filename] {
				d.Message = strings.TrimPrefix(d.Message, "internal error: ")
			}
			if text, ok := texts[pos.Filename]; ok {
				d.Related = []Related{{Pos: pos, Message: lineOf(text, pos.Line)}}
			}
			diags = append(diags, d)
		},
	}
	p.Durable, _ = conf.Check(p.Path, m.Fset, files, nil)
	return diags
}

func lineOf(text []byte, n int) string {
	lines := strings.Split(string(text), "\n")
	if n < 1 || n > len(lines) {
		return ""
	}
	return strings.TrimSpace(lines[n-1])
}

// mentions reports whether x speaks of the durable tag.
func mentions(x constraint.Expr) bool {
	found := false
	if x != nil {
		x.Eval(func(tag string) bool { found = found || tag == DurableTag; return true })
		x.Eval(func(tag string) bool { found = found || tag == DurableTag; return false })
	}
	return found
}

// matches reports whether the durable build has a file.
func (m *Module) matches(name string, src []byte) bool {
	ctx := build.Default
	ctx.BuildTags = append([]string{DurableTag}, m.Tags...)
	for _, kv := range m.config.Env {
		if v, ok := strings.CutPrefix(kv, "GOOS="); ok {
			ctx.GOOS = v
		}
		if v, ok := strings.CutPrefix(kv, "GOARCH="); ok {
			ctx.GOARCH = v
		}
	}
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(src)), nil }
	ok, err := ctx.MatchFile(filepath.Dir(name), filepath.Base(name))
	return err == nil && ok
}

func hasGenerated(source string) bool {
	b, err := os.ReadFile(DurableName(source))
	return err == nil && IsGenerated(b)
}

// ignored returns the files of p's directory that the volatile build leaves out. The go command lists
// those of tests with the package that they test.
func (m *Module) ignored(p *Package) []string {
	if p.ForTest == "" || p.Path != p.ForTest && p.Path != p.ForTest+"_test" {
		return p.Ignored
	}
	for _, q := range m.Packages {
		if q.Path == p.ForTest && !q.Test {
			return q.Ignored
		}
	}
	return p.Ignored
}

// added returns a file that the user wrote for the durable build only, or nil.
func (m *Module) added(p *Package, name string) (*ast.File, error) {
	test := strings.HasSuffix(name, "_test.go")
	if test && !p.Test {
		return nil, nil
	}
	src, err := os.ReadFile(name)
	if err != nil || IsGenerated(src) {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), name, src, parser.PackageClauseOnly|parser.ParseComments)
	if err != nil || f.Name.Name != p.Name || !mentions(Constraint(f)) {
		return nil, nil
	}
	if !m.matches(name, src) {
		return nil, nil
	}
	f, err = parser.ParseFile(m.Fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// A durableImporter resolves imports to the durable forms of packages.
type durableImporter struct{ p *Package }

// Import implements types.Importer.
func (i durableImporter) Import(path string) (*types.Package, error) {
	if q := i.p.Imports[path]; q != nil && q.Durable != nil {
		return q.Durable, nil
	}
	t, err := i.p.Importer.Import(path)
	if err != nil {
		return nil, err
	}
	if m := i.p.module; m != nil {
		if q := m.PackageOf(t); q != nil && q.Durable != nil {
			return q.Durable, nil
		}
	}
	return t, nil
}
