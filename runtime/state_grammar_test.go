package runtime

import (
	"encoding/binary"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// grammar makes up states as docs/state-format.md has them: types, then values of them,
// with all forms of references, whether the encoder would choose them or not. One thing in
// the state may be wrong.
type grammar struct {
	*rapid.T
	b      []byte
	last   string // name
	left   int    // how much is still to be made up
	toBend int    // what is written so many things from here is wrong; nothing if it is not positive
	bent   bool

	ids   map[reflect.Type]uint64
	types []reflect.Type
	objs  []grammarObject
	strs  int

	mentions, stringMentions []int

	keys int // made so far, so that none is made twice

	depth int
	later []func()
	inKey bool
	inBox bool
}

type grammarObject struct {
	typ  reflect.Type
	n    int
	form form
}

// grammarValue is what the frames of these states hold.
type grammarValue struct {
	A    any
	Err  error
	Sh   shape
	S    []any
	M    map[any]any
	Mi   map[string]*int
	F    func() int
	T    time.Time
	Mu   sync.Mutex
	Pi   *int
	Arr  [2]*[3]int
	P    []part
	V    *vertex
	L    *fuzzLink
	B    []byte
	C    complex128
	E    struct{}
	PE   *struct{}
	SE   []struct{}
	Ints [][2]int16
	Text [3]string
	F32  float32
	Ch   chan int
}

func init() {
	RegisterFrame[frame1[grammarValue]]("test.grammar", 5, Site{Pos: "grammar.go:1", Live: []string{"V"}})
	RegisterType[fuzzLink]("test.fuzzLink")
}

func (g *grammar) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.T, "pick") }

// Writing.

func (g *grammar) bend() bool {
	g.toBend--
	g.bent = g.bent || g.toBend == 0
	return g.toBend == 0
}

func (g *grammar) uvarint(v uint64) {
	if g.bend() {
		switch g.pick(7) {
		case 0:
			v++
		case 1:
			v--
		case 2:
			v ^= 1
		case 3:
			v = uint64(g.pick(40))
		case 4:
			v = 1 << g.pick(64)
		case 5:
			v = math.MaxUint64 - uint64(g.pick(4))
		case 6:
			v *= 2
		}
	}
	g.b = binary.AppendUvarint(g.b, v)
}

func (g *grammar) varint(v int64) { g.uvarint(uint64(v)<<1 ^ uint64(v>>63)) }

func (g *grammar) byte(b byte) {
	if g.bend() {
		b ^= 1 << g.pick(8)
	}
	g.b = append(g.b, b)
}

func (g *grammar) bytes(s string) {
	if len(s) > 0 && g.bend() {
		i := g.pick(len(s))
		switch g.pick(3) {
		case 0:
			s = s[:i]
		case 1:
			s = s[:i] + s
		case 2:
			s = s[:i] + string(rune(g.pick(256))) + s[i+1:]
		}
	}
	g.b = append(g.b, s...)
}

func (g *grammar) text(s string) {
	g.uvarint(uint64(len(s)))
	g.bytes(s)
}

func (g *grammar) name(s string) {
	n := 0
	if g.last != "" {
		for n < min(len(s), len(g.last)) && s[n] == g.last[n] && g.pick(8) > 0 {
			n++
		}
		g.uvarint(uint64(n))
	}
	g.text(s[n:])
	g.last = s
}

// Types.

var grammarBasic = func() map[reflect.Type]uint64 {
	m := map[reflect.Type]uint64{reflect.TypeFor[any](): 20, reflect.TypeFor[error](): 21}
	for _, v := range []any{false, 0, int8(0), int16(0), int32(0), int64(0), uint(0), uint8(0), uint16(0), uint32(0), uint64(0), uintptr(0), float32(0), 0.0, complex64(0), 0i, ""} {
		m[reflect.TypeOf(v)] = uint64(2 + len(m) - 2)
	}
	return m
}()

func (g *grammar) id(t reflect.Type) uint64 {
	if id, ok := grammarBasic[t]; ok {
		return id
	}
	if _, ok := g.ids[t]; !ok {
		g.ids[t] = uint64(32 + len(g.types))
		g.types = append(g.types, t)
	}
	return g.ids[t]
}

