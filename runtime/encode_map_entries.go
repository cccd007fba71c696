package runtime

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// mapEntries are the entries of a map, copied, and the order in which they are written.
type mapEntries struct {
	keys, values unsafe.Pointer // arrays
	room         int            // how many entries they can hold
	slices       [2]reflect.Value
	order        []int
	obj          object      // in a pass that has no others
	next         *mapEntries // of those that are free
}

// take copies the n entries of the map v.
func (m *mapEntries) take(v unsafe.Pointer, p *plan, n int) {
	if n > m.room {
		m.room = max(n, 8)
		m.slices = [2]reflect.Value{reflect.MakeSlice(p.key.slice, m.room, m.room), reflect.MakeSlice(p.elem.slice, m.room, m.room)}
		m.keys, m.values = m.slices[0].UnsafePointer(), m.slices[1].UnsafePointer()
		m.order = make([]int, m.room)
	}
	m.order = m.order[:n]
	if p.native != nil {
		p.native.take(v, m, n)
		return
	}
	it := reflect.NewAt(p.typ, unsafe.Pointer(&v)).Elem().MapRange()
	for i := 0; it.Next(); i++ {
		reflect.NewAt(p.key.typ, unsafe.Add(m.keys, uintptr(i)*p.key.size)).Elem().SetIterKey(it)
		reflect.NewAt(p.elem.typ, unsafe.Add(m.values, uintptr(i)*p.elem.size)).Elem().SetIterValue(it)
	}
}

// nativeMap works on maps that are in memory as those of a type that is known to the
// compiler: keys are equal and values are copied in the same way. Package reflect takes
// more than twice the time.
type nativeMap struct {
	take func(v unsafe.Pointer, m *mapEntries, n int)
	put  func(v, key, value unsafe.Pointer) // and zeroes the value
}

func nativeMapOf[K comparable, V any]() *nativeMap {
	return &nativeMap{
		take: func(v unsafe.Pointer, m *mapEntries, n int) {
			keys, values := unsafe.Slice((*K)(m.keys), n), unsafe.Slice((*V)(m.values), n)
			i := 0
			for k, w := range *(*map[K]V)(unsafe.Pointer(&v)) {
				keys[i], values[i] = k, w
				i++
			}
		},
		put: func(v, key, value unsafe.Pointer) {
			(*(*map[K]V)(unsafe.Pointer(&v)))[*(*K)(key)] = *(*V)(value)
			*(*V)(value) = *new(V)
		},
	}
}

// native returns the nativeMap for maps of type t, or nil.
func native(t reflect.Type) *nativeMap {
	switch k := t.Key(); {
	case k.Kind() == reflect.String:
		return nativeOf[string](t.Elem())
	case isWord(k):
		return nativeOf[uint64](t.Elem())
	}
	return nil
}

func nativeOf[K comparable](elem reflect.Type) *nativeMap {
	if isWord(elem) {
		return nativeMapOf[K, uint64]()
	}
	switch elem.Kind() {
	case reflect.Float64:
		return nativeMapOf[K, float64]()
	case reflect.Bool, reflect.Int8, reflect.Uint8:
		return nativeMapOf[K, uint8]()
	case reflect.String:
		return nativeMapOf[K, string]()
	case reflect.Pointer, reflect.Map, reflect.Func:
		return nativeMapOf[K, unsafe.Pointer]()
	case reflect.Interface:
		return nativeMapOf[K, eface]()
	case reflect.Slice:
		return nativeMapOf[K, sliceHeader]()
	}
	return nil
}

// isWord reports whether values of t are in memory as a uint64 is.
func isWord(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Int, reflect.Int64, reflect.Uint, reflect.Uint64, reflect.Uintptr:
		return t.Size() == 8 && t.Align() == reflect.TypeFor[uint64]().Align()
	}
	return false
}

// freeEntries returns entries for maps of the type of p that are not in use.
func (e *encoder) freeEntries(p *plan) *mapEntries {
	if p.id >= len(e.free) {
		e.free = append(e.free, make([]*mapEntries, p.id+1-len(e.free))...)
	}
	m := e.free[p.id]
	if m == nil {
		return new(mapEntries)
	}
	e.free[p.id] = m.next
	return m
}

// freed makes entries available again.
func (e *encoder) freed(m *mapEntries, p *plan) {
	m.next = e.free[p.id]
	e.free[p.id] = m
}

// forgetEntries forgets what was in maps.
func (e *encoder) forgetEntries() {
	for i, m := range e.free {
		if m == nil {
			continue
		}
		if m.next != nil || m.room == 0 || m.room > 256 || i > 1<<12 {
			e.free[i] = nil
			continue
		}
		m.slices[0].Clear()
		m.slices[1].Clear()
		m.obj = object{}
	}
}

