//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// ranked returns the priority and partition of the calls of f, by their inputs.
func ranked[I, O any](t *testing.T, r *dispatchtest.Runner, f *dispatch.Function[I, O]) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, a := range r.Attempts(f) {
		c, err := r.Dispatcher().Lookup(context.Background(), a.Call)
		if errors.Is(err, dispatch.ErrNoSuchCall) {
			continue // it was made by a step that was not recorded
		}
		require.NoError(t, err)
		all[string(a.Input)] = fmt.Sprintf("%d %s", c.Priority, c.Partition)
	}
	return all
}

// A function with options can be kept across an await, and its calls have them in whatever way
// they are made; those that set no priority have that of the call that awaits them.
func TestWith(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		leaf := dispatch.Func("leaf", func(_ context.Context, n int) (int, error) { return n, nil })
		urgent := dispatch.Func("urgent", func(ctx context.Context, n int) (int, error) {
			return leaf.Await(ctx, n)
		}, dispatch.WithPriority(9), dispatch.WithPartition("p"))
		w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
			some := leaf.With(dispatch.WithPriority(3))
			mine := some.With(dispatch.WithPartition("mine"))
			if _, err := some.Await(ctx, 1); err != nil {
				return 0, err
			}
			if _, err := mine.Gather(ctx, []int{2, 3}); err != nil {
				return 0, err
			}
			if _, err := dispatch.AwaitCalls(ctx, dispatch.All, mine.Plan(4), leaf.Plan(5)); err != nil {
				return 0, err
			}
			return urgent.Await(ctx, 6)
		})
		r.Use(leaf, urgent, w)
		_, err := dispatchtest.Wait(r, w, dispatchtest.Dispatch(r, w, 0, dispatch.WithPriority(-2), dispatch.WithPartition("from outside")))
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"0": "-2 from outside"}, ranked(t, r, w))
		assert.Equal(t, map[string]string{"6": "9 p"}, ranked(t, r, urgent))
		assert.Equal(t, map[string]string{"1": "3 ", "2": "3 mine", "3": "3 mine", "4": "3 mine", "5": "-2 ", "6": "9 "}, ranked(t, r, leaf))
	})
}

// A call goes by its own timeout and retries, also after a restart.
func TestOwnPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		opts     []dispatch.CallOption
		attempts int
		after    time.Duration
		status   dispatch.Status
	}{
		"of the function": {nil, 4, 4*time.Hour + 7*time.Second, dispatch.StatusTimeout},
		"timeout":         {[]dispatch.CallOption{dispatch.WithTimeout(time.Minute)}, 4, 4*time.Minute + 7*time.Second, dispatch.StatusTimeout},
		"retry":           {[]dispatch.CallOption{dispatch.WithRetry(dispatch.RetryPolicy{MaxAttempts: 1})}, 1, time.Hour, dispatch.StatusTimeout},
		"both": {[]dispatch.CallOption{dispatch.WithRetry(dispatch.RetryPolicy{MaxAttempts: 2, Initial: time.Second, Jitter: -1}), dispatch.WithTimeout(time.Minute)},
			2, 2*time.Minute + time.Second, dispatch.StatusTimeout},
		"no timeout":    {[]dispatch.CallOption{dispatch.WithTimeout(0)}, 1, 5 * time.Hour, dispatch.StatusPermanentError},
		"not that one":  {[]dispatch.CallOption{dispatch.WithRetry(dispatch.RetryPolicy{Statuses: []dispatch.Status{dispatch.StatusNotFound}})}, 1, time.Hour, dispatch.StatusTimeout},
		"permanent too": {[]dispatch.CallOption{dispatch.WithTimeout(0), dispatch.WithRetry(dispatch.RetryPolicy{Statuses: []dispatch.Status{dispatch.StatusPermanentError}, MaxAttempts: 3, Initial: time.Second, Jitter: -1})}, 3, 15*time.Hour + 3*time.Second, dispatch.StatusPermanentError},
	} {
		for _, crash := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s %v", name, crash), func(t *testing.T) {
				dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
					slow := dispatch.Func("slow", func(ctx context.Context, _ int) (int, error) {
						select {
						case <-time.After(5 * time.Hour):
							return 0, errors.New("failed for good")
						case <-ctx.Done():
							return 0, ctx.Err()
						}
					}, dispatch.WithTimeout(time.Hour), dispatch.WithRetry(dispatch.RetryPolicy{Initial: time.Second, Jitter: -1, MaxAttempts: 4}))
					w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
						begun := time.Now()
						_, err := slow.With(c.opts...).Await(ctx, 1)
						return time.Since(begun).Truncate(time.Second).String() + " " + dispatch.StatusOf(err).String(), nil
					})
					r.Use(slow, w)
					id := dispatchtest.Dispatch(r, w, 1)
					want := c.after.String() + " " + c.status.String()
					if crash {
						time.Sleep(time.Minute / 2)
						r.Crash()
					}
					got, err := dispatchtest.Wait(r, w, id)
					require.NoError(t, err)
					if !crash {
						assert.Equal(t, want, got)
					} else {
						assert.Contains(t, got, c.status.String())
					}
					counted := 0
					for _, a := range r.Attempts(slow) {
						counted = max(counted, a.Number)
					}
					assert.Equal(t, c.attempts, counted)
				})
			})
		}
	}
}

