package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// suspend stores the state of a call, with the calls that it awaits, and starts those that are new.
func (e *Engine) suspend(r *run, t Turn) {
	c := r.c
	for _, q := range t.Await {
		if q.Call == "" && e.functions[q.Function] == nil && e.fleet == nil {
			e.finish(r, e.cfg.Describe(store.NotFound, fmt.Sprintf("no function %q", q.Function)))
			return
		}
	}
	before, err := e.ownCalls(c, t.Await)
	switch {
	case errors.Is(err, errNotBegun):
		e.finish(r, e.cfg.Describe(store.InvalidArgument, err.Error()))
		return
	case err != nil:
		e.lost(r, err)
		return
	}
	children, err := e.children(c, t.Await, len(t.Await)-len(before))
	if err != nil {
		e.lost(r, err)
		return
	}
	// What it is to be, but for what others may look at meanwhile.
	next := struct {
		progress
		awaiting
	}{c.progress, awaiting{width: len(t.Await), fresh: len(children),
		waits: waits{Shielded: t.Shielded, Need: t.Need, Success: t.Success, Begin: t.Begin, Begun: e.prune(c), Events: expects(t.Await)}}}
	next.awaits++
	if next.awaits > next.reached {
		next.reached, next.failures, next.status = next.awaits, 0, store.None
	}
	switch {
	case len(before) == 0:
		next.first = children[0].id
	case len(t.Await) == 1:
		next.first = before[0]
	default:
		next.waits.Of = between(t.Await, before, children)
		if len(children) > 0 {
			next.first = children[0].id
		}
		if t.Need == 0 {
			next.waits.Need = next.width
		}
	}
	results := make([]Result, next.width)
	if t.Begin {
		next.waits.Begun = append(next.waits.Begun, begun{next.first, len(children), t.Shielded})
		next.waits.Need, next.decided = 1, true
		for i := range results {
			results[i].Status = store.OK
			if err = e.ask(func() (err error) {
				results[i].ID, err = e.names.Format(context.Background(), children[i].incarnation, children[i].id)
				return err
			}); err != nil {
				e.mu.Lock()
				e.placed(next.first)
				e.mu.Unlock()
				e.lost(r, err)
				return
			}
		}
	}
	change := next.progress.change(c, store.Suspended, nil)
	change.State = r.state
	next.await(&change)
	x := newRecording(e, r)
	x.progress, x.awaiting, x.before, x.children, x.results, x.free = next.progress, next.awaiting, before, children, results, t.EffectFree
	if x.ev = e.event(r, AttemptSuspended, false); x.ev != nil {
		x.ev.Awaited, x.ev.State = len(t.Await), len(r.state)
	}
	x.placing = change.First
	steps := x.spawn(c.id, children, change)
	if len(children) == 1 && len(before) == 0 && c.brief(&children[0], t, r.state != nil) {
		steps[0].Create[0].Brief = true
	}
	e.record(x, steps)
}

// suspended goes on with a call whose state was to be stored, with the calls that it awaits.
func (e *Engine) suspended(x *recording, w *worker, err error) {
	r, c := x.r, x.r.c
	if err != nil {
		e.mu.Lock()
		e.placed(x.placing)
		e.mu.Unlock()
		e.lost(r, err)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.runSettled(r)
		return
	}
	e.told(r)
	e.observe(x.ev)

	e.mu.Lock()
	defer e.mu.Unlock()
	e.handOn(r)
	defer e.runSettled(r) // at last, unless it was before
	e.placed(x.placing)
	if c.generation != e.generation || e.unwound() {
		r.exec.Discard(false)
		return
	}
	c.progress, c.awaiting = x.progress, x.awaiting
	c.suspended, c.stateful, c.remote, c.recounts, c.drowsy = true, r.state != nil, false, false, false
	c.succeeded, c.pending = 0, c.width
	c.results, c.looked, c.stays = x.results, false, 0
	c.exec = r.exec
	c.free = x.free
	c.place = waiting
	e.stay(c)
	e.hand = w
	for i := range x.children {
		if child := &x.children[i]; e.fleet.keeps(child) {
			e.calls[child.id] = child
			if c.ending != store.None && c.tells(child.id) {
				child.ending = c.ending // it came while this was being stored
			}
			e.expect(child)
			e.begin(child)
		}
	}
	e.listen(c)
	switch {
	case c.waits.Begin:
		e.enqueue(c)
	case len(x.before) > 0:
		e.rejoin(c, x.before)
	}
	e.hand = nil
	if c.ending != store.None && !c.waits.Shielded { // it came while this was being stored
		var over []*call
		e.tellAwaited(c, &over)
		e.concludeAll(over)
	}
	e.rest(c)
}

