// Package loadtest makes modules for the tests of the compiler's passes.
//
// A module is written as a txtar archive. Unless the archive has a go.mod of
// its own the module is called "m" and uses a small stand-in for the library,
// with the names and signatures that the passes look at and no behaviour: so
// tests of the passes do not depend on the library, and load fast.
package loadtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
	"golang.org/x/tools/txtar"
)

const goMod = `module m

go 1.26

require github.com/coroc-dev/coroc v0.0.0

replace github.com/coroc-dev/coroc => ./_library
`

const library = `
-- _library/go.mod --
module github.com/coroc-dev/coroc

go 1.26
-- _library/runtime/runtime.go --
package runtime

type Coroutine struct{ n int }

var Detached *Coroutine

func Box[T any](v T) *T { return &v }
-- _library/coroutine/coroutine.go --
package coroutine

import "github.com/coroc-dev/coroc/runtime"

type Coroutine[R, S any] struct{ r R }

func New[R, S any](f func()) (c Coroutine[R, S])                   { return }
func NewWithReturn[R, S any](f func() R) (c Coroutine[R, S])       { return }
func (c Coroutine[R, S]) Next() bool                               { return false }
func (c Coroutine[R, S]) Recv() (r R)                              { return }
func Yield[R, S any](v R) (s S)                                    { return }
func Durable_Yield[R, S any](c *runtime.Coroutine, v R) (s S)      { return }

type Context[R, S any] struct{ r R }

func LoadContext[R, S any]() *Context[R, S]                                           { return nil }
func (c *Context[R, S]) Yield(v R) (s S)                                              { return }
func (c *Context[R, S]) Durable_Yield(co *runtime.Coroutine, v R) (s S)               { return }
-- _library/dispatch/dispatch.go --
package dispatch

import (
	"context"

	"github.com/coroc-dev/coroc/runtime"
)

type Function[I, O any] struct{ name string }

func Func[I, O any](name string, f func(context.Context, I) (O, error)) *Function[I, O] { return nil }

func (f *Function[I, O]) Await(ctx context.Context, in I) (out O, err error) { return }
func (f *Function[I, O]) Durable_Await(c *runtime.Coroutine, ctx context.Context, in I) (out O, err error) {
	return
}

func (f *Function[I, O]) Gather(ctx context.Context, ins []I) (out []O, err error) { return }
func (f *Function[I, O]) Durable_Gather(c *runtime.Coroutine, ctx context.Context, ins []I) (out []O, err error) {
	return
}

func (f *Function[I, O]) With(opts ...int) *Function[I, O]             { return f }
func WithPriority(n int) int                                           { return n }
func SetProgress(ctx context.Context, v any) error                     { return nil }
func New(functions ...any)                                             { }
func Sleep(ctx context.Context, d int) (err error)                     { return }
func Durable_Sleep(c *runtime.Coroutine, ctx context.Context, d int) (err error) { return }

type Signal struct{ n int }

func (s Signal) Wait()                                { }
func (s Signal) Durable_Wait(c *runtime.Coroutine)    { }
`

// Dir writes the archive to a directory of the test and returns it.
func Dir(t testing.TB, archive string) string {
	t.Helper()
	a := txtar.Parse([]byte(archive))
	own := false
	for _, f := range a.Files {
		own = own || f.Name == "go.mod" || f.Name == "go.work"
	}
	if !own {
		a.Files = append(a.Files, txtar.File{Name: "go.mod", Data: []byte(goMod)})
		a.Files = append(a.Files, txtar.Parse([]byte(library)).Files...)
	}
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range a.Files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Load loads all of a module that was written by Dir, with its tests. The
// module must be free of errors.
func Load(t testing.TB, dir string) *typecheck.Module {
	t.Helper()
	mod, diags := LoadErrors(t, dir)
	for _, d := range diags {
		t.Errorf("%v", d)
	}
	if t.Failed() {
		t.FailNow()
	}
	return mod
}

// LoadErrors is Load for modules with errors.
func LoadErrors(t testing.TB, dir string) (*typecheck.Module, []typecheck.Diagnostic) {
	t.Helper()
	mod, diags, err := typecheck.Load(t.Context(), dir, []string{"./..."}, typecheck.Config{Tests: true})
	if err != nil {
		t.Fatal(err)
	}
	return mod, diags
}

// Relative cuts the directory out of a text.
func Relative(dir, s string) string {
	return strings.ReplaceAll(s, dir+string(filepath.Separator), "")
}
