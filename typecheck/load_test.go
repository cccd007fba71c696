package typecheck_test

import (
	"context"
	"errors"
	"go/token"
	"go/types"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/stretchr/testify/require"
)

func find(t *testing.T, m *typecheck.Module, id string) *typecheck.Package {
	t.Helper()
	for _, p := range m.Packages {
		if p.ID == id {
			return p
		}
	}
	t.Fatalf("no package %q", id)
	return nil
}

const variants = `
-- lib/lib.go --
package lib

type T struct{ X int }
-- lib/in_test.go --
package lib

import "testing"

func TestIn(t *testing.T) {}
-- lib/out_test.go --
package lib_test

import (
	"testing"

	"m/lib"
	"m/user"
)

func TestOut(t *testing.T) { var _ lib.T = user.T() }
-- user/user.go --
package user

import (
	"net/http"

	"m/lib"

	_ "github.com/coroc-dev/coroc/coroutine"
)

func T() lib.T { return lib.T{} }

var R *http.Request
`

func TestLoadVariants(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, variants))
	require.Equal(t, "m", m.Path)
	require.Equal(t, "go1.26", m.GoVersion)
	at := map[string]int{}
	for i, p := range m.Packages {
		at[p.ID] = i
		for _, q := range p.Imports {
			require.Less(t, at[q.ID], i, "%s imports %s", p.ID, q.ID)
		}
	}
	lib, in, out := find(t, m, "m/lib"), find(t, m, "m/lib [m/lib.test]"), find(t, m, "m/lib_test [m/lib.test]")
	user := find(t, m, "m/user")
	require.Same(t, lib, user.Imports["m/lib"])
	require.Same(t, in, out.Imports["m/lib"])
	require.False(t, lib.Test)
	require.True(t, in.Test)
	require.False(t, in.NoBody)
	rebuilt := out.Imports["m/user"]
	require.True(t, rebuilt.NoBody, "user was rebuilt for the tests of lib")
	require.Same(t, in, rebuilt.Imports["m/lib"])
	require.Same(t, lib.Files[0].Syntax, in.Files[0].Syntax, "variants share their syntax")
	require.Same(t, lib, m.PackageOf(lib.Types))
	require.True(t, strings.HasPrefix(string(lib.Files[0].Source), "package lib"))
}

// A package of another module that imports the module is one of its own for the tests of what
// it imports.
func TestLoadForeignVariants(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, `
-- go.mod --
module m

go 1.26

require example.com/x v0.0.0

replace example.com/x => ./_x
-- lib/lib.go --
package lib

type T struct{ X int }
-- lib/in_test.go --
package lib

var In T
-- lib/out_test.go --
package lib_test

import (
	"example.com/x"
	"m/lib"
)

var _ lib.T = x.T()
var _ = lib.In
-- user/user.go --
package user

import (
	"example.com/x"
	"m/lib"
)

var _ lib.T = x.T()
-- _x/go.mod --
module example.com/x

go 1.26
-- _x/x.go --
package x

import "m/lib"

func T() lib.T { return lib.T{} }
`))
	lib, in := find(t, m, "m/lib"), find(t, m, "m/lib [m/lib.test]")
	require.Same(t, in, find(t, m, "m/lib_test [m/lib.test]").Imports["m/lib"])
	require.Same(t, lib, find(t, m, "m/user").Imports["m/lib"])
}

// The same package is found by every way to it, also one that no source of
// the module imports.
func TestImporter(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, variants))
	user, out := find(t, m, "m/user"), find(t, m, "m/lib_test [m/lib.test]")

	http, err := user.Importer.Import("net/http")
	require.NoError(t, err)
	r := user.Types.Scope().Lookup("R").Type().(*types.Pointer).Elem().(*types.Named)
	require.Same(t, r.Obj().Pkg(), http)
	url, err := user.Importer.Import("net/url")
	require.NoError(t, err)
	require.True(t, url.Complete())
	f := r.Underlying().(*types.Struct).Field(1)
	require.Equal(t, "URL", f.Name())
	require.Same(t, url, f.Type().(*types.Pointer).Elem().(*types.Named).Obj().Pkg())

	lib, err := user.Importer.Import("m/lib")
	require.NoError(t, err)
	require.Same(t, find(t, m, "m/lib").Types, lib)
	lib, err = out.Importer.Import("m/lib")
	require.NoError(t, err)
	require.Same(t, find(t, m, "m/lib [m/lib.test]").Types, lib)

	rt, err := user.Importer.Import(typecheck.RuntimePath)
	require.NoError(t, err)
	require.Same(t, m.Runtime, rt)
	require.NotNil(t, rt.Scope().Lookup("Coroutine"))

	_, err = user.Importer.Import("example.com/nope")
	require.ErrorContains(t, err, "not among the dependencies")
	u, err := user.Importer.Import("unsafe")
	require.NoError(t, err)
	require.Same(t, types.Unsafe, u)
}

