package runtime

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type plainPoint struct {
	X, Y  float64
	Steps [4]uint16
}

type plainFrame struct {
	Site int
	At   plainPoint
	Heat celsius
	Many [3]plainPoint
	Took time.Duration
	Name string
}

// TestSavingAllocatesNothing saves frames without pointers into a buffer that is used
// again.
func TestSavingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets on purpose under the race detector")
	}
	RegisterType[plainPoint]("test.plainPoint")
	RegisterFrame[plainFrame]("test.plain", 9, Site{Pos: "p.go:1:2", Live: []string{"At", "Heat", "Many", "Took", "Name"}})
	RegisterFrame[numbersFrame]("test.numbers", 5, Site{Pos: "n.go:1", Live: []string{"A", "B", "C", "D", "E", "F", "G", "H"}}, Site{Pos: "n.go:2"})
	benchInts(t)
	var deep []any
	for i := range 100 {
		deep = append(deep, &ints{1, i, -i, i * i})
	}
	n := 7
	for name, frames := range map[string][]any{
		"ints":    {&ints{1, 7, 300, -1}},
		"deep":    deep,
		"numbers": {&ints{1, 1, 2, 3}, &numbersFrame{1, -1, 500, 1.5, 2 + 3i, true, "short", "a string that is long", 1 << 60}},
		"structs": {&plainFrame{1, plainPoint{1, 2, [4]uint16{3}}, 20, [3]plainPoint{}, time.Second, "name"}, &ints{1, 1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			c := suspendedWith(frames...)
			buf := make([]byte, 0, 4096)
			save := func() {
				var err error
				if buf, err = c.AppendState(buf[:0], &n); err != nil {
					t.Fatal(err)
				}
			}
			save()
			require.Zero(t, testing.AllocsPerRun(100, save))
			require.Equal(t, frames[0], firstLoaded(t, buf, &n))
		})
	}
}

type referringFrame struct {
	Site  int
	Ctx   context.Context
	Next  any
	Names []string
	N     int
}

// TestSavingAllocatesOnce saves frames with references: there is nothing but the state itself, which
// has no room to spare.
func TestSavingAllocatesOnce(t *testing.T) {
	if raceEnabled {
		t.Skip("sync.Pool forgets on purpose under the race detector")
	}
	RegisterType[order]("test.allocatesOnce")
	RegisterFrame[referringFrame]("test.referring", 9, Site{Pos: "r.go:1:2", Live: []string{"Ctx", "Next", "Names", "N"}})
	type boundContext struct {
		context.Context
		n int
	}
	ctx := &boundContext{n: 1}
	c := suspendedWith(&referringFrame{1, ctx, &order{ID: "1", Next: &order{ID: "2"}}, []string{"a", "b"}, 3})
	c.Bind(Binding{"ctx", ctx})
	var state []byte
	save := func() {
		var err error
		if state, err = c.AppendState(nil); err != nil {
			t.Fatal(err)
		}
	}
	save()
	require.Equal(t, 1.0, testing.AllocsPerRun(100, save))
	require.Less(t, cap(state)-len(state), len(state)/4)
	into, err := c.AppendState(append(make([]byte, 0, 4*len(state)), "before"...))
	require.NoError(t, err)
	require.Equal(t, "before"+string(state), string(into))
	into, err = c.AppendState([]byte("before"))
	require.NoError(t, err)
	require.Equal(t, "before"+string(state), string(into))
}

func firstLoaded(t *testing.T, b []byte, roots ...any) any {
	c := New(nil)
	_, err := c.LoadState(b, roots...)
	require.NoError(t, err)
	return c.frames[0]
}
