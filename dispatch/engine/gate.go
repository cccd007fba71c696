package engine

import (
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

func (e *Engine) newFunction(f Function) *function {
	p := &f.Policy
	fn := &function{Function: f}
	policy := limit.Policy{Concurrency: p.Concurrency, Fixed: true, Rate: p.Rate, Per: p.Per}
	if _, shared := e.store.(store.Shared); shared {
		policy.Leased, policy.Slots = p.Rate > 0, p.FleetConcurrency > 0
	} else {
		policy.Concurrency = p.most()
	}
	if !p.Partition.Apart {
		policy.Fixed, policy.Breaker, policy.Changed = !p.Adaptive, p.Breaker, e.changed(fn)
	}
	fn.gate = limit.NewGate(policy)
	if fn.lease = e.newLease(fn, nil, "", &policy); fn.lease != nil {
		fn.lease.gate = fn.gate
	}
	return fn
}

// most returns how many calls can run at a time in a process; 0 for no limit.
func (p *Policy) most() int {
	if p.Concurrency == 0 || p.FleetConcurrency > 0 && p.FleetConcurrency < p.Concurrency {
		return p.FleetConcurrency
	}
	return p.Concurrency
}

// changed returns what a breaker of f calls when it opens and closes.
func (e *Engine) changed(f *function, attrs ...any) func(bool) {
	attrs = append([]any{"function", f.Name}, attrs...)
	return func(open bool) {
		if open {
			e.log.Warn("most attempts fail for now; none begins for a while", append(attrs, "pause", f.Policy.Breaker.Pause)...)
		} else {
			e.log.Info("attempts succeed again", attrs...)
		}
	}
}

// admit says whether a call of f may run, one that begins or one that goes on. If it has to wait for a time, pump is called
// then. The engine's lock is held.
func (e *Engine) admit(f *function, begins bool, now time.Time) (limit.Permit, bool) {
	p, ok, at := f.gate.Admit(now, begins)
	if f.lease != nil {
		if ok {
			f.lease.used = now
		} else {
			e.fleet.want(f.lease, now)
		}
	}
	if ok || at.IsZero() {
		return p, ok
	}
	if f.timer != nil {
		if !at.Before(f.wake) {
			return p, false // it is asked for earlier already
		}
		f.timer.Stop()
	}
	f.wake = at
	var timer *time.Timer
	timer = time.AfterFunc(time.Until(at), func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if f.timer == timer {
			f.timer = nil
			e.pump(f)
		}
	})
	f.timer = timer
	return p, false
}

// learn tells the function's gate how a run went, whose outcome the caller deals with. The engine's
// lock is held.
func (e *Engine) learn(r *run, t Turn) {
	o, pause := limit.Good, time.Duration(0)
	r.mu.Lock()
	stopped, timedOut := r.stopped, r.timedOut
	r.mu.Unlock()
	switch f := t.Failure; {
	case stopped:
		o = limit.Neutral
	case f == nil:
	case f.Status.Temporary() || timedOut:
		o = limit.Overload
		// What another error asks for concerns its call alone: "not ready, look again in an hour".
		if f.Status == store.Throttled || f.Status == store.HTTPError {
			pause = f.RetryAfter
		}
	}
	r.c.learn(o, pause)
}

// learn tells the gates that let the attempt through how it went. The engine's lock is held.
func (c *call) learn(o limit.Outcome, pause time.Duration) {
	now := time.Now()
	if c.part != nil {
		c.part.gate.Learn(now, *c.partPermit, o, pause)
		if c.fn.Policy.Partition.Apart {
			o, pause = limit.Neutral, 0
		}
	}
	c.fn.gate.Learn(now, c.permit, o, pause)
}
