package peers_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// stores are where the engines keep what they do. Each is of the same kind and has the same settings
// of durability for all: what is committed is on the disk.
var stores = []struct {
	name  string
	start func(b *testing.B) []*engine // ours, ours with two commits a step, and DBOS
}{
	{"sqlite", func(b *testing.B) []*engine {
		file := func(name string) (path string, disk func() int64) {
			path = filepath.Join(b.TempDir(), name)
			return path, func() int64 {
				info, err := os.Stat(path)
				if err != nil {
					b.Error(err)
					return 0
				}
				return info.Size()
			}
		}
		path, disk := file("calls.db")
		twoPath, twoDisk := file("two.db")
		dbosPath, dbosDisk := file("dbos.db")
		return []*engine{
			startOurs(b, false, dispatch.WithStore(path), disk),
			startOurs(b, true, dispatch.WithStore(twoPath), twoDisk),
			startDBOS(b, dbos.Config{SQLiteSystemDB: synced(b, dbosPath)}, dbosDisk),
		}
	}},
	{"postgres", func(b *testing.B) []*engine {
		to, twoTo, dbosTo := database(b, "ours"), database(b, "two"), database(b, "dbos")
		return []*engine{
			startOurs(b, false, postgres.Store(to), size(b, to)),
			startOurs(b, true, postgres.Store(twoTo), size(b, twoTo)),
			startDBOS(b, dbos.Config{DatabaseURL: dbosTo}, size(b, dbosTo)),
		}
	}},
}

// synced opens a file as DBOS does by itself, but that each commit is synced: it sets synchronous to NORMAL
// on the first of its connections, whatever its URL says.
func synced(b *testing.B, path string) *sql.DB {
	b.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(5000)&_pragma=foreign_keys(ON)"+
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	return db
}

// database makes a database that has nothing, on a server that syncs, and returns its URL.
func database(b *testing.B, name string) string {
	b.Helper()
	to := pgtest.Synced(b)
	name = "bench_" + name
	pgtest.Exec(b, to, "DROP DATABASE IF EXISTS "+name)
	pgtest.Exec(b, to, "CREATE DATABASE "+name)
	b.Cleanup(func() { pgtest.Exec(b, to, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(to)
	if err != nil {
		b.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// size returns what all tables of a database have on the disk, with their indexes.
func size(b *testing.B, to string) func() int64 {
	return func() (n int64) {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, to)
		if err == nil {
			defer conn.Close(ctx)
			err = conn.QueryRow(ctx, `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
				JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema')`).Scan(&n)
		}
		if err != nil {
			b.Error(err)
		}
		return n
	}
}
