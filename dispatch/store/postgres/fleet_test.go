package postgres_test

import (
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
