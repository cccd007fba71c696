package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/postgres"
	"github.com/coroc-dev/coroc/dispatch/store/storetest"
	"github.com/coroc-dev/coroc/internal/pgtest"
)

var ctx = context.Background()

const (
	waitTime = 10 * time.Second
	waitTick = 20 * time.Millisecond
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Open {
		url, schema := pgtest.Schema(t)
		return func() (store.Store, error) { return postgres.Open(ctx, url, postgres.Schema(schema)) }
	})
}

// Names that need quotes are names like others.
func TestSchemaName(t *testing.T) {
	url := pgtest.URL(t)
	const name = `Work "flows"; coroc.x`
	drop := `DROP SCHEMA IF EXISTS "Work ""flows""; coroc.x" CASCADE`
	pgtest.Exec(t, url, drop)
	t.Cleanup(func() { pgtest.Exec(t, url, drop) })
	s, err := postgres.Open(ctx, url, postgres.Schema(name))
	require.NoError(t, err)
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 1)}))
	require.NoError(t, s.Close())
}

// What PostgreSQL does not take is the fault of its step only.
func TestValues(t *testing.T) {
	url, schema := pgtest.Schema(t)
	s, err := postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer s.Close()
	for name, spoil := range map[string]func(*store.Call){
		"NUL":        func(c *store.Call) { c.Function = "a\x00b" },
		"UTF-8":      func(c *store.Call) { c.Key = "\xff" },
		"long key":   func(c *store.Call) { c.Key = strings.Repeat("k", 2001) },
		"big number": func(c *store.Call) { c.Width = 1 << 40 },
	} {
		bad := create(s, 2)
		spoil(&bad.Create[0])
		var e *store.StepError
		require.ErrorAs(t, s.Commit(ctx, []store.Step{create(s, 1), bad}), &e, name)
		assert.Equal(t, 1, e.Index, name)
	}
	long := create(s, 3)
	long.Create[0].Key = strings.Repeat("\U0010ffff", 500)
	require.NoError(t, s.Commit(ctx, []store.Step{long}))
	_, err = s.ByKey(ctx, "\xff\x00")
	require.ErrorIs(t, err, store.ErrNotFound)
}

// A database that is set to forget commits when it crashes is not left so.
func TestSettings(t *testing.T) {
	url, schema := pgtest.Schema(t)
	for set, want := range map[string]string{"off": "on", "on": "on", "local": "local", "remote_apply": "remote_apply"} {
		url := pgtest.With(pgtest.With(url, "synchronous_commit", set), "default_transaction_isolation", "serializable")
		s, err := postgres.Open(ctx, url, postgres.Schema(schema))
		require.NoError(t, err)
		got, err := s.Setting(ctx, "synchronous_commit")
		require.NoError(t, err)
		assert.Equal(t, want, got)
		got, err = s.Setting(ctx, "default_transaction_isolation")
		require.NoError(t, err)
		assert.Equal(t, "read committed", got)
		require.NoError(t, s.Close())
	}
}

// A reader sees what is committed while the owner works.
func TestReader(t *testing.T) {
	url, schema := pgtest.Schema(t)
	_, err := postgres.OpenReader(ctx, url, postgres.Schema(schema))
	require.ErrorContains(t, err, "there is no store")
	s, err := postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer s.Close()
	r, err := postgres.OpenReader(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer r.Close()
	require.NoError(t, s.Commit(ctx, []store.Step{create(s, 1)}))
	require.Equal(t, []int64{1}, ids(t, s))
	calls, err := r.Calls(ctx, 0, 10)
	require.NoError(t, err)
	require.Len(t, calls, 1)
}

// Schemas that are not ours, or not yet, are left as they are.
func TestForeignSchemas(t *testing.T) {
	url, other := pgtest.Schema(t)
	pgtest.Exec(t, url, "CREATE SCHEMA "+other+" CREATE TABLE calls (a int)")
	_, newer := pgtest.Schema(t)
	s, err := postgres.Open(ctx, url, postgres.Schema(newer))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	pgtest.Exec(t, url, "INSERT INTO "+newer+".migrations (version) VALUES (1000)")
	for schema, want := range map[string]string{other: "tables of another program", newer: "newer version"} {
		_, err := postgres.Open(ctx, url, postgres.Schema(schema))
		require.ErrorContains(t, err, want)
		_, err = postgres.OpenReader(ctx, url, postgres.Schema(schema))
		require.ErrorContains(t, err, want)
	}
	_, err = postgres.Open(ctx, url, postgres.Schema(newer))
	require.ErrorIs(t, err, store.ErrNewer)

	_, given := pgtest.Schema(t)
	pgtest.Exec(t, url, "CREATE SCHEMA "+given)
	s, err = postgres.Open(ctx, url, postgres.Schema(given))
	require.NoError(t, err, "an empty schema will do")
	require.NoError(t, s.Close())
}

// An error never tells the password.
func TestErrorsKeepPasswords(t *testing.T) {
	for _, url := range []string{"postgres://u:geheim@127.0.0.1:1/db?connect_timeout=1", "postgres://u:geheim@127.0.0.1:x/db"} {
		_, err := postgres.Open(ctx, url)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), "geheim")
	}
}

