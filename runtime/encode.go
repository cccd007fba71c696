package runtime

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"reflect"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// encoder saves one state. It is reused, so that saving frames without references
// allocates nothing.
type encoder struct {
	task // first: most of it is used all the time

	todo     []work
	deferred []*object // maps whose keys hold references
	objects  []*object
	slab     []object
	regions  regionIndex
	maps     map[unsafe.Pointer]*object
	boxes    map[boxKey]*object
	steps    []uint64

	index memoryIndex // what has been mentioned, while there is one pass

	later []content     // contents that have been put off
	free  []*mapEntries // by number of the plan, while there is one pass
	radix []radixEntry

	types    []*plan
	typeIDs  []uint64 // by number of the plan
	names    []nameKey
	nameIDs  map[nameKey]uint64
	shapes   []*siteType
	shapeIDs []uint64 // by number of the site

	strings addrIndex

	contexts map[unsafe.Pointer]*derivedContext // by the addresses of what they stand for
	entries  map[unsafe.Pointer]map[any]any     // by the addresses of the sync.Maps
	errors   map[eface]any                      // by the errors that they stand for

	scratch []byte
}

// task is what an encoder has of one state only.
type task struct {
	reg  *registry
	c    *Coroutine
	b    []byte
	keep *Held      // what is not copied, or nil
	own  *Variables // those that are saved, and not their names, or nil

	cur      place          // what is being scanned or written
	at       unsafe.Pointer // if not nil, the interface variable that holds it
	todoMaps []*object
	plain    []plainChannel

	fast  bool // there is one pass, and index takes the place of what find finds
	inKey bool
	exact bool // the type of a new object is to be written
	count int  // of the objects that have been mentioned
	// How often objects, and strings that are written once, have been mentioned.
	mentions, stringMentions int

	nesting  int // of the contents that are being written
	depth    int
	lastName string

	// The names of values, once they are needed.
	bound, known *namedValues

	lastWord   unsafe.Pointer
	lastPlan   *plan
	lastRecord *plan

	memory uintptr // of all frames and objects
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// encodeError carries an error out of the passes.
type encodeError struct{ err error }

// slowly ends a fast pass: there is something that only two passes can save.
type slowly struct{}

func (e *encoder) run(r *registry, c *Coroutine, b []byte, roots []any) (out []byte, err error) {
	e.reg, e.c = r, c
	if e.keep == nil {
		out, ok, err := e.pass(b, roots, true)
		if ok {
			return out, err
		}
	}
	out, _, err = e.pass(b, roots, false)
	return out, err
}

// pass makes a state. In the fast way it reports false if there is something that needs
// the slow way, an error among it.
func (e *encoder) pass(b []byte, roots []any, fast bool) (out []byte, ok bool, err error) {
	defer func() {
		switch x := recover().(type) {
		case nil:
		case slowly:
		case encodeError:
			ok, err = true, x.err
		default:
			panic(x)
		}
	}()
	e.restart(fast)
	e.stack()
	if !fast {
		e.find(roots)
		if e.keep == nil {
			// The numbers of types and names are those of the order of writing.
			e.forgetNumbers()
			e.stack()
		}
	}
	e.b = b
	e.write(roots)
	if fast && uint64(e.mentions) > math.MaxUint32 {
		panic(slowly{}) // the index tells no more of them from each other
	}
	goruntime.KeepAlive(roots)
	out = e.b
	if e.keep == nil && e.memory > allocFree && e.memory-allocFree > allocPerByte*uintptr(len(out)-len(b)) {
		return nil, true, &UnsavableError{Path: e.render(place{frame: e.firstSite()}), Why: "loading the frames would allocate out of proportion to what they contain"}
	}
	return out, true, nil
}

// restart prepares a pass.
func (e *encoder) restart(fast bool) {
	e.forgetNumbers()
	e.fast, e.memory, e.count, e.nesting, e.later = fast, 0, 0, 0, e.later[:0]
	e.lastName, e.inKey, e.at, e.depth = "", false, nil, 0
	e.mentions, e.stringMentions = 0, 0
	e.index.reset()
	e.strings.reset()
}

// forgetNumbers takes the numbers of types, shapes and names back.
func (e *encoder) forgetNumbers() {
	for _, p := range e.types {
		e.typeIDs[p.id] = 0
	}
	for _, s := range e.shapes {
		e.shapeIDs[s.id] = 0
	}
	clear(e.names)
	clear(e.nameIDs)
	e.types, e.shapes, e.names = e.types[:0], e.shapes[:0], e.names[:0]
	e.memory = 0
}

// release makes the encoder ready to be used again. It keeps nothing of what has been
// saved.
func (e *encoder) release() {
	e.forgetNumbers()
	clear(e.objects)
	clear(e.todo[:cap(e.todo)])
	clear(e.later[:cap(e.later)])
	e.forgetEntries()
	clear(e.deferred[:cap(e.deferred)])
	clear(e.maps)
	clear(e.boxes)
	clear(e.contexts)
	clear(e.entries)
	clear(e.errors)
	e.regions.reset()
	if cap(e.slab) > 64 {
		e.slab = nil // several slabs may be in use
	} else {
		clear(e.slab)
		e.slab = e.slab[:0]
	}
	const keep = 1 << 12
	if len(e.objects) > keep || len(e.typeIDs) > 16*keep || cap(e.later) > 4*keep || cap(e.radix) > keep || cap(e.scratch) > 1<<20 || e.index.large() || e.strings.large() {
		return // a rare giant is left to the collector
	}
	e.task = task{}
	e.todo, e.deferred, e.objects, e.later = e.todo[:0], e.deferred[:0], e.objects[:0], e.later[:0]
	encoders.Put(e)
}

func (e *encoder) firstSite() *siteType {
	if len(e.shapes) > 0 {
		return e.shapes[0]
	}
	return nil
}

// frameAt returns the site of a frame and the frame's address.
func (e *encoder) frameAt(frame any) (*siteType, unsafe.Pointer) {
	f := (*eface)(unsafe.Pointer(&frame))
	t := e.reg.frames[f.typ]
	if t == nil {
		panic(encodeError{&UnsavableError{Path: "the stack", Type: reflect.TypeOf(frame), Why: "the frame is not registered"}})
	}
	site := *(*int)(f.data)
	if site < 1 || site > len(t.sites) {
		panic(encodeError{&UnsavableError{Path: t.name, Why: "its frame is at no registered site"}})
	}
	return t.sites[site-1], f.data
}

// stack numbers the shapes of the frames, and the types of what lives in them.
func (e *encoder) stack() {
	for _, frame := range e.c.frames {
		e.cur = place{}
		e.shapeOf(e.frameAt(frame))
	}
}

// shapeOf numbers the shape of the frame at p, and the types of what lives in it.
func (e *encoder) shapeOf(s *siteType, p unsafe.Pointer) {
	e.memory += s.frame.plan.size
	if s.id >= len(e.shapeIDs) {
		e.shapeIDs = slices.Grow(e.shapeIDs, e.reg.sites)[:e.reg.sites]
	}
	if e.shapeIDs[s.id] != 0 {
		return
	}
	e.shapes = append(e.shapes, s)
	e.shapeIDs[s.id] = uint64(len(e.shapes))
	if s.basic {
		return
	}
	e.cur = place{obj: e.cur.obj, frame: s, base: p}
	for i := range s.live {
		if s.wire[i] == 0 {
			e.typeID(s.live[i].p, unsafe.Add(p, s.live[i].off))
		}
	}
}

// find is the first of two passes.
func (e *encoder) find(roots []any) {
	for i, root := range roots {
		p, addr := e.root(root)
		e.cur = place{root: i + 1, base: addr, whole: true}
		e.typeID(p, addr)
		if p.size != 0 {
			e.region(addr, p, 1, addr)
		}
	}
	e.drain()
	for _, frame := range e.c.frames {
		s, p := e.frameAt(frame)
		if s.leaf {
			continue
		}
		e.cur = place{frame: s, base: p}
		for i := range s.live {
			e.scan(s.live[i].p, unsafe.Add(p, s.live[i].off))
		}
		e.drain()
	}
	for i := 0; i < len(e.deferred); i++ {
		e.scanMap(e.deferred[i])
		e.drain()
	}
	e.checkChannels()
	for _, o := range e.objects {
		if o.dead {
			continue
		}
		if o.form == formSingle && o.n != 1 {
			o.form = formArray
		}
		e.cur = o.from
		e.typeID(o.p, unsafe.Add(o.from.base, o.from.off))
	}
	for i := 0; i < len(e.types); i++ {
		e.typeParts(e.types[i])
	}
}

// root returns the plan of what a root points to, and its address.
func (e *encoder) root(root any) (*plan, unsafe.Pointer) {
	v, err := rootOf(root)
	if err != nil {
		panic(encodeError{err})
	}
	t := v.Type().Elem()
	e.reg.names.learn(t)
	return e.reg.plans.of(t), v.UnsafePointer()
}

// drain scans what has been reached and not been scanned yet, but for the maps
// that have been deferred.
func (e *encoder) drain() {
	for len(e.todo) > 0 || len(e.todoMaps) > 0 {
		for i := 0; i < len(e.todo); i++ {
			w := e.todo[i]
			e.cur = w.in
			e.scanElems(w.p, w.addr, w.n)
		}
		e.todo = e.todo[:0]
		maps := e.todoMaps
		e.todoMaps = nil
		for _, o := range maps {
			e.scanMap(o)
		}
	}
}

// write makes the state. What describes it stands at its beginning, and is known last.
func (e *encoder) write(roots []any) {
	start := len(e.b)
	e.values(roots)
	for i := 0; i < len(e.types); i++ {
		e.typeParts(e.types[i])
	}
	values := len(e.b)
	e.head(len(roots))
	head := append(e.scratch[:0], e.b[values:]...)
	e.scratch = head
	size := len(e.b) - start
	var envelope [len(stateMagic) + 1 + binary.MaxVarintLen64]byte
	copy(envelope[:], stateMagic)
	envelope[len(stateMagic)] = stateVersion
	n := len(stateMagic) + 1
	n += binary.PutUvarint(envelope[n:], uint64(size))
	e.b = append(e.b, envelope[:n]...)
	copy(e.b[start+n+len(head):], e.b[start:values])
	copy(e.b[start:], envelope[:n])
	copy(e.b[start+n:], head)
	e.b = binary.LittleEndian.AppendUint32(e.b, crc32.Checksum(e.b[start:], castagnoli))
}

// head writes what stands before the values.
func (e *encoder) head(roots int) {
	c := e.c
	flags := byte(0)
	set := func(f byte, on bool) {
		if on {
			flags |= f
		}
	}
	set(flagDone, c.done)
	set(flagStarted, c.started)
	set(flagTypes, len(e.types) > 0)
	set(flagNames, len(e.names) > 0)
	set(flagRoots, roots > 0)
	set(flagNested, len(c.frames) == 0 && len(e.shapes) > 0)
	set(flagHandles, e.keep != nil)
	e.b = append(e.b, flags)
	if e.keep != nil {
		e.uvarint(e.keep.round)
	}
	e.uvarint(uint64(len(c.frames)))
	if len(e.shapes) > 0 {
		e.uvarint(uint64(len(e.shapes)))
		for _, s := range e.shapes {
			e.shape(s)
		}
	}
	if len(e.types) > 0 {
		e.uvarint(uint64(len(e.types)))
		for _, p := range e.types {
			e.describe(p)
		}
	}
	if len(e.names) > 0 {
		e.uvarint(uint64(len(e.names)))
		for _, k := range e.names {
			e.writeName(k)
		}
	}
}

// values writes the roots and the frames.
func (e *encoder) values(roots []any) {
	if len(roots) > 0 {
		e.uvarint(uint64(len(roots)))
		e.nesting = maxNesting // all contents stand behind the list
		for i, root := range roots {
			p, addr := e.root(root)
			e.cur = place{root: i + 1, base: addr, whole: true}
			e.typeID(p, addr)
			e.uvarint(e.typeNumber(p))
			e.object(addr, p, addr)
		}
		e.nesting = 0
		e.drainLater()
	}
	for _, frame := range e.c.frames {
		s, p := e.frameAt(frame)
		e.cur = place{frame: s, base: p}
		e.frame(s, p)
		e.drainLater()
	}
}

// frame writes the frame at p, the shape of which has a number.
func (e *encoder) frame(s *siteType, p unsafe.Pointer) {
	e.uvarint(e.shapeIDs[s.id] - 1)
	for i := range s.live {
		f := &s.live[i]
		e.exact = s.wire[i] == typeSelf
		e.value(f.p, unsafe.Add(p, f.off))
		e.exact = false
	}
}

func (e *encoder) shape(s *siteType) {
	e.name(s.frame.name)
	if s.basic {
		e.b = append(e.b, s.desc...)
		return
	}
	e.b = binary.LittleEndian.AppendUint64(e.b, s.frame.fingerprint)
	e.uvarint(uint64(s.key))
	e.b = append(e.b, s.place...)
	e.uvarint(uint64(len(s.live)))
	for i := range s.live {
		f := &s.live[i]
		e.str(f.name)
		if s.wire[i] != 0 {
			e.uvarint(s.wire[i])
		} else {
			e.uvarint(e.typeNumber(f.p))
		}
	}
}

// name writes a long name.
func (e *encoder) name(s string) {
	e.b = appendName(e.b, e.lastName, s)
	e.lastName = s
}

// str writes a string of the description.
func (e *encoder) str(s string) {
	e.uvarint(uint64(len(s)))
	e.b = append(e.b, s...)
}

func (e *encoder) uvarint(v uint64) {
	if v < 0x80 {
		e.b = append(e.b, byte(v))
		return
	}
	e.b = binary.AppendUvarint(e.b, v)
}

// fail ends the saving because of the value at ptr.
func (e *encoder) fail(ptr unsafe.Pointer, t reflect.Type, why string) {
	if e.fast {
		panic(slowly{})
	}
	panic(encodeError{&UnsavableError{Path: strings.TrimSuffix(e.render(e.placeOf(ptr)), ": "), Type: t, Why: why}})
}
