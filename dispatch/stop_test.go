package dispatch_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

// A running attempt ends by itself within the grace time; after that its context is done,
// and if it does not listen it is given up. What was cut short is not counted, and done
// again at the next start.
func TestStop(t *testing.T) {
	for name, c := range map[string]struct {
		grace   time.Duration
		takes   time.Duration // of the first attempt
		listens bool
		runs    int32
	}{
		"in time":  {grace: 10 * time.Second, takes: 50 * time.Millisecond, runs: 1},
		"listens":  {grace: 10 * time.Millisecond, takes: 10 * time.Second, listens: true, runs: 2},
		"does not": {grace: 10 * time.Millisecond, takes: 1500 * time.Millisecond, runs: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var runs atomic.Int32
			begun := make(chan struct{}, 2)
			f := dispatch.Func("f", func(ctx context.Context, n int) (int, error) {
				begun <- struct{}{}
				if runs.Add(1) == 1 {
					var done <-chan struct{}
					if c.listens {
						done = ctx.Done()
					}
					select {
					case <-time.After(c.takes):
					case <-done:
						return 0, ctx.Err()
					}
				}
				return dispatch.Attempt(ctx), nil
			})
			store := dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db"))
			d, err := dispatch.New(f, store, dispatch.WithGrace(c.grace))
			require.NoError(t, err)
			stop := run(t, d)
			ctx := context.Background()
			id, err := f.Dispatch(ctx, 1)
			require.NoError(t, err)
			<-begun
			stop()

			d, err = dispatch.New(f, store)
			require.NoError(t, err)
			run(t, d)
			attempt, err := f.Wait(ctx, id)
			require.NoError(t, err)
			assert.Equal(t, 1, attempt)
			assert.Equal(t, c.runs, runs.Load())
		})
	}
}

// Run can be called again on the same dispatcher, but not twice at a time.
func TestRunAgain(t *testing.T) {
	f := dispatch.Func("f", func(_ context.Context, n int) (int, error) { return n, nil })
	d, err := dispatch.New(f, dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")))
	require.NoError(t, err)
	defer d.Close()
	for i := range 3 {
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		id, err := f.Dispatch(ctx, i)
		require.NoError(t, err)
		out, err := f.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, i, out)
		require.ErrorContains(t, d.Run(ctx), "running already")
		cancel()
		require.NoError(t, <-ended)
	}
}

// Close ends Run and all waiting.
func TestClose(t *testing.T) {
	f := dispatch.Func("f", func(ctx context.Context, n int) (int, error) { <-ctx.Done(); return 0, ctx.Err() })
	d, err := dispatch.New(f, dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")), dispatch.WithGrace(0))
	require.NoError(t, err)
	ended := make(chan error)
	go func() { ended <- d.Run(context.Background()) }()
	ctx := context.Background()
	id, err := f.Dispatch(ctx, 1)
	require.NoError(t, err)
	waited := make(chan error)
	go func() {
		_, err := f.Wait(ctx, id)
		waited <- err
	}()
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, err = f.Wait(short, id)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, d.Close())
	require.NoError(t, <-ended)
	require.ErrorIs(t, <-waited, dispatch.ErrClosed)
	_, err = f.Dispatch(ctx, 1)
	require.ErrorIs(t, err, dispatch.ErrNotRegistered)
}

// A workflow that is stopped while it waits for calls goes on, or begins anew, at the next
// start, and no call is left over.
func TestStopSuspended(t *testing.T) {
	s := newStairs(nil, 20*time.Millisecond)
	store := dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db"))
	d, err := dispatch.New(append(s.options(), store)...)
	require.NoError(t, err)
	stop := run(t, d)
	ctx := context.Background()
	id, err := s.climb.Dispatch(ctx, 6)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		c, err := d.Lookup(ctx, id)
		return err == nil && c.Awaits == 3
	}, 10*time.Second, time.Millisecond)
	stop()

	d, err = dispatch.New(append(s.options(), store)...)
	require.NoError(t, err)
	run(t, d)
	out, err := s.climb.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, answer(6), out)
	stats, err := d.Stats(ctx)
	require.NoError(t, err)
	assert.Equal(t, stats.Calls, stats.Done)
	assert.Zero(t, stats.Failed)
	if isDurable {
		assert.EqualValues(t, 10, stats.Calls)
		assert.Zero(t, stats.Canceled)
	} else {
		assert.EqualValues(t, 10, stats.OK-stats.Functions["step"].OK+6)
		assert.LessOrEqual(t, stats.Canceled, int64(1), "only what was not done is canceled")
	}
}
