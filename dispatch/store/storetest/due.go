package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Ready calls are found by their time.
func testDue(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	timed, ok := s.(store.Timed)
	if !ok {
		t.Skip("the store does not find calls by their time")
	}
	at := time.UnixMilli(1_700_000_000_000)
	var all []store.Call
	for id, due := range []time.Time{at.Add(time.Hour), at, {}, at.Add(time.Millisecond), at, at, at.Add(-time.Hour)} {
		c := ready(s, int64(id+1))
		c.Due = due
		all = append(all, c)
	}
	later := store.Change{ID: 6, Phase: store.Suspended, Due: at, First: 1, Width: 1, State: []byte{1}}
	done := store.Change{ID: 5, Phase: store.Done, Status: store.OK}
	require.NoError(t, s.Commit(ctx, []store.Step{create(all...), change(done, later)}))
	due := func(until time.Time, after int64, limit int) []int64 {
		ids, err := timed.Due(ctx, until, after, limit)
		require.NoError(t, err)
		return ids
	}
	assert.Equal(t, []int64{2, 7}, due(at, 0, 10))
	assert.Equal(t, []int64{2, 4, 7}, due(at.Add(time.Millisecond), 0, 10))
	assert.Equal(t, []int64{4}, due(at.Add(time.Minute), 2, 1))
	assert.Equal(t, []int64{1, 2, 4, 7}, due(at.Add(24*time.Hour), 0, 10))
	require.NoError(t, s.Commit(ctx, []store.Step{change(store.Change{ID: 2, Phase: store.Ready, Due: at.Add(time.Minute), Failures: 1})}))
	assert.Equal(t, []int64{7}, due(at, 0, 10))
}
