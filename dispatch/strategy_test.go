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

type lapse struct {
	After time.Duration
	Fails bool
}

// clocked are functions of two types, that take a while.
type clocked struct {
	number *dispatch.Function[lapse, int]
	text   *dispatch.Function[lapse, string]
}

func newClocked() clocked {
	var c clocked
	wait := func(ctx context.Context, in lapse) error {
		if err := dispatch.Sleep(ctx, in.After); err != nil {
			return err
		}
		if in.Fails {
			return errors.New("failed")
		}
		return nil
	}
	c.number = dispatch.Func("number", func(ctx context.Context, in lapse) (int, error) {
		err := dispatch.Sleep(ctx, in.After)
		if err == nil && in.Fails {
			err = errors.New("failed")
		}
		return int(in.After / time.Hour), err
	})
	c.text = dispatch.Func("text", func(ctx context.Context, in lapse) (string, error) {
		err := wait(ctx, in)
		return fmt.Sprint("t", int(in.After/time.Hour)), err
	})
	return c
}

const hour = time.Hour

// Each strategy waits for what it needs, and over a crash at each step gets the same.
func TestStrategies(t *testing.T) {
	for name, c := range map[string]struct {
		strategy dispatch.Strategy
		number   lapse
		text     lapse
		sleep    time.Duration
		want     []string
		after    time.Duration
		first    int
	}{
		"all":                {dispatch.All, lapse{3 * hour, true}, lapse{hour, false}, 2 * hour, []string{"failed", "t1", "slept"}, 3 * hour, 1},
		"race":               {dispatch.Race, lapse{hour, true}, lapse{2 * hour, false}, 3 * hour, []string{"failed", "-", "-"}, hour, 0},
		"any":                {dispatch.Any, lapse{hour, true}, lapse{2 * hour, false}, 3 * hour, []string{"failed", "t2", "-"}, 2 * hour, 1},
		"two":                {dispatch.AtLeast(2), lapse{3 * hour, false}, lapse{hour, true}, 2 * hour, []string{"3", "failed", "slept"}, 3 * hour, 0},
		"two of those":       {dispatch.AtLeast(2), lapse{3 * hour, false}, lapse{hour, false}, 2 * hour, []string{"-", "t1", "slept"}, 2 * hour, 1},
		"three, which fails": {dispatch.AtLeast(3), lapse{3 * hour, false}, lapse{hour, true}, 2 * hour, []string{"-", "failed", "-"}, hour, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
				f := newClocked()
				w := dispatch.Func("w", func(ctx context.Context, begun time.Time) ([]string, error) {
					number, text := f.number.Plan(c.number), f.text.Plan(c.text)
					outcomes, err := dispatch.AwaitCalls(ctx, c.strategy, number, text, dispatch.PlanSleep(time.Now().Add(c.sleep)))
					if err != nil {
						return nil, err
					}
					if first := dispatch.First(outcomes); first != c.first {
						return nil, fmt.Errorf("%d was the first", first)
					}
					if err := dispatch.Sleep(ctx, 10*hour); err != nil { // outcomes can be kept
						return nil, err
					}
					said := []string{"slept", "slept", "slept"}
					for i, o := range outcomes {
						switch err := o.Err(); {
						case errors.Is(err, dispatch.ErrNotNeeded):
							said[i] = "-"
						case err != nil:
							said[i] = err.Error()
						}
					}
					if n, err := f.number.Result(outcomes[0]); err == nil {
						said[0] = fmt.Sprint(n)
					}
					if s, err := f.text.Result(outcomes[1]); err == nil {
						said[1] = s
					}
					return said, nil
				})
				r.Use(f.number, f.text, w)
				begun := time.Now()
				got, err := dispatchtest.Call(r, w, begun)
				require.NoError(t, err)
				assert.Equal(t, c.want, got)
				if len(r.Attempts(w)) == 1 {
					assert.Equal(t, c.after+10*hour, time.Since(begun).Truncate(time.Minute))
				}
				synctest.Wait()
				allDone(t, r.Dispatcher())
			})
		})
	}
}

