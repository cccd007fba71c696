package typecheck_test

import (
	"fmt"
	"go/types"
	"testing"

	"github.com/coroc-dev/coroc/typecheck"
	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/stretchr/testify/require"
)

func TestSavability(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, `
-- go.mod --
module m

go 1.26
-- a.go --
package a

import (
	"bufio"
	"bytes"
	"database/sql"
	"encoding/json"
	"math/big"
	"net/http"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

type guarded struct {
	n  int
	mu sync.Mutex
}

type list struct {
	next *list
	c    [2]struct{ in guarded }
}

type worker struct {
	name string
	err  error
	done chan int
}

type node struct {
	next, prev *node
	kids       []node
}

var (
	Int      int
	Chan     chan int
	Unsafe   unsafe.Pointer
	Deep     list
	Local    struct{ done <-chan struct{} }
	Pointer  *guarded
	Worker   worker
	PWorker  *worker
	Slice    []chan int
	Map      map[string]chan int
	Any      any
	Time     time.Time
	Buffer   bytes.Buffer
	Empty    [0]chan int
	Func     func(chan int)
	File     *os.File
	Conn     *sql.Conn
	Scanner  bufio.Scanner
	Regexp   *regexp.Regexp
	Files    []*os.File
	Client   *http.Client
	Syntax   *json.SyntaxError
	Big      *big.Int
	Mutex    *sync.Mutex
	Atomic   atomic.Pointer[os.File]
	AtomicOK atomic.Pointer[int]
	Timer    *time.Timer
	Recur    node
)

func Generic[T any](x T) { _ = x }
`))
	scope := m.Packages[0].Types.Scope()
	const (
		channel = "a channel belongs to its process"
		opaque  = "this type of the standard library has no portable meaning"
		inUse   = "it can be saved only while it is not in use"
		dynamic = "it depends on the value that it holds"
	)
	for name, want := range map[string]typecheck.Savability{
		"Int":      {},
		"Chan":     {Saving: typecheck.NamedIf, Why: channel},
		"Unsafe":   {Saving: typecheck.NilIf, Why: "nothing tells what an unsafe pointer points to"},
		"Deep":     {Saving: typecheck.IdleIf, Path: ".c[].in.mu", Why: inUse},
		"Local":    {Saving: typecheck.NamedIf, Path: ".done", Why: channel},
		"Pointer":  {Saving: typecheck.Depends, Path: ".mu", Why: inUse},
		"Worker":   {Saving: typecheck.NamedIf, Path: ".done", Why: channel},
		"PWorker":  {Saving: typecheck.Depends, Path: ".done", Why: channel},
		"Slice":    {Saving: typecheck.Depends, Path: "[]", Why: channel},
		"Map":      {Saving: typecheck.Depends, Path: "[]", Why: channel},
		"Any":      {Saving: typecheck.Depends, Why: dynamic},
		"Time":     {},
		"Buffer":   {},
		"Empty":    {},
		"Func":     {Saving: typecheck.Depends, Why: "it depends on what the function has captured"},
		"File":     {Saving: typecheck.NamedIf, Why: opaque},
		"Conn":     {Saving: typecheck.NamedIf, Why: opaque},
		"Scanner":  {Saving: typecheck.Depends, Why: dynamic},
		"Regexp":   {},
		"Files":    {Saving: typecheck.Depends, Path: "[]", Why: opaque},
		"Client":   {Saving: typecheck.Depends, Path: ".Transport", Why: dynamic},
		"Syntax":   {},
		"Big":      {},
		"Mutex":    {Saving: typecheck.Depends, Why: inUse},
		"Atomic":   {Saving: typecheck.NamedIf, Why: opaque},
		"AtomicOK": {},
		"Timer":    {Saving: typecheck.NamedIf, Why: opaque},
		"Recur":    {},
	} {
		require.Equal(t, want, m.Savability(scope.Lookup(name).Type()), name)
	}
	param := scope.Lookup("Generic").Type().(*types.Signature).Params().At(0).Type()
	require.Equal(t, typecheck.Savability{Saving: typecheck.Depends, Why: "it depends on the type argument"}, m.Savability(param))
}

// Types that lead to one another in many ways are each looked at once.
func TestSavabilityOfManyTypes(t *testing.T) {
	src := "-- go.mod --\nmodule m\n\ngo 1.26\n-- a.go --\npackage a\n\n"
	const n = 60
	for i := range n {
		src += fmt.Sprintf("type T%d struct {\n", i)
		for j := range n {
			src += fmt.Sprintf("\tF%d *T%d\n", j, j)
		}
		if i == n-1 {
			src += "\tdone chan int\n"
		}
		src += "}\n\n"
	}
	m := loadtest.Load(t, loadtest.Dir(t, src))
	for i := range n {
		s := m.Savability(m.Packages[0].Types.Scope().Lookup(fmt.Sprintf("T%d", i)).Type())
		if i < n-1 {
			require.Equal(t, typecheck.Depends, s.Saving, i)
		} else {
			require.Equal(t, typecheck.NamedIf, s.Saving)
		}
	}
}
