package runtime

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/big"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestInspectGolden(t *testing.T) {
	state := undump(t, "testdata/state/v1.hex")
	in, err := Inspect(append(state, "what follows"...))
	require.NoError(t, err)
	require.Equal(t, len(state), in.Size)
	text, err := json.MarshalIndent(in, "", " ")
	require.NoError(t, err)
	var dump bytes.Buffer
	n, err := Dissect(state, func(e Element) {
		fmt.Fprintf(&dump, "%03x %s%x: %s\n", e.Offset, strings.Repeat("  ", e.Level), e.Bytes, e.Meaning)
	})
	require.NoError(t, err)
	require.Equal(t, len(state), n)
	for file, got := range map[string][]byte{"v1.json": text, "v1.dump": dump.Bytes()} {
		file = "testdata/state/" + file
		if *update {
			require.NoError(t, os.WriteFile(file, got, 0o666))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got))
	}
}

// shown writes a value for the table below: its kind, dynamic type and text, or what it
// refers to, and the values in it.
func shown(in *Inspection, v InspectedValue) string {
	s := v.Kind
	if v.Type != "" {
		s += " " + v.Type
	}
	if v.Text != "" {
		s += " " + v.Text
	}
	if v.Bytes != nil {
		s += fmt.Sprintf(" %x", v.Bytes)
	}
	for _, f := range v.Fields {
		s += " " + f.Name + "=" + shown(in, f.Value)
	}
	for _, e := range v.Elements {
		s += " [" + shown(in, e) + "]"
	}
	for _, e := range v.Entries {
		s += " " + shown(in, e.Key) + ":" + shown(in, e.Value)
	}
	if r := v.Ref; r != nil {
		s += r.Path
		if v.Kind == InspectedSlice {
			s += fmt.Sprintf(" %d,%d,%d", r.Start, r.Length, r.Capacity)
		}
		if r.Object > 0 && r.Path == "" {
			o := in.Objects[r.Object-1]
			if s += " ->"; o.Text != "" {
				s += " " + o.Text
			}
			s += " " + shown(in, o.Value)
			if o.Zeros > 0 {
				s += fmt.Sprintf(" +%d", o.Zeros)
			}
		}
	}
	return s
}

type inspectedPair struct {
	a int8
	b *int8
}

