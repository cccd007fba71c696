package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// lined is a store of which two sessions know the statements of its commits that begin: those are one message each.
type lined struct {
	*postgres.Store
	p      *pgtest.Proxy
	schema string
	conn   *pgx.Conn // another one
}

func openedLined(t *testing.T) *lined {
	t.Helper()
	s, p, schema := opened(t)
	conn, err := pgx.Connect(ctx, pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(ctx) })
	l := &lined{s, p, schema, conn}
	first := l.begin(t, pgtest.None, create(s, 3), await(1, 0))
	second := l.begin(t, pgtest.None, create(s, 4), await(2, 0))
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	l.check(t, 4, 1, 2, 3, 4)
	return l
}

// begin begins a commit whose message has a fault.
func (l *lined) begin(t *testing.T, fault pgtest.Fault, steps ...store.Step) store.Begun {
	t.Helper()
	l.p.Next(fault)
	b := l.Begin(ctx, steps)
	require.NotNil(t, b)
	return b
}

// check says that there have been so many commits, and that these calls are there.
func (l *lined) check(t *testing.T, commits int, calls ...int64) {
	t.Helper()
	var got int
	require.NoError(t, l.conn.QueryRow(ctx, "SELECT commits FROM "+l.schema+".incarnations").Scan(&got))
	require.Equal(t, commits, got, "commits")
	require.Equal(t, calls, ids(t, l))
}

// goesOn says that commits of both kinds work.
func (l *lined) goesOn(t *testing.T, commits int, calls ...int64) {
	t.Helper()
	require.NoError(t, l.Commit(ctx, []store.Step{create(l, 11)}))
	first := l.begin(t, pgtest.None, create(l, 12))
	second := l.begin(t, pgtest.None, create(l, 13))
	require.NoError(t, first.Wait())
	require.NoError(t, second.Wait())
	require.NoError(t, l.Commit(ctx, []store.Step{create(l, 14)}))
	l.check(t, commits+4, append(calls, 11, 12, 13, 14)...)
}

// lost are the faults after which it is not known what has become of a commit.
var lost = map[string]pgtest.Fault{
	"nothing arrives":       pgtest.Lose,
	"a part arrives":        pgtest.Tear,
	"it arrives later":      pgtest.Delay,
	"the answer is lost":    pgtest.Deafen,
	"its end alone is lost": pgtest.Hush,
}

// Whatever becomes of the connection, a commit that has begun happens once, and lets no
// transaction stay that the next one has to wait for.
func TestConnectionLostOfBegun(t *testing.T) {
	for name, fault := range lost {
		t.Run(name, func(t *testing.T) {
			l := openedLined(t)
			steps := []store.Step{create(l, 5), await(1, 3)}
			require.ErrorIs(t, l.begin(t, fault, steps...).Wait(), store.ErrUnavailable)
			require.Nil(t, l.Begin(ctx, []store.Step{create(l, 6)}), "it is not known yet what is to be before it")
			require.NoError(t, l.Commit(ctx, steps))
			if fault == pgtest.Delay {
				_ = l.p.Arrive() // the session may have been ended
			}
			l.check(t, 5, 1, 2, 3, 4, 5)
			l.goesOn(t, 5, 1, 2, 3, 4, 5)
		})
	}
}

// Nothing begins behind what is lost, whether it has arrived or not.
func TestNothingBeginsBehindLost(t *testing.T) {
	for name, fault := range lost {
		if fault == pgtest.Hush {
			continue // nobody knows yet
		}
		t.Run(name, func(t *testing.T) {
			l := openedLined(t)
			steps, next := []store.Step{create(l, 5)}, []store.Step{create(l, 6)}
			b := l.begin(t, fault, steps...)
			require.Nil(t, l.Begin(ctx, next))
			require.ErrorIs(t, b.Wait(), store.ErrUnavailable)
			require.NoError(t, l.Commit(ctx, steps))
			require.NoError(t, l.Commit(ctx, next))
			if fault == pgtest.Delay {
				_ = l.p.Arrive()
			}
			l.check(t, 6, 1, 2, 3, 4, 5, 6)
		})
	}
}

