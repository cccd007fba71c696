package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// RegisterArrays is how the sessions of a store encode arrays.
var RegisterArrays = registerArrays

// Table is an array of rows of numbers.
type Table = table

// NewTable returns a table with rows of so many numbers.
func NewTable(width int, numbers ...int64) Table { return table{width, numbers} }

// Rows returns the rows, as the driver takes them.
func (t table) Rows() (rows [][]int64) {
	for all := t.numbers; len(all) > 0; all = all[t.width:] {
		rows = append(rows, all[:t.width])
	}
	return rows
}

// Locked says whether a session of the server holds the lock.
func (s *Store) Locked(ctx context.Context) bool {
	var n int
	err := s.pool.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted
		AND classid = $1 AND objid = hashtext($2)::oid AND pid <> pg_backend_pid()`, lockClass, s.lock.schema).Scan(&n)
	return err == nil && n > 0
}

// Setting returns a setting of the sessions that write.
func (s *Store) Setting(ctx context.Context, name string) (v string, err error) {
	err = s.pool.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&v)
	return v, err
}

// SetLost sets what is called when a connection has been lost, before the next one is made.
func (s *Store) SetLost(f func()) { s.lost = f }

// Stop returns a transaction that has locked the row of the incarnation, as a commit does of
// which only a part has arrived.
func (f *Fleet) Stop(ctx context.Context) (pgx.Tx, error) {
	tx, err := f.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, f.schema.sql("UPDATE coroc.incarnations SET commits = commits + 1 WHERE id = $1"), f.Incarnation())
	return tx, err
}

// StopClaim returns a transaction that has locked the row of the incarnation, as a claim does that
// takes its time.
func (f *Fleet) StopClaim(ctx context.Context) (pgx.Tx, error) {
	tx, err := f.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, f.schema.sql(meSQL), f.Incarnation())
	return tx, err
}

// Waiting returns how many sessions of a process wait for a lock.
func (f *Fleet) Waiting(ctx context.Context) (n int, err error) {
	err = f.pool.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
		AND right(application_name, length($1)) = $1`, f.channel).Scan(&n)
	return n, err
}

// Leave fences the own incarnation.
func (f *Fleet) Leave(ctx context.Context) error { return f.leave(ctx, false) }

// Write returns a transaction that has written a step, and is not committed yet.
func (f *Fleet) Write(ctx context.Context, step store.Step) (pgx.Tx, error) {
	var q pgx.Batch
	q.Queue(f.statements.gate, f.Incarnation(), f.commits, f.round)
	f.commits++ // it will have been one
	return f.write(ctx, &q, step)
}

// WriteAhead returns a transaction that has written a step, but for the row of the incarnation.
func (f *Fleet) WriteAhead(ctx context.Context, step store.Step) (pgx.Tx, error) {
	return f.write(ctx, new(pgx.Batch), step)
}

// write returns a transaction that has written what is in q, and a step.
func (f *Fleet) write(ctx context.Context, q *pgx.Batch, step store.Step) (pgx.Tx, error) {
	b, _ := fold([]store.Step{step})
	b.plan = f.hold(b)
	f.queue(q, b)
	tx, err := f.pool.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return tx, tx.SendBatch(ctx, q).Close()
}

// Gate writes the row of the incarnation.
func (f *Fleet) Gate(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, f.statements.gate, f.Incarnation(), f.commits, f.round)
	return err
}

// Fence fences an incarnation, and sets free nothing.
func (f *Fleet) Fence(ctx context.Context, id int64) error { return f.fence(ctx, "id = $1", nil, id) }

// Rows returns the ids of the calls that have rows.
func (f *Fleet) Rows(ctx context.Context) ([]int64, error) {
	return query(ctx, f.reader, scanID, "SELECT id FROM coroc.calls ORDER BY id")
}

// Held returns how many calls are held.
func (f *Fleet) Held(ctx context.Context) (int, error) {
	return value[int](ctx, f.reader, "SELECT count(*) FROM coroc.held")
}

// Known returns how many calls are known to be held, or are not known not to be.
func (s *Store) Known() int {
	s.holding.mu.Lock()
	defer s.holding.mu.Unlock()
	return len(s.holding.by) + len(s.holding.of)
}

// PauseSleep makes calls that are put to sleep wait, when the statement has begun that does so, until the returned
// function is called.
func (f *Fleet) PauseSleep(ctx context.Context, t testing.TB) (goOn func()) {
	const lock = 7_000_001
	tx, err := f.pool.Begin(ctx)
	require.NoError(t, err)
	_, err = tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lock)
	require.NoError(t, err)
	f.statements.sleep = strings.Replace(f.statements.sleep, "AND ending = 0", fmt.Sprintf("AND pg_advisory_xact_lock(%d)::text = '' AND ending = 0", lock), 1)
	return func() { require.NoError(t, tx.Rollback(ctx)) }
}

// ClaimPlan returns how the server finds what is to be claimed.
func (f *Fleet) ClaimPlan(ctx context.Context, t testing.TB, oldest bool) string {
	text := claimSQL
	if oldest {
		text = oldestSQL
	}
	tx, err := f.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: claimBegin})
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	rows, err := tx.Query(ctx, "EXPLAIN "+f.schema.sql(text), f.Incarnation(), 0, []string{"f"}, []int64{}, false, ahead, 10, 0, []string{}, []string{})
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return strings.Join(lines, "\n")
}

// Plans returns how the server finds what the statements of a step are about.
func (f *Fleet) Plans(ctx context.Context, t testing.TB, step store.Step) (plans []string) {
	b, ok := fold([]store.Step{step})
	b.plan = f.hold(b)
	require.True(t, ok)
	var q pgx.Batch
	f.queue(&q, b)
	for _, statement := range q.QueuedQueries {
		rows, err := f.pool.Query(ctx, "EXPLAIN "+statement.SQL, statement.Arguments...)
		require.NoError(t, err)
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		plans = append(plans, strings.Join(append([]string{statement.SQL}, lines...), "\n"))
	}
	return plans
}

// Exec executes a statement.
func (f *Fleet) Exec(t testing.TB, text string, args ...any) {
	t.Helper()
	_, err := f.exec(context.Background(), text, args...)
	require.NoError(t, err)
}
