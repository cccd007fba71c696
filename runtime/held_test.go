package runtime

import (
	"bytes"
	"container/list"
	"context"
	"encoding/json"
	"errors"
	"math/big"
	"reflect"
	goruntime "runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"
	"weak"

	"github.com/stretchr/testify/require"
)

// hold saves a frame with the variable v and loads it again, by way of h.
func hold[T any](t testing.TB, h *Held, v T) T {
	t.Helper()
	got, err := tryHold(h, v)
	require.NoError(t, err)
	return got
}

func tryHold[T any](h *Held, v T) (w T, err error) {
	registerFrame1[T]()
	b, err := h.AppendState(suspendedWith(&frame1[T]{Site: 1, V: v}), nil)
	if err != nil {
		return w, err
	}
	c := New(func(*Coroutine) {})
	if _, err := h.LoadState(c, b); err != nil {
		return w, err
	}
	return c.frames[0].(*frame1[T]).V, nil
}

type heldNode struct {
	name string
	n    int
	next *heldNode
	any  any
}

var heldVars struct {
	node  *heldNode
	array [4]heldNode
	slice []*heldNode
	m     map[string]*heldNode
	fn    func() int
	any   any
	ch    chan *heldNode
	list  *list.List
	sm    sync.Map
	ptr   atomic.Pointer[heldNode]
	value atomic.Value
	num   int
}

// freshVars sets the variables to something new and returns a Held that knows them.
func freshVars(t testing.TB) *Held {
	reflect.ValueOf(&heldVars).Elem().SetZero()
	t.Cleanup(func() { reflect.ValueOf(&heldVars).Elem().SetZero() })
	v := &heldVars
	v.node = &heldNode{name: "a", next: &heldNode{name: "b"}}
	v.node.next.any = &v.node.next.n
	v.slice = []*heldNode{{name: "c"}, {name: "d"}}
	v.m = map[string]*heldNode{"e": {name: "e"}}
	v.fn = makeCaptured(&v.num)
	v.any = &heldNode{name: "f"}
	v.ch = make(chan *heldNode, 3)
	v.ch <- &heldNode{name: "g"}
	v.list = list.New()
	v.list.PushBack(&heldNode{name: "h"})
	v.sm.Store(1, &heldNode{name: "i"})
	v.ptr.Store(&heldNode{name: "j"})
	v.value.Store(&heldNode{name: "k"})
	h := new(Held)
	h.Root(&heldVars)
	return h
}

func TestHeldVariables(t *testing.T) {
	h := freshVars(t)
	v := &heldVars
	in := <-v.ch
	v.ch <- in
	sm, _ := v.sm.Load(1)
	type T struct {
		Node, Next, InArray, InSlice, InMap, InAny, InChan, InList, InSyncMap, InPtr, InValue *heldNode

		Interior *int
		Field    *string
		Sub      []heldNode
		Slice    []*heldNode
		Tail     []*heldNode
		M        map[string]*heldNode
		Fn       func() int
		Any      any
		Ch       chan *heldNode
		Recv     <-chan *heldNode
		Elem     *list.Element
		Own      *heldNode // of the frame, leads to what is kept
	}
	want := T{
		v.node, v.node.next, &v.array[2], v.slice[1], v.m["e"], v.any.(*heldNode), in, v.list.Front().Value.(*heldNode),
		sm.(*heldNode), v.ptr.Load(), v.value.Load().(*heldNode),
		&v.node.n, &v.slice[0].name, v.array[1:3], v.slice, v.slice[1:], v.m, v.fn, v.any, v.ch, v.ch, v.list.Front(),
		&heldNode{name: "own", next: v.node},
	}
	got := hold(t, h, want)
	require.NotSame(t, want.Own, got.Own)
	require.Same(t, v.node, got.Own.next)
	require.Equal(t, 1, h.Stats().Objects)
	require.Empty(t, h.Stats().Whole)
	require.Zero(t, h.Stats().Process)
	require.Equal(t, HeldCounts{Pointers: 16, Slices: 3, Maps: 1, Funcs: 1, Channels: 2}, h.Stats().Variables)

	got.Own = want.Own
	requireIdentical(t, want, got)
	require.Equal(t, cap(want.Sub), cap(got.Sub))
	v.num = 41
	require.Equal(t, 42, got.Fn())
}

