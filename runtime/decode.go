package runtime

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"reflect"
	goruntime "runtime"
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
	odd    map[int]loadedObject // those that objs cannot tell
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
	room     uintptr       // what may still be allocated
	composed int           // lengths of array types that have been made
	named    int           // lengths of what the parts of composed types are called
	steps    int           // taken by walk
	searches int           // for time zones
	inKey    bool
	depth    int
	box      int // the boxed object that is being read, plus one
	impl     map[[2]*plan]bool
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
	d.room = uintptr(allocFree + allocPerByte*d.length)
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
	if left := len(d.b) - d.i; size > 0 && !fits(uint64(n), uint64(size), uint64(left)) {
		d.fail("%d things in %d bytes", n, left)
	}
	d.charge(n, memory)
}

// fits reports whether n things of a size fit into room. It does not divide, which takes long.
func fits(n, size, room uint64) bool {
	hi, lo := bits.Mul64(n, size)
	return hi == 0 && lo <= room
}

func (d *decoder) charge(n int, size uintptr) {
	if !fits(uint64(n), uint64(size), uint64(d.room)) {
		if d.handles {
			return // it comes from this process
		}
		d.fail("it would allocate out of proportion to its size")
	}
	d.room -= uintptr(n) * size
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
		o := d.object(f.obj)
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
