package runtime

import (
	"encoding/binary"
	"math/bits"
	"reflect"
	"unsafe"
)

// Most objects are plain: one value, or an array, of a type that needs nothing else. They, and
// the references to them, have ways of their own here.

// pointers reads pointers of the type of p, which are to plain values.
func (d *decoder) pointers(p *plan, ptrs []unsafe.Pointer) {
	t := p.elem
	single := keptAs(formSingle, t, 1)
	for i := range ptrs {
		start := d.i
		switch k := d.number(); {
		case k >= refKnown:
			num, ok := d.mentions.again(k-refKnown, len(d.objs))
			if !ok {
				d.fail("no object %d of %d", k-refKnown, len(d.objs))
			}
			if o := &d.objs[num]; o.kind == single {
				ptrs[i] = o.mem
				continue
			}
			ptrs[i] = d.within(d.region(num), t)
		case k == refNew:
			ptrs[i] = d.plain(t)
		default:
			d.i = start
			ptrs[i] = d.pointer(p)
		}
	}
}

// plain reads a new variable of t.
func (d *decoder) plain(t *plan) unsafe.Pointer {
	if t.min > len(d.b)-d.i {
		d.fail("truncated")
	}
	if t.size > d.room {
		d.charge(1, t.size)
	} else {
		d.room -= t.size
	}
	p := reflect.New(t.typ).UnsafePointer()
	num := len(d.objs)
	d.mentions.add(num)
	d.objs = append(d.objs, keptObject{p, keptAs(formSingle, t, 1)})
	switch {
	case d.nesting == maxNesting:
		d.later = append(d.later, lateContent{num, false})
	case d.inKey || d.depth|d.box != 0:
		d.apart(t, p, 1)
	case t.op == opStruct:
		d.nesting++
		d.structure(t, p)
		d.nesting--
	default:
		d.nesting++
		d.value(t, p)
		d.nesting--
	}
	return p
}

// plainArray reads a new array of n values of t, of which there are several.
func (d *decoder) plainArray(t *plan, n int, trim bool) unsafe.Pointer {
	come := n
	if trim {
		come -= n / 2
	}
	d.claim(come, t.min, t.size)
	d.charge(n-come, t.size)
	p := d.array(t, n)
	num := len(d.objs)
	if n > maxKept {
		d.add(loadedObject{formArray, t, n, p, p})
	} else {
		d.mentions.add(num)
		d.objs = append(d.objs, keptObject{p, keptAs(formArray, t, n)})
	}
	if d.nesting == maxNesting {
		d.later = append(d.later, lateContent{num, trim})
		return p
	}
	if trim {
		n -= d.zeros(n)
	}
	if d.inKey || d.depth|d.box != 0 {
		d.apart(t, p, n)
		return p
	}
	d.nesting++
	if n > 1 && t.op == opPointer && t.elem.plain {
		d.pointers(t, unsafe.Slice((*unsafe.Pointer)(p), n))
	} else {
		d.elems(t, p, n)
	}
	d.nesting--
	return p
}

// apart reads the contents of a new object of n values of t, where something is known of what
// mentions it that does not hold for them.
func (d *decoder) apart(t *plan, p unsafe.Pointer, n int) {
	d.nesting++
	inKey, depth, box := d.inKey, d.depth, d.box
	d.inKey, d.depth, d.box = false, 0, 0
	d.elems(t, p, n)
	d.inKey, d.depth, d.box = inKey, depth, box
	d.nesting--
}

// number is uvarint for a number that has seldom more than 28 bits. How long it is differs from one
// to the next, and so does not matter.
func (d *decoder) number() uint64 {
	i := d.i
	if uint(i) >= uint(len(d.b)) || len(d.b)-i < 4 {
		return d.uvarint()
	}
	x := binary.LittleEndian.Uint32(d.b[i:])
	end := ^x & 0x80808080
	if end == 0 {
		return d.longUvarint()
	}
	d.i = i + bits.TrailingZeros32(end)/8 + 1
	x &= (end ^ (end - 1)) & 0x7f7f7f7f
	return uint64(x&0x7f | x>>1&0x3f80 | x>>2&0x1fc000 | x>>3&0xfe00000)
}

// structure reads the fields of the struct of p at ptr.
func (d *decoder) structure(p *plan, ptr unsafe.Pointer) {
	for i := range p.fields {
		f := &p.fields[i]
		switch at := unsafe.Add(ptr, f.off); f.p.op {
		case opInt:
			*(*int)(at) = d.word()
		case opString:
			*(*string)(at) = d.string()
		case opPointer:
			*(*unsafe.Pointer)(at) = d.pointer(f.p)
		case opSlice:
			d.slice(f.p, (*sliceHeader)(at))
		default:
			d.value(f.p, at)
		}
	}
}
