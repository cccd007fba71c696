package engine

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// outcome is how a call ended that is to be recorded as done.
type outcome struct {
	r    *run
	res  Result
	next progress
	f    *Failure // nil if it did not fail
	ev   *Event   // nil if nobody would be told
}

// change returns what is stored of the call.
func (o *outcome) change() store.Change {
	ch := o.next.change(o.r.c, store.Done, o.f)
	ch.Status, ch.Output = o.res.Status, o.res.Output
	return ch
}

// cameTo returns how a run ended.
func (e *Engine) cameTo(r *run, res Result, f *Failure) *outcome {
	o := &outcome{r, res, r.c.progress, f, e.event(r, AttemptEnded, f != nil)}
	o.next.attempts++
	if f != nil {
		o.next.failures++
		o.res = Result{Status: f.Status, Error: f.Encoded, Failure: f}
	}
	o.next.status = o.res.Status
	if o.ev != nil {
		o.ev.Status, o.ev.Final = o.res.Status, true
		if f != nil {
			o.ev.Err = f.Message
		}
	}
	return o
}

// finish records that a call has failed for good, and gives that to who waits for it.
func (e *Engine) finish(r *run, f *Failure) { e.conclusion(e.cameTo(r, Result{}, f)) }

// conclusion records the outcome of a call and gives it to who waits for it.
func (e *Engine) conclusion(o *outcome) {
	c := o.r.c
	e.mu.Lock()
	wake := e.stirs(c)
	e.mu.Unlock()
	x := newRecording(e, o.r)
	x.ended = o
	steps := x.end(o.change(), c.dropping())
	steps[0].Wake = wake
	e.record(x, steps)
}

// concluded goes on with a call whose outcome was to be recorded.
func (e *Engine) concluded(x *recording, w *worker, err error) {
	o, r, c := x.ended, x.r, x.r.c
	if err != nil && o.f == nil && len(r.behind) == 0 && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrFenced) && !errors.Is(err, ErrClosed) {
		// An output that the store does not take.
		e.finish(r, e.cfg.Describe(store.PermanentError, fmt.Sprintf("the result cannot be stored: %v", err)))
		return
	}
	if err != nil {
		e.lost(r, err)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.runSettled(r)
		return
	}
	e.told(r)
	e.observe(o.ev)
	e.discard(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.handOn(r)
	e.hand = w
	e.done(c, o.res)
	e.hand = nil
	e.runSettled(r)
}

// done takes a call out of memory and hands on its outcome. The engine's lock is held.
func (e *Engine) done(c *call, res Result) {
	e.over(c, res)
	p := c.parent
	if p == nil {
		if e.fleet == nil && c.awaiter != 0 {
			e.arrive(c)
		}
		e.fleet.finished(c)
		return
	}
	i := p.position(c.id)
	if i < 0 || p.decided {
		return // it goes on without this one
	}
	if p.remote {
		e.fleet.ask(p)
		return
	}
	if p.recounts {
		e.arrive(c)
		return
	}
	if p.results != nil {
		p.results[i] = res
	}
	if p.waits.Need > 0 {
		p.pending--
		e.came(p, i, res.Status)
		return
	}
	if p.pending--; p.place != waiting {
		return
	}
	if p.pending == 0 {
		e.enqueue(p)
	} else {
		e.rest(p)
	}
}

// over takes a call out of memory that is done, and tells who waits for it. The engine's lock is
// held.
func (e *Engine) over(c *call, res Result) {
	e.unexpect(c)
	e.endBegun(c)
	if e.calls[c.id] == c {
		delete(e.calls, c.id)
	}
	for _, w := range c.waiters {
		w <- res
	}
	c.waiters, c.exec, c.results = nil, nil, nil
	e.leaveLine(c)
	e.fleet.line(c)
}

// again puts a call back into its queue as the store has it: its attempt was cut short.
func (e *Engine) again(r *run) {
	if len(r.behind) > 0 {
		e.part(r, nil)
		return
	}
	c := r.c
	if c.suspended && !c.stateful {
		// What a volatile execution was suspended in is gone with it.
		next := c.progress
		next.awaits = 0
		if err := e.commit(c, store.Step{Change: []store.Change{next.change(c, store.Ready, nil)}, Mark: c.dropping()}); err != nil {
			e.lost(r, err)
			return
		}
		e.mu.Lock()
		e.endBegun(c)
		c.restart()
		e.mu.Unlock()
	} else if c.noted.Load() {
		if err := e.commit(c, store.Step{}); err != nil {
			e.lost(r, err)
			return
		}
	}
	e.observe(e.event(r, AttemptCut, false))
	e.discard(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	c.exec = nil
	e.enqueue(c)
}

// lost gives up, until the next start, a call whose step the store did not take: it goes
// on from what was stored last.
func (e *Engine) lost(r *run, err error) {
	if len(r.behind) > 0 {
		e.part(r, err)
		return
	}
	e.mu.Lock()
	killed := e.killed.Load()
	e.mu.Unlock()
	if killed {
		e.discard(r)
		return
	}
	if errors.Is(err, store.ErrFenced) && e.fleet != nil {
		// Another process goes on from what was stored last: nothing is unwound here.
		e.observe(e.event(r, AttemptCut, false))
		if !r.given {
			r.exec.Discard(false)
		}
		return
	}
	e.log.Error("a step could not be stored; the call is tried again at the next start",
		"call", r.id, "function", r.c.name, "err", err)
	e.observe(e.event(r, AttemptCut, false))
	e.discard(r)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shelve(r.c, fmt.Errorf("call %s: %w: %w", r.id, ErrParked, err))
}
