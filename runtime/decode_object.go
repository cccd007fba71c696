package runtime

import (
	"reflect"
	"unsafe"
)

// loadedObject is an object that has been mentioned. Its contents may not have been read
// yet.
type loadedObject struct {
	form form
	p    *plan
	n    int
	mem  unsafe.Pointer // what is read into
	addr unsafe.Pointer // what pointers to the object are set to
}

// keptObject is a loadedObject as it is kept: there may be very many. Those that have another
// addr than mem, or very many values, are odd.
type keptObject struct {
	mem  unsafe.Pointer
	kind keptKind
}

// keptKind is the number of a plan, 28 bits of how many values there are, and four of the form.
type keptKind uint64

const (
	formBits = 4
	maxKept  = 1<<28 - 1
	oddKind  = 1<<formBits - 1 // in place of a form
)

func keptAs(f form, p *plan, n int) keptKind {
	return keptKind(p.id)<<32 | keptKind(n)<<formBits | keptKind(f)
}

// object returns the object of a number.
func (d *decoder) object(num int) loadedObject {
	o := d.objs[num]
	f := form(o.kind & oddKind)
	if f == oddKind {
		return d.odd[num]
	}
	return loadedObject{f, d.reg.plans.numbered(uint32(o.kind >> 32)), int(uint32(o.kind) >> formBits), o.mem, o.mem}
}

// lateContent is the contents of an object that have been put off.
type lateContent struct {
	num  int
	trim bool
}

// add adds an object and returns its number.
func (d *decoder) add(o loadedObject) int {
	num := len(d.objs)
	if o.addr != o.mem || o.n > maxKept {
		if d.odd == nil {
			d.odd = map[int]loadedObject{}
		}
		d.odd[num] = o
		d.objs = append(d.objs, keptObject{o.mem, oddKind})
	} else {
		d.objs = append(d.objs, keptObject{o.mem, keptAs(o.form, o.p, o.n)})
	}
	d.mentions.add(num)
	if o.p.typ == derivedType {
		d.charge(1, contextMemory)
		if d.contexts == nil {
			d.contexts = map[int]*loadedContext{}
		}
		d.contexts[num] = new(loadedContext)
	}
	return num
}

// memory makes the object of n values of p, at most half of which are zeros that have
// been left out.
func (d *decoder) memory(p *plan, n int, trim bool) loadedObject {
	if n < 1 || p.size == 0 || p.op == opArray || p.op == opRecord || n != 1 && p.rec != nil || p.typ == derivedPointer || p.typ == derivedType && n != 1 {
		d.fail("an object of %d %v", n, p.typ)
	}
	come := n
	if trim {
		come -= n / 2
	}
	d.claim(come, p.min, p.size)
	d.charge(n-come, p.size)
	o := loadedObject{form: formSingle, p: p, n: n}
	if n == 1 {
		o.mem = reflect.New(p.typ).UnsafePointer()
		if p.rec != nil {
			(*Record)(o.mem).typ = p.rec.t
		}
	} else {
		o.form = formArray
		o.mem = d.array(p, n)
	}
	o.addr = o.mem
	return o
}

// elements makes the object of n values of t, which may be an array type.
func (d *decoder) elements(t *plan, n int, trim bool) loadedObject {
	come := n
	if trim {
		come -= n / 2
	}
	if left := len(d.b) - d.i; come > left/max(t.min, 1) {
		d.fail("%d things in %d bytes", come, left)
	}
	return d.memory(t.flat, n*t.flatN, trim)
}

// described makes an object of a type that is told.
func (d *decoder) described() loadedObject {
	v := d.uvarint()
	p, n := d.resolve(v>>1), 1
	if v&1 != 0 {
		n = d.int()
	}
	return d.memory(p, n, n != 1)
}

// mentions are the last ones of objects, or of strings.
type mentions struct {
	n    uint
	last [recent]int32
}

func (m *mentions) add(num int) {
	m.last[m.n%recent] = int32(num)
	m.n++
}

// again returns which of count things is mentioned again.
func (m *mentions) again(k uint64, count int) (num int, ok bool) {
	// Which way it is told differs from one to the next, and so is no branch.
	far := -(k & 1)
	k >>= 1
	near := uint64(m.last[(m.n-1-uint(k))%recent])
	if bound := uint64(min(m.n, recent)); k >= bound^(bound^uint64(count))&far {
		return 0, false
	}
	num = int(near ^ (near^k)&far)
	m.add(num)
	return num, true
}

// known returns the number of the object that a reference tells.
func (d *decoder) known(k uint64) int {
	num, ok := d.mentions.again(k, len(d.objs))
	if !ok {
		d.fail("no object %d of %d", k, len(d.objs))
	}
	return num
}

func (d *decoder) knownRegion(k uint64) loadedObject {
	return d.region(d.known(k))
}

func (d *decoder) region(num int) loadedObject {
	o := d.object(num)
	if o.form > formArray {
		d.fail("no memory")
	}
	return o
}

