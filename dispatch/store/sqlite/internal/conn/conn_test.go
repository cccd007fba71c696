package conn

import (
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver
	sqlite3 "modernc.org/sqlite/lib"
)

// newFile makes a file with a table, and returns a connection of the driver to it too.
func newFile(t *testing.T, pragmas ...string) (*Conn, *sql.DB, string) {
	path := filepath.Join(t.TempDir(), "a file?.db")
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	_, err = db.Exec("PRAGMA journal_mode = wal; CREATE TABLE t (id INTEGER PRIMARY KEY, v ANY) STRICT")
	require.NoError(t, err)
	c, err := Open(path, pragmas...)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	return c, db, path
}

func prepare(t *testing.T, c *Conn, query string) func(args ...any) (int, error) {
	s, err := c.Prepare(query)
	require.NoError(t, err)
	return s.Exec
}

func TestExec(t *testing.T) {
	c, db, _ := newFile(t)
	insert := prepare(t, c, "INSERT INTO t (v) VALUES (?)")
	large := strings.Repeat("x", 3<<20)
	for i, arg := range []struct {
		in   any
		want any
		kind string
	}{
		{int64(-5), int64(-5), "integer"},
		{true, int64(1), "integer"},
		{false, int64(0), "integer"},
		{nil, nil, "null"},
		{[]byte(nil), nil, "null"},
		{[]byte{}, []byte(nil), "blob"}, // the driver makes it nil
		{[]byte("a\x00b"), []byte("a\x00b"), "blob"},
		{"", "", "text"},
		{"a\x00ü", "a\x00ü", "text"},
		{large, large, "text"},
		{[]byte(large), []byte(large), "blob"},
		{"small again", "small again", "text"},
	} {
		n, err := insert(arg.in)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		assert.EqualValues(t, i+1, c.LastID())
		var got any
		var kind string
		require.NoError(t, db.QueryRow("SELECT v, typeof(v) FROM t WHERE id = ?", c.LastID()).Scan(&got, &kind))
		assert.Equal(t, arg.want, got)
		assert.Equal(t, arg.kind, kind)
	}
	n, err := prepare(t, c, "UPDATE t SET v = ? || '' WHERE id <= ?")("abc", int64(3))
	require.NoError(t, err)
	assert.Equal(t, 3, n)
	n, err = prepare(t, c, "DELETE FROM t WHERE id > 100")()
	require.NoError(t, err)
	assert.Equal(t, 0, n, "not that of the statement before")
	var got string
	require.NoError(t, db.QueryRow("SELECT v FROM t WHERE id = 2").Scan(&got))
	assert.Equal(t, "abc", got)
}

func TestErrors(t *testing.T) {
	c, _, path := newFile(t)
	insert := prepare(t, c, "INSERT INTO t (id) VALUES (?)")
	_, err := insert(int64(1))
	require.NoError(t, err)
	_, err = insert(int64(1))
	var e *Error
	require.ErrorAs(t, err, &e)
	assert.Equal(t, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, e.Code)
	assert.EqualError(t, err, "UNIQUE constraint failed: t.id (1555)")
	_, err = insert(int64(2))
	assert.NoError(t, err, "a statement that has failed can be executed again")
	_, err = insert()
	assert.EqualError(t, err, "0 arguments for a statement with 1 parameters")
	_, err = insert(3)
	assert.EqualError(t, err, "argument 1 is of a type that is not stored")
	_, err = c.Prepare("INSERT INTO nowhere")
	assert.ErrorAs(t, err, &e)
	_, err = Open(path + ".other")
	require.ErrorAs(t, err, &e)
	assert.Equal(t, sqlite3.SQLITE_CANTOPEN, e.Code&0xff)
	other := filepath.Join(t.TempDir(), "other.db")
	require.NoError(t, os.WriteFile(other, nil, 0o600))
	_, err = Open(other)
	assert.EqualError(t, err, "the journal mode is delete, and not wal")
}

// What is committed is in the files, for other connections and for who opens them after a crash, and
// what is not is not.
func TestCommitted(t *testing.T) {
	// Pages of transactions that do not fit into a cache of 10 pages are in the log before the end.
	for _, cache := range []string{"cache_size(-16000)", "cache_size(10)"} {
		t.Run(cache, func(t *testing.T) {
			c, db, path := newFile(t, cache)
			begin, commit, rollback := prepare(t, c, "BEGIN IMMEDIATE"), prepare(t, c, "COMMIT"), prepare(t, c, "ROLLBACK")
			insert := prepare(t, c, "INSERT INTO t (v) VALUES (?)")
			update := prepare(t, c, "UPDATE t SET v = v || ? WHERE id = ?")
			run := func(exec func(...any) (int, error), args ...any) {
				t.Helper()
				_, err := exec(args...)
				require.NoError(t, err)
			}
			sum := func(db *sql.DB) (n int) {
				t.Helper()
				require.NoError(t, db.QueryRow("SELECT coalesce(sum(length(v)), 0) FROM t").Scan(&n))
				return n
			}
			want, total := 0, 0
			for round := range 30 {
				run(begin)
				rows := 10 * round
				for range rows {
					run(insert, strings.Repeat("x", 500))
				}
				for i := range min(total+rows, 200) {
					run(update, "y", int64(total+rows-i)) // from the last one: they are looked up in what was just written
				}
				assert.Equal(t, want, sum(db), "before its commit")
				if round%5 == 4 {
					run(rollback)
					assert.Equal(t, want, sum(db))
					continue
				}
				run(commit)
				total += rows
				want += 500*rows + min(total, 200)
				assert.Equal(t, want, sum(db))

				crashed := filepath.Join(t.TempDir(), "crashed.db")
				for _, suffix := range []string{"", "-wal"} {
					data, err := os.ReadFile(path + suffix)
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(crashed+suffix, data, 0o600))
				}
				after, err := sql.Open("sqlite", crashed)
				require.NoError(t, err)
				assert.Equal(t, want, sum(after), "after a crash")
				var ok string
				require.NoError(t, after.QueryRow("PRAGMA integrity_check").Scan(&ok))
				assert.Equal(t, "ok", ok)
				require.NoError(t, after.Close())
			}
		})
	}
}
