package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
)

// What a call that awaits again is depends on nothing that it was before, whichever statement stores it.
func TestSuspendedAgain(t *testing.T) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "calls.db"))
	require.NoError(t, err)
	defer s.Close()
	base := store.Call{Incarnation: s.Incarnation(), Function: "f", Input: []byte("1"), Phase: store.Suspended,
		Awaits: 1, Reached: 1, First: 100, Width: 1, State: []byte("old")}
	before := []func(*store.Call){
		func(*store.Call) {},
		func(c *store.Call) { c.Phase, c.Awaits, c.First, c.Width, c.State = store.Ready, 0, 0, 0, nil },
		func(c *store.Call) { c.Phase, c.Due = store.Ready, time.UnixMilli(5) },
		func(c *store.Call) { c.Phase = store.Parked },
		func(c *store.Call) { // it has taken too long, and is tried again from its state
			c.Status, c.Failures, c.Due, c.Error = store.Timeout, 1, time.UnixMilli(5), []byte("late")
		},
		func(c *store.Call) {
			c.Waiting, c.Output, c.Status, c.Failures, c.Error = []byte("{}"), []byte("x"), store.Throttled, 2, []byte("y")
		},
	}
	for i, change := range before {
		c := base
		c.ID = int64(i + 1)
		c.Root = c.ID
		change(&c)
		require.NoError(t, s.Commit(ctx, []store.Step{{Create: []store.Call{c}}}))
		require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{
			{ID: c.ID, Phase: store.Suspended, Attempts: 1, Awaits: 2, Reached: 3, First: 200, Width: 2, State: []byte("new")}}}}))
		got, err := s.Call(ctx, c.ID)
		require.NoError(t, err)
		want := base
		want.ID, want.Root = c.ID, c.Root
		want.Attempts, want.Awaits, want.Reached, want.First, want.Width, want.State = 1, 2, 3, 200, 2, []byte("new")
		assert.Empty(t, cmp.Diff(&want, got, cmpopts.IgnoreFields(store.Call{}, "Created", "Updated")), "case %d", i)
	}
	// One that sleeps wakes.
	child := store.Call{ID: 300, Root: 1, Parent: 1, Incarnation: s.Incarnation(), Function: "f", Phase: store.Ready, Input: []byte("1")}
	change := store.Change{ID: 1, Phase: store.Suspended, Awaits: 2, Reached: 3, First: 300, Width: 1, State: []byte("new")}
	require.NoError(t, s.Commit(ctx, []store.Step{{Create: []store.Call{child}, Change: []store.Change{change}, Sleep: []int64{1}}}))
	asleep, err := s.Asleep(ctx)
	require.NoError(t, err)
	require.True(t, asleep)
	require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{change}}}))
	asleep, err = s.Asleep(ctx)
	require.NoError(t, err)
	assert.False(t, asleep)
	due, err := s.Due(ctx, time.UnixMilli(10), 0, 10)
	require.NoError(t, err)
	assert.Empty(t, due)
	require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 1, Phase: store.Done, Status: store.OK, Attempts: 2, Output: []byte("3")}}}}))
	err = s.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 1, Phase: store.Suspended, Awaits: 3, Reached: 3, First: 300, Width: 1, State: []byte("z")}}}})
	require.ErrorIs(t, err, store.ErrFinished)
}