func TestInspectValues(t *testing.T) {
	RegisterType[inspectedPair]("test.inspectedPair")
	RegisterType[sync.Once]("sync.Once")
	RegisterType[sync.Mutex]("sync.Mutex")
	RegisterType[sync.Map]("sync.Map")
	RegisterType[big.Int]("math/big.Int")
	RegisterType[netip.Addr]("net/netip.Addr")
	RegisterType[regexp.Regexp]("regexp.Regexp")
	RegisterType[bytes.Buffer]("bytes.Buffer")
	RegisterType[strings.Reader]("strings.Reader")
	RegisterType[fs.PathError]("io/fs.PathError")
	RegisterType[time.Duration]("time.Duration")
	numbers := [4]int8{1, 2, 3}
	own := make(Chan[string], 3)
	own <- "a"
	own <- "b"
	close(own)
	RegisterType[Chan[string]]("github.com/coroc-dev/coroc/runtime.Chan[string]")
	nested := new(struct{ A [2][3]int8 })
	pair := &inspectedPair{a: 5}
	pair.b = &pair.a
	once := new(sync.Once)
	once.Do(func() {})
	long := strings.Repeat("x", 1000)
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, "nil"},
		{true, "bool bool true"},
		{int64(math.MinInt64), "int int64 -9223372036854775808"},
		{uint64(math.MaxUint64), "int uint64 18446744073709551615"},
		{int16(-300), "int int16 -300"},
		{uint8(255), "int uint8 255"},
		{celsius(1.5), "float test.celsius 1.5"},
		{math.NaN(), "float float64 NaN"},
		{float32(0.1), "float float32 0.1"},
		{complex64(1 - 2i), "complex complex64 (1-2i)"},
		{"", "string string"},
		{long, "string string " + long},
		{"\xff", "string string ff"},
		{[]string{long, long}, "slice []string 0,2,2 -> array [string " + long + "] [string " + long + "]"},
		{[]byte("abc"), "slice []uint8 0,3,3 -> bytes 616263"},
		{numbers[1:3], "slice []int8 0,2,3 -> array [int 2] [int 3] +1"},
		{[]any{numbers[1:3], numbers[:]}, "slice []any 0,2,2 -> array [slice []int8 1,2,3 -> array [int 1] [int 2] [int 3] +1] [slice []int8 0,4,4 -> array [int 1] [int 2] [int 3] +1]"},
		{[]int(nil), "nil []int"},
		{[]int{}, "slice []int 0,0,0"},
		{make([]struct{}, 3), "slice []struct{} 0,3,3"},
		{[2]bool{true}, "array [2]bool [bool true] [bool false]"},
		{struct{}{}, "struct struct{}"},
		{map[string]int{"b": 1, "a": 2}, "map map[string]int -> map string a:int 2 string b:int 1"},
		{map[int]bool(nil), "nil map[int]bool"},
		{pair, "pointer *test.inspectedPair -> struct a=int 5 b=pointer.a"},
		{[]any{nested, &nested.A[1], &nested.A[1][2], nested.A[1][1:], (*[2]int8)(nested.A[1][1:])}, "slice []any 0,5,5 -> array [pointer *struct{ A [2][3]int8 } -> struct A=array [array [int 0] [int 0] [int 0]] [array [int 0] [int 0] [int 0]]] [pointer *[3]int8.A[1]] [pointer *int8.A[1][2]] [slice []int8.A[1] 1,2,2] [pointer *[2]int8.A[1][1:3]]"},
		{struct{ P *int8 }{&pair.a}, "interface struct{ P *int8 } -> struct P=pointer -> int 5"},
		{(chan<- int)(nil), "nil chan<- int"},
		{(func(int, ...string) (bool, error))(nil), "nil func(int, ...string) (bool, error)"},
		{reflect.TypeFor[map[string][]celsius](), "type reflect.Type map[string][]test.celsius"},
		{io.EOF, "interface the variable io.EOF"},
		{own, "chan github.com/coroc-dev/coroc/runtime.Chan[string] -> array [string a] [string b]"},
		{errors.New("text"), "pointer *errors.errorString -> text struct text=string text"},
		{errors.Join(errors.New("a"), errors.New("b")), "pointer *errors.joinError -> a\nb struct errs=slice 0,2,2 -> array [pointer *errors.errorString -> a struct text=string a] [pointer *errors.errorString -> b struct text=string b]"},
		{&fs.PathError{Op: "open", Path: "x", Err: io.EOF}, "pointer *io/fs.PathError -> open x: io.EOF struct Op=string open Path=string x Err=interface the variable io.EOF"},
		{time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), "time time.Time 2026-01-02T03:04:05.000000006Z"},
		{time.Unix(0, 0), "time time.Time 1970-01-01T00:00:00Z location=string Local"},
		{time.Unix(0, 0).In(time.FixedZone("X", -3600)), "time time.Time 1969-12-31T23:00:00-01:00 location=string X"},
		{time.Minute, "int time.Duration 60000000000"},
		{once, "pointer *sync.Once -> text done"},
		{new(sync.Mutex), "pointer *sync.Mutex -> zero"},
		{new(sync.Map), "pointer *sync.Map -> struct entries=nil"},
		{syncMapOf("a", 1), "pointer *sync.Map -> struct entries=map -> map string string a:int int 1"},
		{big.NewInt(-12345), "pointer *math/big.Int -> text -12345"},
		{netip.MustParseAddr("::1"), "text net/netip.Addr ::1"},
		{regexp.MustCompile("a+"), "pointer *regexp.Regexp -> text a+"},
		{bytes.NewBufferString("b\x00"), "pointer *bytes.Buffer -> bytes 6200"},
		{strings.NewReader("abc"), "pointer *strings.Reader -> struct position=int 0 content=string abc"},
	} {
		b := save(t, test.value)
		in, err := Inspect(b)
		require.NoError(t, err)
		require.Equal(t, "V", in.Frames[0].Variables[0].Name)
		require.Equal(t, test.want, shown(in, in.Frames[0].Variables[0].Value))
		_, err = Dissect(b, func(Element) {})
		require.NoError(t, err)
	}
}

