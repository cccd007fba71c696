package typecheck_test

import (
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/stretchr/testify/require"
)

// A module whose path has no dot is not the standard library.
func TestSavabilityOfOtherModules(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, `
-- go.mod --
module m

go 1.26

require plain v0.0.0

replace plain => ./_plain
-- _plain/go.mod --
module plain

go 1.26
-- _plain/plain.go --
package plain

import "plain/inner"

type T struct{ n int }

func New() *T { return &T{1} }

func Inner() *inner.T { return nil }
-- _plain/inner/inner.go --
package inner

type T struct{ n int }
-- a.go --
package a

import "plain"

var (
	T     = plain.New()
	Inner = plain.Inner()
)
`))
	scope := m.Packages[0].Types.Scope()
	require.Equal(t, typecheck.Savability{}, m.Savability(scope.Lookup("T").Type()))
	require.Equal(t, typecheck.Savability{}, m.Savability(scope.Lookup("Inner").Type()))
}

const workspace = `
-- go.work --
go 1.26

use (
	./app
	./lib
)
-- app/go.mod --
module example.com/app

go 1.26
-- app/app.go --
package app

import "example.com/lib"

var X = lib.X
-- app/sub/sub.go --
package sub
-- lib/go.mod --
module example.com/lib

go 1.26
-- lib/lib.go --
package lib

const X = 1

func F() {}
`

// All modules of a workspace are read from source, from wherever in it.
func TestWorkspace(t *testing.T) {
	t.Setenv("GOWORK", "")
	dir := loadtest.Dir(t, workspace)
	for _, x := range []struct{ at, pattern, named string }{
		{".", "./app/...", "example.com/app example.com/app/sub example.com/lib"},
		{".", "./lib", "example.com/lib"},
		{".", "./...", "example.com/app example.com/app/sub example.com/lib"},
		{"app", ".", "example.com/app example.com/lib"},
		{"app", "example.com/lib", "example.com/lib"},
	} {
		m, diags, err := typecheck.Load(t.Context(), filepath.Join(dir, x.at), []string{x.pattern}, typecheck.Config{})
		require.NoError(t, err)
		require.Empty(t, diags)
		named := ""
		for _, p := range m.Packages {
			require.False(t, p.NoBody, p.Path)
			if p.Named {
				named += " " + p.Path
			}
		}
		require.Len(t, m.Packages, 3)
		require.ElementsMatch(t, strings.Fields(x.named), strings.Fields(named), "%+v", x)
	}
	_, _, err := typecheck.Load(t.Context(), dir, nil, typecheck.Config{})
	require.ErrorContains(t, err, "no Go files in "+dir+"\n\tthis directory is in no module of go.work")
}

// What no pattern for all packages matches is read from source too, if what is named
// imports it.
func TestPackagesBelowTestdata(t *testing.T) {
	dir := loadtest.Dir(t, `
-- a.go --
package a
-- testdata/x/x.go --
package x

import "m/testdata/y"

var X = y.F
-- testdata/y/y.go --
package y

import "m/testdata/z"

func F() { z.F() }
-- testdata/z/z.go --
package z

func F() {}
-- testdata/broken/broken.go --
package broken

func
`)
	m, diags, err := typecheck.Load(t.Context(), dir, []string{"./testdata/x"}, typecheck.Config{})
	require.NoError(t, err)
	require.Empty(t, diags)
	got := ""
	for _, p := range m.Packages {
		require.False(t, p.NoBody, p.Path)
		got += p.Path + " "
	}
	require.Equal(t, "m/testdata/z m/testdata/y m/testdata/x m ", got)
}

// Sizes are those of the system that is built for.
func TestSizes(t *testing.T) {
	dir := loadtest.Dir(t, "-- a.go --\npackage a\n")
	for arch, size := range map[string]int64{"386": 4, "amd64": 8} {
		m, _, err := typecheck.Load(t.Context(), dir, nil, typecheck.Config{Env: append(os.Environ(), "GOARCH="+arch)})
		require.NoError(t, err)
		require.Equal(t, arch, m.GOARCH)
		require.Equal(t, size, m.Sizes.Sizeof(types.Typ[types.Int]))
	}
}
