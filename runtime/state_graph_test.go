package runtime

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Random graphs come back isomorphic, the same graph gives the same bytes, and
// memory stays sound while the collector runs all the time.

type vertex struct {
	id    int
	name  string
	left  *vertex
	right **vertex
	kids  []*vertex
	ints  []int
	pi    *int
	arr   [3]int
	pa    *[3]int
	p2    *[2]int
	sub   part
	psub  *part
	parts []part
	m     map[string]*vertex
	mi    map[int]any
	mk    map[any]string
	sm    sync.Map
	any   any
	err   error
	f     func() int
	t     time.Time
	x     float64
}

type part struct {
	n    int
	s    string
	any  any
	next *part
	arr  [2]*int
}

func init() {
	RegisterType[vertex]("test.vertex")
	RegisterType[part]("test.part")
}

// choices are what a random graph is made of.
type choices interface {
	below(n int) int
	number() int
	float() float64
	text(from, to int) string
}

// drawn makes rapid draw, and shrink, the choices.
type drawn struct{ *rapid.T }

func (t drawn) below(n int) int          { return rapid.IntRange(0, n-1).Draw(t.T, "below") }
func (t drawn) number() int              { return rapid.Int().Draw(t.T, "number") }
func (t drawn) float() float64           { return rapid.Float64().Draw(t.T, "float") }
func (t drawn) text(from, to int) string { return rapid.StringN(from, to, -1).Draw(t.T, "text") }

// drawGraph makes a small graph.
func drawGraph(t *rapid.T) []*vertex {
	return makeGraph(drawn{t}, rapid.IntRange(1, 8).Draw(t, "n"))
}

// makeGraph makes n vertices and then points their fields at each other.
func makeGraph(t choices, n int) []*vertex {
	vs := make([]*vertex, n)
	for i := range vs {
		vs[i] = &vertex{id: i, x: t.float()}
	}
	base := make([]int, 11+n)
	for i := range base {
		base[i] = t.number()
	}
	parts := make([]part, 5+n)
	for i := range parts {
		parts[i] = part{n: i, s: t.text(0, 30)}
	}
	text := t.text(16, 40)
	pick := t.below
	v := func() *vertex { return vs[pick(n)] }
	pi := func() *int {
		switch pick(6) {
		case 0:
			return nil
		case 1:
			return &base[pick(len(base))]
		case 2:
			return &v().id
		case 3:
			return &v().arr[pick(3)]
		case 4:
			return &parts[pick(len(parts))].n
		}
		return new(int)
	}
	pp := func() *part {
		switch pick(3) {
		case 0:
			return &v().sub
		case 1:
			return &parts[pick(len(parts))]
		}
		return nil
	}
	var anyOf func(depth int) any
	anyOf = func(depth int) any {
		switch pick(15) {
		case 0:
			return nil
		case 1:
			return v()
		case 2:
			return pi()
		case 3:
			return text
		case 4:
			return pick(1000)
		case 5:
			return pp()
		case 6:
			return *parts[pick(len(parts))].clone(pi())
		case 7:
			return v().m
		case 8:
			return base[pick(len(base)):]
		case 9:
			return errMine
		case 10:
			return makeCaptured(new(int))
		case 11:
			if depth < 4 {
				return [2]any{anyOf(depth + 1), anyOf(depth + 1)}
			}
		case 12:
			return &v().any
		case 13:
			return &v().right
		case 14:
			return &v().sm
		}
		return []any{1, text}
	}
	for i := range parts {
		parts[i].next, parts[i].any = pp(), anyOf(0)
		parts[i].arr[pick(2)] = pi()
	}
	for _, x := range vs {
		if pick(2) == 0 {
			x.m = map[string]*vertex{}
		}
		if pick(4) == 0 {
			x.mi = map[int]any{}
		}
	}
	for _, x := range vs {
		switch pick(3) {
		case 0:
			x.name = text
		case 1:
			x.name = t.text(0, 50)
		}
		x.left = v()
		switch pick(3) {
		case 0:
			x.right = &v().left
		case 1:
			if k := v().kids; len(k) > 0 {
				x.right = &k[pick(len(k))]
			}
		}
		for range pick(4) {
			x.kids = append(x.kids, v())
		}
		i := pick(len(base))
		j := i + pick(len(base)-i)
		k := j + pick(len(base)-j)
		x.ints = base[i:j:k]
		x.pi = pi()
		switch pick(4) {
		case 0:
			x.pa = &v().arr
		case 1:
			x.pa = (*[3]int)(base[pick(len(base)-2):])
		}
		switch pick(4) {
		case 0:
			x.p2 = (*[2]int)(v().arr[1:])
		case 1:
			x.p2 = (*[2]int)(base[pick(len(base)-1):])
		}
		x.psub = pp()
		i = pick(len(parts))
		x.parts = parts[i : i+pick(len(parts)-i)]
		x.any = anyOf(0)
		if x.m != nil {
			for range pick(4) {
				x.m[fmt.Sprint(pick(5))] = v()
			}
		}
		if x.mi != nil {
			for range pick(4) {
				x.mi[pick(5)] = anyOf(0)
			}
		}
		if pick(4) == 0 {
			x.mk = map[any]string{pick(9): "int", text: "text", part{n: pick(3)}: "part", v(): "vertex", 1.5: "float", nil: "nil"}
		}
		for range pick(4) {
			x.sm.Store([]any{pick(3), text, v(), part{n: pick(3)}}[pick(4)], anyOf(0))
		}
		if pick(3) == 0 {
			x.f = makeCaptured(&v().id)
		}
		if pick(3) == 0 {
			x.err = fmt.Errorf("wrapped: %w", errMine)
		}
		if pick(3) == 0 {
			x.t = time.Unix(int64(pick(1e9)), 5).UTC()
		}
		x.sub = *parts[pick(len(parts))].clone(pi())
	}
	return vs
}

