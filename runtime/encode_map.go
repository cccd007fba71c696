package runtime

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"unsafe"
)

func (e *encoder) reachMap(v unsafe.Pointer, p *plan, ptr unsafe.Pointer) {
	if key, ok := e.namedWord(v, p.typ); ok {
		e.nameID(key)
		return
	}
	if e.keep != nil && e.kept(v, p.typ, ptr) {
		return
	}
	if o := e.maps[v]; o != nil {
		return
	}
	e.newMap(v, p, ptr)
}

func (e *encoder) newMap(v unsafe.Pointer, p *plan, ptr unsafe.Pointer) {
	o := e.newObject(formMap, p, v, ptr)
	if e.maps == nil {
		e.maps = map[unsafe.Pointer]*object{}
	}
	e.maps[v] = o
	o.n = mapLen(v)
	o.m = new(mapEntries)
	o.m.take(v, p, o.n)
	// Keys that hold references are put in order as late as possible, when most of
	// what they refer to has got its number in another way.
	if p.key.leaf {
		e.todoMaps = append(e.todoMaps, o)
	} else {
		e.deferred = append(e.deferred, o)
	}
}

// scanMap puts the entries in order and scans them.
func (e *encoder) scanMap(o *object) {
	m := o.m
	e.sortKeys(o)
	for i, k := range m.order {
		e.cur = place{obj: o, base: unsafe.Add(m.keys, uintptr(k)*o.p.key.size), entry: i + 1}
		e.inKey = true
		e.scan(o.p.key, e.cur.base)
		e.inKey = false
		if !o.p.elem.leaf {
			e.cur.base = unsafe.Add(m.values, uintptr(k)*o.p.elem.size)
			e.scan(o.p.elem, e.cur.base)
		}
	}
}

// mapLen returns the number of entries of the map v.
func mapLen(v unsafe.Pointer) int { return len(*(*map[int]int)(unsafe.Pointer(&v))) }

func (e *encoder) mapContent(o *object) {
	m := o.m
	if e.fast {
		key, elem := o.p.key, o.p.elem
		if key.op == opString && elem.op == opInt {
			e.counts(unsafe.Slice((*string)(m.keys), o.n), unsafe.Slice((*int)(m.values), o.n), m.order)
			e.freed(m, o.p)
			return
		}
		for _, k := range m.order {
			if key.op == opString {
				e.string(*(*string)(unsafe.Add(m.keys, uintptr(k)*key.size)))
			} else {
				e.value(key, unsafe.Add(m.keys, uintptr(k)*key.size)) // there are no references in it
			}
			e.value(elem, unsafe.Add(m.values, uintptr(k)*elem.size))
		}
		e.freed(m, o.p)
		return
	}
	for i, k := range m.order {
		e.cur = place{obj: o, base: unsafe.Add(m.keys, uintptr(k)*o.p.key.size), entry: i + 1}
		e.inKey = true
		e.value(o.p.key, e.cur.base)
		e.inKey = false
		e.cur.base = unsafe.Add(m.values, uintptr(k)*o.p.elem.size)
		e.value(o.p.elem, e.cur.base)
	}
}

