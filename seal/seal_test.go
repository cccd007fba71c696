package seal_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"runtime/metrics"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/coroc-dev/coroc/seal"
)

func secret(b byte) []byte { return bytes.Repeat([]byte{b}, seal.SecretSize) }

var (
	key1 = seal.Key{ID: 1, Secret: secret(1)}
	key2 = seal.Key{ID: 0xfffefdfc, Secret: secret(2)}
	here = seal.Associated{Call: "4-abc", Function: "bill", Step: 3}
)

func newSealer(t testing.TB, c seal.Config) *seal.Sealer {
	t.Helper()
	s, err := seal.New(c)
	require.NoError(t, err)
	return s
}

// sealers are all kinds.
func sealers(t testing.TB) map[string]*seal.Sealer {
	return map[string]*seal.Sealer{
		"plain":      newSealer(t, seal.Config{}),
		"compressed": newSealer(t, seal.Config{Compress: true}),
		"encrypted":  newSealer(t, seal.Config{Keys: []seal.Key{key1}}),
		"both":       newSealer(t, seal.Config{Keys: []seal.Key{key2, key1}, Compress: true}),
		"lax":        newSealer(t, seal.Config{Keys: []seal.Key{key1}, AllowUnprotected: true}),
	}
}

// stateOf returns something like a state, of n bytes.
func stateOf(n int) []byte {
	r := rand.New(rand.NewPCG(uint64(n), 0))
	b := []byte("\xc0r\x01\x00\x06\x01\x01\x00\x20example.com/app/billing.workflow\x12\x34\x56\x78\x9a\xbc\xde\xf0\x03billing.go:42\x04ids\x22day\x23receipts\x22i\x03")
	for len(b) < n {
		b = binary.AppendUvarint(b, 2*20)
		b = append(b, fmt.Sprintf("cus_%016x", r.Uint64())...)
		b = binary.AppendUvarint(b, r.Uint64N(1000))
		b = append(b, byte(r.IntN(4)))
	}
	return b[:n]
}

func known(t require.TestingT, err error) {
	for _, e := range []error{seal.ErrTampered, seal.ErrUnknownKey, seal.ErrUnprotected, seal.ErrTooLarge} {
		if errors.Is(err, e) {
			return
		}
	}
	require.Fail(t, "no error of the package", "%v", err)
}

func TestRoundTrip(t *testing.T) {
	for name, s := range sealers(t) {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				state := rapid.OneOf(
					rapid.SliceOf(rapid.Byte()),
					rapid.Map(rapid.IntRange(0, 5000), stateOf),
					rapid.Map(rapid.IntRange(0, 1<<20), func(n int) []byte { return make([]byte, n) }),
				).Draw(t, "state")
				a := seal.Associated{
					Call:     rapid.String().Draw(t, "call"),
					Function: rapid.String().Draw(t, "function"),
					Step:     rapid.Uint64().Draw(t, "step"),
				}
				sealed, err := s.Seal([]byte("before"), state, a)
				require.NoError(t, err)
				require.Equal(t, "before", string(sealed[:6]))
				require.LessOrEqual(t, len(sealed), 6+len(state)+60)
				opened, err := s.Open([]byte("before"), sealed[6:], a)
				require.NoError(t, err)
				require.Equal(t, "before", string(opened[:6]))
				require.True(t, bytes.Equal(state, opened[6:]))
			})
		})
	}
}

func TestLargeAndEven(t *testing.T) {
	s := newSealer(t, seal.Config{Keys: []seal.Key{key1}, Compress: true})
	state := make([]byte, 20<<20)
	sealed, err := s.Seal(nil, state, here)
	require.NoError(t, err)
	require.Less(t, len(sealed), 1<<18)
	opened, err := s.Open(nil, sealed, here)
	require.NoError(t, err)
	require.True(t, bytes.Equal(state, opened))
}

