package codegen_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

// TestLocalTypeNames holds that a type that a function declares has another name in states
// exactly if it is another type.
func TestLocalTypeNames(t *testing.T) {
	name := func(params, types, rest string) string {
		if rest == "" {
			rest = "type Named struct{ N int }"
		}
		text := generate(t, txtar.Parse([]byte(`-- m.go --
package m

import "github.com/coroc-dev/coroc/coroutine"

func f`+params+`() any {
`+types+`
	coroutine.Yield[int, int](1)
	return T{}
}
`+rest)))["m.durable.go"]
		m := regexp.MustCompile(`"(m\.f\.T@[^"]*)"`).FindStringSubmatch(text)
		require.NotNil(t, m, text)
		return m[1]
	}
	base := name("", "type T struct{ a int; b *Named }", "")
	require.Regexp(t, `^m\.f\.T@[0-9a-f]{8}$`, base)
	for what, types := range map[string]string{
		"formatting":         "type T struct { a int // one\n\n b *Named }",
		"what stands before": "type U struct{}; _ = U{}; type T struct{ a int; b *Named }",
		"an alias":           "type A = Named; type T struct{ a int; b *A }",
		"a block":            "{ type T struct{ other int }; _ = T{} }; type T struct{ a int; b *Named }",
	} {
		got := name("", types, "")
		if what == "a block" {
			require.NotEqual(t, base, got) // it is the first of two
			continue
		}
		require.Equal(t, base, got, what)
	}
	renamed := "//coroc:was m.Named\ntype Renamed struct{ N int }"
	require.Equal(t, base, name("", "type T struct{ a int; b *Renamed }", renamed), "what is mentioned has another name")
	require.NotEqual(t, base, name("", "type T struct{ a int; b *Renamed }", "type Renamed struct{ N int }"))
	seen := map[string]string{base: "the first"}
	for _, types := range []string{
		"type T struct{ a int }",
		"type T struct{ b *Named; a int }",
		"type T struct{ a int32; b *Named }",
		"type T struct{ a int; c *Named }",
		"type T struct{ a int; b Named }",
		"type T struct{ a int; *Named }",
		"type T struct{ a int; b *Named `tag:\"x\"` }",
		"type T struct{ a int; b []*Named }",
		"type T struct{ a int; b [2]*Named }",
		"type T struct{ a int; b [3]*Named }",
		"type T struct{ a int; b map[int]*Named }",
		"type T struct{ a int; b map[int8]*Named }",
		"type T struct{ a int; b func(*Named) }",
		"type T struct{ a int; b func(...*Named) }",
		"type T struct{ a int; b func([]*Named) }",
		"type T struct{ a int; b func() *Named }",
		"type T struct{ a int; b chan *Named }",
		"type T struct{ a int; b <-chan *Named }",
		"type T struct{ a int; b interface{ M(*Named) } }",
		"type T struct{ a int; b interface{ M(); N() } }",
		"type T struct{ a int; b interface{ error; M() } }",
		"type T struct{ a int; b any }",
		"type U struct{ n int }; type T struct{ a int; b *U }",
		"type U struct{ m int }; type T struct{ a int; b *U }",
		"type V struct{ n int }; type T struct{ a int; b *V }",
		"type U struct{ n int }; type V struct{ n int }; type T struct{ a *U; b *V }",
		"type U struct{ n int }; type V struct{ n int }; type T struct{ a *V; b *U }",
		"type T struct{ a int; next *T }",
		"type T [2]int",
		"type T []int",
		"type T map[string]int",
	} {
		got := name("", types, "")
		require.Empty(t, seen[got], "%s is called as %s", types, seen[got])
		seen[got] = types
	}
	for _, params := range []string{"[X any]", "[X comparable]", "[X, Y any]", "[Y, X any]"} {
		got := name(params, "type T struct{ x X }", "")
		require.Empty(t, seen[got], params)
		seen[got] = params
	}
	require.Equal(t, name("[X any]", "type T struct{ x X }", ""), name("[Z any]", "type T struct{ x Z }", ""), "type parameters have no names")
}
