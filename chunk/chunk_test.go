package chunk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type memory map[Sum][]byte

func (m memory) put(sum Sum, piece []byte) error {
	m[sum] = bytes.Clone(piece)
	return nil
}

var errMissing = errors.New("missing")

func (m memory) get(sum Sum) ([]byte, error) {
	if b, ok := m[sum]; ok {
		return b, nil
	}
	return nil, errMissing
}

// text makes bytes that resemble a state: records, some of which repeat.
func text(seed uint64, n int) (b []byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	for len(b) < n {
		record := make([]byte, 4+r.IntN(60))
		for i := range record {
			record[i] = byte(r.IntN(64))
		}
		for range 1 + r.IntN(2) {
			b = append(b, record...)
		}
	}
	return b[:n]
}

func TestJoinIsTheReverseOfSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.OneOf(rapid.IntRange(0, 3*maxSize), rapid.IntRange(0, 1<<20)).Draw(t, "n")
		state := text(rapid.Uint64().Draw(t, "seed"), n)
		if rapid.Bool().Draw(t, "zeros") {
			clear(state[n/3 : n/2])
		}
		m := memory{}
		manifest, err := Split(state, m.put)
		require.NoError(t, err)
		got, err := Join(manifest, n, m.get)
		require.NoError(t, err)
		require.True(t, bytes.Equal(state, got))
		for _, p := range m {
			require.LessOrEqual(t, len(p), max(maxSize, maxList*18))
		}
		_, err = Join(manifest, n-1, m.get)
		require.ErrorIs(t, err, ErrInvalid)
	})
}

// A change of k bytes in one place makes few new pieces: those that it is in, those up to
// the next old cut, and a list of each height.
func TestLocalChange(t *testing.T) {
	most := 0
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(100_000, 1<<20).Draw(t, "n")
		state := text(rapid.Uint64().Draw(t, "seed"), n)
		m := memory{}
		_, err := Split(state, m.put)
		require.NoError(t, err)

		at := rapid.IntRange(0, n).Draw(t, "at")
		removed := rapid.IntRange(0, min(100, n-at)).Draw(t, "removed")
		inserted := text(rapid.Uint64().Draw(t, "new"), rapid.IntRange(1, 5000).Draw(t, "inserted"))
		changed := append(append(bytes.Clone(state[:at]), inserted...), state[at+removed:]...)

		fresh, size := 0, 0
		manifest, err := Split(changed, func(sum Sum, piece []byte) error {
			if m[sum] == nil {
				fresh++
				size += len(piece)
			}
			return m.put(sum, piece)
		})
		require.NoError(t, err)
		require.LessOrEqual(t, fresh, len(inserted)/minSize+16)
		require.LessOrEqual(t, size, len(inserted)+8*maxSize+3*maxList*18)
		require.LessOrEqual(t, len(manifest), maxRoot*20)
		most = max(most, fresh-len(inserted)/usualSize)
	})
	t.Logf("at most %d pieces and lists beyond those of the new bytes", most)
}

// Cuts, names and manifests are part of what stores hold: they stay the same.
func TestFixed(t *testing.T) {
	m := memory{}
	manifest, err := Split(text(1, 200_000), m.put)
	require.NoError(t, err)
	require.Equal(t, "59cf3a6250f22f6ea23a463bbaa65eb1", fmt.Sprintf("%x", SumOf(manifest)))
}

func TestPieces(t *testing.T) {
	m := memory{}
	manifest, err := Split(text(3, 1<<20), m.put)
	require.NoError(t, err)
	seen := map[Sum]bool{}
	require.NoError(t, Pieces(manifest, m.get, func(s Sum) bool { seen[s] = true; return true }))
	require.Len(t, seen, len(m))
	n := 0
	require.NoError(t, Pieces(manifest, m.get, func(s Sum) bool { n++; return !seen[s] }))
	require.LessOrEqual(t, n, maxRoot)
}

func TestMissingAndChangedPieces(t *testing.T) {
	m := memory{}
	manifest, err := Split(text(4, 300_000), m.put)
	require.NoError(t, err)
	for sum, piece := range m {
		delete(m, sum)
		_, err := Join(manifest, 1<<20, m.get)
		require.ErrorIs(t, err, errMissing)
		bad := bytes.Clone(piece)
		bad[len(bad)/2] ^= 1
		m[sum] = bad
		_, err = Join(manifest, 1<<20, m.get)
		require.ErrorIs(t, err, ErrInvalid)
		m[sum] = piece
	}
	fail := errors.New("full")
	_, err = Split(text(4, 300_000), func(Sum, []byte) error { return fail })
	require.ErrorIs(t, err, fail)
}

// FuzzJoin joins manifests that others have made, over a store in which they can have put
// anything: a list is a piece like others.
func FuzzJoin(f *testing.F) {
	for _, n := range []int{0, 10, 5000, 200_000} {
		m := memory{}
		manifest, err := Split(text(5, n), m.put)
		if err != nil {
			f.Fatal(err)
		}
		var list []byte
		for _, p := range m {
			list = p
			if len(p)%17 == 0 {
				break
			}
		}
		f.Add(manifest, list, []byte("piece"))
	}
	f.Fuzz(func(t *testing.T, manifest, list, piece []byte) {
		const limit = 1 << 16
		m := memory{}
		asked := 0
		for _, b := range [][]byte{list, piece} {
			m[SumOf(b)] = b
		}
		// The names in the manifest are those of the two, whatever it says.
		if len(manifest) > 3 {
			manifest = bytes.Clone(manifest)
			for i, k := 3, 0; i+17 <= len(manifest); i, k = i+17, k+1 {
				sum := SumOf([][]byte{list, piece}[k%2])
				copy(manifest[i:], sum[:])
			}
		}
		state, err := Join(manifest, limit, func(s Sum) ([]byte, error) { asked++; return m.get(s) })
		if asked > (limit+1)*(maxHeight+1) {
			t.Errorf("%d pieces for %d bytes", asked, limit)
		}
		if err == nil && len(state) > limit {
			t.Errorf("%d bytes", len(state))
		}
	})
}
