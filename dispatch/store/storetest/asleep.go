package storetest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Calls sleep for which there is nothing to be done, until something happens to them.
func testAsleep(t *testing.T, factory func(testing.TB) Open) {
	if _, ok := open(t, factory(t)).(store.Timed); !ok {
		t.Skip("calls do not sleep in the store")
	}
	at := time.UnixMilli(1_700_000_000_000)
	sleep := store.Step{Sleep: []int64{1, 2, 3, 4}}
	for name, test := range map[string]struct {
		before  store.Step // that is stored before, and not without effect
		after   store.Step // or after
		asleep  []int64
		endures bool // also if it is stored before
	}{
		"as they are":                {asleep: []int64{1, 2, 3, 4}},
		"one is told to end":         {after: store.Step{Mark: []store.Mark{{ID: 1, Ending: store.Canceled}}}, asleep: []int64{2, 3, 4}, endures: true},
		"an event is sent":           {after: store.Step{Send: []store.Event{{Call: 1, Name: "e"}}}, asleep: []int64{2, 3, 4}, endures: true},
		"one of two that it awaits":  {after: change(store.Change{ID: 2, Phase: store.Done, Status: store.OK}), asleep: []int64{1, 3, 4}, endures: true},
		"… with a step that says so": {after: store.Step{Change: []store.Change{{ID: 2, Phase: store.Done, Status: store.OK}}, Wake: []int64{1, 7}}, asleep: []int64{3, 4}},
		"a call is changed":          {after: change(store.Change{ID: 4, Phase: store.Ready, Failures: 1, Due: at}), asleep: []int64{1, 2, 3}},
		"… and its state is kept":    {after: change(store.Change{ID: 1, Phase: store.Suspended, First: 2, Width: 2, KeepState: true}), asleep: []int64{2, 3, 4}},
		"… and parked":               {after: change(store.Change{ID: 1, Phase: store.Parked, First: 2, Width: 2, KeepState: true}), asleep: []int64{2, 3, 4}, endures: true},
		"all that it awaits is done": {before: change(store.Change{ID: 2, Phase: store.Done, Status: store.OK}, store.Change{ID: 3, Phase: store.Done, Status: store.OK}), asleep: []int64{4}},
		"an event was sent":          {before: store.Step{Send: []store.Event{{Call: 4, Name: "e"}}}, asleep: []int64{1, 2, 3}},
		"it is woken before":         {before: store.Step{Wake: []int64{1}}, asleep: []int64{1, 2, 3, 4}},
		"one has a deadline":         {before: create(store.Call{ID: 5, Root: 5, Function: "f", Phase: store.Ready, Deadline: at}), asleep: []int64{1, 2, 3, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, apart := range []bool{false, true} {
				for _, first := range []bool{false, true} {
					if first && !test.endures {
						continue
					}
					f := factory(t)
					s, err := f()
					require.NoError(t, err)
					p, x, y, later := ready(s, 1), ready(s, 2), ready(s, 3), ready(s, 4)
					p.Phase, p.First, p.Width, p.State = store.Suspended, 2, 2, []byte{1}
					x.Parent, x.Root, x.Due = 1, 1, at
					y.Parent, y.Root = 1, 1
					later.Due = at
					steps := []store.Step{create(p, x, y, later), test.before, sleep, test.after}
					if first {
						steps[2], steps[3] = steps[3], steps[2]
					}
					if steps[2].Sleep != nil && len(steps[1].Create) > 0 {
						steps[2].Sleep = append([]int64{5, 6}, steps[2].Sleep...)
					}
					if apart {
						for _, step := range steps {
							require.NoError(t, s.Commit(ctx, []store.Step{step}))
						}
					} else {
						require.NoError(t, s.Commit(ctx, steps))
					}
					require.NoError(t, s.Close())
					s, err = f()
					require.NoError(t, err)
					timed := s.(store.Timed)
					all, err := s.Unfinished(ctx, 0, 10)
					require.NoError(t, err)
					awake, err := timed.Awake(ctx, 0, 10)
					require.NoError(t, err)
					var asleep, ids, paged []int64
					for i := range all {
						ids = append(ids, all[i].ID)
						if len(awake) > 0 && awake[0].ID == all[i].ID {
							assert.Equal(t, all[i], awake[0])
							awake = awake[1:]
						} else {
							asleep = append(asleep, all[i].ID)
						}
					}
					assert.Empty(t, awake)
					assert.Equal(t, test.asleep, asleep, "apart: %v, first: %v", apart, first)
					some, err := timed.Asleep(ctx)
					require.NoError(t, err)
					assert.Equal(t, len(asleep) > 0, some)
					for after := int64(0); ; {
						page, err := s.Unfinished(ctx, after, 1)
						require.NoError(t, err)
						if len(page) == 0 {
							break
						}
						after = page[0].ID
						paged = append(paged, after)
					}
					assert.Equal(t, ids, paged)
					require.NoError(t, s.Close())
				}
			}
		})
	}
}

