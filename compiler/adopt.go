package compiler

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/typecheck"
)

// compileAdopting compiles the main module, and of others those that a suspension has to
// pass through and whose functions cannot be cloned. Which these are is known when all else
// has been compiled; what they call of others is known after them.
func compileAdopting(ctx context.Context, o Options) (*Result, error) {
	conf := o.config()
	conf.Decline = map[string]typecheck.Diagnostic{}
	for {
		r, err := compileModules(ctx, o, conf)
		if err != nil || ctx.Err() != nil || r.Facts == nil && len(r.Module.Adopted) == 0 {
			return r, err
		}
		if wrong := r.wrongAdopted(); len(wrong) > 0 {
			maps.Copy(conf.Decline, wrong)
			continue
		}
		more := false
		for _, path := range r.inTheWay() {
			if _, declined := conf.Decline[path]; !declined && !slices.Contains(conf.Adopt, path) {
				conf.Adopt = append(conf.Adopt, path)
				more = true
			}
		}
		if !more {
			return r, nil
		}
	}
}

// wrongAdopted returns the modules that were adopted and have errors, with the first of
// these: what main modules need of them they have to do without.
func (r *Result) wrongAdopted() map[string]typecheck.Diagnostic {
	wrong := map[string]typecheck.Diagnostic{}
	if len(r.Module.Adopted) == 0 {
		return wrong
	}
	owner := map[string]*typecheck.Adopted{}
	for _, p := range r.Module.Packages {
		for _, f := range p.Files {
			owner[f.Name] = p.Adopted
		}
	}
	for _, d := range r.Diagnostics {
		if d.Warning {
			continue
		}
		m := owner[d.Pos.Filename]
		if m == nil { // the sources may not even have been checked
			m = adoptedAt(r.Module, d.Pos.Filename)
		}
		if m == nil {
			continue
		}
		if _, ok := wrong[m.Path]; !ok {
			wrong[m.Path] = d
		}
	}
	news := 0
	for path := range wrong {
		if _, ok := r.config.Decline[path]; !ok {
			news++
		}
	}
	if len(wrong) > 0 && news == 0 {
		// Such a module comes back because it imports another one that is adopted.
		var first typecheck.Diagnostic
		for _, path := range slices.Sorted(maps.Keys(wrong)) {
			first = wrong[path]
			break
		}
		for _, m := range r.Module.Adopted {
			wrong[m.Path] = first
		}
	}
	return wrong
}

// adoptedAt returns the adopted module that a file is of, or nil.
func adoptedAt(mod *typecheck.Module, name string) *typecheck.Adopted {
	for _, m := range mod.Adopted {
		if _, ok := below(m.Dir, name); ok && m.Dir != "" {
			return m
		}
	}
	return nil
}

// inTheWay returns the modules whose code a suspension certainly comes to and cannot pass.
func (r *Result) inTheWay() []string {
	var paths []string
	if r.Facts == nil {
		return nil
	}
	for _, o := range r.Facts.Opaque {
		if path := r.adoptable(o); path != "" && !o.Diagnostic.Warning && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	return paths
}

// adoptable returns the path of the module that has what is in the way, if it is one that
// can be compiled too.
func (r *Result) adoptable(o colour.Opaque) string {
	if o.Package == nil {
		return ""
	}
	path := r.Module.ModuleOf(o.Package.Path())
	if path == typecheck.ModulePath || path == typecheck.LegacyPath {
		return ""
	}
	return path
}

// refusal is the diagnostic about code that is in the way, with what can be done about it.
func (r *Result) refusal(o colour.Opaque, d typecheck.Diagnostic) typecheck.Diagnostic {
	path := r.adoptable(o)
	if path == "" {
		return d
	}
	if why, ok := r.config.Decline[path]; ok {
		d.Related = append(slices.Clone(d.Related), typecheck.Related{
			Pos:     why.Pos,
			Message: fmt.Sprintf("module %s cannot be compiled too: %s", path, why.Message),
		})
	} else if !r.config.AdoptUsers {
		d.Fix += fmt.Sprintf("; or use coroc build, run or test, which compile module %s too", path)
	}
	return d
}

// useCommitted sees to it that adopted modules whose generated files are used as they bring
// them have all that was generated now, and takes that out of the result.
func (r *Result) useCommitted() {
	if !slices.ContainsFunc(r.Module.Adopted, func(m *typecheck.Adopted) bool { return m.Committed }) {
		return
	}
	committed := map[string]File{}
	for _, f := range r.committedFiles() {
		committed[f.Path] = f
	}
	for _, p := range r.Module.Packages {
		if p.Adopted == nil || !p.Adopted.Committed {
			continue
		}
		var lacking []string
		mine := func(f File) bool {
			return slices.ContainsFunc(p.Files, func(s *typecheck.File) bool { return s.Name == f.Source })
		}
		for _, f := range r.Files {
			if mine(f) {
				have := declared(committed[f.Path])
				for _, name := range slices.Sorted(maps.Keys(declared(f))) {
					if !have[name] {
						lacking = append(lacking, name)
					}
				}
			}
		}
		r.Files = slices.DeleteFunc(r.Files, mine)
		if len(lacking) > 0 {
			r.add([]typecheck.Diagnostic{r.lacking(p, lacking)})
		}
		r.dirs = slices.DeleteFunc(r.dirs, func(dir string) bool { return dir == p.Dir })
	}
}

// lacking is what is said about a package without something that it would need.
func (r *Result) lacking(p *typecheck.Package, names []string) typecheck.Diagnostic {
	d := typecheck.Diagnostic{
		Message: fmt.Sprintf("package %s comes with generated files that do not have what this program needs: %s", p.Path, names[0]),
		Fix:     fmt.Sprintf("use coroc build, run or test, which compile module %s too, or another version of it", p.Adopted.Path),
	}
	if n := len(names); n > 1 {
		d.Message += fmt.Sprintf(" and %d more", n-1)
	}
	for _, q := range r.Module.Packages {
		for _, f := range q.Files {
			for _, i := range f.Syntax.Imports {
				if q.Adopted == nil && d.Pos.Filename == "" && strings.Trim(i.Path.Value, "\"`") == p.Path {
					d.Pos = r.Module.Position(i.Pos())
				}
			}
		}
	}
	return d
}

// committedFiles returns the generated files that adopted modules bring.
func (r *Result) committedFiles() []File {
	var files []File
	for _, p := range r.Module.Packages {
		if p.Adopted == nil || !p.Adopted.Committed {
			continue
		}
		names := slices.Clone(p.Ignored)
		for _, name := range names {
			source, ok := typecheck.SourceName(name)
			if !ok {
				continue
			}
			if text, err := os.ReadFile(name); err == nil && typecheck.IsGenerated(text) {
				files = append(files, File{Path: name, Source: source, Text: text})
			}
		}
	}
	return files
}

// declared returns the names of the functions, methods and types that a generated file
// declares.
func declared(f File) map[string]bool {
	names := map[string]bool{}
	syntax, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Text, parser.SkipObjectResolution)
	if err != nil {
		return names
	}
	for _, d := range syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) > 0 {
				t := d.Recv.List[0].Type
				if star, ok := t.(*ast.StarExpr); ok {
					t = star.X
				}
				switch x := t.(type) {
				case *ast.IndexExpr:
					t = x.X
				case *ast.IndexListExpr:
					t = x.X
				}
				if id, ok := t.(*ast.Ident); ok {
					name = id.Name + "." + name
				}
			}
			if name != "init" && name != "_" {
				names[name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					names[t.Name.Name] = true
				}
			}
		}
	}
	return names
}
