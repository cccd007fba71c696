// Package pgtest gives tests a PostgreSQL database.
//
// It is the one that DATABASE_URL names, if that is set. Otherwise a server is started for
// the test program, in a folder of its own and without a port, if PostgreSQL's programs
// are installed; it ends with the test program, also if that is killed. As root, who may not
// run PostgreSQL, it is started as another user. Without either the test is skipped.
//
// The private server does not sync its files (fsync=off): tests kill the server, but not
// the machine. For measurements there is one that does (Synced).
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Variable is the environment variable with the URL of a database to use.
const Variable = "DATABASE_URL"

var server = sync.OnceValues(func() (*Server, error) { return Start() })

// URL returns the URL of the database of all tests of a program, or skips the test.
func URL(t testing.TB) string {
	t.Helper()
	if url := os.Getenv(Variable); url != "" {
		return url
	}
	s, err := server()
	if err != nil {
		t.Skipf("no PostgreSQL to test with (set %s, or install it): %v", Variable, err)
	}
	// A machine that has much else to do may let the server wait for seconds before it answers.
	return With(s.URL, "connect_timeout", "60")
}

var synced = sync.OnceValues(func() (*Server, error) {
	return Start("fsync=on", "synchronous_commit=on", "full_page_writes=on")
})

// Synced returns the URL of a database in which what is committed is on the disk, for benchmarks, or
// skips the benchmark. Of the one that DATABASE_URL names that is for its settings to say; it fails if they
// do not.
func Synced(t testing.TB) string {
	t.Helper()
	to := os.Getenv(Variable)
	if to == "" {
		s, err := synced()
		if err != nil {
			t.Skipf("no PostgreSQL to measure with (set %s, or install it): %v", Variable, err)
		}
		to = s.URL
	}
	if err := checkSynced(to); err != nil {
		t.Fatal(err)
	}
	return to
}

func checkSynced(to string) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, to)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, name := range []string{"fsync", "synchronous_commit"} {
		var value string
		if err := conn.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("the server has %s = %s: what it commits may not be on the disk", name, value)
		}
	}
	return nil
}

// Schema returns the URL of the database and the name of a schema that does not exist. It is
// dropped when the test ends.
func Schema(t testing.TB) (url, schema string) {
	t.Helper()
	url = URL(t)
	return url, SchemaIn(t, url)
}

// SchemaIn does what Schema does for a database.
func SchemaIn(t testing.TB, url string) string {
	schema := "test_" + strings.ToLower(rand.Text())
	t.Cleanup(func() { Exec(t, url, "DROP SCHEMA IF EXISTS "+schema+" CASCADE") })
	return schema
}

// With returns a URL, or a list of settings, with a setting in it. Its value has no spaces.
func With(to, key, value string) string {
	if !strings.Contains(to, "://") {
		return to + " " + key + "=" + value
	}
	u, err := url.Parse(to)
	if err != nil {
		return to
	}
	q := u.Query()
	q.Set(key, value)
	u.RawQuery = q.Encode()
	return u.String()
}

// Exec executes statements.
func Exec(t testing.TB, url, statements string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, statements)
	}
	if err != nil {
		t.Errorf("%s: %v", statements, err)
	}
}