// Of two commits that are under way the first has happened if the second has: what is not known of both is found out of
// one after the other.
func TestConnectionLostOfTwo(t *testing.T) {
	for name, fault := range lost {
		for _, both := range []bool{false, true} {
			if both {
				name = "both, " + name
			}
			t.Run(name, func(t *testing.T) {
				l := openedLined(t)
				steps, next := []store.Step{create(l, 5), await(1, 3)}, []store.Step{create(l, 6), await(1, 4)}
				of := pgtest.None
				if both {
					of = pgtest.Hush
				}
				first := l.begin(t, of, steps...)
				second := l.begin(t, fault, next...)
				if err := first.Wait(); both {
					require.ErrorIs(t, err, store.ErrUnavailable)
				} else {
					require.NoError(t, err)
				}
				require.ErrorIs(t, second.Wait(), store.ErrUnavailable)
				if both {
					require.NoError(t, l.Commit(ctx, steps))
				}
				require.NoError(t, l.Commit(ctx, next))
				if fault == pgtest.Delay {
					_ = l.p.Arrive()
				}
				l.check(t, 6, 1, 2, 3, 4, 5, 6)
				c, err := l.Call(ctx, 1)
				require.NoError(t, err)
				require.Equal(t, 4, c.Attempts)
				l.goesOn(t, 6, 1, 2, 3, 4, 5, 6)
			})
		}
	}
}

// That the second has happened is found out together with that the first has.
func TestAnswerLostOfFirst(t *testing.T) {
	l := openedLined(t)
	steps, next := []store.Step{create(l, 5)}, []store.Step{create(l, 6)}
	first := l.begin(t, pgtest.Hush, steps...)
	second := l.begin(t, pgtest.None, next...)
	require.ErrorIs(t, first.Wait(), store.ErrUnavailable)
	require.ErrorIs(t, second.Wait(), store.ErrUnavailable)
	require.NoError(t, l.Commit(ctx, steps))
	require.NoError(t, l.Commit(ctx, next))
	l.check(t, 6, 1, 2, 3, 4, 5, 6)
	l.goesOn(t, 6, 1, 2, 3, 4, 5, 6)
}

// A server that cannot be reached for longer is asked again, and so it is known what has become of two commits, whatever is
// committed instead of them.
func TestOutageOfTwo(t *testing.T) {
	for _, instead := range []bool{false, true} {
		l := openedLined(t)
		steps, next := []store.Step{create(l, 5)}, []store.Step{create(l, 6)}
		first := l.begin(t, pgtest.Hush, steps...)
		second := l.begin(t, pgtest.Hush, next...)
		l.SetLost(func() { l.p.Next(pgtest.Outage) })
		require.ErrorIs(t, first.Wait(), store.ErrUnavailable)
		require.ErrorIs(t, second.Wait(), store.ErrUnavailable)
		require.ErrorIs(t, l.Commit(ctx, steps), store.ErrUnavailable)
		l.SetLost(nil)
		l.p.Next()
		if instead {
			require.NoError(t, l.Commit(ctx, []store.Step{create(l, 7)}))
			l.check(t, 7, 1, 2, 3, 4, 5, 6, 7)
			require.NoError(t, l.begin(t, pgtest.None, create(l, 8)).Wait())
			l.goesOn(t, 8, 1, 2, 3, 4, 5, 6, 7, 8)
			continue
		}
		require.NoError(t, l.Commit(ctx, steps))
		require.NoError(t, l.Commit(ctx, next))
		l.check(t, 6, 1, 2, 3, 4, 5, 6)
		l.goesOn(t, 6, 1, 2, 3, 4, 5, 6)
	}
}

// hold makes the commit of a transaction that creates call 5 wait until the returned function is called.
func (l *lined) hold(t *testing.T) (goOn func()) {
	t.Helper()
	_, err := l.conn.Exec(ctx, strings.ReplaceAll(`
		CREATE FUNCTION THIS.hold() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN PERFORM pg_advisory_xact_lock_shared(hashtext('THIS')); RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER hold AFTER INSERT ON THIS.calls DEFERRABLE INITIALLY DEFERRED
			FOR EACH ROW WHEN (NEW.id = 5) EXECUTE FUNCTION THIS.hold();
		SELECT pg_advisory_lock(hashtext('THIS'))`, "THIS", l.schema))
	require.NoError(t, err)
	return func() {
		_, err := l.conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtext($1))", l.schema)
		require.NoError(t, err)
	}
}