// comparison compares values of this process with what an inspection says of them. Each
// address must correspond to a place in an object, and the other way round.
type comparison struct {
	in     *Inspection
	places map[visit]string
	back   map[string]visit
	diffs  []string
}

func (x *comparison) fail(path, format string, args ...any) {
	x.diffs = append(x.diffs, path+": "+fmt.Sprintf(format, args...))
}

// place compares an address with a reference, and reports whether it is new.
func (x *comparison) place(path string, v reflect.Value, ref *InspectedReference, at string) bool {
	here, there := visit{v.UnsafePointer(), v.Type()}, fmt.Sprintf("%d%s %v", ref.Object, at, v.Type())
	old, seen := x.places[here]
	if seen && old != there {
		x.fail(path, "it is %s, and has been %s", there, old)
	}
	if old, ok := x.back[there]; ok && old != here {
		x.fail(path, "another one was %s", there)
	}
	x.places[here], x.back[there] = there, here
	return !seen
}

func (x *comparison) value(path string, v reflect.Value, i InspectedValue) {
	v = settable(v)
	if v.Kind() == reflect.Interface && !v.IsNil() {
		v = settable(v.Elem())
		if want := typeName(v.Type()); i.Kind != InspectedInterface && want != "" && i.Type != want {
			x.fail(path, "type %s, want %s", i.Type, want)
		}
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Slice, reflect.Map, reflect.Func:
		if v.IsNil() != (i.Kind == InspectedNil) {
			x.fail(path, "%s for %v", i.Kind, v)
			return
		}
		if v.IsNil() || i.Ref == nil || i.Ref.Name > 0 {
			return
		}
	}
	if i.Kind == InspectedInterface {
		if i.Ref.Name > 0 {
			return
		}
		i = x.in.Objects[i.Ref.Object-1].Value
	}
	switch v.Kind() {
	case reflect.Int, reflect.Float64, reflect.String:
		if i.Text != fmt.Sprint(v) && !(v.Kind() == reflect.Float64 && i.Kind == InspectedFloat) && string(i.Bytes) != v.String() {
			x.fail(path, "%q, want %v", i.Text, v)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			if i.Text != v.Interface().(time.Time).Format(time.RFC3339Nano) {
				x.fail(path, "time %s, want %v", i.Text, v)
			}
			return
		}
		if v.Type() == reflect.TypeFor[sync.Map]() {
			if len(i.Fields) != 1 || i.Fields[0].Name != "entries" {
				x.fail(path, "%d fields of a sync.Map", len(i.Fields))
			}
			return
		}
		if len(i.Fields) != v.NumField() {
			x.fail(path, "%d fields", len(i.Fields))
			return
		}
		for k := range v.NumField() {
			x.value(path+"."+i.Fields[k].Name, v.Field(k), i.Fields[k].Value)
		}
	case reflect.Array:
		for k := range v.Len() {
			x.value(fmt.Sprintf("%s[%d]", path, k), v.Index(k), i.Elements[k])
		}
	case reflect.Pointer:
		if x.place(path, v, i.Ref, i.Ref.Path) {
			if o := x.in.Objects[i.Ref.Object-1]; i.Ref.Path == "" && o.Form == InspectedFormVariable {
				x.value(path, v.Elem(), o.Value)
			}
		}
	case reflect.Slice:
		if v.Len() != i.Ref.Length || v.Cap() != i.Ref.Capacity {
			x.fail(path, "%d of %d elements, want %d of %d", i.Ref.Length, i.Ref.Capacity, v.Len(), v.Cap())
		}
		for k := range v.Len() {
			p := v.Index(k).Addr()
			at := i.Ref.Path + fmt.Sprintf("[%d]", i.Ref.Start+k)
			o := x.in.Objects[i.Ref.Object-1]
			if o.Form == InspectedFormVariable && i.Ref.Path == "" {
				at = ""
			}
			if x.place(path, p, i.Ref, at) && i.Ref.Path == "" && o.Form == InspectedFormArray && i.Ref.Start+k < len(o.Value.Elements) {
				x.value(fmt.Sprintf("%s[%d]", path, k), v.Index(k), o.Value.Elements[i.Ref.Start+k])
			}
		}
	case reflect.Map:
		o := x.in.Objects[i.Ref.Object-1]
		if len(o.Value.Entries) != v.Len() {
			x.fail(path, "%d entries, want %d", len(o.Value.Entries), v.Len())
		}
		if m, ok := v.Interface().(map[string]*vertex); ok {
			for _, e := range o.Value.Entries {
				x.value(path+"["+e.Key.Text+"]", reflect.ValueOf(m[e.Key.Text]), e.Value)
			}
		}
	}
}

