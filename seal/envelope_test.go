package seal

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLook(t *testing.T) {
	key := Key{ID: 7, Secret: bytes.Repeat([]byte{1}, SecretSize)}
	state := bytes.Repeat([]byte("state "), 100)
	for _, test := range []struct {
		config Config
		want   Envelope
	}{
		{Config{}, Envelope{State: state}},
		{Config{Compress: true}, Envelope{Compressed: true, State: state}},
		{Config{Keys: []Key{key}}, Envelope{Encrypted: true, Key: 7}},
		{Config{Keys: []Key{key}, Compress: true}, Envelope{Encrypted: true, Key: 7, Compressed: true}},
	} {
		s, err := New(test.config)
		require.NoError(t, err)
		b, err := s.Seal(nil, state, Associated{Call: "c", Function: "f", Step: 1})
		require.NoError(t, err)
		e, err := Look(append(b, "what follows"...), len(state))
		require.NoError(t, err)
		require.Equal(t, len(b), e.Size)
		require.Equal(t, magic, string(b[:2]))
		e.Size, e.HeadSize = 0, 0
		require.Equal(t, test.want, e)
		for i := range len(b) {
			_, err := Look(b[:i], len(state))
			require.Error(t, err, "%d", i)
		}
		if test.want.Compressed && !test.want.Encrypted {
			_, err = Look(b, len(state)-1)
			require.ErrorIs(t, err, ErrTooLarge)
		}
	}
	_, err := Look([]byte("c0r"), 100)
	require.ErrorIs(t, err, ErrTampered)
}
