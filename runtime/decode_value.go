package runtime

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"unsafe"
)

// nowhere is what pointers to values of size zero point to.
var nowhere struct{}

func isState(err error) bool {
	return errors.Is(err, ErrInvalidState) || errors.Is(err, ErrIncompatibleState)
}

func (d *decoder) elems(p *plan, addr unsafe.Pointer, n int) {
	switch {
	case p.size == 0:
	case p.op == opUint8 || p.op == opInt8:
		copy(unsafe.Slice((*byte)(addr), n), d.bytes(n))
	case n == 1:
		d.value(p, addr)
	case p.op == opInt:
		d.ints(unsafe.Slice((*int)(addr), n))
	case p.op == opPointer && p.elem.plain:
		d.pointers(p, unsafe.Slice((*unsafe.Pointer)(addr), n))
	default:
		for i := range n {
			d.value(p, unsafe.Add(addr, uintptr(i)*p.size))
		}
	}
}

func (d *decoder) signed(limit int64) int64 {
	v := d.varint()
	if v > limit || v < -limit-1 {
		d.fail("number %d is too large for its type", v)
	}
	return v
}

func (d *decoder) unsigned(limit uint64) uint64 {
	v := d.uvarint()
	if v > limit {
		d.fail("number %d is too large for its type", v)
	}
	return v
}

// word reads an int.
func (d *decoder) word() int {
	u := d.number()
	v := int64(u>>1) ^ -int64(u&1)
	if int64(int(v)) != v {
		d.tooWide("int", v)
	}
	return int(v)
}

// tooWide refuses a number from a program with larger words.
func (d *decoder) tooWide(typ string, v any) {
	where := ""
	if d.site != nil {
		where = fmt.Sprintf("function %s, suspended at %s (site %d): %s has ", d.site.frame.name, d.site.pos, d.site.key, d.live.name)
	}
	d.incompatible("%sthe %s %d, which does not fit into the %d bits of this program: resume it where %[2]s has 64", where, typ, v, bits.UintSize)
}

func (d *decoder) float() float64 { return math.Float64frombits(bits.ReverseBytes64(d.uvarint())) }

func (d *decoder) float32() float32 {
	return math.Float32frombits(bits.ReverseBytes32(uint32(d.unsigned(math.MaxUint32))))
}

// value reads a value of p into the zero value at ptr.
func (d *decoder) value(p *plan, ptr unsafe.Pointer) {
	if p.size == 0 {
		return
	}
	switch p.op {
	case opBool:
		b := d.byte()
		if b > 1 {
			d.fail("a bool of %d", b)
		}
		*(*byte)(ptr) = b
	case opInt:
		*(*int)(ptr) = d.word()
	case opInt8, opUint8:
		*(*byte)(ptr) = d.byte()
	case opInt16:
		*(*int16)(ptr) = int16(d.signed(math.MaxInt16))
	case opInt32:
		*(*int32)(ptr) = int32(d.signed(math.MaxInt32))
	case opInt64:
		*(*int64)(ptr) = d.varint()
	case opUint:
		v := d.uvarint()
		if uint64(uint(v)) != v {
			d.tooWide("uint", v)
		}
		*(*uint)(ptr) = uint(v)
	case opUint16:
		*(*uint16)(ptr) = uint16(d.unsigned(math.MaxUint16))
	case opUint32:
		*(*uint32)(ptr) = uint32(d.unsigned(math.MaxUint32))
	case opUint64:
		*(*uint64)(ptr) = d.uvarint()
	case opUintptr:
		v := d.uvarint()
		if uint64(uintptr(v)) != v {
			d.tooWide("uintptr", v)
		}
		*(*uintptr)(ptr) = uintptr(v)
	case opFloat32:
		*(*float32)(ptr) = d.float32()
	case opFloat64:
		*(*float64)(ptr) = d.float()
	case opComplex64:
		re := d.float32()
		*(*complex64)(ptr) = complex(re, d.float32())
	case opComplex128:
		re := d.float()
		*(*complex128)(ptr) = complex(re, d.float())
	case opString:
		*(*string)(ptr) = d.string()
	case opStruct:
		d.structure(p, ptr)
	case opArray:
		d.elems(p.flat, ptr, p.flatN)
	case opPointer:
		*(*unsafe.Pointer)(ptr) = d.pointer(p)
	case opSlice:
		d.slice(p, (*sliceHeader)(ptr))
	case opMap:
		*(*unsafe.Pointer)(ptr) = d.mapRef(p)
	case opInterface:
		d.iface(p, ptr)
	case opFunc:
		d.funcRef(p, ptr)
	case opChan:
		*(*unsafe.Pointer)(ptr) = d.channel(p)
	case opUnsafePointer:
		*(*unsafe.Pointer)(ptr) = d.heldWord(p.typ)
	case opNested:
		if d.handles && d.byte() == 1 {
			d.heldBits(p.typ, ptr)
			return
		}
		d.nestedCoroutine(ptr)
	case opCodec:
		if d.handles && d.byte() == 1 {
			d.heldBits(p.typ, ptr)
			return
		}
		d.codec(p, ptr)
	case opEntries:
		d.readEntries(p, ptr)
	case opZero:
		if d.byte() != 0 {
			d.heldBits(p.typ, ptr)
		}
	case opRecord:
		if d.byte() != 0 || p.of == nil {
			d.fail("malformed record")
		}
		(*Record)(ptr).typ = p.of.t
	case opType:
		if id := d.uvarint(); id != typeNil {
			(*typePointer)(ptr).p = wordOf(d.resolve(id).typ)
		}
	default:
		d.fail("unknown type %v", p.typ)
	}
}

