package clone

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
	"github.com/stretchr/testify/require"
)

// source makes a library of one file.
func source(t *testing.T, text string) *library {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "lib.go", text, parser.ParseComments)
	require.NoError(t, err)
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	pkg, err := conf.Check("lib", fset, []*ast.File{f}, info)
	require.NoError(t, err)
	return &library{Library: &typecheck.Library{
		Path: "lib", Types: pkg, Info: info,
		Files: []*typecheck.LibraryFile{{Name: "lib.go", Syntax: f, Source: []byte(text)}},
	}}
}

// A variable may be copied if nothing that its package does with it tells it from a copy.
func TestState(t *testing.T) {
	const head = `package lib

import (
	"errors"
	"slices"
)

type T struct{ n int }

func (t *T) inc()     { t.n++ }
func (t T) get() int  { return t.n }

func sink(...any)     {}

var _, _ = errors.New, slices.Sort[[]int]

`
	for _, test := range []struct {
		v, use string
		state  bool
	}{
		{"v = 1", "_ = v + 1", false},
		{"v = 1", "v++", true},
		{"v = 1", "v, _ = 2, 3", true},
		{"v = 1", "p := &v; *p = 2", true},
		{"v = 1", "for v = range 3 {}", true},
		{"v = []int{1}", "_ = v[0]", false},
		{"v = []int{1}", "v[0] = 2", true},
		{"v = []int{1}", "v[0]++", true},
		{"v = []int{1}", "for _, x := range v { x++ }", false},
		{"v = []int{1}", "w := v; w[0] = 2", true},
		{"v = []int{1}", "_ = v[:1]", true},
		{"v = []int{1}", "copy(v, []int{2})", true},
		{"v = []int{1}", "w := []int{0}; copy(w, v)", false},
		{"v = []int{1}", "_ = append(v, 2)", true},
		{"v = []int{1}", "slices.Sort(v)", true},
		{"v = []int{1}", "clear(v)", true},
		{"v = []int{1}", "sink(len(v), cap(v), v[0])", false},
		{"v = []int{1}", "sink(v)", true},
		{"v = [2]int{1}", "w := v; w[0] = 2", false},
		{"v = [2]int{1}", "w := v[:]; w[0] = 2", true},
		{"v = [2]int{1}", "for i := range v { _ = i }", false},
		{"v = []*T{{1}}", "for _, t := range v { t.n++ }", true},
		{"v = []*T{{1}}", "for _, t := range v { _ = t.n }", true},
		{"v = []*T{{1}}", "for i := range v { _ = v[i].n }", false},
		{"v = []*T{{1}}", "v[0].n++", true},
		{"v = []*T{{1}}", "v[0].inc()", true},
		{"v = []*T{{1}}", "w := []*T{nil}; copy(w, v)", true},
		{"v = [1]*T{{1}}", "for _, t := range v { t.inc() }", true},
		{"v = [][]int{{1}}", "for _, x := range v { x[0]++ }", true},
		{"v = [][]int{{1}}", "_ = v[0][0]", false},
		{"v = map[string]*T{}", "delete(v, \"a\")", true},
		{"v = map[string]*T{}", "for _, t := range v { t.n++ }", true},
		{"v = map[string]int{}", "for k, n := range v { sink(k, n) }", false},
		{"v = map[*T]int{}", "for k := range v { k.n++ }", true},
		{"v = T{1}", "_ = v.get()", false},
		{"v = T{1}", "v.inc()", true},
		{"v = T{1}", "f := v.inc; f()", true},
		{"v = T{1}", "v.n = 2", true},
		{"v any = 1", "_ = v.(int)", true},
		{"v = errors.New(\"v\")", "func() error { return v }()", false},
		{"v = errors.New(\"v\")", "sink(v == errors.New(\"\"))", true},
		{"v = errors.New(\"v\")", "sink(errors.Is(nil, v))", true},
		{"v = errors.New(\"v\")", "sink(map[error]int{}[v])", true},
		{"v chan int", "<-v", true},
		{"v = func() {}", "v()", false},
	} {
		lib := source(t, head+"var "+test.v+"\n\nfunc use() { "+test.use+" }\n")
		why := lib.state(lib.Types.Scope().Lookup("v").(*types.Var))
		require.Equal(t, test.state, why != nil, "var %s: %s", test.v, test.use)
	}
	lib := source(t, "package lib\n\nimport _ \"unsafe\"\n\n//go:linkname v other.v\nvar v = 1\n")
	require.NotNil(t, lib.state(lib.Types.Scope().Lookup("v").(*types.Var)))
}

// The text of a constant is that constant again, of the same kind.
func TestConstantText(t *testing.T) {
	lib := source(t, `package lib

const (
	runeA       = 'a' + iota
	runeB
	runeBig     = 'a' << 20
	runeNeg     = 'a' - 1000
	runeSurr    = '\ud7ff' + 1
	runeQuote   = '\''
	intBig      = 1 << 200
	intNeg      = -5
	typedRune   rune = 'x'
	floatWhole  = 2.0
	floatHalf   = 0.5 + iota
	floatThird  = 1.0 / 3
	floatHuge   = 1e5000
	floatTiny   = -1e-5000
	floatTyped  float32 = 0.1
	complexOne  = 1i
	complexHalf = 0.5 + 0.25i
	complexZero = 0i
	complexT    complex64 = 1.5
	stringBad   = "a\xff\x00\u2028\""
	boolean     = 1 < 2
	named       T = 7
)

type T uint8
`)
	for _, name := range lib.Types.Scope().Names() {
		c, ok := lib.Types.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		typ := ""
		if !isUntyped(c.Type()) {
			typ = c.Type().Underlying().String()
		}
		text := constantText(c)
		again := source(t, "package lib\n\nconst c "+typ+" = "+text+"\n").Types.Scope().Lookup("c").(*types.Const)
		require.Equal(t, c.Type().Underlying(), again.Type(), "%s = %s", name, text)
		require.Equal(t, c.Val().ExactString(), again.Val().ExactString(), "%s = %s", name, text)
	}
}
