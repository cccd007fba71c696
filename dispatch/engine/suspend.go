package engine

import (
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// suspend stores the state of a call, with the calls that it awaits, and starts those.
func (e *Engine) suspend(r *run, t Turn) {
	c, requests := r.c, t.Await
	functions := make([]*function, len(requests))
	for i, q := range requests {
		if functions[i] = e.functions[q.Function]; functions[i] == nil && e.fleet == nil {
			e.finish(r, Result{}, e.cfg.Describe(store.NotFound, fmt.Sprintf("no function %q", q.Function)))
			return
		}
	}
	first, err := e.newIDs(len(requests))
	if err != nil {
		e.lost(r, err)
		return
	}
	now := time.Now().UnixMilli()
	children := make([]call, len(requests))
	for i, q := range requests {
		children[i] = call{id: first + int64(i), incarnation: e.store.Incarnation(), generation: c.generation, root: c.root, parent: c,
			fn: functions[i], created: now}
		children[i].set(&q)
	}

	next := c.progress
	next.awaits++
	if next.awaits > next.reached {
		next.reached, next.failures, next.status = next.awaits, 0, store.None
	}
	change := next.change(c, store.Suspended, nil)
	change.First, change.Width, change.State = first, len(requests), r.state
	w := waits{Shielded: t.Shielded, Need: t.Need, Success: t.Success, Events: expects(requests)}
	change.Waiting = w.bytes()
	ev := r.event(AttemptSuspended)
	ev.Awaited, ev.State = len(requests), len(r.state)
	if err = e.record(r, spawn(c.id, children, change)...); err != nil {
		e.lost(r, err)
		return
	}
	e.observe(ev)

	e.mu.Lock()
	defer e.mu.Unlock()
	if c.generation != e.generation {
		r.exec.Discard(false)
		return
	}
	c.progress = next
	c.suspended, c.stateful, c.remote = true, r.state != nil, false
	c.waits, c.succeeded, c.decided = w, 0, false
	c.first, c.width, c.pending = first, len(requests), len(requests)
	c.results = make([]Result, len(requests))
	c.exec = r.exec
	c.place = waiting
	e.stay(c)
	for i := range children {
		if child := &children[i]; e.fleet.keeps(child) {
			e.calls[child.id] = child
			if c.ending != store.None && !c.waits.Shielded {
				child.ending = c.ending // it came while this was being stored
			}
			e.expect(child)
			e.begin(child)
		}
	}
	e.listen(c)
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
func spawn(parent int64, children []call, change store.Change) []store.Step {
	var steps []store.Step
	for len(children) > 0 {
		n := min(len(children), chunk)
		step := store.Step{Create: make([]store.Call, n)}
		for i := range n {
			step.Create[i] = children[i].record(parent)
		}
		steps, children = append(steps, step), children[n:]
	}
	steps[len(steps)-1].Change = []store.Change{change}
	return steps
}
