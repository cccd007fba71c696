package engine

import (
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
)

// part is a partition of a function that has limits of its own. Its calls wait here, all but one,
// the candidate: that is in the queue of the function, or, if it was refused, stuck until it is worth
// to ask again. So the queue has no calls that would be refused again and again.
type part struct {
	gate      *limit.Gate
	lease     *lease // nil if it shares nothing
	waiting   queue
	candidate *call
	stuck     bool
	timer     *time.Timer
	counted   int // what the function counts of it
}

// partOf returns the partition of a call, or nil if it has no limits of its own. The engine's lock is
// held.
func (e *Engine) partOf(c *call) *part {
	f := c.fn
	l := &f.Policy.Partition
	if c.partition == "" || l.Rate == 0 && !l.Apart {
		return nil
	}
	p := f.parts[c.partition]
	if p == nil {
		if f.parts == nil {
			f.parts = make(map[string]*part)
			e.sweepLater(f)
		}
		policy := limit.Policy{Rate: l.Rate, Per: l.Per, Fixed: true, Leased: e.fleet != nil && l.Rate > 0}
		if l.Apart {
			policy.Concurrency, policy.Fixed, policy.Breaker = f.Policy.Concurrency, !f.Policy.Adaptive, f.Policy.Breaker
			policy.Changed = e.changed(f, "partition", c.partition)
		}
		p = &part{gate: limit.NewGate(policy)}
		if p.lease = e.newLease(f, p, c.partition, &policy); p.lease != nil {
			p.lease.gate = p.gate
		}
		f.parts[c.partition] = p
	}
	return p
}

// push puts a call into the queue of its function, or makes it wait in its partition. The engine's
// lock is held.
func (e *Engine) push(c *call) {
	p := e.partOf(c)
	c.part = p
	if p == nil {
		c.fn.queue.push(c, c.suspended)
		return
	}
	p.waiting.push(c, c.suspended)
	if p.stuck && c.suspended {
		p.again() // what goes on may pass where what begins may not
	}
	c.fn.offer(p)
}

// again lets the partition choose its candidate anew.
func (p *part) again() {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if p.stuck {
		c := p.candidate
		p.candidate, p.stuck = nil, false
		if c.place == queued {
			p.waiting.push(c, c.suspended)
		}
	}
}

// offer makes a call the candidate of its partition if that has none.
func (f *function) offer(p *part) {
	if p.candidate == nil {
		if from := p.waiting.next(); from != nil {
			p.candidate = p.waiting.pop(from)
			f.queue.push(p.candidate, p.candidate.suspended)
		}
	}
	n := p.waiting.len()
	if p.stuck {
		n++
	}
	f.apart += n - p.counted
	p.counted = n
}

// passes says whether a call that was taken out of the queue may run as far as its partition is
// concerned. The engine's lock is held.
func (e *Engine) passes(c *call, now time.Time) bool {
	p := c.part
	if p == nil {
		return true
	}
	permit, ok, at := p.gate.Admit(now, !c.suspended)
	p.waiting.resumed.skip()
	switch {
	case ok:
		c.partPermit = &permit
		p.candidate = nil
	case !c.suspended && p.waiting.resumed.n > 0:
		p.waiting.push(c, false)
		p.candidate = p.waiting.pop(&p.waiting.resumed)
		c.fn.queue.push(p.candidate, true)
	default:
		p.stuck = true
		if !at.IsZero() {
			e.wakePart(c.fn, p, at)
		}
		e.fleet.want(p.lease, now)
	}
	c.fn.offer(p)
	return ok
}

// wakePart lets a partition ask again at a time. The engine's lock is held.
func (e *Engine) wakePart(f *function, p *part, at time.Time) {
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(at), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if p.timer == timer {
			p.again()
			f.offer(p)
			e.pump(f)
		}
	})
	p.timer = timer
}

// leavePart says that a call is not in the queue any more, though it did not run. The engine's lock
// is held.
func (c *call) leavePart() {
	p := c.part
	if p == nil || p.candidate != c {
		return
	}
	p.candidate, p.stuck = nil, false
	p.again()
	c.fn.offer(p)
}

// forgetParts drops the calls that wait, but not what was learned. The engine's lock is held.
func (f *function) forgetParts() {
	for _, p := range f.parts {
		p.again()
		p.waiting, p.candidate = queue{}, nil
		f.offer(p)
	}
}

// sweepEvery is how often partitions are looked for that are not used any more.
const sweepEvery = time.Minute

// sweepLater gives back the memory of partitions that are not used any more, from time to time. The
// engine's lock is held.
func (e *Engine) sweepLater(f *function) {
	time.AfterFunc(sweepEvery, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.closed {
			return
		}
		now, kept := time.Now(), make(map[string]*part)
		for name, p := range f.parts {
			if p.candidate != nil || p.waiting.len() > 0 || !p.gate.Idle(now) {
				kept[name] = p
			} else if p.lease != nil {
				delete(e.fleet.sharing.in, p.lease)
			}
		}
		if f.parts = kept; len(kept) == 0 {
			f.parts = nil
			return
		}
		e.sweepLater(f)
	})
}