// A call begins when it is told to, also if that was while nothing ran.
func TestDelay(t *testing.T) {
	const hour = time.Hour
	for _, crash := range []bool{false, true} {
		t.Run(fmt.Sprint(crash), func(t *testing.T) {
			dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
				begun := time.Now()
				leaf := dispatch.Func("leaf", func(context.Context, int) (int, error) {
					return int(time.Since(begun) / hour), nil
				}, dispatch.WithDelay(hour))
				w := dispatch.Func("w", func(ctx context.Context, _ int) ([]int, error) {
					at := leaf.With(dispatch.WithStart(begun.Add(5 * hour)))
					one, err := leaf.Await(ctx, 1)
					if err != nil {
						return nil, err
					}
					two, err := leaf.With(dispatch.WithDelay(2*hour)).Await(ctx, 2)
					if err != nil {
						return nil, err
					}
					five, err := at.Gather(ctx, []int{5, 6})
					if err != nil {
						return nil, err
					}
					now, err := at.With(dispatch.WithDelay(0)).Await(ctx, 7)
					return append([]int{one, two, now}, five...), err
				})
				r.Use(leaf, w)
				r.Downtime = hour / 2
				id := dispatchtest.Dispatch(r, w, 1, dispatch.WithDelay(hour))
				if crash {
					for range 11 {
						time.Sleep(hour/2 + time.Minute)
						r.Crash()
					}
				}
				got, err := dispatchtest.Wait(r, w, id)
				require.NoError(t, err)
				if !crash {
					assert.Equal(t, []int{2, 4, 5, 5, 5}, got)
				} else {
					assert.GreaterOrEqual(t, got[2], got[3])
					assert.GreaterOrEqual(t, got[3], 5)
				}
				synctest.Wait()
				allDone(t, r.Dispatcher())
			})
		})
	}
}

// What is wrong with an option is found before the call is made.
func TestOptionRefused(t *testing.T) {
	leaf := dispatch.Func("leaf", func(context.Context, int) (int, error) { return 1, nil })
	var bad []dispatch.CallOption
	w := dispatch.Func("w", func(ctx context.Context, kind int) (int, error) {
		switch f := leaf.With(bad...); kind {
		case 0:
			return f.Await(ctx, 1)
		case 1:
			_, err := f.Gather(ctx, []int{1})
			return 0, err
		default:
			_, err := dispatch.AwaitCalls(ctx, dispatch.All, f.Plan(1))
			return 0, err
		}
	})
	d := begin(t, leaf, w)
	for want, o := range map[string]dispatch.Setting{
		"the timeout is negative":                   dispatch.WithTimeout(-1),
		"retry: the factor NaN is less than 1":      dispatch.WithRetry(dispatch.RetryPolicy{Factor: math.NaN()}),
		"retry: a wait is negative":                 dispatch.WithRetry(dispatch.RetryPolicy{Cap: -1}),
		"the priority 4294967296 is too far from 0": dispatch.WithPriority(1 << 32),
	} {
		bad = []dispatch.CallOption{o}
		for kind := range 3 {
			_, err := ask(t, w, kind)
			require.ErrorContains(t, err, want)
			require.Equal(t, dispatch.StatusInvalidArgument, dispatch.StatusOf(err))
		}
		_, err := leaf.Dispatch(context.Background(), 1, o)
		require.ErrorContains(t, err, want)
		_, err = dispatch.New(dispatch.Func("f", func(context.Context, int) (int, error) { return 1, nil }, o))
		require.ErrorContains(t, err, want)
	}
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 12, s.Calls)
}
