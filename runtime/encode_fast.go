package runtime

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"
)

// References in a pass that is the only one, where nothing is known of what is still to come.
// Most are to a whole object of the type that is told by that of the reference, and have ways of
// their own here.

// fastPointer writes the pointer of the type of p at ptr.
func (e *encoder) fastPointer(p *plan, ptr unsafe.Pointer) {
	addr, t := *(*unsafe.Pointer)(ptr), p.elem
	a := uintptr(addr)
	if a%wordSize != 0 || !t.plain || e.exact || a == 0 {
		e.pointer(addr, p, ptr)
		return
	}
	first := &e.cover(a).first[a%pageSize/wordSize]
	switch num := *first; num {
	case elsewhere:
		e.pointer(addr, p, ptr)
	case 0:
		*first = uint32(len(e.index.objects)) + 1
		e.mentions++
		e.numbered(t, 1)
		if !e.claim(addr, t.size) {
			panic(slowly{})
		}
		e.count++
		e.memory += t.size
		e.b = append(e.b, refNew)
		if e.nesting == maxNesting {
			e.later = append(e.later, content{p: t, addr: addr, n: 1})
			return
		}
		e.nesting++
		e.value(t, addr)
		e.nesting--
	default:
		if !e.index.objects[num-1].is(t) {
			e.object(addr, t, ptr)
			return
		}
		e.short(e.again(int(num-1)) + refKnown)
	}
}

// fastSlice writes the slice h of the type of p at ptr.
func (e *encoder) fastSlice(h *sliceHeader, p *plan, ptr unsafe.Pointer) {
	addr, t := h.data, p.elem
	a := uintptr(addr)
	if a%wordSize != 0 || t.flat != t || h.cap == 0 || t.size == 0 || a == 0 {
		e.slice(h, p, ptr)
		return
	}
	first := &e.cover(a).first[a%pageSize/wordSize]
	if *first != 0 {
		e.slice(h, p, ptr)
		return
	}
	*first = uint32(len(e.index.objects)) + 1
	e.mentions++
	e.numbered(t, h.cap)
	size := uintptr(h.cap) * t.size
	if !e.claim(addr, size) {
		panic(slowly{})
	}
	e.count++
	e.memory += size
	w := content{p: t, addr: addr, n: h.cap}
	if h.len == h.cap {
		e.b = append(e.b, refNew)
		e.uvarint(uint64(h.len))
	} else {
		w.trim = true
		e.b = append(e.b, refSpare)
		e.uvarint(uint64(h.len))
		e.uvarint(uint64(h.cap))
	}
	if e.nesting == maxNesting {
		e.later = append(e.later, w)
		return
	}
	e.nesting++
	if w.trim {
		e.trimmed(t, addr, h.cap)
	} else {
		e.elems(t, addr, h.cap)
	}
	e.nesting--
}

// short writes a number that has seldom more than 28 bits. How long it is differs from one to the
// next, and so does not matter.
func (e *encoder) short(v uint64) {
	n := len(e.b)
	if v >= 1<<28 || cap(e.b)-n < 4 {
		e.b = binary.AppendUvarint(slices.Grow(e.b, 4), v)
		return
	}
	x := uint32(v&0x7f | v<<1&0x7f00 | v<<2&0x7f0000 | v<<3&0x7f000000)
	k := (bits.Len32(uint32(v)|1) + 6) / 7
	binary.LittleEndian.PutUint32(e.b[n:n+4], x|0x808080&(1<<(8*(k-1)&31)-1))
	e.b = e.b[:n+k]
}