// requireIdentical compares the fields of two structs bit by bit.
func requireIdentical[T any](t testing.TB, want, got T) {
	t.Helper()
	for i := range reflect.TypeFor[T]().NumField() {
		f := reflect.TypeFor[T]().Field(i)
		bits := func(v *T) []byte {
			return bytes.Clone(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(v), f.Offset)), f.Type.Size()))
		}
		require.Equal(t, bits(&want), bits(&got), f.Name)
	}
}

func TestHeldCopiesTheRest(t *testing.T) {
	h := freshVars(t)
	shared := &heldNode{name: "shared"}
	a := &heldNode{name: "a", next: shared, any: []int{1, 2}}
	b := &heldNode{name: "b", next: shared, any: map[int]*heldNode{1: a}}
	shared.next = b
	got := hold(t, h, []*heldNode{a, b})
	require.NotSame(t, a, got[0])
	require.NotSame(t, b, got[1])
	require.Same(t, got[0].next, got[1].next)
	require.Same(t, got[1], got[0].next.next)
	require.Same(t, got[0], got[1].any.(map[int]*heldNode)[1])
	require.Zero(t, h.Stats().Variables)
	require.Zero(t, h.Stats().Process)
}

// What a variable points into is kept as far as the frames know it, with all that it
// leads to.
func TestHeldWholeRegions(t *testing.T) {
	h := freshVars(t)
	other := &heldNode{name: "other"}
	local := &heldNode{name: "local", next: other}
	array := []heldNode{{}, {}, {}}
	heldVars.any = &local.n
	heldVars.slice = nil
	heldVars.node = &array[1]
	type T struct {
		Other, Local *heldNode
		Head         []heldNode
		Last         *heldNode
		Free         *heldNode
	}
	want := T{other, local, array[:2], &array[2], &heldNode{next: local}}
	got := hold(t, h, want)
	require.Same(t, local, got.Free.next)
	require.NotSame(t, want.Free, got.Free)
	got.Free = want.Free
	requireIdentical(t, want, got)
}

func TestHeldUnsavable(t *testing.T) {
	one := &heldNode{name: "one"}
	two := &heldNode{name: "two"}
	mu := new(sync.Mutex)
	mu.Lock()
	type guarded struct {
		mu   sync.Mutex
		node *heldNode
	}
	g := &guarded{node: one}
	g.mu.Lock()
	ch := make(chan *heldNode, 4)
	ch <- one
	<-ch
	ch <- two
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	ctx, cancel := context.WithCancelCause(context.WithValue(t.Context(), probe(1), one))
	defer cancel(nil)
	var sm sync.Map
	sm.Store("one", one)
	buf := new(bytes.Buffer)
	ring := list.New()
	ring.PushBack(one)
	weakly := weak.Make(one)
	type T struct {
		V     any
		Inner any // kept with it: one or two
	}
	for name, test := range map[string]struct {
		v      any
		inner  any
		counts HeldCounts
	}{
		"locked mutex":       {mu, nil, HeldCounts{Pointers: 1}},
		"struct with it":     {g, one, HeldCounts{Pointers: 2}},
		"field beside it":    {&g.node, one, HeldCounts{Pointers: 3}},
		"channel":            {ch, two, HeldCounts{Pointers: 1, Channels: 1}},
		"timer":              {timer, nil, HeldCounts{Pointers: 1}},
		"context":            {ctx, one, HeldCounts{Pointers: 2}},
		"cancel function":    {cancel, one, HeldCounts{Pointers: 1, Funcs: 1}},
		"value of reflect":   {reflect.ValueOf(one), one, HeldCounts{Pointers: 1, Interfaces: 1}},
		"field by reflect":   {reflect.ValueOf(one).Elem().FieldByName("next"), one, HeldCounts{Pointers: 1, Interfaces: 1}},
		"hidden, by reflect": {reflect.ValueOf(guarded{node: one}).Field(1), one, HeldCounts{Pointers: 1, Interfaces: 1}},
		"map of sync":        {&sm, one, HeldCounts{Pointers: 2}},
		"decoder":            {json.NewDecoder(buf), buf, HeldCounts{Pointers: 2}},
		"weak pointer":       {weakly, one, HeldCounts{Pointers: 1, Interfaces: 1}},
		"map of such":        {map[string]reflect.Value{"": reflect.ValueOf(one)}, one, HeldCounts{Maps: 1, Pointers: 1}},
		"slice of such":      {[]reflect.Value{reflect.ValueOf(one)}, one, HeldCounts{Slices: 1, Pointers: 1}},
		"key":                {map[any]int{reflect.ValueOf(one): 1}, one, HeldCounts{Maps: 1, Pointers: 1}},
		"static func":        {strings.ToUpper, nil, HeldCounts{Funcs: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			h := new(Held)
			want := T{test.v, test.inner}
			if name == "field beside it" {
				// The pointer into it shows less than the whole, which the second pointer shows.
				type U struct {
					T
					G *guarded
				}
				got := hold(t, h, U{want, g})
				require.Same(t, g, got.G)
				require.Same(t, &g.node, got.V)
				return
			}
			got := hold(t, h, want)
			require.Empty(t, h.Stats().Whole)
			require.Equal(t, test.counts, h.Stats().Process)
			require.Equal(t, test.inner, got.Inner)
			if test.inner != nil {
				require.Same(t, test.inner, got.Inner)
			}
			switch reflect.TypeOf(test.v).Kind() {
			case reflect.Pointer, reflect.Chan, reflect.UnsafePointer:
				require.True(t, test.v == got.V)
			case reflect.Func, reflect.Map, reflect.Slice:
				require.Equal(t, reflect.ValueOf(test.v).Pointer(), reflect.ValueOf(got.V).Pointer())
			default:
				require.Equal(t, test.v, got.V)
			}
		})
	}
}

