package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// Of many calls the last ones stay, also if processes have found at the same time that there are too many, and
// one of them comes to remove them when another has done so.
func TestSweepsBesideEachOther(t *testing.T) {
	m := memory.New()
	var sweepers []*sweeper
	for range 2 {
		s, err := m.Shared(time.Hour).Open(t.Context())
		require.NoError(t, err)
		e, err := New(Config{Store: s, Describe: func(store.Status, string) *Failure { return new(Failure) }, Functions: []Function{{Name: "f"}}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, e.Close()) })
		sweepers = append(sweepers, newSweeper(e, []Retention{{Statuses: []store.Status{store.Timeout}, Count: 3}, {Count: 10}}))
	}
	const reserve = 5
	done := func(first, n int64) {
		var step store.Step
		for id := first; id < first+n; id++ {
			c := store.Call{ID: id, Root: id, Function: "f", Phase: store.Done, Status: store.OK, Created: time.UnixMilli(1000 + id)}
			if id < reserve { // made late, with an id that was in reserve
				c.Created = time.UnixMilli(9000 + id)
			}
			if id%5 == 0 {
				c.Status = store.Timeout
			}
			step.Create = append(step.Create, c)
		}
		require.NoError(t, sweepers[0].e.writer.commit(step))
	}
	left := func() map[store.Status][]int64 {
		calls, err := sweepers[0].e.store.Calls(t.Context(), 0, 1000)
		require.NoError(t, err)
		all := map[store.Status][]int64{}
		for _, c := range calls {
			all[c.Status] = append(all[c.Status], c.ID)
		}
		return all
	}
	pass := func(s *sweeper, want bool) {
		t.Helper()
		again, err := s.pass(time.Now())
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
	done(reserve, 500-reserve+1)
	for _, s := range sweepers {
		pass(s, true)
	}
	want := map[store.Status][]int64{store.OK: {488, 489, 491, 492, 493, 494, 496, 497, 498, 499}, store.Timeout: {490, 495, 500}}
	pass(sweepers[0], false)
	require.Equal(t, want, left())
	done(501, 1)
	pass(sweepers[1], true)
	want[store.OK] = append(want[store.OK], 501)
	require.Equal(t, want, left(), "of those that are too many by now none went that was not before")
	pass(sweepers[1], false)
	want[store.OK] = want[store.OK][1:]
	require.Equal(t, want, left())
	for range 2 {
		for _, s := range sweepers {
			pass(s, false)
		}
	}
	require.Equal(t, want, left())

	// What was made last is not the first to go for its id.
	done(1, 2)
	pass(sweepers[0], true)
	pass(sweepers[0], false)
	pass(sweepers[1], false)
	want[store.OK] = append([]int64{1, 2}, want[store.OK][2:]...)
	require.Equal(t, want, left())
}
