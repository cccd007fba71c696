package runtime

import "math/bits"

// addrTable finds by an address, and by a second number where that is not enough. Slots
// of an earlier epoch are free, so that forgetting everything costs nothing.
type addrTable struct {
	slots []addrSlot // a power of two, more than half of which is free
	n     int
	epoch uint32
	shift uint8
}

type addrSlot struct {
	addr, key uintptr
	p         *plan
	n         int
	num       int32
	epoch     uint32
}

func (t *addrTable) reset() {
	t.n = 0
	if t.epoch++; t.epoch == 0 {
		clear(t.slots)
		t.epoch = 1
	}
}

// large reports whether the table is worth more to the collector than to the next state.
func (t *addrTable) large() bool { return len(t.slots) > 1<<16 }

// at returns the slot of a key, or the free one where it belongs. It is valid until the
// next call. A new slot is the caller's to fill: its epoch is 0 or old.
func (t *addrTable) at(addr, key uintptr) (s *addrSlot, found bool) {
	if 2*t.n >= len(t.slots) {
		t.grow()
	}
	return t.probe(addr, key)
}

func (t *addrTable) probe(addr, key uintptr) (s *addrSlot, found bool) {
	mask := len(t.slots) - 1
	for i := int(uint64(addr^key<<32) * 0x9e3779b97f4a7c15 >> t.shift); ; i++ {
		s = &t.slots[i&mask]
		if s.epoch != t.epoch {
			return s, false
		}
		if s.addr == addr && s.key == key {
			return s, true
		}
	}
}

// fill takes a free slot that at has returned.
func (t *addrTable) fill(s *addrSlot, addr, key uintptr, p *plan, n int, num int32) {
	*s = addrSlot{addr, key, p, n, num, t.epoch}
	t.n++
}

func (t *addrTable) grow() {
	old := t.slots
	t.slots = make([]addrSlot, max(64, 4*t.n))
	for len(t.slots)&(len(t.slots)-1) != 0 {
		t.slots = make([]addrSlot, 1<<bits.Len(uint(len(t.slots))))
	}
	t.shift = uint8(64 - bits.TrailingZeros(uint(len(t.slots))))
	for i := range old {
		if s := &old[i]; s.epoch == t.epoch {
			free, _ := t.probe(s.addr, s.key)
			*free = *s
		}
	}
}

// memoryIndex holds pieces of memory by their addresses and finds out whether any two
// overlap. It need not keep them in order, which is what makes it fast.
type memoryIndex struct {
	objects addrTable
	pages   addrTable // by number; num is an index into covered
	covered []coveredPage
	used    int

	page  uintptr // the last one
	cover *coveredPage
}

const pageSize = 4096

// coveredPage has a bit for each byte of a page that belongs to an object.
type coveredPage [pageSize / 64]uint64

func (x *memoryIndex) reset() {
	x.objects.reset()
	x.pages.reset()
	x.used, x.cover = 0, nil
}

func (x *memoryIndex) large() bool {
	return x.objects.large() || x.pages.large() || len(x.covered) > 1<<12
}

// claim notes that [lo, hi) belongs to an object, and reports false if a part of it
// belongs to another one.
func (x *memoryIndex) claim(lo, hi uintptr) bool {
	for lo < hi {
		c := x.coverOf(lo / pageSize)
		end := min(hi, (lo/pageSize+1)*pageSize)
		for lo < end {
			first := lo % 64
			n := min(64-first, end-lo)
			mask := (^uint64(0) >> (64 - n)) << first
			w := &c[lo%pageSize/64]
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
	s, found := x.pages.at(page, 0)
	if !found {
		if x.used == len(x.covered) {
			x.covered = append(x.covered, coveredPage{})
		} else {
			x.covered[x.used] = coveredPage{}
		}
		x.pages.fill(s, page, 0, nil, 0, int32(x.used))
		x.used++
	}
	x.page, x.cover = page, &x.covered[s.num]
	return x.cover
}
