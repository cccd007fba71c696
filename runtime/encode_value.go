package runtime

import (
	"encoding/binary"
	"reflect"
	"slices"
	"unsafe"
)

// elems writes n values of p.
func (e *encoder) elems(p *plan, addr unsafe.Pointer, n int) {
	switch {
	case p.size == 0:
	case p.op == opUint8 || p.op == opInt8:
		e.b = append(e.b, unsafe.Slice((*byte)(addr), n)...)
	case n == 1:
		e.value(p, addr)
	case p.op == opInt:
		e.ints(unsafe.Slice((*int)(addr), n))
	case p.op == opString:
		for _, s := range unsafe.Slice((*string)(addr), n) {
			e.string(s)
		}
	case p.op == opPointer && e.fast:
		e.b = e.fastPointers(e.b, p, unsafe.Slice((*unsafe.Pointer)(addr), n))
	default:
		for i := range n {
			e.value(p, unsafe.Add(addr, uintptr(i)*p.size))
		}
	}
}

func (e *encoder) ints(l []int) {
	b := slices.Grow(e.b, 2*len(l))
	for _, x := range l {
		switch v := uint64(x)<<1 ^ uint64(x>>63); {
		case v < 1<<7:
			b = append(b, byte(v))
		case v < 1<<14:
			b = append(b, byte(v)|0x80, byte(v>>7))
		default:
			b = binary.AppendUvarint(b, v)
		}
	}
	e.b = b
}

func (e *encoder) varint(v int64) {
	e.uvarint(uint64(v)<<1 ^ uint64(v>>63))
}

// value writes the value of p at ptr.
func (e *encoder) value(p *plan, ptr unsafe.Pointer) {
	if p.size == 0 {
		return
	}
	switch p.op {
	case opInt:
		e.varint(int64(*(*int)(ptr)))
	case opBool, opInt8, opUint8, opInt16, opInt32, opInt64, opUint, opUint16, opUint32, opUint64, opUintptr,
		opFloat32, opFloat64, opComplex64, opComplex128:
		e.b = appendBasic(e.b, p.op, ptr)
	case opString:
		e.string(*(*string)(ptr))
	case opStruct:
		if e.fast {
			e.b = e.structure(e.b, p, ptr)
			return
		}
		if p.check != nil && e.keep == nil {
			if why := p.check(ptr); why != "" {
				e.fail(ptr, p.typ, why)
			}
		}
		for i := range p.fields {
			e.value(p.fields[i].p, unsafe.Add(ptr, p.fields[i].off))
		}
	case opArray:
		e.elems(p.flat, ptr, p.flatN)
	case opPointer:
		if e.fast {
			e.b = e.fastPointer(e.b, p, ptr)
			return
		}
		e.pointer(*(*unsafe.Pointer)(ptr), p, ptr)
	case opSlice:
		if e.fast {
			e.b = e.fastSlice(e.b, p, ptr)
			return
		}
		e.slice((*sliceHeader)(ptr), p, ptr)
	case opMap:
		v := *(*unsafe.Pointer)(ptr)
		switch key, ok := e.namedRef(v, p.typ); {
		case v == nil:
			e.uvarint(refNil)
		case ok:
			e.uvarint(refNamed)
			e.uvarint(e.nameID(key))
		case e.keep != nil && e.kept(v, p.typ, ptr):
			e.holdWord(v, p.typ)
		default:
			e.mapRef(v, p)
		}
	case opInterface:
		e.iface(p, ptr)
	case opFunc:
		v := *(*unsafe.Pointer)(ptr)
		switch key, ok := e.namedRef(v, p.typ); {
		case v == nil:
			e.uvarint(refNil)
		case ok:
			e.uvarint(refNamed)
			e.uvarint(e.nameID(key))
		case e.keptFunc(v, p, ptr):
			e.holdWord(v, p.typ)
		default:
			e.record(p, ptr)
		}
	case opChan:
		e.channel(p, ptr)
	case opUnsafePointer:
		if w := *(*unsafe.Pointer)(ptr); w != nil {
			if e.fast {
				panic(slowly{})
			}
			// The first of two passes has seen to it.
			e.holdWord(w, p.typ)
			return
		}
		e.uvarint(refNil)
	case opNested:
		if e.keep == nil {
			e.writeNested(p, ptr)
			return
		}
		if !e.keep.Strict {
			e.b = append(e.b, 1)
			e.holdBits(ptr, p.typ)
			return
		}
		e.b = append(e.b, 0)
		e.writeNested(p, ptr)
	case opCodec:
		if e.keep == nil {
			e.codec(p, ptr)
			return
		}
		if e.keptCodec(p, ptr) {
			e.b = append(e.b, 1)
			e.holdBits(ptr, p.typ)
			return
		}
		e.b = append(e.b, 0)
		e.codec(p, ptr)
	case opEntries:
		e.writeEntries(p, ptr)
	case opZero:
		if allZero(unsafe.Slice((*byte)(ptr), p.size)) {
			e.b = append(e.b, 0)
			return
		}
		if e.keep == nil || e.keep.Strict {
			e.fail(ptr, p.typ, p.why)
		}
		e.b = append(e.b, 1)
		e.holdBits(ptr, p.typ)
	case opType:
		if t := (*typePointer)(ptr); t.p == nil {
			e.uvarint(typeNil)
		} else {
			e.describedType(t.typ(), p, ptr)
		}
	case opRecord:
		if p.of == nil {
			e.fail(ptr, p.typ, "the record that it belongs to is not registered")
		}
		e.b = append(e.b, 0)
	}
}

