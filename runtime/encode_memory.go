package runtime

import (
	"math"
	"math/bits"
	"slices"
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
	objects []seenObject // by number
	// A power of two of slots, at least half of which are free.
	slots   []pageSlot
	shift   uint8
	pages   int
	covered []*[64]coveredPage // room for pages, the first of which are in use
	odd     addrIndex          // objects that first does not tell; n is the number
}

// seenObject is an object that has been mentioned. It is small, since those that are mentioned all
// over a graph are looked at in any order.
type seenObject struct {
	tag  uint32 // tagOf its type, one less if it is not one value
	n    uint32 // how many values it is; a map is none
	last uint32 // mention
}

// tagOf tells a type in a seenObject.
func tagOf(p *plan) uint32 { return uint32(p.id)<<1 | 1 }

// Pages are small, since there may be no more than one object in each.
const (
	pageSize  = 1024
	wordSize  = 8
	pageWords = pageSize / wordSize
)

type pageSlot struct {
	key   uint64 // keyOf the page, or 0
	cover *coveredPage
}

// coveredPage is what is known of a page.
type coveredPage struct {
	first [pageWords]uint32      // 1 + the number of the object that begins at a word, or elsewhere
	taken [pageWords / 64]uint64 // a bit for each word of which something belongs to an object
	some  [pageWords / 64]uint64 // and for each one of which not all does
	bytes [pageWords]uint8       // a bit for each byte that does, in the latter
}

// elsewhere stands for objects that odd tells: in pages that have something with a name, so that
// nothing else need be asked of pointers into other pages.
const elsewhere = 1<<32 - 1

func (x *memoryIndex) reset() {
	x.objects = x.objects[:0]
	x.resize(x.pages)
	x.pages = 0
	x.odd.reset()
}

func (x *memoryIndex) large() bool {
	return cap(x.objects) > 1<<16 || len(x.covered) > 1<<7 || x.odd.large()
}

// resize makes room for n pages, and for three times as many: most are in their first slot.
func (x *memoryIndex) resize(n int) {
	k := max(minSlots, 1<<bits.Len(uint(4*n)))
	if k <= cap(x.slots) {
		x.slots = x.slots[:k]
		clear(x.slots)
	} else {
		x.slots = make([]pageSlot, k)
	}
	x.shift = uint8(64 - bits.TrailingZeros(uint(k)))
}

// keyOf returns what the page that an address is in goes by. It is never 0.
func keyOf(a uintptr) uint64 { return uint64(a)/pageSize + 1 }

func (x *memoryIndex) hash(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> (x.shift & 63) }

func (x *memoryIndex) slot(key uint64) *pageSlot {
	for i := x.hash(key); ; i++ {
		s := &x.slots[i&uint64(len(x.slots)-1)]
		if s.key == key || s.key == 0 {
			return s
		}
	}
}

// page is cover for an address that may be 0, or that of no word: nothing is known of it.
func (e *encoder) page(a uintptr) *coveredPage {
	key := pageKey(a)
	if s := &e.index.slots[e.index.hash(key)]; s.key == key {
		return s.cover
	}
	return e.pageNext(a)
}

// pageKey returns what no slot has unless the address is one of a word.
func pageKey(a uintptr) uint64 { return keyOf(a) | uint64(a)<<61 }

// pageNext is page for one that is not in its first slot.
func (e *encoder) pageNext(a uintptr) *coveredPage {
	if a == 0 || a%wordSize != 0 {
		return &nobody
	}
	return e.coverNext(a)
}

// nobody is what the index knows of pointers that are none of its.
var nobody = func() (c coveredPage) {
	for i := range c.first {
		c.first[i] = elsewhere
	}
	return c
}()

// begins returns where it tells which object begins at an address in the page.
func (c *coveredPage) begins(a uintptr) *uint32 { return &c.first[a%pageSize/wordSize] }

// cover returns what is known of the page that an address is in.
func (e *encoder) cover(a uintptr) *coveredPage {
	if s := &e.index.slots[e.index.hash(keyOf(a))]; s.key == keyOf(a) {
		return s.cover
	}
	return e.coverNext(a)
}

