//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// onceEach checks that each input was that of one call, if f went on from where it was over all
// crashes and did not begin anew.
func onceEach[I comparable, O any, J, P any](t *testing.T, r *dispatchtest.Runner, leaf *dispatch.Function[I, O], f *dispatch.Function[J, P]) {
	t.Helper()
	if len(r.Attempts(f)) > 1 {
		return
	}
	seen := make(map[I]int)
	for _, in := range dispatchtest.Inputs(r, leaf) {
		seen[in]++
		assert.Equal(t, 1, seen[in], "%v", in)
	}
}

// Calls that were begun go on at the same time, and are awaited in any order, over a crash at any
// step.
func TestFutures(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newClocked()
		w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
			begun := time.Now()
			one, err := f.text.Start(ctx, lapse{After: hour})
			if err != nil {
				return "", err
			}
			numbers := make(map[int]dispatch.Future[int])
			for _, n := range []int{2, 3} {
				if numbers[n], err = f.number.Start(ctx, lapse{After: time.Duration(n) * hour}); err != nil {
					return "", err
				}
			}
			rest, err := f.number.StartAll(ctx, []lapse{{After: 4 * hour}, {After: 5 * hour, Fails: true}})
			if err != nil {
				return "", err
			}
			said := ""
			for _, n := range []int{3, 2} {
				got, err := numbers[n].Await(ctx)
				if err != nil {
					return "", err
				}
				said += fmt.Sprint(got, " ")
			}
			done, err := one.Done(ctx)
			if err != nil || !done {
				return "", fmt.Errorf("not done, but it has to be: %w", err)
			}
			for range 2 {
				s, err := one.Await(ctx)
				if err != nil {
					return "", err
				}
				said += s + " "
			}
			_, err = rest[1].Await(ctx)
			if err == nil {
				return "", errors.New("it did not fail")
			}
			four, err2 := rest[0].Await(ctx)
			return said + fmt.Sprint(four, " ", err, " ", time.Since(begun) < 6*hour), err2
		})
		r.Use(f.number, f.text, w)
		got, err := dispatchtest.Call(r, w, 0)
		require.NoError(t, err)
		assert.Equal(t, "3 2 t1 t1 4 failed true", got)
		onceEach(t, r, f.number, w)
		onceEach(t, r, f.text, w)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// Futures and new calls are awaited together; those that are not needed go on, and can be awaited
// again.
func TestFutureStrategies(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newClocked()
		w := dispatch.Func("w", func(ctx context.Context, _ int) ([]string, error) {
			begun := time.Now()
			left, err := f.text.StartAll(ctx, []lapse{{After: 3 * hour}, {After: hour}, {After: 2 * hour}})
			if err != nil {
				return nil, err
			}
			var said []string
			// A race against the time and another call.
			outcomes, err := dispatch.AwaitCalls(ctx, dispatch.Race, left[0].Plan(), dispatch.PlanSleep(begun.Add(hour/2)), f.number.Plan(lapse{After: 9 * hour}))
			if err != nil {
				return nil, err
			}
			said = append(said, fmt.Sprint(dispatch.First(outcomes), " of the race"))
			// In the order in which they come.
			for len(left) > 0 {
				plans := make([]dispatch.Planned, len(left))
				for i := range left {
					plans[i] = left[i].Plan()
				}
				outcomes, err := dispatch.AwaitCalls(ctx, dispatch.Race, plans...)
				if err != nil {
					return nil, err
				}
				i := dispatch.First(outcomes)
				s, err := left[i].Result(outcomes[i])
				if err != nil {
					return nil, err
				}
				said, left = append(said, s), slices.Delete(left, i, i+1)
			}
			// All, some of which are done.
			five, err := f.number.Start(ctx, lapse{After: hour})
			if err != nil {
				return nil, err
			}
			if err := dispatch.Sleep(ctx, 2*hour); err != nil {
				return nil, err
			}
			six, err := f.number.Start(ctx, lapse{After: 2 * hour, Fails: true})
			if err != nil {
				return nil, err
			}
			outcomes, err = dispatch.AwaitCalls(ctx, dispatch.All, six.Plan(), f.text.Plan(lapse{After: 0}), five.Plan())
			if err != nil {
				return nil, err
			}
			for i := range outcomes {
				said = append(said, fmt.Sprint(outcomes[i].Err()))
			}
			return said, nil
		})
		r.Use(f.number, f.text, w)
		got, err := dispatchtest.Call(r, w, 0)
		require.NoError(t, err)
		want := []string{"1 of the race", "t1", "t2", "t3", "failed", "<nil>", "<nil>"}
		assert.Equal(t, want, got)
		onceEach(t, r, f.number, w)
		onceEach(t, r, f.text, w)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// What was begun and not awaited ends with the call that has begun it, however that ends, also if the
// process dies at any step of it; unless it was begun with a context that is not canceled, it ends
// when that is canceled.
func TestFutureEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(ctx context.Context, sleep func() error) error
		cancel bool
		err    error
		after  time.Duration // since the start, when leaf is told to end
	}{
		"returns":  {func(context.Context, func() error) error { return nil }, false, nil, 0},
		"fails":    {func(context.Context, func() error) error { return context.DeadlineExceeded }, false, context.DeadlineExceeded, 0},
		"later":    {func(_ context.Context, sleep func() error) error { return sleep() }, false, nil, hour},
		"canceled": {func(_ context.Context, sleep func() error) error { return sleep() }, true, context.Canceled, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
				begun := time.Now()
				var mu sync.Mutex
				ended := make(map[string]time.Duration)
				leaf := dispatch.Func("leaf", func(ctx context.Context, name string) (int, error) {
					select {
					case <-ctx.Done():
						mu.Lock()
						defer mu.Unlock()
						ended[name] = time.Since(begun).Truncate(time.Second)
						return 0, ctx.Err()
					case <-time.After(100 * hour):
						return 0, nil
					}
				})
				w := dispatch.Func("w", func(ctx context.Context, _ int) (int, error) {
					if _, err := leaf.Start(ctx, "with it"); err != nil {
						return 0, err
					}
					if _, err := leaf.Start(context.WithoutCancel(ctx), "shielded"); err != nil {
						return 0, err
					}
					return 0, c.end(ctx, func() error {
						err := dispatch.Sleep(ctx, hour)
						return errors.Join(err, dispatch.Sleep(context.WithoutCancel(ctx), hour))
					})
				})
				r.Use(leaf, w)
				first := r.Dispatcher()
				id := dispatchtest.Dispatch(r, w, 0)
				if c.cancel {
					time.Sleep(time.Minute)
					if err := r.Dispatcher().Cancel(context.Background(), id); err != nil { // there is a crash
						require.NoError(t, r.Dispatcher().Cancel(context.Background(), id))
					}
				}
				_, err := dispatchtest.Wait(r, w, id)
				if c.err == nil {
					require.NoError(t, err)
				} else {
					require.ErrorIs(t, err, c.err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				allDone(t, r.Dispatcher())
				if r.Dispatcher() == first { // no crash
					switch name {
					case "canceled":
						assert.Equal(t, map[string]time.Duration{"with it": time.Minute, "shielded": hour + time.Minute}, ended)
					case "later":
						assert.Equal(t, map[string]time.Duration{"with it": 2 * hour, "shielded": 2 * hour}, ended)
					}
				}
			})
		})
	}
}

