//go:build !durable

package workflows_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver of the bare store

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/dispatch/store"
	pgstore "github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// kind is a kind of store.
type kind struct {
	name string
	// open makes a store that has nothing. bytes is how large it is on the disk.
	open func(b testing.TB) (o dispatch.Option, bytes func() int64)
	// keep makes a store, and opens it, that can be opened again.
	keep func(b testing.TB) (dispatch.Option, store.Store)
	// bare makes a store without an engine, in which a step of a workflow is an update of the call that it
	// awaited, of the workflow's state, and the next call. commit makes a step in each of n
	// workflows in one transaction.
	bare func(b testing.TB) (commit func(n int))
}

var kinds = []kind{
	{"sqlite", openSQLite, keepSQLite, newBareSQLite},
	{"postgres", openPostgres, keepPostgres, newBarePostgres},
}

func openSQLite(b testing.TB) (dispatch.Option, func() int64) {
	path := filepath.Join(b.TempDir(), "calls.db")
	return dispatch.WithStore(path), func() int64 {
		info, err := os.Stat(path)
		require.NoError(b, err)
		return info.Size()
	}
}

func openPostgres(b testing.TB) (dispatch.Option, func() int64) {
	to := pgtest.Synced(b)
	schema := pgtest.SchemaIn(b, to)
	return postgres.Store(to, postgres.Schema(schema)), func() (n int64) {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, to)
		require.NoError(b, err)
		defer conn.Close(ctx)
		require.NoError(b, conn.QueryRow(ctx, `SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = $1`, schema).Scan(&n))
		return n
	}
}

func keepSQLite(b testing.TB) (dispatch.Option, store.Store) {
	path := filepath.Join(b.TempDir(), "calls.db")
	s, err := sqlite.Open(context.Background(), path)
	require.NoError(b, err)
	return dispatch.WithStore(path), s
}

func keepPostgres(b testing.TB) (dispatch.Option, store.Store) {
	to := pgtest.Synced(b)
	schema := pgtest.SchemaIn(b, to)
	s, err := pgstore.Join(context.Background(), to, pgstore.Schema(schema))
	require.NoError(b, err)
	return postgres.Store(to, postgres.Schema(schema)), s
}

// vary changes a state a little: stores skip the writing of what is the same.
func vary(state []byte, i int, id int64) []byte {
	state[i%len(state)], state[(i+7)%len(state)] = byte(id), byte(id>>8)
	return state
}

// stateSize is the size of the states of bare stores, about that of a workflow here.
const stateSize = 150

// newBareSQLite has three prepared statements a step.
func newBareSQLite(b testing.TB) func(n int) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "bare.db")+
		"?_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=cache_size(-16000)&_txlock=immediate")
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE calls (id INTEGER PRIMARY KEY, parent INTEGER, function INTEGER, phase INTEGER, output BLOB, input BLOB);
		CREATE TABLE states (id INTEGER PRIMARY KEY, state BLOB)`)
	require.NoError(b, err)
	prepare := func(text string) *sql.Stmt {
		stmt, err := db.Prepare(text)
		require.NoError(b, err)
		return stmt
	}
	finish := prepare("UPDATE calls SET phase = 3, output = ? WHERE id = ?")
	state := prepare("INSERT OR REPLACE INTO states (id, state) VALUES (?, ?)")
	create := prepare("INSERT INTO calls (id, parent, function, phase, input) VALUES (?, ?, 1, 1, ?)")
	last := int64(0)
	blob := make([]byte, stateSize)
	return func(n int) {
		tx, err := db.Begin()
		require.NoError(b, err)
		finish, state, create := tx.Stmt(finish), tx.Stmt(state), tx.Stmt(create)
		for i := range n {
			last++
			_, err1 := finish.Exec([]byte("12345"), last-int64(n))
			_, err2 := state.Exec(i, vary(blob, i, last))
			_, err3 := create.Exec(last, i, []byte("12345"))
			require.NoError(b, err1)
			require.NoError(b, err2)
			require.NoError(b, err3)
		}
		require.NoError(b, tx.Commit())
	}
}

// newBarePostgres has three prepared statements a transaction, which get the rows as arrays, in one
// round trip.
func newBarePostgres(b testing.TB) func(n int) {
	ctx := context.Background()
	to := pgtest.Synced(b)
	schema := pgtest.SchemaIn(b, to)
	conn, err := pgx.Connect(ctx, pgtest.With(to, "search_path", schema))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, conn.Close(ctx)) })
	_, err = conn.Exec(ctx, `CREATE SCHEMA `+schema+`;
		SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan;
		CREATE TABLE calls (id bigint PRIMARY KEY, parent bigint, function bigint, phase smallint, output bytea, input bytea);
		CREATE TABLE states (id bigint PRIMARY KEY, state bytea) WITH (fillfactor = 50)`)
	require.NoError(b, err)
	last := int64(0)
	return func(n int) {
		before, ids, parents := make([]int64, n), make([]int64, n), make([]int64, n)
		values, states := make([][]byte, n), make([][]byte, n)
		for i := range n {
			last++
			before[i], ids[i], parents[i], values[i] = last-int64(n), last, int64(i), []byte("12345")
			states[i] = vary(make([]byte, stateSize), i, last)
		}
		var q pgx.Batch
		q.Queue("UPDATE calls SET phase = 3, output = n.output FROM unnest($1::bigint[], $2::bytea[]) AS n (id, output) WHERE calls.id = n.id", before, values)
		q.Queue("INSERT INTO states SELECT * FROM unnest($1::bigint[], $2::bytea[]) ON CONFLICT (id) DO UPDATE SET state = EXCLUDED.state", parents, states)
		q.Queue("INSERT INTO calls (id, parent, function, phase, input) SELECT id, parent, 1, 1, input FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS n (id, parent, input)", ids, parents, values)
		require.NoError(b, conn.SendBatch(ctx, &q).Close())
	}
}
