//go:build !durable

package postgres_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// A call that was made in a transaction is there if that was committed, and only then.
func TestDispatchTx(t *testing.T) {
	url, schema := pgtest.Schema(t)
	double, _ := workflow()
	d := process(t, url, schema, double)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	require.NoError(t, err)
	defer conn.Close(ctx)
	db, err := sql.Open("pgx", url)
	require.NoError(t, err)
	defer db.Close()

	type transaction struct {
		tx               any
		commit, rollback func() error
	}
	for name, begin := range map[string]func() transaction{
		"pgx.Tx": func() transaction {
			tx, err := conn.Begin(ctx)
			require.NoError(t, err)
			return transaction{tx, func() error { return tx.Commit(ctx) }, func() error { return tx.Rollback(ctx) }}
		},
		"sql.Tx": func() transaction {
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			return transaction{tx, tx.Commit, tx.Rollback}
		},
	} {
		t.Run(name, func(t *testing.T) {
			tx := begin()
			id, err := double.With(dispatch.WithDelay(time.Millisecond), dispatch.WithTimeout(time.Minute)).DispatchTx(ctx, tx.tx, 21,
				dispatch.WithKey(name), dispatch.WithPriority(-3), dispatch.WithPartition("p"))
			require.NoError(t, err)
			again, err := double.DispatchTx(ctx, tx.tx, 21, dispatch.WithKey(name))
			require.NoError(t, err)
			require.Equal(t, id, again)
			_, err = double.DispatchTx(ctx, tx.tx, 22, dispatch.WithKey(name))
			require.ErrorIs(t, err, dispatch.ErrKeyConflict)
			_, err = d.Lookup(ctx, id)
			require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
			require.NoError(t, tx.commit())
			require.Equal(t, 42, await(t, double, id))
			c, err := d.Lookup(ctx, id)
			require.NoError(t, err)
			require.Equal(t, []any{-3, "p"}, []any{c.Priority, c.Partition})
			again, err = double.Dispatch(ctx, 21, dispatch.WithKey(name))
			require.NoError(t, err)
			require.Equal(t, id, again)

			tx = begin()
			id, err = double.DispatchTx(ctx, tx.tx, 1)
			require.NoError(t, err)
			require.NoError(t, tx.rollback())
			time.Sleep(20 * time.Millisecond)
			_, err = d.Lookup(ctx, id)
			require.ErrorIs(t, err, dispatch.ErrNoSuchCall)
		})
	}
	_, err = double.DispatchTx(ctx, db, 1)
	require.ErrorContains(t, err, "and not a *sql.DB")
}

// A file has no transactions of the program's own.
func TestDispatchTxOnFile(t *testing.T) {
	double, _ := workflow()
	d, err := dispatch.New(double, dispatch.WithStore(filepath.Join(t.TempDir(), "calls.db")))
	require.NoError(t, err)
	defer d.Close()
	_, err = double.DispatchTx(context.Background(), nil, 1)
	require.ErrorIs(t, err, dispatch.ErrNoTransactions)
}

func ExampleStore_transaction() {
	var (
		ship = dispatch.Func("ship", func(context.Context, int64) (string, error) { return "shipped", nil })
		conn *pgx.Conn // of the database in which the calls are
		ctx  = context.Background()
	)
	d, _ := dispatch.New(ship, postgres.Store("postgres://shop@db.internal/shop"))
	defer d.Close()
	// The order and the workflow that ships it are there both, or not at all.
	_ = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var order int64
		if err := tx.QueryRow(ctx, "INSERT INTO orders DEFAULT VALUES RETURNING id").Scan(&order); err != nil {
			return err
		}
		_, err := ship.DispatchTx(ctx, tx, order)
		return err
	})
}
