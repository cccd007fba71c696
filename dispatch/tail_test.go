//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
	"github.com/coroc-dev/coroc/seal"
)

type laps struct{ Left, Sum int }

// runner is a workflow that hands over to itself, and to another function at its end.
type runner struct {
	lap, undo      *dispatch.Function[int, int]
	run, last, top *dispatch.Function[laps, int]
	mu             sync.Mutex             // since what a kill has left behind runs beside what goes on
	ids            map[string]dispatch.ID // of calls, by what is left
	again          bool                   // another attempt had another id
}

func newRunner() *runner {
	r := &runner{ids: make(map[string]dispatch.ID)}
	id := func(ctx context.Context, key string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		old := r.ids[key]
		r.ids[key] = dispatch.CallID(ctx)
		r.again = r.again || old != "" && old != r.ids[key]
	}
	r.lap = dispatch.Func("lap", func(_ context.Context, n int) (int, error) { return n, nil })
	r.undo = dispatch.Func("undo", func(ctx context.Context, n int) (int, error) {
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(100 * hour):
			return n, nil
		}
	})
	r.run = dispatch.Func("run", func(ctx context.Context, in laps) (_ int, err error) {
		id(ctx, fmt.Sprint(in.Left))
		if _, err := r.undo.Start(ctx, in.Left); err != nil { // it ends with this lap
			return 0, err
		}
		n, err := r.lap.Await(ctx, in.Left)
		if err != nil {
			return 0, err
		}
		if err := dispatch.Sleep(ctx, hour); err != nil {
			return 0, err
		}
		defer func() { // what is deferred may await, and is done before the call is handed over
			if serr := dispatch.Sleep(ctx, hour/2); serr != nil {
				err = serr
			}
		}()
		next := laps{in.Left - 1, in.Sum + n}
		if next.Left == 0 {
			return r.last.Tail(ctx, next)
		}
		return r.run.Tail(ctx, next)
	})
	r.last = dispatch.Func("last", func(ctx context.Context, in laps) (int, error) {
		id(ctx, "last")
		return in.Sum, nil
	})
	r.top = dispatch.Func("top", func(ctx context.Context, in laps) (int, error) {
		n, err := r.run.Await(ctx, in)
		return -n, err
	})
	return r
}

func (r *runner) options() []dispatch.Option {
	return []dispatch.Option{r.lap, r.undo, r.run, r.last, r.top}
}

// A call that is handed over is the same for who waits for it, over a crash at any step.
func TestTail(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newRunner()
		r.Use(f.options()...)
		ctx := context.Background()
		id := dispatchtest.Dispatch(r, f.run, laps{Left: 3}, dispatch.WithPriority(4))
		n, err := dispatchtest.Wait(r, f.run, id)
		require.NoError(t, err)
		assert.Equal(t, 6, n)
		n, err = dispatchtest.Wait(r, f.last, id)
		require.NoError(t, err)
		assert.Equal(t, 6, n)
		synctest.Wait() // for what ends with the call, in which there may be the crash
		c, err := r.Dispatcher().Lookup(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, "last", c.Function)
		assert.Equal(t, 4, c.Priority)
		assert.JSONEq(t, `{"Left":0,"Sum":6}`, string(c.Input))
		f.mu.Lock()
		assert.Equal(t, map[string]dispatch.ID{"3": id, "2": id + ".1", "1": id + ".2", "last": id + ".3"}, f.ids)
		assert.False(t, f.again, "each attempt has the id of the last one")
		f.mu.Unlock()
		other, err := r.Dispatcher().Lookup(ctx, id+".2")
		require.NoError(t, err)
		assert.Equal(t, id, other.ID)

		// Its key is still that of what it was made as.
		same, err := f.run.Dispatch(ctx, laps{Left: 3}, dispatch.WithKey(c.Key))
		require.NoError(t, err)
		assert.Equal(t, id, same)
		for _, in := range []laps{{2, 3}, {0, 6}} {
			_, err = f.run.Dispatch(ctx, in, dispatch.WithKey(c.Key))
			require.ErrorIs(t, err, dispatch.ErrKeyConflict)
		}
		_, err = f.last.Dispatch(ctx, laps{0, 6}, dispatch.WithKey(c.Key))
		require.ErrorIs(t, err, dispatch.ErrKeyConflict)
		allDone(t, r.Dispatcher())
	})
}