// Every truncation, every bit that is flipped and every byte more is found.
func TestDamage(t *testing.T) {
	for name, s := range sealers(t) {
		for _, state := range [][]byte{nil, {7}, stateOf(120), stateOf(600)} {
			t.Run(fmt.Sprint(name, len(state)), func(t *testing.T) {
				sealed, err := s.Seal(nil, state, here)
				require.NoError(t, err)
				for i := range sealed {
					_, err := s.Open(nil, sealed[:i], here)
					require.ErrorIs(t, err, seal.ErrTampered, "%d bytes", i)
					_, err = s.Open(nil, sealed[i+1:], here)
					known(t, err)
					for bit := range 8 {
						d := bytes.Clone(sealed)
						d[i] ^= 1 << bit
						_, err := s.Open(nil, d, here)
						known(t, err)
					}
					_, err = s.Open(nil, append(bytes.Clone(sealed), sealed[:i+1]...), here)
					require.ErrorIs(t, err, seal.ErrTampered)
				}
				opened, err := s.Open(nil, sealed, here)
				require.NoError(t, err)
				require.True(t, bytes.Equal(state, opened))
			})
		}
	}
}

// Damage side by side, of up to 32 bits, is found by the checksum too.
func TestBursts(t *testing.T) {
	s := newSealer(t, seal.Config{Compress: true})
	sealed, err := s.Seal(nil, stateOf(600), here)
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		for range 100 {
			pattern := rapid.Uint32Min(1).Draw(t, "pattern")
			at := rapid.IntRange(0, 8*len(sealed)-32).Draw(t, "at")
			d := bytes.Clone(sealed)
			for i := range 32 {
				d[(at+i)/8] ^= byte(pattern>>i&1) << ((at + i) % 8)
			}
			_, err := s.Open(nil, d, here)
			known(t, err)
		}
	})
}

func TestAssociated(t *testing.T) {
	for name, s := range sealers(t) {
		t.Run(name, func(t *testing.T) {
			for _, state := range [][]byte{stateOf(100), stateOf(600)} {
				sealed, err := s.Seal(nil, state, here)
				require.NoError(t, err)
				for _, a := range []seal.Associated{
					{},
					{Call: "4-abd", Function: "bill", Step: 3},
					{Call: "4-ab", Function: "cbill", Step: 3},
					{Call: "4-abcb", Function: "ill", Step: 3},
					{Call: "4-abc", Function: "pay", Step: 3},
					{Call: "4-abc", Function: "bill", Step: 2},
					{Call: "4-abc", Function: "bill", Step: 3 + 1<<63},
				} {
					_, err := s.Open(nil, sealed, a)
					require.ErrorIs(t, err, seal.ErrTampered, "%+v", a)
				}
			}
		})
	}
	// Nothing of it is stored.
	sealed, err := newSealer(t, seal.Config{}).Seal(nil, stateOf(600), here)
	require.NoError(t, err)
	require.NotContains(t, string(sealed), here.Call)
}

func TestEncryption(t *testing.T) {
	s := newSealer(t, seal.Config{Keys: []seal.Key{key1}})
	state := stateOf(600)
	a, err := s.Seal(nil, state, here)
	require.NoError(t, err)
	b, err := s.Seal(nil, state, here)
	require.NoError(t, err)
	require.NotEqual(t, a, b)
	require.NotContains(t, string(a), "billing")
	for i := 0; i+8 <= len(state); i += 8 {
		require.False(t, bytes.Contains(a, state[i:i+8]))
	}
}

func TestRotation(t *testing.T) {
	open := func(c seal.Config, sealed []byte) error {
		state, err := newSealer(t, c).Open(nil, sealed, here)
		if err == nil {
			require.Equal(t, stateOf(300), state)
		}
		return err
	}
	sealWith := func(c seal.Config) []byte {
		sealed, err := newSealer(t, c).Seal(nil, stateOf(300), here)
		require.NoError(t, err)
		return sealed
	}
	old := sealWith(seal.Config{Keys: []seal.Key{key1}})
	both := seal.Config{Keys: []seal.Key{key2, key1}}
	young := sealWith(both)
	require.NoError(t, open(both, old))
	require.NoError(t, open(both, young))
	require.NoError(t, open(seal.Config{Keys: []seal.Key{key2}}, young))
	require.ErrorIs(t, open(seal.Config{Keys: []seal.Key{key2}}, old), seal.ErrUnknownKey)
	require.ErrorIs(t, open(seal.Config{}, old), seal.ErrUnknownKey)
	// Another key under the same id.
	require.ErrorIs(t, open(seal.Config{Keys: []seal.Key{{ID: 1, Secret: secret(3)}}}, old), seal.ErrTampered)

	id, ok := seal.KeyOf(young)
	require.True(t, ok)
	require.Equal(t, key2.ID, id)
	for _, b := range [][]byte{nil, stateOf(300), sealWith(seal.Config{})} {
		_, ok = seal.KeyOf(b)
		require.False(t, ok)
	}
	require.True(t, seal.IsSealed(sealWith(seal.Config{})))
	require.False(t, seal.IsSealed(stateOf(300)))
}

