package runtime

import (
	"encoding/binary"
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
	reg  *registry
	c    *Coroutine
	b    []byte
	keep *Held      // what is not copied, or nil
	own  *Variables // those that are saved, and not their names, or nil

	cur      place          // what is being scanned or written
	at       unsafe.Pointer // if not nil, the interface variable that holds it
	todo     []work
	todoMaps []*object
	deferred []*object // maps whose keys hold references
	objects  []*object
	slab     []object
	regions  regionIndex
	maps     map[unsafe.Pointer]*object
	boxes    map[boxKey]*object
	live     []*object // those that are written, by number
	steps    []uint64

	types    []*plan
	typeIDs  []uint64 // by number of the plan
	names    []nameKey
	nameIDs  map[nameKey]uint64
	shapes   []*siteType
	shapeIDs []uint64 // by number of the site
	lastName string

	// The names of values, once they are needed.
	bound, values *namedValues

	strings map[stringKey]uint64

	contexts map[unsafe.Pointer]*derivedContext // by the addresses of what they stand for
	errors   map[eface]any                      // by the errors that they stand for

	lastWord   unsafe.Pointer
	lastPlan   *plan
	lastRecord *plan

	inKey   bool
	depth   int
	scratch []byte
	frames  uintptr // memory of all frames
	hidden  uintptr // memory of what is saved by its meaning, where that is not in proportion
}