// What is usual is written in short, with the same effect.
func TestUsual(t *testing.T) {
	url, schema := pgtest.Schema(t)
	s, err := postgres.Open(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer s.Close()
	is := func(want store.Call) {
		t.Helper()
		got, err := s.Call(ctx, want.ID)
		require.NoError(t, err)
		want.Created, got.Created = want.Created.UTC(), got.Created.UTC()
		want.Updated = got.Updated
		require.Equal(t, want, *got)
	}
	call := store.Call{ID: 1 << 40, Incarnation: s.Incarnation(), Parent: 2, Root: 3, Function: "f", Phase: store.Ready,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC), Input: []byte("in")}
	other := call
	other.ID, other.Input, other.Created = 7, []byte{}, time.Date(1969, 1, 1, 0, 0, 0, 1000, time.UTC)
	unusual := call
	unusual.ID, unusual.Priority = 8, 1
	require.NoError(t, s.Commit(ctx, []store.Step{{Create: []store.Call{call}}, {Create: []store.Call{other, unusual}}}))
	is(call)
	is(other)
	is(unusual)

	taken := call
	taken.Input = []byte("another")
	next := call
	next.ID = 9
	var bad *store.StepError
	require.ErrorAs(t, s.Commit(ctx, []store.Step{{Create: []store.Call{next}}, {Create: []store.Call{taken}}}), &bad)
	require.Equal(t, 1, bad.Index)
	is(call)
	_, err = s.Call(ctx, next.ID)
	require.ErrorIs(t, err, store.ErrNotFound)

	for _, waiting := range [][]byte{nil, []byte("{}")} { // the second makes it unusual
		require.NoError(t, s.Commit(ctx, []store.Step{
			{Change: []store.Change{{ID: other.ID, Phase: store.Suspended, Status: store.Timeout, Attempts: 1, Failures: 2, Awaits: 3, Reached: 4,
				First: 1 << 41, Width: 6, State: []byte("state"), Waiting: waiting}}},
			{Change: []store.Change{{ID: call.ID, Phase: store.Ready, Attempts: 7, Output: []byte{}}}},
		}))
		changed, ready := other, call
		changed.Phase, changed.Status, changed.Attempts, changed.Failures, changed.Awaits, changed.Reached = store.Suspended, store.Timeout, 1, 2, 3, 4
		changed.First, changed.Width, changed.State, changed.Waiting = 1<<41, 6, []byte("state"), waiting
		ready.Attempts, ready.Output = 7, []byte{}
		is(changed)
		is(ready)
	}
	done := store.Change{ID: call.ID, Phase: store.Done, Status: store.OK, Output: []byte("out")}
	require.NoError(t, s.Commit(ctx, []store.Step{{Change: []store.Change{done}}}))
	require.ErrorIs(t, s.Commit(ctx, []store.Step{{Change: []store.Change{done}}}), store.ErrFinished)
}

// What is written is found by its ids, and what is claimed in its order, and not in an index that happens to be small when
// the plan is made: here all calls are done.
func TestPlans(t *testing.T) {
	ctx := context.Background()
	url, schema := pgtest.Schema(t)
	s, err := postgres.Join(ctx, url, postgres.Schema(schema))
	require.NoError(t, err)
	defer s.Close()
	s.Exec(t, `INSERT INTO coroc.calls (id, incarnation, owner, parent, root, function, created, updated, phase, status,
			attempts, failures, awaits, reached, first, width, input)
		SELECT n, 1, 1, n/11*11, n/11*11, 1, now(), now(), 3, 1, 1, 0, 0, 0, 0, 0, '12345' FROM generate_series(1, 20000) n`)
	s.Exec(t, "ANALYZE coroc.calls")
	done := store.Change{ID: 1, Phase: store.Done, Status: store.OK}
	failed := store.Change{ID: 1, Phase: store.Done, Status: store.PermanentError, Error: []byte("e")}
	t.Run("claim", func(t *testing.T) {
		assert.Contains(t, s.ClaimPlan(ctx, t, false), "calls_free on calls c_1")
		assert.Contains(t, s.ClaimPlan(ctx, t, false), "'{f}'::text[]", "it is planned for its values")
		assert.Contains(t, s.ClaimPlan(ctx, t, true), "calls_oldest on calls c_1")
	})
	for name, step := range map[string]store.Step{
		"change":      {Change: []store.Change{done}},
		"long change": {Change: []store.Change{failed}},
		"mark":        {Mark: []store.Mark{{ID: 1, Progress: []byte("p")}}},
		"send":        {Send: []store.Event{{Call: 1, Name: "e"}}},
		"wake":        {Wake: []int64{1}},
		"delete":      {Delete: []int64{1}},
	} {
		t.Run(name, func(t *testing.T) {
			plans := s.Plans(ctx, t, step)
			require.NotEmpty(t, plans)
			for _, plan := range plans {
				assert.NotRegexp(t, `(?i)calls_(unfinished|owned|ending|free|oldest|asleep)\b`, plan)
			}
		})
	}
}