// content reads the contents of an object.
func (d *decoder) content(num int, trim bool) {
	if d.nesting == maxNesting {
		d.later = append(d.later, lateContent{num, trim})
		return
	}
	d.nesting++
	inKey, depth, box := d.inKey, d.depth, d.box
	d.inKey, d.depth, d.box = false, 0, 0
	o := d.object(num)
	switch {
	case o.form == formMap:
		d.mapContent(o)
	case o.form == formBoxed:
		d.box = num + 1
		d.value(o.p, o.mem)
	case trim:
		d.elems(o.p, o.mem, o.n-d.zeros(o.n))
	default:
		d.elems(o.p, o.mem, o.n)
	}
	d.inKey, d.depth, d.box = inKey, depth, box
	d.nesting--
}

// drain reads the contents that have been put off.
func (d *decoder) drain() {
	for i := 0; i < len(d.later); i++ {
		d.content(d.later[i].num, d.later[i].trim)
	}
	d.later = d.later[:0]
}

// array makes n zero values of p. To the collector all pointers are the same, and so are all
// slices, strings or interface values: what is known to the compiler is made without package
// reflect, which allocates the slice, too.
func (d *decoder) array(p *plan, n int) unsafe.Pointer {
	switch p.op {
	case opPointer, opMap, opFunc, opChan, opUnsafePointer:
		return unsafe.Pointer(unsafe.SliceData(make([]unsafe.Pointer, n)))
	case opString:
		return unsafe.Pointer(unsafe.SliceData(make([]string, n)))
	case opSlice:
		return unsafe.Pointer(unsafe.SliceData(make([]sliceHeader, n)))
	case opInterface:
		return unsafe.Pointer(unsafe.SliceData(make([]any, n)))
	case opUint8, opInt8, opBool:
		return unsafe.Pointer(unsafe.SliceData(make([]byte, n)))
	case opInt, opUint:
		return unsafe.Pointer(unsafe.SliceData(make([]int, n)))
	case opInt64, opUint64:
		return unsafe.Pointer(unsafe.SliceData(make([]int64, n)))
	case opFloat64:
		return unsafe.Pointer(unsafe.SliceData(make([]float64, n)))
	}
	return reflect.MakeSlice(p.slice, n, n).UnsafePointer()
}

func (d *decoder) pointer(p *plan) unsafe.Pointer {
	t := p.elem
	k := d.uvarint()
	switch k {
	case refNil:
		return nil
	case refNamed:
		if v := d.held(p.typ); v != nil {
			return v.word
		}
		addr, _ := d.namedMemory(t)
		return addr
	case refNowhere:
		if t.size != 0 {
			d.fail("a pointer of type %v to nothing", p.typ)
		}
		return unsafe.Pointer(&nowhere)
	}
	if t.size == 0 {
		d.fail("a pointer of type %v into memory", p.typ)
	}
	switch k {
	case refNew:
		if t.plain {
			return d.plain(t)
		}
		o := d.memory(t.flat, t.flatN, false)
		d.content(d.add(o), false)
		return o.addr
	case refDescribed:
		o := d.described()
		num := d.add(o)
		addr := d.within(o, t)
		d.content(num, o.n != 1)
		return addr
	}
	return d.within(d.knownRegion(k-refKnown), t)
}

// zeros reads how many of n elements have been left out.
func (d *decoder) zeros(n int) int {
	zeros := d.int()
	if zeros > n/2 {
		d.fail("%d zeros in an array of %d", zeros, n)
	}
	return zeros
}

// within reads the way to a value of t in an object.
func (d *decoder) within(o loadedObject, t *plan) unsafe.Pointer {
	if o.p == t.flat && o.n == t.flatN {
		return o.addr
	}
	addr, _ := d.walk(o.p, o.n, o.addr, t)
	return addr
}

func (d *decoder) slice(p *plan, h *sliceHeader) {
	t := p.elem
	if b := d.b[d.i:]; t.plain && len(b) > 3 && b[0] == refSpare && (b[1]|b[2])&0x80 == 0 && b[1] <= b[2] && b[2] > 1 {
		d.i += 3
		n, c := int(b[1]), int(b[2])
		*h = sliceHeader{d.plainArray(t, c, true), n, c}
		return
	}
	k := d.uvarint()
	switch {
	case k == refNil:
		return
	case k == refNowhere:
		h.data = unsafe.Pointer(&nowhere)
		h.len, h.cap = d.int(), d.int()
		if h.len > h.cap || h.cap > 0 && t.size != 0 {
			d.fail("a slice of %d and %d elements without memory", h.len, h.cap)
		}
		return
	case t.size == 0:
		d.fail("memory for a slice of type %v", p.typ)
	}
	var data unsafe.Pointer
	room, num, trim := 0, -1, false
	switch k {
	case refNamed:
		if v := d.held(p.typ); v != nil {
			*h = sliceHeader{v.word, v.len, v.cap}
			return
		}
		data, room = d.namedMemory(t)
	case refNew:
		n := d.int()
		if t.plain && n > 1 {
			*h = sliceHeader{d.plainArray(t, n, false), n, n}
			return
		}
		o := d.elements(t, n, false)
		*h = sliceHeader{o.addr, n, n}
		d.content(d.add(o), false)
		return
	case refSpare:
		n, c := d.int(), d.int()
		if n > c {
			d.fail("a slice of %d of %d elements", n, c)
		}
		if t.plain && c > 1 {
			*h = sliceHeader{d.plainArray(t, c, true), n, c}
			return
		}
		o := d.elements(t, c, true)
		*h = sliceHeader{o.addr, n, c}
		d.content(d.add(o), true)
		return
	case refDescribed:
		o := d.described()
		num, trim = d.add(o), o.n != 1
		data, room = d.walk(o.p, o.n, o.addr, t)
	default:
		k -= refKnownSlice
		o := d.knownRegion(k >> 1)
		if k&1 != 0 {
			if o.p != t.flat || o.n%t.flatN != 0 {
				d.fail("a slice of type %v over %d %v", p.typ, o.n, o.p.typ)
			}
			*h = sliceHeader{o.addr, o.n / t.flatN, o.n / t.flatN}
			return
		}
		data, room = d.walk(o.p, o.n, o.addr, t)
	}
	n, c := d.int(), d.int()
	if n > c || c == 0 || c > room || c*t.flatN > room {
		d.fail("a slice of %d and %d elements in %d", n, c, room)
	}
	*h = sliceHeader{data, n, c}
	if num >= 0 {
		d.content(num, trim)
	}
}