// An attempt that is made again from the last state does not begin calls again; one that begins anew
// does, and what the last one has begun is canceled.
func TestFutureRetried(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint(restart), func(t *testing.T) {
			dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
				canceled := 0
				leaf := dispatch.Func("leaf", func(ctx context.Context, n int) (int, error) {
					select {
					case <-ctx.Done():
						canceled++
						return 0, ctx.Err()
					case <-time.After(5 * hour):
						return n, nil
					}
				})
				w := dispatch.Func("w", func(ctx context.Context, _ int) (int, error) {
					u, err := leaf.Start(ctx, 7)
					if err != nil {
						return 0, err
					}
					if dispatch.Attempt(ctx) == 1 {
						if restart {
							return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("again"))
						}
						<-ctx.Done() // it takes too long
						return 0, ctx.Err()
					}
					return u.Await(ctx)
				}, fast, dispatch.WithTimeout(time.Minute), dispatch.WithRetry(dispatch.RetryPolicy{AfterAwait: restart, Initial: time.Second}))
				r.Use(leaf, w)
				got, err := dispatchtest.Call(r, w, 0)
				require.NoError(t, err)
				assert.Equal(t, 7, got)
				if n := len(r.Attempts(leaf)); restart || n == 2 { // in a volatile build it begins anew in any case
					assert.Equal(t, 2, n)
					assert.Equal(t, 1, canceled)
				} else {
					assert.Zero(t, canceled)
				}
				synctest.Wait()
				allDone(t, r.Dispatcher())
			})
		})
	}
}

// A future of another call, none, and one that is there twice are refused.
func TestFutureRefused(t *testing.T) {
	f := newClocked()
	var other dispatch.Future[int]
	w := dispatch.Func("w", func(ctx context.Context, kind string) (int, error) {
		switch kind {
		case "none":
			var none dispatch.Future[int]
			if _, err := none.Done(ctx); err == nil {
				return 0, errors.New("none is not refused")
			}
			return none.Await(ctx)
		case "twice":
			u, err := f.number.Start(ctx, lapse{})
			if err != nil {
				return 0, err
			}
			_, err = dispatch.AwaitCalls(ctx, dispatch.All, u.Plan(), u.Plan())
			return 0, err
		case "other":
			return other.Await(ctx)
		}
		var err error
		other, err = f.number.Start(ctx, lapse{})
		if err != nil {
			return 0, err
		}
		return other.Await(ctx)
	})
	d := begin(t, f.number, f.text, w)
	_, err := ask(t, w, "own")
	require.NoError(t, err)
	for kind, want := range map[string]string{"none": "is not planned", "twice": "is there twice", "other": "is not a call that this one has begun"} {
		_, err := ask(t, w, kind)
		require.ErrorContains(t, err, want)
		require.Equal(t, dispatch.StatusInvalidArgument, dispatch.StatusOf(err))
	}
	_, err = other.Await(context.Background())
	require.ErrorIs(t, err, dispatch.ErrOutside)
	_, err = f.number.Start(context.Background(), lapse{})
	require.ErrorIs(t, err, dispatch.ErrOutside)
	_, err = other.Done(context.Background())
	require.ErrorIs(t, err, dispatch.ErrOutside)
	require.Eventually(t, func() bool { // what was begun ends too
		s, err := d.Stats(context.Background())
		return err == nil && s.Calls == s.Done
	}, 10*time.Second, 10*time.Millisecond)
}
