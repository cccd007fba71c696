package runtime

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// counterFrame is the frame of captured's body: the record, from which the captures
// come when it is resumed, and whatever else is live.
type counterFrame struct {
	Site int
	r    *captured
	n    *int
	any  any
}

type outerRecord struct {
	Record
	inner func() int
	opts  struct {
		limits map[string]int
		box    *int
	}
}

func (r *outerRecord) Call() int { return r.inner() }

var outerType RecordType

func makeOuter(n *int, limits map[string]int, box *int) func() int {
	r := &outerRecord{Record: MakeRecord(&outerType), inner: makeCaptured(n)}
	r.opts.limits, r.opts.box = limits, box
	return NewFunc(r, r.Call)
}

var (
	globalCounter = makeCaptured(new(int))
	globalOuter   = makeOuter(new(int), map[string]int{"a": 1}, new(int))
)

func init() {
	RegisterRecord(&outerType, "test.outer.func1", 79, func(r *outerRecord) func() int { return NewFunc(r, r.Call) })
	RegisterVar("test.globalCounter", &globalCounter, false)
	RegisterVar("test.globalOuter", &globalOuter, false)
	RegisterFrame[counterFrame]("test.counter.func1", 77, Site{Pos: "c.go:1", Live: []string{"r", "n", "any"}})
}

// TestCapturesOfVariables saves frames of closures that never reassigned variables
// hold: their records, and what these have captured, are those of the process.
func TestCapturesOfVariables(t *testing.T) {
	trip := func(f *counterFrame) *counterFrame {
		b, err := suspendedWith(f).AppendState(nil)
		require.NoError(t, err)
		readState(b)
		c := New(nil)
		_, err = c.LoadState(b)
		require.NoError(t, err)
		return c.frames[0].(*counterFrame)
	}
	loadRegistry() // which completes the record types
	r := RecordOf(globalCounter).(*captured)
	f := trip(&counterFrame{1, r, r.n, r.n})
	require.Same(t, r, f.r)
	require.Same(t, r.n, f.n)
	require.Same(t, r.n, f.any)

	o := RecordOf(globalOuter).(*outerRecord)
	inner := RecordOf(o.inner).(*captured)
	f = trip(&counterFrame{1, inner, o.opts.box, o.opts.limits})
	require.Same(t, inner, f.r)
	require.Same(t, o.opts.box, f.n)
	f.any.(map[string]int)["b"] = 2
	require.Equal(t, 2, o.opts.limits["b"])
	f = trip(&counterFrame{1, nil, inner.n, o.inner})
	require.Same(t, inner.n, f.n)
	*inner.n = 7
	require.Equal(t, 8, f.any.(func() int)())

	// The same by a binding, of the record or of the func.
	n := 5
	own := makeCaptured(&n)
	for _, value := range []any{RecordOf(own), own} {
		c := suspendedWith(&counterFrame{1, RecordOf(own).(*captured), &n, &n})
		c.Bind(Binding{"entry", value})
		b, err := c.AppendState(nil)
		require.NoError(t, err)
		m := 6
		other := makeCaptured(&m)
		c = New(nil, Binding{"entry", other})
		_, err = c.LoadState(b)
		require.NoError(t, err)
		f = c.frames[0].(*counterFrame)
		require.Same(t, RecordOf(other), f.r)
		require.Same(t, &m, f.n)
		require.Same(t, &m, f.any)
		_, err = New(nil, Binding{"entry", &n}).LoadState(b)
		require.ErrorIs(t, err, ErrIncompatibleState)
	}
}

// A page has a name near it if a part of it is between the first variable and the last.
func TestNearName(t *testing.T) {
	e := &encoder{task: task{known: &namedValues{}, bound: &namedValues{}, reg: &registry{}}}
	e.reg.vars.lo, e.reg.vars.hi = 5*pageSize+8, 9*pageSize
	for page, want := range map[uintptr]bool{4: false, 5: true, 6: true, 8: true, 9: false} {
		require.Equal(t, want, e.nearName(page), "page %d", page)
	}
}

// TestSharedBindings saves and loads with bindings that coroutines share: they count as if each of them
// had been bound to these first.
func TestSharedBindings(t *testing.T) {
	registerFrame1[[]*int]()
	registerFrame1[*int]()
	one, two, three := new(int), new(int), new(int)
	shared := NewBindings(Binding{"one", one}, Binding{"replaced", two}, Binding{"two", two}, Binding{"again", one})
	own := []Binding{{"replaced", three}, {"three", three}, {"unused", one}}
	sharing := func(frames ...any) *Coroutine {
		c := suspendedWith(frames...)
		c.Bind(own...)
		c.Share(shared)
		return c
	}
	for _, frame := range []any{
		&frame1[[]*int]{1, []*int{one, two, three, one}},
		&frame1[*int]{1, one}, &frame1[*int]{1, two}, &frame1[*int]{1, three},
	} {
		b, err := sharing(frame).AppendState(nil)
		require.NoError(t, err)
		plain := suspendedWith(frame)
		plain.Bind(shared.list...)
		plain.Bind(own...)
		want, err := plain.AppendState(nil)
		require.NoError(t, err)
		require.Equal(t, want, b)

		c := New(nil, own...)
		c.Share(shared)
		_, err = c.CheckState(b)
		require.NoError(t, err)
		_, err = c.LoadState(b)
		require.NoError(t, err)
		require.Equal(t, reflect.ValueOf(frame).Elem().Field(1).Interface(), reflect.ValueOf(c.frames[0]).Elem().Field(1).Interface())
		if f, ok := c.frames[0].(*frame1[*int]); ok {
			require.Same(t, frame.(*frame1[*int]).V, f.V)
		}
	}
	require.Len(t, shared.list, 4)

	// A name means what was bound to it last.
	b, err := sharing(&frame1[*int]{1, three}).AppendState(nil)
	require.NoError(t, err)
	require.Contains(t, string(b), "replaced")
	c := New(nil)
	c.Share(shared)
	_, err = c.LoadState(b)
	require.NoError(t, err)
	require.Same(t, two, c.frames[0].(*frame1[*int]).V)
}
