package storetest

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Join makes another process one of those that own a store, with that lease.
type Join func(lease time.Duration) (store.Shared, error)

// RunShared tests the stores that a factory makes, each of which several processes own
// together. Each call of the factory makes an empty store.
func RunShared(t *testing.T, factory func(t testing.TB) Join) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Join){
		"reserve":         testReserve,
		"release":         testRelease,
		"claim":           testClaim,
		"claim late":      testClaimLate,
		"claim at a time": testClaimAtATime,
		"priorities":      testPriorities,
		"turns":           testTurns,
		"tokens":          testTokens,
		"slots":           testSlots,
		"orphans":         testOrphans,
		"takeover":        testTakeOver,
		"many taken over": testTakeOverMany,
		"paused":          testPaused,
		"fence in time":   testFenceInTime,
		"renew":           testRenew,
		"leave":           testLeave,
		"complete":        testComplete,
		"tell":            testTell,
		"suspects":        testSuspects,
		"closed":          testClosedIsNoCrash,
		"retry":           testRetry,
		"adopt":           testAdopt,
		"news of events":  testNewsOfEvents,
		"news of endings": testNewsOfEndings,
		"claim ended":     testClaimEnded,
		"claim orphans":   testClaimOrphans,
		"retry returns":   testRetryReturns,
		"remove":          testRemoveInFleet,
		"asleep":          testAsleepFree,
	} {
		t.Run(name, func(t *testing.T) { test(t, factory(t)) })
	}
}

// long is a lease that does not pass during a test, brief one that does at once.
const (
	long  = time.Hour
	brief = 50 * time.Millisecond
)

func member(t testing.TB, join Join, lease time.Duration) store.Shared {
	t.Helper()
	s, err := join(lease)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

// made makes ready calls with ids from 1 to n.
func made(t testing.TB, s store.Shared, n int64) {
	t.Helper()
	var step store.Step
	for id := int64(1); id <= n; id++ {
		step.Create = append(step.Create, ready(s, id))
	}
	require.NoError(t, s.Commit(ctx, []store.Step{step}))
}

func claim(t testing.TB, s store.Shared) []int64 {
	t.Helper()
	return claimed(t, s, store.Claim{Functions: []string{"f"}, Limit: 1000, Parked: true})
}

func claimed(t testing.TB, s store.Shared, q store.Claim) []int64 {
	t.Helper()
	all, err := s.Claim(ctx, q)
	require.NoError(t, err)
	var ids []int64
	for _, c := range all {
		ids = append(ids, c.ID)
	}
	return ids
}

// expire waits until a brief lease has passed.
func expire() { time.Sleep(2 * brief) }

// Ids are given out once, and are greater than what is there.
func testReserve(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	require.NotEqual(t, a.Incarnation(), b.Incarnation())
	made(t, a, 30)
	seen := make(map[int64]bool)
	for range 10 {
		for _, s := range []store.Shared{a, b} {
			first, err := s.Reserve(ctx, 7)
			require.NoError(t, err)
			for id := first; id < first+7; id++ {
				require.Greater(t, id, int64(30))
				require.False(t, seen[id])
				seen[id] = true
			}
		}
	}
}

// A call whose deadline has passed is claimed by any process, to be ended, also before it is due.
func testClaimLate(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	later := time.Now().Add(time.Hour)
	past := func(id int64, function string, due time.Time) store.Call {
		c := ready(a, id)
		c.Function, c.Due, c.Deadline = function, due, time.Now().Add(-time.Second)
		return c
	}
	pending := past(3, "g", time.Time{})
	pending.Deadline = later
	delayed := past(5, "f", later)
	delayed.Deadline = later
	require.NoError(t, a.Commit(ctx, []store.Step{
		create(past(1, "f", later), past(2, "g", later), pending, past(4, "g", time.Time{}), delayed),
		change(store.Change{ID: 4, Phase: store.Suspended, State: []byte("s"), First: 9, Width: 1}),
	}))
	require.NoError(t, a.Release(ctx, 1, 9))
	require.Equal(t, []int64{1, 2}, claim(t, b))
}

// What was made belongs to who made it, until it is set free.
func testRelease(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 6)
	require.Empty(t, claim(t, b))
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 3, Phase: store.Done, Status: store.OK})}))
	require.NoError(t, b.Release(ctx, 1, 6), "others cannot set it free")
	require.Empty(t, claim(t, b))
	require.NoError(t, a.Release(ctx, 2, 4))
	require.Equal(t, []int64{2, 4, 5}, claim(t, b))
	require.Empty(t, claim(t, a))
}

