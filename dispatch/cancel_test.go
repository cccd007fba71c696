//go:build !durable

// In the durable build compiled_test.go runs it.

package dispatch_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/dispatchtest"
	"github.com/coroc-dev/coroc/runtime"
)

// cancelable are workflows that can be canceled where they await.
type cancelable struct {
	begun chan string
	open  chan struct{} // lets slow end

	slow, undo, middle, top *dispatch.Function[string, string]
}

func newCancelable() *cancelable {
	c := &cancelable{begun: make(chan string, 100), open: make(chan struct{})}
	c.slow = dispatch.Func("slow", func(ctx context.Context, in string) (string, error) {
		c.begun <- in
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-c.open:
			return in, nil
		}
	})
	c.undo = dispatch.Func("undo", func(ctx context.Context, in string) (string, error) { return in, ctx.Err() })
	c.middle = dispatch.Func("middle", func(ctx context.Context, in string) (string, error) {
		return c.slow.Await(ctx, in)
	})
	c.top = dispatch.Func("top", func(ctx context.Context, in string) (out string, err error) {
		derived, cancel := context.WithTimeout(ctx, time.Hour)
		defer cancel()
		defer func() {
			if err == nil {
				return
			}
			if _, again := c.undo.Await(derived, "no"); !errors.Is(again, context.Canceled) {
				err = errors.Join(err, errors.New("an await behind the cancel was not refused"))
			}
			clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
			defer cancel()
			undone, uerr := c.undo.Await(clean, in+" undone")
			out, err = undone+", "+err.Error(), uerr
		}()
		return c.middle.Await(derived, in)
	})
	return c
}

func (c *cancelable) options() []dispatch.Option {
	return []dispatch.Option{c.slow, c.undo, c.middle, c.top}
}

// allDone checks that no call is left.
func allDone(t *testing.T, d *dispatch.Dispatcher) {
	t.Helper()
	s, err := d.Stats(context.Background())
	require.NoError(t, err)
	assert.Equal(t, s.Calls, s.Done)
}

// A cancel goes down to what runs; then all go on with an error, and can clean up.
func TestCancelAwaiting(t *testing.T) {
	for _, resident := range []int{0, 10} {
		c := newCancelable()
		d := begin(t, append(c.options(), dispatch.WithResident(resident))...)
		ctx := context.Background()
		id, err := c.top.Dispatch(ctx, "it")
		require.NoError(t, err)
		<-c.begun
		require.NoError(t, d.Cancel(ctx, id))
		out, err := c.top.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, "it undone, context canceled", out)
		allDone(t, d)
		require.NoError(t, d.Cancel(ctx, id), "too late, and no error")
		again, err := c.top.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, out, again)
	}
}

// A call that has not begun ends, also while the dispatcher does not run; who waits gets an error.
func TestCancelReady(t *testing.T) {
	c := newCancelable()
	d, err := dispatch.New(append(c.options(), dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")))...)
	require.NoError(t, err)
	defer d.Close()
	ctx := context.Background()
	id, err := c.top.Dispatch(ctx, "it")
	require.NoError(t, err)
	require.NoError(t, d.Cancel(ctx, id))
	_, err = c.top.Wait(ctx, id)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, dispatch.StatusCanceled, dispatch.StatusOf(err))
	allDone(t, d)
	require.ErrorIs(t, d.Cancel(ctx, "nonsense-1"), dispatch.ErrNoSuchCall)
}

// What a function makes of it is recorded; it is not tried again.
func TestCancelRunning(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want dispatch.Status
	}{
		"a result":       {nil, dispatch.StatusOK},
		"another error":  {dispatch.WithStatus(dispatch.StatusNotFound, errors.New("x")), dispatch.StatusNotFound},
		"its error":      {context.Canceled, dispatch.StatusCanceled},
		"not for good":   {dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("x")), dispatch.StatusCanceled},
		"takes too long": {context.DeadlineExceeded, dispatch.StatusCanceled},
	} {
		t.Run(name, func(t *testing.T) {
			begun := make(chan struct{}, 10)
			f := dispatch.Func("f", func(ctx context.Context, _ int) (int, error) {
				begun <- struct{}{}
				<-ctx.Done()
				return 1, c.err
			}, fast)
			d := begin(t, f)
			ctx := context.Background()
			id, err := f.Dispatch(ctx, 1)
			require.NoError(t, err)
			<-begun
			require.NoError(t, d.Cancel(ctx, id))
			_, err = f.Wait(ctx, id)
			assert.Equal(t, c.want, dispatch.StatusOf(err))
			assert.Empty(t, begun, "it was tried again")
		})
	}
}

