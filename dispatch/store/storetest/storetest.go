package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Open opens a store anew: the same one each time that it is called, in what state the last
// owner has left it.
type Open func() (store.Store, error)

// Run tests the stores that a factory makes. Each call of it makes an empty store.
func Run(t *testing.T, factory func(t testing.TB) Open) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, func(testing.TB) Open){
		"call":        testCall,
		"untouched":   testUntouched,
		"absent":      testAbsent,
		"atomic":      testAtomic,
		"done":        testDone,
		"watched":     testWatched,
		"marks":       testMarks,
		"unfinished":  testUnfinished,
		"outcomes":    testOutcomes,
		"counts":      testCounts,
		"keys":        testKeys,
		"finished":    testFinished,
		"laps":        testLaps,
		"lap model":   testLapModel,
		"due":         testDue,
		"asleep":      testAsleep,
		"incarnation": testIncarnation,
		"canceled":    testCanceled,
		"chunks":      testLarge,
		"model":       testModel,
		"events":      testEvents,
		"receipts":    testReceipts,
		"event model": testEventModel,
		"pipelined":   testPipelined,
		"brief":       testBrief,
		"brief model": testBriefModel,
	} {
		t.Run(name, func(t *testing.T) { test(t, factory) })
	}
}

var ctx = context.Background()

func open(t testing.TB, f Open) store.Store {
	t.Helper()
	s, err := f()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func ready(s store.Store, id int64) store.Call {
	return store.Call{ID: id, Incarnation: s.Incarnation(), Root: id, Function: "f", Phase: store.Ready, Input: []byte("1")}
}

func create(calls ...store.Call) store.Step { return store.Step{Create: calls} }

func change(changes ...store.Change) store.Step { return store.Step{Change: changes} }

// Steps stay as they are, whatever else happens to the same call in the same commit: a writer may need them again.
func testUntouched(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1))}))
	steps := func() []store.Step {
		waits := func(id int64, awaits int) store.Change {
			return store.Change{ID: id, Phase: store.Suspended, Awaits: awaits, Reached: awaits, First: 10, Width: awaits, State: []byte{byte(awaits)}}
		}
		mark := func(id int64, text string) store.Step {
			return store.Step{Mark: []store.Mark{{ID: id, Ending: store.Canceled, Waiting: []byte(text), Progress: []byte(text)}}}
		}
		become := waits(1, 3)
		become.Function, become.Input = "g", []byte("2")
		return []store.Step{
			mark(1, "a"), change(waits(1, 1)), mark(1, "b"), change(waits(1, 2)), change(become), mark(1, "c"),
			create(ready(s, 2)), change(waits(2, 1)), mark(2, "d"), change(waits(2, 2)),
		}
	}
	all := steps()
	require.NoError(t, s.Commit(ctx, all))
	require.Equal(t, steps(), all)
	c, err := s.Call(ctx, 1)
	require.NoError(t, err)
	assert.Equal(t, "g 3 c c", fmt.Sprintf("%s %d %s %s", c.Function, c.Awaits, c.Waiting, c.Progress))
	c, err = s.Call(ctx, 2)
	require.NoError(t, err)
	assert.Equal(t, "f 2 d canceled", fmt.Sprintf("%s %d %s %s", c.Function, c.Awaits, c.Progress, c.Ending))
}

// A call comes back as it was stored, also from the next owner.
func testCall(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	c := store.Call{
		ID: 7, Incarnation: s.Incarnation(), Parent: 3, Root: 2, Function: "naïve.f", Key: "k",
		Created: time.UnixMilli(1_700_000_000_123), Input: []byte(`{"a":1}`),
		Phase: store.Ready, Status: store.Throttled, Attempts: 4, Failures: 2, Awaits: 1, Reached: 9,
		Due: time.UnixMilli(1_800_000_000_456), Error: []byte("e"),
		Options: []byte(`{"b":2}`), Priority: -5, Partition: "naïve", Deadline: time.UnixMilli(1_900_000_000_789), Lap: 1 << 40,
	}
	require.NoError(t, s.Commit(ctx, []store.Step{create(c)}))
	equal(t, s, c)
	ch := store.Change{
		ID: 7, Phase: store.Suspended, Status: store.None, Attempts: 5, Failures: 0, Awaits: 2, Reached: 10,
		First: 100, Width: 3, Waiting: []byte("w"), State: []byte{0, 1, 2, 255},
	}
	require.NoError(t, s.Commit(ctx, []store.Step{change(ch)}))
	want := apply(c, ch)
	equal(t, s, want)
	ch.KeepState, ch.State, ch.Phase = true, nil, store.Parked
	require.NoError(t, s.Commit(ctx, []store.Step{change(ch)}))
	want = apply(want, ch)
	equal(t, s, want)
	become := store.Change{ID: 7, Phase: store.Ready, Function: "another", Input: []byte("in"), Options: []byte("{}"), Hops: 1 << 41}
	again := store.Change{ID: 7, Phase: store.Ready, Failures: 1}
	require.NoError(t, s.Commit(ctx, []store.Step{change(become), change(again)}))
	want = apply(apply(want, become), again)
	equal(t, s, want)
	require.NoError(t, s.Close())
	equal(t, open(t, f), want)
	f = factory(t)
	s = open(t, f)
	c.ID, c.Key, c.Incarnation = 8, "", s.Incarnation()
	become.ID = 8
	require.NoError(t, s.Commit(ctx, []store.Step{create(c), change(become)}), "in the commit in which it is made")
	equal(t, s, apply(c, become))
}