// coverNext is cover for a page that is not in its first slot.
func (e *encoder) coverNext(a uintptr) *coveredPage {
	x, key := &e.index, keyOf(a)
	s := x.slot(key)
	if s.key == key {
		return s.cover
	}
	k := x.pages
	if k/64 == len(x.covered) {
		x.covered = append(x.covered, new([64]coveredPage))
	}
	c := &x.covered[k/64][k%64]
	c.first, c.taken, c.some = [pageWords]uint32{}, [pageWords / 64]uint64{}, [pageWords / 64]uint64{}
	if e.nearName(a / pageSize) {
		for i := range c.first {
			c.first[i] = elsewhere
		}
	}
	*s = pageSlot{key, c}
	if x.pages++; 2*x.pages > len(x.slots) {
		old := slices.Clone(x.slots)
		x.resize(x.pages)
		for _, s := range old {
			if s.key != 0 {
				*x.slot(s.key) = s
			}
		}
	}
	return c
}

// number returns the number of the object that begins at an address, or -1.
func (e *encoder) number(addr unsafe.Pointer) int {
	a := uintptr(addr)
	if a%wordSize == 0 {
		if k := e.cover(a).first[a%pageSize/wordSize]; k != elsewhere {
			return int(k) - 1
		}
	}
	k := e.index.odd.find(a)
	if k >= 0 {
		k = e.index.odd.entries[k].n
	}
	return k
}

// add adds an object of n values of p, which has just been mentioned.
func (e *encoder) add(addr unsafe.Pointer, p *plan, n int) {
	x := &e.index
	a := uintptr(addr)
	c := e.cover(a)
	if first := &c.first[a%pageSize/wordSize]; a%wordSize != 0 || *first == elsewhere {
		x.odd.add(a, len(x.objects))
	} else {
		*first = uint32(len(x.objects)) + 1
	}
	e.numbered(p, n)
}

// numbered gives a number to n values of p, which have just been mentioned.
func (e *encoder) numbered(p *plan, n int) {
	if uint64(n) > math.MaxUint32 || uint64(e.mentions) > math.MaxUint32 {
		panic(slowly{})
	}
	tag := tagOf(p)
	if n != 1 {
		tag--
	}
	e.index.objects = append(e.index.objects, seenObject{tag, uint32(n), uint32(e.mentions)})
}

// is reports whether the object is one value of p.
func (o *seenObject) is(p *plan) bool { return o.tag == tagOf(p) }

func (e *encoder) planOf(o *seenObject) *plan { return e.reg.plans.numbered(o.tag >> 1) }

// claim notes that size bytes belong to an object, and reports false if a part of them
// belongs to another one.
func (e *encoder) claim(addr unsafe.Pointer, size uintptr) bool {
	a := uintptr(addr)
	return e.claimIn(e.cover(a), a, size)
}

// claimIn is claim for memory that begins in a page of which c is known.
func (e *encoder) claimIn(c *coveredPage, lo, size uintptr) bool {
	if w := lo % pageSize / wordSize; (lo|size)%wordSize == 0 && w%64+size/wordSize <= 64 {
		return c.claimWords(w, size/wordSize)
	}
	for hi := lo + size; ; c = e.cover(lo) {
		for end := min(hi, (lo|(pageSize-1))+1); lo < end; {
			n, ok := uintptr(0), false
			if begin := lo % wordSize; begin != 0 || end-lo < wordSize {
				n = min(wordSize-begin, end-lo)
				ok = c.claimBytes(lo%pageSize/wordSize, uint8(1<<n-1)<<begin)
			} else {
				w := lo % pageSize / wordSize
				words := min(64-w%64, (end-lo)/wordSize)
				n = words * wordSize
				ok = c.claimWords(w, words)
			}
			if !ok {
				return false
			}
			lo += n
		}
		if lo >= hi {
			return true
		}
	}
}

// claimWords claims n words from w on, in one of the numbers that tell which are taken.
func (c *coveredPage) claimWords(w, n uintptr) bool {
	mask := (uint64(1)<<n - 1) << (w % 64)
	t := &c.taken[w/64%(pageWords/64)]
	free := *t&mask == 0
	*t |= mask
	return free
}

// claimBytes claims a part of the word w.
func (c *coveredPage) claimBytes(w uintptr, mask uint8) bool {
	bit := uint64(1) << (w % 64)
	t, s := &c.taken[w/64], &c.some[w/64]
	switch {
	case *t&bit == 0:
		c.bytes[w] = mask
	case *s&bit == 0 || c.bytes[w]&mask != 0:
		return false
	default:
		c.bytes[w] |= mask
	}
	*t |= bit
	*s |= bit
	return true
}
