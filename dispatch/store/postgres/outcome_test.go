package postgres_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

func create(s store.Store, id int64) store.Step {
	return store.Step{Create: []store.Call{{ID: id, Incarnation: s.Incarnation(), Root: id, Function: "f", Phase: store.Ready, Input: []byte("1")}}}
}

func await(id, attempts int64) store.Step {
	return store.Step{Change: []store.Change{{ID: id, Phase: store.Suspended, Attempts: int(attempts), State: []byte("s")}}}
}

func opened(t *testing.T) (*postgres.Store, *pgtest.Proxy, string) {
	t.Helper()
	url, schema := pgtest.Schema(t)
	p := pgtest.NewProxy(t, url)
	s, err := postgres.Open(ctx, p.URL, postgres.Schema(schema))
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	// Later commits are one message each.
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 1)}))
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 2), await(1, 0)}))
	return s, p, schema
}

func ids(t *testing.T, s store.Store) []int64 {
	t.Helper()
	all, err := s.Calls(ctx, 0, 100)
	require.NoError(t, err)
	var got []int64
	for _, c := range all {
		got = append(got, c.ID)
	}
	return got
}

// Whatever becomes of the connection, a commit happens once.
func TestConnectionLost(t *testing.T) {
	for name, fault := range map[string]pgtest.Fault{"before": pgtest.Lose, "after": pgtest.Deafen, "in between": pgtest.Delay} {
		t.Run(name, func(t *testing.T) {
			s, p, _ := opened(t)
			p.Next(fault)
			require.NoError(t, s.Commit(ctx, []store.Step{create(s, 3), await(1, 3)}), "it connects again by itself")
			if fault == pgtest.Delay {
				require.NoError(t, p.Arrive())
			}
			require.Equal(t, []int64{1, 2, 3}, ids(t, s))
			require.NoError(t, s.Commit(ctx, []store.Step{create(s, 4)}))
		})
	}
}

// What arrives late does not happen, also if it is not what was committed instead.
func TestLateCommit(t *testing.T) {
	s, p, _ := opened(t)
	p.Next(pgtest.Delay)
	require.NoError(t, s.Commit(ctx, []store.Step{await(1, 3)}))
	require.NoError(t, s.Commit(ctx, []store.Step{await(1, 4)}))
	require.NoError(t, p.Arrive())
	c, err := s.Call(ctx, 1)
	require.NoError(t, err)
	require.Equal(t, 4, c.Attempts)
}

// That a commit has not happened is so for good when it is known: what of it arrives later
// is refused, also if nothing has been committed since.
func TestRefusedWhenKnown(t *testing.T) {
	s, p, _ := opened(t)
	p.Next(pgtest.Delay)
	s.SetLost(func() { p.Next(pgtest.Outage) })
	require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrUnavailable)
	p.Next(pgtest.None)
	require.NoError(t, s.Commit(ctx, nil))
	require.NoError(t, p.Arrive())
	require.Equal(t, []int64{1, 2}, ids(t, s))
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 4)}))
	require.Equal(t, []int64{1, 2, 4}, ids(t, s))
}

// A server that cannot be reached for longer is told to the engine. When it can be again,
// the same steps are there once, whether they had arrived or not; and other ones do not
// take their place.
func TestOutage(t *testing.T) {
	for name, fault := range map[string]pgtest.Fault{"before": pgtest.Lose, "after": pgtest.Deafen} {
		t.Run(name, func(t *testing.T) {
			s, p, _ := opened(t)
			steps := []store.Step{create(s, 3), await(1, 3)}
			p.Next(fault)
			s.SetLost(func() { p.Next(pgtest.Outage) })
			require.ErrorIs(t, s.Commit(ctx, steps), store.ErrUnavailable)
			require.ErrorIs(t, s.Commit(ctx, steps), store.ErrUnavailable)
			p.Next(pgtest.None)
			again := []store.Step{create(s, 3), await(1, 3)}
			require.NoError(t, s.Commit(ctx, again))
			require.Equal(t, []int64{1, 2, 3}, ids(t, s))

			s, p, _ = opened(t)
			p.Next(fault)
			s.SetLost(func() { p.Next(pgtest.Outage) })
			require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrUnavailable)
			p.Next(pgtest.None)
			require.NoError(t, s.Commit(ctx, []store.Step{create(s, 4)}))
			want := []int64{1, 2, 4}
			if fault == pgtest.Deafen {
				want = []int64{1, 2, 3, 4}
			}
			require.Equal(t, want, ids(t, s))
		})
	}
}

// Who was cut off from the server while another one took over commits nothing any more.
func TestFenced(t *testing.T) {
	s, p, schema := opened(t)
	p.Next(pgtest.Outage)
	p.Cut()
	other, err := postgres.Open(ctx, pgtest.URL(t), postgres.Schema(schema))
	require.NoError(t, err)
	defer other.Close()
	require.Greater(t, other.Incarnation(), s.Incarnation())
	require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrUnavailable)
	p.Next(pgtest.None)
	require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrFenced)
	require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrFenced)
	require.Equal(t, []int64{1, 2}, ids(t, other))
	require.NoError(t, other.Commit(ctx, []store.Step{create(other, 3)}))
}

// A database that has lost commits which had been acknowledged takes no more.
func TestRestored(t *testing.T) {
	s, _, schema := opened(t)
	pgtest.Exec(t, pgtest.URL(t), "UPDATE "+schema+".incarnations SET commits = commits - 1")
	require.ErrorIs(t, s.Commit(ctx, []store.Step{create(s, 3)}), store.ErrFenced)
	require.Equal(t, []int64{1, 2}, ids(t, s))
}

// The lock is taken again when the connection that held it has been lost.
func TestLockTakenAgain(t *testing.T) {
	s, p, schema := opened(t)
	p.Cut()
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 3)}))
	require.Eventually(t, func() bool {
		other, err := postgres.Open(ctx, pgtest.URL(t), postgres.Schema("not_"+schema))
		require.NoError(t, err, "another schema is another store")
		require.NoError(t, other.Close())
		pgtest.Exec(t, pgtest.URL(t), "DROP SCHEMA not_"+schema+" CASCADE")
		return s.Locked(ctx)
	}, waitTime, waitTick)
	_, err := postgres.Open(ctx, pgtest.URL(t), postgres.Schema(schema))
	require.ErrorIs(t, err, store.ErrOwned)
}

// A server that crashes and comes back has what was committed, and takes more.
func TestServerCrash(t *testing.T) {
	server, err := pgtest.Start()
	if err != nil {
		t.Skipf("no server of its own: %v", err)
	}
	defer server.Stop()
	s, err := postgres.Open(ctx, server.URL)
	require.NoError(t, err)
	defer s.Close()
	for id := int64(1); id < 4; id++ {
		require.NoError(t, s.Commit(ctx, []store.Step{create(s, id)}))
		require.NoError(t, server.Crash())
	}
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 4)}))
	require.Equal(t, []int64{1, 2, 3, 4}, ids(t, s))
	_, err = s.Call(context.Background(), 4)
	require.NoError(t, err)
}
