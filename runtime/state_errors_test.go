package runtime

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
)

type conn struct {
	name string
	fd   struct {
		sysfd int
		mu    sync.Mutex
	}
}

type unregistered struct{ p *int }

func TestUnsavable(t *testing.T) {
	locked := &conn{name: "c"}
	locked.fd.mu.Lock()
	n := 1
	foreign := func() int { return n }
	type chans struct {
		m map[string][]chan int
	}
	type fields struct {
		any any
		fs  [2]func() int
		p   unsafe.Pointer
		c   *chans
		r   *strings.Replacer
		mm  map[any]int
	}
	for _, test := range []struct {
		v         fields
		path, why string
	}{
		{fields{any: locked}, "V.any.fd.mu", "it is locked or in use"},
		{fields{any: []any{1, locked}}, "V.any[1].fd.mu", "it is locked or in use"},
		{fields{fs: [2]func() int{1: foreign}}, "V.fs[1]", "has not compiled"},
		{fields{p: unsafe.Pointer(&n)}, "V.p", "unsafe pointer"},
		{fields{c: &chans{m: map[string][]chan int{"k": {nil, make(chan int)}}}}, `V.c.m["k"][1]`, "a channel belongs to its process"},
		{fields{any: unregistered{&n}}, "V.any", "type github.com/coroc-dev/coroc/runtime.unregistered is not registered"},
		{fields{any: []*unregistered{}}, "V.any", "is not registered"},
		{fields{any: map[string]any{"x": struct{ A any }{foreign}}}, `V.any["x"].A`, "has not compiled"},
		{fields{r: strings.NewReplacer("a", "b")}, "V.r", "no portable meaning"},
		{fields{mm: map[any]int{struct{ c chan int }{make(chan int)}: 1}}, "V.mm[interface {}]", "channel"},
		{fields{any: time.NewTimer(time.Hour)}, "V.any", "time.Timer: this type of the standard library has no portable meaning"},
	} {
		RegisterType[conn]("test.conn")
		registerFrame1[fields]()
		name := loadRegistry().frames[typeWord(&frame1[fields]{})].name
		b, err := suspendedWith(&frame1[fields]{1, test.v}).AppendState([]byte("before"))
		require.Equal(t, "before", string(b))
		var u *UnsavableError
		require.ErrorAs(t, err, &u)
		require.Equal(t, name+": "+test.path, u.Path)
		require.Contains(t, u.Why, test.why)
		require.NotNil(t, u.Type)
	}
	// The encoder can be used again after an error.
	equalTrip(t, []string{"a"})
}

func TestUnsavableStates(t *testing.T) {
	type frameOfNobody struct{ Site int }
	_, err := suspendedWith(&frameOfNobody{1}).AppendState(nil)
	require.ErrorContains(t, err, "not registered")
	registerFrame1[int]()
	_, err = suspendedWith(&frame1[int]{Site: 2}).AppendState(nil)
	require.ErrorContains(t, err, "no registered site")
	c := New(func(c *Coroutine) {
		_, err := c.AppendState(nil)
		require.ErrorContains(t, err, "while it runs")
		_, err = c.LoadState(nil)
		require.ErrorContains(t, err, "before the first call")
	})
	c.Next()
	_, err = c.AppendState(nil, 1)
	require.ErrorContains(t, err, "a root must be a pointer")
	_, err = c.AppendState(nil, (*int)(nil))
	require.ErrorContains(t, err, "a root must be a pointer")
}

func TestDone(t *testing.T) {
	c := New(func(*Coroutine) {})
	fresh, err := c.AppendState(nil)
	require.NoError(t, err)
	require.False(t, c.Next())
	x := 5
	b, err := c.AppendState(nil, &x)
	require.NoError(t, err)
	ran := false
	d := New(func(*Coroutine) { ran = true })
	x = 6
	_, err = d.LoadState(b, &x)
	require.NoError(t, err)
	require.True(t, d.Done())
	require.False(t, d.Next())
	require.False(t, ran)
	require.Equal(t, 5, x)
	// One that has not started is loaded as such.
	d = New(func(*Coroutine) { ran = true })
	_, err = d.LoadState(fresh)
	require.NoError(t, err)
	require.False(t, d.Started())
	d.Next()
	require.True(t, ran)
}

