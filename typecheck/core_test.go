package typecheck_test

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

func TestCoreType(t *testing.T) {
	src := `package p
type seq[V any] interface{ ~func(func(V) bool) }
type named func(func(int) bool)
type either interface{ seq[int] | named }
func f[
	A any,
	B ~[]int,
	C interface{ seq[string] },
	D interface{ either; comparable },
	E ~[]int | ~[]string,
	F ~[]int | interface{ ~[]int },
	G interface{ ~int; String() string },
](a A, b B, c C, d D, e E, f F, g G, h named, i any) {}
`
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", src, 0)
	require.NoError(t, err)
	conf := types.Config{Importer: importer.Default()}
	p, err := conf.Check("p", fset, []*ast.File{file}, nil)
	require.NoError(t, err)
	want := map[string]string{
		"b": "[]int", "c": "func(func(string) bool)", "d": "func(func(int) bool)",
		"f": "[]int", "g": "int", "h": "func(func(int) bool)", "i": "any",
	}
	for v := range p.Scope().Lookup("f").(*types.Func).Signature().Params().Variables() {
		got := ""
		if core := typecheck.CoreType(v.Type()); core != nil {
			got = core.String()
		}
		require.Equal(t, want[v.Name()], got, v.Name())
	}
	require.Nil(t, typecheck.CoreType(nil))
}
