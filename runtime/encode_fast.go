package runtime

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// References in a pass that is the only one, where nothing is known of what is still to come.
// Most are to a whole object of the type that is told by that of the reference, and have ways of
// their own here. They append to b instead of to what the encoder has, and return it.

// structure writes the fields of the struct of p at ptr.
func (e *encoder) structure(b []byte, p *plan, ptr unsafe.Pointer) []byte {
	if p.check != nil {
		if why := p.check(ptr); why != "" {
			e.fail(ptr, p.typ, why)
		}
	}
	for i := range p.fields {
		f := &p.fields[i]
		switch at := unsafe.Add(ptr, f.off); f.p.op {
		case opInt:
			x := int64(*(*int)(at))
			b = appendShort(b, uint64(x)<<1^uint64(x>>63))
		case opString:
			s := *(*string)(at)
			if len(s) < sharedString {
				b = append(b, byte(len(s))<<1)
				b = append(b, s...)
				continue
			}
			e.b = b
			e.string(s)
			b = e.b
		case opPointer:
			b = e.fastPointer(b, f.p, at)
		case opSlice:
			b = e.fastSlice(b, f.p, at)
		default:
			e.b = b
			e.value(f.p, at)
			b = e.b
		}
	}
	return b
}

// fastPointers writes pointers of the type of p.
func (e *encoder) fastPointers(b []byte, p *plan, ptrs []unsafe.Pointer) []byte {
	t := p.elem
	if !t.plain {
		e.b = b
		for i := range ptrs {
			e.pointer(ptrs[i], p, unsafe.Pointer(&ptrs[i]))
		}
		return e.b
	}
	// What is known of several is looked for at once, so that memory need not be waited for each time.
	var pages [8]*coveredPage
	for len(ptrs) > 0 {
		n := min(len(ptrs), len(pages))
		for i, addr := range ptrs[:n] {
			key := pageKey(uintptr(addr))
			if s := &e.index.slots[e.index.hash(key)]; s.key == key {
				pages[i] = s.cover
			} else {
				pages[i] = e.pageNext(uintptr(addr))
			}
		}
		for i, c := range pages[:n] {
			num := *c.begins(uintptr(ptrs[i])) - 1
			if uint64(num) < uint64(len(e.index.objects)) {
				if o := &e.index.objects[num]; o.is(t) {
					b = appendShort(b, e.again(o, num))
					continue
				}
			}
			b = e.newPointer(b, num, c, p, unsafe.Pointer(&ptrs[i]))
		}
		ptrs = ptrs[n:]
	}
	return b
}

// fastPointer writes the pointer of the type of p at ptr.
func (e *encoder) fastPointer(b []byte, p *plan, ptr unsafe.Pointer) []byte {
	addr, t := *(*unsafe.Pointer)(ptr), p.elem
	if addr == nil {
		return append(b, refNil)
	}
	if !t.plain || e.exact {
		e.b = b
		e.pointer(addr, p, ptr)
		return e.b
	}
	c := e.page(uintptr(addr))
	num := *c.begins(uintptr(addr)) - 1
	if uint64(num) < uint64(len(e.index.objects)) {
		if o := &e.index.objects[num]; o.is(t) {
			return appendShort(b, e.again(o, num))
		}
	}
	return e.newPointer(b, num, c, p, ptr)
}

// again counts another mention of the object o of the number num, and returns the reference.
func (e *encoder) again(o *seenObject, num uint32) uint64 {
	since := uint32(e.mentions) - o.last
	e.mentions++
	o.last = uint32(e.mentions)
	v := uint64(num)<<1 | 1
	if since < recent {
		v = uint64(since) << 1
	}
	return v + refKnown
}

// newPointer writes the pointer at ptr, of the type of p and into the page c, which is to a plain
// object that has not been mentioned, and the number of which is none, or to something else.
func (e *encoder) newPointer(b []byte, num uint32, c *coveredPage, p *plan, ptr unsafe.Pointer) []byte {
	addr := *(*unsafe.Pointer)(ptr)
	if num+1 != 0 {
		e.b = b
		e.pointer(addr, p, ptr)
		return e.b
	}
	t := p.elem
	e.fastFresh(c, uintptr(addr), t, 1)
	b = append(b, refNew)
	if e.nesting == maxNesting {
		e.later = append(e.later, content{p: t, addr: addr, n: 1})
		return b
	}
	e.nesting++
	if t.op == opStruct {
		b = e.structure(b, t, addr)
	} else {
		e.b = b
		e.value(t, addr)
		b = e.b
	}
	e.nesting--
	return b
}

// fastFresh counts an object in the page c that is mentioned for the first time.
func (e *encoder) fastFresh(c *coveredPage, addr uintptr, t *plan, n int) {
	*c.begins(addr) = uint32(len(e.index.objects)) + 1
	e.mentions++
	e.numbered(t, n)
	size := uintptr(n) * t.size
	// Most are less than half of a page, and in one half.
	if w, words := addr%pageSize/wordSize, size/wordSize; size%wordSize == 0 && w%64+words < 64 {
		mask := (uint64(1)<<(words&63) - 1) << (w % 64)
		taken := &c.taken[w/64]
		if *taken&mask != 0 {
			panic(slowly{})
		}
		*taken |= mask
	} else if !e.claimIn(c, addr, size) {
		panic(slowly{})
	}
	e.count++
	e.memory += size
}

// fastSlice writes the slice of the type of p at ptr.
func (e *encoder) fastSlice(b []byte, p *plan, ptr unsafe.Pointer) []byte {
	h, t := (*sliceHeader)(ptr), p.elem
	if h.data == nil {
		return append(b, refNil)
	}
	addr := uintptr(h.data)
	var c *coveredPage
	if t.flat == t && h.cap > 0 && t.size > 0 {
		c = e.page(addr)
	}
	if c == nil || *c.begins(addr) != 0 {
		e.b = b
		e.slice(h, p, ptr)
		return e.b
	}
	e.fastFresh(c, addr, t, h.cap)
	trim := h.len != h.cap
	if trim {
		b = append(b, refSpare)
		b = appendUvarint(b, uint64(h.len))
		b = appendUvarint(b, uint64(h.cap))
	} else {
		b = append(b, refNew)
		b = appendUvarint(b, uint64(h.len))
	}
	if e.nesting == maxNesting {
		e.later = append(e.later, content{p: t, addr: h.data, n: h.cap, trim: trim})
		return b
	}
	n := h.cap
	if trim {
		zeros := trailing(t, h.data, n)
		b = appendUvarint(b, uint64(zeros))
		n -= zeros
	}
	e.nesting++
	if t.op == opPointer && n > 1 {
		b = e.fastPointers(b, t, unsafe.Slice((*unsafe.Pointer)(h.data), n))
	} else {
		e.b = b
		e.elems(t, h.data, n)
		b = e.b
	}
	e.nesting--
	return b
}

// appendShort appends a number that has seldom more than 28 bits. How long it is differs from one
// to the next, and so does not matter.
func appendShort(b []byte, v uint64) []byte {
	n := len(b)
	if v >= 1<<28 || cap(b)-n < 4 {
		return binary.AppendUvarint(b, v)
	}
	x := uint32(v&0x7f | v<<1&0x7f00 | v<<2&0x7f0000 | v<<3&0x7f000000)
	k := uint(bits.Len32(uint32(v)|1)*9+64) / 64
	binary.LittleEndian.PutUint32(b[n:n+4], x|0x808080&(1<<(8*(k-1)&31)-1))
	return b[:n+int(k)]
}
