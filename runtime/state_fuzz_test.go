package runtime

import (
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/url"
	"runtime/metrics"
	"testing"
	"time"

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
}

type fuzzLink struct{ next any }

func registerFuzz() {
	RegisterFrame[frame1[fuzzValue]]("fuzz", 1, Site{Pos: "f.go:1", Live: []string{"V"}})
	RegisterFrame[ints]("example.com/app.work", 0x1234567890abcdef, Site{Pos: "work.go:42", Live: []string{"A", "B", "C"}})
	RegisterType[fuzzLink]("test.fuzzLink")
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
	values = append(values, contextSeed(), channelSeed())
	for i := range 10 {
		g := graphs.Example(i)
		values = append(values, fuzzValue{v: g[0], s: []any{g}})
	}
	for _, v := range values {
		b, err := suspendedWith(&frame1[fuzzValue]{1, v}, &ints{1, 1, 2, 3}, &ints{1, 4, 5, 6}).AppendState(nil, &x)
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

// FuzzLoadState gives any body a valid envelope. What is loaded can be saved, and
// the result loaded again.
func FuzzLoadState(f *testing.F) {
	trustful = true
	defer func() { trustful = false }()
	for _, s := range fuzzSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var x int
		b := seal(body)
		c := New(nil)
		before := allocated()
		_, err := c.LoadState(b, &x)
		if after := allocated(); after-before > 4*allocFree+4*allocPerByte*uint64(len(b)) {
			t.Errorf("%d bytes allocated for a state of %d", after-before, len(b))
		}
		if err != nil {
			if !isState(err) {
				t.Fatal(err)
			}
			return
		}
		b2, err := c.AppendState(nil, &x)
		if err != nil {
			t.Fatalf("loaded, but: %v", err)
		}
		if _, err := New(nil).LoadState(b2, &x); err != nil {
			t.Fatalf("saved, but: %v", err)
		}
	})
}

// TestMutations is the short form of the fuzzing that every run does: bytes of
// valid bodies replaced, removed and repeated.
func TestMutations(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	seeds := fuzzSeeds(t)
	rapid.Check(t, func(t *rapid.T) {
		body := append([]byte(nil), rapid.SampledFrom(seeds).Draw(t, "seed")...)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
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
			if len(body) == 0 {
				return
			}
		}
		var x int
		c := New(nil)
		if _, err := c.LoadState(seal(body), &x); err == nil {
			if _, err := c.AppendState(nil, &x); err != nil {
				t.Fatalf("loaded, but: %v", err)
			}
		} else if !isState(err) {
			t.Fatal(err)
		}
	})
}
