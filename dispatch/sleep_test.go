//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
	"github.com/coroc-dev/coroc/runtime"
)

const year = 365 * 24 * time.Hour

// sleeper sleeps for a year and until the end of a second one, and says how long it took.
func sleeper() *dispatch.Function[time.Time, time.Duration] {
	return dispatch.Func("sleeper", func(ctx context.Context, begun time.Time) (time.Duration, error) {
		if err := dispatch.Sleep(ctx, year); err != nil {
			return time.Since(begun), err
		}
		err := dispatch.SleepUntil(ctx, begun.Add(2*year))
		return time.Since(begun), err
	})
}

// A sleep ends when it was to end, whatever happens meanwhile to the process.
func TestSleeps(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := sleeper()
		r.Use(f)
		r.Downtime = time.Hour
		slept, err := dispatchtest.Call(r, f, time.Now())
		require.NoError(t, err)
		assert.GreaterOrEqual(t, slept, 2*year)
		if runtime.Compiled() {
			assert.Less(t, slept, 2*year+2*time.Hour)
		}
		synctest.Wait()
		s, err := r.Dispatcher().Stats(context.Background())
		require.NoError(t, err)
		assert.Zero(t, s.Functions["dispatch.sleep"].Attempts, "no attempt is made")
	})
}

// What came due while no process ran is done at the start of the next one.
func TestSleepsWhileDown(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := sleeper()
		r.Use(f)
		r.Downtime = 3 * year
		id := dispatchtest.Dispatch(r, f, time.Now())
		time.Sleep(time.Hour)
		r.Crash()
		slept, err := dispatchtest.Wait(r, f, id)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, slept, 3*year)
		if runtime.Compiled() {
			assert.Less(t, slept, 3*year+2*time.Hour)
		}
	})
}

// A cancel ends a sleep, and nothing is left of it.
func TestSleepCanceled(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := dispatch.Func("f", func(ctx context.Context, begun time.Time) (time.Duration, error) {
			err := dispatch.Sleep(ctx, year)
			if !errors.Is(err, context.Canceled) {
				return 0, errors.New("not canceled")
			}
			if again := dispatch.Sleep(ctx, 0); !errors.Is(again, context.Canceled) {
				return 0, errors.New("a sleep behind the cancel was not refused")
			}
			return time.Since(begun), dispatch.Sleep(context.WithoutCancel(ctx), time.Minute)
		})
		r.Use(f)
		id := dispatchtest.Dispatch(r, f, time.Now())
		time.Sleep(time.Hour)
		synctest.Wait()
		require.NoError(t, r.Dispatcher().Cancel(context.Background(), id))
		slept, err := dispatchtest.Wait(r, f, id)
		require.NoError(t, err)
		assert.Equal(t, time.Hour, slept)
		allDone(t, r.Dispatcher())
	})
}

// Not everything can sleep.
func TestSleepRefused(t *testing.T) {
	require.ErrorIs(t, dispatch.Sleep(context.Background(), 0), dispatch.ErrOutside)
	f := dispatch.Func("f", func(ctx context.Context, _ int) (bool, error) {
		refused := make(chan error)
		go func() { refused <- dispatch.Sleep(ctx, 0) }()
		err := <-refused
		return errors.Is(err, dispatch.ErrOutside), dispatch.SleepUntil(ctx, time.Time{})
	})
	begin(t, f)
	ok, err := ask(t, f, 1)
	require.NoError(t, err)
	assert.True(t, ok)
	_, err = dispatch.New(dispatch.Func("dispatch.sleep", func(context.Context, int) (int, error) { return 0, nil }))
	require.ErrorContains(t, err, "built in")
}