// Only what fits is claimed, and it comes with all that it takes to run it.
func testClaim(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 9)
	other := ready(a, 10)
	other.Function = "g"
	require.NoError(t, a.Commit(ctx, []store.Step{create(other), change(store.Change{ID: 10, Phase: store.Ready, Function: "g", Hops: 7}), change(
		store.Change{ID: 2, Phase: store.Parked, Status: store.IncompatibleState, Attempts: 4, State: []byte("s"), First: 20, Width: 2},
		store.Change{ID: 3, Phase: store.Done, Status: store.OK},
		store.Change{ID: 4, Phase: store.Ready, Due: time.Now().Add(time.Hour)},
		store.Change{ID: 5, Phase: store.Ready, Due: time.Now().Add(time.Second)},
	)}))
	require.NoError(t, a.Release(ctx, 1, 10))
	f := []string{"f", "absent"}
	require.Empty(t, claimed(t, b, store.Claim{Functions: []string{"absent"}, Limit: 9}))
	require.Empty(t, claimed(t, b, store.Claim{Limit: 9}))
	require.Equal(t, []int64{8}, claimed(t, b, store.Claim{Functions: f, After: &store.Position{ID: 7}, Limit: 1}))
	require.Equal(t, []int64{1, 5, 7}, claimed(t, b, store.Claim{Functions: f, Except: []int64{6}, Limit: 3}))
	require.Equal(t, []int64{6, 9}, claimed(t, b, store.Claim{Functions: f, Limit: 9}))
	all, err := b.Claim(ctx, store.Claim{Functions: []string{"f", "g"}, Parked: true, Limit: 9})
	require.NoError(t, err)
	require.Len(t, all, 2)
	assert.Equal(t, int64(2), all[0].ID)
	assert.Equal(t, store.Parked, all[0].Phase)
	assert.Equal(t, []int64{4, 20, 2}, []int64{int64(all[0].Attempts), all[0].First, int64(all[0].Width)})
	assert.NotNil(t, all[0].State)
	assert.Equal(t, "g", all[1].Function)
	assert.Equal(t, 7, all[1].Hops)
	assert.Nil(t, all[1].State)
}

// Calls of a higher priority are claimed first, except when it is the turn of the oldest ones.
func testPriorities(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	var step store.Step
	for id := int64(1); id <= 12; id++ {
		c := ready(a, id)
		c.Priority = []int{0, 5, math.MinInt32, math.MaxInt32}[id%4]
		step.Create = append(step.Create, c)
	}
	require.NoError(t, a.Commit(ctx, []store.Step{step}))
	require.NoError(t, a.Release(ctx, 1, 12))
	q := store.Claim{Functions: []string{"f"}, Limit: 2}
	require.ElementsMatch(t, []int64{3, 7}, claimed(t, b, q))
	q.After = &store.Position{Priority: math.MaxInt32, ID: 7}
	require.ElementsMatch(t, []int64{11, 1}, claimed(t, b, q))
	q.After = nil
	require.ElementsMatch(t, []int64{5, 9}, claimed(t, b, q))
	q.Oldest = true
	require.ElementsMatch(t, []int64{2, 4}, claimed(t, b, q))
	q.After = &store.Position{Priority: math.MinInt32, ID: 8}
	require.ElementsMatch(t, []int64{10, 12}, claimed(t, b, q))
	q.After = &store.Position{Priority: 0, ID: 8}
	q.Oldest = false
	require.ElementsMatch(t, []int64{6}, claimed(t, b, q))
	q.After = nil
	require.ElementsMatch(t, []int64{8}, claimed(t, b, q))
}

