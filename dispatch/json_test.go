package dispatch

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type (
	tree struct {
		Left, Right *tree
		Value       map[string][]time.Time
		Any         any
		Big         *big.Int
		skipped     struct{}
		hidden      int `json:"-"`
		base
	}
	base     struct{ Base []byte }
	hider    struct{ Tree []struct{ A, b int } }
	oneWay   struct{ A writeOnly }
	embedded struct{ *base }
)

type writeOnly struct{}

func (writeOnly) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func TestCheckType(t *testing.T) {
	_ = tree{}.hidden
	_ = tree{}.skipped
	for _, c := range []struct {
		t    reflect.Type
		want string
	}{
		{reflect.TypeFor[tree](), ""},
		{reflect.TypeFor[[3]map[int64]*tree](), ""},
		{reflect.TypeFor[any](), ""},
		{reflect.TypeFor[time.Time](), ""},
		{reflect.TypeFor[struct{}](), ""},
		{reflect.TypeFor[func()](), "func() cannot be stored as JSON"},
		{reflect.TypeFor[struct{ A []chan int }](), "field A: chan int cannot be stored as JSON"},
		{reflect.TypeFor[complex128](), "complex128 cannot be stored as JSON"},
		{reflect.TypeFor[hider](), "field Tree: struct { A int; b int } has the unexported field b"},
		{reflect.TypeFor[map[float64]int](), "has keys that cannot be stored"},
		{reflect.TypeFor[struct{ E error }](), "field E: error cannot be read back from JSON"},
		{reflect.TypeFor[oneWay](), "field A: dispatch.writeOnly has MarshalJSON but not UnmarshalJSON"},
		{reflect.TypeFor[embedded](), "unexported field base"},
	} {
		err := checkType(c.t)
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}
}

// JSON gives back what it was given, or is an error.
func TestJSON(t *testing.T) {
	for _, bad := range []any{math.NaN(), math.Inf(1), "a\xffb", []string{"ok", "\xc0"}, map[string]int{"\xff": 1}, func() {}} {
		_, err := encodeJSON(bad)
		assert.Error(t, err, "%q", bad)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.MapOf(rapid.StringOf(rapid.SampledFrom([]rune(`ab\u"<&`+"\ufffd\u2028\x00"))), rapid.SliceOf(rapid.Int64())).Draw(t, "v")
		want[`\ufffd \\ufffd`] = []int64{math.MaxInt64}
		b, err := encodeJSON(want)
		require.NoError(t, err)
		var got map[string][]int64
		require.NoError(t, decodeJSON(b, &got))
		require.Equal(t, want, got)
	})
	err := decodeJSON([]byte(`"x"`), new(int))
	require.ErrorContains(t, err, "what is stored is not a int")
	require.False(t, errors.Is(err, errUnknown))
}
