package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// leeway is how long a function may take to return when its context is done.
const leeway = time.Second

// readPause is how long a call waits that could not be read from the store.
const readPause = time.Second

// run is an execution that runs, from its start or resumption to its next await or end.
type run struct {
	c       *call
	exec    Execution
	id      string
	parent  string // with Config.Lineage
	root    string // with Config.Lineage
	begun   time.Time
	resumed bool
	state   []byte // of a durable execution that awaits

	listed         bool // among those of the engine, that is between these
	earlier, later *run

	worker *worker    // on which it runs, if that makes what follows from it too
	behind []*outcome // that are recorded with what comes of the run, each the cause of the next
	given  bool       // up, that is: the function has not returned. It belongs to who deals with the outcome
	over   bool       // what has come of it is dealt with
	handed bool       // on: what has come of it is dealt with when that is recorded, by itself or with what comes of its parent's run

	mu       sync.Mutex
	settled  bool // someone deals with the outcome: of Run, or of not having waited for it
	timedOut bool
	stopped  bool
	timer    *time.Timer
}

// isOn says on which worker what has come of the run is dealt with from now on; nil if on none.
func (r *run) isOn(w *worker) {
	r.worker = w
	for _, o := range r.behind {
		o.r.worker = w
	}
}

// claim says whether the caller is the one who deals with the outcome.
func (r *run) claim() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled {
		return false
	}
	r.settled = true
	if r.timer != nil {
		r.timer.Stop()
	}
	return true
}

// attempt runs a call that is active up to its next await or its end.
func (e *Engine) attempt(c *call, w *worker) {
	r, results, place := e.prepare(c, w)
	if r == nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		c.learn(limit.Neutral, 0)
		e.release(c.fn, c.part)
		if place != nil {
			place() // only now: it may run again at once, with what lets it run then
		}
		e.settled(c)
		return
	}
	e.execute(r, results)
}

// execute runs what was made ready up to its next await or its end.
func (e *Engine) execute(r *run, results []Result) {
	c, turn := r.c, Turn{Failure: e.exited}
	// If the run is given up, others may change these before the function returns.
	fn, part, step := c.fn, c.part, c.awaits+1
	defer func() { // also if the function ends the goroutine
		claimed := r.claim()
		var o *outcome
		if claimed && turn.succeeds() {
			o = e.cameTo(r, Result{Status: store.OK, Output: turn.Output}, nil)
		}
		e.mu.Lock()
		if claimed {
			e.ran(r, turn)
		}
		e.release(fn, part)
		var next *run
		var given []Result
		if o != nil {
			next, given = e.follow(o)
		}
		e.mu.Unlock()
		switch {
		case !claimed:
			e.drop(r.exec)
		case next != nil:
			e.resumes(next)
			e.execute(next, given)
		case o != nil:
			e.conclusion(o)
		default:
			e.settle(r, turn)
		}
	}()
	e.limit(r)
	turn = r.exec.Run(results)
	for turn.Failure == nil && len(turn.Await) > 0 && r.exec.Durable() {
		var err error
		if r.state, err = r.exec.AppendState(nil, step); err == nil {
			break
		}
		// The function gets the error where it awaits, and nothing that it asked for
		// has begun: so its deferred calls run, and it can make good what it has done.
		f := e.cfg.Describe(store.PermanentError, fmt.Sprintf("the state cannot be saved: %v", err))
		e.log.Error("a call cannot await, because its state cannot be saved", "call", r.id, "function", fn.Name, "err", err)
		failed := make([]Result, len(turn.Await))
		for i := range failed {
			failed[i] = Result{Status: f.Status, Error: f.Encoded, Failure: f}
		}
		turn = r.exec.Run(failed)
	}
}

