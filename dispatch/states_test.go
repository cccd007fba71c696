package dispatch_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/runtime"
)

// someState is a whole state: that of a coroutine which has not started.
func someState(t *testing.T) []byte {
	t.Helper()
	b, err := runtime.New(nil).AppendState(nil)
	require.NoError(t, err)
	return b
}

// change executes a statement on a store that has no owner.
func change(t *testing.T, path, statement string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	_, err = db.Exec(statement, args...)
	require.NoError(t, err)
}

// content returns what is in the files of a store, without SQLite's index of its log, which
// those who read it write too.
func content(t *testing.T, path string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	names, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	for _, name := range names {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		if !strings.HasSuffix(name, "-shm") && len(b) > 0 {
			all[filepath.Base(name)] = string(b)
		}
	}
	return all
}

// unfit lists the calls of a report and why they are in it.
func unfit(r dispatch.StateReport) map[dispatch.ID]error {
	all := make(map[dispatch.ID]error)
	for _, u := range r.Unfit {
		all[u.Call] = u.Err
	}
	return all
}

// checkBoth checks the states of a store that has no owner in both ways, and compares them
// and the content of the store.
func checkBoth(t *testing.T, path string, opts ...dispatch.Option) dispatch.StateReport {
	t.Helper()
	ctx := context.Background()
	opts = append(opts[:len(opts):len(opts)], dispatch.WithStore(path))
	before := content(t, path)
	report, err := dispatch.CheckStates(ctx, opts...)
	require.NoError(t, err)
	require.True(t, maps.Equal(before, content(t, path)), "the store has changed")

	d, err := dispatch.New(opts...)
	require.NoError(t, err)
	before = content(t, path)
	again, err := d.CheckStates(ctx)
	require.NoError(t, err)
	require.Equal(t, report, again)
	while, err := dispatch.CheckStates(ctx, opts...)
	require.NoError(t, err)
	require.Equal(t, report, while)
	require.True(t, maps.Equal(before, content(t, path)), "the store has changed")
	require.NoError(t, d.Close())
	_, err = d.CheckStates(ctx)
	require.ErrorIs(t, err, dispatch.ErrClosed)
	return report
}

// writeBoth writes the states of a store that has no owner in both ways, and compares them.
func writeBoth(t *testing.T, path string, opts ...dispatch.Option) (stream []byte, n int, err error) {
	t.Helper()
	ctx := context.Background()
	opts = append(opts[:len(opts):len(opts)], dispatch.WithStore(path))
	var out, again bytes.Buffer
	before := content(t, path)
	n, err = dispatch.WriteStates(ctx, &out, opts...)
	require.True(t, maps.Equal(before, content(t, path)), "the store has changed")

	d, derr := dispatch.New(opts...)
	require.NoError(t, derr)
	defer func() { require.NoError(t, d.Close()) }()
	m, derr := d.WriteStates(ctx, &again)
	require.Equal(t, n, m)
	if derr != nil {
		require.EqualError(t, err, derr.Error())
	} else {
		require.NoError(t, err)
	}
	require.Equal(t, out.Bytes(), again.Bytes())
	return out.Bytes(), n, err
}

// States of functions that the program does not have, or that do not await in it, are
// unfit, as are all in a volatile build. They are written nevertheless.
func TestUnfitStates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	one := dispatch.Func("one", func(context.Context, int) (int, error) { return 1, nil })
	two := dispatch.Func("two", func(context.Context, int) (int, error) { return 2, nil })
	d, err := dispatch.New(one, two, dispatch.WithStore(path))
	require.NoError(t, err)
	var ids []dispatch.ID
	for range 2 {
		for _, f := range []*dispatch.Function[int, int]{one, two} {
			id, err := f.Dispatch(ctx, 0)
			require.NoError(t, err)
			ids = append(ids, id)
		}
	}
	require.NoError(t, d.Close())

	r := checkBoth(t, path, one, two)
	assert.Equal(t, dispatch.StateReport{Functions: map[string]dispatch.StateCount{}}, r)
	assert.NoError(t, r.Err())

	// The first two calls are suspended and parked, the third is done. Width 4 is what they
	// await, so that they stay as they are.
	state := someState(t)
	change(t, path, "UPDATE calls SET phase = 2 + 2 * (id - 1), state = ?, first = 1, width = 4 WHERE id < 3", state)
	change(t, path, "UPDATE calls SET phase = 3, status = 1, state = ? WHERE id = 3", state)
	r = checkBoth(t, path, one)
	require.Len(t, r.Unfit, 2)
	why := unfit(r)
	assert.ErrorIs(t, why[ids[0]], runtime.ErrIncompatibleState)
	assert.ErrorContains(t, why[ids[0]], map[bool]string{true: "does not await any more", false: "saved by a durable build"}[isDurable])
	assert.ErrorIs(t, why[ids[1]], dispatch.ErrNotRegistered)
	assert.Equal(t, 2, r.States)
	assert.Equal(t, map[string]dispatch.StateCount{"one": {1, 1}, "two": {1, 1}}, r.Functions)
	err = r.Err()
	assert.ErrorIs(t, err, runtime.ErrIncompatibleState)
	assert.ErrorContains(t, err, `cannot go on from 2 of 2 states, the first of them that of call `+string(ids[0])+` of "one"`)

	stream, n, err := writeBoth(t, path)
	require.NoError(t, err)
	assert.Equal(t, 2, n)
	assert.Equal(t, append(bytes.Clone(state), state...), stream)

	// What would make the rest of the stream unreadable is left out.
	change(t, path, "UPDATE calls SET state = ? WHERE id = 1", append(bytes.Clone(state), 0))
	stream, n, err = writeBoth(t, path)
	assert.ErrorIs(t, err, runtime.ErrInvalidState)
	assert.ErrorContains(t, err, `1 of 2 states are left out, the first of them that of call `+string(ids[0])+` of "one": invalid state: 1 bytes follow it`)
	assert.Equal(t, 1, n)
	assert.Equal(t, state, stream)
}

type failingWriter struct{ left int }

var errFull = errors.New("full")

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, errFull
	}
	return len(b), nil
}

// What goes wrong with the check itself is not in the report.
func TestStatesThatCannotBeRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	ctx := context.Background()
	f := dispatch.Func("f", func(context.Context, int) (int, error) { return 1, nil })
	_, err := dispatch.CheckStates(ctx, f, dispatch.WithStore(path))
	require.ErrorIs(t, err, fs.ErrNotExist)
	_, err = dispatch.WriteStates(ctx, nil, dispatch.WithStore(path))
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoFileExists(t, path)

	d, err := dispatch.New(f, dispatch.WithStore(path))
	require.NoError(t, err)
	for range 2 {
		_, err = f.Dispatch(ctx, 0)
		require.NoError(t, err)
	}
	require.NoError(t, d.Close())
	change(t, path, "UPDATE calls SET phase = 4, state = ?", someState(t))
	n, err := dispatch.WriteStates(ctx, &failingWriter{1}, dispatch.WithStore(path))
	require.ErrorIs(t, err, errFull)
	require.Equal(t, 1, n)

	_, err = dispatch.CheckStates(ctx, f, f, dispatch.WithStore(path))
	require.ErrorContains(t, err, `two functions are named "f"`)
	_, err = dispatch.CheckStates(ctx, nil)
	require.ErrorContains(t, err, "an option is nil")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	_, err = dispatch.CheckStates(ended, f, dispatch.WithStore(path))
	require.ErrorIs(t, err, context.Canceled)
}
