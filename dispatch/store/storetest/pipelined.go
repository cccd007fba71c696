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

	// Nothing is seen of what has begun; then everything.
	first := begin(create(2), finish(1))
	assert.Equal(t, []int64{1}, there())
	second := begin(create(3))
	require.NoError(t, first.Commit(ctx))
	assert.Equal(t, []int64{1, 2}, there())
	c, err := s.Call(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, store.Done, c.Phase)
	require.NoError(t, second.Commit(ctx))
	assert.Equal(t, []int64{1, 2, 3}, there())

	// What is dropped has not been, and does not get in the way of what comes next.
	begin(create(4), finish(2)).Abort()
	require.NoError(t, s.Commit(ctx, []store.Step{create(4)}))
	require.NoError(t, begin(finish(2)).Commit(ctx))
	assert.Equal(t, []int64{1, 2, 3, 4}, there())

	// A step that cannot be is one for Commit, which says so; nothing of its companions has happened.
	for name, bad := range map[string]store.Step{"done": finish(1), "in use": create(4), "absent": finish(99)} {
		steps := []store.Step{create(5), bad}
		if b := s.Begin(ctx, steps); b != nil {
			require.Error(t, b.Commit(ctx), name)
		}
		var step *store.StepError
		require.ErrorAs(t, s.Commit(ctx, steps), &step, name)
		assert.Equal(t, 1, step.Index, name)
		assert.Equal(t, []int64{1, 2, 3, 4}, there(), name)
	}

	// What follows from a commit that is not over is in order all the same.
	first = begin(create(5))
	steps := []store.Step{finish(5)}
	second = s.Begin(ctx, steps)
	require.NoError(t, first.Commit(ctx))
	if second == nil || second.Commit(ctx) != nil {
		require.NoError(t, s.Commit(ctx, steps))
	}
	c, err = s.Call(ctx, 5)
	require.NoError(t, err)
	assert.Equal(t, store.Done, c.Phase)

	// Of two that change the same call the second one waits for the first.
	first = begin(store.Step{Change: []store.Change{{ID: 3, Phase: store.Suspended, Attempts: 1, State: []byte("a")}}})
	steps = []store.Step{{Change: []store.Change{{ID: 3, Phase: store.Suspended, Attempts: 2, State: []byte("b")}}}}
	begun := make(chan store.Begun, 1)
	go func() { begun <- s.Begin(ctx, steps) }()
	require.NoError(t, first.Commit(ctx))
	if second = <-begun; second == nil || second.Commit(ctx) != nil {
		require.NoError(t, s.Commit(ctx, steps))
	}
	c, err = s.Call(ctx, 3)
	require.NoError(t, err)
	assert.Equal(t, 2, c.Attempts)
	assert.Equal(t, "b", string(c.State))

	// What has to do with others is not begun.
	for name, step := range map[string]store.Step{
		"key":       {Create: []store.Call{{ID: 10, Incarnation: s.Incarnation(), Root: 10, Function: "f", Phase: store.Ready, Key: "k", Input: []byte("1")}}},
		"mark":      {Mark: []store.Mark{{ID: 3, Ending: store.Canceled}}},
		"event":     {Send: []store.Event{{Call: 3, Name: "e"}}},
		"removed":   {Delete: []int64{1}},
		"awake":     {Wake: []int64{3}},
		"hand-over": {Change: []store.Change{{ID: 3, Phase: store.Ready, Function: "g", Input: []byte("1")}}},
	} {
		b := s.Begin(ctx, []store.Step{step})
		assert.Nil(t, b, name)
		if b != nil {
			b.Abort()
		}
	}
}