// However many processes claim at a time, each call is claimed once.
func testClaimAtATime(t *testing.T, join Join) {
	const members, n = 4, 600
	a := member(t, join, long)
	made(t, a, n)
	require.NoError(t, a.Release(ctx, 1, n))
	var mu sync.Mutex
	var got []int64
	var running sync.WaitGroup
	for range members {
		s := member(t, join, long)
		running.Go(func() {
			for {
				ids := claimed(t, s, store.Claim{Functions: []string{"f"}, Limit: 7})
				if len(ids) == 0 {
					return // locked by others is theirs
				}
				mu.Lock()
				got = append(got, ids...)
				mu.Unlock()
			}
		})
	}
	running.Wait()
	got = append(got, claim(t, a)...)
	slices.Sort(got)
	require.Len(t, got, n)
	require.Len(t, slices.Compact(got), n)
}

// It shows whether a call is still, or already, awaited by the one that it was made for.
func testOrphans(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 2)
	child := func(id, parent int64) store.Call {
		c := ready(a, id)
		c.Parent, c.Root = parent, parent
		return c
	}
	require.NoError(t, a.Commit(ctx, []store.Step{{
		Create: []store.Call{child(11, 1), child(12, 1), child(13, 1), child(14, 2)},
		Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 12, Width: 2}},
	}}))
	require.NoError(t, a.Release(ctx, 1, 14))
	all, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 99})
	require.NoError(t, err)
	orphans := make(map[int64]bool)
	for _, c := range all {
		orphans[c.ID] = c.Orphan
	}
	require.Equal(t, map[int64]bool{1: false, 2: false, 11: true, 12: false, 13: false, 14: true}, orphans)
}

// What a process had that does not renew its lease is free for others. It knows when it
// comes back, and can begin anew.
func testTakeOver(t *testing.T, join Join) {
	a, b := member(t, join, brief), member(t, join, long)
	made(t, a, 3)
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 1, Phase: store.Done, Status: store.OK})}))
	expire()
	require.Empty(t, claim(t, b), "the lease alone does nothing")
	n, err := b.TakeOver(ctx)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	require.Equal(t, []int64{2, 3}, claim(t, b))
	require.ErrorIs(t, a.Renew(ctx), store.ErrFenced)
	n, err = b.TakeOver(ctx)
	require.NoError(t, err)
	require.Zero(t, n)

	old := a.Incarnation()
	require.NoError(t, a.Rejoin(ctx))
	require.Greater(t, a.Incarnation(), old)
	_, err = a.IncarnationName(ctx, old)
	require.NoError(t, err)
	require.NoError(t, a.Renew(ctx))
	shown, err := a.Time(ctx)
	require.NoError(t, err)
	again, err := b.Time(ctx)
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), shown, time.Minute)
	require.False(t, again.Before(shown), "it is one clock")
	require.NoError(t, a.Commit(ctx, []store.Step{create(ready(a, 4))}))
	require.NoError(t, b.Release(ctx, 2, 1))
	require.Equal(t, []int64{2}, claim(t, a))
}

// Any number of calls is taken over.
func testTakeOverMany(t *testing.T, join Join) {
	const n = 12_000
	a, b := member(t, join, brief), member(t, join, long)
	made(t, a, n)
	expire()
	got, err := b.TakeOver(ctx)
	require.NoError(t, err)
	require.Equal(t, n, got)
}

// A process that was fenced while it did not know changes nothing any more.
func testPaused(t *testing.T, join Join) {
	a, b := member(t, join, brief), member(t, join, long)
	made(t, a, 3)
	expire()
	_, err := b.TakeOver(ctx)
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2, 3}, claim(t, b))
	require.NoError(t, b.Commit(ctx, []store.Step{change(store.Change{ID: 2, Phase: store.Done, Status: store.OK, Output: []byte("b")})}))
	for range 2 {
		for _, id := range []int64{1, 2} {
			err := a.Commit(ctx, []store.Step{create(ready(a, 9)), change(store.Change{ID: id, Phase: store.Done, Status: store.OK, Output: []byte("a")})})
			require.ErrorIs(t, err, store.ErrFenced)
		}
	}
	require.NoError(t, b.Release(ctx, 3, 1))
	_, err = a.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 9})
	require.ErrorIs(t, err, store.ErrFenced)
	require.NoError(t, a.Release(ctx, 1, 9))
	equal(t, b, ready(b, 1), ignoreIncarnation)
	equal(t, b, apply(ready(b, 2), store.Change{Phase: store.Done, Status: store.OK, Output: []byte("b")}), ignoreIncarnation)
	_, err = b.Call(ctx, 9)
	require.ErrorIs(t, err, store.ErrNotFound)
	require.Equal(t, []int64{3}, claim(t, b))
}