// A sealer with keys takes what has none only if it is told to.
func TestUnprotected(t *testing.T) {
	state := stateOf(400)
	checked, err := newSealer(t, seal.Config{Compress: true}).Seal(nil, state, here)
	require.NoError(t, err)
	strict := newSealer(t, seal.Config{Keys: []seal.Key{key1}})
	lax := newSealer(t, seal.Config{Keys: []seal.Key{key1}, AllowUnprotected: true, MaxSize: 1000})
	plain := newSealer(t, seal.Config{})
	for _, b := range [][]byte{state, checked} {
		_, err := strict.Open(nil, b, here)
		require.ErrorIs(t, err, seal.ErrUnprotected)
		opened, err := lax.Open(nil, b, here)
		require.NoError(t, err)
		require.Equal(t, state, opened)
	}
	_, err = plain.Open(nil, state, here)
	require.ErrorIs(t, err, seal.ErrUnprotected)
	_, err = lax.Open(nil, stateOf(1001), here)
	require.ErrorIs(t, err, seal.ErrTooLarge)
	_, err = lax.Open(nil, []byte("anything else"), here)
	require.ErrorIs(t, err, seal.ErrTampered)
	checked[len(checked)-1]++
	_, err = lax.Open(nil, checked, here)
	require.ErrorIs(t, err, seal.ErrTampered)
}

func TestTooLarge(t *testing.T) {
	small := newSealer(t, seal.Config{Keys: []seal.Key{key1}, MaxSize: 1000})
	large := newSealer(t, seal.Config{Keys: []seal.Key{key1}})
	deflated := newSealer(t, seal.Config{Keys: []seal.Key{key1}, Compress: true})
	_, err := small.Seal(nil, make([]byte, 1001), here)
	require.ErrorIs(t, err, seal.ErrTooLarge)
	for _, s := range []*seal.Sealer{large, deflated} {
		for n, want := range map[int]error{1000: nil, 1001: seal.ErrTooLarge} {
			sealed, err := s.Seal(nil, make([]byte, n), here)
			require.NoError(t, err)
			_, err = small.Open(nil, sealed, here)
			require.ErrorIs(t, err, want)
		}
	}
}

// envelope gives any content a valid envelope without a key.
func envelope(flags byte, plain []byte, a seal.Associated) []byte {
	b := append([]byte("\xc0\x8d\x01"), flags)
	b = binary.AppendUvarint(b, uint64(len(plain)+4))
	b = append(b, plain...)
	aad := binary.AppendUvarint(nil, uint64(len(a.Call)))
	aad = append(aad, a.Call...)
	aad = binary.AppendUvarint(aad, uint64(len(a.Function)))
	aad = append(aad, a.Function...)
	aad = binary.LittleEndian.AppendUint64(aad, a.Step)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(append(aad, b...), crc32.MakeTable(crc32.Castagnoli)))
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// What says that it is large is not believed.
func TestBombs(t *testing.T) {
	s := newSealer(t, seal.Config{Compress: true})
	zeros, err := s.Seal(nil, make([]byte, 50<<20), here)
	require.NoError(t, err)
	// The deflate stream behind 4 bytes, a length of 3 bytes and another one of 4.
	stream := zeros[4+3+4 : len(zeros)-4]
	for _, test := range []struct {
		name  string
		plain []byte
		want  error
	}{
		{"a length beyond the limit", append(binary.AppendUvarint(nil, 1<<40), stream...), seal.ErrTooLarge},
		{"a length beyond all", append(binary.AppendUvarint(nil, 1<<63), stream...), seal.ErrTooLarge},
		{"a long length and little else", append(binary.AppendUvarint(nil, 60<<20), "x"...), seal.ErrTampered},
		{"more than it says", append(binary.AppendUvarint(nil, 1000), stream...), seal.ErrTampered},
		{"no length", nil, seal.ErrTampered},
	} {
		sealed := envelope(1, test.plain, here)
		before := allocated()
		_, err := s.Open(nil, sealed, here)
		require.ErrorIs(t, err, test.want, test.name)
		require.Less(t, allocated()-before, uint64(1<<19), test.name)
	}
	_, err = s.Open(nil, envelope(1, append(binary.AppendUvarint(nil, 50<<20), stream...), here), here)
	require.NoError(t, err)
	_, err = s.Open(nil, envelope(1, append(append(binary.AppendUvarint(nil, 50<<20), stream...), 0), here), here)
	require.ErrorIs(t, err, seal.ErrTampered)
	_, err = s.Open(nil, envelope(4, stream, here), here)
	require.ErrorIs(t, err, seal.ErrTampered)
}

