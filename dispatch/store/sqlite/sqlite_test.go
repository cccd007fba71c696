package sqlite_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/sqlite"
	"github.com/coroc-dev/coroc/dispatch/store/storetest"
)

var ctx = context.Background()

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Open {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		require.NoError(t, err)
		return func() (store.Store, error) { return sqlite.Open(ctx, filepath.Join(dir, "a b?.db")) }
	})
}

func step(s store.Store, id int64) store.Step {
	return store.Step{Create: []store.Call{{ID: id, Incarnation: s.Incarnation(), Root: id, Function: "f", Phase: store.Ready, Input: []byte("1")}}}
}

// The settings on which the promise rests.
func TestPragmas(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	s, err := sqlite.Open(ctx, path)
	require.NoError(t, err)
	defer s.Close()
	assert.Equal(t, "wal", s.Pragma(t, "journal_mode"))
	assert.Equal(t, "2", s.Pragma(t, "synchronous"))
}

// A reader sees what is committed while the owner works, and cannot write.
func TestReader(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	_, err := sqlite.OpenReader(ctx, path)
	require.ErrorIs(t, err, os.ErrNotExist)
	s, err := sqlite.Open(ctx, path)
	require.NoError(t, err)
	r, err := sqlite.OpenReader(ctx, path)
	require.NoError(t, err)
	defer r.Close()
	for id := int64(1); id < 4; id++ {
		require.NoError(t, s.Commit(ctx, []store.Step{step(s, id)}))
		calls, err := r.Calls(ctx, 0, 10)
		require.NoError(t, err)
		assert.Len(t, calls, int(id))
	}
	require.NoError(t, s.Close())
	after, err := sqlite.OpenReader(ctx, path)
	require.NoError(t, err)
	defer after.Close()
	calls, err := after.Calls(ctx, 1, 10)
	require.NoError(t, err)
	assert.Len(t, calls, 2)
}

// Files that are not ours are left as they are.
func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	require.NoError(t, os.WriteFile(text, []byte("no database, but long enough to be taken for one by a careless reader......................."), 0o666))
	other := filepath.Join(dir, "other.db")
	exec(t, other, "CREATE TABLE t (a); PRAGMA user_version = 1")
	newer := filepath.Join(dir, "newer.db")
	s, err := sqlite.Open(ctx, newer)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	exec(t, newer, "PRAGMA user_version = 1000")

	for path, want := range map[string]string{text: "not a database", other: "database of another program", newer: "newer version"} {
		before, err := os.ReadFile(path)
		require.NoError(t, err)
		_, err = sqlite.Open(ctx, path)
		require.ErrorContains(t, err, want)
		_, err = sqlite.OpenReader(ctx, path)
		require.ErrorContains(t, err, want)
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, before, after)
	}
}

func exec(t *testing.T, path, statements string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.Exec(statements)
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// What a process that was killed has left of a new store is made anew.
func TestUnfinishedCreation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	require.NoError(t, os.WriteFile(path+".new", []byte("half a databas"), 0o666))
	require.NoError(t, os.WriteFile(path+".new-journal", []byte("half a journal"), 0o666))
	_, err := sqlite.OpenReader(ctx, path)
	require.ErrorIs(t, err, os.ErrNotExist)
	s, err := sqlite.Open(ctx, path)
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, []store.Step{step(s, 1)}))
	require.NoError(t, s.Close())
}

// One file has one owner, by whatever name.
func TestOwnerThroughLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "calls.db"), filepath.Join(dir, "link.db")
	s, err := sqlite.Open(ctx, path)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, os.Symlink(path, link))
	_, err = sqlite.Open(ctx, link)
	require.ErrorIs(t, err, store.ErrOwned)
}