// prepare gets ready what is needed to run a call. It returns no run if the call cannot be
// run, and what puts it where it is to be then, with the engine's lock, if it is not there yet.
func (e *Engine) prepare(c *call, w *worker) (r *run, results []Result, place func()) {
	if e.killed.Load() { // nothing starts any more
		if c.exec != nil {
			e.drop(c.exec)
		}
		return nil, nil, nil
	}
	ctx := context.Background()
	if c.text == "" {
		text, err := e.names.Format(ctx, c.incarnation, c.id)
		if err != nil {
			return nil, nil, e.unreadable(c, err)
		}
		c.text = text
	}
	if c.noting {
		if err := e.note(c); err != nil {
			return nil, nil, e.unreadable(c, err)
		}
	}
	var err error
	r = &run{c: c, exec: c.exec, worker: w, id: c.text, resumed: c.suspended, begun: time.Now()}
	if e.cfg.Lineage {
		if r.parent, r.root, err = e.lineage(ctx, c); err != nil {
			return nil, nil, e.unreadable(c, err)
		}
	}
	results = c.results
	if c.suspended && results == nil {
		if results, err = e.loadResults(c); err != nil {
			return nil, nil, e.unreadable(c, err)
		}
	}
	loaded := false
	if r.exec == nil {
		loaded = c.suspended
		a := Attempt{ID: c.text, Parent: r.parent, Root: r.root, Number: c.attempts + 1, Base: *e.base.Load(), Input: c.input}
		if c.options != nil {
			a.Hop = ReadOptions(c.options).Hops
		}
		if c.input == nil || c.stateful {
			stored, err := e.store.Call(ctx, c.id)
			if err != nil {
				return nil, nil, e.unreadable(c, err)
			}
			a.Input, a.State, a.Step = stored.Input, stored.State, c.awaits
		}
		if r.exec, err = c.fn.Start(a); err != nil {
			e.park(r, err.Error())
			return nil, nil, nil
		}
	}
	if ev := e.event(r, AttemptStarted, false); ev != nil {
		ev.Loaded, ev.Queued = loaded, r.begun.Sub(c.queued)
		if r.resumed {
			ev.Kind = AttemptResumed
		}
		e.observe(ev)
	}
	e.mu.Lock()
	goes := e.enlist(r)
	e.mu.Unlock()
	if !goes {
		return nil, nil, e.putBack(r)
	}
	return r, results, nil
}

// putBack deals with a call that is not to run any more: since it was its turn, the engine was told to stop, or the
// call may be another one's. It returns what puts it where it is to be.
func (e *Engine) putBack(r *run) (place func()) {
	c := r.c
	if c.noted.Load() && !e.killed.Load() { // or it would seem to have ended with the process
		if err := e.commit(c, store.Step{}); err != nil {
			e.lost(r, err)
			return nil
		}
	}
	e.observe(e.event(r, AttemptCut, false))
	return func() {
		switch {
		case e.killed.Load() && !e.unwound():
			e.frozen = append(e.frozen, r.exec)
		case c.generation == e.generation && r.resumed && c.exec != nil && !e.unwound():
			e.enqueue(c)
		default:
			r.exec.Discard(false)
			c.exec = nil
			e.enqueue(c)
		}
	}
}

// resumes tells that the run of a call goes on that was made one by follow.
func (e *Engine) resumes(r *run) {
	if e.cfg.Lineage {
		r.parent, r.root, _ = e.lineage(context.Background(), r.c) // both were read for its last run
	}
	e.observe(e.event(r, AttemptResumed, false))
}

// enlist makes a run one of those that are cut short if need be. It returns false if it is not to begin at
// all. The engine's lock is held.
func (e *Engine) enlist(r *run) bool {
	if !e.running || e.fenced || r.c.generation != e.generation {
		return false
	}
	r.later = e.runs
	if e.runs != nil {
		e.runs.earlier = r
	}
	e.runs, r.listed = r, true
	r.c.run = r
	if r.c.ending != store.None {
		r.exec.Cancel(cause(r.c.ending))
	}
	return true
}

// strike takes back what enlist did. The engine's lock is held.
func (e *Engine) strike(r *run) {
	if !r.listed {
		return
	}
	r.listed = false
	if r.earlier == nil {
		e.runs = r.later
	} else {
		r.earlier.later = r.later
	}
	if r.later != nil {
		r.later.earlier = r.earlier
	}
	r.earlier, r.later = nil, nil
}

// lineage returns the ids of the call that awaits c and of the one at the top of the tree.
func (e *Engine) lineage(ctx context.Context, c *call) (parent, root string, err error) {
	format := func(id int64) (string, error) {
		e.mu.Lock()
		a := e.calls[id]
		e.mu.Unlock()
		if a == nil {
			text, err := e.names.FormatCall(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				return "", nil // it was removed
			}
			return text, err
		}
		return e.names.Format(ctx, a.incarnation, id)
	}
	up := c.awaiter
	if c.parent != nil {
		up = c.parent.id
	}
	if up != 0 {
		if parent, err = format(up); err != nil {
			return "", "", err
		}
	}
	root, err = format(c.root)
	return parent, root, err
}