// typeName returns the name of some types.
func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[*vertex]():
		return "*test.vertex"
	case reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[*int](), reflect.TypeFor[[]any](), reflect.TypeFor[[2]any]():
		return strings.ReplaceAll(t.String(), "interface {}", "any")
	}
	return ""
}

// Random graphs are seen as they are.
func TestInspectGraphs(t *testing.T) {
	registerFrame1[[]*vertex]()
	rapid.Check(t, func(t *rapid.T) {
		vs := drawGraph(t)
		b, err := suspendedWith(&frame1[[]*vertex]{1, vs}).AppendState(nil)
		require.NoError(t, err)
		in, err := Inspect(b)
		require.NoError(t, err)
		x := &comparison{in: in, places: map[visit]string{}, back: map[string]visit{}}
		x.value("V", reflect.ValueOf(&vs).Elem(), in.Frames[0].Variables[0].Value)
		require.Empty(t, x.diffs)
		checkDissection(t, b)
	})
}

// checkDissection makes sure that the elements are all bytes of a state, in order.
func checkDissection(t require.TestingT, b []byte) {
	at := 0
	n, err := Dissect(b, func(e Element) {
		require.Equal(t, at, e.Offset, e.Meaning)
		require.NotEmpty(t, e.Bytes, e.Meaning)
		at += len(e.Bytes)
	})
	require.NoError(t, err)
	require.Equal(t, len(b), at)
	require.Equal(t, len(b), n)
}

func TestInspectSeeds(t *testing.T) {
	for _, body := range fuzzSeeds(t) {
		b := seal(body)
		_, err := Inspect(b)
		require.NoError(t, err)
		checkDissection(t, b)
	}
}

func TestInspectNested(t *testing.T) {
	registerFuzz()
	in, err := Inspect(save(t, nestedValue{nestedSeed()}))
	require.NoError(t, err)
	at := func(v InspectedValue, name string) InspectedValue {
		v = fieldOfValue(fieldOfValue(v, "fuzzValue"), name)
		require.NotNil(t, v.Ref)
		return in.Objects[v.Ref.Object-1].Value
	}
	state := in.Frames[0].Variables[0].Value
	outer := at(state, "co").Coroutine
	require.True(t, outer.Started && !outer.Done)
	require.Equal(t, "test.counter.func1", in.Objects[outer.Function.Ref.Object-1].Type)
	require.Len(t, outer.Frames, 2)
	require.Equal(t, "int 2", shown(in, outer.Frames[0].Variables[1].Value))
	list := at(state, "any").Elements
	// The inner one is shared, the other one done.
	last := outer.Frames[1].Variables
	require.Equal(t, list[0].Ref, last[len(last)-1].Value.Ref)
	require.True(t, in.Objects[list[1].Ref.Object-1].Value.Coroutine.Done)
}

