package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// holds returns the step with which call 1 holds call id: it comes to its n-th await.
func holds(f store.Store, id int64, n int) store.Step {
	step := create(f, id)
	c := &step.Create[0]
	c.Brief, c.Parent, c.Root, c.Created, c.Input = true, 1, 1, time.UnixMilli(int64(1000*n)), []byte{byte(n)}
	step.Change = []store.Change{{ID: 1, Phase: store.Suspended, First: id, Width: 1, Awaits: n, Reached: n, State: []byte{1, byte(n)}}}
	return step
}

// goesOn returns the step with which call id ends, and call 1 goes on to await next.
func goesOn(f store.Store, id, next int64, n int) store.Step {
	step := holds(f, next, n)
	step.Change = append(step.Change, store.Change{ID: id, Phase: store.Done, Status: store.OK, Attempts: 1, Output: []byte{byte(id)}})
	return step
}

// rows returns the ids of the calls that have rows.
func rows(t *testing.T, f *postgres.Fleet) []int64 {
	t.Helper()
	ids, err := f.Rows(ctx)
	require.NoError(t, err)
	return ids
}

func pair(t *testing.T, opts ...postgres.Option) (a, b *postgres.Fleet) {
	t.Helper()
	url, schema := pgtest.Schema(t)
	for _, f := range []**postgres.Fleet{&a, &b} {
		var err error
		*f, err = postgres.Join(ctx, url, append(opts, postgres.Schema(schema))...)
		require.NoError(t, err)
		t.Cleanup(func() { (*f).Close() })
	}
	return a, b
}

// What is held has no row until it is done, and the call that awaits keeps the one that it had.
func TestHeld(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1)}))
	require.NoError(t, a.Commit(ctx, []store.Step{holds(a, 2, 1)}))
	require.Equal(t, []int64{1}, rows(t, a))
	require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 2, 3, 2)}))
	require.Equal(t, []int64{1, 2}, rows(t, a))
	for _, f := range []*postgres.Fleet{a, b} {
		p, err := f.Call(ctx, 1)
		require.NoError(t, err)
		require.Equal(t, []any{store.Suspended, int64(3), 1, 2, []byte{1, 2}}, []any{p.Phase, p.First, p.Width, p.Awaits, p.State})
		x, err := f.Call(ctx, 3)
		require.NoError(t, err)
		require.Equal(t, []any{store.Ready, int64(1), int64(1), []byte{2}}, []any{x.Phase, x.Parent, x.Root, x.Input})
	}
	n, err := a.Held(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.NoError(t, a.Commit(ctx, []store.Step{{Change: []store.Change{
		{ID: 3, Phase: store.Done, Status: store.OK}, {ID: 1, Phase: store.Done, Status: store.OK}}}}))
	require.Equal(t, []int64{1, 2, 3}, rows(t, a))
	n, err = a.Held(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
}

// Who takes over finds all that was held, as it was when the last commit was made.
func TestHeldIsTakenOver(t *testing.T) {
	for name, end := range map[string]func(a, b *postgres.Fleet){
		"closed": func(a, _ *postgres.Fleet) { require.NoError(t, a.Close()) },
		"fenced": func(a, b *postgres.Fleet) {
			require.Eventually(t, func() bool {
				n, err := b.TakeOver(ctx)
				return err == nil && n == 2
			}, waitTime, waitTick)
		},
		// It has locked what it holds, and waits for the row that the other one has locked.
		"fenced in the middle of a commit": func(a, b *postgres.Fleet) {
			tx, err := a.WriteAhead(ctx, goesOn(a, 3, 4, 3))
			require.NoError(t, err)
			defer tx.Rollback(ctx)
			done := make(chan error, 1)
			go func() { done <- b.Fence(ctx, a.Incarnation()) }()
			require.Eventually(t, func() bool {
				n, err := b.Waiting(ctx)
				return err == nil && n == 1
			}, waitTime, waitTick)
			_ = a.Gate(ctx, tx) // the server has given up this or the other one
			require.NoError(t, tx.Rollback(ctx))
			require.NoError(t, <-done)
			n, err := b.TakeOver(ctx)
			require.NoError(t, err)
			require.Equal(t, 2, n)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t, postgres.Lease(time.Second))
			require.NoError(t, b.Renew(ctx))
			require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1)}))
			require.NoError(t, a.Commit(ctx, []store.Step{holds(a, 2, 1)}))
			require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 2, 3, 2)}))
			stop := make(chan bool)
			renewed := make(chan bool)
			go func() {
				defer close(renewed)
				for {
					select {
					case <-stop:
						return
					case <-time.After(50 * time.Millisecond):
						_ = b.Renew(ctx)
					}
				}
			}()
			end(a, b)
			close(stop)
			<-renewed
			got, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
			require.NoError(t, err)
			require.Len(t, got, 2)
			p, x := got[0], got[1]
			require.Equal(t, []any{int64(1), store.Suspended, int64(3), 1, 2}, []any{p.ID, p.Phase, p.First, p.Width, p.Awaits})
			require.Equal(t, []any{int64(3), store.Ready, int64(1), false, name != "closed"}, []any{x.ID, x.Phase, x.Parent, x.Orphan, x.Lost})
			whole, err := b.Call(ctx, 1)
			require.NoError(t, err)
			require.Equal(t, []byte{1, 2}, whole.State)
			if name == "closed" {
				return
			}
			require.ErrorIs(t, a.Commit(ctx, []store.Step{goesOn(a, 3, 4, 3)}), store.ErrFenced)
			require.NoError(t, a.Rejoin(ctx))
			require.NoError(t, b.Release(ctx, 1, 3))
			_, err = a.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
			require.NoError(t, err)
			require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 3, 4, 3)}), "it knows nothing of what it had held")
			require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 4, 5, 4)}))
		})
	}
}

