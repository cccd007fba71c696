package runtime

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"
)

// A survey finds out which of the memory that a coroutine's frames lead to can be
// copied: what nothing outside of the frames leads to, and what has a meaning outside
// of its process. It walks what package-level variables lead to (the back), then what
// the frames lead to, as far as that is something else (the front). Memory of the front
// that overlaps is one region, which is kept as a whole or copied as a whole. Kept are
// the regions that touch the back and those that cannot be copied; and what these lead
// to belongs to the back from then on.
type survey struct {
	reg    *registry
	types  tracer
	sites  [][]slot // of the live variables, by number of the site
	views  []view
	order  []int      // of the views, by address
	todo   []int      // views whose references are to be followed
	boxes  []walkItem // what interfaces hold by value: the same
	seeds  []walkItem // what is kept where it stands, or is not copied although it is no region
	parts  []region
	static memoryRange
	met    seenSet // of the front
	seen   seenSet // of the back
	work   []walkItem
	blind  string         // what stood in the way, if not all that is kept could be seen
	walked int64          // values
	each   func(walkItem) // if not nil, called for all memory of the back
	buf    []byte
}

// view is memory as one reference of the front sees it.
type view struct {
	walkItem
	hi     uintptr
	record bool // it is the record of a func
	back   bool // it is known to belong to the back
	keep   bool // it contains what cannot be copied
	guard  int  // the view of the value that hides this memory, plus one
	region int
}

func (v *view) lo() uintptr { return uintptr(v.addr) }

// region is memory that is copied or kept as a whole.
type region struct {
	lo, hi       uintptr
	first, after int // its views, in order
	mark         heldMark
}

// heldMark says why memory is kept.
type heldMark uint8

const (
	markNone    heldMark = iota
	markVars             // package-level variables lead to it
	markProcess          // it cannot be saved, or what cannot be saved leads to it
)

// itemKind tells how memory is walked.
type itemKind uint8

const (
	itemMemory itemKind = iota
	itemMap
	itemChan
	itemWord // only its address matters
)

// walkItem is memory to be walked.
type walkItem struct {
	kind itemKind
	addr unsafe.Pointer
	t    *trace
	n    int
}

func (s *survey) init(r *registry) {
	*s = survey{reg: r}
	s.types.init(r)
}

func (s *survey) reset() {
	clear(s.views)
	clear(s.seeds)
	s.views, s.order, s.seeds, s.parts = s.views[:0], s.order[:0], s.seeds[:0], s.parts[:0]
	s.blind, s.walked = "", 0
	s.met.reset()
	s.seen.reset()
}

// lookAtFrames notes what the frames refer to.
func (s *survey) lookAtFrames(e *encoder, c *Coroutine, roots []any) {
	for _, frame := range c.frames {
		site, p := e.frameAt(frame)
		s.front(s.siteSlots(site), p, -1)
	}
	for _, root := range roots {
		if v, err := rootOf(root); err == nil {
			t := s.types.of(v.Type().Elem())
			s.meet(walkItem{itemMemory, v.UnsafePointer(), t.flat, t.flatN})
			s.front(t.front, v.UnsafePointer(), -1)
		}
	}
}

// siteSlots returns where the live variables of a site have references.
func (s *survey) siteSlots(site *siteType) []slot {
	if site.id >= len(s.sites) {
		s.sites = slices.Grow(s.sites, s.reg.sites)[:s.reg.sites]
	}
	slots := s.sites[site.id]
	if slots == nil {
		slots = []slot{}
		for i := range site.live {
			slots = shifted(slots, s.types.of(site.live[i].p.typ).front, site.live[i].off)
		}
		s.sites[site.id] = slots
	}
	return slots
}

