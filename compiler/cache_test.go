package compiler

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/codegen"
	"github.com/stretchr/testify/require"
)

const cachedModule = `
-- a/a.go --
package a

import (
	"context"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"m/b"
)

var find = dispatch.Func("find", func(ctx context.Context, day string) (int, error) { return b.N, nil })

var bill = dispatch.Func("bill", func(ctx context.Context, f string) (n int, err error) {
	var t *time.Timer // a warning
	if f == "" {
		t = time.NewTimer(0)
	}
	if n, err = find.Await(ctx, f); t != nil {
		t.Stop()
	}
	return n, err
})
-- b/b.go --
package b

const N = 1
-- other/go.mod --
module other

go 1.26.0
-- other/other.go --
package other
`

func edit(t *testing.T, name, old, new string) {
	t.Helper()
	b, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Contains(t, string(b), old)
	require.NoError(t, os.WriteFile(name, []byte(strings.Replace(string(b), old, new, 1)), 0o666))
}

// settle compiles without a cache, so that the go command has changed go.mod and go.sum as
// it wants to have them.
func settle(t *testing.T, o Options) {
	t.Helper()
	t.Setenv(cacheDir, "off")
	_, err := Run(t.Context(), o)
	require.NoError(t, err)
}

// What was compiled is not compiled again, until anything changes that it depends on.
func TestCache(t *testing.T) {
	dir := module(t, cachedModule)
	o := Options{Dir: dir, Patterns: []string{"./..."}}
	settle(t, o)
	t.Setenv(cacheDir, t.TempDir())
	run := func(o Options, kept bool) *Outcome {
		t.Helper()
		out, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.False(t, out.Failed(), "%v", out.Diagnostics)
		require.Equal(t, kept, out.Result() == nil)
		return out
	}
	compiled := run(o, false)
	require.Len(t, compiled.Diagnostics, 1)
	require.Len(t, compiled.Changes, 2)
	found := run(o, true)
	require.Equal(t, compiled.Diagnostics, found.Diagnostics)
	require.Equal(t, compiled.Changes, found.Changes)
	require.Equal(t, compiled.Dir, found.Dir)

	// What is asked for is another thing.
	for _, change := range []func(*Options){
		func(o *Options) { o.Patterns = []string{"./a"} },
		func(o *Options) { o.NoTests = true },
		func(o *Options) { o.KeepSources = true },
		func(o *Options) { o.BuildTags = []string{"x"} },
		func(o *Options) { o.BuildFlags = []string{"-race"} },
		func(o *Options) { o.Env = append(os.Environ(), "GOOS=windows") },
		func(o *Options) { o.Dir = filepath.Join(dir, "a") },
	} {
		other := o
		change(&other)
		run(other, false)
		_, err := Run(t.Context(), other) // the go command may have changed go.sum for it
		require.NoError(t, err)
		run(other, true)
	}
	_, err := Run(t.Context(), o)
	require.NoError(t, err)
	none := o
	none.NoCache = true
	run(none, false)

	// The disk is.
	require.NoError(t, found.Write())
	require.Empty(t, run(o, false).Changes)
	require.Empty(t, run(o, true).Changes)
	edit(t, filepath.Join(dir, "b/b.go"), "N = 1", "N = 2")
	run(o, false)
	edit(t, filepath.Join(dir, "b/b.go"), "N = 2", "N = 1")
	run(o, true)
	generated := filepath.Join(dir, "a/a.durable.go")
	edit(t, generated, "package a", "package  a")
	require.Len(t, run(o, false).Changes, 1)
	require.NoError(t, os.Remove(generated))
	require.Equal(t, "missing", run(o, false).Changes[0].What)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "b/b_test.go"), []byte("package b\n"), 0o666))
	run(o, false)

	// So are versions that were frozen, of which the go command knows nothing.
	frozen := filepath.Join(dir, "b", frozenDir)
	require.NoError(t, os.Mkdir(frozen, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(frozen, "x.go"), []byte(frozenHeader+"\n"+
		"//coroc:function b.gone 1\n//coroc:text "+strconv.FormatUint(goneFingerprint(t), 16)+"\n\npackage b\n\nfunc gone() {}\n"), 0o666))
	run(o, false)
	run(o, true)
	require.NoError(t, os.RemoveAll(frozen))

	// Another module below it is none of its sources.
	edit(t, filepath.Join(dir, "other/other.go"), "package other", "package other // more")
	run(o, true)
}

