package runtime

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/url"
	"reflect"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// fuzzValue can hold anything.
type fuzzValue struct {
	any   any
	v     *vertex
	s     []any
	m     map[any]any
	err   error
	sh    shape
	f     func() int
	t     time.Time
	d     Defers
	pi    *int
	bytes []byte
	links []fuzzLink
	ch    Chan[any]
	recv  <-chan any
	ints  Chan[[2]int]
	co    *Coroutine
}

type fuzzLink struct{ next any }

func registerFuzz() {
	RegisterFrame[frame1[fuzzValue]]("fuzz", 1, Site{Pos: "f.go:1", Live: []string{"V"}})
	RegisterFrame[ints]("example.com/app.work", 0x1234567890abcdef, Site{Pos: "work.go:42", Live: []string{"A", "B", "C"}})
	RegisterType[fuzzLink]("test.fuzzLink")
	RegisterType[sync.Map]("sync.Map")
	RegisterType[Chan[any]](InstanceName[Chan[any]](runtimePath + ".Chan"))
	RegisterType[Chan[[2]int]](InstanceName[Chan[[2]int]](runtimePath + ".Chan"))
	RegisterType[context.CancelFunc]("context.CancelFunc")
	RegisterType[context.CancelCauseFunc]("context.CancelCauseFunc")
}

func fuzzSeeds(t testing.TB) (seeds [][]byte) {
	registerFuzz()
	graphs := rapid.Custom(drawGraph)
	r, n, x := 2.0, 1, 1
	values := []fuzzValue{
		{},
		{any: []any{1, "s", nil, 1.5, &n, square{1}, &circle{&r}, holder{&n}, struct{ A any }{&n}, [2]any{}, [3]int{}, map[string]int{"a": 1}, (func(int) string)(nil)}},
		{err: errors.Join(io.EOF, errMine, errors.New("text")), sh: holder{&n}, t: time.Now(), f: makeCaptured(&n), pi: &global.a},
		{m: map[any]any{1: 2, "a": nil, square{2}: &n, [1]any{fuzzLink{1}}: time.Minute}, d: Defers{pending: []Deferred{&DeferFunc{makeDeferred(&n)}}}},
		{links: []fuzzLink{{fuzzLink{fuzzLink{&n}}}, {fuzzLink{nil}}}, bytes: make([]byte, 100, 300), sh: &circle{&r}},
	}
	loadRegistry()
	list := list.New()
	list.PushBack(&n)
	o := RecordOf(globalOuter).(*outerRecord)
	values = append(values, fuzzValue{
		any: []any{list, o, o.opts.limits, url.User("a"), panicOf(func() { var x any = n; _ = x.(string) })},
		pi:  o.opts.box, f: o.inner, s: []any{&x, (*celsius)(&r)},
	})
	values = append(values, fuzzValue{any: []any{syncMapOf(&n, &n, "a", syncMapOf(1.5, nil), square{2}, fuzzLink{&n}), syncMapOf()}, s: []any{struct{ M sync.Map }{}}})
	values = append(values, contextSeed(), channelSeed(), nestedSeed())
	for i := range 10 {
		g := graphs.Example(i)
		values = append(values, fuzzValue{v: g[0], s: []any{g}})
	}
	states := [][]any{{}, {&ints{1, 1, 2, 3}}, {&ints{1, 1, 2, 3}, &ints{1, 4, 5, 6}}} // which are loaded in a shorter way
	for _, v := range values {
		states = append(states, []any{&frame1[fuzzValue]{1, v}, &ints{1, 1, 2, 3}, &ints{1, 4, 5, 6}})
	}
	for _, frames := range states {
		b, err := suspendedWith(frames...).AppendState(nil, &x)
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := openState(b)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, body)
	}
	return seeds
}

// channelSeed has channels in all places.
func channelSeed() fuzzValue {
	n := 1
	v := fuzzValue{ch: make(Chan[any], 5), ints: make(Chan[[2]int], 3), pi: &n}
	v.recv = v.ch
	v.ch <- &n
	v.ch <- holder{&n}
	v.ch <- v.ints
	v.ch <- v.ch
	for i := range 3 {
		v.ints <- [2]int{i}
	}
	close(v.ints)
	v.any = []any{v.recv, (chan any)(v.ch), globalChan}
	v.m = map[any]any{v.ints: v.ch}
	return v
}

// contextSeed has contexts of all kinds, in all places.
func contextSeed() fuzzValue {
	a, cancelA := context.WithCancel(context.Background())
	b, cancelB := context.WithTimeout(context.WithValue(a, celsius(1), &global), time.Hour)
	c, cancelC := context.WithCancelCause(context.WithoutCancel(b))
	cancelC(errMine)
	d, cancelD := context.WithTimeoutCause(b, time.Minute, io.EOF)
	return fuzzValue{
		any: []any{a, b, c, d, cancelA, cancelB, cancelC},
		m:   map[any]any{1: d, 2: cancelD},
		d:   Defers{pending: []Deferred{&DeferFunc{cancelA}}},
	}
}