func (p *part) clone(i *int) *part {
	q := *p
	q.arr[0] = i
	return &q
}

// isomorphism compares two graphs. Addresses of the one must correspond to
// addresses of the other, element by element.
type isomorphism struct {
	there, back map[unsafe.Pointer]unsafe.Pointer
	seen        map[visit]bool
	todo        []func()
	diffs       []string
}

type visit struct {
	p unsafe.Pointer
	t reflect.Type
}

// way leads to a part of a graph, through fields and elements.
type way struct {
	up    *way
	field string
	index int
}

func (w *way) String() string {
	switch {
	case w == nil:
		return ""
	case w.field != "":
		return w.up.String() + "." + w.field
	}
	return fmt.Sprintf("%v[%d]", w.up, w.index)
}

func isomorphic(a, b any) []string {
	x := &isomorphism{map[unsafe.Pointer]unsafe.Pointer{}, map[unsafe.Pointer]unsafe.Pointer{}, map[visit]bool{}, nil, nil}
	x.compare(nil, reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem())
	for len(x.todo) > 0 {
		f := x.todo[0]
		x.todo = x.todo[1:]
		f()
	}
	return x.diffs
}

func (x *isomorphism) fail(path *way, format string, args ...any) {
	x.diffs = append(x.diffs, path.String()+": "+fmt.Sprintf(format, args...))
}

func (x *isomorphism) same(path *way, p, q unsafe.Pointer) {
	if r, ok := x.there[p]; ok && r != q {
		x.fail(path, "identity lost")
	}
	if r, ok := x.back[q]; ok && r != p {
		x.fail(path, "identity invented")
	}
	x.there[p], x.back[q] = q, p
}

func settable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	return c
}

func (x *isomorphism) compare(path *way, a, b reflect.Value) {
	a, b = settable(a), settable(b)
	if a.Type() != b.Type() {
		x.fail(path, "%v and %v", a.Type(), b.Type())
		return
	}
	if a.Type() == reflect.TypeFor[time.Time]() {
		if !a.Interface().(time.Time).Equal(b.Interface().(time.Time)) {
			x.fail(path, "times differ")
		}
		return
	}
	if a.Type() == reflect.TypeFor[sync.Map]() {
		var m [2]map[any]any
		for i, v := range []reflect.Value{a, b} {
			m[i] = map[any]any{}
			v.Addr().Interface().(*sync.Map).Range(func(key, value any) bool {
				m[i][key] = value
				return true
			})
		}
		x.compare(path, reflect.ValueOf(m[0]), reflect.ValueOf(m[1]))
		return
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type().Field(i).Type == recordHeader {
				continue
			}
			x.compare(&way{path, a.Type().Field(i).Name, 0}, a.Field(i), b.Field(i))
		}
	case reflect.Array:
		for i := range a.Len() {
			x.compare(&way{path, "", i}, a.Index(i), b.Index(i))
		}
	case reflect.Pointer:
		if a.IsNil() != b.IsNil() {
			x.fail(path, "nil-ness")
		}
		if a.IsNil() || b.IsNil() {
			return
		}
		x.memory(path, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() || a.Cap() != b.Cap() {
			x.fail(path, "slices of %d, %d and %d, %d", a.Len(), a.Cap(), b.Len(), b.Cap())
			return
		}
		a, b = a.Slice(0, a.Cap()), b.Slice(0, b.Cap())
		for i := range a.Len() {
			x.memory(&way{path, "", i}, a.Index(i), b.Index(i))
		}
	case reflect.Map:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			x.fail(path, "maps of %d and %d", a.Len(), b.Len())
			return
		}
		if a.IsNil() {
			return
		}
		x.same(path, a.UnsafePointer(), b.UnsafePointer())
		if x.seen[visit{a.UnsafePointer(), a.Type()}] {
			return
		}
		x.seen[visit{a.UnsafePointer(), a.Type()}] = true
		for it := a.MapRange(); it.Next(); {
			k := it.Key()
			if hasPointer(k) {
				continue // found by the other keys, or not reachable otherwise
			}
			w := b.MapIndex(k)
			if !w.IsValid() {
				x.fail(path, "key %v is missing", k)
				continue
			}
			x.compare(&way{path, "an entry", 0}, it.Value(), w)
		}
	case reflect.Interface:
		if a.IsNil() != b.IsNil() {
			x.fail(path, "nil-ness")
		}
		if !a.IsNil() && !b.IsNil() {
			x.compare(path, a.Elem(), b.Elem())
		}
	case reflect.Func:
		r, s := RecordOf(*(*func())(a.Addr().UnsafePointer())), RecordOf(*(*func())(b.Addr().UnsafePointer()))
		x.compare(path, reflect.ValueOf(&r).Elem(), reflect.ValueOf(&s).Elem())
	case reflect.Float64:
		if math.Float64bits(a.Float()) != math.Float64bits(b.Float()) {
			x.fail(path, "%v and %v", a, b)
		}
	default:
		if !reflect.DeepEqual(a.Interface(), b.Interface()) {
			x.fail(path, "%v and %v", a, b)
		}
	}
}

