package runtime

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
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
		{name: "frame and roots", frames: []any{&ints{1, 1, 2, 3}}, roots: []any{&i, &s, &a, &err}},
		{name: "frame and numbers", frames: []any{&ints{1, 1, 2, 3}}, roots: []any{new(bool), new(int64), new(float64), &long}},
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

			body, _, err := openState(want[1:])
			require.NoError(t, err)
			d = New(nil, test.bind...)
			if got := quickLoad(loadRegistry(), d, body, test.roots); test.slow || len(test.frames) == 0 || len(test.roots) > 4 {
				require.False(t, got && test.name != "strings")
				return
			}
			require.Equal(t, test.frames, d.frames)
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

// TestQuickLoad changes states that are loaded in one go, and compares what comes of them
// with what the decoder says.
func TestQuickLoad(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	RegisterFrame[numbersFrame]("test.numbers", 5, Site{Pos: "n.go:1", Live: []string{"A", "B", "C", "D", "E", "F", "G", "H"}}, Site{Pos: "n.go:2"})
	RegisterFrame[selfFrame]("test.counter.func2", 78, Site{Pos: "c.go:2", Live: []string{"r", "x"}})
	benchInts(t)
	n := 1
	loadRegistry()
	record := RecordOf(makeDeferred(&n)).(*deferred)
	bind := Binding{"entry", record}
	type vars struct {
		i    int
		s    string
		a    any
		f    float64
		bool bool
	}
	v := vars{-5, "s", nil, 1.5, true}
	c := suspendedWith(&ints{1, 1, -2, 300}, &numbersFrame{1, -1, 500, 1.5, 2 + 3i, true, "s", "a string that is long", 1 << 60}, &selfFrame{1, record, 3}, &ints{1, 4, 5, 6})
	c.Bind(bind)
	var bodies [][]byte
	for _, roots := range [][]any{nil, {&v.i, &v.s, &v.a}, {&v.f, &v.bool, &v.i}} {
		b, err := c.AppendState(nil, roots...)
		require.NoError(t, err)
		body, _, err := openState(b)
		require.NoError(t, err)
		bodies = append(bodies, body)
	}
	loaded := 0
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(0, len(bodies)-1).Draw(t, "body")
		body := append([]byte(nil), bodies[k]...)
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
			switch rapid.IntRange(0, 2).Draw(t, "how") {
			case 0:
				body[i] = rapid.Byte().Draw(t, "byte")
			case 1:
				body[i] += byte(rapid.IntRange(-2, 2).Draw(t, "delta"))
			case 2:
				body = append(body[:i], body[min(len(body), i+rapid.IntRange(1, 4).Draw(t, "n")):]...)
			}
			if len(body) == 0 {
				return
			}
		}
		var v, w vars
		rootsOf := func(v *vars) []any {
			return [][]any{nil, {&v.i, &v.s, &v.a}, {&v.f, &v.bool, &v.i}}[k]
		}
		x, y := New(nil, bind), New(nil, bind)
		if !quickLoad(loadRegistry(), x, body, rootsOf(&v)) {
			require.Equal(t, vars{}, v)
			require.Empty(t, x.frames)
			return
		}
		loaded++
		d := decoder{reg: loadRegistry(), c: y, b: body, length: len(body)}
		require.NoError(t, d.run(rootsOf(&w)))
		require.Equal(t, fmt.Sprint(w), fmt.Sprint(v))
		require.Equal(t, fmt.Sprintf("%#v", y.frames[0]), fmt.Sprintf("%#v", x.frames[0]))
		require.Equal(t, len(y.frames), len(x.frames))
		require.Equal(t, []any{y.started, y.done, y.mode}, []any{x.started, x.done, x.mode})
	})
	require.Greater(t, loaded, 2) // of 20, with -short
}