// radixEntry is a key of a map: eight of its bytes as a number, and which one it is.
type radixEntry struct {
	w uint64
	i int
}

// orderStrings puts the numbers of keys into order, sorted by the keys. Keys often have a
// long beginning in common and differ in a few bits behind it: sorting by these takes
// less than half the time of comparing.
func (e *encoder) orderStrings(keys []string, order []int) {
	if len(keys) <= 12 {
		for i := range order {
			j := i
			for ; j > 0 && keys[order[j-1]] > keys[i]; j-- {
				order[j] = order[j-1]
			}
			order[j] = i
		}
		return
	}
	l := e.radixEntries(len(keys))
	off := common(keys)
	differ, first := uint64(0), window(keys[0], off)
	for i, k := range keys {
		var w uint64
		switch missing := off + 8 - len(k); {
		case missing <= 0:
			w = eightBytes(k[off:])
		case missing < 8 && len(k) >= 8:
			w = eightBytes(k[len(k)-8:]) << (8 * missing & 63)
		default:
			w = window(k, off)
		}
		l[i] = radixEntry{w, i}
		differ |= w ^ first
	}
	l = e.radixSort(l, differ)
	for i := range l {
		order[i] = l[i].i
	}
	for i := 0; i < len(l); {
		j := i + 1
		for j < len(l) && l[j].w == l[i].w {
			j++
		}
		if j > i+1 {
			slices.SortFunc(order[i:j], func(a, b int) int { return strings.Compare(keys[a], keys[b]) })
		}
		i = j
	}
}

// common returns the first multiple of eight of the bytes behind which the keys begin to differ.
func common(keys []string) int {
	for off := 0; off < len(keys[0]); off += 8 {
		first := window(keys[0], off)
		for _, k := range keys {
			if len(k) >= off+8 && eightBytes(k[off:]) == first {
				continue
			}
			if window(k, off) != first {
				return off
			}
		}
	}
	return len(keys[0]) &^ 7
}

// orderInts is orderStrings for numbers.
func (e *encoder) orderInts(keys []int, order []int) {
	l := e.radixEntries(len(keys))
	differ := uint64(0)
	for i, k := range keys {
		l[i] = radixEntry{uint64(k) ^ 1<<63, i}
		differ |= l[i].w ^ l[0].w
	}
	for i, x := range e.radixSort(l, differ) {
		order[i] = x.i
	}
}

// window returns eight bytes of s, from off on, as a number by which they are ordered.
// Behind the end of s are zeros.
func window(s string, off int) (w uint64) {
	missing := off + 8 - len(s)
	switch {
	case missing <= 0:
		return eightBytes(s[off:])
	case missing >= 8:
		return 0
	case len(s) >= 8:
		return eightBytes(s[len(s)-8:]) << (8 * missing)
	}
	for i := off; i < len(s); i++ {
		w |= uint64(s[i]) << (56 - 8*(i-off))
	}
	return w
}

func eightBytes(s string) uint64 {
	s = s[:8]
	return uint64(s[7]) | uint64(s[6])<<8 | uint64(s[5])<<16 | uint64(s[4])<<24 |
		uint64(s[3])<<32 | uint64(s[2])<<40 | uint64(s[1])<<48 | uint64(s[0])<<56
}

func (e *encoder) radixEntries(n int) []radixEntry {
	if cap(e.radix) < 2*n {
		e.radix = make([]radixEntry, 2*n)
	}
	e.radix = e.radix[:2*n]
	return e.radix[:n]
}

// radixSort sorts l, which is the first half of e.radix, by the bits in which the numbers
// differ.
func (e *encoder) radixSort(l []radixEntry, differ uint64) []radixEntry {
	to := e.radix[len(l):]
	passes := 0
	for x := differ; x != 0; x >>= 8 {
		if x&0xff != 0 {
			passes++
		}
	}
	if len(l) < 32*passes {
		slices.SortFunc(l, func(a, b radixEntry) int { return cmp.Compare(a.w, b.w) })
		return l
	}
	var at [257]int32
	for shift := 0; shift < 64; shift += 8 {
		mask := differ >> shift & 0xff
		if mask == 0 {
			continue
		}
		clear(at[:mask+2])
		for i := range l {
			at[l[i].w>>shift&mask+1]++
		}
		for i := 1; i <= int(mask); i++ {
			at[i] += at[i-1]
		}
		for i := range l {
			k := l[i].w >> shift & mask
			to[at[k]] = l[i]
			at[k]++
		}
		l, to = to, l
	}
	return l
}