// The strategies for calls of one function have types.
func TestTypedStrategies(t *testing.T) {
	type seen struct {
		Position, N int
		Err         string
	}
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newClocked()
		w := dispatch.Func("w", func(ctx context.Context, _ int) ([]seen, error) {
			var all []seen
			note := func(i, n int, err error) {
				s := seen{Position: i, N: n}
				if err != nil {
					s.Err = err.Error()
				}
				all = append(all, s)
			}
			ins := []lapse{{3 * hour, false}, {hour, true}, {2 * hour, false}}
			i, n, err := f.number.Any(ctx, ins)
			note(i, n, err)
			i, n, err = f.number.Any(ctx, []lapse{{hour, true}, {2 * hour, true}})
			note(i, n, err)
			var g *dispatch.GatherError
			if !errors.As(err, &g) || len(g.Errors) != 2 {
				return nil, fmt.Errorf("not a GatherError: %w", err)
			}
			i, n, err = f.number.Race(ctx, ins)
			note(i, n, err)
			i, n, err = f.number.Race(ctx, ins[2:])
			note(i, n, err)
			i, n, err = f.number.Any(ctx, nil)
			note(i, n, err)
			i, n, err = f.number.Race(ctx, nil)
			note(i, n, err)
			return all, nil
		})
		r.Use(f.number, f.text, w)
		got, err := dispatchtest.Call(r, w, 0)
		require.NoError(t, err)
		none := seen{-1, 0, "dispatch: 1 of 0 calls cannot be waited for"}
		assert.Equal(t, []seen{{2, 2, ""}, {-1, 0, "2 of 2 calls failed; 0: failed; 1: failed"}, {1, 0, "failed"}, {0, 2, ""}, none, none}, got)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// A call that does not end in time is canceled.
func TestAwaitWithin(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newClocked()
		w := dispatch.Func("w", func(ctx context.Context, d time.Duration) (int, error) {
			return f.number.AwaitWithin(ctx, 2*hour, lapse{After: d})
		})
		r.Use(f.number, f.text, w)
		n, err := dispatchtest.Call(r, w, hour)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		begun := time.Now()
		_, err = dispatchtest.Call(r, w, 3*hour)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, dispatch.StatusTimeout, dispatch.StatusOf(err))
		assert.Equal(t, 2*hour, time.Since(begun))
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// What cannot be waited for is refused before anything is made.
func TestStrategyRefused(t *testing.T) {
	f := newClocked()
	other := dispatch.Func("other", func(context.Context, int) (int, error) { return 0, nil })
	w := dispatch.Func("w", func(ctx context.Context, kind string) (int, error) {
		var err error
		switch kind {
		case "none":
			_, err = dispatch.AwaitCalls(ctx, dispatch.Race)
		case "too many":
			_, err = dispatch.AwaitCalls(ctx, dispatch.AtLeast(2), f.number.Plan(lapse{}))
		case "zero":
			_, err = dispatch.AwaitCalls(ctx, dispatch.All, dispatch.Planned{})
		case "other":
			_, err = dispatch.AwaitCalls(ctx, dispatch.All, other.Plan(1))
		case "nothing":
			_, err = dispatch.AwaitCalls(ctx, dispatch.All)
		}
		return 0, err
	})
	d := begin(t, f.number, f.text, w)
	for kind, want := range map[string]string{"none": "cannot be waited for", "too many": "cannot be waited for", "zero": "not planned", "other": "does not belong", "nothing": ""} {
		_, err := ask(t, w, kind)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, want, kind)
		}
	}
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 5, s.Calls)
	_, err = dispatch.AwaitCalls(context.Background(), dispatch.All)
	require.ErrorIs(t, err, dispatch.ErrOutside)
}
