package runtime

// seenSet remembers the memory that has been walked, by its end and its type, so that
// the slices of one array, which mostly end together, are walked once. It is emptied at
// no cost.
type seenSet struct {
	entries []seenEntry
	n       int
	round   uint32
}

type seenEntry struct {
	end, start uintptr
	id, round  uint32
}

// noTrace is the id of memory of no type.
const noTrace = ^uint32(0)

// visit notes that the memory from start to end is walked. It returns the start of what
// had been noted of it before, or end.
func (s *seenSet) visit(end uintptr, id uint32, start uintptr) uintptr {
	if 2*s.n >= len(s.entries) {
		s.grow()
	}
	mask := uintptr(len(s.entries) - 1)
	for i := seenHash(end, id); ; i++ {
		e := &s.entries[i&mask]
		switch {
		case e.round != s.round:
			*e = seenEntry{end, start, id, s.round}
			s.n++
			return end
		case e.end == end && e.id == id:
			known := e.start
			e.start = min(known, start)
			return known
		}
	}
}

// has reports whether the memory from start to end has been noted.
func (s *seenSet) has(end uintptr, id uint32, start uintptr) bool {
	if s.n == 0 {
		return false
	}
	mask := uintptr(len(s.entries) - 1)
	for i := seenHash(end, id); ; i++ {
		e := &s.entries[i&mask]
		switch {
		case e.round != s.round:
			return false
		case e.end == end && e.id == id:
			return e.start <= start
		}
	}
}

func seenHash(end uintptr, id uint32) uintptr {
	h := (uint64(end)>>3 ^ uint64(id)<<40) * 0x9e3779b97f4a7c15
	return uintptr(h >> 20)
}

func (s *seenSet) grow() {
	old := s.entries
	s.entries = make([]seenEntry, max(256, 2*len(old)))
	s.n = 0
	round := s.round
	s.round = 1
	for i := range old {
		if e := &old[i]; e.round == round && round != 0 {
			s.visit(e.end, e.id, e.start)
		}
	}
}

func (s *seenSet) reset() {
	const keep = 1 << 23
	if len(s.entries) > keep {
		*s = seenSet{}
		return
	}
	s.n = 0
	if s.round++; s.round == 0 {
		clear(s.entries)
		s.round = 1
	}
}