// counts writes the entries of a map from strings to ints, of which there are many in the world.
func (e *encoder) counts(keys []string, values []int, order []int) {
	b := e.b
	for _, k := range order {
		s := keys[k]
		b = slices.Grow(b, sharedString+1+binary.MaxVarintLen64)
		switch n := len(b); {
		case len(s) >= sharedString:
			e.b = b
			e.string(s)
			b = e.b
		case len(s) >= 8: // the halves overlap
			data := unsafe.Slice(unsafe.StringData(s), len(s))
			b = b[:n+1+len(s)]
			b[n] = byte(len(s) << 1)
			binary.LittleEndian.PutUint64(b[n+1:], binary.LittleEndian.Uint64(data))
			binary.LittleEndian.PutUint64(b[len(b)-8:], binary.LittleEndian.Uint64(data[len(data)-8:]))
		default:
			b = append(append(b, byte(len(s)<<1)), s...)
		}
		switch v := uint64(values[k])<<1 ^ uint64(values[k]>>63); {
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

func (e *encoder) sortKeys(o *object) {
	m, p := o.m, o.p.key
	at := func(i int) unsafe.Pointer { return unsafe.Add(m.keys, uintptr(i)*p.size) }
	switch p.op {
	case opString:
		e.orderStrings(unsafe.Slice((*string)(m.keys), o.n), m.order)
	case opInt:
		e.orderInts(unsafe.Slice((*int)(m.keys), o.n), m.order)
	default:
		for i := range m.order {
			m.order[i] = i
		}
		e.cur = place{obj: o}
		keys := make([][]byte, o.n)
		for i := range keys {
			keys[i] = e.sortKey(nil, p, at(i))
		}
		if p.hashes || !p.leaf || p.op == opFloat64 || p.op == opFloat32 {
			// NaNs, and pointers that look alike, may have the same key: their values decide.
			for i := range keys {
				keys[i] = e.sortKey(keys[i], o.p.elem, unsafe.Add(m.values, uintptr(i)*o.p.elem.size))
			}
		}
		slices.SortStableFunc(m.order, func(a, b int) int { return bytes.Compare(keys[a], keys[b]) })
	}
}

// sortKey appends bytes by which values of p are ordered, the same ones wherever
// the values are in memory.
func (e *encoder) sortKey(b []byte, p *plan, ptr unsafe.Pointer) []byte {
	if p.size == 0 {
		return b
	}
	switch p.op {
	case opBool, opUint8:
		return append(b, *(*byte)(ptr))
	case opInt, opInt8, opInt16, opInt32, opInt64:
		return appendUint64(b, uint64(reflect.NewAt(p.typ, ptr).Elem().Int())^1<<63)
	case opUint, opUint16, opUint32, opUint64, opUintptr:
		return appendUint64(b, reflect.NewAt(p.typ, ptr).Elem().Uint())
	case opFloat32, opFloat64:
		return sortFloat(b, reflect.NewAt(p.typ, ptr).Elem().Float())
	case opComplex64, opComplex128:
		v := reflect.NewAt(p.typ, ptr).Elem().Complex()
		return sortFloat(sortFloat(b, real(v)), imag(v))
	case opString:
		s := *(*string)(ptr)
		return append(appendUint64(b, uint64(len(s))), s...)
	case opStruct:
		for i := range p.fields {
			b = e.sortKey(b, p.fields[i].p, unsafe.Add(ptr, p.fields[i].off))
		}
		return b
	case opArray:
		for i := range p.flatN {
			b = e.sortKey(b, p.flat, unsafe.Add(ptr, uintptr(i)*p.flat.size))
		}
		return b
	case opCodec:
		n := len(b)
		b, _ = p.codec.encode(appendUint64(b, 0), ptr)
		copy(b[n:n+8], appendUint64(nil, uint64(len(b)-n-8)))
		return b
	case opInterface:
		x, q := e.dynamic(p, ptr)
		if x == nil {
			return append(b, 0)
		}
		if key, ok := e.namedValue(x, q); ok {
			return append(append(b, 1), e.rawName(key)...)
		}
		b = append(b, 2)
		if q.typ == rtype {
			return append(b, x.(reflect.Type).String()...)
		}
		b = append(append(b, q.typ.PkgPath()...), q.typ.String()...)
		if e.depth < maxKeyDepth { // of values, which may be deeper than keys, that part decides
			e.depth++
			b = e.sortKey(b, q, held(x, q))
			e.depth--
		}
		return b
	case opPointer:
		v := *(*unsafe.Pointer)(ptr)
		if v == nil || p.elem.size == 0 {
			return append(b, 0)
		}
		if n, ok := e.findName(v, p.elem, 1); ok {
			return appendUint64(append(append(b, 1), e.rawName(n.key)...), uint64(n.off))
		}
		if o := e.regions.find(v); o != nil {
			b = appendUint64(append(b, 2), uint64(o.seq))
			return appendUint64(b, uint64(uintptr(v)-uintptr(o.addr)))
		}
		if p.elem.leaf {
			return e.sortKey(append(b, 3), p.elem, v)
		}
		return append(b, 4)
	default:
		return b
	}
}

func (e *encoder) rawName(k nameKey) string { return e.nameText(k) + "\x00" }

func sortFloat(b []byte, v float64) []byte {
	u := math.Float64bits(v)
	if u>>63 != 0 {
		u = ^u
	} else {
		u |= 1 << 63
	}
	return appendUint64(b, u)
}