func (e *encoder) namedRef(w unsafe.Pointer, t reflect.Type) (nameKey, bool) {
	if w == nil {
		return nameKey{}, false
	}
	return e.namedWord(w, t)
}

func (e *encoder) codec(p *plan, ptr unsafe.Pointer) {
	b, why := p.codec.encode(e.scratch[:0], ptr)
	if why != "" {
		e.fail(ptr, p.typ, why)
	}
	e.scratch = b
	if p.codec.memory != nil {
		n, err := p.codec.memory(b)
		if err != nil {
			e.fail(ptr, p.typ, err.Error())
		}
		e.memory += n
	}
	e.uvarint(uint64(len(b)))
	e.b = append(e.b, b...)
}

// pointer writes a pointer of the type of p.
func (e *encoder) pointer(addr unsafe.Pointer, p *plan, ptr unsafe.Pointer) {
	if addr == nil {
		e.b = append(e.b, refNil)
		return
	}
	if key, ok := e.direct(addr, p); ok {
		e.whole(key)
		return
	}
	t := p.elem
	if t.size == 0 {
		if key, ok := e.boundZero(addr, t); ok {
			e.whole(key)
			return
		}
		e.uvarint(refNowhere)
		return
	}
	if n, ok := e.findName(addr, t, 1); ok {
		e.named(n, t, 1)
		return
	}
	if e.keep != nil && e.kept(addr, p.typ, ptr) {
		e.holdWord(addr, p.typ)
		return
	}
	e.object(addr, t, ptr)
}

// whole writes a reference to the whole of the memory that has the name.
func (e *encoder) whole(key nameKey) {
	e.uvarint(refNamed)
	e.uvarint(e.nameID(key))
	e.uvarint(0)
}

// named writes a reference into memory that has a name. The length of the path is
// written because the state does not describe the type of that memory.
func (e *encoder) named(n memoryName, t *plan, count int) {
	e.uvarint(refNamed)
	e.uvarint(e.nameID(n.key))
	e.steps, _ = findPath(e.steps[:0], n.p.flat, n.p.flatN, n.off, t, count)
	e.uvarint(uint64(len(e.steps)))
	for _, s := range e.steps {
		e.uvarint(s)
	}
}

// iface writes an interface value: the number of its dynamic type and the value.
func (e *encoder) iface(p *plan, ptr unsafe.Pointer) {
	x, q := e.dynamic(p, ptr)
	if x == nil {
		e.uvarint(typeNil)
		return
	}
	if key, ok := e.namedValue(x, q); ok {
		e.uvarint(typeNamed)
		e.uvarint(e.nameID(key))
		return
	}
	if q.typ == rtype {
		e.uvarint(typeReflectType)
		e.describedType(x.(reflect.Type), q, ptr)
		return
	}
	if e.keptValue(x, q) {
		e.holdInterface(x, p.typ)
		return
	}
	if e.fast {
		e.savable(q, q, ptr)
		if q.typ == derivedPointer {
			panic(slowly{}) // what kind it is turns out by what refers to it
		}
	}
	e.typeID(q, ptr)
	e.uvarint(e.typeNumber(q))
	if q.boxed && !e.inKey {
		e.box(x, q)
		return
	}
	old := e.at
	if old == nil {
		e.at = ptr
	}
	e.value(q, heldAt(ptr, x, q))
	e.at = old
}

// describedType writes the number of the type t, which is the value of p at ptr.
func (e *encoder) describedType(t reflect.Type, p *plan, ptr unsafe.Pointer) {
	q := e.reg.plans.of(t)
	if e.fast {
		e.savable(q, p, ptr)
	}
	e.typeID(q, ptr)
	e.uvarint(e.typeNumber(q))
}

func appendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }
