package storetest

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

func send(call int64, name, payload, key string) store.Step {
	return store.Step{Send: []store.Event{{Call: call, Name: name, Payload: []byte(payload), Key: key}}}
}

// sent returns the payloads of what is waiting, and the ids.
func sent(t require.TestingT, s store.Reader, call int64, name string) (payloads []string, ids []int64) {
	all, err := s.Sent(ctx, call, name, 1000)
	require.NoError(t, err)
	for _, e := range all {
		payloads, ids = append(payloads, string(e.Payload)), append(ids, e.ID)
	}
	return payloads, ids
}

func waiting(t require.TestingT, s store.Reader, call int64, name string) []string {
	all, _ := sent(t, s, call, name)
	return all
}

// What is sent waits in order, for the call and by the name, once for each key.
func testEvents(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1), ready(s, 2), ready(s, 3))}))
	require.NoError(t, s.Commit(ctx, []store.Step{
		send(1, "a", "1", ""), send(1, "b", "2", ""), {Send: []store.Event{{Call: 1, Name: "a", Payload: []byte("3"), Key: "k"}, {Call: 2, Name: "a", Key: "k"}}},
		send(1, "a", "4", ""), send(1, "c", "again", "k"), {Create: []store.Call{ready(s, 4)}}, send(4, "a", "5", ""),
	}))
	require.NoError(t, s.Commit(ctx, []store.Step{send(1, "a", "again", "k"), send(1, "a", "6", "")}))
	require.NoError(t, s.Close())
	s = open(t, f)
	assert.Equal(t, []string{"1", "3", "4", "6"}, waiting(t, s, 1, "a"))
	assert.Equal(t, []string{"2"}, waiting(t, s, 1, "b"))
	assert.Empty(t, waiting(t, s, 1, "c"))
	assert.Equal(t, []string{""}, waiting(t, s, 2, "a"))
	assert.Equal(t, []string{"5"}, waiting(t, s, 4, "a"))
	two, err := s.Sent(ctx, 1, "a", 2)
	require.NoError(t, err)
	require.Len(t, two, 2)
	got, err := s.SentByKey(ctx, 1, "k")
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now(), got.Sent, time.Minute)
	assert.Empty(t, cmp.Diff(&store.Event{ID: two[1].ID, Call: 1, Name: "a", Key: "k", Payload: []byte("3")}, got, cmpopts.IgnoreFields(store.Event{}, "Sent")))
	for _, key := range []string{"l", ""} {
		_, err = s.SentByKey(ctx, 1, key)
		require.ErrorIs(t, err, store.ErrNotFound)
	}

	// Nothing is sent to a call that is done or does not exist; in the same step and before is in time.
	done := change(store.Change{ID: 3, Phase: store.Done, Status: store.OK})
	require.NoError(t, s.Commit(ctx, []store.Step{send(3, "a", "1", "k"), done}))
	for name, bad := range map[string]store.Step{"done": send(3, "a", "2", ""), "done, and the key was used": send(3, "a", "1", "k"), "no such call": send(99, "a", "", "")} {
		t.Run(name, func(t *testing.T) {
			err := s.Commit(ctx, []store.Step{send(1, "a", "7", ""), bad})
			require.ErrorIs(t, err, store.ErrFinished)
			var e *store.StepError
			require.ErrorAs(t, err, &e)
			require.Equal(t, 1, e.Index)
		})
	}
	var e *store.StepError
	require.ErrorAs(t, s.Commit(ctx, []store.Step{change(store.Change{ID: 2, Phase: store.Done}), send(2, "a", "", "")}), &e)
	require.Equal(t, 1, e.Index)
	require.NoError(t, s.Commit(ctx, []store.Step{send(2, "a", "last", ""), change(store.Change{ID: 2, Phase: store.Done})}))
	assert.Len(t, waiting(t, s, 1, "a"), 4)
}

// What was received is not there until it is returned, or the call begins anew.
func testReceipts(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1), ready(s, 2)), send(1, "a", "1", "k"), send(1, "a", "2", ""), send(1, "a", "3", ""), send(2, "a", "1", "")}))
	_, ids := sent(t, s, 1, "a")
	_, others := sent(t, s, 2, "a")
	take := func(by int64, event int64) store.Step {
		return store.Step{Take: []store.Receipt{{Event: event, Call: 1, By: by}}}
	}
	require.NoError(t, s.Commit(ctx, []store.Step{take(11, ids[0]), take(12, ids[1]), {Take: []store.Receipt{{Event: others[0], Call: 2, By: 21}}}}))
	require.NoError(t, s.Close())
	s = open(t, f)
	assert.Equal(t, []string{"3"}, waiting(t, s, 1, "a"))
	got, err := s.SentByKey(ctx, 1, "k")
	require.NoError(t, err)
	assert.EqualValues(t, 11, got.Taken)

	for name, bad := range map[string]store.Step{"twice": take(13, ids[1]), "of another call": take(13, others[0]), "no such event": take(13, 99)} {
		t.Run(name, func(t *testing.T) {
			err := s.Commit(ctx, []store.Step{take(13, ids[2]), bad})
			require.ErrorIs(t, err, store.ErrFinished)
			var e *store.StepError
			require.ErrorAs(t, err, &e)
			require.Equal(t, 1, e.Index)
		})
	}
	var e *store.StepError
	require.ErrorAs(t, s.Commit(ctx, []store.Step{take(13, ids[2]), take(14, ids[2])}), &e)
	require.Equal(t, 1, e.Index)
	assert.Equal(t, []string{"3"}, waiting(t, s, 1, "a"))

	back := func(call, by int64) store.Step { return store.Step{Return: []store.Receipt{{Call: call, By: by}}} }
	require.NoError(t, s.Commit(ctx, []store.Step{back(1, 12), back(1, 21), back(1, 99), back(1, 0)}))
	assert.Equal(t, []string{"2", "3"}, waiting(t, s, 1, "a"))
	require.NoError(t, s.Commit(ctx, []store.Step{take(12, ids[1]), back(1, 12), take(13, ids[2]), take(14, ids[1])}))
	assert.Empty(t, waiting(t, s, 1, "a"))
	require.NoError(t, s.Commit(ctx, []store.Step{
		change(store.Change{ID: 1, Phase: store.Suspended, First: 11, Width: 1}), change(store.Change{ID: 2, Phase: store.Parked}),
	}))
	assert.Empty(t, waiting(t, s, 1, "a"), "it goes on")
	require.NoError(t, s.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: store.Ready})}))
	assert.Equal(t, []string{"1", "2", "3"}, waiting(t, s, 1, "a"), "it begins anew")
	assert.Empty(t, waiting(t, s, 2, "a"))
	require.NoError(t, s.Commit(ctx, []store.Step{
		take(15, ids[0]), change(store.Change{ID: 1, Phase: store.Ready}), take(16, ids[1]),
		change(store.Change{ID: 2, Phase: store.Ready}, store.Change{ID: 2, Phase: store.Suspended}),
	}))
	assert.Equal(t, []string{"1", "3"}, waiting(t, s, 1, "a"))
	assert.Equal(t, []string{"1"}, waiting(t, s, 2, "a"))

	// What was received before a call was handed over stays so.
	require.NoError(t, s.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: store.Ready, Function: "g"})}))
	require.NoError(t, s.Commit(ctx, []store.Step{take(17, ids[0]), back(1, 16), change(store.Change{ID: 1, Phase: store.Ready})}))
	assert.Equal(t, []string{"1", "3"}, waiting(t, s, 1, "a"))
}

// Whatever is committed, the events are what a list of them would be.
func testEventModel(t *testing.T, factory func(testing.TB) Open) {
	const calls = 3
	rapid.Check(t, func(rt *rapid.T) {
		s, err := factory(t)()
		require.NoError(rt, err)
		defer func() { require.NoError(rt, s.Close()) }()
		var step store.Step
		for id := int64(1); id <= calls; id++ {
			step.Create = append(step.Create, ready(s, id))
		}
		require.NoError(rt, s.Commit(ctx, []store.Step{step}))
		var model []store.Event // with the position as the payload, from 1
		done := make(map[int64]bool)
		for range rapid.IntRange(1, 8).Draw(rt, "commits") {
			ids := make(map[string]int64) // by call and payload; 0 for the waiting ones too
			for call := int64(1); call <= calls; call++ {
				payloads, found := sent(rt, s, call, "e")
				for i := range found {
					ids[fmt.Sprint(call, payloads[i])] = found[i]
				}
			}
			trial := append([]store.Event(nil), model...)
			over := make(map[int64]bool)
			maps.Copy(over, done)
			steps, bad := drawReceipts(rt, &trial, over, ids, calls)
			err := s.Commit(ctx, steps)
			if bad >= 0 {
				var e *store.StepError
				require.ErrorAs(rt, err, &e)
				require.Equal(rt, bad, e.Index)
				continue
			}
			require.NoError(rt, err)
			model, done = trial, over
			for call := int64(1); call <= calls; call++ {
				var want []string
				for _, e := range model {
					if e.Call == call && e.Taken == 0 {
						want = append(want, string(e.Payload))
					}
				}
				require.Equal(rt, want, waiting(rt, s, call, "e"), "call %d", call)
			}
		}
	})
}