func TestInspectWithoutFrames(t *testing.T) {
	c := New(nil)
	b, err := c.AppendState(nil)
	require.NoError(t, err)
	in, err := Inspect(b)
	require.NoError(t, err)
	text, err := json.Marshal(in)
	require.NoError(t, err)
	require.JSONEq(t, fmt.Sprintf(`{"version": 1, "size": %d, "started": false, "done": false, "frames": [], "roots": [], "objects": [], "types": [], "names": []}`, len(b)), string(text))
	c.Stop()
	yielded, sent, result := "y", 1, "r"
	b, err = c.AppendState(nil, &yielded, &sent, &result)
	require.NoError(t, err)
	in, err = Inspect(b)
	require.NoError(t, err)
	require.True(t, in.Done)
	for i, want := range []InspectedRoot{
		{"yielded", "string", 1, "", InspectedValue{Kind: InspectedString, Text: "y"}},
		{"sent", "int", 2, "", InspectedValue{Kind: InspectedInt, Text: "1"}},
		{"result", "string", 3, "", InspectedValue{Kind: InspectedString, Text: "r"}},
	} {
		require.Equal(t, want, in.Roots[i])
	}
}

func TestInspectVariables(t *testing.T) {
	v, err := NewVariables(func(name string) bool { return strings.HasPrefix(name, "test.global") })
	require.NoError(t, err)
	b, err := v.AppendState(suspendedWith(), nil)
	require.NoError(t, err)
	in, err := Inspect(b)
	require.NoError(t, err)
	require.Equal(t, len(b), in.Size)
	require.NotEmpty(t, in.Roots)
	for _, r := range in.Roots {
		require.Contains(t, r.Name, "test.global")
	}
	checkDissection(t, b)
}