func TestRoots(t *testing.T) {
	type T struct {
		A, B *int
		N    *node
	}
	x, y, z := 1, "why", [2]int{7, 8}
	shared := &node{name: "shared"}
	registerFrame1[T]()
	b, err := suspendedWith(&frame1[T]{1, T{&x, &z[1], shared}}).AppendState(nil, &x, &y, &z, &shared)
	require.NoError(t, err)

	var x2 int
	var y2 string
	var z2 [2]int
	var shared2 *node
	c := New(nil)
	n, err := c.LoadState(append(b, "trailing"...), &x2, &y2, &z2, &shared2)
	require.NoError(t, err)
	require.Equal(t, len(b), n)
	f := c.frames[0].(*frame1[T]).V
	require.Equal(t, 1, x2)
	require.Same(t, &x2, f.A)
	require.Equal(t, "why", y2)
	require.Equal(t, z, z2)
	require.Same(t, &z2[1], f.B)
	require.Same(t, shared2, f.N)

	// A variable that is part of another one gets its value.
	v := node{name: "outer"}
	b, err = suspendedWith().AppendState(nil, &v.name, &v)
	require.NoError(t, err)
	var name string
	var w node
	_, err = New(nil).LoadState(b, &name, &w)
	require.NoError(t, err)
	require.Equal(t, "outer", name)
	require.Equal(t, v, w)

	for _, roots := range [][]any{{}, {&name}, {&name, &name}, {&name, &w, &w}, {&w, &name}} {
		_, err = New(nil).LoadState(b, roots...)
		require.True(t, isState(err), "%v", err)
	}
	_, err = New(nil).LoadState(b, name, w)
	require.ErrorContains(t, err, "a root must be a pointer")
}

type app struct {
	mu    sync.Mutex
	ch    chan int
	count int
	sub   struct{ list [3]int }
	m     map[string]int
}

func (a *app) Area() float64 { return 0 }

func TestBindings(t *testing.T) {
	type T struct {
		App   *app
		Count *int
		Elem  *int
		List  []int
		I     shape
		Any   any
		M     map[string]int
		F     func()
		V     any
	}
	make1 := func() (*app, map[string]int, func(), []Binding) {
		a := &app{ch: make(chan int), m: map[string]int{}}
		a.mu.Lock()
		m := map[string]int{}
		f := func() { a.count = 77 }
		return a, m, f, []Binding{{"app", nil}, {"m", m}, {"f", f}, {"v", unregisteredValue{"v"}}, {"app", a}}
	}
	a, m, f, bind := make1()
	registerFrame1[T]()
	c := suspendedWith(&frame1[T]{1, T{a, &a.count, &a.sub.list[1], a.sub.list[1:2], a, &a.count, m, f, unregisteredValue{"v"}}})
	c.Bind(bind...)
	b, err := c.AppendState(nil)
	require.NoError(t, err)

	a2, m2, _, bind := make1()
	d := New(nil, bind...)
	_, err = d.LoadState(b)
	require.NoError(t, err)
	v := d.frames[0].(*frame1[T]).V
	require.Same(t, a2, v.App)
	require.Same(t, &a2.count, v.Count)
	require.Same(t, &a2.sub.list[1], v.Elem)
	require.Same(t, &a2.sub.list[1], &v.List[0])
	require.Equal(t, 2, cap(v.List))
	require.Same(t, a2, v.I)
	require.Same(t, &a2.count, v.Any)
	m2["x"] = 1
	require.Equal(t, 1, v.M["x"])
	v.F()
	require.Equal(t, 77, a2.count)
	require.Equal(t, unregisteredValue{"v"}, v.V)

	_, err = New(nil).LoadState(b)
	require.ErrorIs(t, err, ErrIncompatibleState)
	require.ErrorContains(t, err, `no binding of "app"`)
	for i := range bind {
		bind[i].Value = 5
	}
	_, err = New(nil, bind...).LoadState(b)
	require.ErrorIs(t, err, ErrIncompatibleState)
}

type unregisteredValue struct{ s string }

