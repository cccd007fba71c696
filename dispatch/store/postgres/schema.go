package postgres

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// DefaultSchema is the schema that has the tables, unless another is asked for.
const DefaultSchema = "coroc"

// schema is a quoted name. All statements are written for a schema named coroc.
type schema string

func (s schema) sql(text string) string {
	return strings.ReplaceAll(text, "coroc.", string(s)+".")
}

// lockClass is the first half of the keys of our advisory locks: "coro" in ASCII.
const lockClass = 0x636f726f

// migrate brings the schema up to date, in one transaction. Of those who do it at the same
// time one does it, and the others wait.
func migrate(ctx context.Context, conn *pgx.Conn, name string) error {
	all, err := store.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	s := schema(pgx.Identifier{name}.Sanitize())
	version, err := checkVersion(ctx, conn, name, s, len(all))
	if err != nil || version == len(all) {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, hashtext('migrations of ' || $2))", lockClass, name); err != nil {
			return err
		}
		version, err := checkVersion(ctx, tx, name, s, len(all))
		if err != nil {
			return err
		}
		if version == 0 {
			if err := create(ctx, tx, name, s); err != nil {
				return err
			}
		}
		for ; version < len(all); version++ {
			if _, err := tx.Exec(ctx, s.sql(all[version])); err != nil {
				return fmt.Errorf("migration %d: %w", version+1, err)
			}
			if _, err := tx.Exec(ctx, s.sql("INSERT INTO coroc.migrations (version) VALUES ($1)"), version+1); err != nil {
				return err
			}
		}
		return nil
	})
}

func create(ctx context.Context, tx pgx.Tx, name string, s schema) error {
	var exists bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", name).Scan(&exists); err != nil {
		return err
	}
	if !exists { // who may not make one may be given one
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+string(s)); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, s.sql(`CREATE TABLE coroc.migrations (
		version integer PRIMARY KEY,
		applied timestamptz NOT NULL DEFAULT now()
	)`))
	return err
}

// checkVersion returns the version of the schema; 0 if there is none.
func checkVersion(ctx context.Context, q interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}, name string, s schema, newest int) (int, error) {
	var ours, tables bool
	err := q.QueryRow(ctx, `SELECT coalesce(bool_or(tablename = 'migrations'), false), count(*) > 0
		FROM pg_tables WHERE schemaname = $1`, name).Scan(&ours, &tables)
	switch {
	case err != nil:
		return 0, err
	case !tables:
		return 0, nil
	case !ours:
		return 0, fmt.Errorf("the schema has tables of another program; choose another one")
	}
	var version int
	if err := q.QueryRow(ctx, s.sql("SELECT coalesce(max(version), 0) FROM coroc.migrations")).Scan(&version); err != nil {
		return 0, err
	}
	if version > newest {
		return 0, fmt.Errorf("%w: its schema is version %d, this program knows %d", store.ErrNewer, version, newest)
	}
	return version, nil
}