// drawReceipts draws steps, applies them to the model and returns the index of the first one that
// must fail, or -1.
func drawReceipts(rt *rapid.T, model *[]store.Event, done map[int64]bool, ids map[string]int64, calls int64) ([]store.Step, int) {
	steps := make([]store.Step, rapid.IntRange(1, 4).Draw(rt, "steps"))
	bad := -1
	fail := func(i int) {
		if bad < 0 {
			bad = i
		}
	}
	giveBack := func(call int64, by func(int64) bool) {
		for j := range *model {
			if e := &(*model)[j]; e.Call == call && e.Taken > 0 && by(e.Taken) {
				e.Taken = 0
			}
		}
	}
	for i := range steps {
		s := &steps[i]
		call := rapid.Int64Range(1, calls).Draw(rt, "call")
		switch rapid.SampledFrom([]string{"send", "send", "take", "take", "return", "hand over", "restart", "done"}).Draw(rt, "what") {
		case "send":
			e := store.Event{Call: call, Name: "e", Key: rapid.SampledFrom([]string{"", "", "k", "l"}).Draw(rt, "key"), Payload: fmt.Append(nil, len(*model)+1)}
			s.Send = append(s.Send, e)
			used := false
			for _, old := range *model {
				used = used || e.Key != "" && old.Call == call && old.Key == e.Key
			}
			switch {
			case done[call]:
				fail(i)
			case !used:
				*model = append(*model, e)
			}
		case "take":
			if len(ids) == 0 {
				continue
			}
			var known []int // of the model
			for j, e := range *model {
				if ids[fmt.Sprint(e.Call, string(e.Payload))] != 0 {
					known = append(known, j)
				}
			}
			if len(known) == 0 {
				continue
			}
			e := &(*model)[rapid.SampledFrom(known).Draw(rt, "event")]
			by := rapid.Int64Range(10, 12).Draw(rt, "by")
			s.Take = append(s.Take, store.Receipt{Event: ids[fmt.Sprint(e.Call, string(e.Payload))], Call: e.Call, By: by})
			if e.Taken != 0 {
				fail(i)
				continue
			}
			e.Taken = by
		case "return":
			by := rapid.Int64Range(10, 12).Draw(rt, "by")
			s.Return = append(s.Return, store.Receipt{Call: call, By: by})
			giveBack(call, func(t int64) bool { return t == by })
		case "hand over":
			s.Change = append(s.Change, store.Change{ID: call, Phase: store.Ready, Function: "g", Input: []byte("1")})
			if done[call] {
				fail(i)
				continue
			}
			for j := range *model {
				if e := &(*model)[j]; e.Call == call && e.Taken > 0 {
					e.Taken = -e.Taken
				}
			}
		default:
			phase := rapid.SampledFrom([]store.Phase{store.Ready, store.Suspended, store.Done}).Draw(rt, "phase")
			s.Change = append(s.Change, store.Change{ID: call, Phase: phase})
			if done[call] {
				fail(i)
				continue
			}
			done[call] = phase == store.Done
			if phase == store.Ready {
				giveBack(call, func(int64) bool { return true })
			}
		}
	}
	return steps, bad
}

// A call that is free becomes that of who adopts it; of others nothing changes.
func testAdopt(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 4)
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 3, Phase: store.Done, Status: store.OK})}))
	require.NoError(t, a.Release(ctx, 2, 3))
	require.NoError(t, b.Adopt(ctx, []int64{1, 2, 3, 99}))
	require.Equal(t, []int64{4}, claim(t, a))
	require.NoError(t, b.Release(ctx, 1, 9))
	require.Equal(t, []int64{2}, claim(t, a))
}

