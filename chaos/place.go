package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"crypto/rand"

	"github.com/jackc/pgx/v5"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

// place is where the store is.
type place struct {
	arguments []string         // of a worker
	server    *pgtest.Server   // nil if it is not private, or there are two
	pair      *pgtest.Pair     // nil if there is no standby
	admin     string           // URL of the database, "" if there is none
	proxies   []*pgtest.Proxy  // of the workers, by slot; none if there is a standby
	schema    string           //
	source    string           // URL, or path of the file
	reader    *dispatch.Reader // nil until there is something to read
}

// newPlace makes an empty store of that kind below a folder, or starts its server, with a standby.
func newPlace(kind, dir string, workers int, standby bool) (*place, error) {
	if kind == "sqlite" {
		path := filepath.Join(dir, "store.db")
		return &place{source: path, arguments: []string{"-sqlite", path}}, nil
	}
	p := &place{schema: "chaos_" + strings.ToLower(rand.Text())}
	if standby {
		var err error
		if p.pair, err = pgtest.StartPair(); err != nil {
			return nil, fmt.Errorf("no PostgreSQL with a standby (it has to be installed): %w", err)
		}
		p.admin = p.pair.URL
	} else if p.admin = os.Getenv(pgtest.Variable); p.admin == "" {
		var err error
		if p.server, err = pgtest.Start(); err != nil {
			return nil, fmt.Errorf("no PostgreSQL (set %s, or install it): %w", pgtest.Variable, err)
		}
		p.admin = p.server.URL
	}
	p.source = pgtest.With(p.admin, "application_name", p.schema)
	p.arguments = []string{"-schema", p.schema}
	for range workers {
		if p.pair != nil {
			break
		}
		proxy, err := pgtest.StartProxy(p.source)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.proxies = append(p.proxies, proxy)
	}
	return p, nil
}

// of returns the arguments of a worker.
func (p *place) of(slot int) []string {
	switch {
	case p.admin == "":
		return p.arguments
	case p.proxies == nil:
		return append([]string{"-url", p.source}, p.arguments...)
	}
	return append([]string{"-url", p.proxies[slot].URL}, p.arguments...)
}

// calls calls f with each call that is stored.
func (p *place) calls(ctx context.Context, f func(dispatch.CallInfo)) error {
	if p.reader == nil {
		var err error
		if p.admin == "" {
			p.reader, err = dispatch.OpenReader(p.source)
		} else {
			p.reader, err = dispatch.OpenReaderFrom(ctx, postgres.Source(p.admin, postgres.Schema(p.schema)))
		}
		if err != nil {
			p.reader = nil
			return err
		}
	}
	return p.reader.Calls(ctx, func(c dispatch.CallInfo) bool {
		f(c)
		return true
	})
}

// cut ends all connections of the workers to the server, and returns how many there were. Their
// names begin with that of the schema.
func (p *place) cut(ctx context.Context) (int, error) {
	conn, err := pgx.Connect(ctx, p.admin)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	tag, err := conn.Exec(ctx, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE starts_with(application_name, $1)", p.schema)
	return int(tag.RowsAffected()), err
}

// left returns what is left in the store that only workers need, when there are none.
func (p *place) left(ctx context.Context) ([]string, error) {
	if p.admin == "" {
		return p.leftInFile(ctx)
	}
	conn, err := pgx.Connect(ctx, p.admin)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	const connections = "connections of workers"
	var found []string
	for what, query := range map[string]string{
		connections:                             "SELECT count(*) FROM pg_stat_activity WHERE starts_with(application_name, '" + p.schema + "')",
		"advisory locks":                        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND starts_with(application_name, '" + p.schema + "')",
		"prepared transactions":                 "SELECT count(*) FROM pg_prepared_xacts WHERE database = current_database()",
		"leases that nobody has ended":          "SELECT count(*) FROM " + p.schema + ".incarnations WHERE fenced IS NULL",
		"incarnations whose calls are not free": "SELECT count(*) FROM " + p.schema + ".incarnations WHERE fenced IS NOT NULL AND emptied IS NULL AND id IN (SELECT owner FROM " + p.schema + ".calls WHERE phase <> 3)",
		"states of calls that are done":         "SELECT count(*) FROM " + p.schema + ".states",
		"calls that are held":                   "SELECT count(*) FROM " + p.schema + ".held",
		"events to calls that are gone":         "SELECT count(*) FROM " + p.schema + ".events WHERE call NOT IN (SELECT id FROM " + p.schema + ".calls)",
		"notes of attempts at such calls":       "SELECT count(*) FROM " + p.schema + ".watched WHERE id NOT IN (SELECT id FROM " + p.schema + ".calls)",
	} {
		var n int
		for end := time.Now().Add(10 * time.Second); ; time.Sleep(100 * time.Millisecond) {
			if err := conn.QueryRow(ctx, query).Scan(&n); err != nil {
				return nil, fmt.Errorf("%s: %w", what, err)
			}
			// A server that has too much to do sees only later that the other side has gone.
			if n == 0 || what != connections || time.Now().After(end) {
				break
			}
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("store: %d %s", n, what))
		}
	}
	return found, nil
}

// leftInFile opens the file as a worker would, which fails if it is locked.
func (p *place) leftInFile(ctx context.Context) (found []string, err error) {
	d, err := dispatch.New(dispatch.WithStore(p.source))
	if err != nil {
		return []string{fmt.Sprintf("store: it cannot be opened when all workers have ended: %v", err)}, nil
	}
	if err := d.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", p.source)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	for what, query := range map[string]string{
		"calls that are held":             "SELECT count(*) FROM calls WHERE held IS NOT NULL",
		"events to calls that are gone":   "SELECT count(*) FROM events WHERE call NOT IN (SELECT id FROM calls)",
		"notes of attempts at such calls": "SELECT count(*) FROM watched WHERE id NOT IN (SELECT id FROM calls)",
	} {
		var n int
		if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("store: %d %s", n, what))
		}
	}
	return found, nil
}

// close drops what newPlace made.
func (p *place) close() error {
	if p.reader != nil {
		_ = p.reader.Close() // it only read
	}
	for _, proxy := range p.proxies {
		proxy.Close()
	}
	if p.server != nil {
		p.server.Stop()
		return nil
	}
	if p.pair != nil {
		p.pair.Stop()
		return nil
	}
	if p.admin == "" {
		return nil
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, p.admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+p.schema+" CASCADE")
	return err
}
