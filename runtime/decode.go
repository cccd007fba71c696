package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// decoder loads one state. What it makes is not seen by anyone before the state
// has been read to its end.
type decoder struct {
	reg *registry
	c   *Coroutine
	b   []byte // the body
	i   int

	keep    *Held // what handles stand for, or nil
	handles bool  // there are some

	// What is being read, for errors: a live variable of a frame, or nothing.
	site *siteType
	live *field

	length int // of the whole state
	shapes []loadedShape
	types  []wireType
	fields []wireField
	params []uint64
	names  []loadedName
	objs   []keptObject
	addrs  map[int]unsafe.Pointer
	roots  []loadedRoot
	strs   []string

	mentions, stringMentions mentions

	chunk  []byte // what is left for short strings
	frames []any
	fixups []fixup
	edges  [][2]int // boxed objects that hold others

	versions map[versionOfRecord]unsafe.Pointer
	loose    bool // some frames may move to other versions

	contexts      map[int]*loadedContext // by object
	late          []lateContext
	lateEntries   []lateEntry
	syncMaps      []loadedSyncMap
	channels      []loadedChannel
	coroutines    []*Coroutine     // those that are part of the state
	namedContexts []unsafe.Pointer // the variables that hold a context that has a name

	numbers  []uint64 // the values of small roots, for a while
	rootWord unsafe.Pointer
	rootType *plan

	lastName []byte
	nesting  int           // of the contents that are being read
	later    []lateContent // contents that have been put off
	alloc    uintptr       // what has been allocated
	composed int           // lengths of array types that have been made
	named    int           // lengths of what the parts of composed types are called
	steps    int           // taken by walk
	searches int           // for time zones
	inKey    bool
	depth    int
	box      int // the boxed object that is being read, plus one
	impl     map[[2]*plan]bool
}

type loadedShape struct {
	site  *siteType
	live  []field
	first int  // types of the live fields, in d.params
	same  bool // byte for byte the description of the site
	loose *looseShape
}

type loadedName struct {
	kind     uint8
	v        *varType
	b        *Binding
	name     string
	captured any
}