// A process learns to which of its calls something was sent that they have not received.
func testNewsOfEvents(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 6)
	require.NoError(t, a.Release(ctx, 6, 1))
	news := func(s store.Shared) []int64 {
		t.Helper()
		n, err := s.News(ctx)
		require.NoError(t, err)
		return n.Sent
	}
	require.Empty(t, news(a))
	require.NoError(t, b.Commit(ctx, []store.Step{send(1, "a", "", ""), send(1, "b", "", ""), send(2, "a", "", ""), send(3, "a", "", ""), send(6, "a", "", "")}))
	_, ids := sent(t, a, 2, "a")
	require.NoError(t, a.Commit(ctx, []store.Step{
		{Take: []store.Receipt{{Event: ids[0], Call: 2, By: 7}}}, change(store.Change{ID: 3, Phase: store.Done, Status: store.OK}),
	}))
	for range 2 {
		require.Equal(t, []int64{1}, news(a))
		require.Empty(t, news(b))
	}
}

// A parked call that is to be run from its input has all events before it again.
func testRetryReturns(t *testing.T, join Join) {
	s := member(t, join, long)
	made(t, s, 2)
	require.NoError(t, s.Commit(ctx, []store.Step{send(1, "a", "", ""), send(2, "a", "", "")}))
	for id := int64(1); id <= 2; id++ {
		_, ids := sent(t, s, id, "a")
		require.NoError(t, s.Commit(ctx, []store.Step{{Take: []store.Receipt{{Event: ids[0], Call: id, By: 7}}}}))
	}
	require.NoError(t, s.Commit(ctx, []store.Step{change(
		store.Change{ID: 1, Phase: store.Parked, Status: store.Crashed, State: []byte("s")}, store.Change{ID: 2, Phase: store.Parked, Status: store.Crashed},
	)}))
	require.NoError(t, s.Retry(ctx, 1))
	require.NoError(t, s.Retry(ctx, 2))
	assert.Empty(t, waiting(t, s, 1, "a"))
	assert.Len(t, waiting(t, s, 2, "a"), 1)
}

// A process learns which of its calls were told to end.
func testNewsOfEndings(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 5)
	require.NoError(t, a.Release(ctx, 5, 1))
	require.NoError(t, b.Commit(ctx, []store.Step{{Mark: []store.Mark{
		{ID: 1, Ending: store.Canceled}, {ID: 2, Ending: store.Timeout}, {ID: 3, Ending: store.Canceled}, {ID: 5, Ending: store.Canceled},
	}}}))
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 3, Phase: store.Done, Status: store.OK})}))
	for range 2 {
		n, err := a.News(ctx)
		require.NoError(t, err)
		require.ElementsMatch(t, []store.Ending{{ID: 1, Ending: store.Canceled}, {ID: 2, Ending: store.Timeout}}, n.Ended)
		n, err = b.News(ctx)
		require.NoError(t, err)
		require.Empty(t, n.Ended)
	}
}

// A call that has not begun and was told to end is claimed by any process, also before it is due.
func testClaimEnded(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	other := func(id int64) store.Call {
		c := ready(a, id)
		c.Function = "g"
		return c
	}
	later := other(3)
	later.Due = time.Now().Add(time.Hour)
	require.NoError(t, a.Commit(ctx, []store.Step{
		create(other(1), other(2), later, other(4)),
		{Mark: []store.Mark{{ID: 2, Ending: store.Canceled}, {ID: 3, Ending: store.Timeout}, {ID: 4, Ending: store.Canceled}}},
		change(store.Change{ID: 4, Phase: store.Suspended, State: []byte("s")}),
	}))
	require.NoError(t, a.Release(ctx, 1, 4))
	require.Equal(t, []int64{2, 3}, claim(t, b))
}

// Of some functions calls are claimed only if nothing awaits them.
func testClaimOrphans(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	child := func(id, parent int64) store.Call {
		c := ready(a, id)
		c.Parent, c.Root, c.Function = parent, parent, "g"
		return c
	}
	require.NoError(t, a.Commit(ctx, []store.Step{create(ready(a, 1), ready(a, 2)), {
		Create: []store.Call{child(11, 1), child(12, 1), child(13, 2)},
		Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 12, Width: 1}},
	}}))
	require.NoError(t, a.Release(ctx, 1, 13))
	require.Equal(t, []int64{11, 13}, claimed(t, b, store.Claim{Functions: []string{"absent"}, Orphans: []string{"g"}, Limit: 9}))
}
