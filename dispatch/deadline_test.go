//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
)

// late are functions whose calls miss their deadlines in different ways.
type late struct {
	leaf, stubborn, failing, undo, parent *dispatch.Function[time.Duration, string]
}

func newLate() *late {
	l := new(late)
	l.leaf = dispatch.Func("leaf", func(ctx context.Context, d time.Duration) (string, error) {
		select {
		case <-time.After(d):
			return "in time", nil
		case <-ctx.Done():
			return "", fmt.Errorf("leaf: %w", ctx.Err())
		}
	})
	l.stubborn = dispatch.Func("stubborn", func(_ context.Context, d time.Duration) (string, error) {
		time.Sleep(d)
		return "in time", nil
	})
	l.failing = dispatch.Func("failing", func(context.Context, time.Duration) (string, error) {
		return "", dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not yet"))
	}, dispatch.WithRetry(dispatch.RetryPolicy{Initial: 40 * time.Minute, Cap: 40 * time.Minute, Jitter: -1}))
	l.undo = dispatch.Func("undo", func(_ context.Context, d time.Duration) (string, error) {
		time.Sleep(d)
		return "undone", nil
	})
	l.parent = dispatch.Func("parent", func(ctx context.Context, d time.Duration) (string, error) {
		s, err := l.leaf.Await(ctx, d)
		if err == nil {
			return s, nil
		}
		undone, uerr := l.undo.Await(context.WithoutCancel(ctx), 10*time.Minute)
		return fmt.Sprint(undone, ": ", ctx.Err(), ": ", err), uerr
	})
	return l
}

func (l *late) options() []dispatch.Option {
	return []dispatch.Option{l.leaf, l.stubborn, l.failing, l.undo, l.parent}
}

// A call ends at its deadline wherever it stands then.
func TestDeadline(t *testing.T) {
	l := newLate()
	for name, c := range map[string]struct {
		f        *dispatch.Function[time.Duration, string]
		in       time.Duration
		want     string // of the function that has the deadline
		err      string
		after    time.Duration
		attempts int
	}{
		"in time":            {l.leaf, 59 * time.Minute, "in time", "", 59 * time.Minute, 1},
		"before it begins":   {l.leaf.With(dispatch.WithDelay(2 * hour)), 0, "", "the deadline of the call has passed: context deadline exceeded", hour, 0},
		"between attempts":   {l.failing, 0, "", "the deadline of the call has passed: context deadline exceeded", hour, 2},
		"running":            {l.leaf, 2 * hour, "", "the deadline of the call has passed: context deadline exceeded", hour, 1},
		"it does not listen": {l.stubborn, 2 * hour, "", "the deadline of the call has passed: context deadline exceeded", hour + time.Second, 1},
		"awaiting":           {l.parent, 2 * hour, "undone: context deadline exceeded: the deadline of the call has passed: context deadline exceeded", "", hour + 10*time.Minute, 1},
		"awaiting in time":   {l.parent, 59 * time.Minute, "in time", "", 59 * time.Minute, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
				w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
					return c.f.With(dispatch.WithLifetime(hour)).Await(ctx, c.in)
				})
				r.Use(append(l.options(), w)...)
				begun := time.Now()
				got, err := dispatchtest.Call(r, w, 0)
				assert.Equal(t, c.after, time.Since(begun))
				if c.err == "" {
					require.NoError(t, err)
				} else {
					require.EqualError(t, err, c.err)
					require.ErrorIs(t, err, context.DeadlineExceeded)
					assert.Equal(t, dispatch.StatusTimeout, dispatch.StatusOf(err))
				}
				assert.Equal(t, c.want, got)
				assert.Len(t, r.Attempts(c.f), c.attempts)
				time.Sleep(3 * hour)
				synctest.Wait()
				allDone(t, r.Dispatcher())
			})
		})
	}
}

// A deadline passes while nothing runs, and a call that has not begun by then never does.
func TestDeadlineWhileDown(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		l := newLate()
		r.Use(l.options()...)
		r.Downtime = 2 * hour
		begun := time.Now()
		at := dispatch.WithDeadline(begun.Add(hour))
		in := 3 * hour
		fresh := dispatchtest.Dispatch(r, l.leaf, in, dispatch.WithDelay(time.Minute), at)
		running := dispatchtest.Dispatch(r, l.leaf, in, at)
		awaiting := dispatchtest.Dispatch(r, l.parent, in, at)
		past := dispatchtest.Dispatch(r, l.leaf, in, dispatch.WithDeadline(begun))
		_, err := dispatchtest.Wait(r, l.leaf, past)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		time.Sleep(time.Second)
		r.Crash()
		for _, id := range []dispatch.ID{fresh, running} {
			_, err := dispatchtest.Wait(r, l.leaf, id)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			c, err := r.Dispatcher().Lookup(context.Background(), id)
			require.NoError(t, err)
			assert.Equal(t, begun.Add(hour), c.Deadline)
		}
		assert.Equal(t, 2*hour+time.Second, time.Since(begun))
		said, err := dispatchtest.Wait(r, l.parent, awaiting)
		if len(r.Attempts(l.parent)) == 1 && err == nil { // it went on from its state
			assert.Equal(t, "undone: context deadline exceeded: the deadline of the call has passed: context deadline exceeded", said)
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Len(t, r.Attempts(l.leaf), 2)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// Over a crash at any step a call with a deadline ends, in time or not.
func TestDeadlineCrashes(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		l := newLate()
		w := dispatch.Func("w", func(ctx context.Context, _ int) ([]bool, error) {
			var missed []bool
			for _, d := range []time.Duration{0, 2 * hour} {
				_, err := l.leaf.With(dispatch.WithLifetime(hour)).Await(ctx, d)
				missed = append(missed, errors.Is(err, context.DeadlineExceeded))
			}
			_, err := l.parent.With(dispatch.WithDeadline(time.Now().Add(hour))).Gather(ctx, []time.Duration{0, 2 * hour})
			return missed, err
		})
		r.Use(append(l.options(), w)...)
		missed, err := dispatchtest.Call(r, w, 0)
		if err != nil { // in a volatile build what was awaiting does not clean up after a crash
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		assert.Equal(t, []bool{false, true}, missed)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}
