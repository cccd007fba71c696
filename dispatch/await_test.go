//go:build !durable

// coroc does not compile the tests of this module's library, so this file is of the volatile
// build here; compiled_test.go runs it in the durable build.

package dispatch_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/dispatch"
)

func TestAwait(t *testing.T) {
	var ids []dispatch.ID
	inc := dispatch.Func("inc", func(ctx context.Context, n int) (int, error) {
		ids = append(ids, dispatch.CallID(ctx))
		return n + 1, nil
	})
	w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
		for range 10 {
			var err error
			if n, err = inc.Await(ctx, n); err != nil {
				return 0, err
			}
		}
		return n, nil
	})
	d := begin(t, inc, w)
	out, err := ask(t, w, 5)
	require.NoError(t, err)
	assert.Equal(t, 15, out)
	assert.Len(t, ids, 10)
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, 11, s.OK)
	assert.EqualValues(t, 10, s.Functions["inc"].OK)
	assert.Zero(t, s.Retries)
	assert.Zero(t, s.StateBytes)
}

// A coroutine that a function runs is not the function: its stack would not be stored.
func TestAwaitInCoroutine(t *testing.T) {
	inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })
	w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
		var failures []error
		c := coroutine.New[int, int](func() {
			_, err := inc.Await(ctx, n)
			coroutine.Yield[int, int](1)
			_, gerr := inc.Gather(ctx, []int{n})
			failures = append(failures, err, gerr)
		})
		for c.Next() {
		}
		for _, err := range failures {
			if !errors.Is(err, dispatch.ErrOutside) {
				return 0, err
			}
		}
		return inc.Await(ctx, len(failures))
	})
	begin(t, inc, w)
	out, err := ask(t, w, 5)
	require.NoError(t, err)
	assert.Equal(t, 3, out)
}

// A function may await itself: one that is suspended takes up no place.
func TestRecursion(t *testing.T) {
	var fib *dispatch.Function[int, int]
	fib = dispatch.Func("fib", func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		two, err := fib.Gather(ctx, []int{n - 1, n - 2})
		if err != nil {
			return 0, err
		}
		return two[0] + two[1], nil
	}, dispatch.WithConcurrency(1))
	begin(t, fib)
	out, err := ask(t, fib, 12)
	require.NoError(t, err)
	assert.Equal(t, 144, out)
}

var errOdd = errors.New("odd")

// Gather gives all results and all errors by position.
func TestGather(t *testing.T) {
	half := dispatch.Func("half", func(_ context.Context, n int) (int, error) {
		if n%2 != 0 {
			return 0, fmt.Errorf("half of %d: %w", n, errOdd)
		}
		return n / 2, nil
	})
	type result struct {
		Outs []int
		Errs []string
		Is   bool
	}
	w := dispatch.Func("w", func(ctx context.Context, ns []int) (result, error) {
		outs, err := half.Gather(ctx, ns)
		var g *dispatch.GatherError
		if errors.As(err, &g) {
			r := result{Outs: outs, Is: errors.Is(err, errOdd)}
			for _, err := range g.Errors {
				r.Errs = append(r.Errs, fmt.Sprint(err))
			}
			return r, nil
		}
		return result{Outs: outs}, err
	})
	begin(t, half, w)
	r, err := ask(t, w, []int{4, 3, 8, 5})
	require.NoError(t, err)
	assert.Equal(t, result{[]int{2, 0, 4, 0}, []string{"<nil>", "half of 3: odd", "<nil>", "half of 5: odd"}, true}, r)
	r, err = ask(t, w, []int{})
	require.NoError(t, err)
	assert.Equal(t, result{Outs: []int{}}, r)
}

func TestGatherMany(t *testing.T) {
	const n = 10_000
	inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })
	w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
		ins := make([]int, n)
		for i := range ins {
			ins[i] = i
		}
		outs, err := inc.Gather(ctx, ins)
		if err != nil {
			return 0, err
		}
		for i, out := range outs {
			if out != i+1 {
				return 0, fmt.Errorf("%d gave %d", i, out)
			}
		}
		return len(outs), nil
	})
	d := begin(t, inc, w)
	out, err := ask(t, w, n)
	require.NoError(t, err)
	assert.Equal(t, n, out)
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.EqualValues(t, n, s.Functions["inc"].OK)
}

// After it has awaited, a function that fails for now is not run again, unless it says so.
func TestRestartAfterAwait(t *testing.T) {
	for _, after := range []bool{false, true} {
		t.Run(fmt.Sprint(after), func(t *testing.T) {
			var runs atomic.Int32
			inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })
			w := dispatch.Func("w", func(ctx context.Context, n int) (int, error) {
				first := runs.Add(1) == 1
				n, err := inc.Await(ctx, n)
				if err == nil && first {
					err = dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not now"))
				}
				return n, err
			}, dispatch.WithRetry(dispatch.RetryPolicy{Initial: time.Millisecond, AfterAwait: after}))
			begin(t, inc, w)
			out, err := ask(t, w, 1)
			if after {
				require.NoError(t, err)
				assert.Equal(t, 2, out)
				assert.EqualValues(t, 2, runs.Load())
			} else {
				require.EqualError(t, err, "not now")
				assert.EqualValues(t, 1, runs.Load())
			}
		})
	}
}

// Misuse of Await is an error, not a deadlock.
func TestAwaitRefuses(t *testing.T) {
	inc := dispatch.Func("inc", func(_ context.Context, n int) (int, error) { return n + 1, nil })
	other := dispatch.Func("other", func(_ context.Context, n int) (int, error) { return n, nil })
	type bad struct{ F float64 }
	takesBad := dispatch.Func("takesBad", func(_ context.Context, b bad) (int, error) { return 0, nil })
	w := dispatch.Func("w", func(ctx context.Context, n int) ([]string, error) {
		var errs []string
		add := func(_ int, err error) { errs = append(errs, fmt.Sprint(err)) }
		add(inc.Await(context.Background(), 1))
		add(other.Await(ctx, 1))
		add(takesBad.Await(ctx, bad{zero() / zero()}))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		add(inc.Await(gone, 1))
		add(inc.Await(ctx, 1))
		return errs, nil
	})
	begin(t, inc, takesBad, w)
	errs, err := ask(t, w, 1)
	require.NoError(t, err)
	require.Len(t, errs, 5)
	assert.Contains(t, errs[0], "await outside of a call")
	assert.Contains(t, errs[1], "does not belong to a dispatcher")
	assert.Contains(t, errs[2], "NaN")
	assert.Equal(t, "context canceled", errs[3])
	assert.Equal(t, "<nil>", errs[4])
}

func zero() float64 { return 0 }
