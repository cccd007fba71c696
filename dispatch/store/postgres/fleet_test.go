package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/dispatch/store/storetest"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

func TestFleet(t *testing.T) {
	storetest.RunShared(t, func(t testing.TB) storetest.Join {
		url, schema := pgtest.Schema(t)
		return func(lease time.Duration) (store.Shared, error) {
			return postgres.Join(ctx, url, postgres.Schema(schema), postgres.Lease(lease))
		}
	})
}

// A store is owned by one process or by a fleet, and can go from one to the other.
func TestOneOrFleet(t *testing.T) {
	url, schema := pgtest.Schema(t)
	alone, err := postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	require.NoError(t, alone.Commit(ctx, []store.Step{create(alone, 1)}))
	_, err = postgres.Join(ctx, url, postgres.Schema(schema))
	require.ErrorIs(t, err, store.ErrOwned)
	require.NoError(t, alone.Close())

	member, err := postgres.Join(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	n, err := member.TakeOver(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n, "what the only owner had is free")
	_, err = postgres.Open(ctx, url, postgres.Schema(schema))
	require.ErrorIs(t, err, store.ErrOwned)
	require.NoError(t, member.Close())
	alone, err = postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	require.NoError(t, alone.Close())
}

// A process that was stopped in the middle of a commit, with its row locked, does not keep
// others from taking over.
func TestTakeOverOfLockedRow(t *testing.T) {
	url, schema := pgtest.Schema(t)
	stopped, err := postgres.Join(ctx, url, postgres.Schema(schema), postgres.Lease(time.Millisecond))
	require.NoError(t, err)
	defer stopped.Close()
	require.NoError(t, stopped.Commit(ctx, []store.Step{create(stopped, 1)}))
	tx, err := stopped.Stop(ctx)
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	other, err := postgres.Join(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer other.Close()
	n, err := other.TakeOver(ctx)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.ErrorIs(t, stopped.Renew(ctx), store.ErrFenced)
}

// A claim and a commit of a process do not wait for each other, and both are over when the process is
// fenced: so what they have got is set free.
func TestFenceWaitsForClaims(t *testing.T) {
	url, schema := pgtest.Schema(t)
	slow, err := postgres.Join(ctx, url, postgres.Schema(schema), postgres.Lease(time.Millisecond))
	require.NoError(t, err)
	defer slow.Close()
	for name, stop := range map[string]func() (pgx.Tx, error){
		"claim":  func() (pgx.Tx, error) { return slow.StopClaim(ctx) },
		"commit": func() (pgx.Tx, error) { return slow.Stop(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			tx, err := stop()
			require.NoError(t, err)
			if name == "claim" {
				require.NoError(t, slow.Commit(ctx, []store.Step{create(slow, 1)}))
				require.NoError(t, slow.Renew(ctx))
			} else {
				_, err := slow.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 1})
				require.NoError(t, err)
			}
			left := make(chan error, 1)
			go func() { left <- slow.Leave(ctx) }()
			require.Eventually(t, func() bool {
				n, err := slow.Waiting(ctx)
				return err == nil && n == 1
			}, waitTime, waitTick)
			require.NoError(t, tx.Commit(ctx))
			require.NoError(t, <-left)
			require.NoError(t, slow.Rejoin(ctx))
		})
	}
}