// A call that is awaited can be handed over too, and its states are sealed for each time.
func TestTailAwaited(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newRunner()
		s, err := seal.New(seal.Config{Keys: []seal.Key{{ID: 1, Secret: []byte("0123456789abcdefghijklmnopqrstuv")}}})
		require.NoError(t, err)
		r.Use(append(f.options(), dispatch.WithSealer(s))...)
		n, err := dispatchtest.Call(r, f.top, laps{Left: 2})
		require.NoError(t, err)
		assert.Equal(t, -3, n)
		synctest.Wait()
		if len(r.Attempts(f.top)) == 1 {
			c, err := r.Dispatcher().Lookup(context.Background(), r.Attempts(f.last)[0].Call)
			require.NoError(t, err)
			assert.Equal(t, r.Attempts(f.top)[0].Call, c.Parent)
		}
		allDone(t, r.Dispatcher())
	})
}

// A cancel, and the deadline of the call that was made, end a workflow that goes on for ever.
func TestTailEnds(t *testing.T) {
	for _, lifetime := range []bool{false, true} {
		t.Run(fmt.Sprint(lifetime), func(t *testing.T) {
			dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
				f := newRunner()
				r.Use(f.options()...)
				forever := laps{Left: math.MaxInt}
				var opts []dispatch.DispatchOption
				if lifetime {
					opts = append(opts, dispatch.WithLifetime(31*hour))
				}
				begun := time.Now()
				id := dispatchtest.Dispatch(r, f.run, forever, opts...)
				time.Sleep(31*hour - time.Minute)
				c, err := r.Dispatcher().Lookup(context.Background(), id)
				require.NoError(t, err)
				assert.Equal(t, "run", c.Function)
				assert.LessOrEqual(t, c.Awaits, 4)
				want := context.DeadlineExceeded
				if !lifetime {
					time.Sleep(time.Minute)
					require.NoError(t, r.Dispatcher().Cancel(context.Background(), id))
					want = context.Canceled
				}
				_, err = dispatchtest.Wait(r, f.run, id)
				require.ErrorIs(t, err, want)
				assert.Equal(t, 31*hour, time.Since(begun))
				synctest.Wait()
				allDone(t, r.Dispatcher())
			})
		})
	}
}

// What cannot be handed over is an error where it is asked for; and nothing is handed over by a
// function that does not return what it got.
func TestTailRefused(t *testing.T) {
	next := dispatch.Func("next", func(_ context.Context, x float64) (int, error) { return int(x), nil })
	stranger := dispatch.Func("stranger", func(_ context.Context, x float64) (int, error) { return int(x), nil })
	var other error
	w := dispatch.Func("w", func(ctx context.Context, kind string) (int, error) {
		switch kind {
		case "input":
			return next.Tail(ctx, math.NaN())
		case "stranger":
			return stranger.Tail(ctx, 1)
		case "options":
			return next.With(dispatch.WithTimeout(-1)).Tail(ctx, 1)
		case "wrapped":
			n, err := next.Tail(ctx, 5)
			return n, fmt.Errorf("wrapped: %w", err)
		case "dropped":
			_, _ = next.Tail(ctx, 5)
			return 6, nil
		case "another call's":
			return 0, other
		case "fails":
			_, err := next.Tail(ctx, 5)
			other = err
			return 0, errors.New("something else")
		}
		return 0, nil
	})
	begin(t, next, w)
	for _, c := range []struct {
		kind string
		n    int
		err  string
	}{
		{"input", 0, "NaN"}, {"stranger", 0, "does not belong to a dispatcher"}, {"options", 0, "the timeout is negative"},
		{"wrapped", 5, ""}, {"dropped", 6, ""}, {"fails", 0, "something else"}, {"another call's", 0, "is to be handed over"},
	} {
		n, err := ask(t, w, c.kind)
		if c.err == "" {
			require.NoError(t, err, c.kind)
			assert.Equal(t, c.n, n)
		} else {
			require.ErrorContains(t, err, c.err, c.kind)
		}
	}
	_, err := next.Tail(context.Background(), 1)
	require.ErrorIs(t, err, dispatch.ErrOutside)
}