// fixup is an interface variable that holds a value, and not a pointer to one,
// which has not been read yet.
type fixup struct {
	iface reflect.Type
	dst   unsafe.Pointer
	obj   int
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// release makes the decoder ready to be used again. It keeps nothing of what has
// been loaded.
func (d *decoder) release() {
	if cap(d.params) > 1<<10 || cap(d.lastName) > 1<<10 || cap(d.names) > 1<<10 || cap(d.roots) > 1<<10 || cap(d.objs) > 1<<15 || cap(d.later) > 1<<14 {
		return
	}
	clear(d.objs)
	clear(d.later)
	clear(d.shapes)
	clear(d.names)
	clear(d.roots)
	if d.numbers == nil {
		d.numbers = make([]uint64, 0, 8)
	}
	*d = decoder{
		shapes: d.shapes[:0], params: d.params[:0], lastName: d.lastName[:0], names: d.names[:0],
		roots: d.roots[:0], numbers: d.numbers[:0], objs: d.objs[:0], later: d.later[:0],
	}
	decoders.Put(d)
}

type decodeError struct{ err error }

func (d *decoder) fail(format string, args ...any) { panic(decodeError{invalidf(format, args...)}) }

func (d *decoder) incompatible(format string, args ...any) {
	panic(decodeError{incompatiblef(format, args...)})
}

// trustful makes the decoder let its own bugs through as panics. Tests set it.
var trustful bool

func (d *decoder) run(roots []any) (err error) {
	defer func() {
		x := recover()
		if x != nil {
			d.dropContexts()
		}
		switch x := x.(type) {
		case nil:
		case decodeError:
			err = x.err
		case goruntime.Error:
			if trustful {
				panic(x)
			}
			err = invalidf("%v", x)
		default:
			panic(x)
		}
	}()
	flags := d.byte()
	if unknown := flags &^ flagsKnown; unknown == flagHandles && d.keep != nil {
		if d.handles = true; d.uvarint() != d.keep.round {
			d.fail("there is a later state than this")
		}
	} else if unknown != 0 {
		d.fail("unknown flags %#x", flags)
	}
	frames := d.count(1)
	if frames > 0 {
		if flags&flagDone != 0 {
			d.fail("a finished coroutine with frames")
		}
	}
	if frames > 0 || flags&flagNested != 0 {
		d.readShapes()
	}
	if flags&flagTypes != 0 {
		d.readTypes()
	}
	d.checkShapes()
	if flags&flagNames != 0 {
		d.readNames()
	}
	if flags&flagRoots != 0 {
		d.readRoots(roots)
	} else if len(roots) > 0 {
		d.fail("it was saved without the %d variables that are to be loaded", len(roots))
	}
	if frames > 0 {
		d.frames = make([]any, frames)
		for i := range d.frames {
			d.frames[i] = d.frame()
		}
	}
	if d.i != len(d.b) {
		d.fail("%d bytes are left over", len(d.b)-d.i)
	}
	d.finish()
	d.settle()
	d.checkCallers()
	d.checkEntry()
	d.checkNested()

	d.setRoots(roots)
	d.c.frames = d.frames
	d.c.done = flags&flagDone != 0
	d.c.started = flags&flagStarted != 0
	if d.c.started && !d.c.done {
		d.c.mode = suspended
	}
	return nil
}

// Reading.

func (d *decoder) byte() byte {
	if d.i >= len(d.b) {
		d.fail("truncated")
	}
	d.i++
	return d.b[d.i-1]
}

func (d *decoder) uvarint() uint64 {
	if i := d.i; i < len(d.b) && d.b[i] < 0x80 {
		d.i = i + 1
		return uint64(d.b[i])
	}
	return d.longUvarint()
}

// longUvarint is uvarint for a number of more than one byte, most often.
func (d *decoder) longUvarint() uint64 {
	if b := d.b[d.i:]; len(b) >= 2 && b[1] < 0x80 && b[0] >= 0x80 {
		d.i += 2
		return uint64(b[0]&0x7f) | uint64(b[1])<<7
	}
	v, n := binary.Uvarint(d.b[d.i:])
	if n <= 0 {
		d.fail("malformed number at byte %d", d.i)
	}
	d.i += n
	return v
}

func (d *decoder) varint() int64 {
	u := d.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// int reads a number that must fit a non-negative int.
func (d *decoder) int() int {
	v := d.uvarint()
	if v > math.MaxInt {
		d.fail("number %d is too large", v)
	}
	return int(v)
}

// count reads the number of things of which each takes at least size bytes.
func (d *decoder) count(size int) int {
	v := d.uvarint()
	if v > uint64(len(d.b)-d.i)/uint64(max(size, 1)) {
		d.fail("%d things in %d bytes", v, len(d.b)-d.i)
	}
	return int(v)
}

func (d *decoder) bytes(n int) []byte {
	if n < 0 || n > len(d.b)-d.i {
		d.fail("truncated")
	}
	d.i += n
	return d.b[d.i-n : d.i]
}

func (d *decoder) str() []byte { return d.bytes(d.count(1)) }

func (d *decoder) fixed64() uint64 { return binary.LittleEndian.Uint64(d.bytes(8)) }

// Names may share their beginnings, so their lengths are bounded.
const maxName = 1 << 12

// name reads a long name. It is valid until the next one is read.
func (d *decoder) name() []byte {
	n := 0
	if len(d.lastName) > 0 {
		n = d.int()
	}
	rest := d.str()
	if n > len(d.lastName) || n+len(rest) > maxName {
		d.fail("malformed name")
	}
	d.lastName = append(d.lastName[:n], rest...)
	if d.reg != nil && len(d.reg.renamed) > 0 {
		return []byte(Renamed(d.reg.renamed, string(d.lastName)))
	}
	return d.lastName
}

// claim notes that n values of at least size bytes come next, and that they take memory.
func (d *decoder) claim(n, size int, memory uintptr) {
	if left := len(d.b) - d.i; size > 0 && n > left/size {
		d.fail("%d things in %d bytes", n, left)
	}
	d.charge(n, memory)
}

func (d *decoder) charge(n int, size uintptr) {
	if d.handles {
		return // it comes from this process
	}
	limit := uintptr(allocFree + allocPerByte*d.length)
	if size > 0 && uintptr(n) > (limit-d.alloc)/size {
		d.fail("it would allocate out of proportion to its size")
	}
	d.alloc += uintptr(n) * size
}

// Frames.

func (d *decoder) readShapes() {
	for range d.count(12) {
		name := d.name()
		if s := sameSite(d.reg, name, d.b[d.i:]); s != nil {
			d.i += len(s.desc)
			d.shapes = append(d.shapes, loadedShape{site: s, live: s.live, same: true})
			continue
		}
		fingerprint := d.fixed64()
		if len(d.reg.migrations) > 0 {
			if m := d.reg.movesOf(string(name), fingerprint); m != nil {
				d.readLooseShape(m, string(name), fingerprint)
				continue
			}
		}
		key := d.int()
		pos := d.pos()
		s := d.findSite(name, fingerprint, key, pos)
		shape := loadedShape{site: s, live: s.live, first: len(d.params)}
		n := d.count(2)
		same := n == len(s.live)
		var names []string
		for i := range n {
			field := d.str()
			if same && string(field) != s.live[i].name {
				same = false
				names = make([]string, i, n)
				for j := range i {
					names[j] = s.live[j].name
				}
			}
			if !same {
				names = append(names, string(field))
			}
			d.params = append(d.params, d.uvarint())
		}
		if !same {
			shape.live = d.liveByName(s, names, n)
		}
		d.shapes = append(d.shapes, shape)
	}
}

// sameSite returns the site of the function of a name whose description b begins with, if
// that is one whose types all have fixed numbers and there is no difference at all.
func sameSite(r *registry, name, b []byte) *siteType {
	for _, f := range r.frameNames[string(name)] {
		if len(b) < 10 || f.fingerprint != binary.LittleEndian.Uint64(b) || f.moves != nil {
			continue
		}
		key, _ := binary.Uvarint(b[8:])
		if s := f.byKey[int(min(key, math.MaxInt32))]; s != nil && s.basic && len(b) >= len(s.desc) && string(b[:len(s.desc)]) == string(s.desc) {
			return s
		}
	}
	return nil
}

// pos reads a position in the source.
func (d *decoder) pos() string {
	file, line, column := string(d.str()), d.uvarint(), uint64(0)
	if line > 0 {
		column = d.uvarint()
	}
	return joinPos(file, line, column)
}

func (d *decoder) findSite(name []byte, fingerprint uint64, key int, pos string) *siteType {
	var found *frameType
	versions := d.reg.frameNames[string(name)]
	for _, f := range versions {
		if f.fingerprint == fingerprint {
			found = f
		}
	}
	switch {
	case len(versions) == 0:
		d.incompatible("function %s, suspended at %s: this program has no such function that may be suspended, and the version was not frozen", name, pos)
	case found == nil:
		d.incompatible("function %s, suspended at %s (site %d): the function has changed since (fingerprint %016x, here %016x), and the version was not frozen", name, pos, key, fingerprint, versions[0].fingerprint)
	case found.byKey[key] == nil:
		d.incompatible("function %s, suspended at %s: what it called there, call %d of its source, does not suspend any more", name, pos, key)
	}
	return found.byKey[key]
}

// liveByName returns the fields in the order in which they were saved.
func (d *decoder) liveByName(s *siteType, names []string, n int) []field {
	if len(names) < n { // the names are a beginning of the registered ones
		names = nil
		for i := range n {
			names = append(names, s.live[i].name)
		}
	}
	var live []field
	var surplus, missing []string
	for _, name := range names {
		i := slices.IndexFunc(s.live, func(f field) bool { return f.name == name })
		if i < 0 || slices.ContainsFunc(live, func(f field) bool { return f.name == name }) {
			surplus = append(surplus, name)
			continue
		}
		live = append(live, s.live[i])
	}
	for _, f := range s.live {
		if !slices.Contains(names, f.name) {
			missing = append(missing, f.name)
		}
	}
	if len(surplus) > 0 || len(missing) > 0 {
		d.incompatible("function %s, suspended at %s (site %d): the live variables differ: the state has %s", s.frame.name, s.pos, s.key, difference(surplus, missing))
	}
	return live
}

func difference(surplus, missing []string) string {
	var parts []string
	if len(surplus) > 0 {
		parts = append(parts, strings.Join(surplus, ", ")+" too many")
	}
	if len(missing) > 0 {
		parts = append(parts, "no "+strings.Join(missing, ", "))
	}
	return strings.Join(parts, " and ")
}

// checkShapes compares the types of the live variables, once all types are known.
func (d *decoder) checkShapes() {
	for i := range d.shapes {
		s := &d.shapes[i]
		if s.same {
			continue
		}
		if s.loose != nil {
			d.checkLooseShape(s)
			continue
		}
		for j, f := range s.live {
			if d.params[s.first+j] == typeSelf && isSelf(s.site.frame, f.p) {
				continue
			}
			if why := d.match(d.params[s.first+j], f.p); why != "" {
				d.incompatible("function %s, suspended at %s (site %d): the type of %s differs: %s", s.site.frame.name, s.site.pos, s.site.key, f.name, why)
			}
		}
	}
}

func (d *decoder) frame() any {
	frame := d.oneFrame()
	d.drain()
	d.site, d.live = nil, nil
	return frame
}

func (d *decoder) oneFrame() any {
	k := d.uvarint()
	if k >= uint64(len(d.shapes)) {
		d.fail("no shape %d", k)
	}
	s := &d.shapes[k]
	if s.loose != nil {
		return d.looseFrame(s.loose)
	}
	t := s.site.frame
	d.charge(1, t.plan.size)
	p := reflect.New(t.typ).UnsafePointer()
	*(*int)(p) = s.site.index
	for i := range s.live {
		f := &s.live[i]
		d.site, d.live = s.site, f
		d.value(f.p, unsafe.Add(p, f.off))
	}
	var frame any
	*(*eface)(unsafe.Pointer(&frame)) = eface{t.word, p}
	return frame
}

// Names, objects and roots.

// loadedRoot is where the value of a root will be.
type loadedRoot struct {
	p      *plan
	source unsafe.Pointer
}

func (d *decoder) readRoots(roots []any) {
	n := d.count(2)
	if n != len(roots) {
		d.fail("it was saved with %d variables, not with the %d that are to be loaded", n, len(roots))
	}
	d.nesting = maxNesting // all contents stand behind the list
	for i, root := range roots {
		p, addr := d.rootPlan(root)
		if id := d.uvarint(); id >= firstType || p.basic != id || id <= typeNamed {
			if why := d.match(id, p); why != "" {
				d.incompatible("the type of root %d differs: %s", i, why)
			}
		}
		r := loadedRoot{p: p}
		switch k := d.uvarint(); {
		case k == refNew && p.size != 0:
			// Pointers to the saved variable become pointers to this one.
			r.source = d.rootMemory(p)
			o := loadedObject{form: formSingle, p: p.flat, n: p.flatN, mem: r.source, addr: addr}
			if o.n != 1 {
				o.form = formArray
			}
			d.content(d.add(o), false)
		case k == refDescribed && p.size != 0:
			o := d.described()
			r.source = d.within(o, p)
			d.content(d.add(o), o.n != 1)
		case k >= refKnown && p.size != 0:
			o := d.knownRegion(k - refKnown)
			o.addr = o.mem
			r.source = d.within(o, p)
		case k == refNowhere && p.size == 0:
			r.source = unsafe.Pointer(&nowhere)
		default:
			d.fail("malformed root")
		}
		d.roots = append(d.roots, r)
	}
	d.nesting = 0
	d.drain()
}

// rootMemory returns memory for the value of a root, until everything has been read.
func (d *decoder) rootMemory(p *plan) unsafe.Pointer {
	if p.size == 8 && p.leaf && p.op < opString && len(d.numbers) < cap(d.numbers) {
		d.numbers = append(d.numbers, 0)
		return unsafe.Pointer(&d.numbers[len(d.numbers)-1])
	}
	d.claim(1, p.min, p.size)
	return reflect.New(p.typ).UnsafePointer()
}

// rootPlan returns the plan of what a root points to, and its address.
func (d *decoder) rootPlan(root any) (*plan, unsafe.Pointer) {
	f := (*eface)(unsafe.Pointer(&root))
	if f.typ != d.rootWord || f.data == nil {
		v, err := rootOf(root)
		if err != nil {
			panic(decodeError{err})
		}
		d.rootWord, d.rootType = f.typ, d.reg.plans.of(v.Type().Elem())
	}
	return d.rootType, f.data
}

// setRoots sets the roots to what has been read.
func (d *decoder) setRoots(roots []any) {
	for i := range d.roots {
		r := &d.roots[i]
		addr := (*eface)(unsafe.Pointer(&roots[i])).data
		if r.p.size == 8 && r.p.leaf && r.p.op < opString {
			*(*uint64)(addr) = *(*uint64)(r.source)
			continue
		}
		reflect.NewAt(r.p.typ, addr).Elem().Set(reflect.NewAt(r.p.typ, r.source).Elem())
	}
}

// finish sets what had to wait until everything was read.
func (d *decoder) finish() {
	d.checkBoxes()
	d.fixBoxes()
	if len(d.contexts) > 0 {
		d.makeContexts()
		d.fixBoxes() // they may hold cancel functions
	}
	d.finishMaps()
	d.fillChannels()
}

func (d *decoder) fixBoxes() {
	for _, f := range d.fixups {
		o := &d.objs[f.obj]
		reflect.NewAt(f.iface, f.dst).Elem().Set(reflect.NewAt(o.p.typ, o.mem).Elem())
	}
}

// checkBoxes refuses interface values that contain themselves, which no program
// can make and on which a comparison would not end.
func (d *decoder) checkBoxes() {
	if len(d.edges) == 0 {
		return
	}
	in := make([]int, len(d.objs))
	out := make([][]int, len(d.objs))
	for _, e := range d.edges {
		in[e[1]]++
		out[e[0]] = append(out[e[0]], e[1])
	}
	var free []int
	for i := range in {
		if in[i] == 0 {
			free = append(free, i)
		}
	}
	seen := 0
	for len(free) > 0 {
		i := free[len(free)-1]
		free = free[:len(free)-1]
		seen++
		for _, j := range out[i] {
			if in[j]--; in[j] == 0 {
				free = append(free, j)
			}
		}
	}
	if seen < len(in) {
		d.fail("an interface value contains itself")
	}
}

// safely runs f, which calls functions of reflect that may panic.
func safely(f func()) (err error) {
	defer func() {
		if x := recover(); x != nil {
			if d, ok := x.(decodeError); ok {
				err = d.err
				return
			}
			err = errors.New(fmt.Sprint(x))
		}
	}()
	f()
	return nil
}
