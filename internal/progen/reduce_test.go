package progen_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/internal/progen"
)

var reduceFlag = flag.String("progen.reduce", "", "cut from the program in this `file` what does not matter to its failure")

// TestReduce cuts pieces out of a failing program for as long as it fails in the
// same way, and leaves what remains beside it. Rapid makes the choices of a program
// fewer; this goes further, since it knows Go, and it takes any program. It is run by
// hand.
func TestReduce(t *testing.T) {
	if *reduceFlag == "" {
		t.Skip("needs -progen.reduce")
	}
	text, err := os.ReadFile(*reduceFlag)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	best := progen.Source(text)
	first, ok := b.failures(map[string]progen.Source{"p": best})["p"]
	if !ok {
		t.Fatal("the program does not fail")
	}
	t.Log(first)
	b.compileOnly = first.stage == compiling
	check := newChecker()
	for size := 64; ; {
		candidates := map[string]progen.Source{}
		for i, c := range smaller(best, size, check) {
			candidates[fmt.Sprintf("c%d", i)] = c
		}
		found := progen.Source("")
		if len(candidates) > 0 {
			for name, f := range b.failures(candidates) {
				if gist(f) == gist(first) && (found == "" || len(candidates[name]) < len(found)) {
					found = candidates[name]
				}
			}
		}
		if found == "" {
			if size == 1 {
				break
			}
			size /= 4
			continue
		}
		best = found
		writeFile(t, *reduceFlag+".small", best)
		t.Logf("%d bytes", len(best))
	}
	t.Logf("%s", best)
}

var details = regexp.MustCompile(`\w+\.go:\d+:\d+|[0-9]+`)

// gist is what stays of a failure as the program gets smaller.
func gist(f failure) string {
	line, _, _ := strings.Cut(f.text, "\n")
	line = details.ReplaceAllString(line, "")
	return fmt.Sprint(f.stage, line[:min(len(line), 60)])
}

// smaller returns programs that lack some statements or declarations and still
// type-check.
func smaller(p progen.Source, size int, check func(progen.Source) error) []progen.Source {
	var out []progen.Source
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "p.go", string(p), parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	spans := pieces(fset, f)
	for i := 0; i*size < len(spans) && len(out) < 40; i++ {
		cut := slices.Clone(spans[i*size : min(len(spans), (i+1)*size)])
		// Main is what is run; no other code needs it.
		if c := without(string(p), cut); strings.Contains(string(c), "func Main()") && check(c) == nil {
			out = append(out, c)
		}
	}
	return out
}

// A span is a piece of a program, with what may stand in its place.
type span struct {
	from, to int
	with     string
}

func pieces(fset *token.FileSet, f *ast.File) []span {
	var out []span
	at := func(p token.Pos) int { return fset.Position(p).Offset }
	add := func(n ast.Node, with string) { out = append(out, span{at(n.Pos()), at(n.End()), with}) }
	// only keeps a part of a node.
	only := func(n, part ast.Node) {
		out = append(out, span{at(n.Pos()), at(part.Pos()), ""})
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n, "")
		case *ast.GenDecl:
			if n.Tok != token.IMPORT {
				add(n, "")
			}
		case *ast.ValueSpec, *ast.TypeSpec, *ast.ImportSpec:
			add(n, "")
		case *ast.Field:
			add(n, "")
		case *ast.BlockStmt:
			for _, s := range n.List {
				add(s, "")
			}
		case *ast.LabeledStmt:
			only(n, n.Stmt)
		case *ast.IfStmt:
			only(n, n.Body)
			if n.Else != nil {
				out = append(out, span{at(n.Body.End()), at(n.Else.End()), ""})
			}
		case *ast.ForStmt:
			only(n, n.Body)
		case *ast.RangeStmt:
			only(n, n.Body)
		case *ast.CaseClause:
			add(n, "")
			for _, s := range n.Body {
				add(s, "")
			}
		case *ast.CommClause:
			add(n, "")
			for _, s := range n.Body {
				add(s, "")
			}
		case *ast.CallExpr:
			// The call's first argument in its place.
			if len(n.Args) > 0 {
				out = append(out, span{at(n.Pos()), at(n.Args[0].Pos()), "("})
			}
			for i, a := range n.Args {
				if i > 0 {
					out = append(out, span{at(n.Args[i-1].End()), at(a.End()), ""})
				}
			}
		case *ast.CompositeLit:
			add(n, "1")
			for i, e := range n.Elts {
				if i+1 < len(n.Elts) {
					out = append(out, span{at(e.Pos()), at(n.Elts[i+1].Pos()), ""})
				}
			}
		case *ast.BinaryExpr:
			add(n, "1")
			add(n, "true")
			only(n, n.Y)
			out = append(out, span{at(n.X.End()), at(n.Y.End()), ""})
		case *ast.FuncLit:
			add(n, "nil")
		}
		return true
	})
	slices.SortStableFunc(out, func(a, b span) int { return (b.to - b.from) - (a.to - a.from) })
	return out
}

// without cuts spans out, but not those inside of others that are cut.
func without(text string, cut []span) progen.Source {
	slices.SortFunc(cut, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	at := 0
	for _, s := range cut {
		if s.from < at {
			continue
		}
		b.WriteString(text[at:s.from])
		b.WriteString(s.with)
		at = s.to
	}
	b.WriteString(text[at:])
	return progen.Source(b.String())
}
