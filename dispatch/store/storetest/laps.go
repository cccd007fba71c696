package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// What a call has made before it was handed over can be removed while it goes on, with the events that
// it has received; and then what that has made.
func testLaps(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	in := func(id, parent, root int64, lap int) store.Call {
		c := ready(s, id)
		c.Parent, c.Root, c.Lap = parent, root, lap
		return c
	}
	done := func(id int64) store.Change { return store.Change{ID: id, Phase: store.Done, Status: store.OK} }
	hands := func(id int64, hops int) store.Change {
		return store.Change{ID: id, Phase: store.Ready, Function: "f", Input: []byte("1"), Hops: hops}
	}
	sends := func(key string) store.Event { return store.Event{Call: 2, Name: "e", Key: key, Payload: []byte(key)} }
	known := func(key string) bool {
		t.Helper()
		_, err := s.SentByKey(ctx, 2, key)
		if err != nil {
			require.ErrorIs(t, err, store.ErrNotFound)
		}
		return err == nil
	}
	finished := func() (all []string) {
		t.Helper()
		found, err := s.Finished(ctx, 0, 100)
		require.NoError(t, err)
		for _, f := range found {
			all = append(all, fmt.Sprintf("%d of %d: %d, %v", f.ID, f.Root, f.Laps, f.Status))
		}
		return all
	}
	removed := func(ids ...int64) (gone []int64) {
		t.Helper()
		require.NoError(t, s.Commit(ctx, []store.Step{{Delete: ids}}))
		for _, id := range ids {
			if _, err := s.Call(ctx, id); err != nil {
				require.ErrorIs(t, err, store.ErrNotFound)
				gone = append(gone, id)
			}
		}
		return gone
	}
	// Call 2 is handed over, and not the one at the top of its tree.
	require.NoError(t, s.Commit(ctx, []store.Step{
		{Create: []store.Call{in(1, 0, 1, 0), in(2, 1, 1, 0), in(3, 2, 1, 0), in(4, 3, 1, 0), in(5, 2, 1, 0), in(6, 1, 1, 0), in(7, 2, 1, 0)}},
		{Send: []store.Event{sends("a"), sends("b"), sends("c")}},
		change(done(3), done(4), done(5), done(6)),
	}))
	_, events := sent(t, s, 2, "e")
	require.NoError(t, s.Commit(ctx, []store.Step{{Take: []store.Receipt{{Event: events[0], Call: 2, By: 5}}}}))
	assert.Empty(t, finished())
	assert.Empty(t, removed(3, 5, 6), "their parents are not done")

	require.NoError(t, s.Commit(ctx, []store.Step{
		change(hands(2, 1)),
		{Create: []store.Call{in(8, 2, 1, 1)}, Take: []store.Receipt{{Event: events[1], Call: 2, By: 8}}},
		change(done(8)),
	}))
	assert.Equal(t, []string{"3 of 1: 1, none", "5 of 1: 1, none"}, finished(), "of an earlier lap, and done")
	require.NoError(t, s.Commit(ctx, []store.Step{change(hands(2, 2))}))
	assert.Equal(t, []string{"3 of 1: 2, none", "5 of 1: 2, none", "8 of 1: 1, none"}, finished())
	found, err := s.Finished(ctx, 4, 1)
	require.NoError(t, err)
	c, err := s.Call(ctx, 5)
	require.NoError(t, err)
	assert.WithinDuration(t, c.Updated, found[0].Ended, 0)
	assert.WithinDuration(t, c.Created, found[0].Created, 0)

	assert.True(t, known("a") && known("b") && known("c"))
	assert.Equal(t, []int64{3, 5}, removed(3, 5, 6, 7))
	assert.True(t, !known("a") && known("b") && known("c"), "the event that call 5 has received")
	assert.Equal(t, []string{"c"}, waiting(t, s, 2, "e"))
	assert.Equal(t, []string{"4 of 1: 0, none", "8 of 1: 1, none"}, finished())
	found, err = s.Finished(ctx, 0, 1)
	require.NoError(t, err)
	assert.Zero(t, found[0].Ended, "its parent is gone")
	assert.Equal(t, []int64{4}, removed(4))
	require.NoError(t, s.Commit(ctx, []store.Step{{Send: []store.Event{sends("a"), sends("b")}}}))
	assert.Equal(t, []string{"c", "a"}, waiting(t, s, 2, "e"))

	// What still runs of an earlier lap stays until it is done.
	require.NoError(t, s.Commit(ctx, []store.Step{change(done(7))}))
	assert.Equal(t, []string{"7 of 1: 2, none", "8 of 1: 1, none"}, finished())
	// When it has come to its end, so has what its last lap has made; it waits for the end of the tree.
	require.NoError(t, s.Commit(ctx, []store.Step{{Create: []store.Call{in(9, 2, 1, 2)}}, change(done(9), done(2))}))
	assert.Equal(t, []string{"7 of 1: 2, none", "8 of 1: 1, none"}, finished())
	require.NoError(t, s.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: store.Done, Status: store.NotFound})}))
	all := finished()
	for i, id := range []int64{1, 2, 6, 7, 8, 9} {
		assert.Equal(t, fmt.Sprintf("%d of 1: 0, not found", id), all[i])
	}
	assert.Equal(t, []int64{1, 2, 6, 7, 8, 9}, removed(1, 2, 6, 7, 8, 9))
	assert.Empty(t, finished())
	assert.False(t, known("b") || known("c"))
}

