package dispatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strings"
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

type (
	jsonParts struct {
		N     int8   `json:"n,omitempty"`
		Text  string `json:",omitzero"`
		Quote int    `json:",string"`
		Some  *[]jsonParts
		Any   any
		Map   map[int]string
		Pair  [2]float32
		Num   json.Number
		Bytes []byte
		base
	}
	jsonPointer struct{ N int } // has methods only behind a pointer
	jsonText    struct{ S string }
	jsonKeeper  struct{ kept []byte }
)

func (p *jsonPointer) MarshalJSON() ([]byte, error) { return json.Marshal(-p.N) }
func (p *jsonPointer) UnmarshalJSON(b []byte) error {
	err := json.Unmarshal(b, &p.N)
	p.N = -p.N
	return err
}

func (x jsonText) MarshalText() ([]byte, error)  { return []byte("=" + x.S), nil }
func (x *jsonText) UnmarshalText(b []byte) error { x.S = string(b); return nil }

func (k jsonKeeper) MarshalJSON() ([]byte, error)  { return k.kept, nil }
func (k *jsonKeeper) UnmarshalJSON(b []byte) error { k.kept = b; return nil }

// TestJSONIsThatOfThePackage compares with package json: values and errors, whatever was encoded and
// decoded before.
func TestJSONIsThatOfThePackage(t *testing.T) {
	t.Run("plain", func(t *testing.T) {
		sameJSON[int](t, true)
		sameJSON[uint8](t, true)
		sameJSON[float64](t, true)
		sameJSON[bool](t, true)
		sameJSON[string](t, true)
		sameJSON[any](t, true)
		sameJSON[*string](t, true)
		sameJSON[[]any](t, true)
		sameJSON[[]byte](t, true)
		sameJSON[[2]int](t, true)
		sameJSON[map[string]any](t, true)
		sameJSON[map[int8][]int](t, true)
		sameJSON[json.Number](t, true)
		sameJSON[struct{}](t, true)
		sameJSON[jsonParts](t, true)
		sameJSON[*jsonParts](t, true)
		sameJSON[chan int](t, true)
	})
	t.Run("own", func(t *testing.T) {
		sameJSON[time.Time](t, false)
		sameJSON[error](t, false)
		sameJSON[json.RawMessage](t, false)
		sameJSON[jsonPointer](t, false)
		sameJSON[*jsonPointer](t, false)
		sameJSON[[]jsonPointer](t, false)
		sameJSON[struct{ N jsonPointer }](t, false)
		sameJSON[map[string]*jsonPointer](t, false)
		sameJSON[map[jsonText]int](t, false)
		sameJSON[[1]jsonText](t, false)
		sameJSON[jsonKeeper](t, false)
		sameJSON[*big.Int](t, false)
	})
}

// sameJSON compares for values of T, in which there is nothing with an encoding of its own if it is plain.
func sameJSON[T any](t *testing.T, plain bool) {
	t.Helper()
	require.Equal(t, plain, jsonTypeOf[T]().plain, "%v", reflect.TypeFor[T]())
	seeds := []string{"0", "-0", "7", "300", "1e2", "1.5", "01", "-", "null", "true", "nul", "", " ", `"a"`, `"\ud800\u0041<&>"`, `"2020-01-02T03:04:05Z"`,
		`"12"`, `"AQI="`, "\"\xff\"", `[]`, `[1,2,3]`, `["1",null]`, `[[`, `{}`, `{"a":1}`, `{"=a":1}`, `{"1":[2]}`, `{"N":1}`, `{"N":{}}`, `{"a":{"b":[1,{}]}}`,
		`{"n":1,"n":2,"text":"x","Quote":"3","Some":[{"n":4},null],"Any":{"x":[1.5]},"Map":{"1":"a"},"Pair":[1,2,3],"Num":1e5,"Bytes":"AQI=","Base":"AA==","unknown":1}`,
		`{"n":300,"Text":"kept"}`, `{"Quote":3}`, `{"n":1`, strings.Repeat("[", 10001), `"` + strings.Repeat("a", largeJSON) + `"`}
	rapid.Check(t, func(t *rapid.T) {
		for _, text := range rapid.SliceOfN(rapid.SampledFrom(seeds), 1, 5).Draw(t, "texts") {
			switch rapid.IntRange(0, 4).Draw(t, "change") {
			case 0:
				space := rapid.StringOf(rapid.SampledFrom([]rune(" \n\t\r]},0\x00")))
				text = space.Draw(t, "before") + text + space.Draw(t, "behind")
			case 1:
				text = text[:rapid.IntRange(0, len(text)).Draw(t, "length")]
			case 2:
				text += rapid.SampledFrom(seeds).Draw(t, "second")
			}
			given := []byte(text)
			var want, got T
			wantErr := json.Unmarshal([]byte(text), &want)
			err := decodeJSON(given, &got)
			require.Equal(t, want, got, "%.80q", text)
			if wantErr != nil {
				require.Equal(t, wantErr, errors.Unwrap(err), "%.80q", text)
				require.EqualError(t, err, fmt.Sprintf("what is stored is not a %v: %v", reflect.TypeFor[T](), wantErr))
				continue
			}
			require.NoError(t, err, "%.80q", text)

			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			wantErr = enc.Encode(want)
			again, err := encodeJSON(got)
			if wantErr != nil {
				require.EqualError(t, err, fmt.Sprintf("%T cannot be stored as JSON: %v", want, wantErr))
				continue
			}
			require.NoError(t, err)
			require.Equal(t, strings.TrimSuffix(b.String(), "\n"), string(again))
		}
	})
}

// A value that keeps what it was decoded from keeps it, whatever is decoded next.
func TestJSONThatIsKept(t *testing.T) {
	var first, second jsonKeeper
	require.NoError(t, decodeJSON([]byte("[1,2]"), &first))
	require.NoError(t, decodeJSON([]byte("[3,4]"), &second))
	require.Equal(t, "[1,2]", string(first.kept))
}

// Nothing of a value stays behind in the coder that is used again.
func TestJSONCodersKeepNothing(t *testing.T) {
	c := jsonTypeOf[map[string]int]().coder()
	var v map[string]int
	require.True(t, c.decode([]byte(`{"a":1}`), &v))
	require.Equal(t, map[string]int{"a": 1}, v)
	require.Nil(t, c.v)
	require.Nil(t, c.in.rest)
	require.NoError(t, c.encode(v, true))
	require.Nil(t, c.v)
}
