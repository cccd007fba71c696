package codegen

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// matchProgram makes up a function: calls step(n), each with a number of its own, and
// variables a, b and c, each declared with one.
type matchProgram struct {
	t    *rapid.T
	next int
}

type matchStmt struct {
	head, foot string
	body       []*matchStmt
	extra      bool // in one of the versions only
}

func (p *matchProgram) number() int { p.next++; return p.next }

// call is one of few calls; the comment tells them apart.
func (p *matchProgram) call(n int) string {
	return fmt.Sprintf("step(%d /*%d*/)", rapid.IntRange(0, 5).Draw(p.t, "argument"), n)
}

func (p *matchProgram) list(depth int) []*matchStmt {
	var list []*matchStmt
	for range rapid.IntRange(1, 4).Draw(p.t, "statements") {
		list = append(list, p.stmt(depth))
	}
	return list
}

func (p *matchProgram) stmt(depth int) *matchStmt {
	n := p.number()
	kind := rapid.IntRange(0, 7).Draw(p.t, "kind")
	if depth == 0 {
		kind %= 3
	}
	s := &matchStmt{}
	switch kind {
	case 0, 1:
		s.head = p.call(n)
	case 2:
		v := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(p.t, "name")
		s.head = fmt.Sprintf("{{%s %d}}", v, n)
	case 3:
		s.head, s.foot = "if "+p.call(n)+" > 0 {", "}"
	case 4:
		s.head, s.foot = "for range 2 {", "}"
	case 5:
		s.head, s.foot = "for a := 0; a < "+p.call(n)+"; a++ {", "}"
	case 6:
		s.head, s.foot = "{", "}"
	case 7:
		s.head, s.foot = "func() {\n"+p.call(n), "}()"
	}
	if s.foot != "" {
		s.body = p.list(depth - 1)
	}
	return s
}

// vary marks some statements as extra ones.
func (p *matchProgram) vary(list []*matchStmt) {
	for _, s := range list {
		s.extra = rapid.IntRange(0, 5).Draw(p.t, "extra") == 0
		p.vary(s.body)
	}
}

// print writes the statements. A variable is declared once in a block.
func (p *matchProgram) print(b *strings.Builder, list []*matchStmt, extra bool) {
	declared := map[string]bool{}
	for _, s := range list {
		out := s.extra && !extra
		if text, ok := strings.CutPrefix(s.head, "{{"); ok {
			v, n, _ := strings.Cut(strings.TrimSuffix(text, "}}"), " ")
			if !declared[v] && !out {
				fmt.Fprintf(b, "%s := %s\n_ = %s\n", v, n, v)
			}
			declared[v] = true
			continue
		}
		if out {
			continue
		}
		b.WriteString(s.head + "\n")
		p.print(b, s.body, extra)
		b.WriteString(s.foot + "\n")
	}
}

// matchedSource is a version with its text.
type matchedSource struct {
	*versionSource
	text string
	fset *token.FileSet
}

func matchSource(t require.TestingT, body string) matchedSource {
	fset := token.NewFileSet()
	text := "package p\n\nfunc step(int) int { return 0 }\n\nfunc f() {\n" + body + "}\n"
	file, err := parser.ParseFile(fset, "f.go", text, parser.SkipObjectResolution)
	require.NoError(t, err, body)
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
	}
	conf := types.Config{Error: func(error) {}}
	pkg, _ := conf.Check("p", fset, []*ast.File{file}, info)
	fd := file.Decls[1].(*ast.FuncDecl)
	return matchedSource{newVersionSource(nil, fd, pkg, info, nameOf, placesOf(nil, fd)), text, fset}
}

// number returns that of a call of step, or "".
func (s matchedSource) number(n ast.Node) string {
	if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 1 {
		return s.text[s.fset.Position(call.Args[0].End()).Offset:s.fset.Position(call.Rparen).Offset]
	}
	return ""
}

// initial returns what a variable that is visible at a spot is declared with.
func (s *versionSource) initial(x *spot, name string) string {
	var obj types.Object
	found := ""
	own, _, _ := strings.Cut(name, "#")
	for _, o := range s.visible(x, own) {
		if s.locals[o] == name {
			obj = o
		}
	}
	ast.Inspect(s.fn, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.DEFINE && s.info.Defs[a.Lhs[0].(*ast.Ident)] == obj {
			found = a.Rhs[0].(*ast.BasicLit).Value
		}
		return true
	})
	return found
}

// A place that is the same is that of the same call, and a variable that is the same is that
// of the same declaration, whatever else has been put into the function or taken out of it.
func TestMatch(t *testing.T) {
	matched, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := &matchProgram{t: t}
		list := p.list(3)
		p.vary(list)
		var with, without strings.Builder
		p.print(&with, list, true)
		p.print(&without, list, false)
		now, then := matchSource(t, with.String()), matchSource(t, without.String())
		if rapid.Bool().Draw(t, "taken out") {
			now, then = then, now
		}
		pairs := map[ast.Node][2]*versionSource{}
		now.matchLiterals(then.versionSource, nil, pairs)
		numberNow, numberThen := now.number, then.number
		for _, pair := range pairs {
			now, then := pair[0], pair[1]
			for n := range then.keyOf {
				number := numberThen(n)
				if number == "" {
					continue
				}
				all++
				there, here, why := then.counterpart(n, now)
				if why != "" {
					continue
				}
				matched++
				require.Equal(t, number, numberNow(here.node))
				for _, v := range []string{"a", "b", "c"} {
					for _, obj := range now.visible(here, v) {
						name := now.locals[obj]
						old, why := now.names([]string{name}, here, there, then)
						if why == "" && then.initial(there, old[0]) != now.initial(here, name) {
							t.Fatalf("at step(%s), %s (%s) is %s (%s):\n%s\n%s", number, name, now.initial(here, name), old[0], then.initial(there, old[0]), with.String(), without.String())
						}
					}
				}
			}
		}
	})
	require.Greater(t, matched, all/10, "of %d", all)
}

// What is the same matches as a whole, but for what stands there twice.
func TestMatchSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := &matchProgram{t: t}
		var b strings.Builder
		p.print(&b, p.list(3), true)
		now, then := matchSource(t, b.String()), matchSource(t, b.String())
		for n, key := range then.keyOf {
			if then.number(n) == "" {
				continue
			}
			there, here, why := then.counterpart(n, now.versionSource)
			require.Equal(t, len(then.spots[key]) == 1, why == "", "step(%s) in\n%s", then.number(n), b.String())
			if why != "" {
				continue
			}
			for _, v := range []string{"a", "b", "c"} {
				for _, obj := range now.visible(here, v) {
					name := now.locals[obj]
					old, why := now.names([]string{name}, here, there, then.versionSource)
					require.Empty(t, why)
					require.Equal(t, name, old[0])
				}
			}
		}
	})
}