// brief says whether the one call that c is to await will most likely be done, here, in one step with what c does
// then: see follow.
func (c *call) brief(child *call, t Turn, durable bool) bool {
	return c.fn.Policy.eager(t.EffectFree) && durable && !t.Begin && t.Need == 0 && child.fn != nil && !child.fn.hears
}

// ask reads what a step has to know, until the store answers: a call that has come to it is not given up since the
// store is away for a while. That something is not there is an answer.
func (e *Engine) ask(read func() error) error {
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		err := read()
		if err == nil || errors.Is(err, store.ErrNotFound) {
			return err
		}
		e.log.Error("what a step has to know cannot be read from the store", "err", err, "retry", delay)
		if !e.sleep(delay) {
			return errors.Join(ErrClosed, err)
		}
	}
}

// children returns the calls of those requests that ask for new ones.
func (e *Engine) children(c *call, requests []Request, n int) ([]call, error) {
	if n == 0 {
		return nil, nil
	}
	first, err := e.newIDs(n)
	if err != nil {
		return nil, err
	}
	now := e.clock.now().UnixMilli()
	children := make([]call, 0, n)
	for i := range requests {
		if requests[i].Call != "" {
			continue
		}
		children = append(children, call{id: first + int64(len(children)), incarnation: e.store.Incarnation(), generation: c.generation,
			root: c.root, parent: c, fn: e.functions[requests[i].Function], created: now})
		e.set(&children[len(children)-1], &requests[i])
	}
	return children, nil
}

// between returns the ids of what is awaited, in the order of the requests.
func between(requests []Request, before []int64, children []call) []int64 {
	ids := make([]int64, len(requests))
	for i := range requests {
		if requests[i].Call != "" {
			ids[i], before = before[0], before[1:]
		} else {
			ids[i], children = children[0].id, children[1:]
		}
	}
	return ids
}

// rejoin deals with what a call has begun before and awaits now: it may be done. The engine's lock is held.
func (e *Engine) rejoin(c *call, before []int64) {
	var done []span // or with other processes
	for _, id := range before {
		if child := e.calls[id]; child == nil || child.parent != c {
			done = append(done, span{id, 1})
		}
	}
	switch {
	case done == nil:
	case e.fleet != nil:
		e.fleet.ask(c)
	case c.waits.Need == 0:
		c.results = nil // it is in the store
		e.enqueue(c)
	default:
		c.results = nil
		e.active++
		go e.remember(c, c.awaits, done)
	}
}

// remember counts outcomes for a call, at an await, that are in the store only.
func (e *Engine) remember(c *call, awaits int, done []span) {
	outcomes, err := e.outcomes(context.Background(), done)
	e.mu.Lock()
	defer e.mu.Unlock()
	defer e.quieter()
	switch {
	case e.calls[c.id] != c || c.place != waiting || c.awaits != awaits || c.generation != e.generation:
	case err != nil:
		e.log.Error("what a call awaits could not be read from the store", "call", c.id, "function", c.name, "err", err, "retry", readPause)
		time.AfterFunc(readPause, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			if e.closed {
				return
			}
			e.active++
			go e.remember(c, awaits, done)
		})
	default:
		for _, o := range outcomes {
			// It may have begun anew since, or been handed over, and come to as many awaits.
			if i := c.position(o.ID); i >= 0 && !c.decided {
				e.came(c, i, o.Status)
			}
		}
	}
}

// millis returns a time as it is stored: not before t, and 0 for none.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Millisecond - 1).UnixMilli()
}
