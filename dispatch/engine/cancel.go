package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// ErrElsewhere is the error of SetProgress for a call that this process does not have any more.
var ErrElsewhere = errors.New("another process has the call, or will claim it")

// Cancel tells a call to end, and returns when that is durable. Of a call that is done nothing
// changes. What becomes of the others depends on where they stand, in this process or in another one:
//
//   - One that is to be run from its input ends as canceled.
//   - One that runs has its context done. Its outcome is what its function makes of that,
//     except that it is not tried again.
//   - One that is suspended has what it awaits canceled, and goes on when that is done, with
//     its context done: unless the await is shielded, which comes to its own end first.
//   - One that is parked learns of it when it runs.
func (e *Engine) Cancel(ctx context.Context, id string) error {
	n, err := e.check(ctx, id)
	if err != nil {
		return err
	}
	for {
		e.mu.Lock()
		c, generation := e.calls[n], e.generation
		e.mu.Unlock()
		if c == nil {
			stored, err := e.store.Call(ctx, n)
			if err != nil || stored.Phase == store.Done {
				return err
			}
		}
		err := e.writer.commitAs(generation, store.Step{Mark: []store.Mark{{ID: n, Ending: store.Canceled}}})
		if errors.Is(err, store.ErrFenced) && e.fleet != nil {
			continue // it was not stored, and is another one's by now
		}
		if err != nil {
			return err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.tell(n, func(c *call) { e.end(store.Canceled, c) })
		return nil
	}
}

// end makes calls end of which it is durable, or follows from what is durable, that they are
// to. The engine's lock is held.
func (e *Engine) end(why store.Status, calls ...*call) {
	var over []*call
	for _, c := range calls {
		e.endOne(c, why, &over)
	}
	e.concludeAll(over)
}

// endOne appends to over those calls that are to be recorded as done.
func (e *Engine) endOne(c *call, why store.Status, over *[]*call) {
	if c.ending != store.None || c.generation != e.generation {
		return
	}
	c.ending = why
	e.tellBegun(c, why, false, over)
	if c.place == active {
		if c.run != nil {
			c.run.exec.Cancel(cause(why))
			if why == store.Timeout {
				e.hurry(c.run)
			}
		}
		return // if there is no run yet, or no longer, who deals with the call sees it
	}
	if c.exec != nil {
		c.exec.Cancel(cause(why))
	}
	switch {
	case c.place == parked && (c.suspended || c.parked != nil):
	case !c.suspended:
		*over = append(*over, c)
	case c.place == delayed:
		if c.timer != nil && c.timer.Stop() {
			e.enqueue(c)
		}
	case c.place == waiting && !c.waits.Shielded:
		e.tellAwaited(c, over)
	}
}

// tellAwaited tells what c awaits to end as c was told to, wherever it is. The engine's lock is held.
func (e *Engine) tellAwaited(c *call, over *[]*call) {
	for i := range c.width {
		e.endChild(c, c.at(i), over)
	}
}

// endChild tells one of the calls that c awaits. The engine's lock is held.
func (e *Engine) endChild(c *call, id int64, over *[]*call) {
	child, err := e.fetch(id)
	switch {
	case err != nil:
		e.retry("a call that is to end cannot be read", err, func() {
			var over []*call
			e.endChild(c, id, &over)
			e.concludeAll(over)
		})
	case child != nil:
		e.endOne(child, c.ending, over)
	case c.remote: // otherwise it is done
		e.fleet.tellEnd(id, c.ending)
	}
}

// cause is the error of the context of a call that is to end.
func cause(why store.Status) error {
	switch why {
	case store.None:
		return nil
	case store.Timeout:
		return context.DeadlineExceeded
	}
	return context.Canceled
}

// ended is the failure of a call that was told to end.
func (e *Engine) ended(why store.Status) *Failure {
	if why == store.Timeout {
		return e.cfg.Describe(why, "the deadline of the call has passed: "+context.DeadlineExceeded.Error())
	}
	return e.cfg.Describe(why, "the call was canceled")
}

// concludeAll records calls as done that have not begun, or whose attempts have ended, as
// they were told to end, or with an empty result. The engine's lock is held.
func (e *Engine) concludeAll(calls []*call) {
	endings := make([]store.Status, len(calls))
	for i, c := range calls {
		endings[i] = c.ending // what it is told from now on comes too late
		if c.timer != nil {
			c.timer.Stop()
			c.timer = nil
		}
		c.place = active // whoever comes upon it in a queue leaves it
		c.leavePart()
		e.active++
	}
	for len(calls) > 0 {
		n := min(len(calls), chunk)
		go e.conclude(calls[:n:n], endings[:n:n])
		calls, endings = calls[n:], endings[n:]
	}
}

func (e *Engine) conclude(calls []*call, endings []store.Status) {
	results := make([]Result, len(calls))
	step := store.Step{Change: make([]store.Change, len(calls))}
	for i, c := range calls {
		r := Result{Status: store.OK, Output: []byte("null")}
		if endings[i] != store.None {
			f := e.ended(endings[i])
			r = Result{Status: f.Status, Error: f.Encoded, Failure: f}
		}
		results[i] = r
		change := c.progress.change(c, store.Done, r.Failure)
		change.Status, change.Output = r.Status, r.Output
		step.Change[i] = change
		step.Watch = append(step.Watch, c.unwatch()...)
	}
	e.mu.Lock()
	for _, c := range calls {
		step.Wake = append(step.Wake, e.stirs(c)...)
	}
	e.mu.Unlock()
	err := e.commit(calls[0], step)
	if err != nil && !errors.Is(err, store.ErrFenced) && !errors.Is(err, ErrClosed) {
		e.log.Error("that calls are over could not be stored; it is at the next start", "calls", len(calls), "err", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, c := range calls {
		if err != nil {
			e.shelve(c, fmt.Errorf("call %d: %w: %w", c.id, ErrParked, err))
		} else {
			e.done(c, results[i])
		}
		e.settled(c)
	}
}