// What cannot be seen through may lead to anything.
func TestHeldBlind(t *testing.T) {
	n := 0
	inc := func() { n++ }
	once := sync.OnceFunc(inc)
	type T struct {
		F func()
		P *int
	}
	h := new(Held)
	got := hold(t, h, T{once, &n})
	require.Same(t, &n, got.P)
	require.Equal(t, "a func value that coroc has not compiled", h.Stats().Whole)

	type U struct {
		P unsafe.Pointer
		Q *int
	}
	far := &heldNode{any: &n}
	u := hold(t, h, U{unsafe.Pointer(far), &n})
	require.Same(t, &n, u.Q)
	require.Equal(t, "an unsafe pointer", h.Stats().Whole)
}

// What a value hides that is saved by its meaning is not torn from others that see it.
func TestHeldHiddenMemory(t *testing.T) {
	h := new(Held)
	var b bytes.Buffer
	b.WriteString("hello")
	type T struct {
		B *bytes.Buffer
		S []byte
	}
	got := hold(t, h, T{&b, b.Bytes()})
	got.S[0] = 'j'
	require.Equal(t, "jello", got.B.String())

	got = hold(t, h, T{&b, []byte("x")})
	require.NotSame(t, &b, got.B, "nobody sees it")
	require.Equal(t, "jello", got.B.String())

	x := new(big.Int).Lsh(big.NewInt(1), 100)
	y := hold(t, h, []*big.Int{x})
	require.NotSame(t, x, y[0])
	require.Equal(t, x, y[0])
}

func TestHeldShallow(t *testing.T) {
	h := &Held{Shallow: true}
	n := 5
	type small struct{ P *int }
	type T struct {
		N     int
		S     string
		P     *int
		Slice []int
		M     map[string]int
		F     func() int
		C     chan int
		Any   any
		Word  any
		Err   error
		In    small
		Array [2]*int
		Time  time.Time
		U     unsafe.Pointer
		Buf   bytes.Buffer
	}
	want := T{1, "two", &n, []int{1, 2, 3}[:2], map[string]int{}, makeCaptured(&n), make(chan int), small{&n}, "word",
		errors.New("e"), small{&n}, [2]*int{&n, nil}, time.Unix(5, 6).UTC(), unsafe.Pointer(&n), *bytes.NewBufferString("x")}
	got := hold(t, h, want)
	require.Equal(t, "other goroutines run", h.Stats().Whole)
	require.True(t, want.Err == got.Err)
	require.Same(t, &n, got.Any.(small).P)
	require.Equal(t, "word", got.Word)
	want.Any, got.Any, want.Word, got.Word, want.S, got.S = nil, nil, nil, nil, "", ""
	requireIdentical(t, want, got)
	require.Zero(t, h.Stats().Variables)
}