// hasPointer reports whether a key is or holds a pointer.
func hasPointer(k reflect.Value) bool {
	switch k.Kind() {
	case reflect.Pointer:
		return true
	case reflect.Interface:
		return !k.IsNil() && hasPointer(k.Elem())
	case reflect.Struct:
		for i := range k.NumField() {
			if hasPointer(k.Field(i)) {
				return true
			}
		}
	case reflect.Array:
		for i := range k.Len() {
			if hasPointer(k.Index(i)) {
				return true
			}
		}
	}
	return false
}

func (x *isomorphism) memory(path *way, a, b reflect.Value) {
	p, q := a.Addr().UnsafePointer(), b.Addr().UnsafePointer()
	if a.Type().Size() > 0 {
		x.same(path, p, q)
	}
	if key := (visit{p, a.Type()}); !x.seen[key] {
		x.seen[key] = true
		x.todo = append(x.todo, func() { x.compare(path, a, b) })
	}
}

func TestRandomGraphs(t *testing.T) {
	registerFrame1[[]*vertex]()
	rapid.Check(t, func(t *rapid.T) {
		vs := drawGraph(t)
		frame := &frame1[[]*vertex]{1, vs}
		b, err := suspendedWith(frame).AppendState(nil)
		require.NoError(t, err)
		c := New(nil)
		_, err = c.LoadState(b)
		require.NoError(t, err)
		require.Empty(t, isomorphic(frame, c.frames[0]))
		again, err := suspendedWith(c.frames...).AppendState(nil)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}

// TestIsomorphismSees makes sure that the comparison can fail.
func TestIsomorphismSees(t *testing.T) {
	n, m := 1, 1
	require.NotEmpty(t, isomorphic([]*int{&n, &n}, []*int{&n, &m}))
	require.NotEmpty(t, isomorphic([]*int{&n, &m}, []*int{&n, &n}))
	require.NotEmpty(t, isomorphic(vertex{id: 1}, vertex{}))
	require.NotEmpty(t, isomorphic([]int{1}, append(make([]int, 0, 5), 1)))
	require.Empty(t, isomorphic([]*int{&n, &n}, []*int{&m, &m}))
}

// TestPasses saves graphs in one pass, where that is possible, and in two.
func TestPasses(t *testing.T) {
	registerFrame1[[]*vertex]()
	loadRegistry()
	pass := func(t require.TestingT, c *Coroutine, fast bool) ([]byte, bool) {
		e := encoders.Get().(*encoder)
		e.reg, e.c = loadRegistry(), c
		b, ok, err := e.pass([]byte("x"), nil, fast)
		require.NoError(t, err)
		e.release()
		return b, ok
	}
	once := 0
	rapid.Check(t, func(t *rapid.T) {
		g := drawGraph(t)
		if rapid.Bool().Draw(t, "simple") {
			for _, v := range g {
				v.pi, v.pa, v.p2, v.psub, v.right, v.mk, v.any, v.parts, v.ints = nil, nil, nil, nil, nil, nil, nil, nil, nil
				v.sub, v.mi = part{}, nil
				v.sm = sync.Map{}
			}
		}
		c := suspendedWith(&frame1[[]*vertex]{Site: 1, V: g})
		slow, ok := pass(t, c, false)
		require.True(t, ok)
		fast, ok := pass(t, c, true)
		if ok {
			once++
			require.Equal(t, slow, fast)
		}
		c = New(nil)
		_, err := c.LoadState(slow[1:])
		require.NoError(t, err)
		require.Empty(t, isomorphic(g, c.frames[0].(*frame1[[]*vertex]).V))
	})
	require.Positive(t, once)
}

// TestLong saves what is nested more deeply than contents may be.
func TestLong(t *testing.T) {
	type T struct {
		next, prev *T
		n          int
	}
	list := &T{}
	for i, last := 1, list; i < 100_000; i++ {
		last.next = &T{n: i, prev: last}
		last = last.next
	}
	got := trip(t, list)
	for i := range 100_000 {
		require.Equal(t, i, got.n)
		if got.next != nil && got.next.prev != got {
			t.Fatal("the way back is lost at", i)
		}
		got = got.next
	}
	require.Nil(t, got)
}
