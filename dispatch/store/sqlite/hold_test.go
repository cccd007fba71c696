package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// chain is a workflow, call 1, that awaits brief calls one after the other.
type chain struct {
	t    testing.TB
	s    *Store
	path string
	n    int64 // the call that it awaits; 0 for none
}

func newChain(t testing.TB) *chain {
	path := filepath.Join(t.TempDir(), "calls.db")
	s, err := Open(context.Background(), path)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	c := &chain{t: t, s: s, path: path}
	c.commit(store.Step{Create: []store.Call{c.call(1, 0)}})
	return c
}

func (c *chain) call(id, parent int64) store.Call {
	return store.Call{ID: id, Incarnation: c.s.Incarnation(), Parent: parent, Root: 1, Function: "f", Phase: store.Ready, Input: []byte("in"), Brief: parent != 0}
}

func (c *chain) commit(steps ...store.Step) {
	c.t.Helper()
	require.NoError(c.t, c.s.Commit(context.Background(), steps))
}

// next is the step with which the workflow goes on; the first awaited call is 2.
func (c *chain) next() store.Step {
	n := max(c.n, 1) + 1
	step := store.Step{Create: []store.Call{c.call(n, 1)}, Change: []store.Change{
		{ID: 1, Phase: store.Suspended, Awaits: int(n - 1), Reached: int(n - 1), First: n, Width: 1, State: []byte("state")}}}
	if c.n != 0 {
		step.Change = append(step.Change, store.Change{ID: c.n, Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte("out")})
	}
	return step
}

func (c *chain) on() {
	c.t.Helper()
	c.commit(c.next())
	c.n = max(c.n, 1) + 1
}

// rows returns the ids of the rows, and asleep and held of the workflow.
func (c *chain) rows() (ids []int64, asleep int, held bool) {
	c.t.Helper()
	rows, err := c.s.db.Query("SELECT id FROM calls ORDER BY id")
	require.NoError(c.t, err)
	defer rows.Close()
	for rows.Next() {
		var id int64
		require.NoError(c.t, rows.Scan(&id))
		ids = append(ids, id)
	}
	require.NoError(c.t, c.s.db.QueryRow("SELECT asleep, held IS NOT NULL OR held_created IS NOT NULL OR held_input IS NOT NULL FROM calls WHERE id = 1").Scan(&asleep, &held))
	return ids, asleep, held
}

// A brief call has a row when it is done, and not before.
func TestHold(t *testing.T) {
	c := newChain(t)
	want := []int64{1}
	for range 10 {
		c.on()
		ids, asleep, held := c.rows()
		require.Equal(t, want, ids)
		require.Equal(t, 2, asleep)
		require.True(t, held)
		want = append(want, c.n)
	}
	c.commit(store.Step{Change: []store.Change{
		{ID: c.n, Phase: store.Done, Status: store.OK, Attempts: 1}, {ID: 1, Phase: store.Done, Status: store.OK, Attempts: 1}}})
	ids, asleep, held := c.rows()
	assert.Equal(t, want, ids)
	assert.Zero(t, asleep)
	assert.False(t, held, "nothing is left of it")
	assert.Empty(t, c.s.holding.calls)
	assert.Empty(t, c.s.holding.parents)
}

// What is settled is as it was.
func TestSettle(t *testing.T) {
	ctx := context.Background()
	c := newChain(t)
	c.on()
	want, err := c.s.Calls(ctx, 0, 10)
	require.NoError(t, err)
	time.Sleep(2 * time.Millisecond)
	c.commit(store.Step{Send: []store.Event{{Call: c.n, Name: "e"}}})
	ids, asleep, held := c.rows()
	require.Equal(t, []int64{1, 2}, ids)
	assert.Zero(t, asleep)
	assert.False(t, held)
	got, err := c.s.Calls(ctx, 0, 10)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

// After a crash of the process the next one finds each call, and nothing that is held.
func TestHoldCrash(t *testing.T) {
	ctx := context.Background()
	c := newChain(t)
	for range 3 {
		c.on()
		copied := filepath.Join(t.TempDir(), "copy.db")
		for _, suffix := range []string{"", "-wal"} {
			data, err := os.ReadFile(c.path + suffix)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(copied+suffix, data, 0o666))
		}
		want, err := c.s.Calls(ctx, 0, 10)
		require.NoError(t, err)
		require.Len(t, want, int(c.n))
		s, err := Open(ctx, copied)
		require.NoError(t, err)
		got, err := s.Calls(ctx, 0, 10)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		after := &chain{t: t, s: s, n: c.n}
		ids, asleep, held := after.rows()
		assert.Len(t, ids, int(c.n))
		assert.Zero(t, asleep)
		assert.False(t, held)
		after.on()
		after.on()
		ids, _, _ = after.rows()
		assert.Len(t, ids, int(c.n)+1, "it holds one again")
		require.NoError(t, s.Close())
	}
}

// After a commit that failed for now the same steps can be committed, and so can others.
func TestHoldFull(t *testing.T) {
	ctx := context.Background()
	for _, other := range []bool{false, true} {
		c := newChain(t)
		c.on()
		c.on()
		pages, err := c.s.writer.Text("PRAGMA page_count")
		require.NoError(t, err)
		_, err = c.s.writer.Text("PRAGMA max_page_count = " + pages)
		require.NoError(t, err)
		large := store.Step{Create: []store.Call{{ID: 100, Root: 100, Function: "g", Phase: store.Ready, Input: make([]byte, 1<<20)}}}
		require.ErrorIs(t, c.s.Commit(ctx, []store.Step{c.next(), large}), store.ErrUnavailable)
		_, err = c.s.writer.Text("PRAGMA max_page_count = 1000000")
		require.NoError(t, err)
		_, _, held := c.rows()
		require.True(t, held)
		if other {
			c.commit(store.Step{Mark: []store.Mark{{ID: c.n, Ending: store.Canceled}}})
		} else {
			c.commit(c.next(), large)
			c.n++
		}
		c.on()
		c.on()
		all, err := c.s.Calls(ctx, 0, 10)
		require.NoError(t, err)
		for i := range c.n {
			assert.Equal(t, i+1, all[i].ID)
			assert.Equal(t, i > 0 && i < c.n-1, all[i].Phase == store.Done, "call %d", i+1)
		}
		ending := store.None
		if other {
			ending = store.Canceled
		}
		assert.Equal(t, ending, all[2].Ending)
	}
}

// hooked is a context that something else happens in, as it is asked for the n-th time.
type hooked struct {
	context.Context
	n    int
	hook func()
}

func (h *hooked) Done() <-chan struct{} {
	if h.n--; h.n == 0 {
		h.hook()
	}
	return h.Context.Done()
}

// A call is found, also by another process, though it gets its row while it is looked for.
func TestHeldIsFound(t *testing.T) {
	c := newChain(t)
	c.on()
	other, err := OpenReader(context.Background(), c.path)
	require.NoError(t, err)
	defer other.Close()
	for _, r := range []*reader{other.reader, c.s.reader} {
		for n, hooks := 1, 1; hooks > 0; n++ {
			hooks = 0
			h := &hooked{context.Background(), n, func() { hooks++; c.on() }}
			id := c.n
			x, err := r.Call(h, id)
			require.NoError(t, err, "as it was asked for the %d-th time", n)
			require.Equal(t, id, x.ID)
			require.Equal(t, fmt.Sprint(c.call(id, 1).Input), fmt.Sprint(x.Input))
		}
	}
	require.Greater(t, c.n, int64(4), "nothing has happened meanwhile")
}