// apply is what a change does, in plain words.
func apply(c store.Call, ch store.Change) store.Call {
	c.Phase, c.Status, c.Attempts, c.Failures = ch.Phase, ch.Status, ch.Attempts, ch.Failures
	c.Awaits, c.Reached, c.Due, c.First, c.Width = ch.Awaits, ch.Reached, ch.Due, ch.First, ch.Width
	c.Output, c.Error, c.Waiting = ch.Output, ch.Error, ch.Waiting
	if !ch.KeepState {
		c.State = ch.State
	}
	if ch.Function != "" {
		c.Function, c.Input, c.Options, c.Hops = ch.Function, ch.Input, ch.Options, ch.Hops
	}
	return c
}

var ignoreTimes = cmp.Options{cmpopts.IgnoreFields(store.Call{}, "Updated"), cmpopts.EquateEmpty()}

var ignoreIncarnation = cmpopts.IgnoreFields(store.Call{}, "Incarnation")

func equal(t require.TestingT, s store.Store, want store.Call, opts ...cmp.Option) {
	got, err := s.Call(ctx, want.ID)
	require.NoError(t, err)
	if want.Created.IsZero() {
		want.Created = got.Created
	}
	require.Empty(t, cmp.Diff(&want, got, append(opts, ignoreTimes)...))
}

func testAbsent(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	_, err := s.Call(ctx, 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.ByKey(ctx, "k")
	require.ErrorIs(t, err, store.ErrNotFound)
	_, err = s.IncarnationName(ctx, s.Incarnation()+1)
	require.ErrorIs(t, err, store.ErrNotFound)
	made, err := s.Incarnations(ctx, []int64{1, 2})
	require.NoError(t, err)
	require.Empty(t, made)
	last, err := s.LastID(ctx)
	require.NoError(t, err)
	require.Zero(t, last)
	outcomes, err := s.Outcomes(ctx, 1, 10)
	require.NoError(t, err)
	require.Empty(t, outcomes)
	require.NoError(t, s.Commit(ctx, nil))
}

// Of steps that are committed together one that cannot be takes all with it, and is named.
func testAtomic(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1))}))
	for name, bad := range map[string]store.Step{
		"id in use":      create(ready(s, 1)),
		"no such call":   change(store.Change{ID: 99, Phase: store.Ready}),
		"half of a step": {Create: []store.Call{ready(s, 50)}, Change: []store.Change{{ID: 99, Phase: store.Ready}}},
	} {
		t.Run(name, func(t *testing.T) {
			err := s.Commit(ctx, []store.Step{create(ready(s, 2)), bad, create(ready(s, 3))})
			var e *store.StepError
			require.ErrorAs(t, err, &e)
			require.Equal(t, 1, e.Index)
			require.NotErrorIs(t, err, store.ErrUnavailable)
			for _, id := range []int64{2, 3, 50} {
				_, err := s.Call(ctx, id)
				require.ErrorIs(t, err, store.ErrNotFound)
			}
		})
	}
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 2)), create(ready(s, 3))}))
}

// A call that is done does not change any more.
func testDone(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	done := store.Change{ID: 1, Phase: store.Done, Status: store.OK, Output: []byte("2")}
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1)), change(done)}))
	for _, phase := range []store.Phase{store.Ready, store.Suspended, store.Done, store.Parked} {
		for _, keep := range []bool{false, true} {
			err := s.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: phase, KeepState: keep})})
			require.ErrorIs(t, err, store.ErrFinished)
		}
	}
	equal(t, s, apply(ready(s, 1), done))
}