// What other processes do to a call that is held is done to it, and its owner goes on as before.
func TestHeldByAnother(t *testing.T) {
	for name, step := range map[string]store.Step{
		"mark":  {Mark: []store.Mark{{ID: 2, Ending: store.Canceled}}},
		"event": {Send: []store.Event{{Call: 2, Name: "e", Payload: []byte("1")}}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pair(t)
			require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1)}))
			require.NoError(t, a.Commit(ctx, []store.Step{holds(a, 2, 1)}))
			require.NoError(t, b.Commit(ctx, []store.Step{step}))
			require.Equal(t, []int64{1, 2}, rows(t, a))
			news, err := a.News(ctx)
			require.NoError(t, err)
			if name == "mark" {
				require.Equal(t, []store.Ending{{ID: 2, Ending: store.Canceled}}, news.Ended)
			} else {
				require.Equal(t, []int64{2}, news.Sent)
			}
			require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 2, 3, 2)}))
			require.NoError(t, a.Commit(ctx, []store.Step{goesOn(a, 3, 4, 3)}))
			p, err := b.Call(ctx, 1)
			require.NoError(t, err)
			require.Equal(t, []any{store.Suspended, int64(4), []byte{1, 3}}, []any{p.Phase, p.First, p.State})
			x, err := b.Call(ctx, 2)
			require.NoError(t, err)
			require.Equal(t, []any{store.Done, []byte{2}}, []any{x.Phase, x.Output})
			if name == "mark" {
				require.Equal(t, store.Canceled, x.Ending)
			}
			require.Error(t, b.Commit(ctx, []store.Step{{Send: []store.Event{{Call: 2, Name: "e"}}}}), "it is done")
			require.NoError(t, b.Commit(ctx, []store.Step{{Send: []store.Event{{Call: 1, Name: "e"}}}}))
		})
	}
}

// A call that is set free, or that awaits one that is, has a row.
func TestHeldIsReleased(t *testing.T) {
	a, b := pair(t)
	require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1)}))
	require.NoError(t, a.Commit(ctx, []store.Step{holds(a, 2, 1)}))
	require.NoError(t, a.Release(ctx, 2, 1))
	got, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, []any{int64(2), false}, []any{got[0].ID, got[0].Orphan})
	require.NoError(t, b.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 2, Phase: store.Done, Status: store.OK}}}}))
	done, err := a.Complete(ctx, []int64{1})
	require.NoError(t, err)
	require.Equal(t, []int64{1}, done)
	require.NoError(t, a.Commit(ctx, []store.Step{holds(a, 3, 2)}))
	done, err = a.Complete(ctx, []int64{1})
	require.NoError(t, err)
	require.Empty(t, done)
}

