package portability

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// changed returns the program with comments and white space between all tokens, functions in
// another order, other names of files, and in each package a file before the others with
// functions, variables, types and imports that are called like what functions of the program
// declare. A state must not notice. The names of files with functions init stay, since these
// go by them.
func changed(t *testing.T, a *txtar.Archive) *txtar.Archive {
	t.Helper()
	out := &txtar.Archive{}
	files := map[string][]*ast.File{} // by directory
	for _, f := range a.Files {
		if !strings.HasSuffix(f.Name, ".go") {
			out.Files = append(out.Files, f)
			continue
		}
		fset := token.NewFileSet()
		syntax, err := parser.ParseFile(fset, f.Name, f.Data, parser.ParseComments)
		require.NoError(t, err)
		dir, name := path.Split(f.Name)
		if !bytes.Contains(f.Data, []byte("func init()")) && !strings.HasSuffix(name, "_test.go") {
			name = "z_" + name
		}
		files[dir] = append(files[dir], syntax)
		text := scattered(reordered(fset, syntax, f.Data))
		_, err = format.Source(text)
		require.NoError(t, err, "%s", text)
		out.Files = append(out.Files, txtar.File{Name: dir + name, Data: text})
	}
	for dir, list := range files {
		if dir == "lib/" {
			continue // has no coroutines
		}
		out.Files = append(out.Files, txtar.File{Name: dir + "a_unrelated.go", Data: unrelated(t, list)})
	}
	return out
}

// reordered returns a file with its functions before the other declarations, the last one
// first.
func reordered(fset *token.FileSet, f *ast.File, src []byte) []byte {
	var head, functions, rest []string
	for _, d := range f.Decls {
		from := d.Pos()
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
		case *ast.GenDecl:
			if d.Doc != nil {
				from = d.Doc.Pos()
			}
		}
		text := string(src[fset.Position(from).Offset:fset.Position(d.End()).Offset])
		switch g, ok := d.(*ast.GenDecl); {
		case !ok:
			functions = append(functions, text)
		case g.Tok == token.IMPORT:
			head = append(head, text)
		default:
			rest = append(rest, text)
		}
	}
	slices.Reverse(functions)
	return []byte("package " + f.Name.Name + "\n\n" + strings.Join(slices.Concat(head, functions, rest), "\n\n") + "\n")
}

// scattered returns a file with a comment between any two tokens.
func scattered(src []byte) []byte {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	var b bytes.Buffer
	b.WriteString("// Changed.\n\n")
	end := 0
	for n := 0; ; n++ {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return b.Bytes()
		}
		if tok == token.SEMICOLON && lit == "\n" {
			continue // stands in the gap
		}
		at := file.Offset(pos)
		if gap := src[end:at]; bytes.Contains(gap, []byte("\n")) {
			fmt.Fprintf(&b, " // %d\n\n\n", n)
		} else if n > 0 {
			fmt.Fprintf(&b, " /* %d */ ", n)
		}
		text := lit
		if lit == "" || tok.IsOperator() {
			text = tok.String()
		}
		b.WriteString(text)
		end = at + len(text)
	}
}

// unrelated returns a file for a package of these files that declares, and imports, what their
// functions declare too.
func unrelated(t *testing.T, files []*ast.File) []byte {
	t.Helper()
	vars, typs, never := map[string]bool{}, map[string]bool{}, map[string]bool{"_": true, "main": true, "init": true}
	for _, f := range files {
		for _, s := range f.Imports {
			never[path.Base(strings.Trim(s.Path.Value, `"`))] = true
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				for _, s := range d.(*ast.GenDecl).Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						never[s.Name.Name] = true
					case *ast.ValueSpec:
						for _, id := range s.Names {
							never[id.Name] = true
						}
					}
				}
				continue
			}
			if fn.Recv == nil {
				never[fn.Name.Name] = true
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.AssignStmt:
					for _, e := range n.Lhs {
						if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
							vars[id.Name] = true
						}
					}
				case *ast.Field:
					for _, id := range n.Names {
						vars[id.Name] = true
					}
				case *ast.TypeSpec:
					typs[n.Name.Name] = true
				}
				return true
			})
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "package %s\n\nimport (\n\t%q\n\n\t%q\n)\n\n", files[0].Name.Name, "path", "github.com/coroc-dev/coroc/coroutine")
	never["path"] = true
	b.WriteString("func init() { unrelated(func(n int) int { return coroutine.Yield[string, int](path.Base(\"a\")) }) }\n\n")
	b.WriteString("var _ = unrelated(func(n int) int { return coroutine.Yield[string, int](\"b\") })\n\n")
	b.WriteString("func unrelated(func(int) int) any {\n")
	for _, name := range sorted(typs) {
		fmt.Fprintf(&b, "\ttype %s struct{ unrelated int }\n", name)
	}
	b.WriteString("\tif len(path.Base(\"\")) == 0 {\n\t\tcoroutine.Yield[string, int](\"never\")\n\t}\n\treturn []any{")
	for _, name := range sorted(typs) {
		fmt.Fprintf(&b, "%s{}, ", name)
	}
	b.WriteString("}\n}\n\nvar (\n")
	n := 0
	for _, name := range sorted(vars) {
		if !never[name] && !typs[name] && types.Universe.Lookup(name) == nil {
			fmt.Fprintf(&b, "\t%s = %d\n", name, n)
			n++
		}
	}
	b.WriteString(")\n")
	text, err := format.Source([]byte(b.String()))
	require.NoError(t, err, "%s", b.String())
	return text
}

func sorted(set map[string]bool) []string { return slices.Sorted(maps.Keys(set)) }