func (d *decoder) mapRef(p *plan) unsafe.Pointer {
	switch k := d.uvarint(); k {
	case refNil:
		return nil
	case refNamed:
		if v := d.held(p.typ); v != nil {
			return v.word
		}
		l := d.nameRef()
		x := l.value()
		if l.kind == nameAddress || reflect.TypeOf(x) != p.typ {
			d.mismatch(l, p.typ)
		}
		return (*eface)(unsafe.Pointer(&x)).data
	case refNew:
		n := d.int()
		if n > 1 && p.key.size == 0 {
			d.fail("%d keys of size zero", n)
		}
		d.claim(n, p.key.min+p.elem.min, p.key.size+p.elem.size)
		mem := reflect.MakeMapWithSize(p.typ, n).UnsafePointer()
		d.content(d.add(loadedObject{formMap, p, n, mem, mem}), false)
		return mem
	case refNowhere, refDescribed:
		d.fail("a map of type %v as %d", p.typ, k)
		return nil
	default:
		o := d.object(d.known(k - refKnown))
		if o.form != formMap || o.p != p && (o.p.key != p.key || o.p.elem != p.elem) {
			d.fail("a map of type %v as %v", o.p.typ, p.typ)
		}
		return o.mem
	}
}

func (d *decoder) funcRef(p *plan, ptr unsafe.Pointer) {
	var o loadedObject
	num, fresh := 0, false
	switch k := d.uvarint(); k {
	case refNil:
		return
	case refNamed:
		if v := d.held(p.typ); v != nil {
			*(*unsafe.Pointer)(ptr) = v.word
			return
		}
		l := d.nameRef()
		x := l.value()
		if l.kind == nameAddress || reflect.TypeOf(x) != p.typ {
			d.mismatch(l, p.typ)
		}
		*(*unsafe.Pointer)(ptr) = (*eface)(unsafe.Pointer(&x)).data
		return
	case refNowhere, refNew:
		d.fail("a func of type %v without record", p.typ)
	case refDescribed:
		o, fresh = d.described(), true
		num = d.add(o)
	default:
		num = d.known(k - refKnown)
		o = d.object(num)
	}
	switch {
	case o.p.typ == derivedType && o.form == formSingle:
		d.cancelRef(p, ptr, num)
	case o.p.rec == nil || o.form != formSingle:
		d.fail("%v is no record of %v", o.p.typ, p.typ)
	case !sameFunc(o.p.rec.fn, p.typ):
		old := d.reg.oldFunc(o.p.rec.name, p.typ)
		if old == nil {
			d.incompatible("func %s is a %v in the state, and a %v here", o.p.rec.name, p.typ, o.p.rec.fn)
		}
		old.bind(nil, ptr)
	default:
		o.p.rec.bind(o.addr, ptr)
	}
	if fresh {
		d.content(num, false)
	}
}

// boxRef reads a reference to a struct or array of q that an interface holds, and
// returns its number.
func (d *decoder) boxRef(q *plan) int {
	k := d.uvarint()
	if k < refKnown && k != refNew {
		d.fail("a value of type %v as %d", q.typ, k)
	}
	num := len(d.objs)
	if k != refNew {
		if num = d.known(k - refKnown); d.object(num).form != formBoxed || d.object(num).p != q {
			d.fail("no value of type %v", q.typ)
		}
	}
	if d.box > 0 {
		d.edges = append(d.edges, [2]int{d.box - 1, num})
	}
	if k == refNew {
		if q.rec != nil || q.typ == derivedType {
			d.fail("a boxed %v", q.typ)
		}
		d.claim(1, q.min, q.size)
		mem := reflect.New(q.typ).UnsafePointer()
		d.content(d.add(loadedObject{formBoxed, q, 1, mem, mem}), false)
	}
	return num
}