type stringKey struct {
	p *byte
	n int
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// encodeError carries an error out of the passes.
type encodeError struct{ err error }

func (e *encoder) run(r *registry, c *Coroutine, b []byte, roots []any) (out []byte, err error) {
	defer func() {
		if x := recover(); x != nil {
			ee, ok := x.(encodeError)
			if !ok {
				panic(x)
			}
			err = ee.err
		}
	}()
	e.reg, e.c = r, c
	e.find(roots)
	start := len(b)
	b = append(b, stateMagic...)
	e.b = append(b, stateVersion, 0)
	body := len(e.b)
	e.write(roots)
	goruntime.KeepAlive(roots)
	out = sealState(e.b, start, body)
	if memory := e.memory(); e.keep == nil && memory > allocFree && memory-allocFree > allocPerByte*uintptr(len(out)-start) {
		return nil, &UnsavableError{Path: e.render(place{frame: e.firstSite()}), Why: "loading the frames would allocate out of proportion to what they contain"}
	}
	return out, nil
}

// release makes the encoder ready to be used again.
func (e *encoder) release() {
	for _, p := range e.types {
		e.typeIDs[p.id] = 0
	}
	for _, s := range e.shapes {
		e.shapeIDs[s.id] = 0
	}
	if e.objects == nil && e.types == nil && e.names == nil && e.strings == nil {
		*e = encoder{shapes: e.shapes[:0], shapeIDs: e.shapeIDs}
		encoders.Put(e)
		return
	}
	clear(e.objects)
	clear(e.todo[:cap(e.todo)])
	clear(e.live)
	clear(e.deferred[:cap(e.deferred)])
	clear(e.maps)
	clear(e.boxes)
	clear(e.strings)
	clear(e.contexts)
	clear(e.errors)
	clear(e.names)
	clear(e.nameIDs)
	e.regions.reset()
	if cap(e.slab) > 64 {
		e.slab = nil // several slabs may be in use
	} else {
		clear(e.slab)
		e.slab = e.slab[:0]
	}
	const keep = 1 << 12
	if len(e.objects) > keep || len(e.types) > keep || len(e.strings) > keep || cap(e.scratch) > 1<<20 {
		return // a rare giant is left to the collector
	}
	*e = encoder{
		todo: e.todo[:0], deferred: e.deferred[:0], objects: e.objects[:0], slab: e.slab,
		regions: e.regions, maps: e.maps, boxes: e.boxes, live: e.live[:0], steps: e.steps[:0],
		types: e.types[:0], typeIDs: e.typeIDs, names: e.names[:0], nameIDs: e.nameIDs,
		shapes: e.shapes[:0], shapeIDs: e.shapeIDs,
		strings: e.strings, contexts: e.contexts, errors: e.errors, scratch: e.scratch[:0],
	}
	encoders.Put(e)
}

func (e *encoder) memory() uintptr {
	n := e.frames + e.hidden
	for _, o := range e.live {
		if o.form == formMap {
			n += uintptr(o.n) * (o.p.key.size + o.p.elem.size)
		} else {
			n += uintptr(o.n) * o.p.size
		}
		if o.p.typ == derivedType {
			n += contextMemory
		}
	}
	return n
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

// find is the first pass.
func (e *encoder) find(roots []any) {
	for _, frame := range e.c.frames {
		s, p := e.frameAt(frame)
		e.frames += s.frame.plan.size
		if s.id >= len(e.shapeIDs) {
			e.shapeIDs = slices.Grow(e.shapeIDs, e.reg.sites)[:e.reg.sites]
		}
		if e.shapeIDs[s.id] == 0 {
			e.shapes = append(e.shapes, s)
			e.shapeIDs[s.id] = uint64(len(e.shapes))
			if !s.basic {
				e.cur = place{frame: s, base: p}
				for i := range s.live {
					if s.wire[i] == 0 {
						e.typeID(s.live[i].p, unsafe.Add(p, s.live[i].off))
					}
				}
			}
		}
		if s.leaf {
			continue
		}
		e.cur = place{frame: s, base: p}
		for i := range s.live {
			e.scan(s.live[i].p, unsafe.Add(p, s.live[i].off))
		}
		e.drain()
	}
	for i, root := range roots {
		v, err := rootOf(root)
		if err != nil {
			panic(encodeError{err})
		}
		t := v.Type().Elem()
		e.reg.names.learn(t)
		p := e.reg.plans.of(t)
		e.frames += p.size
		e.cur = place{root: i + 1, base: v.UnsafePointer()}
		e.typeID(p, v.UnsafePointer())
		e.scan(p, v.UnsafePointer())
		e.drain()
	}
	for i := 0; i < len(e.deferred); i++ {
		e.scanMap(e.deferred[i])
		e.drain()
	}
	// A root is an object only if something points into it.
	for again := len(e.objects) > 0; again; {
		again = false
		for i, root := range roots {
			v := reflect.ValueOf(root)
			p, addr := e.reg.plans.of(v.Type().Elem()), v.UnsafePointer()
			if p.size == 0 || e.rootObject(p, addr) != nil {
				continue
			}
			if from, to := e.regions.overlapping(uintptr(addr), uintptr(addr)+p.size); from != to {
				e.cur = place{root: i + 1, base: addr}
				e.region(addr, p, 1, addr)
				e.drain()
				again = true
			}
		}
	}
	e.number()
	for i := 0; i < len(e.types); i++ {
		e.typeParts(e.types[i])
	}
}

// rootObject returns the object that the root at addr is part of, or nil.
func (e *encoder) rootObject(p *plan, addr unsafe.Pointer) *object {
	if len(e.objects) == 0 {
		return nil
	}
	o := e.regions.find(addr)
	if o == nil || uintptr(addr)+p.size > o.end() {
		return nil
	}
	return o
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

// number gives the objects their numbers, in the order in which they were found,
// which depends on the graph only and not on addresses.
func (e *encoder) number() {
	sorted := true
	for _, o := range e.objects {
		if !o.dead {
			sorted = sorted && (len(e.live) == 0 || e.live[len(e.live)-1].seq < o.seq)
			e.live = append(e.live, o)
		}
	}
	if !sorted {
		slices.SortFunc(e.live, func(a, b *object) int { return a.seq - b.seq })
	}
	for i, o := range e.live {
		o.id = uint64(i)
		p := o.p
		if o.form == formSingle && o.n != 1 {
			o.form = formArray
		}
		e.cur = o.from
		e.typeID(p, unsafe.Add(o.from.base, o.from.off))
	}
}

// write is the second pass.
func (e *encoder) write(roots []any) {
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
	set(flagObjects, len(e.live) > 0)
	set(flagRoots, len(roots) > 0)
	set(flagHandles, e.keep != nil)
	e.b = append(e.b, flags)
	if e.keep != nil {
		e.uvarint(e.keep.round)
	}
	e.uvarint(uint64(len(c.frames)))
	if len(c.frames) > 0 {
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
	if len(e.live) > 0 {
		e.uvarint(uint64(len(e.live)))
		for _, o := range e.live {
			e.uvarint(e.typeNumber(o.p)<<2 | uint64(o.form))
			if o.form == formArray || o.form == formMap {
				e.uvarint(uint64(o.n))
			}
		}
	}
	if len(roots) > 0 {
		e.uvarint(uint64(len(roots)))
		for i, root := range roots {
			v := reflect.ValueOf(root)
			p, addr := e.reg.plans.of(v.Type().Elem()), v.UnsafePointer()
			e.cur = place{root: i + 1, base: addr}
			e.uvarint(e.typeNumber(p))
			if e.rootObject(p, addr) != nil {
				e.object(addr, p, addr)
			} else {
				e.uvarint(refNil)
			}
		}
		for i, root := range roots {
			v := reflect.ValueOf(root)
			p, addr := e.reg.plans.of(v.Type().Elem()), v.UnsafePointer()
			if e.rootObject(p, addr) == nil {
				e.cur = place{root: i + 1, base: addr}
				e.value(p, addr)
			}
		}
	}
	for _, o := range e.live {
		e.content(o)
	}
	for _, frame := range c.frames {
		s, p := e.frameAt(frame)
		e.uvarint(e.shapeIDs[s.id] - 1)
		e.cur = place{frame: s, base: p}
		for i := range s.live {
			f := &s.live[i]
			e.value(f.p, unsafe.Add(p, f.off))
		}
	}
}

func (e *encoder) content(o *object) {
	e.cur = place{obj: o, base: o.addr}
	switch o.form {
	case formMap:
		e.mapContent(o)
	case formArray:
		e.arrayContent(o)
	default:
		e.value(o.p, o.addr)
	}
}

// arrayContent writes an array. As many zeros at its end as values before them are
// left out: the spare capacity of a slice that has grown.
func (e *encoder) arrayContent(o *object) {
	size := o.p.size
	zeros := 0
	for zeros < o.n/2 && allZero(unsafe.Slice((*byte)(unsafe.Add(o.addr, uintptr(o.n-zeros-1)*size)), size)) {
		zeros++
	}
	e.uvarint(uint64(zeros))
	e.elems(o.p, o.addr, o.n-zeros)
}

func (e *encoder) shape(s *siteType) {
	e.name(s.frame.name)
	if s.basic {
		e.b = append(e.b, s.desc...)
		return
	}
	e.b = binary.LittleEndian.AppendUint64(e.b, s.frame.fingerprint)
	e.uvarint(uint64(s.key))
	e.str(s.pos)
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
	panic(encodeError{&UnsavableError{Path: strings.TrimSuffix(e.render(e.placeOf(ptr)), ": "), Type: t, Why: why}})
}