// Whatever becomes of a connection, what is held is known, or known not to be known.
func TestHeldThroughOutage(t *testing.T) {
	for name, fault := range map[string]pgtest.Fault{"before": pgtest.Lose, "after": pgtest.Deafen} {
		for _, other := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", another step next: ", other), func(t *testing.T) {
				s, p, _ := opened(t)
				require.NoError(t, s.Commit(ctx, []store.Step{holds(s, 3, 1)}))
				require.NoError(t, s.Commit(ctx, []store.Step{goesOn(s, 3, 4, 2)})) // all that is to be sent has been prepared
				p.Next(fault)
				s.SetLost(func() { p.Next(pgtest.Outage) })
				require.ErrorIs(t, s.Commit(ctx, []store.Step{goesOn(s, 4, 5, 3)}), store.ErrUnavailable)
				p.Next(pgtest.None)
				last := int64(5)
				switch {
				case !other:
					require.NoError(t, s.Commit(ctx, []store.Step{goesOn(s, 4, 5, 3)}))
					require.NoError(t, s.Commit(ctx, []store.Step{goesOn(s, 5, 6, 4)}))
					last = 6
				case fault == pgtest.Lose:
					require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 4, Phase: store.Done, Status: store.OK}}}}))
					last = 4
				default:
					require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 5, Phase: store.Done, Status: store.OK}}}}))
				}
				p1, err := s.Call(ctx, 1)
				require.NoError(t, err)
				require.Equal(t, []any{store.Suspended, last}, []any{p1.Phase, p1.First})
				for id := int64(3); id <= last; id++ {
					x, err := s.Call(ctx, id)
					require.NoError(t, err)
					require.Equal(t, other || id < last, x.Phase == store.Done)
				}
				require.ErrorIs(t, s.Commit(ctx, []store.Step{{Change: []store.Change{{ID: last + 1, Phase: store.Done}}}}), store.ErrFinished)
			})
		}
	}
}

// A commit that has happened, as it turns out when its connection is lost, leaves it known what is held.
func TestHeldIsKnownAfterLoss(t *testing.T) {
	open := func(t *testing.T) (*postgres.Fleet, *pgtest.Proxy) {
		url, schema := pgtest.Schema(t)
		p := pgtest.NewProxy(t, url)
		f, err := postgres.Join(ctx, p.URL, postgres.Schema(schema), postgres.Lease(time.Minute))
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		// All that is sent later has been prepared then.
		require.NoError(t, f.Commit(ctx, []store.Step{create(f, 1)}))
		require.NoError(t, f.Commit(ctx, []store.Step{holds(f, 2, 1)}))
		require.NoError(t, f.Commit(ctx, []store.Step{goesOn(f, 2, 3, 2)}))
		return f, p
	}
	over := func(ids ...int64) store.Step {
		var step store.Step
		for _, id := range ids {
			step.Change = append(step.Change, store.Change{ID: id, Phase: store.Done, Status: store.OK})
		}
		return step
	}
	t.Run("and then set free", func(t *testing.T) {
		f, p := open(t)
		p.Next(pgtest.Deafen)
		require.NoError(t, f.Commit(ctx, []store.Step{goesOn(f, 3, 4, 3)}))
		require.NoError(t, f.Release(ctx, 4, 1))
		require.Equal(t, []int64{1, 2, 3, 4}, rows(t, f))
		got, err := f.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
		require.NoError(t, err)
		require.Len(t, got, 1)
		require.Equal(t, int64(4), got[0].ID)
	})
	t.Run("and then set free, of one that had begun", func(t *testing.T) {
		f, p := open(t)
		b := f.Begin(ctx, []store.Step{goesOn(f, 3, 4, 3)})
		require.NotNil(t, b)
		require.NoError(t, b.Wait())
		p.Next(pgtest.Deafen)
		steps := []store.Step{goesOn(f, 4, 5, 4)}
		b = f.Begin(ctx, steps)
		require.NotNil(t, b)
		require.ErrorIs(t, b.Wait(), store.ErrUnavailable)
		require.NoError(t, f.Commit(ctx, steps))
		require.NoError(t, f.Release(ctx, 5, 1))
		require.Equal(t, []int64{1, 2, 3, 4, 5}, rows(t, f))
	})
	t.Run("and then nothing more", func(t *testing.T) {
		f, p := open(t)
		first := create(f, 21)
		next := holds(f, 22, 1)
		next.Create[0].Parent, next.Create[0].Root, next.Change[0].ID = 21, 21, 21
		for _, step := range []store.Step{first, next, over(22, 21)} {
			require.NoError(t, f.Commit(ctx, []store.Step{step}))
		}
		p.Next(pgtest.Deafen)
		require.NoError(t, f.Commit(ctx, []store.Step{over(3, 1)}))
		require.Zero(t, f.Known())
	})
}

// What a commit makes that is refused is not in the way of the next one that does.
func TestHeldAfterRefusal(t *testing.T) {
	f, _ := pair(t)
	require.NoError(t, f.Commit(ctx, []store.Step{create(f, 1)}))
	require.Error(t, f.Commit(ctx, []store.Step{holds(f, 2, 1), {Change: []store.Change{{ID: 99, Phase: store.Done}}}}))
	step := holds(f, 2, 1)
	step.Send = []store.Event{{Call: 2, Name: "e", Payload: []byte("1")}}
	require.NoError(t, f.Commit(ctx, []store.Step{step}))
	sent, err := f.Sent(ctx, 2, "e", 10)
	require.NoError(t, err)
	require.Len(t, sent, 1)
	require.Equal(t, []int64{1, 2}, rows(t, f))
}
