package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// What is held is as it has to be after each of many steps, whatever becomes of connections, and whatever another process
// does in between.
func TestHeldAtRandom(t *testing.T) {
	for seed := range uint64(10) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			m := newHoldModel(t, rand.New(rand.NewPCG(seed, 1)))
			for range 40 {
				m.check(t, m.step(t))
			}
		})
	}
}

// workflows is how many there are.
const workflows = 3

// holdModel is workflows of a process, each of which awaits one call.
type holdModel struct {
	r       *rand.Rand
	proxy   *pgtest.Proxy // between own and the server
	own     *postgres.Fleet
	other   *postgres.Fleet
	awaited [workflows + 1]int64 // by the id of the workflow
	awaits  [workflows + 1]int
	last    int64
}

func newHoldModel(t *testing.T, r *rand.Rand) *holdModel {
	t.Helper()
	url, schema := pgtest.Schema(t)
	m := &holdModel{r: r, proxy: pgtest.NewProxy(t, url), last: workflows}
	for f, to := range map[**postgres.Fleet]string{&m.own: m.proxy.URL, &m.other: url} {
		var err error
		*f, err = postgres.Join(ctx, to, postgres.Schema(schema), postgres.Lease(time.Minute))
		require.NoError(t, err)
	}
	t.Cleanup(func() {
		m.proxy.Next(pgtest.None)
		m.own.Close()
		m.other.Close()
	})
	for w := int64(1); w <= workflows; w++ {
		require.NoError(t, m.own.Commit(ctx, []store.Step{create(m.own, w)}))
		require.NoError(t, m.own.Commit(ctx, []store.Step{m.next(w)}))
	}
	return m
}

// brief returns the step with which a call awaits another one that is made.
func (m *holdModel) brief(parent, root int64, awaits int, state ...byte) store.Step {
	m.last++
	step := create(m.own, m.last)
	c := &step.Create[0]
	c.Brief, c.Parent, c.Root, c.Created, c.Input = true, parent, root, time.UnixMilli(int64(awaits)), []byte{byte(awaits)}
	step.Change = []store.Change{{ID: parent, Phase: store.Suspended, First: m.last, Width: 1, Awaits: awaits, Reached: awaits, State: state}}
	return step
}

// next returns the step with which a workflow goes on to its next call.
func (m *holdModel) next(w int64) store.Step {
	m.awaits[w]++
	step := m.brief(w, w, m.awaits[w], byte(w), byte(m.awaits[w]))
	if before := m.awaited[w]; before != 0 {
		step.Change = append(step.Change, store.Change{ID: before, Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte{byte(before)}})
	}
	m.awaited[w] = m.last
	return step
}

// commit commits steps, once, over faults.
func (m *holdModel) commit(t *testing.T, steps ...store.Step) {
	t.Helper()
	m.proxy.Next([]pgtest.Fault{pgtest.None, pgtest.Lose, pgtest.Deafen, pgtest.Hush}[m.r.IntN(4)])
	if m.r.IntN(4) == 0 {
		m.own.SetLost(func() { m.proxy.Next(pgtest.Outage) })
	}
	var err error = store.ErrUnavailable
	if m.r.IntN(2) == 0 {
		if begun := m.own.Begin(ctx, steps); begun != nil {
			err = begun.Wait()
		}
	}
	for end := time.Now().Add(10 * time.Second); err != nil; err = m.own.Commit(ctx, steps) {
		require.ErrorIs(t, err, store.ErrUnavailable)
		require.True(t, time.Now().Before(end), "it is never taken: %v", err)
		m.proxy.Next(pgtest.None)
	}
	m.own.SetLost(nil)
	m.proxy.Next(pgtest.None)
}

// step does something, and says what.
func (m *holdModel) step(t *testing.T) string {
	t.Helper()
	w := m.r.Int64N(workflows) + 1
	call := m.awaited[w]
	switch m.r.IntN(12) {
	case 0, 1, 2, 7, 8:
		steps := []store.Step{m.next(w)}
		if m.r.IntN(2) == 0 {
			steps = append(steps, m.next(w%workflows+1))
		}
		m.commit(t, steps...)
		return fmt.Sprint(w, " goes on to ", m.awaited[w])
	case 3, 9, 10:
		require.NoError(t, m.own.Release(ctx, call, 1))
		got, err := m.other.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
		require.NoError(t, err)
		require.Len(t, got, 1, "%d is set free", call)
		require.Equal(t, []any{call, false}, []any{got[0].ID, got[0].Orphan})
		require.NoError(t, m.other.Commit(ctx, []store.Step{{Change: []store.Change{{ID: call, Phase: store.Done, Status: store.OK}}}}))
		done, err := m.own.Complete(ctx, []int64{w})
		require.NoError(t, err)
		require.Equal(t, []int64{w}, done)
		m.awaited[w] = 0
		m.commit(t, m.next(w))
		return fmt.Sprint("another process ends ", call)
	case 4:
		require.NoError(t, m.other.Commit(ctx, []store.Step{{Mark: []store.Mark{{ID: call, Ending: store.Canceled}, {ID: w, Progress: []byte("p")}}}}))
		c, err := m.own.Call(ctx, call)
		require.NoError(t, err)
		require.Equal(t, store.Canceled, c.Ending)
		return fmt.Sprint("another process marks ", call)
	case 5:
		require.NoError(t, m.other.Commit(ctx, []store.Step{{Send: []store.Event{{Call: call, Name: "e"}}}}))
		return fmt.Sprint("another process sends to ", call)
	case 6:
		m.commit(t, store.Step{Change: []store.Change{{ID: call, Phase: store.Ready, Attempts: 1, Failures: 1}}})
		return fmt.Sprint(call, " is tried again")
	default:
		m.commit(t, m.brief(call, w, 1, 'n'))
		below := m.last
		step := m.next(w)
		step.Change = append(step.Change, store.Change{ID: below, Phase: store.Done, Status: store.OK})
		m.commit(t, step)
		return fmt.Sprint(call, " awaits ", below)
	}
}

// check looks at all there is, as another process sees it.
func (m *holdModel) check(t *testing.T, after string) {
	t.Helper()
	all, err := m.other.Calls(ctx, 0, 1000)
	require.NoError(t, err, after)
	require.Len(t, all, int(m.last), after)
	for i := range all {
		c := &all[i]
		switch {
		case c.ID <= workflows:
			require.Equal(t, []any{store.Suspended, m.awaited[c.ID], 1, m.awaits[c.ID], []byte{byte(c.ID), byte(m.awaits[c.ID])}},
				[]any{c.Phase, c.First, c.Width, c.Awaits, c.State}, after)
		case c.Root == c.Parent && c.ID == m.awaited[c.Root]:
			require.Equal(t, []any{store.Ready, byte(m.awaits[c.Root])}, []any{c.Phase, c.Input[0]}, after)
		default:
			require.Equal(t, store.Done, c.Phase, after)
		}
	}
}
