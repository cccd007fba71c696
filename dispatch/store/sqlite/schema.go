package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// applicationID marks the file as one of ours: "coro" in ASCII.
const applicationID = 0x636f726f

// migrate brings the schema up to date.
func migrate(ctx context.Context, conn *sql.Conn) error {
	all, err := store.Migrations(migrationFiles)
	if err != nil {
		return err
	}
	version, err := checkVersion(ctx, conn, len(all))
	if err != nil {
		return err
	}
	// Not before it is known that the file is one of ours.
	if _, err := conn.ExecContext(ctx, "PRAGMA journal_mode = wal"); err != nil {
		return err
	}
	for ; version < len(all); version++ {
		if err := migrateOne(ctx, conn, version+1, all[version]); err != nil {
			return fmt.Errorf("migration %d: %w", version+1, err)
		}
	}
	return nil
}

// checkVersion returns the version of the schema; 0 for a new file.
func checkVersion(ctx context.Context, conn *sql.Conn, newest int) (int, error) {
	var version, app, tables int
	for query, v := range map[string]*int{
		"PRAGMA user_version":                &version,
		"PRAGMA application_id":              &app,
		"SELECT count(*) FROM sqlite_schema": &tables,
	} {
		if err := conn.QueryRowContext(ctx, query).Scan(v); err != nil {
			return 0, err
		}
	}
	switch {
	case app != applicationID && (tables != 0 || version != 0):
		return 0, fmt.Errorf("the file is a database of another program")
	case version > newest:
		return 0, fmt.Errorf("%w: its schema is version %d, this program knows %d", store.ErrNewer, version, newest)
	}
	return version, nil
}

func migrateOne(ctx context.Context, conn *sql.Conn, version int, statements string) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		return err
	}
	for _, pragma := range []string{
		fmt.Sprintf("PRAGMA user_version = %d", version),
		fmt.Sprintf("PRAGMA application_id = %d", applicationID),
	} {
		if _, err := tx.ExecContext(ctx, pragma); err != nil {
			return err
		}
	}
	return tx.Commit()
}