func TestConfig(t *testing.T) {
	for _, c := range []seal.Config{
		{Keys: []seal.Key{key1, key1}},
		{Keys: []seal.Key{{ID: 1}}},
		{Keys: []seal.Key{{ID: 1, Secret: make([]byte, 16)}}},
		{Keys: []seal.Key{{ID: 1, Secret: make([]byte, 32)}}},
		{MaxSize: -1},
	} {
		_, err := seal.New(c)
		require.ErrorContains(t, err, "seal: ")
		require.NotContains(t, err.Error(), string(secret(1)))
	}
}

func TestConcurrent(t *testing.T) {
	s := newSealer(t, seal.Config{Keys: []seal.Key{key1}, Compress: true})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var sealed, opened []byte
			for i := range 50 {
				state := stateOf(100 + 300*g + i)
				a := seal.Associated{Call: fmt.Sprint(g), Step: uint64(i)}
				var err error
				if sealed, err = s.Seal(sealed[:0], state, a); err != nil {
					t.Error(err)
					return
				}
				if opened, err = s.Open(opened[:0], sealed, a); err != nil || !bytes.Equal(opened, state) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// FuzzOpen gives any content a valid envelope, or none.
func FuzzOpen(f *testing.F) {
	for _, n := range []int{0, 100, 1000} {
		for _, s := range sealers(f) {
			sealed, err := s.Seal(nil, stateOf(n), here)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(byte(0xff), sealed)
			if sealed[3] < 2 {
				f.Add(sealed[3], sealed[4+len(binary.AppendUvarint(nil, uint64(len(sealed)))):len(sealed)-4])
			}
		}
	}
	const limit = 1 << 16
	checked := newSealer(f, seal.Config{Compress: true, MaxSize: limit})
	keyed := newSealer(f, seal.Config{Compress: true, MaxSize: limit, Keys: []seal.Key{key1, key2}})
	f.Fuzz(func(t *testing.T, flags byte, b []byte) {
		if flags != 0xff {
			b = envelope(flags, b, here)
		}
		for _, s := range []*seal.Sealer{checked, keyed} {
			state, err := s.Open(nil, b, here)
			if err != nil {
				known(t, err)
				continue
			}
			if len(state) > limit {
				t.Errorf("a state of %d bytes", len(state))
			}
			if s == keyed && flags != 0xff {
				t.Error("a state that nobody has sealed is opened")
			}
			again, err := s.Seal(nil, state, here)
			if err != nil {
				t.Fatal(err)
			}
			back, err := s.Open(nil, again, here)
			if err != nil || !bytes.Equal(state, back) {
				t.Fatal(err)
			}
		}
	})
}

func BenchmarkSealer(b *testing.B) {
	for _, name := range []string{"plain", "compressed", "encrypted", "both"} {
		for _, n := range []int{200, 10_000, 1_000_000} {
			s, state := sealers(b)[name], stateOf(n)
			sealed, err := s.Seal(nil, state, here)
			if err != nil {
				b.Fatal(err)
			}
			out := make([]byte, 0, 2*n+100)
			b.Run(fmt.Sprintf("seal/%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Seal(out[:0], state, here); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(len(sealed))/float64(n), "ratio")
			})
			b.Run(fmt.Sprintf("open/%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Open(out[:0], sealed, here); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