// A cancel is not forgotten when all that knew of it is gone.
func TestCancelWhileDown(t *testing.T) {
	store := dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db"))
	ctx := context.Background()
	c := newCancelable()
	d, err := dispatch.New(append(c.options(), store, dispatch.WithGrace(0))...)
	require.NoError(t, err)
	stop := run(t, d)
	id, err := c.top.Dispatch(ctx, "it")
	require.NoError(t, err)
	<-c.begun
	stop()

	d, err = dispatch.New(append(c.options(), store)...)
	require.NoError(t, err)
	require.NoError(t, d.Cancel(ctx, id))
	require.NoError(t, d.Close())

	d, err = dispatch.New(append(c.options(), store)...)
	require.NoError(t, err)
	run(t, d)
	out, err := c.top.Wait(ctx, id)
	if runtime.Compiled() {
		require.NoError(t, err)
		assert.Regexp(t, "^it undone, .*cancel", out)
	} else {
		require.ErrorIs(t, err, context.Canceled, "what there was to clean up was lost with the process")
	}
	allDone(t, d)
	assert.Empty(t, c.begun, "what was canceled ran")
}

// What is awaited with a context that cannot be canceled comes to its own end.
func TestCancelShielded(t *testing.T) {
	c := newCancelable()
	w := dispatch.Func("w", func(ctx context.Context, in string) (string, error) {
		out, err := c.slow.Await(context.WithoutCancel(ctx), in)
		if err != nil {
			return "", err
		}
		if _, err := c.slow.Await(ctx, "never"); !errors.Is(err, context.Canceled) {
			return "", errors.New("not canceled")
		}
		return out, nil
	})
	d := begin(t, append(c.options(), w)...)
	ctx := context.Background()
	id, err := w.Dispatch(ctx, "it")
	require.NoError(t, err)
	<-c.begun
	require.NoError(t, d.Cancel(ctx, id))
	close(c.open)
	out, err := w.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "it", out)
	assert.Empty(t, c.begun)
}

// What a canceled workflow has deferred may await, and goes on over a crash at each step.
func TestCancelCleanUp(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		undo := dispatch.Func("undo", func(ctx context.Context, in string) (string, error) { return in + " undone", ctx.Err() })
		w := dispatch.Func("w", func(ctx context.Context, _ int) (out []string, err error) {
			clean := context.WithoutCancel(ctx)
			defer func() {
				var all []string
				if all, err = undo.Gather(clean, []string{"b", "c"}); err == nil {
					out = append(out, all...)
				}
			}()
			defer func() {
				if !errors.Is(err, context.Canceled) {
					return
				}
				if err = dispatch.Sleep(clean, time.Hour); err != nil {
					return
				}
				var s string
				s, err = undo.Await(clean, "a")
				out = append(out, s)
			}()
			return nil, dispatch.Sleep(ctx, 1000*time.Hour)
		})
		r.Use(undo, w)
		id := dispatchtest.Dispatch(r, w, 0)
		synctest.Wait() // until it sleeps
		for r.Dispatcher().Cancel(t.Context(), id) != nil {
			time.Sleep(time.Millisecond) // it crashes
		}
		out, err := dispatchtest.Wait(r, w, id)
		if runtime.Compiled() || r.Crashes() == 0 {
			require.NoError(t, err)
			assert.Equal(t, []string{"a undone", "b undone", "c undone"}, out)
		} else if err != nil {
			require.ErrorIs(t, err, context.Canceled, "what there was to clean up was lost with the process")
		}
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}
