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

// fastPointers writes pointers of the type of p.
func (e *encoder) fastPointers(p *plan, ptrs []unsafe.Pointer) {
	t := p.elem
	if !t.plain {
		for i := range ptrs {
			e.pointer(ptrs[i], p, unsafe.Pointer(&ptrs[i]))
		}
		return
	}
	// What is known of several is looked for at once, so that memory need not be waited for each time.
	var firsts [8]*uint32
	for len(ptrs) > 0 {
		n := min(len(ptrs), len(firsts))
		for i, addr := range ptrs[:n] {
			a := uintptr(addr)
			if s := &e.index.slots[e.index.hash(keyOf(a))]; s.key == keyOf(a) && a%wordSize == 0 {
				firsts[i] = &s.cover.first[a%pageSize/wordSize]
			} else if a == 0 {
				firsts[i] = &nobody
			} else {
				firsts[i] = e.first(a)
			}
		}
		for i, first := range firsts[:n] {
			if num := *first - 1; uint64(num) < uint64(len(e.index.objects)) {
				if o := &e.index.objects[num]; o.is(t) {
					e.again(o, num)
					continue
				}
			}
			e.newPointer(first, ptrs[i], p, unsafe.Pointer(&ptrs[i]))
		}
		ptrs = ptrs[n:]
	}
}

// nobody is what the index knows of pointers that are none of its.
var nobody uint32 = elsewhere

// first returns where the index tells what begins at an address, which is not 0.
func (e *encoder) first(a uintptr) *uint32 {
	if a%wordSize != 0 {
		return &nobody
	}
	return &e.cover(a).first[a%pageSize/wordSize]
}

// fastPointer writes the pointer of the type of p at ptr.
func (e *encoder) fastPointer(p *plan, ptr unsafe.Pointer) {
	addr, t := *(*unsafe.Pointer)(ptr), p.elem
	if addr == nil {
		e.b = append(e.b, refNil)
		return
	}
	if !t.plain || e.exact {
		e.pointer(addr, p, ptr)
		return
	}
	first := e.first(uintptr(addr))
	if num := *first - 1; uint64(num) < uint64(len(e.index.objects)) {
		if o := &e.index.objects[num]; o.is(t) {
			e.again(o, num)
			return
		}
	}
	e.newPointer(first, addr, p, ptr)
}

// again writes a pointer to the object o of the number num.
func (e *encoder) again(o *seenObject, num uint32) {
	since := uint32(e.mentions) - o.last
	e.mentions++
	o.last = uint32(e.mentions)
	v := uint64(num)<<1 | 1
	if since < recent {
		v = uint64(since) << 1
	}
	e.short(v + refKnown)
}

// newPointer writes the pointer at ptr, to addr, of the type of p, which is to a plain one that has
// not been mentioned, or to something else.
func (e *encoder) newPointer(first *uint32, addr unsafe.Pointer, p *plan, ptr unsafe.Pointer) {
	if *first != 0 {
		e.pointer(addr, p, ptr)
		return
	}
	t := p.elem
	e.fastFresh(first, addr, t, 1)
	e.b = append(e.b, refNew)
	if e.nesting == maxNesting {
		e.later = append(e.later, content{p: t, addr: addr, n: 1})
		return
	}
	e.nesting++
	e.value(t, addr)
	e.nesting--
}

// fastFresh counts an object that is mentioned for the first time, at a place that first tells.
func (e *encoder) fastFresh(first *uint32, addr unsafe.Pointer, t *plan, n int) {
	*first = uint32(len(e.index.objects)) + 1
	e.mentions++
	e.numbered(t, n)
	size := uintptr(n) * t.size
	if !e.claim(addr, size) {
		panic(slowly{})
	}
	e.count++
	e.memory += size
}

// fastSlice writes the slice h of the type of p at ptr.
func (e *encoder) fastSlice(h *sliceHeader, p *plan, ptr unsafe.Pointer) {
	addr, t := h.data, p.elem
	if t.flat != t || h.cap == 0 || t.size == 0 {
		e.slice(h, p, ptr)
		return
	}
	first := e.first(uintptr(addr))
	if *first != 0 {
		e.slice(h, p, ptr)
		return
	}
	e.fastFresh(first, addr, t, h.cap)
	trim := h.len != h.cap
	if trim {
		e.b = append(e.b, refSpare)
		e.uvarint(uint64(h.len))
		e.uvarint(uint64(h.cap))
	} else {
		e.b = append(e.b, refNew)
		e.uvarint(uint64(h.len))
	}
	if e.nesting == maxNesting {
		e.later = append(e.later, content{p: t, addr: addr, n: h.cap, trim: trim})
		return
	}
	e.nesting++
	if trim {
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
