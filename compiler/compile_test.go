package compiler

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/stretchr/testify/require"
)

// module writes a module that uses this repository.
func module(t *testing.T, archive string) string {
	t.Helper()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	require.NoError(t, err)
	t.Setenv("GOFLAGS", "-mod=mod")
	t.Setenv("GOPROXY", "off")
	t.Setenv("GONOSUMDB", "*")
	t.Setenv("GOWORK", "off")
	return loadtest.Dir(t, "-- go.mod --\nmodule m\n\ngo 1.26.0\n\nrequire github.com/coroc-dev/coroc v0.0.0\n\nreplace github.com/coroc-dev/coroc => "+
		root+"\n-- go.sum --\n"+string(sum)+archive)
}

func compileAll(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Compile(t.Context(), o)
	require.NoError(t, err)
	for _, d := range r.Diagnostics {
		t.Error(d)
	}
	if t.Failed() {
		t.FailNow()
	}
	return r
}

const twoPackages = `
-- a/a.go --
package a

import "github.com/coroc-dev/coroc/coroutine"

type T struct{ n int }

func (t *T) Step() { t.n = coroutine.Yield[int, int](t.n) }

func Map[X, Y any](s []X, f func(X) Y) (r []Y) {
	for _, x := range s {
		r = append(r, f(x))
	}
	return r
}
-- a/other.go --
package a

var Plain = 1
-- a/a_test.go --
package a

import "testing"

func TestA(t *testing.T) {
	f := func(i int) int { (&T{i}).Step(); return i }
	if len(Map(nil, f)) != 0 {
		t.Fatal()
	}
}
-- b/b.go --
package b

import "m/a"

func Run() []string {
	t := new(a.T)
	return a.Map([]int{1, 2}, func(i int) string { t.Step(); return "x" })
}
`

// The same text comes out of every run, whichever packages are named, with the
// constraints and without.
func TestDeterministic(t *testing.T) {
	dir := module(t, twoPackages)
	first := compileAll(t, Options{Dir: dir, Patterns: []string{"./..."}})
	var names []string
	texts := map[string]string{}
	for _, f := range first.Files {
		names = append(names, loadtest.Relative(dir, f.Path))
		texts[f.Path] = string(f.Text)
	}
	require.Equal(t, []string{"a/a.durable.go", "a/a.durable_test.go", "b/b.durable.go"}, names)
	for _, o := range []Options{
		{Dir: dir, Patterns: []string{"./..."}},
		{Dir: dir, Patterns: []string{"./b"}},
		{Dir: filepath.Join(dir, "b")},
		{Dir: dir, Patterns: []string{"./a"}, NoTests: true},
	} {
		r := compileAll(t, o)
		require.NotEmpty(t, r.Files)
		for _, f := range r.Files {
			require.Equal(t, texts[f.Path], string(f.Text), "%v: %s", o.Patterns, f.Path)
		}
	}
	changed, err := first.Write()
	require.NoError(t, err)
	require.Len(t, changed, 6)
	again := compileAll(t, Options{Dir: dir, Patterns: []string{"./..."}})
	changes, err := again.Changes()
	require.NoError(t, err)
	require.Empty(t, changes)

	// The tests of a are not named here, so they are not left over.
	again = compileAll(t, Options{Dir: dir, Patterns: []string{"./b"}})
	changes, err = again.Changes()
	require.NoError(t, err)
	require.Empty(t, changes)
}

// Modes and links of sources survive.
func TestWriteKeepsModes(t *testing.T) {
	dir := module(t, twoPackages)
	source := filepath.Join(dir, "b", "b.go")
	elsewhere := filepath.Join(dir, "b.txt")
	require.NoError(t, os.Rename(source, elsewhere))
	require.NoError(t, os.Symlink("../b.txt", source))
	require.NoError(t, os.Chmod(elsewhere, 0o600))
	before, err := os.ReadFile(elsewhere)
	require.NoError(t, err)

	_, err = compileAll(t, Options{Dir: dir, Patterns: []string{"./b"}}).Write()
	require.NoError(t, err)
	fi, err := os.Lstat(source)
	require.NoError(t, err)
	require.NotZero(t, fi.Mode()&os.ModeSymlink)
	fi, err = os.Stat(elsewhere)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), fi.Mode().Perm())
	marked, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, "//go:build !durable\n\n"+string(before), string(marked))

	todo, err := Clean(t.Context(), Options{Dir: dir, Patterns: []string{"./b"}}, true)
	require.NoError(t, err)
	require.Len(t, todo, 4)
	done, err := Clean(t.Context(), Options{Dir: dir, Patterns: []string{"./b"}}, false)
	require.NoError(t, err)
	require.Equal(t, todo, done)
	after, err := os.ReadFile(elsewhere)
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	left, err := filepath.Glob(filepath.Join(dir, "*", ".coroc*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

func TestOverlayKeepsSources(t *testing.T) {
	dir := module(t, twoPackages)
	r := compileAll(t, Options{Dir: dir, Patterns: []string{"./..."}, KeepSources: true})
	o, err := r.Overlay()
	require.NoError(t, err)
	require.Len(t, o, 6)
	require.Contains(t, string(o[filepath.Join(dir, "b", "b.durable.go")]), "//line b.go:5\n", "lines are those of the disk")
	require.True(t, strings.HasPrefix(string(o[filepath.Join(dir, "b", "b.go")]), "//go:build !durable\n"))
	src, err := os.ReadFile(filepath.Join(dir, "b", "b.go"))
	require.NoError(t, err)
	require.False(t, marked(src))

	json, err := WriteOverlay(t.TempDir(), map[string][]byte{"/x/b.go": []byte("package b\n"), "/x/gone.go": nil})
	require.NoError(t, err)
	text, err := os.ReadFile(json)
	require.NoError(t, err)
	require.Contains(t, string(text), `"/x/gone.go": ""`)
	require.Contains(t, string(text), `1_b.go`)
}

// What is broken in a pass is a diagnostic, with where it broke.
func TestWhere(t *testing.T) {
	stack := "goroutine 1 [running]:\nruntime/debug.Stack()\n\t/go/src/runtime/debug/stack.go:26 +0x5e\nmain.f.func1()\n\t/x/main.go:9 +0x1\npanic({0x1, 0x2})\n\t/go/src/runtime/panic.go:792 +0x132\nmain.g(...)\n\t/x/desugar/call.go:13 +0x2f\n"
	require.Equal(t, "desugar/call.go:13", where([]byte(stack)))
}