// codec reads a value that has been saved by its meaning.
func (d *decoder) codec(p *plan, ptr unsafe.Pointer) {
	b := d.str()
	var err error
	if p.codec.memory != nil {
		var n uintptr
		if n, err = p.codec.memory(b); err == nil {
			d.charge(1, n)
		}
	}
	if p.codec.zone != nil && d.searches < maxZoneSearches && findZone(p.codec.zone(b)) {
		d.searches++
	}
	if err == nil {
		err = p.codec.decode(b, ptr)
	}
	if err != nil {
		d.fail("a value of type %v: %w", p.typ, err)
	}
}

func (d *decoder) string() string {
	if b := d.b[d.i:]; len(b) > sharedString && len(d.chunk) >= sharedString {
		// One of few bytes, as most are, is copied with what is behind it, which is of no account.
		if n := int(b[0] >> 1); b[0]&1 == 0 && n > 0 && n < sharedString {
			d.i += 1 + n
			copy(d.chunk[:sharedString], b[1:1+sharedString])
			s := unsafe.String(unsafe.SliceData(d.chunk), n)
			d.chunk = d.chunk[n:]
			return s
		}
	}
	v := d.uvarint()
	if v&1 != 0 {
		num, ok := d.stringMentions.again(v>>1, len(d.strs))
		if !ok {
			d.fail("no string %d of %d", v>>1, len(d.strs))
		}
		return d.strs[num]
	}
	if v>>1 > uint64(len(d.b)-d.i) {
		d.fail("truncated")
	}
	b := d.bytes(int(v >> 1))
	if len(b) < sharedString {
		return d.short(b)
	}
	s := string(b)
	d.stringMentions.add(len(d.strs))
	d.strs = append(d.strs, s)
	return s
}

// Short strings share memory, up to so many bytes of it.
const stringChunk = 256

func (d *decoder) short(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) > len(d.chunk) {
		d.chunk = make([]byte, min(stringChunk, len(b)+len(d.b)-d.i))
	}
	n := copy(d.chunk, b)
	s := unsafe.String(&d.chunk[0], n)
	d.chunk = d.chunk[n:]
	return s
}

func (d *decoder) ints(l []int) {
	b := d.b
	i := d.i
	for k := range l {
		var u uint64
		switch {
		case i < len(b) && b[i] < 0x80:
			u = uint64(b[i])
			i++
		case i+1 < len(b) && b[i+1] < 0x80:
			u = uint64(b[i]&0x7f) | uint64(b[i+1])<<7
			i += 2
		default:
			d.i = i
			l[k] = d.word()
			i = d.i
			continue
		}
		l[k] = int(u>>1) ^ -int(u&1)
	}
	d.i = i
}

// walk follows a path to values of t, from n values of p at addr. It returns where
// they are and how many there are, counted in t.flat.
func (d *decoder) walk(p *plan, n int, addr unsafe.Pointer, t *plan) (unsafe.Pointer, int) {
	for {
		i := 0
		if n != 1 {
			d.steps++
			if i = d.int(); i >= n {
				d.fail("index %d of %d", i, n)
			}
			addr = unsafe.Add(addr, uintptr(i)*p.size)
		}
		if sameMemory(p, t.flat) {
			if t.flatN > n-i {
				d.fail("%d of %d values", t.flatN, n-i)
			}
			return addr, n - i
		}
		if p.op != opStruct {
			d.fail("a path to %v ends at %v", t.typ, p.typ)
		}
		k := d.int()
		if k >= len(p.fields) || p.fields[k].p.size == 0 {
			d.fail("no field %d in %v", k, p.typ)
		}
		d.steps++
		f := &p.fields[k]
		addr = unsafe.Add(addr, f.off)
		p, n = f.p.flat, f.p.flatN
	}
}

func (d *decoder) nameRef() *loadedName {
	k := d.uvarint()
	if k >= uint64(len(d.names)) {
		d.fail("no name %d", k)
	}
	return &d.names[k]
}

