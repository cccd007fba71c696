package engine

import (
	"container/heap"
	"errors"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// deadlines are the calls that are to end at some time if they are not done by then.
type deadlines struct {
	calls byDeadline
	timer *time.Timer
}

// byDeadline is a heap: the first one has the earliest deadline. Each call knows its place.
type byDeadline []*call

func (h byDeadline) Len() int           { return len(h) }
func (h byDeadline) Less(i, j int) bool { return h[i].deadline < h[j].deadline }
func (h byDeadline) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].expected, h[j].expected = int32(i+1), int32(j+1)
}
func (h *byDeadline) Push(x any) {
	c := x.(*call)
	*h = append(*h, c)
	c.expected = int32(len(*h))
}
func (h *byDeadline) Pop() any {
	n := len(*h) - 1
	c := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	c.expected = 0
	return c
}

// late says whether the deadline of a call has passed.
func (e *Engine) late(c *call) bool {
	return c.deadline != 0 && c.deadline <= e.clock.now().UnixMilli()
}

// expect sees to it that a call ends when its deadline passes. If that has passed, and the call has
// not begun, it never does. The engine's lock is held.
func (e *Engine) expect(c *call) {
	switch {
	case c.deadline == 0 || c.ending != store.None:
	case e.late(c) && !c.suspended:
		c.ending = store.Timeout
	default:
		heap.Push(&e.deadlines.calls, c)
		if c.expected == 1 {
			e.arm()
		}
	}
}

// unexpect takes back what expect did. The engine's lock is held.
func (e *Engine) unexpect(c *call) {
	if c.expected > 0 {
		heap.Remove(&e.deadlines.calls, int(c.expected)-1)
	}
}

// arm sets the timer for the next deadline. The engine's lock is held.
func (e *Engine) arm() {
	d := &e.deadlines
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if len(d.calls) > 0 && !e.closed {
		d.timer = time.AfterFunc(e.clock.until(time.UnixMilli(d.calls[0].deadline)), e.pass)
	}
}

// pass ends the calls whose deadlines have passed.
func (e *Engine) pass() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	var over, begun []*call
	for h := &e.deadlines.calls; len(*h) > 0 && e.late((*h)[0]); {
		switch c := heap.Pop(h).(*call); {
		case c.ending != store.None || c.generation != e.generation:
		case c.place == active || c.suspended || c.parked != nil:
			begun = append(begun, c)
		default:
			e.endOne(c, store.Timeout, &over)
		}
	}
	e.arm()
	e.concludeAll(over)
	for len(begun) > 0 {
		n := min(len(begun), chunk)
		e.active++
		go e.timeOut(begun[:n:n])
		begun = begun[n:]
	}
}

// timeOut ends calls that have begun, when it is durable that they are to end.
func (e *Engine) timeOut(calls []*call) {
	step := store.Step{Mark: make([]store.Mark, len(calls))}
	for i, c := range calls {
		step.Mark[i] = store.Mark{ID: c.id, Ending: store.Timeout}
	}
	err := e.writer.commitAs(calls[0].generation, step)
	if err != nil && !errors.Is(err, store.ErrFenced) && !errors.Is(err, ErrClosed) {
		e.log.Error("that the deadlines of calls have passed could not be stored; they end at the next start", "calls", len(calls), "err", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.quieter()
	if err != nil {
		return
	}
	left := calls[:0]
	for _, c := range calls {
		if e.calls[c.id] == c {
			left = append(left, c)
		}
	}
	e.end(store.Timeout, left...)
}

// hurry gives a run up that does not end or await soon, because its call is out of time. The
// engine's lock is held.
func (e *Engine) hurry(r *run) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled || r.timedOut {
		return // or it is given up anyway
	}
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = time.AfterFunc(leeway, func() { e.abandon(r) })
}
