package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// suspend stores the state of a call, with the calls that it awaits, and starts those that are new.
func (e *Engine) suspend(r *run, t Turn) {
	c := r.c
	for _, q := range t.Await {
		if q.Call == "" && e.functions[q.Function] == nil && e.fleet == nil {
			e.finish(r, Result{}, e.cfg.Describe(store.NotFound, fmt.Sprintf("no function %q", q.Function)))
			return
		}
	}
	before, err := e.ownCalls(c, t.Await)
	switch {
	case errors.Is(err, errNotBegun):
		e.finish(r, Result{}, e.cfg.Describe(store.InvalidArgument, err.Error()))
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
	next := call{id: c.id, progress: c.progress, width: len(t.Await), fresh: len(children),
		waits: waits{Shielded: t.Shielded, Need: t.Need, Success: t.Success, Begin: t.Begin, Begun: e.prune(c), Events: expects(t.Await)}}
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
				e.lost(r, err)
				return
			}
		}
	}
	change := next.progress.change(c, store.Suspended, nil)
	change.State = r.state
	next.await(&change)
	ev := r.event(AttemptSuspended)
	ev.Awaited, ev.State = len(t.Await), len(r.state)
	over := e.placed(change.First, len(children))
	m := stepMemories.Get().(*stepMemory)
	steps := m.spawn(c.id, children, change)
	if len(children) == 1 && len(before) == 0 && c.brief(&children[0], t, r.state != nil) {
		steps[0].Create[0].Brief = true
	}
	err = e.record(r, steps...)
	m.free(err)
	if err != nil {
		e.mu.Lock()
		over()
		e.mu.Unlock()
		e.lost(r, err)
		return
	}
	e.observe(ev)

	e.mu.Lock()
	defer e.mu.Unlock()
	over()
	if c.generation != e.generation {
		r.exec.Discard(false)
		return
	}
	c.progress = next.progress
	c.suspended, c.stateful, c.remote, c.recounts, c.drowsy = true, r.state != nil, false, false, false
	c.waits, c.succeeded, c.decided = next.waits, 0, next.decided
	c.first, c.width, c.fresh, c.pending = next.first, next.width, next.fresh, next.width
	c.results, c.looked, c.stays = results, false, 0
	c.exec = r.exec
	c.free = t.EffectFree
	c.place = waiting
	e.stay(c)
	e.hand = r.worker
	for i := range children {
		if child := &children[i]; e.fleet.keeps(child) {
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
	case t.Begin:
		e.enqueue(c)
	case len(before) > 0:
		e.rejoin(c, before)
	}
	e.hand = nil
	defer e.runSettled(r)                            // at last
	if c.ending != store.None && !c.waits.Shielded { // it came while this was being stored
		var over []*call
		e.tellAwaited(c, &over)
		e.concludeAll(over)
	}
	e.rest(c)
	e.runSettled(r)
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

// spawn returns the steps that create calls and then suspend the one that awaits them. The
// calls count only from the last step on: see recover.
func (m *stepMemory) spawn(parent int64, children []call, change store.Change) []store.Step {
	steps := m.steps[:0]
	if len(children) == 0 {
		steps = append(steps, store.Step{})
	}
	for len(children) > 0 {
		n := min(len(children), chunk)
		step := store.Step{Create: m.create[:]}
		if n > len(m.create) {
			step.Create = make([]store.Call, n)
		}
		step.Create = step.Create[:n]
		for i := range n {
			step.Create[i] = children[i].record(parent)
		}
		steps, children = append(steps, step), children[n:]
	}
	m.change[0] = change
	steps[len(steps)-1].Change = m.change[:1]
	return steps
}

// stepMemory is what the steps of a run consist of: the usual ones make no new memory. A store keeps
// nothing of it beyond a commit that succeeds.
type stepMemory struct {
	steps  [1]store.Step
	create [1]store.Call
	change [2]store.Change // with the one of an eager call
}

var stepMemories = sync.Pool{New: func() any { return new(stepMemory) }}

// end returns the step that records the outcome of a call.
func (m *stepMemory) end(change store.Change, marks []store.Mark) []store.Step {
	m.change[0] = change
	m.steps[0] = store.Step{Change: m.change[:1], Mark: marks}
	return m.steps[:]
}

// free lets the memory be used again, if the steps are stored.
func (m *stepMemory) free(err error) {
	if err == nil {
		*m = stepMemory{}
		stepMemories.Put(m)
	}
}
