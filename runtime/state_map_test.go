package runtime

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestOrder sorts keys of maps, whatever they have in common.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prefix := rapid.StringN(0, 20, 20).Draw(t, "prefix")
		part := rapid.OneOf(
			rapid.StringMatching("[a-c\x00]{0,20}"),
			rapid.Custom(func(t *rapid.T) string { return fmt.Sprint(rapid.IntRange(0, 5000).Draw(t, "n")) }),
			rapid.String(),
		)
		keys := rapid.SliceOfNDistinct(part, 0, 300, rapid.ID).Draw(t, "keys")
		for i := range keys {
			if rapid.IntRange(0, 20).Draw(t, "alone") > 0 {
				keys[i] = prefix + keys[i]
			}
		}
		e := new(encoder)
		order := make([]int, len(keys))
		e.orderStrings(keys, order)
		require.True(t, slices.IsSortedFunc(order, func(a, b int) int { return strings.Compare(keys[a], keys[b]) }))
		slices.Sort(order)
		for i, k := range order {
			require.Equal(t, i, k)
		}

		numbers := rapid.SliceOfN(rapid.OneOf(rapid.Int(), rapid.IntRange(-300, 300)), 0, 300).Draw(t, "numbers")
		order = make([]int, len(numbers))
		e.orderInts(numbers, order)
		require.True(t, slices.IsSortedFunc(order, func(a, b int) int { return cmp.Compare(numbers[a], numbers[b]) }))
	})
}

// TestMapKinds saves maps that are copied without package reflect.
func TestMapKinds(t *testing.T) {
	type name string
	type number uint
	n := 1
	type T struct {
		A map[string]int
		B map[name]*int
		C map[int]string
		D map[number]any
		E map[int64]float64
		F map[string][]int
		G map[uint64]bool
		H map[string]map[string]int
		I map[string]struct{}
		J map[int8]int
		K map[string]func() int
		L map[uintptr]error
		M map[string][3]int
	}
	v := T{
		map[string]int{"a": 1, "b": -1}, map[name]*int{"x": &n, "y": &n, "z": nil}, map[int]string{-1: "a", 0: ""},
		map[number]any{1: 1, 2: "two", 3: &n}, map[int64]float64{1: 1.5, -2: 0}, map[string][]int{"": {1, 2}, "nil": nil},
		map[uint64]bool{1: true, 1 << 63: false}, map[string]map[string]int{"in": {"a": 1}, "out": {}, "nil": nil},
		map[string]struct{}{"a": {}}, map[int8]int{-1: 1}, nil, map[uintptr]error{1: nil, 2: errMine}, map[string][3]int{"a": {1, 2, 3}},
	}
	w := trip(t, v)
	require.Empty(t, isomorphic(v, w))
}
