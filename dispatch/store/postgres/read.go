package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// reader has the methods that only read.
type reader struct {
	pool   *pgxpool.Pool
	schema schema
}

// Reader reads a store that another process may own. It takes no lock and never writes.
type Reader struct{ *reader }

// OpenReader opens a store for reading.
func OpenReader(ctx context.Context, url string, opts ...Option) (*Reader, error) {
	c := configure(opts)
	r, err := openReader(ctx, url, c)
	if err != nil {
		return nil, c.wrap(err)
	}
	return &Reader{r}, nil
}

func openReader(ctx context.Context, url string, c *config) (*reader, error) {
	pool, err := newPool(ctx, url, c)
	if err != nil {
		return nil, err
	}
	r := &reader{pool, c.quoted()}
	if err := r.check(ctx, c.schema); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// check makes sure that the schema is one that this program reads.
func (r *reader) check(ctx context.Context, name string) error {
	all, err := store.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	version, err := checkVersion(ctx, r.pool, name, r.schema, len(all))
	switch {
	case err != nil:
		return err
	case version == 0:
		return fmt.Errorf("there is no store; the first program that runs calls makes it")
	case version != len(all):
		return fmt.Errorf("its schema is version %d, and only its owner brings it to %d", version, len(all))
	}
	return nil
}

// Close closes the connections.
func (r *reader) Close() error {
	r.pool.Close()
	return nil
}

// IncarnationName implements [store.Reader].
func (r *reader) IncarnationName(ctx context.Context, incarnation int64) (string, error) {
	name, err := value[string](ctx, r, "SELECT name FROM coroc.incarnations WHERE id = $1", incarnation)
	return name, notFound(err)
}

// LastID implements [store.Reader].
func (r *reader) LastID(ctx context.Context) (int64, error) {
	return value[int64](ctx, r, "SELECT greatest((SELECT max(id) FROM coroc.calls), (SELECT max(awaited) FROM coroc.held), 0)")
}

// callSQL reads calls that have rows. What is in held counts of one that awaits a call which has none.
const callSQL = `SELECT c.id, c.incarnation, c.parent, c.root, f.name, c.created, coalesce(h.updated, c.updated), ` + standSQL + `,
	c.key, CASE WHEN h.id IS NULL THEN c.output END, CASE WHEN h.id IS NULL THEN c.error END, c.input, coalesce(h.state, s.state),
	c.options, CASE WHEN h.id IS NULL THEN c.waiting END, c.ending, c.progress, c.priority, c.partition, c.deadline, coalesce(c.hops, 0), coalesce(c.lap, 0)
	FROM coroc.calls c ` + besideSQL

// standSQL is where a call stands.
const standSQL = `CASE WHEN h.id IS NULL THEN c.phase ELSE 2 END, coalesce(h.status, c.status), coalesce(h.attempts, c.attempts),
	coalesce(h.failures, c.failures), coalesce(h.awaits, c.awaits), coalesce(h.reached, c.reached), CASE WHEN h.id IS NULL THEN c.due END,
	coalesce(h.awaited, c.first), CASE WHEN h.id IS NULL THEN c.width ELSE 1 END`

const besideSQL = `JOIN coroc.functions f ON f.id = c.function LEFT JOIN coroc.states s ON s.id = c.id LEFT JOIN coroc.held h ON h.id = c.id `

// heldSQL reads calls that have no rows.
const heldSQL = `SELECT h.awaited, h.owner, h.id, h.root, f.name, h.created, h.updated, 1, 0, 0, 0, 0, 0, NULL::timestamptz, 0, 0,
	NULL::text, NULL::bytea, NULL::bytea, h.input, NULL::bytea, NULL::bytea, NULL::bytea, 0, NULL::bytea, 0, NULL::text, NULL::timestamptz, 0, 0
	FROM coroc.held h JOIN coroc.functions f ON f.id = h.function `

// heldHeadSQL leaves out the input, as Unfinished does.
var heldHeadSQL = strings.Replace(heldSQL, "h.input", "NULL::bytea", 1)

// Call implements [store.Reader].
func (r *reader) Call(ctx context.Context, id int64) (*store.Call, error) {
	c, err := r.call(ctx, callSQL+"WHERE c.id = $1", id)
	if errors.Is(err, store.ErrNotFound) {
		c, err = r.call(ctx, heldSQL+"WHERE h.awaited = $1", id)
	}
	if errors.Is(err, store.ErrNotFound) { // but it may have been held when its row was looked for
		c, err = r.call(ctx, callSQL+"WHERE c.id = $1", id)
	}
	return c, err
}

// Incarnations implements [store.Reader].
func (r *reader) Incarnations(ctx context.Context, ids []int64) (map[int64]int64, error) {
	find := func(text string) func([]int64) ([]store.Made, error) {
		return func(ids []int64) ([]store.Made, error) {
			return query(ctx, r, func(row pgx.Row, m *store.Made) error { return row.Scan(&m.ID, &m.Incarnation) }, text, ids)
		}
	}
	return store.FindIncarnations(ids, find("SELECT id, incarnation FROM coroc.calls WHERE id = ANY ($1)"),
		find("SELECT awaited, owner FROM coroc.held WHERE awaited = ANY ($1)"))
}

// ByKey implements [store.Reader].
func (r *reader) ByKey(ctx context.Context, key string) (*store.Call, error) {
	if checkText(key) != nil {
		return nil, store.ErrNotFound
	}
	return r.call(ctx, callSQL+"WHERE c.key = $1", key)
}

func (r *reader) call(ctx context.Context, text string, arg any) (*store.Call, error) {
	var c store.Call
	if err := r.row(ctx, func(row pgx.Row) error { return scanCall(row, &c) }, text, arg); err != nil {
		return nil, notFound(err)
	}
	return &c, nil
}

// Calls implements [store.Reader].
func (r *reader) Calls(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	return r.withHeld(ctx, heldSQL, callSQL+"WHERE c.id > $1 ORDER BY c.id LIMIT $2", after, limit)
}

// Unfinished implements [store.Reader].
func (r *reader) Unfinished(ctx context.Context, after int64, limit int) ([]store.Call, error) {
	return r.withHeld(ctx, heldHeadSQL, `SELECT c.id, c.incarnation, c.parent, c.root, f.name, c.created, coalesce(h.updated, c.updated), `+standSQL+`,
		c.key, NULL::bytea, NULL::bytea, NULL::bytea, CASE WHEN coalesce(h.id, s.id) IS NOT NULL THEN '\x00'::bytea END,
		c.options, CASE WHEN h.id IS NULL THEN c.waiting END, c.ending, NULL::bytea, c.priority, c.partition, c.deadline, coalesce(c.hops, 0), coalesce(c.lap, 0)
		FROM coroc.calls c `+besideSQL+`WHERE c.phase <> 3 AND c.id > $1 ORDER BY c.id LIMIT $2`, after, limit)
}

// withHeld returns the first calls that two statements have, of those that are held and of the others, in the order of
// their ids. What is held is read first: if it is not any more a moment later, it has a row.
func (r *reader) withHeld(ctx context.Context, heldText, text string, after int64, limit int) ([]store.Call, error) {
	held, err := query(ctx, r, scanWhole, heldText+"WHERE h.awaited > $1 ORDER BY h.awaited LIMIT $2", after, limit)
	if err != nil {
		return nil, err
	}
	all, err := query(ctx, r, scanWhole, text, after, limit)
	if err != nil || len(held) == 0 {
		return all, err
	}
	all = append(all, held...)
	slices.SortStableFunc(all, func(x, y store.Call) int { return cmp.Compare(x.ID, y.ID) })
	all = slices.CompactFunc(all, func(x, y store.Call) bool { return x.ID == y.ID })
	return all[:min(len(all), limit)], nil
}

// Outcomes implements [store.Reader].
func (r *reader) Outcomes(ctx context.Context, first int64, n int) ([]store.Outcome, error) {
	return query(ctx, r, func(row pgx.Row, o *store.Outcome) error {
		return row.Scan(&o.ID, &o.Status, &o.Output, &o.Error)
	}, "SELECT id, status, output, error FROM coroc.calls WHERE id >= $1 AND id < $2 AND phase = 3 ORDER BY id", first, first+int64(n))
}

// CountDone implements [store.Reader].
func (r *reader) CountDone(ctx context.Context, first int64, n int) (int, error) {
	return value[int](ctx, r, "SELECT count(*) FROM coroc.calls WHERE id >= $1 AND id < $2 AND phase = 3", first, first+int64(n))
}

// Finished implements [store.Reader].
func (r *reader) Finished(ctx context.Context, after int64, limit int) ([]store.Finished, error) {
	return query(ctx, r, func(row pgx.Row, f *store.Finished) error {
		var ended *time.Time
		err := row.Scan(&f.ID, &f.Root, &f.Function, &f.Created, &f.Status, &ended, &f.Laps)
		if ended != nil {
			f.Ended = *ended
		}
		return err
	}, `SELECT c.id, c.root, f.name, c.created,
			CASE r.phase WHEN 3 THEN r.status ELSE 0 END,
			CASE WHEN r.phase = 3 THEN r.updated WHEN r.phase <> 3 AND coalesce(c.lap, 0) < p.hops THEN c.updated END,
			CASE WHEN r.phase <> 3 AND coalesce(c.lap, 0) < p.hops THEN p.hops - coalesce(c.lap, 0) ELSE 0 END
		FROM coroc.calls c JOIN coroc.functions f ON f.id = c.function
			LEFT JOIN coroc.calls r ON r.id = c.root LEFT JOIN coroc.calls p ON p.id = c.parent
		WHERE c.id > $1 AND c.phase = 3 AND (coalesce(c.lap, 0) < p.hops OR c.parent <> 0 AND p.id IS NULL
			OR coalesce(p.phase, 3) = 3 AND coalesce(r.phase, 3) = 3)
		ORDER BY c.id LIMIT $2`, after, limit)
}

// Counts implements [store.Reader].
func (r *reader) Counts(ctx context.Context) ([]store.Count, error) {
	return query(ctx, r, func(row pgx.Row, c *store.Count) error {
		return row.Scan(&c.Function, &c.Phase, &c.Status, &c.Calls, &c.Attempts, &c.Retries, &c.StateBytes)
	}, `SELECT f.name, c.phase, c.status, count(*), sum(c.attempts)::bigint, sum(greatest(c.attempts - 1, 0))::bigint, sum(c.size)::bigint
		FROM (
			SELECT c.function, CASE WHEN h.id IS NULL THEN c.phase ELSE 2 END, coalesce(h.status, c.status), coalesce(h.attempts, c.attempts),
				coalesce(length(coalesce(h.state, s.state)), 0)
			FROM coroc.calls c LEFT JOIN coroc.states s ON s.id = c.id LEFT JOIN coroc.held h ON h.id = c.id
			UNION ALL SELECT function, 1, 0, 0, 0 FROM coroc.held
		) AS c (function, phase, status, attempts, size) JOIN coroc.functions f ON f.id = c.function
		GROUP BY f.name, c.phase, c.status ORDER BY 1, 2, 3`)
}

// twice tries something again that may be done twice, if a connection has been cut: that of
// a server which was started anew, or which another process has ended.
func (r *reader) twice(ctx context.Context, f func() error) error {
	err := f()
	if broken(err) && ctx.Err() == nil {
		r.pool.Reset()
		err = f()
	}
	return err
}

// row reads one row.
func (r *reader) row(ctx context.Context, scan func(pgx.Row) error, text string, args ...any) error {
	return r.twice(ctx, func() error { return scan(r.pool.QueryRow(ctx, r.schema.sql(text), args...)) })
}

// value reads the one value of one row.
func value[T any](ctx context.Context, r *reader, text string, args ...any) (T, error) {
	var v T
	err := r.row(ctx, func(row pgx.Row) error { return row.Scan(&v) }, text, args...)
	return v, err
}

// exec executes a statement that may be executed twice, and returns the number of rows.
func (r *reader) exec(ctx context.Context, text string, args ...any) (int64, error) {
	var n int64
	err := r.twice(ctx, func() error {
		t, err := r.pool.Exec(ctx, r.schema.sql(text), args...)
		n = t.RowsAffected()
		return err
	})
	return n, err
}

func query[T any](ctx context.Context, r *reader, scan func(pgx.Row, *T) error, text string, args ...any) ([]T, error) {
	var all []T
	err := r.twice(ctx, func() error {
		rows, err := r.pool.Query(ctx, r.schema.sql(text), args...)
		if err != nil {
			return err
		}
		all, err = collect(rows, scan)
		return err
	})
	return all, err
}

func collect[T any](rows pgx.Rows, scan func(pgx.Row, *T) error) ([]T, error) {
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

func scanWhole(row pgx.Row, c *store.Call) error { return scanCall(row, c) }

func scanCall(row pgx.Row, c *store.Call, more ...any) error {
	var due, deadline *time.Time
	var key, partition *string
	err := row.Scan(append([]any{&c.ID, &c.Incarnation, &c.Parent, &c.Root, &c.Function, &c.Created, &c.Updated, &c.Phase, &c.Status,
		&c.Attempts, &c.Failures, &c.Awaits, &c.Reached, &due, &c.First, &c.Width, &key, &c.Output, &c.Error, &c.Input, &c.State,
		&c.Options, &c.Waiting, &c.Ending, &c.Progress, &c.Priority, &partition, &deadline, &c.Hops, &c.Lap}, more...)...)
	if due != nil {
		c.Due = *due
	}
	if key != nil {
		c.Key = *key
	}
	if deadline != nil {
		c.Deadline = *deadline
	}
	if partition != nil {
		c.Partition = *partition
	}
	return err
}
