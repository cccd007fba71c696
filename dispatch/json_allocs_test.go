//go:build !race

package dispatch

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Small inputs and outputs take no memory but for what they become. (Under the race detector a sync.Pool
// forgets on purpose.)
func TestJSONAllocs(t *testing.T) {
	in := []byte("12345")
	require.Zero(t, testing.AllocsPerRun(100, func() {
		var v int
		if err := decodeJSON(in, &v); err != nil || v != 12345 {
			t.Fatal(v, err)
		}
	}))
	require.Equal(t, 1.0, testing.AllocsPerRun(100, func() {
		if _, err := encodeJSON(12345); err != nil {
			t.Fatal(err)
		}
	}))
}