// Nothing behind a reference is touched: the race detector would see it.
func TestHeldShallowBesideGoroutines(t *testing.T) {
	h := &Held{Shallow: true}
	m := map[int]*int{}
	n := new(int)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				*n = i
				m[i%8] = n
			}
		}
	})
	type T struct {
		M map[int]*int
		N *int
		A any
		E error
	}
	for range 200 {
		hold(t, h, T{m, n, n, &heldError{n}})
		goruntime.Gosched()
	}
	close(stop)
	wg.Wait()
}

type heldError struct{ n *int }

func (e *heldError) Error() string { return "" }

func TestHeldStrict(t *testing.T) {
	h := freshVars(t)
	h.Strict = true
	v := &heldVars
	type T struct {
		Node *heldNode
		Ch   chan *heldNode
		Own  *heldNode
		Any  any
	}
	want := T{v.node, v.ch, &heldNode{next: v.node}, v.list}
	got := hold(t, h, want)
	require.Same(t, v.node, got.Own.next)
	require.NotSame(t, want.Own, got.Own)
	require.True(t, v.ch == got.Ch)
	require.Same(t, v.list, got.Any)

	var mu sync.Mutex
	mu.Lock()
	for path, v := range map[string]any{
		"":           make(chan int),
		".any":       &heldNode{any: make(chan int)},
		".any.c":     &heldNode{any: struct{ c chan int }{make(chan int)}},
		".next.any":  &heldNode{next: &heldNode{any: &mu}},
		"[0]":        []any{strings.NewReplacer("a", "b"), 0},
		`["x"].any`:  map[string]*heldNode{"x": {any: unsafe.Pointer(t)}},
		".any[1]":    &heldNode{any: []func(){nil, func() { _ = path0 }}},
		".any[\"\"]": &heldNode{any: map[string]reflect.Value{"": reflect.ValueOf(1)}},
	} {
		_, err := tryHold(h, any(v))
		var unsavable *UnsavableError
		require.ErrorAs(t, err, &unsavable, path)
		require.Contains(t, unsavable.Path, "V"+path)
	}
	h.Shallow = true
	_, err := tryHold(h, &heldNode{})
	require.ErrorContains(t, err, "goroutines of the program may be using it")
	hold(t, h, &v.array[1])
}

var path0 int

type heldLocal struct{ n int }

// Types that have no name in a state are those of the process.
func TestHeldTypes(t *testing.T) {
	h := new(Held)
	type local struct {
		n    int
		next *local
	}
	type generic[T any] struct{ v T }
	one := local{n: 1}
	one.next = &one
	func() {
		type local struct{ s string }
		for _, v := range []any{
			one, &one, []local{{"x"}}, map[local]int{{"y"}: 2}, struct{ local }{local{"z"}}, &struct {
				local
				n int `tag:"x"`
			}{local{"e"}, 3},
			generic[local]{local{"g"}}, generic[[]*generic[local]]{}, [2]generic[local]{}, func(local) {}, heldLocal{3},
			[]interface{ unheard() }{nil}, (*local)(nil), new(interface{ unheard(local) }),
		} {
			got := hold(t, h, v)
			require.Equal(t, reflect.TypeOf(v), reflect.TypeOf(got))
			if reflect.TypeOf(v).Kind() != reflect.Func {
				require.Equal(t, v, got)
			}
		}
		types := []any{reflect.TypeFor[local](), reflect.TypeFor[map[string]*generic[local]]()}
		require.Equal(t, types, hold(t, h, types))
		err := any(panicOf(func() { var x any = local{}; _ = x.(interface{ unheard() }) }))
		got := hold(t, h, err)
		require.IsType(t, (*goruntime.TypeAssertionError)(nil), got)
		require.EqualError(t, got.(error), err.(error).Error())
	}()
}

// A panic that waits for deferred calls, and these calls.
func TestHeldPanics(t *testing.T) {
	h := freshVars(t)
	sentinel := errors.New("sentinel")
	heldVars.any = sentinel
	n := 0
	for _, v := range []any{sentinel, panicOf(func() { var s []int; _ = s[len(s)] }), "text", &goruntime.PanicNilError{}} {
		d := &Defers{panicking: true, value: v, pending: []Deferred{&DeferFunc{makeDeferred(&n)}}}
		type T struct {
			D *Defers
			N *int
		}
		got := hold(t, h, T{d, &n})
		require.Equal(t, v, got.D.value)
		if v == any(sentinel) {
			require.True(t, got.D.value == v)
		}
		require.Len(t, got.D.pending, 1)
		got.D.pending[0].Run()
		require.Equal(t, -1, *got.N)
		require.Zero(t, n)
	}
}