// Calls that sleep belong to nobody, and are not claimed before they wake.
func testAsleepFree(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	soon := time.Now().Add(30 * time.Second)
	p, x, y, later := ready(a, 1), ready(a, 2), ready(a, 3), ready(a, 4)
	p.Phase, p.First, p.Width, p.State = store.Suspended, 2, 2, []byte{1}
	x.Parent, x.Root, x.Due = 1, 1, soon
	y.Parent, y.Root = 1, 1
	later.Due = time.Now().Add(time.Hour)
	all := []int64{1, 2, 3, 4}
	sleep := store.Step{Sleep: all}
	claimAll := func(s store.Shared) []int64 {
		return claimed(t, s, store.Claim{Functions: []string{"f"}, Limit: 10})
	}
	commit := func(s store.Shared, step store.Step) {
		t.Helper()
		require.NoError(t, s.Commit(ctx, []store.Step{step}))
	}
	require.NoError(t, a.Commit(ctx, []store.Step{create(p, x, y, later)}))
	commit(b, sleep) // it has none of them
	require.NoError(t, a.Release(ctx, 1, 4))
	assert.Equal(t, []int64{1, 2, 3}, claimAll(a))
	commit(a, sleep)
	require.NoError(t, b.Adopt(ctx, []int64{4}))
	commit(b, sleep)
	for _, q := range []store.Claim{{Functions: []string{"f"}, Limit: 10}, {Functions: []string{"f"}, Limit: 10, Oldest: true}} {
		assert.Empty(t, claimed(t, b, q))
	}
	_, err := b.TakeOver(ctx)
	require.NoError(t, err)
	assert.Empty(t, claimAll(b))

	able, err := b.Rouse(ctx)
	require.NoError(t, err)
	assert.True(t, able)
	assert.Equal(t, []int64{2}, claimAll(b))
	commit(b, store.Step{Change: []store.Change{{ID: 2, Phase: store.Done, Status: store.OK}}, Wake: []int64{1}})
	assert.Equal(t, []int64{1}, claimAll(b))
	commit(b, sleep)
	assert.Empty(t, claimAll(b))
	commit(a, store.Step{Send: []store.Event{{Call: 1, Name: "e"}}})
	assert.Equal(t, []int64{1}, claimAll(b))
	commit(b, sleep)
	require.NoError(t, b.Release(ctx, 1, 1))
	got, err := a.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, got, 1, "it has news, and did not fall asleep")
	assert.True(t, got[0].Sent)
	ev, err := a.Sent(ctx, 1, "e", 1)
	require.NoError(t, err)
	commit(a, store.Step{Take: []store.Receipt{{Event: ev[0].ID, Call: 1, By: 3}}})
	require.NoError(t, a.Release(ctx, 1, 1))
	got, err = a.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.False(t, got[0].Sent)

	commit(a, store.Step{Mark: []store.Mark{{ID: 4, Ending: store.Canceled}}})
	for len(b.Wakes()) > 0 {
		<-b.Wakes()
	}
	require.NoError(t, a.Tell(ctx, []int64{4}))
	require.Eventually(t, func() bool {
		select {
		case w := <-b.Wakes():
			return w.Work
		default:
			return false
		}
	}, 10*time.Second, time.Millisecond)
	assert.Equal(t, []int64{4}, claimed(t, b, store.Claim{Functions: []string{"g"}, Limit: 10}))
	require.NoError(t, b.Adopt(ctx, []int64{3}))
	require.NoError(t, b.Close())
	assert.Equal(t, []int64{3, 4}, claimAll(a))

	p, x = ready(a, 5), ready(a, 6) // what began in a memory that is gone is begun anew, and has no use for what it awaited
	p.Phase, p.First, p.Width = store.Suspended, 6, 1
	x.Parent, x.Root, x.Due = 5, 5, soon
	commit(a, create(p, x))
	commit(a, store.Step{Sleep: []int64{6}})
	require.NoError(t, a.Release(ctx, 6, 1))
	assert.Equal(t, []int64{6}, claimAll(a))
}