// Whatever happens to a tree of calls, what Finished returns and what can be removed is what the laps say.
func testLapModel(t *testing.T, factory func(testing.TB) Open) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := factory(t)()
		require.NoError(rt, err)
		defer func() { require.NoError(rt, s.Close()) }()
		model := map[int64]store.Call{1: ready(s, 1)}
		took := make(map[string]int64) // who has received an event, by its key
		by := make(map[string]int64)   // to whom it was sent
		last := int64(1)
		over := func(id int64) bool { c, ok := model[id]; return !ok || c.Phase == store.Done }
		passed := func(c store.Call) bool { p, ok := model[c.Parent]; return ok && c.Lap < p.Hops }
		require.NoError(rt, s.Commit(ctx, []store.Step{create(model[1])}))
		for range rapid.IntRange(1, 25).Draw(rt, "commits") {
			var ids []int64
			for id := range model {
				ids = append(ids, id)
			}
			if len(ids) == 0 {
				break
			}
			slices.Sort(ids)
			id := rapid.SampledFrom(ids).Draw(rt, "id")
			c := model[id]
			var step store.Step
			what := rapid.SampledFrom([]string{"make", "make", "receive", "hand over", "done", "anew", "remove", "remove"}).Draw(rt, "what")
			if what != "remove" && c.Phase == store.Done {
				continue
			}
			switch what {
			case "make", "receive":
				last++
				child := ready(s, last)
				child.Parent, child.Root, child.Lap = id, 1, c.Hops
				step.Create, model[last] = []store.Call{child}, child
				if what == "receive" {
					key := fmt.Sprint(last)
					require.NoError(rt, s.Commit(ctx, []store.Step{{Send: []store.Event{{Call: id, Name: key, Key: key}}}}))
					_, found := sent(rt, s, id, key)
					step.Take = []store.Receipt{{Event: found[0], Call: id, By: last}}
					took[key], by[key] = last, id
				}
			case "hand over":
				ch := store.Change{ID: id, Phase: store.Ready, Function: "f", Hops: c.Hops + 1}
				step.Change, model[id] = []store.Change{ch}, apply(c, ch)
				for key, to := range by {
					if to == id && took[key] > 0 {
						took[key] = -took[key]
					}
				}
			case "done", "anew":
				ch := store.Change{ID: id, Phase: store.Ready}
				if what == "done" {
					ch.Phase = store.Done
				}
				step.Change, model[id] = []store.Change{ch}, apply(c, ch)
				for key, to := range by {
					if what == "anew" && to == id && took[key] > 0 {
						took[key] = 0
					}
				}
			case "remove":
				step.Delete = rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 1, len(ids), rapid.ID[int64]).Draw(rt, "ids")
				slices.Sort(step.Delete)
				before := make(map[int64]bool)
				for _, id := range step.Delete {
					c := model[id]
					before[id] = c.Phase == store.Done && (over(c.Parent) || passed(c))
				}
				for id := range before {
					if before[id] {
						delete(model, id)
						for key, to := range by {
							if to == id || took[key] == -id {
								delete(by, key)
								delete(took, key)
							}
						}
					}
				}
			}
			require.NoError(rt, s.Commit(ctx, []store.Step{step}))
		}
		var want, got []string
		for id := int64(1); id <= last; id++ {
			c, there := model[id]
			stored, err := s.Call(ctx, id)
			require.Equal(rt, there, err == nil, "call %d: %v", id, err)
			if !there {
				continue
			}
			require.Equal(rt, []int{c.Hops, c.Lap}, []int{stored.Hops, stored.Lap})
			_, up := model[c.Parent]
			switch {
			case c.Phase != store.Done:
			case over(1) && (over(c.Parent) || passed(c)), c.Parent != 0 && !up:
				want = append(want, fmt.Sprint(id, 0))
			case passed(c):
				want = append(want, fmt.Sprint(id, model[c.Parent].Hops-c.Lap))
			}
		}
		found, err := s.Finished(ctx, 0, 1000)
		require.NoError(rt, err)
		for _, f := range found {
			got = append(got, fmt.Sprint(f.ID, f.Laps))
		}
		require.Equal(rt, want, got)
		for id := int64(2); id <= last; id++ {
			key := fmt.Sprint(id)
			for to := int64(1); to <= last; to++ {
				e, err := s.SentByKey(ctx, to, key)
				require.Equal(rt, by[key] == to, err == nil, "event %s of call %d: %v", key, to, err)
				if err == nil {
					require.Equal(rt, took[key], e.Taken)
				}
			}
		}
	})
}

// What a process removes is gone for all, and what another one makes needed meanwhile is not: it cannot, since a
// call that is handed over never goes back.
func testRemoveInFleet(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 1)
	child := func(id int64, lap int) store.Call {
		c := ready(a, id)
		c.Parent, c.Root, c.Lap = 1, 1, lap
		return c
	}
	over := store.Change{ID: 2, Phase: store.Done, Status: store.OK}
	require.NoError(t, a.Commit(ctx, []store.Step{create(child(2, 0)), change(over)}))
	require.NoError(t, b.Commit(ctx, []store.Step{{Delete: []int64{2}}}))
	_, err := b.Call(ctx, 2)
	require.NoError(t, err)
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: store.Ready, Function: "f", Hops: 1}), create(child(3, 1))}))
	over.ID = 3
	require.NoError(t, a.Commit(ctx, []store.Step{change(over)}))
	gone := make(chan error)
	for _, s := range []store.Shared{a, b} {
		go func() { gone <- s.Commit(ctx, []store.Step{{Delete: []int64{2, 3}}}) }()
	}
	for range 2 {
		select {
		case err := <-gone:
			require.NoError(t, err)
		case <-time.After(time.Minute):
			require.Fail(t, "they wait for each other")
		}
	}
	_, err = a.Call(ctx, 2)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = b.Call(ctx, 3)
	require.NoError(t, err)
}
