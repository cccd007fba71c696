//go:build !durable

package dispatchtest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

var (
	temporary = dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not now"))
	double    = dispatch.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	sum       = dispatch.Func("sum", func(ctx context.Context, n int) (int, error) {
		total := 0
		for i := range n {
			d, err := double.Await(ctx, i)
			if err != nil {
				return total, err
			}
			total += d
		}
		all, err := double.Gather(ctx, []int{total, total + 1})
		for _, d := range all {
			total += d
		}
		return total, err
	})
)

// A workflow comes to the same result wherever it is crashed. In a durable build each of its
// calls is made once, and what was recorded is not run again.
func TestEachCrash(t *testing.T) {
	runs, crashes := 0, 0
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		runs++
		r.Use(sum, double)
		out, err := dispatchtest.Call(r, sum, 3)
		require.NoError(t, err)
		assert.Equal(t, 6+12+14, out)
		if runs == 1 {
			assert.Equal(t, 0, r.Crashes())
			assert.Equal(t, 4, r.Awaits())
			assert.Equal(t, 1+4+5+1, r.Steps())
			inputs := dispatchtest.Inputs(r, double)
			assert.Equal(t, []int{0, 1, 2}, inputs[:3])
			assert.ElementsMatch(t, []int{6, 7}, inputs[3:])
			return
		}
		require.LessOrEqual(t, r.Crashes(), 1)
		crashes += r.Crashes()
		if dispatchtest.Durable {
			assert.ElementsMatch(t, []int{0, 1, 2, 6, 7}, dispatchtest.Inputs(r, double))
			synctest.Wait()
			stats, err := r.Dispatcher().Stats(t.Context())
			require.NoError(t, err)
			assert.EqualValues(t, 6, stats.OK)
			assert.EqualValues(t, 6, stats.Attempts)
			assert.LessOrEqual(t, len(r.Attempts(double)), 5+2, "only what was lost is run again")
		}
	})
	assert.Equal(t, 1+2*11, runs)
	assert.Equal(t, 2*11, crashes)
}

// A crash before a step is recorded loses it, and one after that does not.
func TestBeforeAndAfter(t *testing.T) {
	for when, attempts := range map[dispatchtest.When]int{dispatchtest.Before: 2, dispatchtest.After: 1} {
		dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
			r.Use(double)
			r.CrashAtStep(2, when)
			out, err := dispatchtest.Call(r, double, 1)
			require.NoError(t, err)
			assert.Equal(t, 2, out)
			assert.Equal(t, 1, r.Crashes())
			assert.Len(t, r.Attempts(), attempts, when)
		})
	}
}

// A workflow survives crashes that come one after the other, at its start and in recovery too.
func TestManyCrashes(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(sum, double)
		for n := 1; n < 40; n += 2 {
			r.CrashAtStep(n, dispatchtest.When(n/2%2))
		}
		r.Downtime = time.Hour
		begun := time.Now()
		out, err := dispatchtest.Call(r, sum, 3)
		require.NoError(t, err)
		assert.Equal(t, 6+12+14, out)
		assert.Greater(t, r.Crashes(), 5)
		assert.Equal(t, time.Duration(r.Crashes())*time.Hour, time.Since(begun))
	})
}

// Retries take no time, and are counted as they would be with a server.
func TestTimePasses(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(sum, double)
		for n := range 20 {
			r.FailAttempt(double, n+1, temporary)
		}
		begun := time.Now()
		out, err := dispatchtest.Call(r, sum, 0)
		require.NoError(t, err)
		assert.Equal(t, 2, out)
		assert.Greater(t, time.Since(begun), 2*time.Minute)
		assert.Len(t, r.Attempts(double), 22)
	})
}

