package engine

// fifo is a queue of calls.
type fifo struct {
	calls []*call
	head  int
}

func (q *fifo) len() int { return len(q.calls) - q.head }

func (q *fifo) push(c *call) { q.calls = append(q.calls, c) }

func (q *fifo) pop() *call {
	c := q.calls[q.head]
	q.calls[q.head] = nil
	q.head++
	switch {
	case q.head == len(q.calls):
		q.calls, q.head = nil, 0
	case q.head > 1024 && q.head > len(q.calls)/2:
		q.calls, q.head = append([]*call(nil), q.calls[q.head:]...), 0
	}
	return c
}

// queue holds the calls of one function that are to be run. Calls that go on come before
// those that begin: to finish what was begun frees memory. Among those that begin the
// workflows take turns, so that one which makes a hundred thousand calls does not keep the
// others waiting.
type queue struct {
	resumed fifo
	fresh   map[int64]*fifo // by the root of the call
	turns   []int64         // roots with fresh calls, in the order of their turns
	n       int
}

func (q *queue) len() int { return q.n }

func (q *queue) push(c *call, resumes bool) {
	q.n++
	if resumes {
		q.resumed.push(c)
		return
	}
	f := q.fresh[c.root]
	if f == nil {
		if q.fresh == nil {
			q.fresh = make(map[int64]*fifo)
		}
		f = new(fifo)
		q.fresh[c.root] = f
		q.turns = append(q.turns, c.root)
	}
	f.push(c)
}

// skip drops calls that have left the queue since: those that were canceled before they began.
func (q *queue) skip() {
	for q.n > 0 && q.resumed.len() == 0 {
		if f := q.fresh[q.turns[0]]; f.calls[f.head].place == queued {
			return
		}
		q.pop()
	}
}

func (q *queue) pop() *call {
	if q.n == 0 {
		return nil
	}
	q.n--
	if q.resumed.len() > 0 {
		return q.resumed.pop()
	}
	root := q.turns[0]
	q.turns = q.turns[1:]
	f := q.fresh[root]
	c := f.pop()
	if f.len() > 0 {
		q.turns = append(q.turns, root)
	} else {
		delete(q.fresh, root)
	}
	return c
}
