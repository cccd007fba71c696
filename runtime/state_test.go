package runtime

import (
	"encoding/hex"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
)

// frame1 is the frame of a function with one live variable of any type.
type frame1[T any] struct {
	Site int
	V    T
}

// suspendedWith returns a coroutine that is suspended with these frames.
func suspendedWith(frames ...any) *Coroutine {
	c := New(func(*Coroutine) {})
	c.started = true
	c.mode = suspended
	c.frames = frames
	return c
}

var frame1Names = map[reflect.Type]string{}

// registerFrame1 gives every T a name, since tests call their types T alike.
func registerFrame1[T any]() {
	t := reflect.TypeFor[T]()
	if _, ok := frame1Names[t]; !ok {
		frame1Names[t] = fmt.Sprintf("test.T%d", len(frame1Names))
		if t.Name() == "T" || t.Kind() == reflect.Pointer && t.Elem().Name() == "T" {
			RegisterType[T](frame1Names[t])
		}
	}
	RegisterFrame[frame1[T]](frame1Names[t]+".one", 1, Site{Pos: "one.go:7", Live: []string{"V"}})
}

// save saves a frame with the variable v.
func save[T any](t testing.TB, v T) []byte {
	t.Helper()
	registerFrame1[T]()
	b, err := suspendedWith(&frame1[T]{Site: 1, V: v}).AppendState(nil)
	require.NoError(t, err)
	return b
}

func load[T any](t testing.TB, b []byte) T {
	t.Helper()
	c := New(func(*Coroutine) {})
	n, err := c.LoadState(b)
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	require.Len(t, c.frames, 1)
	return c.frames[0].(*frame1[T]).V
}

// trip saves a frame with the variable v and loads it again.
func trip[T any](t testing.TB, v T) T {
	t.Helper()
	return load[T](t, save(t, v))
}

func TestWordOf(t *testing.T) {
	for _, v := range []any{1, "x", struct{ a, b int }{}, []string{}, (*int)(nil), errText("e")} {
		require.Equal(t, typeWord(v), wordOf(reflect.TypeOf(v)))
	}
}

type errText string

func (e errText) Error() string { return string(e) }

type ints struct {
	Site    int
	A, B, C int
}

func TestSizeOfThreeInts(t *testing.T) {
	withRegistry(t, func() {
		RegisterFrame[ints]("main.work", 0x1234567890abcdef, Site{Pos: "work.go:42:7", Live: []string{"A", "B", "C"}})
		b, err := suspendedWith(&ints{1, 7, 300, -1}).AppendState(nil)
		require.NoError(t, err)
		t.Logf("%d bytes\n%s", len(b), hex.Dump(b))
		require.LessOrEqual(t, len(b), 52)
		c := New(nil)
		_, err = c.LoadState(b)
		require.NoError(t, err)
		require.Equal(t, &ints{1, 7, 300, -1}, c.frames[0])
	})
}

type node struct {
	name string
	next *node
	any  any
	list []*node
	m    map[string]*node
}

func TestGraph(t *testing.T) {
	a := &node{name: "a"}
	b := &node{name: "b", next: a}
	a.next = b
	a.list = []*node{a, b, a}
	a.m = map[string]*node{"a": a, "b": b, "": nil}
	a.any = a.m
	b.any = &a.list[1]
	g := trip(t, a)
	require.Equal(t, "a", g.name)
	require.Same(t, g, g.next.next)
	require.Same(t, g, g.list[0])
	require.Same(t, g.next, g.list[1])
	require.Same(t, &g.list[1], g.next.any)
	require.Same(t, g, g.m["a"])
	require.Equal(t, reflect.ValueOf(g.m).Pointer(), reflect.ValueOf(g.any).Pointer())
	require.Len(t, g.m, 3)
}

type captured struct {
	Record
	n *int
}

func (r *captured) Call() int { *r.n++; return *r.n }

var capturedType RecordType

func makeCaptured(n *int) func() int {
	r := &captured{MakeRecord(&capturedType), n}
	return NewFunc(r, r.Call)
}

func init() {
	RegisterRecord[captured](&capturedType, "test.counter.func1", 77, func(r *captured) func() int { return NewFunc(r, r.Call) })
}

type deferred struct {
	Record
	n *int
}

func (r *deferred) Call() { *r.n = -1 }

var deferredType RecordType

func makeDeferred(n *int) func() {
	r := &deferred{MakeRecord(&deferredType), n}
	return NewFunc(r, r.Call)
}

func init() {
	RegisterRecord[deferred](&deferredType, "test.counter.func2", 78, func(r *deferred) func() { return NewFunc(r, r.Call) })
}

func TestFunc(t *testing.T) {
	type T struct {
		F, G func() int
		N    *int
		Nil  func()
		Any  any
	}
	n := 5
	f := makeCaptured(&n)
	v := trip(t, T{F: f, G: f, N: &n, Any: f})
	require.Equal(t, 6, v.F())
	require.Equal(t, 7, v.G())
	require.Equal(t, 8, v.Any.(func() int)())
	require.Equal(t, 8, *v.N)
	require.Nil(t, v.Nil)
	require.Equal(t, RecordOf(v.F), RecordOf(v.G))
}