// TestProcessBindings saves values that the process has bound, for all coroutines.
func TestProcessBindings(t *testing.T) {
	type users struct {
		App   *app
		Count *int
		I     shape
		M     map[string]int
		F     func() int
		N     *int
	}
	n := 1
	f := makeCaptured(&n)
	a, m := &app{ch: make(chan int)}, map[string]int{"a": 1}
	Bind("test.app", a)
	Bind("test.m", m)
	Bind("test.f", f)
	registerFrame1[users]()
	v := users{a, &a.count, a, m, f, &n}
	c := suspendedWith(&frame1[users]{1, v})
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	require.Contains(t, readState(b), "bound test.app")

	// Another process has bound its own.
	n2 := 5
	a2 := &app{ch: make(chan int), count: 2}
	Bind("test.app", a2)
	Bind("test.m", map[string]int{"b": 2})
	Bind("test.f", makeCaptured(&n2))
	d := New(nil)
	_, err = d.LoadState(b)
	require.NoError(t, err)
	w := d.frames[0].(*frame1[users]).V
	require.Same(t, a2, w.App)
	require.Same(t, &a2.count, w.Count)
	require.Same(t, a2, w.I)
	require.Equal(t, map[string]int{"b": 2}, w.M)
	require.Equal(t, 6, w.F())
	require.Same(t, &n2, w.N)

	// What a coroutine has bound comes first, under whatever name.
	c = suspendedWith(&frame1[users]{1, users{App: a2}})
	c.Bind(Binding{"test.app", a2})
	b2, err := c.AppendState(nil)
	require.NoError(t, err)
	_, err = New(nil).LoadState(b2)
	require.ErrorContains(t, err, `the coroutine has no binding of "test.app": bind it before the state is loaded`)

	withRegistry(t, func() {
		registerFrame1[users]()
		_, err = New(nil).LoadState(b)
		require.ErrorIs(t, err, ErrIncompatibleState)
		require.ErrorContains(t, err, `nothing is bound to the name "test.app" in this process: call Bind with it before the state is loaded`)
		Bind("test.app", &n)
		Bind("test.m", m)
		Bind("test.f", f)
		_, err = New(nil).LoadState(b)
		require.ErrorIs(t, err, ErrIncompatibleState)
	})
	require.PanicsWithValue(t, `coroutine: Bind of "x": int is not a pointer, map, channel or func`, func() { Bind("x", 1) })
	require.PanicsWithValue(t, `coroutine: Bind of "x": the *int is nil`, func() { Bind("x", (*int)(nil)) })
}

func TestBindingOfNothing(t *testing.T) {
	type empty struct{}
	type T struct {
		P *empty
		I any
	}
	e := &empty{}
	registerFrame1[T]()
	c := suspendedWith(&frame1[T]{1, T{e, e}})
	c.Bind(Binding{"e", e})
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	d := New(nil, Binding{"e", e})
	_, err = d.LoadState(b)
	require.NoError(t, err)
	require.True(t, d.frames[0].(*frame1[T]).V.I == any(e))
}

// Programs that differ from the one that saved the state.

type before struct {
	Site int
	A    int
	B    string
}

type afterTypes struct {
	Site int
	A    int
	B    []byte
}

func withRegistry(t *testing.T, f func()) {
	t.Helper()
	pending.mu.Lock()
	old := pending
	oldBuiltins := builtinsDone
	pending.mu.Unlock()
	pending, builtinsDone = newRegistrations(), false
	current.Store(nil)
	defer func() {
		pending, builtinsDone = old, oldBuiltins
		current.Store(nil)
	}()
	f()
}