// Commits and claims that go on while a process is fenced are before or after that: what was
// acknowledged is what the next owner finds, and nothing is that was begun when others knew of the fence. A
// store that is not available for a moment, because it ends the sessions of who is fenced, is asked again, as the
// contract has it.
func testFenceInTime(t *testing.T, join Join) {
	b := member(t, join, long)
	for round := range 10 {
		a := member(t, join, brief)
		id, free := int64(100*round+1), int64(100*round+2)
		require.NoError(t, a.Commit(ctx, []store.Step{create(ready(a, id))}))
		require.NoError(t, b.Commit(ctx, []store.Step{create(ready(b, free))}))
		var got int
		var claimedToo []int64
		var running sync.WaitGroup
		var fenced atomic.Bool
		running.Go(func() {
			for n := 1; ; n++ {
				late := fenced.Load()
				err := untilKnown(func() error {
					return a.Commit(ctx, []store.Step{change(store.Change{ID: id, Phase: store.Ready, Attempts: n})})
				})
				if err != nil {
					assert.ErrorIs(t, err, store.ErrFenced)
					return
				}
				if got = n; !assert.False(t, late, "committed when it was fenced") {
					return
				}
			}
		})
		running.Go(func() {
			for {
				late := fenced.Load()
				var all []store.Claimed
				err := untilKnown(func() (err error) {
					all, err = a.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 1})
					return err
				})
				if err != nil {
					assert.ErrorIs(t, err, store.ErrFenced)
					return
				}
				for _, c := range all {
					claimedToo = append(claimedToo, c.ID)
				}
				if late && !assert.Empty(t, all, "claimed when it was fenced") {
					return
				}
			}
		})
		require.NoError(t, b.Release(ctx, free, 1))
		for n := 0; n == 0; {
			var err error
			n, err = b.TakeOver(ctx)
			require.NoError(t, err)
		}
		fenced.Store(true)
		running.Wait()
		_, err := b.TakeOver(ctx)
		require.NoError(t, err)
		require.ElementsMatch(t, []int64{id, free}, claim(t, b), "%v", claimedToo)
		c, err := b.Call(ctx, id)
		require.NoError(t, err)
		require.Equal(t, got, c.Attempts)
	}
}

// untilKnown does something again for as long as the store is not available.
func untilKnown(f func() error) error {
	for {
		if err := f(); !errors.Is(err, store.ErrUnavailable) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Who renews its lease in time, by the clock of the store, keeps what it has.
func testRenew(t *testing.T, join Join) {
	const lease = 10 * brief
	b := member(t, join, long)
	now := func() time.Time {
		at, err := b.Time(ctx)
		require.NoError(t, err)
		return at
	}
	for round := int64(1); ; round++ {
		first := now()
		a := member(t, join, lease)
		require.NoError(t, a.Commit(ctx, []store.Step{create(ready(a, round))}))
		for renewed := first; ; {
			time.Sleep(brief)
			before := now()
			err := a.Renew(ctx)
			n, terr := b.TakeOver(ctx)
			require.NoError(t, terr)
			if n > 0 || err != nil {
				require.GreaterOrEqual(t, now().Sub(renewed), lease, "it was fenced in time: %v", err)
				break // this machine has stood still for as long: begin anew
			}
			if renewed = before; renewed.Sub(first) > 3*lease/2 {
				require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: round, Phase: store.Done, Status: store.OK})}))
				return
			}
		}
	}
}

// What a process has that ends in an orderly way is free at once.
func testLeave(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 3)
	require.NoError(t, a.Close())
	require.NoError(t, a.Close())
	require.Equal(t, []int64{1, 2, 3}, claim(t, b))
}

func testComplete(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	made(t, a, 8)
	require.NoError(t, a.Commit(ctx, []store.Step{change(
		store.Change{ID: 1, Phase: store.Suspended, First: 3, Width: 2},
		store.Change{ID: 2, Phase: store.Suspended, First: 5, Width: 2},
		store.Change{ID: 3, Phase: store.Done, Status: store.OK},
		store.Change{ID: 4, Phase: store.Done, Status: store.NotFound},
		store.Change{ID: 5, Phase: store.Done, Status: store.OK},
	)}))
	for _, s := range []store.Shared{a, b} {
		got, err := s.Complete(ctx, []int64{1, 2, 99})
		require.NoError(t, err)
		require.Equal(t, []int64{1}, got)
		got, err = s.Done(ctx, []int64{1, 3, 4, 8, 99})
		require.NoError(t, err)
		require.ElementsMatch(t, []int64{3, 4}, got)
	}
}

