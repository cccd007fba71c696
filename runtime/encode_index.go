package runtime

import (
	"slices"
	"sort"
	"unsafe"
)

// regionIndex holds disjoint regions ordered by address, in chunks, so that an
// insertion moves little.
type regionIndex struct{ chunks [][]*object }

const chunkSize = 256

// cursor is a position in the index. An end of a chunk is the start of the next.
type cursor struct{ chunk, i int }

func (x *regionIndex) norm(c cursor) cursor {
	if c.chunk < len(x.chunks) && c.i == len(x.chunks[c.chunk]) {
		return cursor{c.chunk + 1, 0}
	}
	return c
}

func (x *regionIndex) at(c cursor) *object  { return x.chunks[c.chunk][c.i] }
func (x *regionIndex) next(c cursor) cursor { return x.norm(cursor{c.chunk, c.i + 1}) }
func (x *regionIndex) reset()               { clear(x.chunks); x.chunks = x.chunks[:0] }
func (x *regionIndex) done(c cursor) bool   { return c.chunk == len(x.chunks) }

// find returns the region that holds the address, or nil.
func (x *regionIndex) find(p unsafe.Pointer) *object {
	a := uintptr(p)
	c := x.firstEndingAfter(a)
	if x.done(c) || uintptr(x.at(c).addr) > a {
		return nil
	}
	return x.at(c)
}

func (x *regionIndex) firstEndingAfter(a uintptr) cursor {
	k := sort.Search(len(x.chunks), func(i int) bool {
		ch := x.chunks[i]
		return ch[len(ch)-1].end() > a
	})
	if k == len(x.chunks) {
		return cursor{k, 0}
	}
	ch := x.chunks[k]
	return cursor{k, sort.Search(len(ch), func(i int) bool { return ch[i].end() > a })}
}

// overlapping returns the range of the regions that overlap [lo, hi); if there are
// none, both cursors are where one belongs.
func (x *regionIndex) overlapping(lo, hi uintptr) (i, j cursor) {
	i = x.firstEndingAfter(lo)
	for j = i; !x.done(j) && uintptr(x.at(j).addr) < hi; j = x.next(j) {
	}
	return i, j
}

func (x *regionIndex) insert(c cursor, o *object) {
	if c.chunk == len(x.chunks) {
		if c.chunk == 0 {
			x.chunks = append(x.chunks, make([]*object, 0, 8))
		} else {
			c = cursor{c.chunk - 1, len(x.chunks[c.chunk-1])}
		}
	}
	ch := slices.Insert(x.chunks[c.chunk], c.i, o)
	x.chunks[c.chunk] = ch
	if len(ch) > 2*chunkSize {
		// Ascending addresses are common, so the first half stays nearly full.
		k := len(ch) / 2
		if c.i == len(ch)-1 {
			k = len(ch) - 1
		}
		x.chunks = slices.Insert(x.chunks, c.chunk+1, slices.Clone(ch[k:]))
		x.chunks[c.chunk] = ch[:k:k]
	}
}

// replace puts o in the place of the regions from i up to j, of which there is at
// least one.
func (x *regionIndex) replace(i, j cursor, o *object) {
	x.chunks[i.chunk][i.i] = o
	from := cursor{i.chunk, i.i + 1}
	for k := i.chunk; k <= j.chunk && k < len(x.chunks); k++ {
		lo, hi := 0, len(x.chunks[k])
		if k == from.chunk {
			lo = from.i
		}
		if k == j.chunk {
			hi = j.i
		}
		if lo < hi {
			x.chunks[k] = slices.Delete(x.chunks[k], lo, hi)
		}
	}
	x.chunks = slices.DeleteFunc(x.chunks, func(ch []*object) bool { return len(ch) == 0 })
}