var (
	mutexType   = reflect.TypeFor[sync.Mutex]()
	syncMapType = reflect.TypeFor[sync.Map]()
	timeType    = reflect.TypeFor[time.Time]()
	countType   = reflect.TypeFor[captured]()
)

func (g *grammar) describe(t reflect.Type) {
	kind := func(k byte) {
		if t.PkgPath() == "" {
			g.byte(k)
			return
		}
		name, why := loadRegistry().names.nameOf(t)
		if t == countType {
			name, why = "test.counter.func1", ""
		}
		if why != "" {
			panic(why)
		}
		g.byte(k | 0x80)
		g.name(name)
	}
	fields := func() {
		g.uvarint(uint64(t.NumField()))
		for i := range t.NumField() {
			g.text(t.Field(i).Name)
			g.uvarint(g.id(t.Field(i).Type))
		}
	}
	switch {
	case t == timeType:
		kind(10)
		return
	case t == syncMapType:
		kind(7)
		g.uvarint(1)
		g.text("entries")
		g.uvarint(g.id(entriesType))
		return
	case t == mutexType || t == recordHeader:
		kind(11)
		return
	case t == countType:
		kind(12)
		g.bytes(string(binary.LittleEndian.AppendUint64(nil, 77)))
		fields()
		return
	}
	switch t.Kind() {
	case reflect.Pointer:
		kind(1)
		g.uvarint(g.id(t.Elem()))
	case reflect.Slice:
		kind(2)
		g.uvarint(g.id(t.Elem()))
	case reflect.Array:
		kind(3)
		g.uvarint(uint64(t.Len()))
		g.uvarint(g.id(t.Elem()))
	case reflect.Map:
		kind(4)
		g.uvarint(g.id(t.Key()))
		g.uvarint(g.id(t.Elem()))
	case reflect.Chan:
		kind(5)
		g.uvarint(uint64(t.ChanDir()))
		g.uvarint(g.id(t.Elem()))
	case reflect.Func:
		kind(6)
		g.byte(0)
		g.uvarint(uint64(t.NumIn()))
		for i := range t.NumIn() {
			g.uvarint(g.id(t.In(i)))
		}
		g.uvarint(uint64(t.NumOut()))
		for i := range t.NumOut() {
			g.uvarint(g.id(t.Out(i)))
		}
	case reflect.Struct:
		kind(7)
		fields()
	case reflect.Interface:
		kind(9)
		g.text("")
	default:
		kind(0)
		g.uvarint(grammarBasic[grammarUnderlying[t.Kind()]])
	}
}

var grammarUnderlying = func() map[reflect.Kind]reflect.Type {
	m := map[reflect.Kind]reflect.Type{}
	for t := range grammarBasic {
		if t.Kind() != reflect.Interface {
			m[t.Kind()] = t
		}
	}
	return m
}()

var (
	grammarNamed = []reflect.Type{
		reflect.TypeFor[errText](), reflect.TypeFor[celsius](), reflect.TypeFor[square](), reflect.TypeFor[holder](),
		reflect.TypeFor[fuzzLink](), reflect.TypeFor[part](), reflect.TypeFor[vertex](), timeType, mutexType,
		reflect.TypeFor[func() int](), reflect.TypeFor[error](), reflect.TypeFor[any](), reflect.TypeFor[shape](),
		reflect.TypeFor[struct{}](), reflect.TypeFor[[0]*int](), reflect.TypeFor[chan int](),
	}
	grammarKeys = []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[string](), reflect.TypeFor[any](), reflect.TypeFor[square](), reflect.TypeFor[[1]any]()}
	grammarImpl = map[reflect.Type][]reflect.Type{
		reflect.TypeFor[error](): {reflect.TypeFor[errText]()},
		reflect.TypeFor[shape](): {reflect.TypeFor[square](), reflect.TypeFor[*square](), reflect.TypeFor[*circle](), reflect.TypeFor[holder]()},
	}
	grammarStructs = []reflect.Type{reflect.TypeFor[part](), reflect.TypeFor[vertex](), reflect.TypeFor[fuzzLink](), reflect.TypeFor[holder]()}
)

