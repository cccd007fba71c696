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
	"github.com/coroc-dev/coroc/runtime"
)

type payment struct {
	By     string
	Amount int
}

const (
	paid   dispatch.Event[payment] = "paid"
	note   dispatch.Event[string]  = "note"
	closed dispatch.Event[bool]    = "closed"
)

// Over a crash at each step each event is received once, and in order; those that come early wait.
func TestEvents(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		w := dispatch.Func("w", func(ctx context.Context, n int) ([]string, error) {
			var said []string
			for i := range n {
				s, err := note.Await(ctx)
				if err != nil {
					return nil, err
				}
				if said = append(said, s); i == 0 {
					if err := dispatch.Sleep(ctx, hour); err != nil {
						return nil, err
					}
				}
			}
			event := paid // a variable can be kept too
			p, err := event.Await(ctx)
			if err != nil {
				return nil, err
			}
			_, err = closed.Await(ctx)
			return append(said, fmt.Sprint(event, " ", p.By, " ", p.Amount)), err
		})
		r.Use(w)
		id := dispatchtest.Dispatch(r, w, 4)
		require.NoError(t, dispatchtest.Send(r, paid, id, payment{"ann", 7}))
		for i := range 4 {
			require.NoError(t, dispatchtest.Send(r, note, id, fmt.Sprint(i)))
			if i == 1 {
				time.Sleep(2 * hour)
			}
		}
		require.NoError(t, dispatchtest.Send(r, closed, id, true))
		out, err := dispatchtest.Wait(r, w, id)
		require.NoError(t, err)
		assert.Equal(t, []string{"0", "1", "2", "3", "paid ann 7"}, out)
		require.ErrorIs(t, dispatchtest.Send(r, note, id, "late"), dispatch.ErrDone)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// An event against the clock: whichever is recorded first, the event is received once.
func TestEventWithin(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		w := dispatch.Func("w", func(ctx context.Context, n int) ([]string, error) {
			var said []string
			for range n {
				s, err := note.AwaitWithin(ctx, hour)
				switch {
				case errors.Is(err, context.DeadlineExceeded) && dispatch.StatusOf(err) == dispatch.StatusTimeout:
					s = "-"
				case err != nil:
					return nil, err
				}
				said = append(said, s)
			}
			return said, nil
		})
		r.Use(w)
		id := dispatchtest.Dispatch(r, w, 5)
		time.Sleep(hour + hour/2)
		require.NoError(t, dispatchtest.Send(r, note, id, "a"))
		require.NoError(t, dispatchtest.Send(r, note, id, "b"))
		out, err := dispatchtest.Wait(r, w, id)
		require.NoError(t, err)
		if len(r.Attempts(w)) == 1 {
			assert.Equal(t, []string{"-", "a", "b", "-", "-"}, out)
		}
		var got []string
		for _, s := range out {
			if s != "-" {
				got = append(got, s)
			}
		}
		assert.Equal(t, []string{"a", "b"}, got)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// Several events, of one name and of others, with calls.
func TestEventsTogether(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		f := newClocked()
		w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
			all, err := dispatch.AwaitCalls(ctx, dispatch.All, note.Plan(), f.number.Plan(lapse{After: hour}), note.Plan(), paid.Plan())
			if err != nil {
				return "", err
			}
			first, err1 := note.Result(all[0])
			n, err2 := f.number.Result(all[1])
			second, err3 := note.Result(all[2])
			p, err4 := paid.Result(all[3])
			if err := errors.Join(err1, err2, err3, err4); err != nil {
				return "", err
			}
			any, err := dispatch.AwaitCalls(ctx, dispatch.AtLeast(2), note.Plan(), closed.Plan(), note.Plan(), f.number.Plan(lapse{After: hour, Fails: true}))
			if err != nil {
				return "", err
			}
			third, err1 := note.Result(any[0])
			fourth, err2 := note.Result(any[2])
			if _, err := closed.Result(any[1]); !errors.Is(err, dispatch.ErrNotNeeded) {
				return "", errors.New("it was closed")
			}
			return fmt.Sprint(first, n, second, p, third, fourth), errors.Join(err1, err2)
		})
		r.Use(f.number, w)
		id := dispatchtest.Dispatch(r, w, 0)
		for _, s := range []string{"a", "b", "c"} {
			require.NoError(t, dispatchtest.Send(r, note, id, s))
		}
		require.NoError(t, dispatchtest.Send(r, paid, id, payment{"bob", 1}))
		time.Sleep(3 * hour)
		require.NoError(t, dispatchtest.Send(r, note, id, "d"))
		out, err := dispatchtest.Wait(r, w, id)
		require.NoError(t, err)
		assert.Equal(t, "a1b{bob 1}cd", out)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// A function that begins anew receives all events again.
func TestEventsAgain(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
			a, err := note.Await(ctx)
			if err != nil {
				return "", err
			}
			b, err := note.AwaitWithin(ctx, hour)
			if err == nil && dispatch.Attempt(ctx) == 1 {
				err = dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not now"))
			}
			return a + b, err
		}, dispatch.WithRetry(dispatch.RetryPolicy{AfterAwait: true}))
		r.Use(w)
		id := dispatchtest.Dispatch(r, w, 0)
		require.NoError(t, dispatchtest.Send(r, note, id, "a"))
		require.NoError(t, dispatchtest.Send(r, note, id, "b"))
		out, err := dispatchtest.Wait(r, w, id)
		require.NoError(t, err)
		assert.Equal(t, "ab", out)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// What was received before a call was handed over is not received again; what is left goes on to it.
