package desugar_test

import (
	"go/ast"
	"regexp"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/desugar"
)

// TestRefused checks the diagnostics: each line with a // want "regexp" comment
// has one that matches, and no other line has any.
func TestRefused(t *testing.T) {
	src := read(t, "testdata/refused.go.txt")
	mod, p := load(t, "example.com/p", "go1.26", map[string]string{"p.go": src})
	out, diags := desugar.Rewrite(mod, p, mark(p, false))
	if out != nil {
		t.Error("a package came out in spite of errors")
	}
	want := regexp.MustCompile(`// want "(.*)"`)
	found := make(map[int]bool)
	for _, d := range diags {
		line := strings.Split(src, "\n")[d.Pos.Line-1]
		m := want.FindStringSubmatch(line)
		if m == nil || !regexp.MustCompile(m[1]).MatchString(d.Message) {
			t.Errorf("unexpected: %s", d.Error())
			continue
		}
		if d.Fix == "" {
			t.Errorf("no way out: %s", d.Error())
		}
		if strings.HasPrefix(m[1], "warning") != d.Warning && strings.Contains(m[1], "warning") {
			t.Errorf("should be a warning: %s", d.Error())
		}
		found[d.Pos.Line] = true
	}
	for i, line := range strings.Split(src, "\n") {
		if want.MatchString(line) && !found[i+1] {
			t.Errorf("p.go:%d: nothing said: %s", i+1, line)
		}
	}
}

// TestVerify checks that Verify sees what is wrong with a package that has not
// been desugared.
func TestVerify(t *testing.T) {
	for name, body := range map[string]string{
		"operand":   "s_f(1 + len(xs) + xs[0])",
		"nested":    "s_f(s_f(1))",
		"target":    "xs[0] = s_f(1)",
		"condition": "if s_f(1) == 1 {}",
		"init":      "if x := s_f(1); x == 1 {}",
		"loop":      "for i := 0; i < s_f(1); i++ {}",
		"post":      "for i := 0; i < 3; i = s_f(i) {}",
		"range":     "for range xs { s_f(1) }",
		"case":      "switch 1 { case s_f(1): }",
		"tag":       "switch s_f(1) {}",
		"return":    "return s_f(1)",
		"defer":     "defer s_f(xs[0])",
		"receiver":  "t.s_M()",
		"global":    "s_f(global)",
		"callee":    "t.s_fn(1)",
		"names":     "{ x := 1; _ = x }; x := 2; s_f(x)",
		"universe":  "len := 1; s_f(len)",
		"op":        "x := 1; x += s_f(1)",
		"send":      "make(chan int) <- s_f(1)",
		"select":    "select { default: s_f(1) }",
	} {
		t.Run(name, func(t *testing.T) {
			src := `package p
				var global int
				type U struct{}
				func (U) s_M() {}
				type T struct{ U; s_fn func(int) int }
				func s_f(x int) int { return x }
				func f(xs []int, t *T) (n int) { ` + body + "\nreturn n }"
			mod, p := load(t, "example.com/p", "go1.26", map[string]string{"p.go": src})
			facts := mark(p, false)
			raw := &desugar.Package{
				Types: p.Types, Info: p.Info,
				Orig:    make(map[ast.Node]ast.Node),
				Changed: make(map[ast.Decl]bool),
			}
			f := p.Files[0].Syntax
			raw.Files = []*ast.File{f}
			for _, d := range f.Decls {
				raw.Changed[d] = true
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if n != nil {
					raw.Orig[n] = n
				}
				return true
			})
			if desugar.Verify(raw, facts) == nil {
				t.Error("nothing found")
			}
			rewrite(t, mod, p, facts)
		})
	}
}

// TestUntouched checks that a package without anything durable is copied.
func TestUntouched(t *testing.T) {
	src := read(t, "testdata/untouched.go.txt")
	mod, p := load(t, "example.com/p", "go1.26", map[string]string{"p.go": src})
	out := rewrite(t, mod, p, mark(p, false))
	if len(out.Changed) > 0 {
		t.Errorf("%d declarations changed", len(out.Changed))
	}
	got, err := desugar.Format(out, out.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	if squeeze(string(got)) != squeeze(src) {
		t.Errorf("got:\n%s", got)
	}
}

// TestTables checks what the next pass is told.
func TestTables(t *testing.T) {
	src := `package p
func s_f(x int) int { return x }
func f(a int) (n int, err error) {
	b, c := 1, 2
	defer func() { n += a }()
	g := func(d int) func() int {
		return func() int { c++; return b + d + c }
	}
	s_f(g(1)())
	return b, nil
}
`
	mod, p := load(t, "example.com/p", "go1.26", map[string]string{"p.go": src})
	out := rewrite(t, mod, p, mark(p, false))
	var captures, results []string
	for _, d := range out.Files[0].Decls {
		ast.Inspect(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				for _, v := range out.Captures[n] {
					name := v.Name()
					if out.Boxed[v] {
						name = "*" + name
					}
					captures = append(captures, name)
				}
				captures = append(captures, ";")
			case *ast.FuncType:
				for _, v := range out.Results[n] {
					name := v.Name()
					if out.Boxed[v] {
						name = "*" + name
					}
					results = append(results, name)
				}
			}
			return true
		})
	}
	if got, want := strings.Join(captures, " "), "*n a ; *c b ; *c b d ;"; got != want {
		t.Errorf("captures are %s, should be %s", got, want)
	}
	if got, want := strings.Join(results, " "), "*n err"; got != want {
		t.Errorf("results are %s, should be %s", got, want)
	}
	ast.Inspect(out.Files[0], func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok {
			if id, ok := c.Fun.(*ast.Ident); ok && id.Name == "s_f" && out.Orig[c] == nil {
				t.Error("a suspending call without its original")
			}
		}
		return true
	})
}
