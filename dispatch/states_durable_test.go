//go:build durable

package dispatch_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
)

// refingerprint returns a state of climb as a program would have saved it in which climb has
// another fingerprint.
func refingerprint(t *testing.T, state []byte) []byte {
	t.Helper()
	b := bytes.Clone(state[:len(state)-4])
	name := []byte("dispatch_test.stairs.workflow.func1")
	require.Equal(t, 1, bytes.Count(b, name))
	fingerprint := b[bytes.Index(b, name)+len(name):][:8]
	require.EqualValues(t, 1, binary.LittleEndian.Uint64(fingerprint))
	binary.LittleEndian.PutUint64(fingerprint, 2)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// fits makes sure that a program can go on from all states of a store.
func fits(t *testing.T, path string, opts ...dispatch.Option) {
	t.Helper()
	r := checkBoth(t, path, opts...)
	require.NoError(t, r.Err())
}

// park runs the calls of a store until that one is parked.
func park(t *testing.T, path string, id dispatch.ID, opts ...dispatch.Option) {
	t.Helper()
	d, err := dispatch.New(append(opts, dispatch.WithStore(path))...)
	require.NoError(t, err)
	defer run(t, d)()
	require.Eventually(t, func() bool {
		c, err := d.Lookup(context.Background(), id)
		return err == nil && c.Phase == dispatch.PhaseParked
	}, 10*time.Second, time.Millisecond)
}

// The check finds what an attempt would find, before and after an attempt has found it.
func TestCheckStates(t *testing.T) {
	s := &sealedStore{t, filepath.Join(t.TempDir(), "calls.db")}
	ids := s.climb(2, nil)
	stairs := newStairs(nil, 5*time.Millisecond)
	r := checkBoth(t, s.path, stairs.options()...)
	require.NoError(t, r.Err())
	assert.Equal(t, map[string]dispatch.StateCount{"climb": {States: 2}}, r.Functions)

	rows, states := s.states()
	require.Len(t, states, 2)
	for name, test := range map[string]struct {
		state []byte
		want  error
		text  string
	}{
		"of another function":  {refingerprint(t, states[0]), runtime.ErrIncompatibleState, "dispatch_test.stairs.workflow.func1"},
		"damaged":              {append(bytes.Clone(states[0][:9]), append([]byte{^states[0][9]}, states[0][10:]...)...), runtime.ErrInvalidState, "checksum"},
		"with something added": {append(bytes.Clone(states[0]), 1, 2), runtime.ErrInvalidState, "2 bytes follow it"},
		"of no function":       {someState(t), nil, ""}, // as for LoadState: it begins with the input
	} {
		s.put(rows[0], test.state)
		for range 2 {
			r := checkBoth(t, s.path, stairs.options()...)
			require.Equal(t, 2, r.States, name)
			if test.want == nil {
				require.NoError(t, r.Err(), name)
				break
			}
			why := unfit(r)
			require.Len(t, why, 1, name)
			require.ErrorIs(t, why[ids[0]], test.want, name)
			require.ErrorContains(t, why[ids[0]], test.text, name)
			park(t, s.path, ids[0], stairs.options()...)
		}
	}
	s.put(rows[0], states[0])
	for _, id := range ids {
		require.NoError(t, s.finish(id))
	}
}

// What has been checked goes on, while calls run too.
func TestCheckStatesWhileRunning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calls.db")
	s := newStairs(nil, time.Millisecond)
	d, err := dispatch.New(append(s.options(), dispatch.WithStore(path), dispatch.WithResident(0))...)
	require.NoError(t, err)
	defer run(t, d)()
	ctx := context.Background()
	var ids []dispatch.ID
	for range 5 {
		id, err := s.climb.Dispatch(ctx, 30)
		require.NoError(t, err)
		ids = append(ids, id)
	}
	seen := 0
	for {
		r, err := d.CheckStates(ctx)
		require.NoError(t, err)
		require.NoError(t, r.Err())
		seen += r.States
		var out bytes.Buffer
		n, err := d.WriteStates(ctx, &out)
		require.NoError(t, err)
		for b := out.Bytes(); len(b) > 0; n-- {
			size, err := runtime.StateLen(b)
			require.NoError(t, err)
			b = b[size:]
		}
		require.Zero(t, n)
		stats, err := d.Stats(ctx)
		require.NoError(t, err)
		if stats.Functions["climb"].Done == int64(len(ids)) {
			break
		}
	}
	assert.NotZero(t, seen)
	for _, id := range ids {
		out, err := s.climb.Wait(ctx, id)
		require.NoError(t, err)
		assert.Equal(t, answer(30), out)
	}
}

// The states of a sealed store are checked and written with its key only, and written in clear.
func TestSealedStates(t *testing.T) {
	s := &sealedStore{t, filepath.Join(t.TempDir(), "calls.db")}
	with := sealer(t, seal.Config{Keys: sealKeys[:1], Compress: true})
	ids := s.climb(2, nil, with)
	stairs := newStairs(nil, 0)
	fits(t, s.path, append(stairs.options(), with)...)

	stream, n, err := writeBoth(t, s.path, with)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	size, err := runtime.StateLen(stream)
	require.NoError(t, err)
	plain := &sealedStore{t, filepath.Join(t.TempDir(), "plain.db")}
	plain.climb(2, nil)
	rows, _ := plain.states()
	plain.put(rows[0], stream[:size])
	plain.put(rows[1], stream[size:])
	fits(t, plain.path, stairs.options()...)

	for _, test := range []struct {
		name string
		opts []dispatch.Option
		want string
	}{
		{"no key", nil, "the dispatcher has no Sealer"},
		{"another key", []dispatch.Option{sealer(t, seal.Config{Keys: sealKeys[1:]})}, seal.ErrUnknownKey.Error()},
	} {
		r := checkBoth(t, s.path, append(stairs.options(), test.opts...)...)
		require.Equal(t, 2, r.States, test.name)
		for _, id := range ids {
			require.ErrorContains(t, unfit(r)[id], test.want, test.name)
		}
		stream, n, err := writeBoth(t, s.path, test.opts...)
		require.ErrorContains(t, err, test.want, test.name)
		require.ErrorContains(t, err, "2 of 2 states are left out", test.name)
		require.Zero(t, n)
		require.Empty(t, stream)
	}

	_, states := s.states()
	rows, _ = s.states()
	s.put(rows[1], states[0]) // of the other call
	r := checkBoth(t, s.path, append(stairs.options(), with)...)
	require.Equal(t, map[string]dispatch.StateCount{"climb": {States: 2, Unfit: 1}}, r.Functions)
	require.ErrorIs(t, unfit(r)[ids[1]], seal.ErrTampered)
	again, n, err := writeBoth(t, s.path, with)
	require.ErrorIs(t, err, seal.ErrTampered)
	require.Equal(t, 1, n)
	require.Equal(t, stream[:size], again)
}