// typ makes up a type.
func (g *grammar) typ(depth int) reflect.Type {
	if depth > 3 || g.pick(3) > 0 {
		all := len(grammarUnderlying)
		if i := g.pick(all + len(grammarNamed)); i >= all {
			return grammarNamed[i-all]
		}
		return grammarUnderlying[reflect.Kind(1+g.pick(int(reflect.Uintptr)))]
	}
	switch e := g.typ(depth + 1); g.pick(5) {
	case 0:
		return reflect.PointerTo(e)
	case 1:
		return reflect.SliceOf(e)
	case 2:
		return reflect.ArrayOf(g.pick(4), e)
	case 3:
		return reflect.MapOf(grammarKeys[g.pick(len(grammarKeys))], e)
	default:
		return reflect.StructOf([]reflect.StructField{{Name: "A", Type: e}, {Name: "B", Type: reflect.TypeFor[int8]()}})
	}
}

func flatOf(t reflect.Type) (reflect.Type, int) {
	n := 1
	for t.Kind() == reflect.Array {
		n *= t.Len()
		t = t.Elem()
	}
	return t, n
}

// refers says whether values of t hold references.
func refers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && refers(t.Elem())
	case reflect.Struct:
		if t == timeType || t == mutexType || t == syncMapType || t == recordHeader {
			return false
		}
		for i := range t.NumField() {
			if refers(t.Field(i).Type) {
				return true
			}
		}
		return false
	}
	return t.Kind() > reflect.Array && t.Kind() != reflect.String
}

// drawState makes up the body of a state with one root, an int. It says whether something in
// it is wrong.
func drawState(t *rapid.T) (body []byte, bent bool) {
	g := &grammar{T: t, ids: map[reflect.Type]uint64{}}
	g.left = rapid.IntRange(1, 600).Draw(t, "size")
	g.toBend = rapid.IntRange(-20, 120).Draw(t, "wrong")
	if g.toBend > 60 {
		g.toBend = rapid.IntRange(1, 1000).Draw(t, "wrong later")
	}
	frames := 1 + g.pick(3)
	// The parts behind the types, which say what types there are.
	frame := reflect.TypeFor[grammarValue]()
	g.id(frame)
	g.uvarint(1)
	g.uvarint(3)
	g.uvarint(3)
	g.object(grammarObject{reflect.TypeFor[int](), 1, formSingle}, func() { g.varint(41) })
	root := g.b
	g.b = nil
	for range frames {
		g.uvarint(0)
		g.value(frame)
		g.drain()
	}
	values := g.b
	g.b = nil
	g.byte(2 | 4 | 8 | 16)
	g.uvarint(uint64(frames))
	g.uvarint(1)
	g.name("test.grammar")
	g.bytes(string(binary.LittleEndian.AppendUint64(nil, 5)))
	g.uvarint(1)
	g.text("grammar")
	g.uvarint(1)
	g.uvarint(0)
	g.uvarint(1)
	g.text("V")
	g.uvarint(g.id(frame))
	head := g.b
	g.b = nil
	for i := 0; i < len(g.types); i++ { // there come more
		g.describe(g.types[i])
	}
	types := g.b
	g.b = head
	g.uvarint(uint64(len(g.types)))
	g.b = append(g.b, types...)
	g.uvarint(1)
	g.byte(0)
	g.name("io.EOF")
	g.b = append(g.b, root...)
	return append(g.b, values...), g.bent
}

func checkDrawn(t *rapid.T) {
	body, bent := drawState(t)
	checkState(t, body, !bent)
}

func TestGrammar(t *testing.T) {
	trustful = true
	defer func() { trustful = false }()
	valid, loaded, total := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		for range 5 {
			body, bent := drawState(t)
			checkState(t, body, !bent)
			total++
			if !bent {
				valid++
			} else if _, err := New(nil).LoadState(seal(body), new(int)); err == nil {
				loaded++
			}
		}
	})
	t.Logf("%d states, %d of them right; of the wrong ones, %d can be loaded", total, valid, loaded)
}

// FuzzGrammar makes up states that are right but for one thing.
func FuzzGrammar(f *testing.F) {
	trustful = true
	defer func() { trustful = false }()
	f.Fuzz(rapid.MakeFuzz(checkDrawn))
}
