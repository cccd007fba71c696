package engine

import "container/heap"

// patience is how many calls go first for their rank before one goes because its rank has waited
// for longest.
const patience = 8

// Ranks are used again that had no more lanes at a time, and no more of them are kept.
const (
	smallRank = 256
	fewRanks  = 4
)

// queue holds the calls of one function that are to be run. Those of a higher priority come
// first, and of one priority those that go on before those that begin: to finish what was begun
// frees memory. But one of so many turns belongs to the rank, which is both, that has not had one
// for longest, so that none waits for good. Within a rank the workflows take turns, so that one
// which makes a hundred thousand calls does not keep the others waiting.
type queue struct {
	resumed, fresh ranks
	turn           int64
}

func (q *queue) len() int { return q.resumed.n + q.fresh.n }

func (q *queue) push(c *call, resumes bool) {
	if resumes {
		q.resumed.push(c, q.turn)
	} else {
		q.fresh.push(c, q.turn)
	}
}

// ofRest says whether the next turn belongs to the rank that waits for longest.
func (q *queue) ofRest() bool { return q.turn%patience == patience-1 }

// next returns those of which the next call is one, or nil if there is no call.
func (q *queue) next() *ranks {
	q.resumed.skip()
	q.fresh.skip()
	r, f := &q.resumed, &q.fresh
	switch {
	case f.n == 0 && r.n == 0:
		return nil
	case f.n == 0:
		return r
	case r.n == 0:
		return f
	}
	if q.ofRest() {
		if f.longest.served < r.longest.served {
			return f
		}
		return r
	}
	if f.order[0].priority > r.order[0].priority {
		return f
	}
	return r
}

// pop takes the next call out of those.
func (q *queue) pop(from *ranks) *call {
	r := from.order[0]
	if q.ofRest() {
		r = from.longest
	}
	q.turn++
	return from.pop(r, q.turn)
}

// ranks are calls by their priorities.
type ranks struct {
	n       int
	order   rankHeap
	by      map[int32]*rank
	longest *rank // the first of a list, in the order of when they had a turn
	latest  *rank // the last one
	unused  []*rank
}

// rank are calls of one priority that all begin, or all go on.
type rank struct {
	priority int32
	index    int             // in the heap
	served   int64           // the last turn that it had, or at which it came to be
	lanes    map[int64]*lane // by the root of the call
	most     int             // of them, that there were at a time
	first    *lane           // whose turn it is
	last     *lane
	unused   *lane
	before   *rank
	after    *rank
}

// lane are the calls of one workflow in a rank, in their order.
type lane struct {
	root        int64
	first, last *call
	next        *lane
}

func (s *ranks) push(c *call, turn int64) {
	r := s.by[c.priority]
	if r == nil {
		if n := len(s.unused); n > 0 {
			r, s.unused = s.unused[n-1], s.unused[:n-1]
		} else {
			r = &rank{lanes: make(map[int64]*lane)}
		}
		if s.by == nil {
			s.by = make(map[int32]*rank)
		}
		r.priority, r.served = c.priority, turn
		s.by[c.priority] = r
		heap.Push(&s.order, r)
		s.link(r)
	}
	s.n++
	l := r.lanes[c.root]
	if l == nil {
		if l = r.unused; l != nil {
			r.unused, l.next = l.next, nil
		} else {
			l = new(lane)
		}
		l.root = c.root
		r.lanes[c.root] = l
		r.most = max(r.most, len(r.lanes))
		r.line(l)
	}
	if l.first == nil {
		l.first = c
	} else {
		l.last.next = c
	}
	l.last = c
}

// has says whether another call of the workflow waits in the rank of a call.
func (s *ranks) has(c *call) bool {
	r := s.by[c.priority]
	return r != nil && r.lanes[c.root] != nil
}

// skip drops calls that have left the queue since: those that were canceled before they began.
func (s *ranks) skip() {
	for s.n > 0 {
		switch top := s.order[0]; {
		case top.first.first.place != queued:
			s.take(top)
		case s.longest.first.first.place != queued:
			s.take(s.longest)
		default:
			return
		}
	}
}

func (s *ranks) pop(r *rank, turn int64) *call {
	r.served = turn
	if s.latest != r {
		s.unlink(r)
		s.link(r)
	}
	return s.take(r)
}

// take takes the next call out of a rank.
func (s *ranks) take(r *rank) *call {
	s.n--
	l := r.first
	c := l.first
	if l.first, c.next = c.next, nil; l.first == nil {
		l.last = nil
	}
	if r.first, l.next = l.next, nil; r.first == nil {
		r.last = nil
	}
	if l.first != nil {
		r.line(l)
		return c
	}
	delete(r.lanes, l.root)
	l.next, r.unused = r.unused, l
	if r.first == nil {
		heap.Remove(&s.order, r.index)
		s.unlink(r)
		delete(s.by, r.priority)
		if r.most <= smallRank && len(s.unused) < fewRanks {
			s.unused = append(s.unused, r)
		}
	}
	return c
}

// line puts a lane behind the others.
func (r *rank) line(l *lane) {
	if r.last == nil {
		r.first = l
	} else {
		r.last.next = l
	}
	r.last = l
}

// link puts a rank behind the others.
func (s *ranks) link(r *rank) {
	r.before, r.after = s.latest, nil
	if s.latest == nil {
		s.longest = r
	} else {
		s.latest.after = r
	}
	s.latest = r
}

func (s *ranks) unlink(r *rank) {
	if r.before == nil {
		s.longest = r.after
	} else {
		r.before.after = r.after
	}
	if r.after == nil {
		s.latest = r.before
	} else {
		r.after.before = r.before
	}
	r.before, r.after = nil, nil
}

// rankHeap has the rank of the highest priority first.
type rankHeap []*rank

func (h rankHeap) Len() int           { return len(h) }
func (h rankHeap) Less(i, j int) bool { return h[i].priority > h[j].priority }
func (h rankHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *rankHeap) Push(r any) {
	r.(*rank).index = len(*h)
	*h = append(*h, r.(*rank))
}

func (h *rankHeap) Pop() any {
	n := len(*h) - 1
	r := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	return r
}
