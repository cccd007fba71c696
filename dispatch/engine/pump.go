package engine

import (
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// enqueue makes the call run as soon as there is room. The engine's lock is held.
func (e *Engine) enqueue(c *call) {
	if c.generation != e.generation {
		return // it is another one's by now
	}
	if c.fn == nil {
		c.place = parked
		if c.ending != store.None && !c.suspended {
			e.concludeAll([]*call{c})
		}
		return
	}
	if (c.ending != store.None || c.fn.sleeps) && !c.suspended {
		e.concludeAll([]*call{c})
		return
	}
	if c.fn.hears {
		c.place = waiting
		return
	}
	c.place = queued
	c.queued = time.Now()
	if c.watch.suspect {
		e.trial.waiting = append(e.trial.waiting, c)
		e.try()
		return
	}
	e.push(c)
	e.pump(c.fn)
}

// begin makes a call that was just made run when it is due. The engine's lock is held.
func (e *Engine) begin(c *call) {
	if e.hold(c) {
		return
	}
	switch {
	case c.due == 0:
		e.enqueue(c)
	case !c.until.IsZero():
		e.delay(c, time.Until(c.until))
	default:
		e.delayUntil(c, time.UnixMilli(c.due))
	}
}

// pump starts attempts at calls of f, as many as may run. The engine's lock is held.
func (e *Engine) pump(f *function) {
	for {
		from := f.queue.next()
		if from == nil || !e.running || e.fenced || e.trial.active() || !e.fleet.sure() {
			return
		}
		now := time.Now()
		p, ok := e.admit(f, from == &f.queue.fresh, now)
		if !ok && from == &f.queue.fresh && f.queue.resumed.n > 0 {
			from = &f.queue.resumed
			p, ok = e.admit(f, false, now)
		}
		if !ok {
			return
		}
		c := f.queue.pop(from)
		if !e.passes(c, now) {
			f.gate.Cancel(now, p)
			continue
		}
		c.permit = p
		c.place = active
		f.active++
		e.active++
		e.start(c)
	}
}

// release gives the place of an execution that no longer runs to another one: in its function, and in its partition, if
// that is not nil. The engine's lock is held.
func (e *Engine) release(f *function, p *part) {
	f.active--
	slots, _ := f.gate.Slots()
	f.gate.Release()
	e.fleet.released(f.lease, slots)
	if p != nil {
		p.gate.Release()
		p.again()
		f.offer(p)
	}
	e.pump(f)
}

// runSettled says that what has come of a run is dealt with, unless that was said. The engine's lock is
// held.
func (e *Engine) runSettled(r *run) {
	if !r.over {
		r.over = true
		e.settled(r.c)
	}
}

// settled says that the outcome of an attempt is dealt with. The engine's lock is held.
func (e *Engine) settled(c *call) {
	e.quieter()
	e.acquit(c)
}

// quieter says that something of which there was one more in active is over. The engine's lock is
// held.
func (e *Engine) quieter() {
	defer e.fleet.settled()
	if len(e.idles.leaving) > 0 {
		e.thin()
	}
	if e.active--; e.active > 0 {
		return
	}
	if e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
	if len(e.trial.waiting) > 0 {
		e.try()
	}
}

// delayUntil makes the call run again when the clock shows t. The engine's lock is held.
func (e *Engine) delayUntil(c *call, t time.Time) {
	c.due, c.timed = millis(t), true
	e.rouseIn(c, e.clock.until(t))
}

// delay makes the call run again after d. The engine's lock is held.
func (e *Engine) delay(c *call, d time.Duration) {
	c.timed = false
	e.rouseIn(c, d)
}

func (e *Engine) rouseIn(c *call, d time.Duration) {
	if d <= 0 || c.ending != store.None {
		e.enqueue(c)
		return
	}
	c.place, c.until = delayed, time.Now().Add(d)
	e.rest(c)
	var timer *time.Timer
	timer = time.AfterFunc(d, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		switch {
		case c.place != delayed || c.timer != timer || e.closed:
		case c.timed:
			c.timer = nil
			e.delayUntil(c, time.UnixMilli(c.due)) // the clock may have been put back
		default:
			c.timer = nil
			e.enqueue(c)
		}
	})
	c.timer = timer
}
