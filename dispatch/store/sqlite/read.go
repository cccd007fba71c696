package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// reader has the methods that only read, on connections of their own: a write does not
// keep them waiting.
type reader struct{ db *sql.DB }

// Reader reads a store that another process may own. It takes no lock, so it may be
// opened at any time; it never writes.
type Reader struct{ *reader }

// OpenReader opens the file at path for reading.
func OpenReader(ctx context.Context, path string) (*Reader, error) {
	r, err := openReader(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	return &Reader{r}, nil
}

func openReader(ctx context.Context, path string) (*reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, errors.Unwrap(err) // the path is said already
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	r, err := newReader(ctx, path)
	if err != nil {
		return nil, err
	}
	if err := r.check(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func newReader(ctx context.Context, path string) (*reader, error) {
	db, err := sql.Open("sqlite", dataSource(path, true))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	r := &reader{db}
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// check makes sure that the schema is the one that this program reads.
func (r *reader) check(ctx context.Context) error {
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	all, err := store.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	version, err := checkVersion(ctx, conn, len(all))
	if err != nil {
		return err
	}
	if version != len(all) {
		return fmt.Errorf("its schema is version %d, and only its owner brings it to %d", version, len(all))
	}
	return nil
}

// Close closes the connections for reading.
func (r *reader) Close() error { return r.db.Close() }

// IncarnationName implements [store.Store].
func (r *reader) IncarnationName(ctx context.Context, incarnation int64) (string, error) {
	var name string
	err := r.db.QueryRowContext(ctx, "SELECT name FROM incarnations WHERE id = ?", incarnation).Scan(&name)
	return name, notFound(err)
}

// LastID implements [store.Store].
func (r *reader) LastID(ctx context.Context) (int64, error) {
	var id int64
	err := r.db.QueryRowContext(ctx, `SELECT max(coalesce((SELECT max(id) FROM calls), 0), coalesce((SELECT max(p.first)`+heldSQL+`), 0))`).Scan(&id)
	return id, err
}

const callSQL = `SELECT c.id, c.incarnation, c.parent, c.root, f.name, c.created, c.updated, c.phase, c.status,
	c.attempts, c.failures, c.awaits, c.reached, c.due, c.first, c.width, c.key, c.output, c.error, c.input, c.state,
	c.options, c.waiting, c.ending, c.progress, c.priority, c.partition, c.deadline, c.hops, c.lap
	FROM calls c JOIN functions f ON f.id = c.function `

// Call implements [store.Store].
func (r *reader) Call(ctx context.Context, id int64) (*store.Call, error) {
	c, err := r.call(ctx, callSQL+"WHERE c.id = ?", id)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	c, err = r.call(ctx, heldCallSQL+"AND p.first = ?", id)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	return r.call(ctx, callSQL+"WHERE c.id = ?", id) // it may have got its row
}

// Incarnations implements [store.Store].
func (r *reader) Incarnations(ctx context.Context, ids []int64) (map[int64]int64, error) {
	find := func(text string) func([]int64) ([]store.Made, error) {
		return func(ids []int64) ([]store.Made, error) {
			list, err := json.Marshal(ids)
			if err != nil {
				return nil, err
			}
			return query(ctx, r.db, func(row scanner, m *store.Made) error { return row.Scan(&m.ID, &m.Incarnation) }, text, string(list))
		}
	}
	return store.FindIncarnations(ids, find("SELECT id, incarnation FROM calls WHERE id IN (SELECT value FROM json_each(?))"),
		find("SELECT p.first, (SELECT max(id) FROM incarnations)"+heldSQL+"AND p.first IN (SELECT value FROM json_each(?))"))
}

// ByKey implements [store.Store].
func (r *reader) ByKey(ctx context.Context, key string) (*store.Call, error) {
	return r.call(ctx, callSQL+"WHERE c.key = ?", key)
}

func (r *reader) call(ctx context.Context, text string, arg any) (*store.Call, error) {
	var c store.Call
	if err := scanCall(r.db.QueryRowContext(ctx, text, arg), &c); err != nil {
		return nil, notFound(err)
	}
	return &c, nil
}

// Calls returns calls in ascending order of their ids from the first one after the given
// id, at most limit.
func (r *reader) Calls(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	return query(ctx, r.db, scanCall, callSQL+"WHERE c.id > ?1 UNION ALL "+heldCallSQL+"AND p.first > ?1 ORDER BY 1 LIMIT ?2", after, limit)
}

// Unfinished implements [store.Store].
func (r *reader) Unfinished(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	return query(ctx, r.db, scanCall, awakeSQL+" UNION ALL "+headSQL+"WHERE c.asleep = 1"+headsSQL+pageSQL, after, limit)
}

// Awake implements [store.Timed].
func (r *reader) Awake(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	return query(ctx, r.db, scanCall, awakeSQL+pageSQL, after, limit)
}

// Asleep implements [store.Timed].
func (r *reader) Asleep(ctx context.Context) (bool, error) {
	var some bool
	err := r.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM calls INDEXED BY calls_unfinished WHERE asleep = 1 AND phase <> 3)").Scan(&some)
	return some, err
}

const (
	// headSQL and headsSQL, with a condition on asleep between them, read heads in the order of an index.
	headSQL = `SELECT c.id, c.incarnation, c.parent, c.root, f.name, c.created, c.updated,
		c.phase, c.status, c.attempts, c.failures, c.awaits, c.reached, c.due, c.first, c.width, c.key, NULL, NULL, NULL,
		CASE WHEN c.state IS NULL THEN NULL ELSE x'00' END,
		c.options, c.waiting, c.ending, NULL, c.priority, c.partition, c.deadline, c.hops, c.lap
		FROM calls c INDEXED BY calls_unfinished CROSS JOIN functions f ON f.id = c.function `
	headsSQL = ` AND c.phase <> 3 AND c.id > ?1`
	awakeSQL = headSQL + `WHERE c.asleep = 0` + headsSQL + ` UNION ALL ` + headSQL + `WHERE c.asleep = 2` + headsSQL +
		` UNION ALL ` + heldHeadSQL + `AND p.first > ?1`
	pageSQL = ` ORDER BY 1 LIMIT ?2`
)

// Outcomes implements [store.Store].
func (r *reader) Outcomes(ctx context.Context, first int64, n int) ([]store.Outcome, error) {
	return query(ctx, r.db, func(row scanner, o *store.Outcome) error {
		return row.Scan(&o.ID, &o.Status, &o.Output, &o.Error)
	}, "SELECT id, status, output, error FROM calls WHERE id >= ? AND id < ? AND phase = 3 ORDER BY id", first, first+int64(n))
}

// CountDone implements [store.Store].
func (r *reader) CountDone(ctx context.Context, first int64, n int) (int, error) {
	var done int
	err := r.db.QueryRowContext(ctx, "SELECT count(*) FROM calls WHERE id >= ? AND id < ? AND phase = 3",
		first, first+int64(n)).Scan(&done)
	return done, err
}

// Finished implements [store.Store].
func (r *reader) Finished(ctx context.Context, after int64, limit int) ([]store.Finished, error) {
	return query(ctx, r.db, func(row scanner, f *store.Finished) error {
		var created, ended int64
		err := row.Scan(&f.ID, &f.Root, &f.Function, &created, &f.Status, &ended, &f.Laps)
		f.Created = time.UnixMilli(created)
		if ended != 0 {
			f.Ended = time.UnixMilli(ended)
		}
		return err
	}, `SELECT c.id, c.root, f.name, c.created,
			CASE r.phase WHEN 3 THEN r.status ELSE 0 END,
			CASE WHEN r.phase = 3 THEN r.updated WHEN r.phase <> 3 AND c.lap < p.hops THEN c.updated ELSE 0 END,
			CASE WHEN r.phase <> 3 AND c.lap < p.hops THEN p.hops - c.lap ELSE 0 END
		FROM calls c JOIN functions f ON f.id = c.function
			LEFT JOIN calls r ON r.id = c.root LEFT JOIN calls p ON p.id = c.parent
		WHERE c.id > ? AND c.phase = 3 AND (c.lap < p.hops OR c.parent <> 0 AND p.id IS NULL
			OR coalesce(p.phase, 3) = 3 AND coalesce(r.phase, 3) = 3)
		ORDER BY c.id LIMIT ?`, after, limit)
}

// Due implements [store.Timed].
func (r *reader) Due(ctx context.Context, until time.Time, after int64, limit int) ([]int64, error) {
	return query(ctx, r.db, func(row scanner, id *int64) error { return row.Scan(id) },
		"SELECT id FROM calls INDEXED BY calls_due WHERE due <> 0 AND phase = 1 AND due <= ? AND id > ? ORDER BY id LIMIT ?",
		until.UnixMilli(), after, limit)
}

// Counts implements [store.Store].
func (r *reader) Counts(ctx context.Context) ([]store.Count, error) {
	return query(ctx, r.db, func(row scanner, c *store.Count) error {
		return row.Scan(&c.Function, &c.Phase, &c.Status, &c.Calls, &c.Attempts, &c.Retries, &c.StateBytes)
	}, `SELECT name, phase, status, sum(n), sum(attempts), sum(retries), sum(bytes) FROM (
		SELECT f.name AS name, c.phase AS phase, c.status AS status, count(*) AS n, sum(c.attempts) AS attempts,
			sum(max(c.attempts - 1, 0)) AS retries, sum(coalesce(length(c.state), 0)) AS bytes
			FROM calls c JOIN functions f ON f.id = c.function GROUP BY c.function, c.phase, c.status
		UNION ALL SELECT f.name, 1, 0, count(*), 0, 0, 0`+heldSQL+`GROUP BY p.held
		) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`)
}

type scanner interface{ Scan(...any) error }

func query[T any](ctx context.Context, db *sql.DB, scan func(scanner, *T) error, text string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func scanCall(row scanner, c *store.Call) error {
	var created, updated, due, deadline int64
	var key, partition sql.NullString
	err := row.Scan(&c.ID, &c.Incarnation, &c.Parent, &c.Root, &c.Function, &created, &updated, &c.Phase, &c.Status,
		&c.Attempts, &c.Failures, &c.Awaits, &c.Reached, &due, &c.First, &c.Width, &key, &c.Output, &c.Error, &c.Input, &c.State,
		&c.Options, &c.Waiting, &c.Ending, &c.Progress, &c.Priority, &partition, &deadline, &c.Hops, &c.Lap)
	c.Created, c.Updated, c.Key, c.Partition = time.UnixMilli(created), time.UnixMilli(updated), key.String, partition.String
	if due != 0 {
		c.Due = time.UnixMilli(due)
	}
	if deadline != 0 {
		c.Deadline = time.UnixMilli(deadline)
	}
	return err
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}
