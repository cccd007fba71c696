package runtime

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Golden states. A state of any released format is loaded for ever.

type goldenNode struct {
	name  string
	sizes [2][2]uint16
	next  *goldenNode
	size  *uint16
	rest  []uint16
	kids  map[string]*goldenNode
	any   []any
	err   error
	when  time.Time
	spare []int8
	app   *int
	f     func() int
}

type goldenBox struct{ p *uint16 }

var goldenVar = [3]string{"a", "b", "c"}

func registerGolden() {
	RegisterFrame[ints]("example.com/app.inner", 0x1234567890abcdef, Site{Pos: "app.go:42", Live: []string{"A", "B", "C"}})
	RegisterFrame[frame1[*goldenNode]]("example.com/app.outer", 2, Site{Pos: "app.go:7", Live: []string{"V"}})
	RegisterType[goldenNode]("example.com/app.node")
	RegisterType[goldenBox]("example.com/app.box")
	RegisterType[celsius]("example.com/app.celsius")
	RegisterVar("example.com/app.v", &goldenVar, true)
	RegisterRecord[captured](&capturedType, "example.com/app.outer.func1", 77, func(r *captured) func() int { return NewFunc(r, r.Call) })
}

func goldenGraph(app *struct{ a, b int }) (*goldenNode, *int) {
	n, count := &goldenNode{name: "first"}, 41
	m := &goldenNode{name: "the second and last node", next: n}
	n.next = m
	n.sizes = [2][2]uint16{{1, 2}, {3, 4}}
	n.size = &n.sizes[1][0]
	n.rest = n.sizes[0][1:]
	n.kids = map[string]*goldenNode{"a": n, "b": m, "nil": nil}
	n.any = []any{1, "x", 1.5, celsius(20), goldenBox{n.size}, map[any]string{true: "t", "k": m.name}, &goldenVar[1], goldenVar[2:], []byte(nil), struct{}{}, complex(1, 2)}
	n.err = errors.Join(io.EOF, fmt.Errorf("wrapped: %w", errors.New("cause")))
	n.when = time.Unix(1700000000, 5).In(time.FixedZone("CET", 3600))
	n.spare = make([]int8, 3, 10)
	n.app = &app.b
	n.f = makeCaptured(&count)
	return n, &count
}

var update = flag.Bool("update", false, "rewrite the golden states")

func TestGolden(t *testing.T) {
	withRegistry(t, func() {
		registerGolden()
		var app struct{ a, b int }
		v, count := goldenGraph(&app)
		c := suspendedWith(&ints{1, 1, -1, 300}, &ints{1, 4, 5, 6}, &frame1[*goldenNode]{1, v})
		c.Bind(Binding{"app", &app})
		b, err := c.AppendState(nil, count)
		require.NoError(t, err)
		if *update {
			require.NoError(t, os.MkdirAll("testdata/state", 0o777))
			require.NoError(t, os.WriteFile("testdata/state/v1.hex", []byte(hex.Dump(b)), 0o666))
			require.NoError(t, os.WriteFile("testdata/state/v1.txt", []byte(readState(b)), 0o666))
		}
		want, err := os.ReadFile("testdata/state/v1.txt")
		require.NoError(t, err)
		golden := undump(t, "testdata/state/v1.hex")
		require.Equal(t, string(want), readState(golden))

		var app2 struct{ a, b int }
		var count2 int
		d := New(nil, Binding{"app", &app2})
		_, err = d.LoadState(golden, &count2)
		require.NoError(t, err)
		want2, count3 := goldenGraph(&app2)
		require.Equal(t, &ints{1, 1, -1, 300}, d.frames[0])
		require.Equal(t, &ints{1, 4, 5, 6}, d.frames[1])
		w := d.frames[2].(*frame1[*goldenNode]).V
		require.Same(t, &app2.b, w.app)
		require.Equal(t, 42, w.f())
		require.Equal(t, 42, count2)
		require.True(t, w.when.Equal(want2.when))
		require.Equal(t, want2.err.Error(), w.err.Error())
		require.ErrorIs(t, w.err, io.EOF)
		*count3 = 42
		w.when, w.err, want2.err = want2.when, nil, nil
		require.Empty(t, isomorphic(want2, w))

		// What is written today is what was written then.
		require.Equal(t, hex.Dump(golden), hex.Dump(b))
	})
}

// undump reads what hex.Dump has written.
func undump(t testing.TB, file string) []byte {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	var b []byte
	for line := range bytes.Lines(text) {
		for _, f := range strings.Fields(string(line[8:min(len(line), 60)])) {
			x, err := hex.DecodeString(f)
			require.NoError(t, err)
			b = append(b, x...)
		}
	}
	return b
}
