package codegen_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"
)

const identitySource = `package m

import "github.com/coroc-dev/coroc/coroutine"

var (
	a = 1
	b = func(n int) int { path := n; return path + yield(path) }
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

func init() { keep(func(n int) int { return yield(n) }) }

func keep(f func(int) int) {}

func f(n int) (total int) {
	defer func() { recover() }()
	type point struct{ x int }
	type list []point
	r, c := &point{n}, 1
	total = func() int { return yield(r.x) + c }()
	if path := yield(n); path > 0 {
		type point struct{ list }
		p := struct{ point }{}
		total += yield(path) + len(p.list)
	}
	return total + g[point](nil) + yield(1)*yield(2)
}

func g[T any](all []T) int {
	type pair struct{ a, b T }
	var p any = pair{}
	yield(len(all))
	return len([]any{p})
}
`

// TestIdentity holds that what states know a function, its variables and its types by
// does not depend on what else the package has.
func TestIdentity(t *testing.T) {
	names := func(files ...string) []string {
		t.Helper()
		var archive strings.Builder
		for i, f := range files {
			archive.WriteString("-- " + string("mab"[i]) + ".go --\n" + f)
		}
		got := generate(t, txtar.Parse([]byte(archive.String())))
		text := got["m.durable.go"]
		require.NotEmpty(t, text)
		text = text[strings.LastIndex(text, "\nfunc init() {"):] + text
		var list []string
		for _, m := range regexp.MustCompile(`"m\.[^"]*"|0x[0-9a-f]{8,}|Live: .*`).FindAllString(text, -1) {
			if !strings.HasPrefix(m, `"m.struct{`) { // is no name that states have
				list = append(list, m)
			}
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	want := names(identitySource)
	for _, name := range []string{
		`"m.init.m.1.func1"`, `"m.b.func1"`, `"m.f.func1"`, `"m.f.func2"`,
		`"m.f.point@a1cd21c1"`, `"m.f.point@c69b2be6"`, `"m.f.list@651ae12d"`, `"m.g.pair@64ff9d49"`,
		`Live: []string{"n", "total", "#43", "#defers"}, Key: 2},`,
	} {
		require.Contains(t, want, name)
	}
	const other = `package m

import (
	"path"

	"github.com/coroc-dev/coroc/coroutine"
)

var (
	n, total, r, c, p, all, defers, frame = 0, 0, 0, 0, 0, 0, 0, path.Base("")
	t_1, t_2, result_1, r_2               int
)

func init() { keep(func(n int) int { return coroutine.Yield[int, int](n) }) }

func other() any {
	type point struct{ y int }
	type list struct{ point }
	type pair struct{ list }
	coroutine.Yield[int, int](1)
	return pair{}
}
`
	require.Equal(t, want, names(identitySource, other))
}