func TestNamed(t *testing.T) {
	dir := loadtest.Dir(t, `
-- a/a.go --
package a

import _ "m/b"
-- b/b.go --
package b
-- b/b_test.go --
package b
-- c/c.go --
package c

import _ "m/a"
`)
	m, diags, err := typecheck.Load(t.Context(), dir, []string{"./a"}, typecheck.Config{Tests: true})
	require.NoError(t, err)
	require.Empty(t, diags)
	got := map[string]bool{}
	for _, p := range m.Packages {
		got[p.ID] = p.Named
	}
	require.Equal(t, map[string]bool{"m/a": true, "m/b": true, "m/b [m/b.test]": false, "m/c": false}, got)

	// patterns are relative to the directory, not to the module
	m, _, err = typecheck.Load(t.Context(), filepath.Join(dir, "b"), nil, typecheck.Config{})
	require.NoError(t, err)
	require.True(t, find(t, m, "m/b").Named)
	require.False(t, find(t, m, "m/a").Named)
}

func TestLoadErrors(t *testing.T) {
	for _, c := range []struct{ name, archive, want string }{
		{"type", "-- a.go --\npackage a\n\nvar x int = \"\"\n", "a.go:3:13: cannot use \"\" (untyped string constant) as int value in variable declaration"},
		{"import", "-- a.go --\npackage a\n\nimport _ \"m/nope\"\n", "a.go:3:10: package m/nope is not in std"},
		{"cycle", "-- a.go --\npackage a\n\nimport _ \"m/b\"\n-- b/b.go --\npackage b\n\nimport _ \"m\"\n", "a.go:3:10: could not import m/b (import cycle: [m m/b m])"},
		{"test", "-- a.go --\npackage a\n-- a_test.go --\npackage a\n\nvar x = y\n", "a_test.go:3:9: undefined: y"},
		{"two packages", "-- a.go --\npackage a\n-- b.go --\npackage b\n", "b.go:1:1: package b; expected package a"},
		{"generated", "-- a.durable.go --\n" + typecheck.GeneratedHeader + "\n\npackage a\n", "a.durable.go: generated code is part of the volatile build"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := loadtest.Dir(t, c.archive)
			_, diags := loadtest.LoadErrors(t, dir)
			require.True(t, typecheck.HasErrors(diags))
			var all []string
			for _, d := range diags {
				all = append(all, loadtest.Relative(dir, d.Error()))
			}
			text := strings.Join(all, "\n")
			require.Equal(t, 1, strings.Count(text, c.want), "reported once, also by test variants:\n%s", text)
		})
	}
}

func TestLoadCgoFails(t *testing.T) {
	if out, err := exec.Command("go", "env", "CGO_ENABLED").Output(); err != nil || strings.TrimSpace(string(out)) != "1" {
		t.Skip("no cgo")
	}
	dir := loadtest.Dir(t, "-- a.go --\npackage a\n\n// int f(void) { return nope; }\nimport \"C\"\n\nvar X = C.f()\n")
	_, diags := loadtest.LoadErrors(t, dir)
	require.Len(t, diags, 1)
	text := loadtest.Relative(dir, diags[0].Error())
	require.Contains(t, text, "a.go:4:8: could not import C (")
	require.Contains(t, text, "nope")
}

func TestNoModule(t *testing.T) {
	_, _, err := typecheck.Load(t.Context(), t.TempDir(), nil, typecheck.Config{})
	require.ErrorIs(t, err, typecheck.ErrNoModule)
}

func TestLoadCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := typecheck.Load(ctx, loadtest.Dir(t, "-- a.go --\npackage a\n"), nil, typecheck.Config{})
	require.Error(t, err)
	require.False(t, errors.Is(err, typecheck.ErrNoModule))
}

