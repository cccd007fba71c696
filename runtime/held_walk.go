package runtime

import (
	"reflect"
	"sync"
	"unsafe"
)

// walkVariables walks what package-level variables lead to.
func (s *survey) walkVariables(h *Held) {
	s.static = h.static
	for _, root := range h.roots {
		s.reach(root, markVars)
		s.drain(markVars)
	}
	for i := range h.pins {
		s.back(anySlot, unsafe.Pointer(&h.pins[i]), markVars)
		s.drain(markVars)
	}
	h.Pins.walk(s)
}

// decide marks the regions that are kept: those that belong to the back and, unless only
// they are to be kept, those that cannot be copied and what they lead to.
func (s *survey) decide(strict bool) {
	s.join()
	s.keepStatic()
	for i := range s.views {
		if v := &s.views[i]; v.back {
			s.markRegion(v.region, markVars)
		}
	}
	s.keepTouched()
	s.drain(markVars)
	if strict {
		s.blind = ""
		return
	}
	for i := range s.views {
		if v := &s.views[i]; v.guard > 0 && s.seenOutside(v) {
			s.views[v.guard-1].keep = true
		}
	}
	for i := range s.views {
		if v := &s.views[i]; v.keep {
			s.markRegion(v.region, markProcess)
		}
	}
	for _, it := range s.seeds {
		if it.kind == itemWord {
			s.unknown(it.addr, it.t, markProcess)
		} else {
			s.reach(it, markProcess)
		}
		s.drain(markProcess)
	}
	s.drain(markProcess)
	if s.blind != "" {
		for i := range s.parts {
			if s.parts[i].mark == markNone {
				s.parts[i].mark = markProcess
			}
		}
	}
}

// keepTouched keeps the regions of which the back has another view.
func (s *survey) keepTouched() {
	lo, hi := ^uintptr(0), uintptr(0)
	for i := range s.parts {
		if r := &s.parts[i]; r.mark == markNone {
			lo, hi = min(lo, r.lo), max(hi, r.hi)
		}
	}
	if lo >= hi {
		return
	}
	for i := range s.seen.entries {
		if e := &s.seen.entries[i]; e.round == s.seen.round && e.end > lo && e.start < hi {
			s.touch(e.start, e.end, markVars)
		}
	}
}

// touch keeps the regions that overlap a piece of memory.
func (s *survey) touch(lo, hi uintptr, mark heldMark) {
	for i := s.firstEndingAfter(lo); i < len(s.parts) && s.parts[i].lo < hi; i++ {
		s.markRegion(i, mark)
	}
}

// seenOutside reports whether something else than the value that hides it leads to the
// memory of a view.
func (s *survey) seenOutside(v *view) bool {
	r := &s.parts[v.region]
	for _, k := range s.order[r.first:r.after] {
		o := &s.views[k]
		if o.guard == 0 || s.views[o.guard-1].region != s.views[v.guard-1].region {
			return true
		}
	}
	return false
}

var anySlot = []slot{{kind: slotAny}}

// markRegion keeps a region, and what hides it or is hidden by it.
func (s *survey) markRegion(i int, mark heldMark) {
	r := &s.parts[i]
	if r.mark != markNone {
		return
	}
	r.mark = mark
	for _, k := range s.order[r.first:r.after] {
		v := &s.views[k]
		if v.guard > 0 {
			s.markRegion(s.views[v.guard-1].region, mark)
			continue
		}
		if v.kind == itemMemory && len(v.t.back) == 0 || v.kind == itemWord {
			continue
		}
		s.work = append(s.work, v.walkItem)
	}
}

// drain walks what has been reached.
func (s *survey) drain(mark heldMark) {
	for n := len(s.work); n > 0; n = len(s.work) {
		it := s.work[n-1]
		s.work[n-1] = walkItem{} // what has been walked may be garbage soon
		s.work = s.work[:n-1]
		switch it.kind {
		case itemMemory:
			s.walked += int64(it.n)
			for k := range it.n {
				s.back(it.t.back, unsafe.Add(it.addr, uintptr(k)*it.t.size), mark)
			}
		case itemMap:
			if len(it.t.key.back) > 0 || len(it.t.elem.back) > 0 {
				s.entries(it, func(key, elem unsafe.Pointer) bool {
					s.back(it.t.key.back, key, mark)
					s.back(it.t.elem.back, elem, mark)
					return true
				})
			}
		case itemChan:
			s.channel(it, mark)
		}
	}
}