// A mark changes nothing but what it is about, and nothing of a call that is done.
func testMarks(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	suspended := store.Change{ID: 1, Phase: store.Suspended, Attempts: 2, Awaits: 1, First: 7, Width: 2, Waiting: []byte("w"), State: []byte("state")}
	done := store.Change{ID: 2, Phase: store.Done, Status: store.OK, Output: []byte("2")}
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1), ready(s, 2), ready(s, 3)), change(suspended, done)}))
	want := apply(ready(s, 1), suspended)
	mark := func(marks ...store.Mark) {
		t.Helper()
		require.NoError(t, s.Commit(ctx, []store.Step{{Mark: marks}}))
		for _, m := range marks {
			if m.ID == 1 {
				want = applyMark(want, m)
			}
		}
		equal(t, s, want)
	}
	mark(store.Mark{ID: 1, Progress: []byte("half")}, store.Mark{ID: 2, Ending: store.Canceled, Progress: []byte("x")}, store.Mark{ID: 99, Ending: store.Canceled})
	mark(store.Mark{ID: 1, Ending: store.Canceled})
	mark(store.Mark{ID: 1, Ending: store.Timeout, Waiting: []byte("v")}) // the first ending counts
	mark(store.Mark{ID: 1, Progress: []byte("all")}, store.Mark{ID: 1, Waiting: []byte("u")})
	equal(t, s, apply(ready(s, 2), done))

	// Within a step marks come after changes; the steps follow each other.
	next := store.Change{ID: 1, Phase: store.Suspended, First: 9, Width: 1, Waiting: []byte("next"), State: []byte("s")}
	end := store.Change{ID: 3, Phase: store.Done, Status: store.OK}
	require.NoError(t, s.Commit(ctx, []store.Step{
		{Mark: []store.Mark{{ID: 1, Waiting: []byte("before")}, {ID: 3, Progress: []byte("p")}}},
		{Change: []store.Change{next}, Mark: []store.Mark{{ID: 1, Progress: []byte("and on")}}},
		{Change: []store.Change{end}, Mark: []store.Mark{{ID: 3, Ending: store.Canceled}}},
		{Create: []store.Call{ready(s, 4)}, Mark: []store.Mark{{ID: 4, Ending: store.Timeout}}},
	}))
	want = applyMark(apply(want, next), store.Mark{ID: 1, Progress: []byte("and on")})
	require.NoError(t, s.Close())
	s = open(t, f)
	equal(t, s, want)
	third := apply(ready(s, 3), end)
	third.Incarnation, third.Progress = want.Incarnation, []byte("p")
	equal(t, s, third)
	fourth := ready(s, 4)
	fourth.Incarnation, fourth.Ending = want.Incarnation, store.Timeout
	equal(t, s, fourth)
	heads, err := s.Unfinished(ctx, 0, 10)
	require.NoError(t, err)
	require.Len(t, heads, 2)
	require.Equal(t, store.Canceled, heads[0].Ending)
	require.Equal(t, "next", string(heads[0].Waiting))
}

// applyMark is what a mark does to a call that is not done.
func applyMark(c store.Call, m store.Mark) store.Call {
	if c.Ending == store.None {
		c.Ending = m.Ending
	}
	if m.Waiting != nil {
		c.Waiting = m.Waiting
	}
	if m.Progress != nil {
		c.Progress = m.Progress
	}
	return c
}

func testUnfinished(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	s, err := f()
	require.NoError(t, err)
	var steps []store.Step
	for id := int64(1); id <= 30; id++ {
		steps = append(steps, create(ready(s, id)))
		switch id % 3 {
		case 0:
			steps = append(steps, change(store.Change{ID: id, Phase: store.Done, Status: store.OK}))
		case 1:
			steps = append(steps, change(store.Change{ID: id, Phase: store.Ready, Function: "f", Hops: int(id)}),
				change(store.Change{ID: id, Phase: store.Suspended, First: id + 1, Width: 2, State: []byte("state")}))
		}
	}
	require.NoError(t, s.Commit(ctx, steps))
	require.NoError(t, s.Close())
	s = open(t, f)
	var got []int64
	for after := int64(0); ; {
		page, err := s.Unfinished(ctx, after, 7)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		for _, c := range page {
			got = append(got, c.ID)
			assert.Equal(t, c.ID%3 == 1, c.State != nil)
			assert.Equal(t, "f", c.Function)
			if c.ID%3 == 1 {
				assert.Equal(t, store.Suspended, c.Phase)
				assert.Equal(t, []int64{c.ID + 1, 2, c.ID}, []int64{c.First, int64(c.Width), int64(c.Hops)})
			}
		}
		after = page[len(page)-1].ID
	}
	var want []int64
	for id := int64(1); id <= 30; id++ {
		if id%3 != 0 {
			want = append(want, id)
		}
	}
	require.Equal(t, want, got)
}