// follow looks at all that has been met.
func (s *survey) follow() {
	for {
		if n := len(s.boxes) - 1; n >= 0 {
			b := s.boxes[n]
			s.boxes[n] = walkItem{}
			s.boxes = s.boxes[:n]
			s.front(b.t.front, b.addr, -1)
			continue
		}
		n := len(s.todo) - 1
		if n < 0 {
			return
		}
		i := s.todo[n]
		s.todo = s.todo[:n]
		v := s.views[i].walkItem
		if lo := uintptr(v.addr); s.seen.has(s.views[i].hi, v.t.id, lo) {
			s.views[i].back = true
			continue
		}
		if v.kind == itemMap {
			s.frontMap(i)
			continue
		}
		for k := range v.n {
			s.front(v.t.front, unsafe.Add(v.addr, uintptr(k)*v.t.size), i)
		}
		s.walked += int64(v.n)
	}
}

// meet notes memory that the front refers to and returns its view, or -1 if it has
// been met before.
func (s *survey) meet(it walkItem) int {
	lo, size, id := uintptr(it.addr), uintptr(1), noTrace
	if it.kind == itemMemory {
		size = it.t.size * uintptr(it.n)
	}
	if it.t != nil {
		id = it.t.id
	}
	hi := lo + size
	known := s.met.visit(hi, id, lo)
	if known <= lo {
		return -1
	}
	if it.kind == itemMemory {
		it.n = int((known - lo + it.t.size - 1) / it.t.size)
	}
	s.views = append(s.views, view{walkItem: it, hi: hi})
	if it.kind == itemMap || it.kind == itemMemory && len(it.t.front) > 0 {
		s.todo = append(s.todo, len(s.views)-1)
	}
	return len(s.views) - 1
}

// front looks at the references of a value that is to be copied. If it is in memory of
// its own, that is the view numbered owner.
func (s *survey) front(slots []slot, base unsafe.Pointer, owner int) {
	for i := range slots {
		sl := &slots[i]
		p := unsafe.Add(base, sl.off)
		switch sl.kind {
		case slotArray:
			for k := range sl.n {
				s.front(sl.t.front, unsafe.Add(p, uintptr(k)*sl.t.size), owner)
			}
		case slotSlice:
			if h := (*sliceHeader)(p); h.data != nil && h.cap > 0 && sl.t.size > 0 {
				s.frontMemory(h.data, sl.t, h.cap)
			}
		case slotAny:
			if x := (*eface)(p); x.typ != nil {
				s.frontInterface(*x)
			}
		case slotMethods:
			if *(*unsafe.Pointer)(p) != nil {
				x := any(*(*interface{ M() })(p))
				s.frontInterface(*(*eface)(unsafe.Pointer(&x)))
			}
		case slotOpaque:
			if !allZero(unsafe.Slice((*byte)(p), sl.t.size)) {
				s.keep(walkItem{itemMemory, p, sl.t, 1}, owner)
			}
		case slotCodec:
			switch {
			case s.fails(sl.t, p):
				s.keep(walkItem{itemMemory, p, sl.t, 1}, owner)
			case sl.t.shared && owner >= 0:
				s.guard(sl.t, p, owner)
			}
		default:
			if w := *(*unsafe.Pointer)(p); w != nil {
				s.frontWord(sl, w)
			}
		}
	}
}

// frontWord looks at a reference of one word that is not nil.
func (s *survey) frontWord(sl *slot, w unsafe.Pointer) {
	switch sl.kind {
	case slotPointer:
		if sl.t.size > 0 {
			s.frontMemory(w, sl.t, 1)
		}
	case slotMap:
		s.meet(walkItem{itemMap, w, sl.t, 1})
	case slotFunc:
		t, record := s.recordBehind(w)
		switch {
		case record == nil:
			s.seeds = append(s.seeds, walkItem{itemWord, w, sl.t, 1})
		case t.rec == nil || !sameFunc(t.rec.fn, sl.t.typ):
			s.seeds = append(s.seeds, walkItem{itemMemory, record, t, 1})
		default:
			if i := s.meet(walkItem{itemMemory, record, t, 1}); i >= 0 {
				s.views[i].record = true
			}
		}
	case slotChan:
		if s.meet(walkItem{itemChan, w, sl.t, 1}) >= 0 {
			s.seeds = append(s.seeds, walkItem{itemChan, w, sl.t, 1})
		}
	case slotUnsafe:
		s.frontUnknown(w)
	}
}

