package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Notes of attempts are there for the next owner, until the attempts have ended, and come
// and go with the step that they are part of.
func testWatched(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	if _, ok := s.(store.Watcher); !ok {
		require.NoError(t, s.Close())
		t.Skip("the store keeps no notes of attempts")
	}
	watched := func() []store.Watch {
		t.Helper()
		all, err := s.(store.Watcher).Watched(ctx)
		require.NoError(t, err)
		return all
	}
	watch := func(notes ...store.Watch) store.Step { return store.Step{Watch: notes} }
	require.Empty(t, watched())
	require.NoError(t, s.Commit(ctx, []store.Step{
		create(ready(s, 1), ready(s, 2), ready(s, 3)),
		watch(store.Watch{ID: 1, Crashes: 2, Alone: true}, store.Watch{ID: 2, Alone: true}, store.Watch{ID: 3}),
		watch(store.Watch{ID: 2, Kind: store.WatchJoined}, store.Watch{ID: 9, Kind: store.WatchJoined}),
		{Change: []store.Change{{ID: 3, Phase: store.Done}}, Watch: []store.Watch{{ID: 3, Kind: store.WatchEnded}}},
	}))
	want := []store.Watch{{ID: 1, Crashes: 2, Alone: true}, {ID: 2}}
	require.Equal(t, want, watched())
	require.Error(t, s.Commit(ctx, []store.Step{
		watch(store.Watch{ID: 1, Kind: store.WatchEnded}), change(store.Change{ID: 3, Phase: store.Ready}),
	}))
	require.Equal(t, want, watched())
	require.NoError(t, s.Close())
	s = open(t, f)
	require.Equal(t, want, watched())
	require.NoError(t, s.Commit(ctx, []store.Step{watch(store.Watch{ID: 1, Crashes: 3, Kind: store.WatchHeld})}))
	require.Equal(t, []store.Watch{{ID: 1, Crashes: 3, Kind: store.WatchHeld}, {ID: 2}}, watched())
}

func suspects(t testing.TB, s store.Shared, part int) map[int64]store.Claimed {
	t.Helper()
	all, err := s.Claim(ctx, store.Claim{Functions: []string{"f"}, Parked: true, Suspects: part})
	require.NoError(t, err)
	found := make(map[int64]store.Claimed)
	for _, c := range all {
		found[c.ID] = c
	}
	return found
}

// What was noted to run when its process was fenced is claimed apart from the rest, a few at a
// time, and not by all.
func testSuspects(t *testing.T, join Join) {
	a, b, c := member(t, join, brief), member(t, join, long), member(t, join, long)
	made(t, a, 20)
	var begun []store.Watch
	for id := int64(11); id <= 20; id++ {
		begun = append(begun, store.Watch{ID: id})
	}
	require.NoError(t, a.Commit(ctx, []store.Step{
		{Watch: append(begun, store.Watch{ID: 1, Crashes: 3, Alone: true}, store.Watch{ID: 2, Crashes: 3, Alone: true}, store.Watch{ID: 3, Crashes: 1, Kind: store.WatchHeld}, store.Watch{ID: 4})},
		{Watch: []store.Watch{{ID: 2, Kind: store.WatchJoined}, {ID: 4, Kind: store.WatchEnded}, {ID: 9, Kind: store.WatchJoined}}},
	}))
	require.Empty(t, suspects(t, b, 1))
	expire()
	_, err := b.TakeOver(ctx)
	require.NoError(t, err)

	all, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 99})
	require.NoError(t, err)
	require.Len(t, all, 7)
	for i, got := range all {
		require.Equal(t, int64(i+4), got.ID)
		require.True(t, got.Lost)
		require.Zero(t, got.Crashes)
	}
	require.NoError(t, b.Release(ctx, 4, 1))
	all, err = b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 99})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.False(t, all[0].Lost, "someone had no use for it")

	got := suspects(t, b, 1)
	require.Len(t, got, 2)
	require.Equal(t, []int{4, 4}, []int{got[1].Crashes, got[2].Crashes})
	require.True(t, got[1].Alone)
	require.False(t, got[2].Alone)
	require.Empty(t, suspects(t, c, 1), "others have some")
	require.NoError(t, b.Commit(ctx, []store.Step{
		{Watch: []store.Watch{{ID: 1}, {ID: 2, Crashes: 4}}},
		{Watch: []store.Watch{{ID: 1, Kind: store.WatchEnded}, {ID: 2, Kind: store.WatchJoined}}},
	}))
	got = suspects(t, c, 4)
	require.Len(t, got, 2, "a fourth of ten, and of the one that was held")
	for id, s := range got {
		require.Equal(t, 1, s.Crashes)
		require.Contains(t, []int64{3, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, id)
	}
}

// What a process had that has ended in an orderly way was not running.
func testClosedIsNoCrash(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 2)
	require.NoError(t, a.Commit(ctx, []store.Step{{Watch: []store.Watch{{ID: 1}, {ID: 2, Crashes: 1}}}}))
	require.NoError(t, a.Close())
	all, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 9})
	require.NoError(t, err)
	require.Len(t, all, 1)
	require.Equal(t, []any{int64(1), false, 0}, []any{all[0].ID, all[0].Lost, all[0].Crashes})
	require.Equal(t, 1, suspects(t, b, 1)[2].Crashes)
}

// A call that is parked for its crashes is nobody's until it is to be tried again.
func testRetry(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 4)
	require.NoError(t, a.Commit(ctx, []store.Step{change(
		store.Change{ID: 1, Phase: store.Parked, Status: store.Crashed, Failures: 3, Error: []byte("e")},
		store.Change{ID: 2, Phase: store.Parked, Status: store.Crashed, State: []byte("s")},
		store.Change{ID: 3, Phase: store.Parked, Status: store.IncompatibleState, State: []byte("s")},
	)}))
	require.ErrorIs(t, b.Retry(ctx, 3), store.ErrNotFound, "its owner may be running it")
	require.NoError(t, b.Retry(ctx, 1))
	require.NoError(t, a.Release(ctx, 1, 4))
	require.Equal(t, []int64{1, 3, 4}, claim(t, b))
	require.NoError(t, b.Retry(ctx, 2))
	require.ErrorIs(t, b.Retry(ctx, 2), store.ErrNotFound)
	require.ErrorIs(t, b.Retry(ctx, 4), store.ErrNotFound)
	require.ErrorIs(t, b.Retry(ctx, 99), store.ErrNotFound)
	require.Equal(t, []int64{2}, claim(t, a))
	equal(t, b, ready(b, 1), ignoreIncarnation)
	equal(t, b, apply(ready(b, 2), store.Change{Phase: store.Suspended, State: []byte("s")}), ignoreIncarnation)
}
