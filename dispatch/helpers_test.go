package dispatch_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// fast makes tests wait little for retries.
var fast = dispatch.WithRetry(dispatch.RetryPolicy{Initial: time.Millisecond, Cap: 5 * time.Millisecond})

// begin makes a dispatcher with a store of its own and runs it until the test ends.
func begin(t *testing.T, opts ...dispatch.Option) *dispatch.Dispatcher {
	t.Helper()
	d, err := dispatch.New(append([]dispatch.Option{dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db"))}, opts...)...)
	require.NoError(t, err)
	run(t, d)
	return d
}

// run runs d until the returned function is called, or the test ends.
func run(t *testing.T, d *dispatch.Dispatcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			assert.NoError(t, <-ended)
			assert.NoError(t, d.Close())
		})
	}
	t.Cleanup(stop)
	return stop
}

// ask dispatches a call and waits for its result.
func ask[I, O any](t *testing.T, f *dispatch.Function[I, O], in I) (O, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	id, err := f.Dispatch(ctx, in)
	require.NoError(t, err)
	return f.Wait(ctx, id)
}
