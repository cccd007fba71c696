package dispatch_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Calls go when they are old, and keys with them.
func TestRetention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := dispatch.Func("f", func(_ context.Context, i int) (int, error) { return i, nil })
		d, err := dispatch.New(f, dispatch.WithStoreFrom(memory.New()), dispatch.WithRetention(dispatch.Retention{Age: time.Hour}))
		require.NoError(t, err)
		defer run(t, d)()
		id, err := f.Dispatch(t.Context(), 1, dispatch.WithKey("k"))
		require.NoError(t, err)
		_, err = f.Wait(t.Context(), id)
		require.NoError(t, err)
		time.Sleep(50 * time.Minute)
		same, err := f.Dispatch(t.Context(), 1, dispatch.WithKey("k"))
		require.NoError(t, err)
		assert.Equal(t, id, same)
		time.Sleep(20 * time.Minute)
		_, err = f.Wait(t.Context(), id)
		require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
		other, err := f.Dispatch(t.Context(), 2, dispatch.WithKey("k"))
		require.NoError(t, err)
		assert.NotEqual(t, id, other)
	})
}

// What is left of a workflow that has gone is shown, with all else.
func TestParentRemoved(t *testing.T) {
	m := memory.New()
	s, err := m.Open(t.Context())
	require.NoError(t, err)
	call := func(id, parent int64) store.Call {
		return store.Call{ID: id, Incarnation: s.Incarnation(), Parent: parent, Root: 1, Function: "f", Phase: store.Done, Status: store.OK}
	}
	require.NoError(t, s.Commit(t.Context(), []store.Step{{Create: []store.Call{call(1, 0), call(2, 1), call(3, 2)}}, {Delete: []int64{1}}}))
	require.NoError(t, s.Close())
	r, err := dispatch.OpenReaderFrom(t.Context(), m)
	require.NoError(t, err)
	defer r.Close()
	var all []dispatch.CallInfo
	require.NoError(t, r.Calls(t.Context(), func(c dispatch.CallInfo) bool {
		all = append(all, c)
		return true
	}))
	require.Len(t, all, 2)
	assert.Empty(t, all[0].Parent)
	assert.Equal(t, all[0].ID, all[1].Parent)
	info, err := r.Lookup(t.Context(), all[0].ID)
	require.NoError(t, err)
	assert.Empty(t, info.Parent)
}

func TestRetentionRefused(t *testing.T) {
	for _, r := range []dispatch.Retention{{}, {Age: -1}, {Age: 1, Count: -1}} {
		_, err := dispatch.New(dispatch.WithStoreFrom(memory.New()), dispatch.WithRetention(r))
		assert.EqualError(t, err, "dispatch: retention: a rule needs an age or a count, and neither may be negative")
	}
}