// goneFingerprint returns that of the text of a function without anything in it.
func goneFingerprint(t *testing.T) uint64 {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), "x.go", "package b\n\nfunc gone() {}\n", 0)
	require.NoError(t, err)
	return codegen.Fingerprint(f.Decls[0])
}

// What is wrong is found again, and what cannot be read is not used.
func TestCacheMisses(t *testing.T) {
	dir := module(t, cachedModule)
	cache := t.TempDir()
	o := Options{Dir: dir, Patterns: []string{"./..."}}
	settle(t, o)
	t.Setenv(cacheDir, cache)
	edit(t, filepath.Join(dir, "b/b.go"), "N = 1", "N = x")
	for range 2 {
		out, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.True(t, out.Failed())
		require.NotNil(t, out.Result())
	}
	edit(t, filepath.Join(dir, "b/b.go"), "N = x", "N = 1")
	kept := func() bool {
		out, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.False(t, out.Failed())
		return out.Result() == nil
	}
	require.False(t, kept())
	require.True(t, kept())
	require.NoError(t, filepath.WalkDir(cache, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.WriteFile(name, []byte("{"), 0o666)
		}
		return err
	}))
	require.False(t, kept())
	require.True(t, kept())
	t.Setenv(cacheDir, "off")
	require.False(t, kept())
	require.False(t, kept())
}

// Modules that take the place of others, and those of a workspace, are sources too.
func TestCacheOfSeveralModules(t *testing.T) {
	dir := module(t, cachedModule+`-- lib/go.mod --
module lib

go 1.26.0
-- lib/lib.go --
package lib

const N = 1
`)
	edit(t, filepath.Join(dir, "go.mod"), "require github", "require lib v0.0.0\n\nreplace lib => ./lib\n\nrequire github")
	edit(t, filepath.Join(dir, "b/b.go"), "package b\n\nconst N = 1", "package b\n\nimport \"lib\"\n\nconst N = lib.N")
	o := Options{Dir: dir, Patterns: []string{"./..."}}
	run := func(kept bool) {
		t.Helper()
		out, err := Run(t.Context(), o)
		require.NoError(t, err)
		require.False(t, out.Failed(), "%v", out.Diagnostics)
		require.Equal(t, kept, out.Result() == nil)
	}
	settle(t, o)
	t.Setenv(cacheDir, t.TempDir())
	run(false)
	run(true)
	edit(t, filepath.Join(dir, "lib/lib.go"), "N = 1", "N = 2")
	run(false)
	run(true)

	t.Setenv("GOFLAGS", "")
	t.Setenv("GOWORK", filepath.Join(dir, "go.work"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.work"), []byte("go 1.26.0\n\nuse (\n\t.\n\t./lib\n)\n"), 0o666))
	run(false)
	run(true)
	edit(t, filepath.Join(dir, "lib/lib.go"), "N = 2", "N = 3")
	run(false)
	edit(t, filepath.Join(dir, "go.work"), "use (", "use ( // both")
	run(false)
	run(true)
}

// A directory that ./... passes over may be asked for by its name. It is no part of the
// key, so nothing is kept of it.
func TestCacheOfPassedOver(t *testing.T) {
	dir := module(t, cachedModule+`-- _a/a.go --
package a

const N = 1
-- .a/a.go --
package a

const N = 1
`)
	t.Setenv(cacheDir, t.TempDir())
	for _, name := range []string{"./_a", "./.a"} {
		o := Options{Dir: dir, Patterns: []string{"./a", name}}
		for range 3 {
			out, err := Run(t.Context(), o)
			require.NoError(t, err)
			require.False(t, out.Failed(), "%v", out.Diagnostics)
			require.NotNil(t, out.Result())
		}
	}
}