// event returns an event about the run at the present moment; nil if nobody would be told. One that has failed is
// of a higher level.
func (e *Engine) event(r *run, kind EventKind, failed bool) *Event {
	level := slog.LevelDebug
	if failed {
		level = slog.LevelInfo
	}
	if e.cfg.Observer == nil && !e.log.Enabled(context.Background(), level) {
		return nil
	}
	now := time.Now()
	return &Event{Kind: kind, Call: r.id, Parent: r.parent, Root: r.root, Function: r.c.name, Created: time.UnixMilli(r.c.created),
		Attempt: r.c.attempts + 1, Time: now, Elapsed: now.Sub(r.begun)}
}

// leave takes a call out of those that stay in memory while they are suspended. The
// engine's lock is held.
func (e *Engine) leave(c *call) {
	e.resident.remove(c)
}

// stay puts a suspended call among those that stay in memory, and drops the executions of
// the oldest ones beyond what is allowed. The engine's lock is held.
func (e *Engine) stay(c *call) {
	if !c.exec.Durable() {
		return
	}
	e.resident.add(c)
	for e.resident.n > e.cfg.Resident {
		old := e.resident.oldest
		e.leave(old)
		old.exec.Discard(false)
		old.exec = nil
	}
}

func (e *Engine) loadResults(c *call) ([]Result, error) {
	ctx := context.Background()
	results := make([]Result, c.width)
	if c.waits.Begin {
		numbers := make([]int64, c.width)
		for i := range numbers {
			numbers[i] = c.at(i)
		}
		ids, err := e.names.FormatCalls(ctx, numbers)
		if err != nil {
			return nil, err
		}
		for i := range results {
			id, ok := ids[numbers[i]]
			if !ok {
				return nil, fmt.Errorf("call %d: %w", numbers[i], store.ErrNotFound)
			}
			results[i] = Result{Status: store.OK, ID: id}
		}
		return results, nil
	}
	outcomes, err := e.outcomes(ctx, c.awaited())
	if err != nil {
		return nil, err
	}
	for _, o := range outcomes {
		results[c.position(o.ID)] = Result{Status: o.Status, Output: o.Output, Error: o.Error}
	}
	return c.counted(results)
}

// unreadable returns what makes a call wait a little that could not be read.
func (e *Engine) unreadable(c *call, err error) (place func()) {
	e.log.Error("a call cannot be read from the store", "call", e.idOf(c), "function", c.name, "err", err, "retry", readPause)
	return func() { e.delay(c, readPause) }
}

