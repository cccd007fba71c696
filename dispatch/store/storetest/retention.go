package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// What is done can be removed when nothing that is not done refers to it, and its key can be
// used again.
func testFinished(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	made := time.UnixMilli(1_700_000_000_000)
	in := func(id, parent, root int64) store.Call {
		c := ready(s, id)
		c.Parent, c.Root, c.Created = parent, root, made
		return c
	}
	keyed := in(1, 0, 1)
	keyed.Key = "k"
	done := func(id int64, status store.Status) store.Change {
		return store.Change{ID: id, Phase: store.Done, Status: status, Output: []byte("1")}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Create: []store.Call{keyed, in(2, 1, 1), in(3, 2, 1), // a tree that is done
			in(4, 0, 4), in(5, 4, 4), in(6, 5, 4), // the root is not done
			in(7, 0, 7), in(8, 7, 7), in(9, 8, 7), // one in the middle is not
			in(10, 98, 99), // the rest of a tree that was removed
		},
		Change: []store.Change{done(1, store.NotFound), done(2, store.OK), done(3, store.OK), done(5, store.OK), done(6, store.OK),
			done(7, store.OK), done(9, store.OK), done(10, store.OK)},
	}}))
	sent := func(id int64) int {
		events, err := s.Sent(ctx, id, "e", 10)
		require.NoError(t, err)
		return len(events)
	}
	require.NoError(t, s.Commit(ctx, []store.Step{{
		Send: []store.Event{{Call: 4, Name: "e"}, {Call: 8, Name: "e"}},
	}}))
	finished := func(after int64, limit int) (ids []int64) {
		all, err := s.Finished(ctx, after, limit)
		require.NoError(t, err)
		for _, f := range all {
			ids = append(ids, f.ID)
		}
		return ids
	}
	assert.Equal(t, []int64{1, 2, 3, 7, 10}, finished(0, 10))
	assert.Equal(t, []int64{2, 3}, finished(1, 2))
	all, err := s.Finished(ctx, 1, 1)
	require.NoError(t, err)
	root, err := s.Call(ctx, 1)
	require.NoError(t, err)
	assert.WithinDuration(t, root.Updated, all[0].Ended, 0)
	assert.WithinDuration(t, made, all[0].Created, 0)
	all[0].Ended, all[0].Created = time.Time{}, time.Time{}
	assert.Equal(t, store.Finished{ID: 2, Root: 1, Function: "f", Status: store.NotFound}, all[0])
	all, err = s.Finished(ctx, 7, 1)
	require.NoError(t, err)
	assert.Zero(t, all[0].Ended)

	require.NoError(t, s.Commit(ctx, []store.Step{{Delete: []int64{1, 3, 8, 77}}})) // one is not done, one is not there
	assert.Equal(t, 1, sent(8))
	require.NoError(t, s.Commit(ctx, []store.Step{change(done(8, store.OK))}))
	for _, id := range []int64{1, 3} {
		_, err := s.Call(ctx, id)
		assert.ErrorIs(t, err, store.ErrNotFound, "call %d", id)
	}
	_, err = s.ByKey(ctx, "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	assert.Equal(t, []int64{2, 7, 8, 9, 10}, finished(0, 10))
	require.NoError(t, s.Commit(ctx, []store.Step{{Delete: []int64{4, 8}}}))
	assert.Zero(t, sent(8))
	assert.Equal(t, 1, sent(4))
	again := in(11, 0, 11)
	again.Key = "k"
	require.NoError(t, s.Commit(ctx, []store.Step{create(again), {Delete: []int64{1, 2}}}))
	c, err := s.ByKey(ctx, "k")
	require.NoError(t, err)
	assert.Equal(t, int64(11), c.ID)
	n, err := s.CountDone(ctx, 1, 11)
	require.NoError(t, err)
	assert.Equal(t, 5, n) // 5, 6, 7, 9, 10
}