// The owner of a call is woken, and nobody else; all are when calls are set free.
func testTell(t *testing.T, join Join) {
	a, b, c := member(t, join, long), member(t, join, long), member(t, join, long)
	made(t, a, 500)
	var ids []int64
	for id := int64(1); id <= 500; id++ {
		ids = append(ids, id)
	}
	require.NoError(t, b.Tell(ctx, append(ids, 999)))
	require.NoError(t, a.Tell(ctx, ids), "one does not tell oneself")
	told := make(map[int64]int)
	for len(told) < 500 {
		for _, id := range wake(t, a).Calls {
			told[id]++
		}
	}
	for id, n := range told {
		require.Equal(t, 1, n, id)
	}
	require.NoError(t, a.Release(ctx, 1, 1))
	for _, s := range []store.Shared{a, b, c} {
		require.True(t, wake(t, s).Work)
	}
}

func wake(t testing.TB, s store.Shared) store.Wake {
	t.Helper()
	select {
	case w := <-s.Wakes():
		return w
	case <-time.After(10 * time.Second):
		require.Fail(t, "nobody was woken")
		return store.Wake{}
	}
}

// Calls of a partition are claimed when they have their turn: in the order in which they were made, as
// many at a time as there may be.
func testTurns(t *testing.T, join Join) {
	a, b := member(t, join, long), member(t, join, long)
	begun := time.UnixMilli(1_700_000_000_000)
	var step store.Step
	for id := int64(1); id <= 40; id++ {
		c := ready(a, id)
		c.Created = begun.Add(time.Duration(40-id/4) * time.Second) // four of each moment, the newest first
		c.Partition = []string{"", "p", "q", "other"}[id%4]
		if c.Partition == "other" {
			c.Function = "g"
		}
		step.Create = append(step.Create, c)
	}
	require.NoError(t, a.Commit(ctx, []store.Step{step}))
	require.NoError(t, a.Release(ctx, 1, 40))
	q := store.Claim{Functions: []string{"f", "g"}, Lined: []string{"f"}, Limit: 99}
	got := claimed(t, b, q)
	require.Len(t, got, 20, "those without a partition, and those of g")
	advance := func(s store.Shared, most int, partitions ...string) int {
		n, err := s.Advance(ctx, store.Lines{Function: "f", Partitions: partitions, Most: most})
		require.NoError(t, err)
		return n
	}
	require.Zero(t, advance(a, 1, "nosuch"))
	require.Empty(t, claimed(t, b, q))
	require.Equal(t, 1, advance(a, 1, "p"))
	require.Zero(t, advance(b, 1, "p"))
	require.Equal(t, []int64{37}, claimed(t, b, q))
	require.Equal(t, 3, advance(b, 2), "all partitions")
	require.Zero(t, advance(a, 2))
	require.ElementsMatch(t, []int64{33, 38, 34}, claimed(t, a, q))
	require.NoError(t, b.Commit(ctx, []store.Step{change(store.Change{ID: 37, Phase: store.Suspended, State: []byte("s")})}))
	require.Zero(t, advance(a, 2))
	require.NoError(t, a.Commit(ctx, []store.Step{change(store.Change{ID: 33, Phase: store.Done, Status: store.OK})}))
	require.Equal(t, 1, advance(a, 2))
	require.NoError(t, b.Release(ctx, 37, 1))
	require.ElementsMatch(t, []int64{37, 29}, claimed(t, b, q), "one keeps its turn")
	require.NoError(t, a.Commit(ctx, []store.Step{{Mark: []store.Mark{{ID: 5, Ending: store.Canceled}}}}))
	require.Equal(t, []int64{5}, claimed(t, b, q), "what is to end does not wait")

	var wg sync.WaitGroup
	for _, s := range []store.Shared{a, b} { // at a time
		wg.Go(func() { advance(s, 5) })
	}
	wg.Wait()
	require.Len(t, claimed(t, a, q), 6)
}