// What a process has done of which it could not learn before it was fenced is what the next owner finds, and
// what of it arrives later does not happen.
func TestFencedUnawares(t *testing.T) {
	join := func(t *testing.T) (a, b *postgres.Fleet, p *pgtest.Proxy) {
		url, schema := pgtest.Schema(t)
		p = pgtest.NewProxy(t, url)
		a, err := postgres.Join(ctx, p.URL, postgres.Schema(schema), postgres.Lease(time.Millisecond))
		require.NoError(t, err)
		t.Cleanup(func() { a.Close() })
		b, err = postgres.Join(ctx, url, postgres.Schema(schema))
		require.NoError(t, err)
		t.Cleanup(func() { b.Close() })
		require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1)}))
		require.NoError(t, a.Commit(ctx, []store.Step{await(1, 1)})) // later ones are one message each
		return a, b, p
	}
	takeOver := func(t *testing.T, b *postgres.Fleet, n int) {
		got, err := b.TakeOver(ctx)
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	for name, fault := range map[string]pgtest.Fault{"lost": pgtest.Lose, "done": pgtest.Deafen, "late": pgtest.Delay} {
		t.Run("commit "+name, func(t *testing.T) {
			a, b, p := join(t)
			p.Next(fault, pgtest.Outage)
			require.ErrorIs(t, a.Commit(ctx, []store.Step{await(1, 2)}), store.ErrUnavailable)
			require.ErrorIs(t, a.Commit(ctx, []store.Step{await(1, 2)}), store.ErrUnavailable)
			takeOver(t, b, 1)
			p.Next()
			err, attempts := a.Commit(ctx, []store.Step{await(1, 2)}), 1
			if fault == pgtest.Deafen {
				require.NoError(t, err)
				attempts = 2
			} else {
				require.ErrorIs(t, err, store.ErrFenced)
			}
			if fault == pgtest.Delay {
				_ = p.Arrive() // the session has been ended
			}
			require.ErrorIs(t, a.Commit(ctx, []store.Step{await(1, 3)}), store.ErrFenced)
			c, err := b.Call(ctx, 1)
			require.NoError(t, err)
			require.Equal(t, attempts, c.Attempts)
		})
		for _, fence := range []bool{false, true} {
			t.Run(fmt.Sprintf("claim %s, fenced %t", name, fence), func(t *testing.T) {
				a, b, p := join(t)
				claims := func(f *postgres.Fleet) ([]int64, error) {
					all, err := f.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 1})
					var ids []int64
					for _, c := range all {
						ids = append(ids, c.ID)
					}
					return ids, err
				}
				free := func(id int64) {
					require.NoError(t, b.Commit(ctx, []store.Step{create(b, id)}))
					require.NoError(t, b.Release(ctx, id, 1))
				}
				free(2)
				got, err := claims(a)
				require.NoError(t, err)
				require.Equal(t, []int64{2}, got)
				free(3)
				p.Next(pgtest.None, pgtest.None, fault, pgtest.Outage) // begin, the claim, commit
				_, err = claims(a)
				require.ErrorIs(t, err, store.ErrUnavailable)
				if fault == pgtest.Delay && !fence {
					require.NoError(t, p.Arrive())
				}
				if fence {
					n := 2
					if fault == pgtest.Deafen {
						n = 3
					}
					takeOver(t, b, n)
				}
				p.Next()
				got, err = claims(a)
				require.NoError(t, err, "what has become of the last one is looked up first")
				if fence || fault == pgtest.Lose {
					require.Empty(t, got)
					got, err = claims(a)
				}
				if !fence {
					require.NoError(t, err)
					require.Equal(t, []int64{3}, got)
					return
				}
				require.ErrorIs(t, err, store.ErrFenced)
				for id := int64(1); id <= 3; id++ {
					got, err := claims(b)
					require.NoError(t, err)
					require.Equal(t, []int64{id}, got)
				}
			})
		}
	}
}

// Notifications come again when the connection that had listened is lost; what was sent
// meanwhile is lost, and found by asking.
func TestLostNotification(t *testing.T) {
	url, schema := pgtest.Schema(t)
	p := pgtest.NewProxy(t, url)
	a, err := postgres.Join(ctx, p.URL, postgres.Schema(schema))
	require.NoError(t, err)
	defer a.Close()
	b, err := postgres.Join(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1), create(a, 2),
		{Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 2, Width: 1}, {ID: 2, Phase: store.Done, Status: store.OK}}}}))
	p.Next(pgtest.Outage)
	p.Cut()
	require.NoError(t, b.Tell(ctx, []int64{1}))
	p.Next(pgtest.None)
	require.Eventually(t, func() bool {
		got, err := a.Complete(ctx, []int64{1})
		return err == nil && len(got) == 1
	}, waitTime, waitTick)
	require.Eventually(t, func() bool {
		require.NoError(t, b.Tell(ctx, []int64{1}))
		select {
		case w := <-a.Wakes():
			return len(w.Calls) == 1
		case <-time.After(50 * time.Millisecond):
			return false
		}
	}, waitTime, waitTick)
}