func testOutcomes(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	for id := int64(1); id <= 6; id++ {
		require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, id))}))
	}
	require.NoError(t, s.Commit(ctx, []store.Step{
		change(store.Change{ID: 5, Phase: store.Done, Status: store.OK, Output: []byte("five")}),
		change(store.Change{ID: 2, Phase: store.Done, Status: store.OK, Output: []byte("two")}),
		change(store.Change{ID: 3, Phase: store.Done, Status: store.NotFound, Error: []byte("three")}),
	}))
	got, err := s.Outcomes(ctx, 2, 3)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]store.Outcome{
		{ID: 2, Status: store.OK, Output: []byte("two")},
		{ID: 3, Status: store.NotFound, Error: []byte("three")},
	}, got, cmpopts.EquateEmpty()))
	n, err := s.CountDone(ctx, 1, 6)
	require.NoError(t, err)
	require.Equal(t, 3, n)
}

func testCounts(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	other := ready(s, 4)
	other.Function = "g"
	require.NoError(t, s.Commit(ctx, []store.Step{
		create(ready(s, 1), ready(s, 2), ready(s, 3), other),
		change(store.Change{ID: 1, Phase: store.Done, Status: store.OK, Attempts: 3}),
		change(store.Change{ID: 2, Phase: store.Done, Status: store.OK, Attempts: 1}),
		change(store.Change{ID: 4, Phase: store.Suspended, State: make([]byte, 100)}),
	}))
	got, err := s.Counts(ctx)
	require.NoError(t, err)
	less := func(a, b store.Count) bool {
		return fmt.Sprint(a.Function, a.Phase, a.Status) < fmt.Sprint(b.Function, b.Phase, b.Status)
	}
	require.Empty(t, cmp.Diff([]store.Count{
		{Function: "f", Phase: store.Done, Status: store.OK, Calls: 2, Attempts: 4, Retries: 2},
		{Function: "f", Phase: store.Ready, Calls: 1},
		{Function: "g", Phase: store.Suspended, Calls: 1, StateBytes: 100},
	}, got, cmpopts.SortSlices(less)))
}

func testKeys(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	c := ready(s, 1)
	c.Key = "k"
	require.NoError(t, s.Commit(ctx, []store.Step{create(c), create(ready(s, 2), ready(s, 3))}))
	got, err := s.ByKey(ctx, "k")
	require.NoError(t, err)
	require.EqualValues(t, 1, got.ID)
	c.ID = 4
	var e *store.StepError
	require.ErrorAs(t, s.Commit(ctx, []store.Step{create(c)}), &e)
}

// Each ownership has a number and a name of its own, and there is one at a time.
func testIncarnation(t *testing.T, factory func(testing.TB) Open) {
	f := factory(t)
	names := make(map[string]int64)
	last := int64(-1)
	for range 3 {
		s, err := f()
		require.NoError(t, err)
		_, err = f()
		require.ErrorIs(t, err, store.ErrOwned)
		require.Greater(t, s.Incarnation(), last)
		last = s.Incarnation()
		name, err := s.IncarnationName(ctx, last)
		require.NoError(t, err)
		require.NotContains(t, names, name)
		require.GreaterOrEqual(t, len(name), 13, "64 random bits")
		names[name] = last
		for name, n := range names {
			got, err := s.IncarnationName(ctx, n)
			require.NoError(t, err)
			require.Equal(t, name, got)
		}
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
	}
}

// A commit whose context is done has not happened.
func testCanceled(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	gone, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, s.Commit(gone, []store.Step{create(ready(s, 1))}), context.Canceled)
	_, err := s.Call(ctx, 1)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.NoError(t, s.Commit(ctx, []store.Step{create(ready(s, 1))}))
}

