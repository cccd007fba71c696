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
