package seal

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// The test vectors of https://c2sp.org/XAES-256-GCM.
func TestVectors(t *testing.T) {
	for _, test := range []struct {
		key       byte
		aad, want string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		x, err := newXAES(bytes.Repeat([]byte{test.key}, 32))
		require.NoError(t, err)
		want, err := hex.DecodeString(test.want)
		require.NoError(t, err)
		plain, err := x.open(nil, append([]byte("ABCDEFGHIJKLMNOPQRSTUVWX"), want...), []byte(test.aad))
		require.NoError(t, err)
		require.Equal(t, "XAES-256-GCM", string(plain))
	}
}

func TestNoncesDiffer(t *testing.T) {
	x, err := newXAES(bytes.Repeat([]byte{1}, 32))
	require.NoError(t, err)
	seen := map[string]bool{}
	for range 1000 {
		b, err := x.seal(nil, nil, nil)
		require.NoError(t, err)
		require.Len(t, b, xaesOverhead)
		require.False(t, seen[string(b[:12])] || seen[string(b[12:24])])
		seen[string(b[:12])], seen[string(b[12:24])] = true, true
	}
}