// A call does not sleep through what another process stores in the same moment, whoever comes first.
func TestAsleepMeanwhile(t *testing.T) {
	sleep := store.Step{Sleep: []int64{1}}
	const (
		slept   = "it has fallen asleep"
		stored  = "that is stored"
		between = "it falls asleep in view of what was there before"
	)
	for name, step := range map[string]store.Step{
		"done":   {Change: []store.Change{{ID: 2, Phase: store.Done, Status: store.OK}}, Wake: []int64{1}},
		"event":  {Send: []store.Event{{Call: 1, Name: "e"}}},
		"ending": {Mark: []store.Mark{{ID: 1, Ending: store.Canceled}}},
	} {
		for _, first := range []string{slept, stored, between} {
			t.Run(name+", "+first, func(t *testing.T) {
				url, schema := pgtest.Schema(t)
				a, err := postgres.Join(ctx, url, postgres.Schema(schema))
				require.NoError(t, err)
				defer a.Close()
				b, err := postgres.Join(ctx, url, postgres.Schema(schema))
				require.NoError(t, err)
				defer b.Close()
				require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1), create(a, 2),
					{Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 2, Width: 1, State: []byte{1}}}}}))
				done := make(chan error, 1)
				waits := func(f *postgres.Fleet) {
					require.Eventually(t, func() bool {
						n, err := f.Waiting(ctx)
						return err == nil && n == 1
					}, waitTime, waitTick)
				}
				switch first {
				case slept:
					tx, err := a.Write(ctx, sleep)
					require.NoError(t, err)
					defer tx.Rollback(ctx)
					go func() { done <- b.Commit(ctx, []store.Step{step}) }()
					waits(b)
					require.NoError(t, tx.Commit(ctx))
				case stored:
					tx, err := b.Write(ctx, step)
					require.NoError(t, err)
					defer tx.Rollback(ctx)
					done <- a.Commit(ctx, []store.Step{sleep})
					require.NoError(t, tx.Commit(ctx))
				case between:
					goOn := a.PauseSleep(ctx, t)
					go func() { done <- a.Commit(ctx, []store.Step{sleep}) }()
					waits(a)
					require.NoError(t, b.Commit(ctx, []store.Step{step}))
					goOn()
				}
				require.NoError(t, <-done)
				require.NoError(t, a.Release(ctx, 1, 1))
				got, err := b.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
				require.NoError(t, err)
				require.Len(t, got, 1)
				require.Equal(t, int64(1), got[0].ID)
			})
		}
	}
}

// Beside a process of a version that does not wake calls none sleep, whenever it comes.
func TestAsleepBesideOld(t *testing.T) {
	url, schema := pgtest.Schema(t)
	join := func() *postgres.Fleet {
		f, err := postgres.Join(ctx, url, postgres.Schema(schema))
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	joinOld := func() *postgres.Fleet {
		f := join()
		f.Exec(t, "UPDATE coroc.incarnations SET wakes = false WHERE id = $1", f.Incarnation())
		return f
	}
	rouse := func(f *postgres.Fleet, able bool) {
		t.Helper()
		got, err := f.Rouse(ctx)
		require.NoError(t, err)
		require.Equal(t, able, got)
	}
	claims := func(f *postgres.Fleet) int {
		got, err := f.Claim(ctx, store.Claim{Functions: []string{"f"}, Limit: 10})
		require.NoError(t, err)
		return len(got)
	}
	sleep := func(f *postgres.Fleet, n int) {
		t.Helper()
		require.NoError(t, f.Commit(ctx, []store.Step{{Sleep: []int64{1}}}))
		require.NoError(t, f.Release(ctx, 1, 1))
		require.Equal(t, n, claims(f))
	}
	a := join()
	rouse(a, true)
	require.NoError(t, a.Commit(ctx, []store.Step{create(a, 1), create(a, 2),
		{Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 2, Width: 1, State: []byte{1}}}}}))
	sleep(a, 0)

	old := joinOld()
	require.NoError(t, a.Release(ctx, 2, 1))
	require.Equal(t, 1, claims(old))
	require.NoError(t, old.Commit(ctx, []store.Step{{Change: []store.Change{{ID: 2, Phase: store.Done, Status: store.OK}}}}))
	require.NoError(t, old.Close())
	require.Zero(t, claims(a))
	rouse(a, false)
	require.Equal(t, 1, claims(a), "it was woken")
	rouse(a, true)

	require.NoError(t, a.Commit(ctx, []store.Step{create(a, 3),
		{Change: []store.Change{{ID: 1, Phase: store.Suspended, First: 3, Width: 1, State: []byte{1}}}}}))
	old = joinOld()
	rouse(a, false)
	sleep(a, 1)
	require.NoError(t, old.Close())
	rouse(a, false)
	rouse(a, true)
	sleep(a, 0)
	require.NoError(t, a.Close())

	alone, err := postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	require.NoError(t, alone.Close())
	a = join()
	require.Equal(t, 2, claims(a), "who had the store alone does not wake calls")
}

// A claim does not pass over all that sleeps, whatever the planner knows of the table.
func TestClaimBesideSleepers(t *testing.T) {
	url, schema := pgtest.Schema(t)
	f, err := postgres.Join(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer f.Close()
	f.Exec(t, `INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, first, width, attempts,
			failures, awaits, reached, phase, status, input, due, asleep)
		SELECT i, 1, 0, 0, i, 1, now(), now(), 0, 0, 0, 0, 0, 0, 1, 0, '', now() + interval '1 day', i <= 150000 FROM generate_series(1, 150100) i`)
	for _, known := range []bool{false, true} {
		if known {
			f.Exec(t, "ANALYZE coroc.calls")
		}
		for _, oldest := range []bool{false, true} {
			plan := f.ClaimPlan(ctx, t, oldest)
			require.Regexp(t, "calls_(free|oldest)", plan)
			require.NotRegexp(t, "calls_(owned|unfinished) on calls c_1|Bitmap Index Scan on calls_(owned|unfinished)", plan)
		}
	}
}