// hugeMemory is more than what a variable takes. Pointers to such arrays are made of
// pointers to shorter ones, by code that uses package unsafe.
const hugeMemory = 1 << 28

func huge(t *trace, n int) bool { return uintptr(n) > hugeMemory/t.size }

func (s *survey) frontMemory(p unsafe.Pointer, t *trace, n int) {
	if huge(t, n) {
		s.frontUnknown(p)
		return
	}
	s.meet(walkItem{itemMemory, p, t.flat, t.flatN * n})
}

func (s *survey) frontUnknown(p unsafe.Pointer) {
	s.meet(walkItem{itemWord, p, nil, 1})
	s.seeds = append(s.seeds, walkItem{itemWord, p, nil, 1})
}

func (s *survey) frontInterface(x eface) {
	t := s.types.word(x.typ)
	switch {
	case t.direct:
		if len(t.front) == 1 && x.data != nil {
			if t.fragile {
				s.seeds = append(s.seeds, walkItem{itemMemory, boxed(x.data), t, 1})
			} else {
				s.frontWord(&t.front[0], x.data)
			}
		}
	case len(t.front) == 0 || s.met.visit(uintptr(x.data)+t.size, t.id, uintptr(x.data)) <= uintptr(x.data):
	case s.breaks(t, x.data):
		s.seeds = append(s.seeds, walkItem{itemMemory, x.data, t, 1})
	default:
		s.boxes = append(s.boxes, walkItem{itemMemory, x.data, t, 1})
	}
}

// boxed returns the address of a variable with the word in it.
func boxed(w unsafe.Pointer) unsafe.Pointer { return unsafe.Pointer(&w) }

// frontMap looks at the entries of the map of a view.
func (s *survey) frontMap(i int) {
	v := s.views[i].walkItem
	t := v.t
	if len(t.key.front) == 0 && len(t.elem.front) == 0 {
		return
	}
	s.entries(v, func(key, elem unsafe.Pointer) bool {
		if s.breaks(t.key, key) || s.breaks(t.elem, elem) || s.breaksInKey(t.key, key) {
			s.views[i].keep = true
			return false
		}
		s.front(t.key.front, key, -1)
		s.front(t.elem.front, elem, -1)
		return true
	})
}

// entries calls f with copies of the entries of a map.
func (s *survey) entries(m walkItem, f func(key, elem unsafe.Pointer) bool) {
	t := m.t
	key, elem := t.keyVar, t.elemVar
	if !key.IsValid() {
		key, elem = reflect.New(t.key.typ).Elem(), reflect.New(t.elem.typ).Elem()
	}
	t.keyVar, t.elemVar = reflect.Value{}, reflect.Value{} // taken, should f come back here
	kp, ep := key.Addr().UnsafePointer(), elem.Addr().UnsafePointer()
	v := reflect.NewAt(t.typ, unsafe.Pointer(&m.addr)).Elem()
	s.walked += int64(v.Len())
	for it := v.MapRange(); it.Next(); {
		key.SetIterKey(it)
		elem.SetIterValue(it)
		if !f(kp, ep) {
			break
		}
	}
	key.SetZero()
	elem.SetZero()
	t.keyVar, t.elemVar = key, elem
}

// keep notes that a value cannot be copied. If it is in memory of its own, all of that
// is kept.
func (s *survey) keep(it walkItem, owner int) {
	if owner >= 0 {
		s.views[owner].keep = true
		return
	}
	s.seeds = append(s.seeds, it)
}