// A test can let the time pass at which something is to be looked at.
func TestSleep(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(dispatchtest.Mock(double, func(ctx context.Context, n int) (int, error) {
			if time.Now().Day() < 3 {
				return 0, temporary
			}
			return n, nil
		}))
		id := dispatchtest.Dispatch(r, double, 1)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		info, err := r.Dispatcher().Lookup(t.Context(), id)
		require.NoError(t, err)
		assert.Equal(t, dispatch.PhaseReady, info.Phase)
		assert.Equal(t, dispatch.StatusTemporaryError, info.Status)
		out, err := dispatchtest.Wait(r, double, id)
		require.NoError(t, err)
		assert.Equal(t, 1, out)
		assert.Equal(t, 3, time.Now().Day())
	})
}

// A mock may crash the process in the middle of an attempt, which then is not counted.
func TestCrashInTheMiddle(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		var once sync.Once
		var mu sync.Mutex
		var ids []dispatch.ID
		r.Use(sum, dispatchtest.Mock(double, func(ctx context.Context, n int) (int, error) {
			mu.Lock()
			ids = append(ids, dispatch.CallID(ctx))
			mu.Unlock()
			once.Do(r.Crash)
			return n, nil
		}))
		out, err := dispatchtest.Call(r, sum, 1)
		require.NoError(t, err)
		assert.Equal(t, 1, out)
		attempts := r.Attempts(double)
		assert.Equal(t, []int{1, 2}, []int{attempts[0].Process, attempts[1].Process})
		assert.Equal(t, 1, attempts[1].Number)
		if dispatchtest.Durable {
			assert.Equal(t, ids[0], ids[1], "the key for whom it calls is the same")
			assert.Len(t, ids, 4)
		}
	})
}

// Mocks in place of functions, and errors that cross the await.
func TestMocks(t *testing.T) {
	missing := dispatch.WithStatus(dispatch.StatusNotFound, errors.New("no such number"))
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(sum, double, dispatchtest.Fails(double, missing))
		_, err := dispatchtest.Call(r, sum, 1)
		require.ErrorContains(t, err, "no such number")
		assert.Equal(t, dispatch.StatusNotFound, dispatch.StatusOf(err))
		assert.Equal(t, "[sum(1) double(0)]", fmt.Sprint(r.Attempts()))
		assert.Equal(t, r.Attempts()[0].Call, r.Attempts()[1].Parent)
	})
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(sum, dispatchtest.Returns(double, 7))
		out, err := dispatchtest.Call(r, sum, 2)
		require.NoError(t, err)
		assert.Equal(t, 28, out)
	})
}

// Functions are saved and loaded at each await, unless the test wants otherwise.
func TestSavedAndLoaded(t *testing.T) {
	for _, opts := range [][]dispatch.Option{nil, {dispatch.WithResident(10)}} {
		dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
			var mu sync.Mutex
			resumed, loaded := 0, 0
			r.Use(opts...)
			r.Use(sum, double, dispatch.WithObserver(func(ev dispatch.AttemptEvent) {
				mu.Lock()
				defer mu.Unlock()
				if ev.Kind == dispatch.AttemptResumed {
					resumed++
					if ev.Loaded {
						loaded++
					}
				}
			}))
			_, err := dispatchtest.Call(r, sum, 2)
			require.NoError(t, err)
			mu.Lock()
			defer mu.Unlock()
			assert.Equal(t, 3, resumed)
			if dispatchtest.Durable && opts == nil {
				assert.Equal(t, 3, loaded)
			} else {
				assert.Zero(t, loaded)
			}
		})
	}
}

// A mock may await too: it is compiled as any function is.
func TestMockAwaits(t *testing.T) {
	half := dispatch.Func("half", func(_ context.Context, n int) (int, error) { return n / 2, nil })
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(sum, half, dispatchtest.Mock(double, func(ctx context.Context, n int) (int, error) {
			h, err := half.Await(ctx, 8*n)
			return h / 2, err
		}))
		out, err := dispatchtest.Call(r, sum, 2)
		require.NoError(t, err)
		assert.Equal(t, 2+4+6, out)
	})
}
