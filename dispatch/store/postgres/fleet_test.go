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
