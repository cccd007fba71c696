package runtime

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// amount has what must not be in a state beside its meaning.
type amount struct {
	cents int64
	cache chan int
}

func (a *amount) MarshalBinary() ([]byte, error) {
	if a.cents < 0 {
		return nil, errors.New("negative")
	}
	if a.cents == 13 {
		panic("thirteen")
	}
	return fmt.Append(nil, a.cents), nil
}

func (a *amount) UnmarshalBinary(b []byte) error {
	a.cache = make(chan int, 1)
	if string(b) == "13" {
		panic("thirteen")
	}
	_, err := fmt.Sscan(string(b), &a.cents)
	return err
}

// uid is a type that is no struct.
type uid [4]byte

type colours map[string]int

// fielded has no codec: its methods say less than it is.
type fielded struct{ A, b int }

func (f *fielded) MarshalBinary() ([]byte, error) { return []byte{byte(f.A)}, nil }
func (f *fielded) UnmarshalBinary(b []byte) error { f.A = int(b[0]); return nil }

func init() {
	RegisterCodec((*amount).MarshalBinary, (*amount).UnmarshalBinary)
	RegisterCodec(
		func(u *uid) ([]byte, error) { return hex.AppendEncode(nil, u[:]), nil },
		func(u *uid, b []byte) error { _, err := hex.Decode(u[:], b[:min(len(b), 8)]); return err },
	)
	RegisterCodec(
		func(c *colours) ([]byte, error) { return fmt.Append(nil, (*c)["red"]), nil },
		func(c *colours, b []byte) error { *c = colours{"red": len(b)}; return nil },
	)
}

func TestCustomCodecs(t *testing.T) {
	type T struct {
		P, Q  *amount
		V     [2]amount
		Any   any
		Map   map[uid]*amount
		ID    uid
		IDs   []uid
		Col   colours
		AnyC  any
		Inner struct{ a amount }
		F     fielded
		Nil   *amount
		Zero  amount
	}
	v := T{P: &amount{cents: 1, cache: make(chan int)}, V: [2]amount{{cents: 2}, {cents: 3}}, Any: amount{cents: 4},
		ID: uid{1, 2, 3, 4}, IDs: []uid{{5}, {6}}, Col: colours{"red": 777}, AnyC: colours{"red": 1}, F: fielded{7, 8}}
	v.Q, v.Inner.a.cents = v.P, 5
	v.Map = map[uid]*amount{{9}: v.P, {8}: &v.V[1]}
	b := save(t, v)
	w := load[T](t, b)
	require.Same(t, w.P, w.Q)
	require.Same(t, w.P, w.Map[uid{9}])
	require.Equal(t, int64(3), w.Map[uid{8}].cents)
	require.Equal(t, []int64{1, 2, 3, 5, 0}, []int64{w.P.cents, w.V[0].cents, w.V[1].cents, w.Inner.a.cents, w.Zero.cents})
	require.Equal(t, 1, cap(w.P.cache))
	require.Equal(t, int64(4), w.Any.(amount).cents)
	require.Equal(t, v.ID, w.ID)
	require.Equal(t, v.IDs, w.IDs)
	require.Equal(t, colours{"red": 3}, w.Col)
	require.Equal(t, colours{"red": 1}, w.AnyC)
	require.Equal(t, v.F, w.F, "marshalling methods alone change nothing")
	require.Nil(t, w.Nil)
	require.Contains(t, readState(b), "runtime.amount(31)")

	// What goes wrong.
	registerFrame1[any]()
	for _, test := range []struct {
		v    any
		want string
	}{
		{&amount{cents: -1}, "its codec: negative"},
		{[]amount{{cents: 13}}, "its codec panics: thirteen"},
		{[]any{&v.P.cents, v.P}, "the memory is also used as"},
	} {
		_, err := suspendedWith(&frame1[any]{1, test.v}).AppendState(nil)
		require.ErrorContains(t, err, test.want)
		var u *UnsavableError
		require.ErrorAs(t, err, &u)
	}
	b = save(t, &amount{cents: 17})
	for bad, want := range map[string]string{"13": "its codec panics: thirteen", "xx": "expected integer"} {
		hostile := bytes.Replace(b, []byte("\x0217"), []byte("\x02"+bad), 1)
		_, err := New(nil).LoadState(reseal(hostile))
		require.ErrorIs(t, err, ErrInvalidState)
		require.ErrorContains(t, err, want)
	}
}

func TestConflictsOfCodecs(t *testing.T) {
	for want, register := range map[string]func(){
		"a codec of *runtime.amount: it must be a defined type": func() {
			RegisterCodec(func(**amount) ([]byte, error) { return nil, nil }, func(**amount, []byte) error { return nil })
		},
		"a codec of error: it must be": func() {
			RegisterCodec(func(*error) ([]byte, error) { return nil, nil }, func(*error, []byte) error { return nil })
		},
		"two codecs of runtime.uid": func() {
			for range 2 {
				RegisterCodec(func(*uid) ([]byte, error) { return nil, nil }, func(*uid, []byte) error { return nil })
			}
		},
		"has no functions": func() { RegisterCodec[uid](nil, nil) },
		"a codec of time.Time, which has one already": func() {
			RegisterCodec((*time.Time).MarshalBinary, (*time.Time).UnmarshalBinary)
		},
	} {
		withRegistry(t, func() {
			register()
			_, err := New(nil).AppendState(nil)
			require.ErrorContains(t, err, want)
		})
	}
}
