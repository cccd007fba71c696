package typecheck_test

import (
	"testing"

	"github.com/coroc-dev/coroc/typecheck/loadtest"
	"github.com/stretchr/testify/require"
)

func TestUnsavable(t *testing.T) {
	m := loadtest.Load(t, loadtest.Dir(t, `
-- go.mod --
module m

go 1.26
-- a.go --
package a

import (
	"bytes"
	"sync"
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

var (
	Chan    chan int
	Unsafe  unsafe.Pointer
	Deep    list
	Local   struct{ done <-chan struct{} }
	Pointer *guarded
	Slice   []chan int
	Map     map[string]chan int
	Any     any
	Time    time.Time
	Buffer  bytes.Buffer
	Empty   [0]chan int
	Func    func(chan int)
)
`))
	scope := m.Packages[0].Types.Scope()
	for name, want := range map[string][2]string{
		"Chan":    {"", "a channel belongs to its process"},
		"Unsafe":  {"", "an unsafe pointer is an address"},
		"Deep":    {".c[].in.mu", "a mutex belongs to its process"},
		"Local":   {".done", "a channel belongs to its process"},
		"Pointer": {}, "Slice": {}, "Map": {}, "Any": {}, "Time": {}, "Buffer": {}, "Empty": {}, "Func": {},
	} {
		path, why := m.Unsavable(scope.Lookup(name).Type())
		require.Equal(t, want, [2]string{path, why}, name)
	}
}
