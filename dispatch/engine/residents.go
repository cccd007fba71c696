package engine

// residents are the suspended calls whose executions stay in memory, in the order in which they
// were suspended.
type residents struct {
	oldest, latest *call
	n              int
}

// residency is where a call stands among them.
type residency struct {
	in           bool
	older, newer *call
}

func (s *residents) add(c *call) {
	c.residency = residency{in: true, older: s.latest}
	if s.latest == nil {
		s.oldest = c
	} else {
		s.latest.residency.newer = c
	}
	s.latest = c
	s.n++
}

// remove takes a call out, if it is among them.
func (s *residents) remove(c *call) {
	x := c.residency
	if !x.in {
		return
	}
	if x.older == nil {
		s.oldest = x.newer
	} else {
		x.older.residency.newer = x.newer
	}
	if x.newer == nil {
		s.latest = x.older
	} else {
		x.newer.residency.older = x.older
	}
	c.residency = residency{}
	s.n--
}
