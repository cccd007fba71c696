//go:build !durable

package coroutine_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/coroutine"
	coroc "github.com/coroc-dev/coroc/runtime"
)

func TestNotDurable(t *testing.T) {
	c := coroutine.NewWithReturn[int, int](entryFibonacci(3))
	_, err := c.Context().Marshal()
	require.ErrorIs(t, err, coroutine.ErrNotDurable)
	n, err := c.Context().Unmarshal([]byte("state"))
	require.ErrorIs(t, err, coroutine.ErrNotDurable)
	require.Zero(t, n)
	require.False(t, coroutine.Durable)
}

func TestNewTwinRunsPlain(t *testing.T) {
	c := coroutine.NewTwin[int, int](
		func() { coroutine.Yield[int, int](1) },
		func(*coroc.Coroutine) { t.Error("the twin ran") })
	require.Equal(t, []int{1}, collect[int](c))
}

// TestPanicWhileExiting has a deferred call panic during the Goexit of a body, and a
// caller that recovers: the Goexit goes on in the caller, as it does in a plain call.
func TestPanicWhileExiting(t *testing.T) {
	c := coroutine.New[int, int](func() {
		defer func() { panic("late") }()
		runtime.Goexit()
	})
	var recovered any
	returned := false
	var wg sync.WaitGroup
	wg.Go(func() {
		func() {
			defer func() { recovered = recover() }()
			c.Next()
		}()
		returned = true
	})
	wg.Wait()
	require.Equal(t, "late", recovered)
	require.False(t, returned)
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 100 {
		var log []string
		c := coroutine.New[int, int](entryCleanup(&log))
		c.Next()
		c.Stop()
		collect[int](coroutine.New[int, int](entryCleanup(&log)))
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
