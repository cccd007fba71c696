package dispatch_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
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

// counted counts what its readers are asked.
type counted struct {
	*memory.Memory
	n int
}

func (a *counted) OpenReader(ctx context.Context) (store.Reader, error) {
	r, err := a.Memory.OpenReader(ctx)
	return counting{r, &a.n}, err
}

type counting struct {
	store.Reader
	n *int
}

func (c counting) Call(ctx context.Context, id int64) (*store.Call, error) {
	*c.n++
	return c.Reader.Call(ctx, id)
}

func (c counting) Calls(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	*c.n++
	return c.Reader.Calls(ctx, after, limit)
}

func (c counting) IncarnationName(ctx context.Context, n int64) (string, error) {
	*c.n++
	return c.Reader.IncarnationName(ctx, n)
}

func (c counting) Incarnations(ctx context.Context, ids []int64) (map[int64]int64, error) {
	*c.n++
	return c.Reader.Incarnations(ctx, ids)
}

// What made a call is not asked for call by call.
func TestReaderAsksByPage(t *testing.T) {
	const n = 1000
	m := memory.New()
	s, err := m.Open(t.Context())
	require.NoError(t, err)
	var step store.Step
	for id := int64(1); id <= 2*n; id++ {
		step.Create = append(step.Create, store.Call{
			ID: id, Incarnation: s.Incarnation(), Parent: max(id-n, 0), Root: max(id-n, 0), Function: "f", Phase: store.Ready,
		})
	}
	require.NoError(t, s.Commit(t.Context(), []store.Step{step}))
	require.NoError(t, s.Close())
	a := &counted{Memory: m}
	r, err := dispatch.OpenReaderFrom(t.Context(), a)
	require.NoError(t, err)
	defer r.Close()
	var ids []dispatch.ID
	require.NoError(t, r.Calls(t.Context(), func(c dispatch.CallInfo) bool {
		ids = append(ids, c.ID)
		if len(ids) > n {
			assert.Equal(t, ids[len(ids)-1-n], c.Parent)
		} else {
			assert.Empty(t, c.Parent)
		}
		return true
	}))
	assert.Len(t, ids, 2*n)
	assert.Less(t, a.n, n/20)
}
