package runtime

import (
	"math/bits"
	"unsafe"
)

// addrIndex numbers what has an address, in the order in which it is added.
type addrIndex struct {
	entries []addrEntry
	// A slot has 32 bits of the hash above the number of an entry, from 1; 0 is free. There
	// is a power of two of them, and at least half are free.
	slots []uint64
	shift uint8
}

type addrEntry struct {
	addr uintptr
	n    int
	last int // mention
}

// reset forgets everything, and expects about as much as there was.
func (x *addrIndex) reset() {
	if len(x.entries) == 0 && len(x.slots) <= minSlots {
		return
	}
	x.resize(len(x.entries))
	x.entries = x.entries[:0]
}

const minSlots = 64

// resize makes room for n entries, and for as many again.
func (x *addrIndex) resize(n int) {
	k := max(minSlots, 1<<bits.Len(uint(2*n)))
	if k <= cap(x.slots) {
		x.slots = x.slots[:k]
		clear(x.slots)
	} else {
		x.slots = make([]uint64, k)
	}
	x.shift = uint8(64 - bits.TrailingZeros(uint(k)))
}

// large reports whether the index is worth more to the collector than to the next state.
func (x *addrIndex) large() bool { return cap(x.slots) > 1<<16 || cap(x.entries) > 1<<15 }

func hashAddr(addr uintptr, n int) uint64 {
	return (uint64(addr) ^ uint64(n)<<48) * 0x9e3779b97f4a7c15
}

// find returns the number of the entry of an address, or -1.
func (x *addrIndex) find(addr uintptr) int {
	if len(x.slots) == 0 {
		return -1
	}
	h := hashAddr(addr, 0)
	for i := h >> x.shift; ; i++ {
		s := x.slots[i&uint64(len(x.slots)-1)]
		if s == 0 {
			return -1
		}
		if uint32(s>>32) == uint32(h) {
			if k := int(uint32(s)) - 1; x.entries[k].addr == addr {
				return k
			}
		}
	}
}

// findN returns the number of the entry that has an address and a number n, or -1.
func (x *addrIndex) findN(addr uintptr, n int) int {
	if len(x.slots) == 0 {
		return -1
	}
	h := hashAddr(addr, n)
	for i := h >> x.shift; ; i++ {
		s := x.slots[i&uint64(len(x.slots)-1)]
		if s == 0 {
			return -1
		}
		if uint32(s>>32) == uint32(h) {
			if k := int(uint32(s)) - 1; x.entries[k].addr == addr && x.entries[k].n == n {
				return k
			}
		}
	}
}

// add adds an entry for find.
func (x *addrIndex) add(addr uintptr, n int) {
	x.entries = append(x.entries, addrEntry{addr, n, 0})
	if 2*len(x.entries) > len(x.slots) {
		x.resize(len(x.entries))
		for k := range x.entries {
			x.put(hashAddr(x.entries[k].addr, 0), k)
		}
		return
	}
	x.put(hashAddr(addr, 0), len(x.entries)-1)
}

// addN adds an entry for findN.
func (x *addrIndex) addN(addr uintptr, n, last int) {
	x.entries = append(x.entries, addrEntry{addr, n, last})
	if 2*len(x.entries) > len(x.slots) {
		x.resize(len(x.entries))
		for k := range x.entries {
			x.put(hashAddr(x.entries[k].addr, x.entries[k].n), k)
		}
		return
	}
	x.put(hashAddr(addr, n), len(x.entries)-1)
}

func (x *addrIndex) put(h uint64, k int) {
	i := h >> x.shift
	for x.slots[i&uint64(len(x.slots)-1)] != 0 {
		i++
	}
	x.slots[i&uint64(len(x.slots)-1)] = h<<32 | uint64(k+1)
}

// memoryIndex holds the objects of one pass by their addresses, and finds out whether any
// two overlap. It need not keep them in order, which is what makes it fast, and is laid
// out as memory is: what is together there is together here.
type memoryIndex struct {
	objects []indexedObject // by number
	pages   addrIndex       // in the order of covered
	covered []*[64]coveredPage
	page    uintptr // the last one
	cover   *coveredPage
	odd     addrIndex // objects that begin between two words; n is the number
}

type indexedObject struct {
	p    *plan
	n    int
	last int // mention
}

// Pages are small, since there may be no more than one object in each.
const (
	pageSize = 1024
	wordSize = 8
)

// coveredPage is what is known of a page.
type coveredPage struct {
	first [pageSize / wordSize]uint32 // 1 + the number of the object that begins at a word
	bytes [pageSize / 64]uint64       // a bit for each byte that belongs to an object
}

func (x *memoryIndex) reset() {
	clear(x.objects)
	x.objects, x.cover = x.objects[:0], nil
	x.pages.reset()
	x.odd.reset()
}

func (x *memoryIndex) large() bool {
	return cap(x.objects) > 1<<16 || len(x.covered) > 1<<7 || x.pages.large() || x.odd.large()
}

// find returns the number of the object that begins at an address, or -1.
func (x *memoryIndex) find(addr unsafe.Pointer) int {
	a := uintptr(addr)
	if a%wordSize != 0 {
		k := x.odd.find(a)
		if k >= 0 {
			k = x.odd.entries[k].n
		}
		return k
	}
	c := x.cover
	if page := a / pageSize; c == nil || x.page != page {
		k := x.pages.find(page)
		if k < 0 {
			return -1
		}
		c = &x.covered[k/64][k%64]
		x.page, x.cover = page, c
	}
	return int(c.first[a%pageSize/wordSize]) - 1
}

// add adds an object of which nothing else can be a part.
func (x *memoryIndex) add(addr unsafe.Pointer, p *plan, n, mention int) {
	a := uintptr(addr)
	if a%wordSize != 0 {
		x.odd.add(a, len(x.objects))
	} else {
		x.coverOf(a / pageSize).first[a%pageSize/wordSize] = uint32(len(x.objects)) + 1
	}
	x.objects = append(x.objects, indexedObject{p, n, mention})
}

// claim notes that size bytes belong to an object, and reports false if a part of them
// belongs to another one.
func (x *memoryIndex) claim(addr unsafe.Pointer, size uintptr) bool {
	lo := uintptr(addr)
	for hi := lo + size; lo < hi; {
		c := x.coverOf(lo / pageSize)
		for end := min(hi, (lo|(pageSize-1))+1); lo < end; {
			first := lo % 64
			n := min(64-first, end-lo)
			mask := ^uint64(0) >> (64 - n) << first
			w := &c.bytes[lo%pageSize/64]
			if *w&mask != 0 {
				return false
			}
			*w |= mask
			lo += n
		}
	}
	return true
}

func (x *memoryIndex) coverOf(page uintptr) *coveredPage {
	if x.cover != nil && x.page == page {
		return x.cover
	}
	k := x.pages.find(page)
	if k < 0 {
		k = len(x.pages.entries)
		x.pages.add(page, 0)
		if k/64 == len(x.covered) {
			x.covered = append(x.covered, new([64]coveredPage))
		}
		x.covered[k/64][k%64] = coveredPage{}
	}
	x.page, x.cover = page, &x.covered[k/64][k%64]
	return x.cover
}
