//go:build durable

package dispatch_test

import (
	"bytes"
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/seal"
)

// stairsHigh is so much that no call ends before it is stopped.
const stairsHigh = 60

var sealKeys = []seal.Key{
	{ID: 1, Secret: bytes.Repeat([]byte{1}, seal.SecretSize)},
	{ID: 2, Secret: bytes.Repeat([]byte{2}, seal.SecretSize)},
}

func sealer(t *testing.T, c seal.Config) dispatch.Option {
	t.Helper()
	s, err := seal.New(c)
	require.NoError(t, err)
	return dispatch.WithSealer(s)
}

// sealedStore is a store with calls that are stopped and go on, and whose states are looked
// into and changed in between.
type sealedStore struct {
	t    *testing.T
	path string
}

// climb lets the given calls, or new ones if there are none, come to at least n awaits.
func (s *sealedStore) climb(n int, ids []dispatch.ID, opts ...dispatch.Option) []dispatch.ID {
	s.t.Helper()
	ctx := context.Background()
	stairs := newStairs(nil, 5*time.Millisecond)
	d, err := dispatch.New(append(append(stairs.options(), opts...), dispatch.WithStore(s.path))...)
	require.NoError(s.t, err)
	for len(ids) < 2 {
		id, err := stairs.climb.Dispatch(ctx, stairsHigh)
		require.NoError(s.t, err)
		ids = append(ids, id)
	}
	stop := run(s.t, d)
	defer stop()
	require.Eventually(s.t, func() bool {
		for _, id := range ids {
			if c, err := d.Lookup(ctx, id); err != nil || c.Awaits < n {
				return false
			}
		}
		return true
	}, 20*time.Second, time.Millisecond)
	return ids
}

// finish waits for a call, which is the only one that goes on.
func (s *sealedStore) finish(id dispatch.ID, opts ...dispatch.Option) error {
	s.t.Helper()
	stairs := newStairs(nil, 0)
	d, err := dispatch.New(append(append(stairs.options(), opts...), dispatch.WithStore(s.path))...)
	require.NoError(s.t, err)
	defer run(s.t, d)()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	out, err := stairs.climb.Wait(ctx, id)
	if err == nil {
		assert.Equal(s.t, answer(stairsHigh), out)
	}
	return err
}

// states returns the stored states of climb, by the order of the calls.
func (s *sealedStore) states() (rows []int64, states [][]byte) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.path)
	require.NoError(s.t, err)
	defer db.Close()
	found, err := db.Query("SELECT id, state FROM calls WHERE state IS NOT NULL ORDER BY id")
	require.NoError(s.t, err)
	defer found.Close()
	for found.Next() {
		var id int64
		var state []byte
		require.NoError(s.t, found.Scan(&id, &state))
		rows, states = append(rows, id), append(states, state)
	}
	require.NoError(s.t, found.Err())
	return rows, states
}

func (s *sealedStore) put(row int64, state []byte) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.path)
	require.NoError(s.t, err)
	defer db.Close()
	done, err := db.Exec("UPDATE calls SET state = ? WHERE id = ?", state, row)
	require.NoError(s.t, err)
	n, err := done.RowsAffected()
	require.NoError(s.t, err)
	require.EqualValues(s.t, 1, n)
}

// A state that is not the one that was stored for the call and its await is not loaded, and
// with the right one the call goes on.
func TestSealed(t *testing.T) {
	for _, compress := range []bool{false, true} {
		s := &sealedStore{t, filepath.Join(t.TempDir(), "calls.db")}
		opt := sealer(t, seal.Config{Keys: sealKeys, Compress: compress})
		ids := s.climb(2, nil, opt)
		_, early := s.states()
		s.climb(8, ids, opt)
		rows, states := s.states()
		require.Len(t, states, 2)
		require.NotEqual(t, early[0], states[0])

		plain := &sealedStore{t, filepath.Join(t.TempDir(), "plain.db")}
		plain.climb(2, nil)
		_, unsealed := plain.states()
		other := &sealedStore{t, filepath.Join(t.TempDir(), "other.db")}
		other.climb(2, nil, opt)
		_, elsewhere := other.states()
		for name, test := range map[string]struct {
			state []byte
			want  error
		}{
			"of another call":                {states[1], seal.ErrTampered},
			"of an earlier step":             {early[0], seal.ErrTampered},
			"of the same row, another store": {elsewhere[0], seal.ErrTampered},
			"not sealed":                     {unsealed[0], seal.ErrUnprotected},
			"a bit of it":                    {append(bytes.Clone(states[0][:60]), append([]byte{states[0][60] ^ 1}, states[0][61:]...)...), seal.ErrTampered},
			"truncated":                      {states[0][:len(states[0])-1], seal.ErrTampered},
		} {
			s.put(rows[0], test.state)
			err := s.finish(ids[0], opt)
			require.ErrorIs(t, err, dispatch.ErrParked, name)
			require.ErrorContains(t, err, test.want.Error(), name)
		}
		s.put(rows[0], states[0])
		require.ErrorContains(t, s.finish(ids[0]), "the dispatcher has no Sealer")
		require.ErrorContains(t, s.finish(ids[0], sealer(t, seal.Config{Keys: sealKeys[1:]})), seal.ErrUnknownKey.Error())
		for _, id := range ids {
			require.NoError(t, s.finish(id, opt))
		}
	}
}

// A store that was not sealed comes to be, and goes over to another key.
func TestSealingRotates(t *testing.T) {
	s := &sealedStore{t, filepath.Join(t.TempDir(), "calls.db")}
	keys := func() (ids []uint32) {
		_, states := s.states()
		for _, state := range states {
			id, ok := seal.KeyOf(state)
			require.True(t, ok)
			ids = append(ids, id)
		}
		return ids
	}
	ids := s.climb(2, nil)
	require.ErrorIs(t, s.finish(ids[0], sealer(t, seal.Config{Keys: sealKeys[:1]})), dispatch.ErrParked)
	s.climb(6, ids, sealer(t, seal.Config{Keys: sealKeys[:1], AllowUnprotected: true}))
	require.Equal(t, []uint32{1, 1}, keys())
	s.climb(10, ids, sealer(t, seal.Config{Keys: []seal.Key{sealKeys[1], sealKeys[0]}}))
	require.Equal(t, []uint32{2, 2}, keys())
	for _, id := range ids {
		require.NoError(t, s.finish(id, sealer(t, seal.Config{Keys: sealKeys[1:]})))
	}
}

func TestNoSealer(t *testing.T) {
	_, err := dispatch.New(dispatch.WithSealer(nil))
	require.ErrorContains(t, err, "the Sealer is nil")
}