func TestHeldRoots(t *testing.T) {
	h := freshVars(t)
	a, b := &heldNode{next: heldVars.node}, 0
	registerFrame1[*int]()
	c := suspendedWith(&frame1[*int]{1, &b})
	buf, err := h.AppendState(c, nil, &a, &b)
	require.NoError(t, err)
	var a2 *heldNode
	b2 := 1
	d := New(func(*Coroutine) {})
	_, err = h.LoadState(d, buf, &a2, &b2)
	require.NoError(t, err)
	require.Same(t, a.next, a2.next)
	require.NotSame(t, a, a2)
	require.Zero(t, b2)
	require.Same(t, &b2, d.frames[0].(*frame1[*int]).V)
}

func TestHeldPin(t *testing.T) {
	h := new(Held)
	a := &heldNode{next: &heldNode{}}
	h.Pin(a)
	require.Same(t, a.next, hold(t, h, a.next))
	require.NotZero(t, h.Stats().Variables)
}

// A state with handles is of no use to anybody else.
func TestHeldStatesStay(t *testing.T) {
	h := new(Held)
	registerFrame1[chan int]()
	b, err := h.AppendState(suspendedWith(&frame1[chan int]{1, make(chan int)}), nil)
	require.NoError(t, err)
	_, err = New(nil).LoadState(b)
	require.ErrorIs(t, err, ErrInvalidState)
	_, err = new(Held).LoadState(New(nil), b)
	require.ErrorIs(t, err, ErrInvalidState)
	hold(t, h, 1)
	_, err = h.LoadState(New(nil), b)
	require.ErrorContains(t, err, "there is a later state than this")
}

// Memory that is not what its type says costs the copy, not the program.
func TestHeldSurvivesFaults(t *testing.T) {
	defer func(old bool) { trustful = old }(trustful)
	trustful = false
	h := new(Held)
	type T struct {
		A *[1 << 40]*int
		N *int
	}
	n := 0
	np := &n
	got := hold(t, h, T{*(**[1 << 40]*int)(unsafe.Pointer(&np)), &n})
	require.Same(t, &n, got.N)
	require.Equal(t, "an unsafe pointer", h.Stats().Whole)

	type U struct {
		A, B **int
		N    *int
	}
	p, nowhere := &n, uintptr(1<<20)
	u := hold(t, h, U{*(***int)(unsafe.Pointer(&nowhere)), &p, &n})
	require.Same(t, &n, u.N)
	require.Same(t, &p, u.B)
	require.Contains(t, h.Stats().Whole, "invalid memory address")
}

func TestMappedFile(t *testing.T) {
	const maps = `00400000-005a1000 r-xp 00000000 fe:00 123 /tmp/a b
005a1000-0069c000 r--p 001a1000 fe:00 123 /tmp/a b
0069c000-006b0000 rw-p 0029c000 fe:00 123 /tmp/a b
006b0000-006e0000 rw-p 00000000 00:00 0
c000000000-c000400000 rw-p 00000000 00:00 0
7f0000000000-7f0000001000 r-xp 00000000 fe:00 9 /lib/libc.so
7f0000001000-7f0000002000 rw-p 00000000 00:00 0 [stack]
`
	require.Equal(t, memoryRange{0x400000, 0x6e0000}, mappedFile(maps, "/tmp/a b", memoryRange{0x690000, 0x6a0000}))
	require.Equal(t, memoryRange{1, 2}, mappedFile("", "/tmp/a b", memoryRange{1, 2}))
}

func TestHeldPins(t *testing.T) {
	var pins Pins
	h := &Held{Pins: &pins}
	n := new(int)
	f := makeCaptured(n)
	node := &heldNode{any: n}
	pins.Add(nil)
	pins.Add(3)
	require.NotSame(t, n, hold(t, h, n))
	pins.Add(f)
	require.Same(t, n, hold(t, h, n))
	goruntime.KeepAlive(f)
	f = nil
	goruntime.GC()
	require.NotSame(t, n, hold(t, h, n), "what is gone leads nowhere")
	require.Empty(t, pins.list)
	pins.Add(node)
	require.Same(t, n, hold(t, h, n))
	pins.Add(&heldVars)
	require.Same(t, n, hold(t, h, n))
	goruntime.KeepAlive(node)
}
