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

// instrumentAll returns the overlay of o with the sources that are to be compiled
// instrumented.
func instrumentAll(ctx context.Context, o Options) (map[string][]byte, error) {
	files, err := typecheck.GoFiles(ctx, o.Dir, o.Patterns, typecheck.Config{
		Tests: !o.NoTests, BuildTags: o.BuildTags, Env: o.Env, Overlay: o.Overlay,
	})
	if err != nil {
		return nil, err
	}
	overlay := map[string][]byte{}
	for name, text := range o.Overlay {
		overlay[name] = text
	}
	for _, name := range files {
		src, ok := overlay[name]
		if !ok {
			if src, err = os.ReadFile(name); err != nil {
				return nil, err
			}
		}
		if text := instrument(name, src); text != nil {
			overlay[name] = text
		}
	}
	return overlay, nil
}

// instrument puts a suspension point before every statement of a file, and the call
// that starts the driver at the beginning of main. All that is inserted stands on
// the line of what follows it, so that lines stay the same. It returns nil for a
// file that needs nothing, that does not parse or that imports "C".
func instrument(name string, src []byte) []byte {
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
			if f.Name.Name == "main" && n.Name.Name == "main" && n.Recv == nil && n.Body != nil {
				add(n.Body.Lbrace+1, " if "+pkg+".Main(main) { return }; ")
			}
		case *ast.SwitchStmt:
			return true
		case *ast.BlockStmt:
			if len(n.List) == 0 || isClause(n.List[0]) {
				return true
			}
			list(n.List)
		case *ast.CaseClause:
			list(n.Body)
		case *ast.CommClause:
			list(n.Body)
		}
		return true
	})
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
