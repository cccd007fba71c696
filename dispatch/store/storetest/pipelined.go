package storetest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// testPipelined is for a store that is [store.Pipelined].
func testPipelined(t *testing.T, factory func(testing.TB) Open) {
	reopen := factory(t)
	s, ok := open(t, reopen).(store.Pipelined)
	if !ok {
		t.Skip("this store does one commit after the other")
	}
	create := func(id int64) store.Step {
		return store.Step{Create: []store.Call{{ID: id, Incarnation: s.Incarnation(), Root: id, Function: "f", Phase: store.Ready, Input: []byte("1")}}}
	}
	finish := func(id int64) store.Step {
		return store.Step{Change: []store.Change{{ID: id, Phase: store.Done, Status: store.OK, Output: []byte("2")}}}
	}
	there := func() (ids []int64) {
		t.Helper()
		all, err := s.Calls(ctx, 0, 100)
		require.NoError(t, err)
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		return ids
	}
	begin := func(steps ...store.Step) store.Begun {
		t.Helper()
		b := s.Begin(ctx, steps)
		require.NotNil(t, b)
		return b
	}
	require.NoError(t, s.Commit(ctx, []store.Step{create(1)}))

	// What has begun is there when that has been waited for, in the order in which it was begun.
	first := begin(create(2), finish(1))
	second := begin(create(3))
	require.NoError(t, first.Wait())
	assert.Subset(t, there(), []int64{1, 2})
	c, err := s.Call(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, store.Done, c.Phase)
	third := begin(create(4))
	require.NoError(t, second.Wait())
	assert.Subset(t, there(), []int64{1, 2, 3})
	require.NoError(t, third.Wait())
	assert.Equal(t, []int64{1, 2, 3, 4}, there())

	// A commit and one that begins take turns.
	require.NoError(t, s.Commit(ctx, []store.Step{finish(2)}))
	require.NoError(t, begin(finish(3)).Wait())

	// A step that cannot be is one for Commit, which says so; nothing of its companions has happened, and what was begun before
	// it has.
	id := int64(5)
	for name, bad := range map[string]store.Step{"done": finish(1), "in use": create(4), "absent": finish(99)} {
		before := begin(create(id))
		steps := []store.Step{create(id + 1), bad}
		b := s.Begin(ctx, steps)
		require.NoError(t, before.Wait(), name)
		if b != nil {
			require.Error(t, b.Wait(), name)
		}
		var step *store.StepError
		require.ErrorAs(t, s.Commit(ctx, steps), &step, name)
		assert.Equal(t, 1, step.Index, name)
		all := there()
		assert.Equal(t, id, all[len(all)-1], name)
		id++
	}

	// What follows from a commit that is not over is in order all the same.
	first = begin(create(id))
	steps := []store.Step{finish(id)}
	second = s.Begin(ctx, steps)
	require.NoError(t, first.Wait())
	if second == nil || second.Wait() != nil {
		require.NoError(t, s.Commit(ctx, steps))
	}
	c, err = s.Call(ctx, id)
	require.NoError(t, err)
	assert.Equal(t, store.Done, c.Phase)

	// Of two that change the same call the second one waits for the first.
	first = begin(store.Step{Change: []store.Change{{ID: 4, Phase: store.Suspended, Attempts: 1, State: []byte("a")}}})
	steps = []store.Step{{Change: []store.Change{{ID: 4, Phase: store.Suspended, Attempts: 2, State: []byte("b")}}}}
	begun := make(chan store.Begun, 1)
	go func() { begun <- s.Begin(ctx, steps) }()
	require.NoError(t, first.Wait())
	if second = <-begun; second == nil || second.Wait() != nil {
		require.NoError(t, s.Commit(ctx, steps))
	}
	c, err = s.Call(ctx, 4)
	require.NoError(t, err)
	assert.Equal(t, 2, c.Attempts)
	assert.Equal(t, "b", string(c.State))

	// What has to do with others is not begun.
	for name, step := range map[string]store.Step{
		"key":       {Create: []store.Call{{ID: 20, Incarnation: s.Incarnation(), Root: 20, Function: "f", Phase: store.Ready, Key: "k", Input: []byte("1")}}},
		"mark":      {Mark: []store.Mark{{ID: 4, Ending: store.Canceled}}},
		"event":     {Send: []store.Event{{Call: 4, Name: "e"}}},
		"removed":   {Delete: []int64{1}},
		"awake":     {Wake: []int64{4}},
		"hand-over": {Change: []store.Change{{ID: 4, Phase: store.Ready, Function: "g", Input: []byte("1")}}},
	} {
		assert.Nil(t, s.Begin(ctx, []store.Step{step}), name)
	}
}