func TestIncompatible(t *testing.T) {
	live := Site{Pos: "f.go:3", Live: []string{"A", "B"}}
	var b []byte
	withRegistry(t, func() {
		RegisterFrame[before]("app.f", 1, live)
		var err error
		b, err = suspendedWith(&before{1, 1, "b"}).AppendState(nil)
		require.NoError(t, err)
	})
	for _, test := range []struct {
		name     string
		register func()
		want     string
	}{
		{"gone", func() {}, "function app.f, suspended at f.go:3: this program has no such function that may be suspended, and the version was not frozen"},
		{"changed", func() { RegisterFrame[before]("app.f", 2, live) }, "function app.f, suspended at f.go:3 (site 1): the function has changed since (fingerprint 0000000000000001, here 0000000000000002), and the version was not frozen"},
		{"sites", func() { RegisterFrame[before]("app.f", 1) }, "what it called there, call 1 of its source, does not suspend any more"},
		{"less", func() { RegisterFrame[before]("app.f", 1, Site{Pos: "f.go:3", Live: []string{"A"}}) }, "the live variables differ: the state has B too many"},
		{"more", func() { RegisterFrame[ints]("app.f", 1, Site{Pos: "f.go:3", Live: []string{"A", "B", "C"}}) }, "the live variables differ: the state has no C"},
		{"type", func() { RegisterFrame[afterTypes]("app.f", 1, live) }, "the type of B differs: string in the state, []uint8 here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			withRegistry(t, func() {
				test.register()
				_, err := New(nil).LoadState(b)
				require.ErrorIs(t, err, ErrIncompatibleState)
				require.ErrorContains(t, err, test.want)
			})
		})
	}
	// Both versions in one program: the state finds its own.
	withRegistry(t, func() {
		RegisterFrame[before]("app.f", 1, live)
		RegisterFrame[afterTypes]("app.f", 2, live)
		c := New(nil)
		_, err := c.LoadState(b)
		require.NoError(t, err)
		require.Equal(t, &before{1, 1, "b"}, c.frames[0])
	})
	// The order of the live variables does not matter.
	withRegistry(t, func() {
		RegisterFrame[before]("app.f", 1, Site{Pos: "f.go:3", Live: []string{"B", "A"}})
		c := New(nil)
		_, err := c.LoadState(b)
		require.NoError(t, err)
		require.Equal(t, &before{1, 1, "b"}, c.frames[0])
	})
}

type payloadOld struct {
	A int
	N *payloadOld
}

type payloadNew struct {
	A, B int
	N    *payloadNew
}

func TestIncompatibleTypes(t *testing.T) {
	var b []byte
	site := Site{Pos: "f.go:3", Live: []string{"V"}}
	withRegistry(t, func() {
		RegisterType[payloadOld]("app.payload")
		RegisterFrame[frame1[any]]("app.f", 1, site)
		var err error
		b, err = suspendedWith(&frame1[any]{1, &payloadOld{A: 1}}).AppendState(nil)
		require.NoError(t, err)
	})
	withRegistry(t, func() {
		RegisterFrame[frame1[any]]("app.f", 1, site)
		_, err := New(nil).LoadState(b)
		require.ErrorIs(t, err, ErrIncompatibleState)
		require.ErrorContains(t, err, "this program does not know the type app.payload")
	})
	withRegistry(t, func() {
		RegisterType[payloadNew]("app.payload")
		RegisterFrame[frame1[any]]("app.f", 1, site)
		_, err := New(nil).LoadState(b)
		require.ErrorIs(t, err, ErrIncompatibleState)
		require.ErrorContains(t, err, "the fields of runtime.payloadNew are A, N in the state, A, B, N here")
	})
}

func TestConflicts(t *testing.T) {
	withRegistry(t, func() {
		RegisterFrame[before]("app.f", 1)
		RegisterFrame[before]("app.f", 1)
		_, err := New(nil).AppendState(nil)
		require.NoError(t, err)
		RegisterFrame[afterTypes]("app.f", 1)
		RegisterType[conn]("app.T")
		RegisterType[app]("app.T")
		RegisterFrame[conn]("app.g", 1)
		RegisterFrame[ints]("app.h", 1, Site{Live: []string{"Nothing"}})
		_, err = New(nil).AppendState(nil)
		require.ErrorContains(t, err, "frames of app.f")
		require.ErrorContains(t, err, "type app.T is registered as")
		require.ErrorContains(t, err, "does not begin with Site int")
		require.ErrorContains(t, err, "has no field Nothing")
		_, err = New(nil).LoadState(nil)
		require.Error(t, err)
	})
}

// Damaged states.

func reseal(b []byte) []byte {
	n := len(b) - 4
	return binary.LittleEndian.AppendUint32(b[:n:n], crc32.Checksum(b[:n], castagnoli))
}

func TestDamage(t *testing.T) {
	b := save(t, []string{"some", "strings", strings.Repeat("x", 50)})
	for i := range b {
		_, err := New(nil).LoadState(b[:i])
		require.ErrorIs(t, err, ErrInvalidState)
		for bit := range 8 {
			d := append([]byte(nil), b...)
			d[i] ^= 1 << bit
			c := New(nil)
			_, err := c.LoadState(d)
			require.ErrorIs(t, err, ErrInvalidState, "byte %d bit %d", i, bit)
			require.Equal(t, New(nil), c)
		}
	}
	d := append([]byte(nil), b...)
	d[len(stateMagic)] = 9
	_, err := New(nil).LoadState(reseal(d))
	require.ErrorIs(t, err, ErrInvalidState)
	require.ErrorContains(t, err, "format version 9, this program knows version 1")
}

