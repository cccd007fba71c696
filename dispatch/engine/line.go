package engine

import (
	"container/heap"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// line is a partition of a function of which only so many calls are under way at a time: they have
// their turn from when they begin to when they are done, in the order in which they were made. It is
// how a process does it that has its store for itself; in a fleet the store gives the turns.
type line struct {
	begun int
	held  byID
}

// lined says whether a call has to wait for its turn, and gets it from this process.
func (e *Engine) lined(c *call) bool { return e.fleet == nil && c.inLine() }

// inLine says whether a call has to wait for its turn.
func (c *call) inLine() bool {
	return c.partition != "" && c.fn != nil && c.fn.Policy.Partition.Concurrency > 0
}

// hold makes a call wait for its turn. It returns false if that has come. The engine's lock is held.
func (e *Engine) hold(c *call) bool {
	if !e.lined(c) || c.turn || c.ending != store.None && !c.suspended {
		return false // it ends without having begun
	}
	l := c.fn.lines[c.partition]
	if l == nil {
		if c.fn.lines == nil {
			c.fn.lines = make(map[string]*line)
		}
		l = new(line)
		c.fn.lines[c.partition] = l
	}
	if c.suspended || c.attempts > 0 || c.place == parked || l.begun < c.fn.Policy.Partition.Concurrency && len(l.held) == 0 {
		l.begun++
		c.turn = true
		return false
	}
	c.place = held
	c.fn.held++
	heap.Push(&l.held, c)
	return true
}

// leaveLine gives the turn of a call that is done to the next ones. The engine's lock is held.
func (e *Engine) leaveLine(c *call) {
	if !c.turn || !e.lined(c) {
		return
	}
	f, l := c.fn, c.fn.lines[c.partition]
	c.turn = false
	l.begun--
	for len(l.held) > 0 && l.begun < f.Policy.Partition.Concurrency {
		next := heap.Pop(&l.held).(*call)
		f.held--
		if next.place != held {
			continue // it was canceled
		}
		next.turn = true
		l.begun++
		e.begin(next)
	}
	if l.begun == 0 && len(l.held) == 0 {
		if delete(f.lines, c.partition); len(f.lines) == 0 {
			f.lines = nil
		}
	}
}

// byID has the call with the least id first.
type byID []*call

func (h byID) Len() int           { return len(h) }
func (h byID) Less(i, j int) bool { return h[i].id < h[j].id }
func (h byID) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byID) Push(c any)        { *h = append(*h, c.(*call)) }

func (h *byID) Pop() any {
	n := len(*h) - 1
	c := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	return c
}
