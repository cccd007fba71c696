//go:build !durable

package workflows

import (
	"context"
	"errors"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
)

// Functions are those of one dispatcher.
type Functions struct {
	Step     *dispatch.Function[int, int] // returns the number behind its input
	Later    *dispatch.Function[int, int] // fails, and is tried again after a day
	Sequence *dispatch.Function[int, int] // awaits as many steps, one after the other: without effects of its own, one commit a step
	Recorded *dispatch.Function[int, int] // does so too, but each result is recorded first: two commits a step
	Fan      *dispatch.Function[int, int] // gathers as many steps
	Wait     *dispatch.Function[int, int] // awaits Later
	Listen   *dispatch.Function[int, int] // waits for as many events, one after the other
	Pass     func(int)                    // called by each step, and with each event, if it is not nil
}

// Go is what Listen waits for.
const Go dispatch.Event[int] = "go"

// New returns functions that belong to no dispatcher.
func New() *Functions {
	f := &Functions{}
	f.Step = dispatch.Func("step", func(_ context.Context, i int) (int, error) {
		if f.Pass != nil {
			f.Pass(i)
		}
		return i + 1, nil
	})
	f.Later = dispatch.Func("later", func(context.Context, int) (int, error) {
		return 0, dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("later"))
	}, dispatch.WithRetry(dispatch.RetryPolicy{Initial: 24 * time.Hour, Cap: 24 * time.Hour}),
		dispatch.WithBreaker(dispatch.Breaker{}), dispatch.WithAdaptation(false)) // all of them are to fail
	sequence := func(ctx context.Context, n int) (int, error) {
		i := 0
		for i < n {
			next, err := f.Step.Await(ctx, i)
			if err != nil {
				return 0, err
			}
			i = next
		}
		return i, nil
	}
	f.Sequence = dispatch.Func("sequence", sequence)
	f.Recorded = dispatch.Func("recorded", sequence, dispatch.WithEager(false))
	f.Fan = dispatch.Func("fan", func(ctx context.Context, n int) (int, error) {
		outs, err := f.Step.Gather(ctx, make([]int, n))
		if err != nil {
			return 0, err
		}
		sum := 0
		for _, out := range outs {
			sum += out
		}
		return sum, nil
	})
	f.Wait = dispatch.Func("wait", func(ctx context.Context, n int) (int, error) {
		return f.Later.Await(ctx, n)
	})
	f.Listen = dispatch.Func("listen", func(ctx context.Context, n int) (int, error) {
		for range n {
			i, err := Go.Await(ctx)
			if err != nil {
				return 0, err
			}
			if f.Pass != nil {
				f.Pass(i)
			}
		}
		return n, nil
	})
	return f
}

// Options are all of them.
func (f *Functions) Options() []dispatch.Option {
	return []dispatch.Option{f.Step, f.Later, f.Sequence, f.Recorded, f.Fan, f.Wait, f.Listen}
}
