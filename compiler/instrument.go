package compiler

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/coroc-dev/coroc/typecheck"
)

// A PlainFunc is a function that could not be compiled with suspension points, and
// runs without them.
type PlainFunc struct {
	Pos token.Position // of its declaration
	Why typecheck.Diagnostic
}

// compileStressed compiles the module with suspension points. What is refused only
// because of them (see docs/language-support.md) must not be refused by a tool
// that puts them there: such functions are left as they are.
func compileStressed(ctx context.Context, o Options) (*Result, error) {
	files, err := typecheck.GoFiles(ctx, o.Dir, o.Patterns, o.config())
	if err != nil {
		return nil, err
	}
	var plain []PlainFunc
	for {
		with := o
		if with.Overlay, err = instrumentAll(files, o.Overlay, plain); err != nil {
			return nil, err
		}
		with.KeepSources = true
		r, err := compile(ctx, with)
		if err != nil {
			return nil, err
		}
		r.Plain = plain
		if r.Facts == nil || !typecheck.HasErrors(r.Diagnostics) {
			return r, nil
		}
		more := refusedFuncs(r)
		n := len(plain)
		for _, f := range more {
			if !slices.ContainsFunc(plain, func(g PlainFunc) bool { return g.Pos == f.Pos }) {
				plain = append(plain, f)
			}
		}
		if len(plain) == n {
			return r, nil
		}
	}
}

// refusedFuncs returns the declared functions that errors are about: those that a
// related position says are declared there, else the one that the error is in.
func refusedFuncs(r *Result) []PlainFunc {
	var found []PlainFunc
	at := func(pos token.Position, why typecheck.Diagnostic) bool {
		for _, p := range r.Module.Packages {
			for _, f := range p.Files {
				if f.Name != pos.Filename || p.Library {
					continue
				}
				for _, d := range f.Syntax.Decls {
					from, to := r.Module.Position(d.Pos()), r.Module.Position(d.End())
					if _, ok := d.(*ast.FuncDecl); ok && from.Line <= pos.Line && pos.Line <= to.Line {
						from.Column, from.Offset = 0, 0
						found = append(found, PlainFunc{from, why})
						return true
					}
				}
			}
		}
		return false
	}
	for _, d := range r.Diagnostics {
		if d.Warning {
			continue
		}
		declared := false
		for _, rel := range d.Related {
			if rel.Message == "declared here" {
				declared = at(rel.Pos, d) || declared
			}
		}
		if !declared {
			at(d.Pos, d)
		}
	}
	return found
}

// instrumentAll returns an overlay with the files instrumented, but for the
// functions that stay plain.
func instrumentAll(files []string, old map[string][]byte, plain []PlainFunc) (map[string][]byte, error) {
	overlay := map[string][]byte{}
	for name, text := range old {
		overlay[name] = text
	}
	for _, name := range files {
		src, ok := overlay[name]
		if !ok {
			var err error
			if src, err = os.ReadFile(name); err != nil {
				return nil, err
			}
		}
		if text := instrument(name, src, plain); text != nil {
			overlay[name] = text
		}
	}
	return overlay, nil
}

// instrument puts a suspension point before every statement of a file, and the call
// that starts the driver at the beginning of main. All that is inserted stands on
// the line of what follows it, so that lines stay the same. It returns nil for a
// file that needs nothing, that does not parse or that imports "C".
func instrument(name string, src []byte, plain []PlainFunc) []byte {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil // the type checker says so, with the user's own text
	}
	idents := map[string]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			idents[id.Name] = true
		}
		return true
	})
	for _, i := range f.Imports {
		if i.Path.Value == `"C"` {
			return nil
		}
	}
	pkg := "stress"
	for n := 1; idents[pkg] || imports(f, pkg); n++ {
		pkg = fmt.Sprintf("stress%d", n)
	}
	type insertion struct {
		at   int
		text string
	}
	var ins []insertion
	add := func(p token.Pos, text string) { ins = append(ins, insertion{fset.Position(p).Offset, text}) }
	list := func(stmts []ast.Stmt) {
		for _, s := range stmts {
			if e, ok := s.(*ast.EmptyStmt); ok && e.Implicit {
				continue
			}
			add(s.Pos(), pkg+".Point(); ")
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			at := fset.Position(n.Pos())
			if slices.ContainsFunc(plain, func(p PlainFunc) bool { return p.Pos.Filename == at.Filename && p.Pos.Line == at.Line }) {
				return false
			}
			if f.Name.Name == "main" && n.Name.Name == "main" && n.Recv == nil && n.Body != nil {
				add(n.Body.Lbrace+1, " if "+pkg+".Main(main) { return }; ")
			}
		case *ast.BlockStmt:
			if len(n.List) == 0 || isClause(n.List[0]) {
				return true
			}
			list(n.List)
		case *ast.CaseClause:
			list(n.Body)
		case *ast.CommClause:
			list(n.Body)
		case *ast.CallExpr:
			keeps(f, n, func(arg ast.Expr, by string) {
				add(arg.Pos(), pkg+"."+by+"(")
				add(arg.End(), ")")
			})
		}
		return true
	})
	if len(ins) == 0 && declaresVariables(f) {
		// What is compiled registers the variables of its package, which the driver must
		// know all of.
		ins = append(ins, insertion{len(src), "\nfunc init() { " + pkg + ".Point() }\n"})
	}
	if len(ins) == 0 {
		return nil
	}
	ins = append(ins, insertion{fset.Position(f.Name.End()).Offset, fmt.Sprintf("; import %s %q", pkg, typecheck.StressPath)})
	slices.SortStableFunc(ins, func(a, b insertion) int { return cmp.Compare(a.at, b.at) })
	var out bytes.Buffer
	at := 0
	for _, i := range ins {
		out.Write(src[at:i.at])
		out.WriteString(i.text)
		at = i.at
	}
	out.Write(src[at:])
	return out.Bytes()
}

func declaresVariables(f *ast.File) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		g, ok := d.(*ast.GenDecl)
		return ok && g.Tok == token.VAR
	})
}

// isClause reports whether a statement list with s in it is that of a switch or
// select.
func isClause(s ast.Stmt) bool {
	switch s.(type) {
	case *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// imports reports whether f imports a package that may be called name.
func imports(f *ast.File, name string) bool {
	return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool {
		path, _ := strconv.Unquote(i.Path.Value)
		return i.Name == nil && strings.HasSuffix(path, name)
	})
}