func TestInspectErrors(t *testing.T) {
	good := undump(t, "testdata/state/v1.hex")
	registerFrame1[chan int]()
	own, err := new(Held).AppendState(suspendedWith(&frame1[chan int]{1, make(chan int)}), nil)
	require.NoError(t, err)
	changed := func(at int, b byte) []byte {
		state := bytes.Clone(good)
		state[at] = b
		return state
	}
	body := func(b ...byte) []byte { return seal(b) }
	types := func(b ...byte) []byte { return seal(append([]byte{flagTypes, 0}, b...)) }
	for _, test := range []struct {
		state  []byte
		offset int
		why    string
	}{
		{nil, 0, "there is nothing"},
		{[]byte("{}"), 0, "no state begins here: it would with c0 72, and this is 7b 7d"},
		{changed(2, 9), 2, "the format has version 9, and only version 1 is known"},
		{good[:2], 2, "the state ends in the middle of something"},
		{good[:100], 100, "the state ends in the middle: its body and checksum have 640 bytes from byte 5 on"},
		{changed(200, 0xff), 641, "the checksum is"},
		{own, 4, "this state has been made for the process that saved it"},
		{body(0x80, 0), 4, "flags 0x80, of which some are unknown"},
		{body(flagDone, 1, 0), 5, "1 frame of a coroutine that is done"},
		{body(0, 0, 7), 6, "1 byte left over"},
		{body(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 5, "a number of more than 64 bits"},
		{types(2), 6, "2 things in the 0 bytes that are left"},
		{types(1, 14, 0), 7, "kind of type 14 is unknown"},
		{types(1, 0, 3), 7, "a type of kind 0 (basic) without a name"},
		{types(1, kindPointer, 33), 7, "there is no type 33"},
		{types(1, kindPointer, 32), 7, "type 32 contains itself"},
		{types(1, kindStruct, 1, 1, 'a', 32), 7, "type 32 contains itself"},
		{body(flagRoots, 0, 1, 0, 0), 7, "there is no type 0"},
		{body(flagRoots, 0, 1, 18, 0), 7, "a root that is no variable of its own"},
		{body(flagRoots, 0, 1, 18, 9), 7, "there is no object 4 among 0"},
		{body(flagRoots, 0, 1, 2, refNew, 2), 9, "2 is larger than the largest number of its type, 1"},
		{body(flagRoots, 0, 1, 18, refNew, 3), 9, "there is no string 1 among 0"},
		{body(flagRoots, 0, 1, 20, refNew, 20), 9, "an interface that holds an interface, any"},
		{body(flagNames, 0, 1, 5, 0), 7, "kind of name 5 is unknown"},
	} {
		_, err := Inspect(test.state)
		var bad *StateError
		require.ErrorAs(t, err, &bad, test.why)
		require.ErrorIs(t, err, ErrInvalidState)
		require.Contains(t, bad.Why, test.why)
		require.Equal(t, test.offset, bad.Offset, test.why)
		_, err = Dissect(test.state, func(Element) {})
		require.ErrorAs(t, err, &bad, test.why)
	}
}

// A state that is damaged is dissected up to where it is.
func TestDissectDamaged(t *testing.T) {
	good := undump(t, "testdata/state/v1.hex")
	n := 0
	_, err := Dissect(good[:100], func(e Element) { n += len(e.Bytes) })
	require.ErrorContains(t, err, "byte 100: the state ends in the middle of something")
	require.Greater(t, n, 90)
	n = 0
	_, err = Dissect(append(bytes.Clone(good[:len(good)-1]), 0), func(e Element) { n += len(e.Bytes) })
	require.ErrorContains(t, err, "the checksum is")
	require.Equal(t, len(good)-4, n)
}

// Neither memory nor time is out of proportion to the state.
func TestInspectBounds(t *testing.T) {
	uvarint := binary.AppendUvarint
	field := func(b []byte, name string, typ uint64) []byte {
		return uvarint(append(uvarint(b, uint64(len(name))), name...), typ)
	}
	repeat := func(b []byte, n int, x ...byte) []byte { return append(b, bytes.Repeat(x, n)...) }
	const n = 30_000

	// A struct with many fields without size, in a slice of many elements.
	wide := uvarint([]byte{flagTypes | flagRoots, 0, 3, kindStruct, 0, kindStruct}, n)
	wide = repeat(wide, n-1, 1, 'a', 32)
	wide = append(field(wide, "b", 2), kindSlice, 33, 1, 34, refNew, refNew)
	wide = repeat(uvarint(wide, n), n, 1)
	// Frames with many variables without size.
	frames := uvarint([]byte{flagTypes}, n)
	frames = append(frames, 1, 1, 'f', 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 'p', 0)
	frames = repeat(uvarint(frames, n), n, 1, 'a', 32)
	frames = repeat(append(frames, 1, kindStruct, 0), n, 0)
	// Types whose text doubles from one to the next.
	double := uvarint([]byte{flagTypes, 0}, 900)
	for i := range uint64(900) {
		double = append(double, kindFunc, 0, 2)
		part := 32 + i - 1
		if i == 0 {
			part = 3
		}
		double = append(uvarint(uvarint(double, part), part), 0)
	}
	// Names that share a long beginning.
	names := uvarint([]byte{flagNames, 0}, n)
	names = append(uvarint(append(names, 0), 4000), strings.Repeat("x", 4000)...)
	for range n - 1 {
		names = append(uvarint(append(names, 0), 4000), 0)
	}
	// References through a field with a long name.
	long := []byte{flagTypes | flagRoots, 0, 3, kindStruct, 2}
	long = append(field(field(long, strings.Repeat("x", n), 3), "y", 3), kindPointer, 3, kindSlice, 33)
	long = append(uvarint(append(long, 1, 34, refNew, refNew), n), refDescribed, 2*32, 0, 0, 0)
	long = repeat(long, n-1, refKnown, 0)

	for name, body := range map[string][]byte{"wide": wide, "frames": frames, "double": double, "names": names, "long": long} {
		start, before := time.Now(), allocated()
		_, err := Inspect(seal(body))
		memory := allocated() - before
		t.Logf("%s: %d bytes, %d allocated, %v, %v", name, len(body), memory, time.Since(start), err)
		require.Less(t, memory, uint64(1<<30+1024*len(body)), name)
		elements := 0
		_, err2 := Dissect(seal(body), func(Element) { elements++ })
		require.Equal(t, err == nil, err2 == nil, name)
		require.LessOrEqual(t, elements, len(body)+20)
	}
	// What does not fit is counted.
	in, err := Inspect(seal(wide))
	require.NoError(t, err)
	v := in.Objects[1].Value
	require.NotEmpty(t, v.Elements)
	require.Equal(t, n, len(v.Elements)+v.Omitted)
	in, err = Inspect(seal(frames))
	require.NoError(t, err)
	require.Len(t, in.Frames, n)
	last := in.Frames[n-1]
	require.Equal(t, n, len(last.Variables)+last.Omitted)
	require.Empty(t, last.Variables)
}

// checkInspection makes sure that whatever bytes there are, there is an inspection that
// has a JSON form, or an error with an offset.
func checkInspection(t require.TestingT, b []byte) {
	before := allocated()
	in, err := Inspect(b)
	if after := allocated(); after-before > 4*(2*inspectBudget)+2048*uint64(len(b)) {
		t.Errorf("%d bytes allocated for a state of %d", after-before, len(b))
	}
	covered := 0
	n, err2 := Dissect(b, func(e Element) { covered += len(e.Bytes) })
	if err != nil {
		var bad *StateError
		require.ErrorAs(t, err, &bad)
		require.LessOrEqual(t, bad.Offset, len(b))
		require.Error(t, err2)
		return
	}
	require.NoError(t, err2)
	require.Equal(t, in.Size, n)
	require.Equal(t, n, covered)
	text, err := json.Marshal(in)
	require.NoError(t, err)
	var again Inspection
	require.NoError(t, json.Unmarshal(text, &again))
	for _, o := range in.Objects {
		require.Positive(t, o.References)
	}
}

func FuzzInspect(f *testing.F) {
	trustful = true
	defer func() { trustful = false }()
	for _, s := range fuzzSeeds(f) {
		f.Add(s)
	}
	body, _, err := openState(undump(f, "testdata/state/v1.hex"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body)
	for i := range body {
		if i%16 == 0 {
			mutated := bytes.Clone(body)
			mutated[i] ^= 1
			f.Add(mutated)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		checkInspection(t, seal(body))
		checkInspection(t, body)
		// What the runtime has written can be inspected.
		var x int
		c := New(nil)
		if _, err := c.LoadState(seal(body), &x); err != nil {
			return
		}
		b, err := c.AppendState(nil, &x)
		require.NoError(t, err)
		_, err = Inspect(b)
		require.NoError(t, err)
	})
}

// TestInspectMutations is its short form.
func TestInspectMutations(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	seeds := fuzzSeeds(t)
	rapid.Check(t, func(t *rapid.T) {
		body := mutate(t, rapid.SampledFrom(seeds).Draw(t, "seed"))
		checkInspection(t, seal(body))
	})
}

// States that nobody but a grammar of the format would write are read as well, and none is
// refused that can be loaded.
func TestInspectGrammar(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	rapid.Check(t, func(t *rapid.T) {
		body, bent := drawState(t)
		b := seal(body)
		checkInspection(t, b)
		_, err := Inspect(b)
		if !bent {
			require.NoError(t, err)
			checkDissection(t, b)
		}
		var x int
		if _, loads := New(nil).LoadState(b, &x); loads == nil {
			require.NoError(t, err)
		}
	})
}