func TestNothingIsHalfLoaded(t *testing.T) {
	x := 1
	registerFrame1[[]string]()
	b, err := suspendedWith(&frame1[[]string]{1, []string{"a"}}).AppendState(nil, &x)
	require.NoError(t, err)
	body := len(b) - 4
	for i := 7; i < body; i++ {
		for _, v := range []byte{0, 1, 2, 3, 0x7f, 0xff} {
			d := append([]byte(nil), b...)
			d[i] = v
			x := 99
			c := New(nil)
			if _, err := c.LoadState(reseal(d), &x); err != nil {
				require.True(t, isState(err), "%v", err)
				require.Equal(t, 99, x)
				require.Equal(t, New(nil), c)
			}
		}
	}
}

func TestBoxesCannotContainThemselves(t *testing.T) {
	type link struct{ next any }
	RegisterType[link]("test.link")
	var v any
	n := 1
	v = link{&n}
	for range 3 {
		v = link{v}
	}
	b := save(t, v)
	require.Equal(t, v, load[any](t, b))
	d := &decoder{objs: make([]keptObject, 3), edges: [][2]int{{0, 1}, {1, 2}, {2, 1}}}
	err := safely(d.checkBoxes)
	require.ErrorIs(t, err, ErrInvalidState)
	require.ErrorContains(t, err, "contains itself")
}

func TestDeepTypes(t *testing.T) {
	typ := reflect.TypeFor[int]()
	for range maxTypeDepth {
		typ = reflect.SliceOf(typ)
	}
	v := reflect.Zero(typ).Interface()
	require.Equal(t, v, trip(t, v))
	_, err := New(func(*Coroutine) {}).LoadState(save(t, reflect.Zero(reflect.SliceOf(typ)).Interface()))
	require.ErrorIs(t, err, ErrInvalidState)
	require.ErrorContains(t, err, "contains itself, or too much")

	// Each of these has a name that is twice as long as the one before.
	typ = reflect.TypeFor[int]()
	for range 15 {
		part := reflect.PointerTo(typ)
		typ = reflect.StructOf([]reflect.StructField{{Name: "A", Type: part}, {Name: "B", Type: part}})
	}
	b := save(t, reflect.Zero(typ).Interface())
	_, err = New(func(*Coroutine) {}).LoadState(b)
	require.ErrorIs(t, err, ErrInvalidState)
	require.ErrorContains(t, err, "types that are too large")
}

func TestDeepKeys(t *testing.T) {
	type link struct{ next any }
	RegisterType[link]("test.link2")
	var v any = 1
	for range 2 * maxKeyDepth {
		v = link{v}
	}
	registerFrame1[map[any]int]()
	_, err := suspendedWith(&frame1[map[any]int]{1, map[any]int{v: 1}}).AppendState(nil)
	require.ErrorContains(t, err, "nested too deeply")

	// What can be loaded can be saved again.
	v = 1
	for range maxKeyDepth {
		v = link{v}
	}
	require.Equal(t, map[any]int{v: 1}, trip(t, map[any]int{v: 1}))
	_, err = suspendedWith(&frame1[map[any]int]{1, map[any]int{link{v}: 1}}).AppendState(nil)
	require.ErrorContains(t, err, "nested too deeply")
	// Elsewhere depth does not matter.
	for range 100_000 {
		v = link{v}
	}
	w := trip(t, v)
	for range 100_000 + maxKeyDepth {
		w = w.(link).next
	}
	require.Equal(t, 1, w)
	// Also not in the value of a key that is ordered by its values.
	m := trip(t, map[any]any{math.NaN(): v, math.Inf(1): v})
	for key, w := range m {
		n := 0
		for ; w != 1; n++ {
			w = w.(link).next
		}
		require.Equal(t, 100_000+maxKeyDepth, n, "%v", key)
	}
}

func TestLongLists(t *testing.T) {
	var head *node
	for range 200_000 {
		head = &node{next: head}
	}
	n := 0
	for p := trip(t, head); p != nil; p = p.next {
		n++
	}
	require.Equal(t, 200_000, n)
}