func TestDurableName(t *testing.T) {
	for source, want := range map[string]string{
		"/m/foo.go":            "/m/foo.durable.go",
		"/m/foo_test.go":       "/m/foo.durable_test.go",
		"/m/foo_linux.go":      "/m/foo_linux.durable.go",
		"/m/foo_linux_test.go": "/m/foo_linux.durable_test.go",
		"/m/foo.pb.go":         "/m/foo.pb.durable.go",
	} {
		require.Equal(t, want, typecheck.DurableName(source))
		back, ok := typecheck.SourceName(want)
		require.True(t, ok)
		require.Equal(t, source, back)
	}
	_, ok := typecheck.SourceName("/m/foo.go")
	require.False(t, ok)
}

func TestDiagnostic(t *testing.T) {
	d := typecheck.Diagnostic{
		Pos:     token.Position{Filename: "a.go", Line: 1, Column: 2},
		Message: "conn cannot be saved",
		Related: []typecheck.Related{{Pos: token.Position{Filename: "b.go", Line: 3, Column: 4}, Message: "declared here"}},
		Fix:     "bind it",
	}
	require.Equal(t, "a.go:1:2: conn cannot be saved\n\tb.go:3:4: declared here\n\tbind it", d.Error())
	d.Warning = true
	require.True(t, strings.HasPrefix(d.Error(), "a.go:1:2: warning: conn"))
}

func TestCheckSource(t *testing.T) {
	dir := loadtest.Dir(t, `
-- a/a.go --
package a

type T struct{}

func F() T { return T{} }
-- a/mode.go --
//go:build !durable

package a

const Durable = false
-- a/mode_durable.go --
//go:build durable

package a

const Durable = true

func OnlyDurable() {}
-- a/mode_windows.go --
//go:build durable

package a

const Durable = 7
-- b/b.go --
package b

import "m/a"

var _ a.T = a.F()
-- c/c.go --
package c
`)
	load := func() (*typecheck.Module, *typecheck.Package, *typecheck.Package, *typecheck.Package) {
		m := loadtest.Load(t, dir)
		return m, find(t, m, "m/a"), find(t, m, "m/b"), find(t, m, "m/c")
	}
	source := filepath.Join(dir, "a", "a.go")
	generated := func(text string) map[string]typecheck.Source {
		return map[string]typecheck.Source{source: {Name: typecheck.DurableName(source), Text: []byte(text)}}
	}

	m, a, b, c := load()
	text := generated("package a\n\ntype T struct{}\n\nfunc F() T { OnlyDurable(); return T{} }\n\nfunc Durable_F() {}\n\nvar _ = [1]int{}[btoi(!Durable)]\n\nfunc btoi(b bool) int { return 0 }\n")
	for _, p := range []*typecheck.Package{a, b, c} {
		require.Empty(t, typecheck.CheckSource(m, p, text), p.Path)
	}
	require.NotNil(t, a.Durable.Scope().Lookup("Durable_F"))
	require.Nil(t, a.Types.Scope().Lookup("Durable_F"))
	require.Equal(t, "true", a.Durable.Scope().Lookup("Durable").(*types.Const).Val().String())
	require.NotSame(t, b.Types, b.Durable, "b is checked against the durable form of a")
	require.Same(t, a.Durable, b.Durable.Imports()[0])
	require.Same(t, c.Types, c.Durable, "nothing is different for c")

	m, a, _, _ = load()
	diags := typecheck.CheckSource(m, a, generated("package a\n\n//line a.go:5\nfunc F() T { return T{} }\n"))
	require.Len(t, diags, 2)
	require.Equal(t, `a/a.go:5: internal error: the durable build does not type-check: undefined: T
	a/a.durable.go:4:10: func F() T { return T{} }`, loadtest.Relative(dir, diags[0].Error()))

	m, a, _, _ = load()
	diags = typecheck.CheckSource(m, a, generated("package a\n\nfunc {\n"))
	require.Len(t, diags, 1)
	require.Contains(t, diags[0].Message, "does not parse")

	m, a, b, _ = load()
	require.Empty(t, typecheck.CheckSource(m, a, generated("package a\n\ntype U struct{}\n\nfunc F() U { return U{} }\n")))
	diags = typecheck.CheckSource(m, b, nil)
	require.Len(t, diags, 1)
	require.Contains(t, diags[0].Error(), "b.go:5:9: internal error: the durable build does not type-check: undefined: a.T")
}