func TestEventsHandedOver(t *testing.T) {
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		last := dispatch.Func("last", func(ctx context.Context, before string) (string, error) {
			s, err := note.Await(ctx)
			if err == nil && dispatch.Attempt(ctx) == 1 {
				err = dispatch.WithStatus(dispatch.StatusTemporaryError, errors.New("not now"))
			}
			return before + s, err
		}, dispatch.WithRetry(dispatch.RetryPolicy{AfterAwait: true}))
		w := dispatch.Func("w", func(ctx context.Context, _ int) (string, error) {
			s, err := note.Await(ctx)
			if err != nil {
				return "", err
			}
			return last.Tail(ctx, s)
		})
		r.Use(w, last)
		id := dispatchtest.Dispatch(r, w, 0)
		require.NoError(t, dispatchtest.Send(r, note, id, "a"))
		require.NoError(t, dispatchtest.Send(r, note, id, "b"))
		out, err := dispatchtest.Wait(r, w, id)
		require.NoError(t, err)
		assert.Equal(t, "ab", out)
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// Who waits for an event can be canceled; one that came before is there for the clean-up.
func TestEventCanceled(t *testing.T) {
	w := dispatch.Func("w", func(ctx context.Context, _ int) (out string, err error) {
		defer func() {
			if errors.Is(err, context.Canceled) {
				out, err = note.AwaitWithin(context.WithoutCancel(ctx), hour)
			}
		}()
		return "", wait(ctx)
	})
	dispatchtest.EachCrash(t, func(t *testing.T, r *dispatchtest.Runner) {
		r.Use(w)
		id := dispatchtest.Dispatch(r, w, 0)
		require.NoError(t, dispatchtest.Send(r, note, id, "a"))
		synctest.Wait() // until it waits
		for r.Dispatcher().Cancel(t.Context(), id) != nil {
			time.Sleep(time.Millisecond) // it crashes
		}
		out, err := dispatchtest.Wait(r, w, id)
		if runtime.Compiled() || r.Crashes() == 0 {
			require.NoError(t, err)
			assert.Equal(t, "a", out)
		} else if err != nil {
			require.ErrorIs(t, err, context.Canceled, "what there was to clean up was lost with the process")
		}
		synctest.Wait()
		allDone(t, r.Dispatcher())
	})
}

// wait waits for what does not come.
func wait(ctx context.Context) error {
	_, err := closed.Await(ctx)
	return err
}

// A key makes a sending one, also when the call is done by then; a call can be found by its own key.
func TestEventKeys(t *testing.T) {
	w := dispatch.Func("w", func(ctx context.Context, n int) (string, error) {
		out := ""
		for range n {
			s, err := note.Await(ctx)
			if err != nil {
				return "", err
			}
			out += s
		}
		return out, nil
	})
	sender := dispatch.Func("sender", func(ctx context.Context, key string) (bool, error) {
		return true, note.SendToKey(ctx, dispatch.DispatcherOf(ctx), key, "f", dispatch.Once(string(dispatch.CallID(ctx))))
	})
	d := begin(t, w, sender)
	ctx := context.Background()
	id, err := w.Dispatch(ctx, 2, dispatch.WithKey("order 7"))
	require.NoError(t, err)
	for range 3 {
		require.NoError(t, note.Send(ctx, d, id, "e", dispatch.Once("k")))
	}
	require.ErrorIs(t, note.Send(ctx, d, id, "x", dispatch.Once("k")), dispatch.ErrEventConflict)
	require.ErrorIs(t, closed.Send(ctx, d, id, true, dispatch.Once("k")), dispatch.ErrEventConflict)
	require.ErrorIs(t, note.SendToKey(ctx, d, "order 8", "x"), dispatch.ErrNoSuchCall)
	require.ErrorIs(t, note.Send(ctx, d, "nonsense-1", "x"), dispatch.ErrNoSuchCall)
	_, err = ask(t, sender, "order 7")
	require.NoError(t, err)
	out, err := w.Wait(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, "ef", out)
	require.NoError(t, note.Send(ctx, d, id, "e", dispatch.Once("k")), "it was sent")
	require.ErrorIs(t, note.Send(ctx, d, id, "e", dispatch.Once("l")), dispatch.ErrDone)
	require.ErrorIs(t, note.Send(ctx, d, id, "x", dispatch.Once("k")), dispatch.ErrEventConflict)

	require.ErrorContains(t, note.Send(ctx, nil, id, "e"), "no dispatcher")
	require.ErrorContains(t, dispatch.Event[string]("").Send(ctx, d, id, "e"), "name is empty")
	require.ErrorContains(t, dispatch.Event[chan int]("c").Send(ctx, d, id, nil), "cannot be stored")
	require.ErrorContains(t, note.Send(ctx, d, id, "\xff"), "UTF-8")
	_, err = note.Await(ctx)
	require.ErrorIs(t, err, dispatch.ErrOutside)
	assert.Nil(t, dispatch.DispatcherOf(ctx))
}