func (l *loadedName) value() any {
	switch l.kind {
	case nameBinding:
		return l.b.Value
	case nameCapture:
		return l.captured
	}
	return l.v.value()
}

// mismatch reports that what goes by a name is not what it was.
func (d *decoder) mismatch(l *loadedName, t reflect.Type) {
	d.incompatible("%s is no %v here", l.name, t)
}

// memory returns the memory that a name stands for.
func (d *decoder) memoryOf(l *loadedName, t *plan) (*plan, unsafe.Pointer) {
	if l.kind == nameAddress {
		return l.v.plan, l.v.addr
	}
	x := l.value()
	typ := reflect.TypeOf(x)
	if typ != nil && typ.Kind() == reflect.Func {
		p, record := d.reg.recordBehind(x)
		if record == nil {
			d.mismatch(l, t.typ)
		}
		return p, record
	}
	if typ == nil || typ.Kind() != reflect.Pointer || (*eface)(unsafe.Pointer(&x)).data == nil {
		d.mismatch(l, t.typ)
	}
	return d.reg.plans.of(typ.Elem()), (*eface)(unsafe.Pointer(&x)).data
}

func (d *decoder) namedMemory(t *plan) (unsafe.Pointer, int) {
	l := d.nameRef()
	p, addr := d.memoryOf(l, t)
	steps := d.int()
	if p.rec != nil && t.rec != nil && p != t && p.rec.name == t.rec.name && steps == 0 {
		return d.otherVersion(l, p, addr, t), 0
	}
	if p.size == 0 || t.size == 0 {
		if p != t || steps != 0 {
			d.mismatch(l, t.typ)
		}
		return addr, 0
	}
	d.steps = 0
	addr, room := d.walk(p.flat, p.flatN, addr, t)
	if d.steps != steps {
		d.incompatible("the way from %s to a %v differs", l.name, t.typ)
	}
	return addr, room
}

func (d *decoder) iface(p *plan, ptr unsafe.Pointer) {
	id := d.uvarint()
	switch id {
	case typeNil:
		return
	case typeNamed:
		if v := d.held(p.typ); v != nil {
			d.setIface(p, ptr, v.value)
			return
		}
		l := d.nameRef()
		x := l.value()
		if l.kind == nameAddress || x == nil || !reflect.TypeOf(x).AssignableTo(p.typ) {
			d.mismatch(l, p.typ)
		}
		if p.typ == contextType {
			d.namedContexts = append(d.namedContexts, ptr)
		}
		d.setIface(p, ptr, x)
		return
	case typeReflectType:
		t := d.resolve(d.uvarint()).typ
		if !rtype.AssignableTo(p.typ) {
			d.fail("a reflect.Type as %v", p.typ)
		}
		d.setIface(p, ptr, t)
		return
	}
	q := d.resolve(id)
	if q.typ == derivedPointer {
		d.contextRef(p, ptr)
		return
	}
	if q.op == opInterface || !d.implements(q, p) {
		d.fail("a %v as %v", q.typ, p.typ)
	}
	var x any
	f := (*eface)(unsafe.Pointer(&x))
	switch {
	case q.boxed && !d.inKey:
		k := d.boxRef(q)
		if q.direct {
			d.fixups = append(d.fixups, fixup{p.typ, ptr, k})
			return
		}
		*f = eface{q.word, d.objs[k].mem}
	case q.direct:
		var word unsafe.Pointer
		late := len(d.late)
		d.nested(q, unsafe.Pointer(&word))
		if len(d.late) > late && d.late[late].dst == unsafe.Pointer(&word) { // a cancel function
			d.late[late].dst, d.late[late].iface = ptr, p.typ
			return
		}
		*f = eface{q.word, word}
	default:
		mem := reflect.New(q.typ).UnsafePointer()
		d.nested(q, mem)
		*f = eface{q.word, mem}
	}
	d.setIface(p, ptr, x)
}

func (d *decoder) nested(q *plan, ptr unsafe.Pointer) {
	if d.depth++; d.depth > maxKeyDepth && !q.leaf {
		d.fail("interface values are nested too deeply for the key of a map")
	}
	d.value(q, ptr)
	d.depth--
}

func (d *decoder) implements(q, p *plan) bool {
	if p.empty {
		return true
	}
	key := [2]*plan{q, p}
	ok, known := d.impl[key]
	if !known {
		ok = q.typ.Implements(p.typ)
		if d.impl == nil {
			d.impl = map[[2]*plan]bool{}
		}
		d.impl[key] = ok
	}
	return ok
}

// setIface sets the interface variable at ptr to x, without copying what x holds.
func (d *decoder) setIface(p *plan, ptr unsafe.Pointer, x any) {
	if p.empty {
		*(*any)(ptr) = x
		return
	}
	reflect.NewAt(p.typ, ptr).Elem().Set(reflect.ValueOf(x))
}