// breaks reports whether a value has a part in it, by value, that cannot be copied.
func (s *survey) breaks(t *trace, p unsafe.Pointer) bool {
	if !t.fragile {
		return false
	}
	for i := range t.front {
		sl := &t.front[i]
		at := unsafe.Add(p, sl.off)
		switch sl.kind {
		case slotOpaque:
			if !allZero(unsafe.Slice((*byte)(at), sl.t.size)) {
				return true
			}
		case slotCodec:
			if s.fails(sl.t, at) {
				return true
			}
		case slotArray:
			for k := range sl.n {
				if s.breaks(sl.t, unsafe.Add(at, uintptr(k)*sl.t.size)) {
					return true
				}
			}
		}
	}
	return false
}

// breaksInKey reports whether an interface in the key of a map holds what cannot be
// copied: a key is written without objects of its own.
func (s *survey) breaksInKey(t *trace, p unsafe.Pointer) bool {
	for i := range t.front {
		sl := &t.front[i]
		at := unsafe.Add(p, sl.off)
		var x any
		switch sl.kind {
		case slotAny:
			x = *(*any)(at)
		case slotMethods:
			if *(*unsafe.Pointer)(at) != nil {
				x = any(*(*interface{ M() })(at))
			}
		case slotArray:
			for k := range sl.n {
				if s.breaksInKey(sl.t, unsafe.Add(at, uintptr(k)*sl.t.size)) {
					return true
				}
			}
		}
		if x == nil {
			continue
		}
		f := (*eface)(unsafe.Pointer(&x))
		if q := s.types.word(f.typ); !q.direct && (s.breaks(q, f.data) || s.breaksInKey(q, f.data)) {
			return true
		}
	}
	return false
}

// fails reports whether the codec of a value cannot save it.
func (s *survey) fails(t *trace, p unsafe.Pointer) bool {
	if !t.fallible {
		return false
	}
	b, why := t.codec.encode(s.buf[:0], p)
	if cap(b) <= 1<<16 {
		s.buf = b
	}
	return why != ""
}

// guard notes the memory that a value hides which is saved by its meaning: if something
// else leads there, the value cannot be copied.
func (s *survey) guard(t *trace, p unsafe.Pointer, owner int) {
	for i := range t.back {
		if sl := &t.back[i]; sl.kind == slotSlice {
			if h := (*sliceHeader)(unsafe.Add(p, sl.off)); h.data != nil && h.cap > 0 && sl.t.size > 0 {
				s.views = append(s.views, view{
					walkItem: walkItem{itemMemory, h.data, sl.t.flat, sl.t.flatN * h.cap},
					hi:       uintptr(h.data) + sl.t.size*uintptr(h.cap),
					guard:    owner + 1,
				})
			}
		}
	}
}

// join makes regions of what has been met.
func (s *survey) join() {
	for i := range s.views {
		s.order = append(s.order, i)
	}
	slices.SortFunc(s.order, func(a, b int) int { return cmp.Compare(s.views[a].lo(), s.views[b].lo()) })
	for k, i := range s.order {
		v := &s.views[i]
		if n := len(s.parts) - 1; n >= 0 && v.lo() < s.parts[n].hi {
			s.parts[n].hi = max(s.parts[n].hi, v.hi)
			s.parts[n].after = k + 1
		} else {
			s.parts = append(s.parts, region{lo: v.lo(), hi: v.hi, first: k, after: k + 1})
		}
		v.region = len(s.parts) - 1
	}
}

// find returns the region that the address is in, or nil.
func (s *survey) find(a uintptr) *region {
	i := s.firstEndingAfter(a)
	if i == len(s.parts) || s.parts[i].lo > a {
		return nil
	}
	return &s.parts[i]
}

func (s *survey) firstEndingAfter(a uintptr) int {
	lo, hi := 0, len(s.parts)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.parts[mid].hi <= a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// recordBehind returns the record of a func value and its trace, or nil.
func (s *survey) recordBehind(f unsafe.Pointer) (*trace, unsafe.Pointer) {
	record := recordAt(f)
	if record == nil {
		return nil, nil
	}
	return s.types.of(reflect.TypeOf(record).Elem()), (*eface)(unsafe.Pointer(&record)).data
}
