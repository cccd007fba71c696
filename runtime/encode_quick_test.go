package runtime

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

type numbersFrame struct {
	Site int
	A    int8
	B    uint16
	C    float32
	D    complex128
	E    bool
	F, G string
	H    uint64
}

// TestQuick compares the one pass over simple states with what the encoder writes.
func TestQuick(t *testing.T) {
	RegisterFrame[numbersFrame]("test.numbers", 5, Site{Pos: "n.go:1", Live: []string{"A", "B", "C", "D", "E", "F", "G", "H"}}, Site{Pos: "n.go:2"})
	benchInts(t)
	n, other := 1, 2
	own := makeDeferred(&n)
	RegisterFrame[selfFrame]("test.counter.func2", 78, Site{Pos: "c.go:2", Live: []string{"r", "x"}})
	loadRegistry()
	record := RecordOf(own).(*deferred)
	var a, b any
	i, s, long, err, eight := -7, "short", "a string that is long", error(nil), int8(3)
	for _, test := range []struct {
		name   string
		frames []any
		roots  []any
		bind   []Binding
		slow   bool
	}{
		{name: "nothing"},
		{name: "roots", roots: []any{&i, &s, &long, &a, &b, &err, new(bool), new(int64), new(float64)}},
		{name: "two long strings", roots: []any{&long, &long}, slow: true},
		{name: "a value", roots: []any{&i, new(any(5))}, slow: true},
		{name: "another type", roots: []any{&eight}, slow: true},
		{name: "ints", frames: []any{&ints{1, 1, 2, 3}, &ints{1, 4, 5, math.MinInt}}, roots: []any{&i}},
		{name: "numbers", frames: []any{&ints{1, 1, 2, 3}, &numbersFrame{1, -1, 500, 1.5, 2 + 3i, true, s, long, 1 << 60}, &numbersFrame{Site: 2}}},
		{name: "strings", frames: []any{&numbersFrame{Site: 1, F: long, G: long}}, slow: true},
		{name: "record", frames: []any{&ints{1, 1, 2, 3}, &selfFrame{1, record, 3}, &selfFrame{1, record, 4}}, bind: []Binding{{"other", &other}, {"entry", record}}},
		{name: "record of two names", frames: []any{&selfFrame{1, record, 3}}, bind: []Binding{{"entry", record}, {"later", record}, {"entry", 5}}},
		{name: "record without a name", frames: []any{&selfFrame{1, record, 3}}, slow: true},
		{name: "no record", frames: []any{&selfFrame{1, nil, 3}}, slow: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := suspendedWith(test.frames...)
			c.Bind(test.bind...)
			got, ok := quick(loadRegistry(), c, []byte("x"), test.roots)
			require.Equal(t, !test.slow, ok)
			want, err := new(encoder).run(loadRegistry(), c, []byte("x"), test.roots)
			require.NoError(t, err)
			if ok {
				require.Equal(t, want, got)
			}
			readState(want[1:])
			d := New(nil, test.bind...)
			_, err = d.LoadState(want[1:], test.roots...)
			require.NoError(t, err)
			if len(test.frames) > 0 && test.name != "record without a name" {
				require.Equal(t, test.frames, d.frames)
			}
		})
	}
}

type selfFrame struct {
	Site int
	r    *deferred
	x    int
}

type loop struct {
	n    int
	next *loop
	list []*int
}

// TestInlineRoots saves roots, which are objects only if something points into them.
func TestInlineRoots(t *testing.T) {
	registerFrame1[[]*int]()
	out := &loop{n: 1}
	a, b, c := loop{n: 2}, loop{n: 3, next: out}, 4
	a.next = &a
	var d [3]int
	s := &frame1[[]*int]{1, []*int{&c, &d[1], &out.n}}
	state, err := suspendedWith(s).AppendState(nil, &a, &b, &c, &d, &b)
	require.NoError(t, err)
	var a2, b2, b3 loop
	var c2 int
	var d2 [3]int
	co := New(nil)
	_, err = co.LoadState(state, &a2, &b2, &c2, &d2, &b3)
	require.NoError(t, err)
	require.Same(t, &a2, a2.next)
	require.Equal(t, 1, b2.next.n)
	require.Same(t, b2.next, b3.next)
	list := co.frames[0].(*frame1[[]*int]).V
	require.Same(t, &c2, list[0])
	require.Same(t, &d2[1], list[1])
	require.Same(t, &b2.next.n, list[2])
	require.Equal(t, 4, c2)
	t.Log(readState(state))

	// A pointer that is met later than what it points into.
	state, err = New(nil).AppendState(nil, &c, &loop{list: []*int{&c}})
	require.NoError(t, err)
	_, err = New(nil).LoadState(state, &c2, &a2)
	require.NoError(t, err)
	require.Same(t, &c2, a2.list[0])

	// After an error nothing has changed.
	for n := range len(state) - 4 {
		_, err = New(nil).LoadState(sealed(state[:n]), &c2, &a2)
		require.Error(t, err)
	}
	require.Same(t, &c2, a2.list[0])
}

// sealed makes a state of the beginning of one.
func sealed(b []byte) []byte {
	if len(b) < 6 {
		return b
	}
	return sealState(append([]byte(stateMagic+"\x01\x00"), b[4:]...), 0, 4)
}
