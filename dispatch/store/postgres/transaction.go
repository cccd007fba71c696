package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

var _ store.Transactional = (*Fleet)(nil)

// CreateIn implements [store.Transactional] for a pgx.Tx and an *sql.Tx, of whatever driver.
// Other processes are told when the transaction is committed.
func (f *Fleet) CreateIn(ctx context.Context, tx any, c store.Call) (*store.Call, error) {
	var row func(text string, args ...any) pgx.Row
	switch tx := tx.(type) {
	case pgx.Tx:
		row = func(text string, args ...any) pgx.Row { return tx.QueryRow(ctx, text, args...) }
	case *sql.Tx:
		row = func(text string, args ...any) pgx.Row { return tx.QueryRowContext(ctx, text, args...) }
	default:
		return nil, fmt.Errorf("a transaction is a pgx.Tx or an *sql.Tx, and not a %T", tx)
	}
	if err := checkCall(&c); err != nil {
		return nil, err
	}
	// Not in the transaction, which may not see what others have added since it began.
	if _, err := f.exec(ctx, "INSERT INTO coroc.functions (name) VALUES ($1) ON CONFLICT DO NOTHING", c.Function); err != nil {
		return nil, unavailable(err)
	}
	function, err := value[int64](ctx, f.reader, "SELECT id FROM coroc.functions WHERE name = $1", c.Function)
	if err != nil {
		return nil, unavailable(err)
	}
	input := c.Input
	if input == nil {
		input = []byte{}
	}
	var told string
	err = row(f.schema.sql(`WITH w AS (
			INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, first, width,
				attempts, failures, awaits, reached, phase, status, key, input, due, options, priority, partition, deadline)
			VALUES ($1, $2, 0, 0, $1, $3, now(), now(), 0, 0, 0, 0, 0, 0, $4, 0, $5, $6, $8, $9, $10, $11, $12)
			ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING RETURNING id
		) SELECT id, pg_notify($7, '')::text FROM w`),
		c.ID, c.Incarnation, function, int16(store.Ready), text(c.Key), input, f.work,
		moment(c.Due), c.Options, c.Priority, text(c.Partition), moment(c.Deadline)).Scan(&c.ID, &told)
	switch {
	case err == nil:
		return &c, nil
	case !errors.Is(err, sql.ErrNoRows) && !errors.Is(err, pgx.ErrNoRows):
		return nil, err
	}
	old := &store.Call{Key: c.Key}
	err = row(f.schema.sql(`SELECT c.id, c.incarnation, f.name, c.input, c.options FROM coroc.calls c
		JOIN coroc.functions f ON f.id = c.function WHERE c.key = $1`), c.Key).Scan(&old.ID, &old.Incarnation, &old.Function, &old.Input, &old.Options)
	if errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("the key %q was used after this transaction began, which does not see that (it is not READ COMMITTED)", c.Key)
	}
	return old, err
}
