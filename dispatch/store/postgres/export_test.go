package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

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