// reach notes memory that something refers to which is kept.
func (s *survey) reach(it walkItem, mark heldMark) {
	lo, size := uintptr(it.addr), uintptr(1)
	if it.kind == itemMemory {
		size = it.t.size * uintptr(it.n)
	}
	hi := lo + size
	known := s.seen.visit(hi, it.t.id, lo)
	if known <= lo {
		return
	}
	if len(s.parts) > 0 {
		s.touch(lo, hi, mark)
	}
	if it.kind == itemMemory {
		it.n = int((known - lo + it.t.size - 1) / it.t.size)
	}
	if s.each != nil {
		s.each(it)
	}
	if it.kind == itemMemory && len(it.t.back) == 0 {
		return
	}
	s.work = append(s.work, it)
}

// back follows the references in memory that is kept.
func (s *survey) back(slots []slot, base unsafe.Pointer, mark heldMark) {
	for i := range slots {
		sl := &slots[i]
		p := unsafe.Add(base, sl.off)
		switch sl.kind {
		case slotArray:
			for k := range sl.n {
				s.back(sl.t.back, unsafe.Add(p, uintptr(k)*sl.t.size), mark)
			}
		case slotSlice:
			if h := (*sliceHeader)(p); h.data != nil && h.cap > 0 && sl.t.size > 0 {
				s.backMemory(h.data, sl.t, h.cap, mark)
			}
		case slotAny:
			if x := (*eface)(p); x.typ != nil {
				s.backInterface(*x, mark)
			}
		case slotMethods:
			if *(*unsafe.Pointer)(p) != nil {
				x := any(*(*interface{ M() })(p))
				s.backInterface(*(*eface)(unsafe.Pointer(&x)), mark)
			}
		case slotReflect:
			s.reflected(*(*reflect.Value)(p), mark)
		case slotSyncMap:
			s.syncMap((*sync.Map)(p), mark)
		default:
			if w := *(*unsafe.Pointer)(p); w != nil {
				s.backWord(sl, w, mark)
			}
		}
	}
}

func (s *survey) backWord(sl *slot, w unsafe.Pointer, mark heldMark) {
	switch sl.kind {
	case slotPointer:
		if sl.t.size > 0 {
			s.backMemory(w, sl.t, 1, mark)
		}
	case slotMap:
		s.reach(walkItem{itemMap, w, sl.t, 1}, mark)
	case slotChan:
		s.reach(walkItem{itemChan, w, sl.t, 1}, mark)
	case slotFunc:
		if t, record := s.recordBehind(w); record != nil {
			s.reach(walkItem{itemMemory, record, t, 1}, mark)
		} else if !sl.std {
			s.unknown(w, sl.t, mark)
		}
	case slotUnsafe:
		if !sl.std {
			s.unknown(w, nil, mark)
		}
	case slotWeak:
		s.weak(sl.t, w, mark)
	}
}

func (s *survey) backMemory(p unsafe.Pointer, t *trace, n int, mark heldMark) {
	if huge(t, n) {
		s.unknown(p, nil, mark)
		return
	}
	s.reach(walkItem{itemMemory, p, t.flat, t.flatN * n}, mark)
}

func (s *survey) backInterface(x eface, mark heldMark) {
	t := s.types.word(x.typ)
	switch {
	case len(t.back) == 0 || x.data == nil:
	case t.direct:
		if sl := &t.back[0]; sl.kind != slotArray {
			s.backWord(sl, x.data, mark)
		}
	case s.seen.visit(uintptr(x.data)+t.size, t.id, uintptr(x.data)) > uintptr(x.data):
		if s.each != nil {
			s.each(walkItem{itemMemory, x.data, t, 1})
		}
		s.work = append(s.work, walkItem{itemMemory, x.data, t, 1})
	}
}
