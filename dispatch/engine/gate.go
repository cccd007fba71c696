package engine

import (
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

func (e *Engine) newFunction(f Function) *function {
	p := &f.Policy
	changed := func(open bool) {
		if open {
			e.log.Warn("most attempts fail for now; none begins for a while", "function", f.Name, "pause", p.Breaker.Pause)
		} else {
			e.log.Info("attempts succeed again", "function", f.Name)
		}
	}
	return &function{Function: f, gate: limit.NewGate(limit.Policy{
		Concurrency: p.Concurrency, Fixed: !p.Adaptive, Rate: p.Rate, Per: p.Per, Breaker: p.Breaker, Changed: changed,
	})}
}

// admit says whether a call of f may run, one that begins or one that goes on. If it has to wait for a time, pump is called
// then. The engine's lock is held.
func (e *Engine) admit(f *function, begins bool) (limit.Permit, bool) {
	p, ok, at := f.gate.Admit(time.Now(), begins)
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

// learn tells the function's gate how a run went, whose outcome the caller deals with.
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
	e.mu.Lock()
	defer e.mu.Unlock()
	r.c.fn.gate.Learn(time.Now(), r.c.permit, o, pause)
}
