package engine_test

import (
	"bytes"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// goroutineHere returns what a stack trace calls the goroutine.
func goroutineHere() string {
	b := make([]byte, 64)
	b = b[:runtime.Stack(b, false)]
	name, _, _ := bytes.Cut(b, []byte("["))
	return string(name)
}

// The steps of a workflow that runs alone are made by one goroutine. If a function ends that,
// another one goes on.
func TestWorker(t *testing.T) {
	for _, exits := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			f, leaf := pair()
			seen := make(map[string]bool)
			ends := leaf.turns
			leaf.turns = func(x *scripted, results []engine.Result) engine.Turn {
				seen[goroutineHere()] = true
				if exits {
					runtime.Goexit()
				}
				return ends(x, results)
			}
			after := f.turns
			f.turns = func(x *scripted, results []engine.Result) engine.Turn {
				seen[goroutineHere()] = true
				if results != nil && exits {
					assert.Equal(t, store.PermanentError, results[0].Status)
					results[0].Output = []byte("x")
				}
				return after(x, results)
			}
			e, _ := runOn(t, engine.Config{Store: openGated(t, memory.New(), nil), Functions: []engine.Function{
				f.function("f", engine.Policy{}), leaf.function("leaf", engine.Policy{})}})
			id, err := e.Dispatch(ctx, engine.Request{Function: "f", Input: []byte("x")}, "")
			require.NoError(t, err)
			_, err = e.Wait(ctx, id, "f")
			require.NoError(t, err)
			assert.Len(t, seen, map[bool]int{false: 1, true: 3}[exits])
		})
	}
}
