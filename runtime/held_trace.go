package runtime

import (
	"reflect"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// slotKind says what stands in a value where it refers to other memory.
type slotKind uint8

const (
	slotPointer slotKind = iota
	slotSlice
	slotMap
	slotAny     // an interface without methods
	slotMethods // an interface with methods
	slotFunc
	slotChan
	slotUnsafe
	slotArray // an array of t, too long to be spelled out
	// Only of what a state sees of a value:
	slotCodec  // a value that is saved by its meaning
	slotOpaque // a value that cannot be saved unless it is zero
	// Only of what is in memory:
	slotReflect // a reflect.Value
	slotSyncMap
	slotWeak // a weak.Pointer
)

// slot is a place in the values of a type that refers to other memory.
type slot struct {
	kind slotKind
	std  bool // of a struct of the standard library
	n    int
	off  uintptr
	t    *trace // what is referred to; of maps, channels and what is looked into: itself
}

// trace tells where the values of a type refer to other memory. There are two ways to
// see it: what is there, and what a state sees of it.
type trace struct {
	typ       reflect.Type
	id        uint32
	size      uintptr
	flat      *trace // without arrays, as in a plan
	flatN     int
	back      []slot // all references that are in memory
	front     []slot // those that are saved one by one, and what cannot be
	direct    bool   // an interface holds the value itself
	fragile   bool   // the front has opaque or fallible parts in it, by value
	fallible  bool   // the codec may fail
	shared    bool   // outsiders can see the memory that a codec's value hides
	hides     bool   // parts of it, by value, are not saved field by field
	key, elem *trace // of a map; elem also of a channel
	codec     *codec
	rec       *recordType
	done      bool

	// Variables that the entries of a map are copied to, to be looked at.
	keyVar, elemVar reflect.Value
}

// tracer makes and keeps the traces of types.
type tracer struct {
	reg    *registry
	byWord map[unsafe.Pointer]*trace
	queue  []*trace
	cache  [64]struct {
		word unsafe.Pointer
		t    *trace
	}
}

func (x *tracer) init(r *registry) {
	x.reg, x.byWord = r, map[unsafe.Pointer]*trace{}
	clear(x.cache[:])
}

// of returns the trace of a type.
func (x *tracer) of(typ reflect.Type) *trace {
	t := x.fill(x.later(typ))
	for len(x.queue) > 0 {
		last := x.queue[len(x.queue)-1]
		x.queue = x.queue[:len(x.queue)-1]
		x.fill(last)
	}
	return t
}

// word returns the trace of the dynamic type that the word of an interface stands for.
func (x *tracer) word(w unsafe.Pointer) *trace {
	c := &x.cache[(uintptr(w)>>5^uintptr(w)>>11)%64]
	if c.word != w {
		t := typePointer{w}
		c.word, c.t = w, x.of(t.typ())
	}
	return c.t
}

// later returns the trace of a type behind a reference, which is completed later.
func (x *tracer) later(typ reflect.Type) *trace {
	w := wordOf(typ)
	t := x.byWord[w]
	if t == nil {
		t = &trace{typ: typ, id: uint32(len(x.byWord)), size: typ.Size()}
		x.byWord[w] = t
		x.queue = append(x.queue, t)
	}
	return t
}

// fill completes a trace.
func (x *tracer) fill(t *trace) *trace {
	if t.done {
		return t
	}
	t.done = true
	t.flat, t.flatN = t, 1
	if t.size == unsafe.Sizeof(uintptr(0)) && t.typ.Kind() != reflect.Interface {
		v := reflect.Zero(t.typ).Interface()
		t.direct = (*eface)(unsafe.Pointer(&v)).data == nil
	}
	one := func(s slot) { t.back = []slot{s}; t.front = t.back }
	switch typ := t.typ; typ.Kind() {
	case reflect.Pointer:
		one(slot{kind: slotPointer, t: x.later(typ.Elem())})
	case reflect.Slice:
		one(slot{kind: slotSlice, t: x.later(typ.Elem())})
	case reflect.Map:
		t.key, t.elem = x.later(typ.Key()), x.later(typ.Elem())
		one(slot{kind: slotMap, t: t})
	case reflect.Chan:
		t.elem = x.later(typ.Elem())
		one(slot{kind: slotChan, t: t})
	case reflect.Func:
		one(slot{kind: slotFunc, t: t})
	case reflect.UnsafePointer:
		one(slot{kind: slotUnsafe})
	case reflect.Interface:
		if typ.NumMethod() == 0 {
			one(slot{kind: slotAny})
		} else {
			one(slot{kind: slotMethods})
		}
	case reflect.Array:
		e := x.fill(x.later(typ.Elem()))
		t.flat, t.flatN = e.flat, e.flatN*typ.Len()
		t.fragile = e.fragile
		t.back = repeated(e, e.back, typ.Len())
		t.front = repeated(e, e.front, typ.Len())
	case reflect.Struct:
		x.structure(t)
	}
	if t.size == 0 {
		t.back, t.front, t.fragile = nil, nil, false
	}
	if c := x.reg.codecs[t.typ]; c != nil {
		// Loading a value into the process that has it would make another one.
		t.front, t.fragile = []slot{{kind: slotOpaque, t: t}}, true
	}
	for _, s := range t.front {
		t.hides = t.hides || s.kind == slotOpaque || s.kind == slotCodec || s.kind == slotArray && s.t.hides
	}
	return t
}

// repeated returns the slots of an array of n values of e.
func repeated(e *trace, slots []slot, n int) []slot {
	const few = 16
	switch {
	case len(slots) == 0 || n == 0:
		return nil
	case n*len(slots) > few:
		return []slot{{kind: slotArray, t: e, n: n}}
	}
	var all []slot
	for i := range n {
		all = shifted(all, slots, uintptr(i)*e.size)
	}
	return all
}

// shifted appends the slots of a part that is off bytes into a value.
func shifted(all, part []slot, off uintptr) []slot {
	for _, s := range part {
		s.off += off
		all = append(all, s)
	}
	return all
}

func (x *tracer) structure(t *trace) {
	typ := t.typ
	if typ == recordHeader || typ == reflect.TypeFor[typePointer]() {
		return
	}
	t.rec = x.reg.recordOf[typ]
	std := typ.PkgPath() != "" && standard(typ.PkgPath())
	c := codecOf(typ)
	if c != nil && c.fields != nil {
		for _, f := range c.fields {
			x.field(t, f.typ, f.off, std)
		}
		return
	}
	for i := range typ.NumField() {
		f := typ.Field(i)
		x.field(t, f.Type, f.Offset, std)
	}
	if special := memoryOf(typ); special != nil {
		t.back = special
		for i := range t.back {
			t.back[i].t = t
		}
	}
	switch {
	case t.size == 0:
	case c != nil && c.entries:
		t.front, t.fragile = []slot{{kind: slotOpaque, t: t}}, true
	case c != nil:
		t.codec = c
		t.fallible = codecs[typ] == nil || typ == reflect.TypeFor[sync.Once]() || c.memory != nil
		t.shared = len(t.back) > 0 && typ != reflect.TypeFor[strings.Builder]()
		t.front, t.fragile = nil, t.fallible
		if t.fallible || t.shared {
			t.front = []slot{{kind: slotCodec, t: t}}
		}
	case opaque(typ) != "":
		t.front, t.fragile = []slot{{kind: slotOpaque, t: t}}, true
	}
}

// field adds the slots of a field.
func (x *tracer) field(t *trace, typ reflect.Type, off uintptr, std bool) {
	f := x.fill(x.later(typ))
	for typ.Kind() == reflect.Array {
		typ = typ.Elem()
	}
	first, front := len(t.back), len(t.front)
	t.back = shifted(t.back, f.back, off)
	t.front = shifted(t.front, f.front, off)
	if std && typ.Kind() != reflect.Struct {
		for i := range t.back[first:] {
			t.back[first+i].std = true
		}
		for i := range t.front[front:] {
			t.front[front+i].std = true
		}
	}
	t.fragile = t.fragile || f.fragile
}

// memoryOf returns what is in the memory of the types of the standard library that
// cannot be seen from their fields, or that leads to nothing of the program's.
func memoryOf(typ reflect.Type) []slot {
	path, name := typ.PkgPath(), typ.Name()
	switch typ {
	case reflect.TypeFor[reflect.Value]():
		return []slot{{kind: slotReflect}}
	case reflect.TypeFor[sync.Map]():
		return []slot{{kind: slotSyncMap}}
	case reflect.TypeFor[time.Time](), reflect.TypeFor[time.Location](), reflect.TypeFor[sync.Pool]():
		return []slot{}
	}
	switch {
	case path == "weak" && strings.HasPrefix(name, "Pointer["):
		return []slot{{kind: slotWeak}}
	case path == "runtime", path == "internal/abi", path == "internal/poll", path == "internal/reflectlite",
		strings.HasPrefix(path, "internal/runtime/"),
		path == "reflect" && name != "" && name[0] >= 'a',
		path == "os" && (name == "File" || name == "file"):
		return []slot{}
	}
	return nil
}