// seal puts a body into a valid envelope.
func seal(body []byte) []byte {
	b := append([]byte(stateMagic), stateVersion)
	b = binary.AppendUvarint(b, uint64(len(body)))
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// checkState loads a body. What can be loaded can be saved and loaded again, with the same
// result; all types in it are registered ones, and what it takes is bounded.
func checkState(t require.TestingT, body []byte, valid bool) {
	var x int
	b := seal(body)
	c := New(nil)
	before := allocated()
	_, err := c.LoadState(b, &x)
	if after := allocated(); after-before > allocBound(len(b)) {
		t.Errorf("%d bytes allocated for a state of %d", after-before, len(b))
	}
	if err != nil {
		if valid || !isState(err) {
			t.Errorf("%v", err)
			t.FailNow()
		}
		return
	}
	for _, typ := range heldTypes(c.frames) {
		if why := loadRegistry().names.savable(typ); why != "" {
			t.Errorf("a %v was made: %s", typ, why)
		}
	}
	again, err := c.AppendState(nil, &x)
	if err != nil {
		t.Errorf("loaded, but: %v", err)
		t.FailNow()
	}
	c2 := New(nil)
	if _, err := c2.LoadState(again, &x); err != nil {
		t.Errorf("saved, but: %v", err)
		t.FailNow()
	}
	if valid {
		require.Equal(t, 41, x)
		require.Empty(t, isomorphic(c.frames, c2.frames))
	}
}

// allocBound is what loading a state of n bytes may allocate in all, by docs/state-format.md:
// its share, as much again for the buckets of maps, and what loading itself needs.
func allocBound(n int) uint64 { return 2*(allocFree+allocPerByte*uint64(n)) + allocPerByte*uint64(n) }

// heldTypes returns the types of what the interface values in the frames hold, and of what
// those hold.
func heldTypes(frames []any) (types []reflect.Type) {
	seen, known := map[visit]bool{}, map[reflect.Type]bool{}
	var todo []reflect.Value
	add := func(v reflect.Value) {
		todo = append(todo, v)
	}
	for i := range frames {
		add(reflect.ValueOf(frames[i]).Elem())
	}
	for len(todo) > 0 {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if v.CanAddr() {
			if at := (visit{v.Addr().UnsafePointer(), v.Type()}); v.Type().Size() > 0 && seen[at] {
				continue
			} else {
				seen[at] = true
			}
		}
		if v.Type().PkgPath() == "context" || codecOf(v.Type()) != nil && codecOf(v.Type()).fields == nil {
			continue
		}
		switch v.Kind() {
		case reflect.Pointer:
			if !v.IsNil() {
				add(v.Elem())
			}
		case reflect.Interface:
			if !v.IsNil() {
				held := v.Elem()
				known[held.Type()] = true
				if held.Type() != rtype && held.Type() != contexts.cancel.typ && held.Type() != contexts.timer.typ {
					add(held)
				}
			}
		case reflect.Struct:
			for i := range v.NumField() {
				add(v.Field(i))
			}
		case reflect.Array, reflect.Slice:
			if v.Type().Elem().Size() == 0 || v.Type().Elem().Kind() <= reflect.Complex128 {
				continue
			}
			for i := range v.Len() {
				add(v.Index(i))
			}
		case reflect.Map:
			if v.IsNil() || seen[visit{v.UnsafePointer(), v.Type()}] {
				continue
			}
			seen[visit{v.UnsafePointer(), v.Type()}] = true
			for it := v.MapRange(); it.Next(); {
				add(it.Key())
				add(it.Value())
			}
		}
	}
	for typ := range known {
		if typ != rtype && (contexts == nil || typ != contexts.cancel.typ && typ != contexts.timer.typ) {
			types = append(types, typ)
		}
	}
	return types
}

// FuzzLoadState gives any body a valid envelope.
func FuzzLoadState(f *testing.F) {
	trustful = true
	defer func() { trustful = false }()
	for _, s := range fuzzSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkState(t, body, false)
	})
}

// TestMutations is the short form of the fuzzing that every run does: bytes of
// valid bodies replaced, removed and repeated.
func TestMutations(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	seeds := fuzzSeeds(t)
	rapid.Check(t, func(t *rapid.T) {
		body := mutate(t, rapid.SampledFrom(seeds).Draw(t, "seed"))
		if len(body) == 0 {
			return
		}
		checkState(t, body, false)
	})
}

// mutate returns a body with bytes replaced, removed and repeated.
func mutate(t *rapid.T, body []byte) []byte {
	body = append([]byte(nil), body...)
	for range rapid.IntRange(1, 4).Draw(t, "changes") {
		if len(body) == 0 {
			break
		}
		i := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "how") {
		case 0:
			body[i] = rapid.Byte().Draw(t, "byte")
		case 1:
			body[i] += byte(rapid.IntRange(-2, 2).Draw(t, "delta"))
		case 2:
			body = append(body[:i], body[min(len(body), i+rapid.IntRange(1, 4).Draw(t, "n")):]...)
		case 3:
			j := min(len(body), i+rapid.IntRange(1, 8).Draw(t, "n"))
			body = append(body[:j], append(append([]byte(nil), body[i:j]...), body[j:]...)...)
		}
	}
	return body
}