// Many rows and large values need no special treatment.
func testLarge(t *testing.T, factory func(testing.TB) Open) {
	s := open(t, factory(t))
	const n = 5000
	var step store.Step
	for id := int64(1); id <= n; id++ {
		step.Create = append(step.Create, ready(s, id))
	}
	big := make([]byte, 8<<20)
	for i := range big {
		big[i] = byte(i * i >> 3)
	}
	step.Change = []store.Change{{ID: 1, Phase: store.Suspended, State: big}}
	require.NoError(t, s.Commit(ctx, []store.Step{step}))
	last, err := s.LastID(ctx)
	require.NoError(t, err)
	require.EqualValues(t, n, last)
	c, err := s.Call(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, big, c.State)
}

// Whatever is committed, the store is what a map of calls would be.
func testModel(t *testing.T, factory func(testing.TB) Open) {
	rapid.Check(t, func(rt *rapid.T) {
		f := factory(t)
		s, err := f()
		require.NoError(rt, err)
		model := make(map[int64]store.Call)
		last := int64(0)
		for range rapid.IntRange(1, 12).Draw(rt, "commits") {
			if rapid.IntRange(0, 5).Draw(rt, "reopen") == 0 {
				require.NoError(rt, s.Close())
				s, err = f()
				require.NoError(rt, err)
			}
			trial := make(map[int64]store.Call)
			for id, c := range model {
				trial[id] = c
			}
			tried := last
			steps, bad := drawSteps(rt, s, trial, &tried)
			err := s.Commit(ctx, steps)
			if bad >= 0 {
				var e *store.StepError
				require.ErrorAs(rt, err, &e)
				require.Equal(rt, bad, e.Index)
				continue
			}
			require.NoError(rt, err)
			model, last = trial, tried
		}
		for _, c := range model {
			equal(rt, s, c)
		}
		got, err := s.LastID(ctx)
		require.NoError(rt, err)
		require.Equal(rt, last, got)
		require.NoError(rt, s.Close())
	})
}

// drawSteps draws steps, applies them to the model and returns the index of the first one
// that must fail, or -1.
func drawSteps(rt *rapid.T, s store.Store, model map[int64]store.Call, last *int64) ([]store.Step, int) {
	steps := make([]store.Step, rapid.IntRange(1, 5).Draw(rt, "steps"))
	bad := -1
	for i := range steps {
		for range rapid.IntRange(0, 3).Draw(rt, "creates") {
			*last++
			c := ready(s, *last)
			c.Input = rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(rt, "input")
			c.Function = rapid.SampledFrom([]string{"f", "g", "h"}).Draw(rt, "function")
			c.Lap = rapid.IntRange(0, 1).Draw(rt, "lap")
			steps[i].Create = append(steps[i].Create, c)
			model[c.ID] = c
		}
		for range rapid.IntRange(0, 3).Draw(rt, "changes") {
			ch := store.Change{
				ID:        rapid.Int64Range(1, *last+1).Draw(rt, "id"),
				Phase:     rapid.SampledFrom([]store.Phase{store.Ready, store.Suspended, store.Done, store.Parked}).Draw(rt, "phase"),
				Attempts:  rapid.IntRange(0, 5).Draw(rt, "attempts"),
				Status:    rapid.SampledFrom([]store.Status{store.OK, store.Timeout}).Draw(rt, "status"),
				State:     rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(rt, "state"),
				KeepState: rapid.Bool().Draw(rt, "keep"),
				Output:    rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(rt, "output"),
			}
			if ch.Phase == store.Ready && rapid.Bool().Draw(rt, "becomes") {
				ch.Function, ch.Input, ch.Hops = "h", []byte("in"), rapid.IntRange(1, 9).Draw(rt, "hops")
			}
			steps[i].Change = append(steps[i].Change, ch)
			c, ok := model[ch.ID]
			if !ok || c.Phase == store.Done {
				if bad < 0 {
					bad = i
				}
				continue
			}
			model[ch.ID] = apply(c, ch)
		}
		for range rapid.IntRange(0, 2).Draw(rt, "marks") {
			m := store.Mark{
				ID:     rapid.Int64Range(1, *last+1).Draw(rt, "id"),
				Ending: rapid.SampledFrom([]store.Status{store.None, store.Canceled, store.Timeout}).Draw(rt, "ending"),
			}
			if rapid.Bool().Draw(rt, "progress") {
				m.Progress = rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(rt, "progress")
			}
			if rapid.Bool().Draw(rt, "waiting") {
				m.Waiting = rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(rt, "waiting")
			}
			steps[i].Mark = append(steps[i].Mark, m)
			if c, ok := model[m.ID]; ok && c.Phase != store.Done {
				model[m.ID] = applyMark(c, m)
			}
		}
	}
	return steps, bad
}