// park keeps a call that this program cannot run, or whose state it cannot load.
func (e *Engine) park(r *run, message string) {
	c, id := r.c, r.id
	f := e.cfg.Describe(store.IncompatibleState, message)
	e.log.Error("a call is parked until the next start", "call", id, "function", c.name, "err", message)
	change := c.progress.change(c, store.Parked, f)
	change.KeepState = true
	c.await(&change)
	if cerr := e.commit(c, store.Step{Change: []store.Change{change}}); cerr != nil {
		e.log.Error("that a call is parked could not be stored", "call", id, "err", cerr)
	}
	if ev := e.event(r, AttemptEnded, true); ev != nil {
		ev.Status, ev.Err, ev.Parked = store.IncompatibleState, message, true
		e.observe(ev)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.retriable = true
	e.shelve(c, fmt.Errorf("call %s: %w: %s", id, ErrParked, message))
}

// shelve puts a call where it stays until the next start, and tells who waits for it. The
// engine's lock is held.
func (e *Engine) shelve(c *call, why error) {
	c.exec = nil
	c.place = parked
	c.parked = why
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
	e.fleet.give(c)
}

// change returns what is stored of a call that goes to a phase, but for what it awaits.
func (p progress) change(c *call, phase store.Phase, f *Failure) store.Change {
	ch := store.Change{
		ID: c.id, Phase: phase, Status: p.status,
		Attempts: p.attempts, Failures: p.failures, Awaits: p.awaits, Reached: p.reached,
	}
	if f != nil {
		ch.Status, ch.Error = f.Status, f.Encoded
	}
	return ch
}

// limit sets the timer of a run.
func (e *Engine) limit(r *run) {
	timeout := r.c.policy().Timeout
	if timeout == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.settled {
		return
	}
	r.timer = time.AfterFunc(timeout, func() {
		r.mu.Lock()
		if r.settled {
			r.mu.Unlock()
			return
		}
		r.timedOut = true
		r.timer = time.AfterFunc(leeway, func() { e.abandon(r) })
		r.mu.Unlock()
		r.exec.Cancel(context.DeadlineExceeded)
	})
}

// abandon gives up a run whose function does not return. The function keeps its place
// until it does.
func (e *Engine) abandon(r *run) {
	if !r.claim() {
		return
	}
	r.given = true
	r.isOn(nil)
	e.log.Warn("a function does not return although its context is done; the attempt is given up",
		"call", r.id, "function", r.c.name, "after", time.Since(r.begun))
	t := Turn{Failure: e.cfg.Describe(store.Timeout, context.DeadlineExceeded.Error())}
	e.mu.Lock()
	e.ran(r, t)
	e.mu.Unlock()
	e.settle(r, t)
}

// ran says that the function does not run any more, as far as anybody deals with what comes of it. The
// engine's lock is held.
func (e *Engine) ran(r *run, t Turn) {
	e.learn(r, t)
	e.strike(r)
	if r.c.run == r {
		r.c.run = nil
	}
}

// settle deals with what a run has come to.
func (e *Engine) settle(r *run, t Turn) {
	switch {
	case t.Failure == nil && len(t.Await) > 0:
		e.suspend(r, t)
	case t.Failure == nil && t.Next != nil:
		e.handOver(r, *t.Next)
	default:
		e.fail(r, t.Failure)
	}
	if r.handed {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runSettled(r)
}

// fail decides whether a failed attempt is the last one.
func (e *Engine) fail(r *run, f *Failure) {
	c, p := r.c, r.c.policy()
	r.mu.Lock()
	stopped, timedOut := r.stopped, r.timedOut
	r.mu.Unlock()
	e.mu.Lock()
	ending := c.ending
	e.mu.Unlock()
	if stopped {
		e.again(r) // the attempt does not count
		return
	}
	if timedOut && f.Status == store.Canceled && ending == store.None {
		f.Status = store.Timeout
	}
	if f.Park && (c.stateful || f.Status == store.IncompatibleState) {
		if len(r.behind) > 0 {
			e.part(r, nil)
			return
		}
		e.park(r, f.Message)
		e.discard(r)
		return
	}
	timedOut = timedOut && f.Status == store.Timeout
	if ending != store.None && p.retries(f.Status) && !(timedOut && c.stateful) {
		e.finish(r, e.ended(ending))
		return
	}
	again := p.retries(f.Status) && (p.MaxAttempts == 0 || c.failures+1 < p.MaxAttempts)
	if !again || c.awaits > 0 && !p.Restart && !timedOut {
		e.finish(r, f)
		return
	}

	next := c.progress
	next.attempts++
	next.failures++
	next.status = f.Status
	wait := max(f.RetryAfter, p.wait(next.failures))
	// What took too long is tried again from the state that was stored last.
	keep := timedOut && c.stateful
	var change store.Change
	if keep {
		change = next.change(c, store.Suspended, f)
		change.KeepState = true
		c.await(&change)
	} else {
		next.awaits = 0
		change = next.change(c, store.Ready, f)
	}
	change.Due = e.clock.now().Add(wait)
	ev := e.event(r, AttemptEnded, true)
	if ev != nil {
		ev.Status, ev.Err, ev.Retry = f.Status, f.Message, wait
	}
	step := store.Step{Change: []store.Change{change}}
	if !keep {
		step.Mark = c.dropping()
	}
	if err := e.recordNow(r, step); err != nil {
		e.lost(r, err)
		return
	}
	e.observe(ev)
	e.discard(r)

	e.mu.Lock()
	defer e.mu.Unlock()
	c.progress = next
	c.exec, c.due = nil, millis(change.Due)
	if !keep {
		e.endBegun(c)
		c.restart()
	}
	e.delay(c, wait)
}

// restart makes the call one that runs from its input. The engine's lock is held.
func (c *call) restart() {
	c.suspended, c.stateful, c.results = false, false, nil
	c.waits, c.succeeded, c.decided = waits{}, 0, false
	c.first, c.width, c.pending, c.awaits, c.stays = 0, 0, 0, 0, 0
}

// discard drops the execution of a run that has ended. If its function has not returned,
// that is left to whom it returns to.
func (e *Engine) discard(r *run) {
	if !r.given {
		e.drop(r.exec)
	}
}

// wait returns how long to wait after that many failed attempts.
func (p *Retry) wait(failures int) time.Duration {
	b := backoff.ExponentialBackOff{
		InitialInterval:     p.Initial,
		RandomizationFactor: p.Jitter,
		Multiplier:          p.Factor,
		MaxInterval:         p.Cap,
	}
	if p.Initial > p.Cap {
		b.InitialInterval = p.Cap
	}
	var d time.Duration
	// The curve is flat long before that many steps, or rises very slowly.
	for range min(failures, 1000) {
		d = b.NextBackOff()
	}
	return d
}
