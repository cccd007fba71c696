package dispatch_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
)

func names(t *testing.T, each func(context.Context, func(dispatch.CallInfo) bool) error) (all []string) {
	t.Helper()
	require.NoError(t, each(t.Context(), func(c dispatch.CallInfo) bool {
		all = append(all, c.Function)
		return true
	}))
	return all
}

// A dispatcher for control only stores what it is told, runs nothing, and gives no id twice.
func TestControlOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.db")
	double := dispatch.Func("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	open := func(opts ...dispatch.Option) *dispatch.Dispatcher {
		d, err := dispatch.New(append(opts, dispatch.WithStore(file))...)
		require.NoError(t, err)
		return d
	}
	d := open(double)
	first, err := double.Dispatch(t.Context(), 1)
	require.NoError(t, err)
	require.NoError(t, d.Close())

	d = open(double, dispatch.WithControlOnly())
	require.ErrorContains(t, d.Run(t.Context()), "for control only")
	second, err := double.Dispatch(t.Context(), 2)
	require.NoError(t, err)
	require.ErrorIs(t, d.Retry(t.Context(), first), dispatch.ErrNotParked)
	require.NoError(t, d.Close())
	d = open(dispatch.WithControlOnly()) // without the function
	require.NoError(t, d.Cancel(t.Context(), first))
	require.NoError(t, d.Close())

	d = open(double)
	run(t, d)
	_, err = double.Wait(t.Context(), first)
	require.Equal(t, dispatch.StatusCanceled, dispatch.StatusOf(err), "%v", err)
	out, err := double.Wait(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, 4, out)
}

// A reader finds calls while another process, or the same one, has the store.
func TestReader(t *testing.T) {
	file := filepath.Join(t.TempDir(), "calls.db")
	later := dispatch.Func("later", func(_ context.Context, n int) (int, error) { return n, nil })
	now := dispatch.Func("now", func(_ context.Context, n int) (int, error) { return n, nil })
	d, err := dispatch.New(later, now, dispatch.WithStore(file))
	require.NoError(t, err)
	run(t, d)
	due := time.Now().Add(time.Hour)
	waits, err := later.Dispatch(t.Context(), 7, dispatch.WithStart(due), dispatch.WithKey("seven"))
	require.NoError(t, err)
	done, err := now.Dispatch(t.Context(), 8)
	require.NoError(t, err)
	_, err = now.Wait(t.Context(), done)
	require.NoError(t, err)

	r, err := dispatch.OpenReader(file)
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, []string{"later", "now"}, names(t, r.Calls))
	require.Equal(t, []string{"later"}, names(t, r.Unfinished))
	for _, find := range []func() (dispatch.CallInfo, error){
		func() (dispatch.CallInfo, error) { return r.Lookup(t.Context(), waits) },
		func() (dispatch.CallInfo, error) { return r.LookupKey(t.Context(), "seven") },
	} {
		info, err := find()
		require.NoError(t, err)
		require.Equal(t, waits, info.ID)
		require.Equal(t, "7", string(info.Input))
		require.WithinDuration(t, due, info.Due, time.Millisecond)
	}
	for _, id := range []dispatch.ID{"", "nonsense", "nonsense-1", waits + "0"} {
		_, err = r.Lookup(t.Context(), id)
		require.ErrorIs(t, err, dispatch.ErrNoSuchCall, "%q", id)
	}
	_, err = r.LookupKey(t.Context(), "eight")
	require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
	state, err := r.State(t.Context(), waits)
	require.NoError(t, err)
	require.Nil(t, state)
	require.NoError(t, r.Awaited(t.Context(), waits, func(dispatch.CallInfo) bool {
		t.Error("it awaits nothing")
		return false
	}))
}
