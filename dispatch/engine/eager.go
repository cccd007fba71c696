package engine

import (
	"errors"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A result that is the last one that an eager function awaits need not be durable before that
// function goes on, because the function says so or is known to have no effects there: result, next state and the calls that are made then become durable in one
// step, or none of them does. So a step of a workflow is one commit in place of two.
//
// The parent goes on in the goroutine of the child's attempt. What comes of its run settles both:
// the outcomes that are to be recorded with it are handed from run to run, up the tree if several
// ends follow from each other. If the step is not taken, or the parent's run is cut short, all of
// them are taken back: the first outcome is recorded alone, and the parents wait for their
// children as before, with the states that the store has.

// follow makes a run of the parent of a call on its outcome before that is recorded. It returns nil
// if there is to be none; otherwise the outcome has been dealt with. The engine's lock is held.
func (e *Engine) follow(o *outcome) (*run, []Result) {
	c := o.r.c
	p := c.parent
	if p == nil || c.waits.Begun != nil || !e.follows(p, c) {
		return nil, nil
	}
	now := time.Now()
	permit, ok, _ := p.fn.gate.Admit(now, false)
	if !ok {
		return nil, nil
	}
	if p.part = e.partOf(p); p.part != nil {
		part, ok, _ := p.part.gate.Admit(now, false)
		if !ok {
			p.fn.gate.Cancel(now, permit)
			return nil, nil
		}
		p.partPermit = &part
	}
	e.leave(p)
	p.permit, p.place, p.queued = permit, active, now
	p.fn.active++
	e.active++
	results := slices.Clone(p.results)
	results[c.id-p.first] = o.res
	o.r.handed = true
	r := &run{c: p, exec: p.exec, id: p.text, resumed: true, begun: now, worker: o.r.worker, behind: append(slices.Clip(o.r.behind), o)}
	e.enlist(r)
	return r, results
}

// follows says whether p may run on the outcome of c at once. What is unusual takes the usual way.
// The engine's lock is held.
func (e *Engine) follows(p, c *call) bool {
	return p.fn != nil && p.fn.Policy.eager(p.free) &&
		p.place == waiting && p.pending == 1 && p.results != nil && p.waits.Need == 0 && !p.remote &&
		c.id >= p.first && c.id < p.first+int64(p.width) &&
		p.exec != nil && p.exec.Durable() && p.text != "" && p.ending == store.None &&
		e.running && !e.fenced && !e.trial.active() && e.fleet.sure() && c.generation == e.generation && p.generation == e.generation &&
		!c.noted.Load() && !p.noted.Load() && !p.watch.first && p.fn.queue.resumed.n == 0
}

// eager says whether a call that awaits may go on with a result that is not durable, if what it does with that has no
// effects, or may have some.
func (p *Policy) eager(free bool) bool {
	return p.Eager == Always || p.Eager == WhereEffectFree && free
}

// told tells of the outcomes that a run followed from, which are recorded with what has come of it.
func (e *Engine) told(r *run) {
	for _, o := range r.behind {
		e.observe(o.ev)
		e.discard(o.r)
	}
}

// handOn goes on with them. The engine's lock is held.
func (e *Engine) handOn(r *run) {
	for _, o := range r.behind {
		c := o.r.c
		p := c.parent
		e.over(c, o.res)
		p.pending = 0
		if p.results != nil {
			p.results[c.id-p.first] = o.res // for who tries again from the same state
		}
		e.runSettled(o.r)
	}
	r.behind = nil
}

// part takes back that r ran on outcomes that are not recorded. err is why they were not, with
// what came of the run; nil if that was not tried.
func (e *Engine) part(r *run, err error) {
	behind := r.behind
	r.behind = nil
	e.mu.Lock()
	killed := e.killed.Load()
	e.mu.Unlock()
	if killed || errors.Is(err, store.ErrFenced) && e.fleet != nil {
		e.lost(r, err)
		for _, o := range slices.Backward(behind) {
			o.r.behind = nil
			e.lost(o.r, err)
			e.mu.Lock()
			e.runSettled(o.r)
			e.mu.Unlock()
		}
		return
	}
	if err != nil {
		e.log.Warn("a result could not be stored with what followed from it; it is stored alone, and that is done again",
			"call", behind[0].r.id, "function", behind[0].r.c.name, "err", err)
	}
	e.await(r)
	for _, o := range slices.Backward(behind[1:]) {
		o.r.behind = nil
		e.await(o.r)
		e.mu.Lock()
		e.runSettled(o.r)
		e.mu.Unlock()
	}
	e.conclusion(behind[0])
}

// await makes the call of a run wait again for what it awaited before, as the store has it.
func (e *Engine) await(r *run) {
	e.observe(e.event(r, AttemptCut, false))
	if !r.given {
		r.exec.Discard(false) // its function is not over: what it deferred does not run
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	r.c.exec, r.c.results = nil, nil
	r.c.place = waiting
}
