package codegen_test

import (
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

var frameOf = regexp.MustCompile(`RegisterFrame\[\w+\]\("m\.f", (0x[0-9a-f]+)`)

// TestFingerprint holds that fingerprints are of what a function says, and of nothing
// else: not of how it is written, nor of what coroc makes of it. The first one is
// what it was in the first release: if it changes, no function can go on from a state
// that an older build has saved.
func TestFingerprint(t *testing.T) {
	fingerprint := func(file string) string {
		t.Helper()
		got := generate(t, txtar.Parse([]byte("-- a.go --\n"+file)))
		m := frameOf.FindStringSubmatch(got["a.durable.go"])
		require.NotNil(t, m, "%v", got)
		return m[1]
	}
	const head = "package m\n\nimport \"github.com/coroc-dev/coroc/coroutine\"\n\n"
	want := fingerprint(head + "func f(n int) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n")
	require.Equal(t, "0x85472efde1822964", want)
	same := map[string]string{
		"comments":          head + "// f is documented.\nfunc f(n int /* positive */) int {\n\t// First.\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n) // a call\n\t}\n\treturn n\n}\n",
		"blank lines":       head + "func f(n int) int {\n\n\tif n > 0 {\n\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\n\n\treturn n\n}\n",
		"formatting":        head + "func f( n int )int{\nif n>0{ n+=coroutine.Yield[int,int]( n ) };return n }\n",
		"lines":             head + "func f(\n\tn int,\n) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[\n\t\t\tint,\n\t\t\tint,\n\t\t](\n\t\t\tn,\n\t\t)\n\t}\n\treturn n\n}\n",
		"its place":         head + "func g() {}\n\nvar v = 1\n\nfunc f(n int) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n",
		"another callee":    head + "func g() int { return coroutine.Yield[int, int](1) }\n\nfunc f(n int) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n",
		"a line of its own": head + "//line other.go:100\nfunc f(n int) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n",
	}
	for name, file := range same {
		require.Equal(t, want, fingerprint(file), name)
	}
	require.NotEqual(t, fingerprint(head+"func f(s ...any) {\n\tf(s...)\n\tcoroutine.Yield[int, int](1)\n}\n"),
		fingerprint(head+"func f(s ...any) {\n\tf(s)\n\tcoroutine.Yield[int, int](1)\n}\n"))
	other := map[string]string{
		"an operator": head + "func f(n int) int {\n\tif n >= 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n",
		"a name":      head + "func f(k int) int {\n\tif k > 0 {\n\t\tk += coroutine.Yield[int, int](k)\n\t}\n\treturn k\n}\n",
		"a type":      head + "func f(n int) (m int) {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\treturn n\n}\n",
		"a statement": head + "func f(n int) int {\n\tif n > 0 {\n\t\tn += coroutine.Yield[int, int](n)\n\t}\n\tn++\n\treturn n\n}\n",
	}
	for name, file := range other {
		require.NotEqual(t, want, fingerprint(file), name)
	}
}