// waiting waits until so many sessions wait for locks, and returns the one whose commit does.
func (l *lined) waiting(t *testing.T, n int) (committing int) {
	t.Helper()
	require.Eventually(t, func() bool {
		var got int
		err := l.conn.QueryRow(ctx, `SELECT count(*), max(pid) FILTER (WHERE wait_event = 'advisory') FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'`, l.schema).Scan(&got, &committing)
		return err == nil && got == n
	}, waitTime, waitTick)
	return committing
}

// A commit that fails at its end takes with it what was begun behind it.
func TestFirstFails(t *testing.T) {
	for name, fail := range map[string]func(l *lined, session int) error{
		"for certain": func(l *lined, session int) error {
			_, err := l.conn.Exec(ctx, "SELECT pg_cancel_backend($1)", session)
			return err
		},
		"with its session": func(l *lined, session int) error {
			_, err := l.conn.Exec(ctx, "SELECT pg_terminate_backend($1)", session)
			return err
		},
		"with all connections": func(l *lined, _ int) error {
			l.p.Cut()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := openedLined(t)
			goOn := l.hold(t)
			steps, next := []store.Step{create(l, 5)}, []store.Step{create(l, 6), await(1, 4)}
			first := l.begin(t, pgtest.None, steps...)
			begun := make(chan store.Begun, 1)
			go func() { begun <- l.Begin(ctx, next) }()
			require.NoError(t, fail(l, l.waiting(t, 2)))
			second := <-begun
			require.ErrorIs(t, first.Wait(), store.ErrUnavailable)
			if name == "with all connections" {
				require.NotNil(t, second, "it is not known what becomes of it")
				require.ErrorIs(t, second.Wait(), store.ErrUnavailable)
			} else {
				require.Nil(t, second)
			}
			goOn()
			require.NoError(t, l.Commit(ctx, steps))
			require.NoError(t, l.Commit(ctx, next))
			l.check(t, 6, 1, 2, 3, 4, 5, 6)
			l.goesOn(t, 6, 1, 2, 3, 4, 5, 6)
		})
	}
}

// fence fences the store.
func (l *lined) fence(ctx context.Context, t *testing.T) <-chan error {
	conn, err := pgx.Connect(ctx, pgtest.URL(t))
	require.NoError(t, err)
	fenced := make(chan error, 1)
	go func() {
		defer conn.Close(ctx)
		_, err := conn.Exec(ctx, "UPDATE "+l.schema+".incarnations SET fenced = now()")
		fenced <- err
	}()
	return fenced
}

// What has begun behind a commit that the fence waits for does not happen if it comes to the gate behind the fence, and that
// commit does.
func TestFencedBetween(t *testing.T) {
	l := openedLined(t)
	goOn := l.hold(t)
	first := l.begin(t, pgtest.None, create(l, 5))
	l.waiting(t, 1)
	conn, err := pgx.Connect(ctx, pgtest.URL(t))
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "BEGIN; SELECT FROM "+l.schema+".calls WHERE id = 1 FOR UPDATE")
	require.NoError(t, err)
	begun := make(chan store.Begun, 1)
	next := []store.Step{create(l, 6), await(1, 4)}
	go func() { begun <- l.Begin(ctx, next) }()
	l.waiting(t, 2)
	fenced := l.fence(ctx, t)
	l.waiting(t, 3)
	goOn()
	require.NoError(t, first.Wait())
	require.NoError(t, <-fenced)
	_, err = conn.Exec(ctx, "COMMIT")
	require.NoError(t, err)
	require.Nil(t, <-begun)
	require.ErrorIs(t, l.Commit(ctx, next), store.ErrFenced)
	require.Nil(t, l.Begin(ctx, next))
	l.check(t, 5, 1, 2, 3, 4, 5)
}

// What had been done before the fence is known all the same.
func TestFencedUnawaresOfTwo(t *testing.T) {
	l := openedLined(t)
	steps, next := []store.Step{create(l, 5)}, []store.Step{create(l, 6)}
	first := l.begin(t, pgtest.Hush, steps...)
	second := l.begin(t, pgtest.Hush, next...)
	require.ErrorIs(t, first.Wait(), store.ErrUnavailable)
	require.ErrorIs(t, second.Wait(), store.ErrUnavailable)
	require.NoError(t, <-l.fence(ctx, t))
	require.NoError(t, l.Commit(ctx, steps))
	require.NoError(t, l.Commit(ctx, next))
	require.ErrorIs(t, l.Commit(ctx, []store.Step{create(l, 7)}), store.ErrFenced)
	l.check(t, 6, 1, 2, 3, 4, 5, 6)
}
