package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A call that is handed over becomes one of another function, with another input, in one step: the
// same row, with the id that others wait for, as if it were new but for its deadline, priority and
// partition. So a workflow that goes on by handing over to itself takes no more room the longer it
// does. What it was made as stays known, to who uses its key again, or waits for it as that.
//
// What it has called before is of no use to it any more: of what is done it has had the outcomes, and what is not is
// told to end. So calls say of which lap of their parent they are, by how often that had been handed over, and
// those of earlier laps can be removed while it goes on: see sweeper.

// handOver makes the call of a run that has ended another one.
func (e *Engine) handOver(r *run, q Request) {
	c := r.c
	e.mu.Lock()
	ending := c.ending
	fn := e.functions[q.Function]
	e.mu.Unlock()
	switch {
	case ending != store.None:
		e.finish(r, e.ended(ending))
		return
	case fn == nil && e.fleet == nil:
		e.finish(r, e.cfg.Describe(store.NotFound, fmt.Sprintf("no function %q", q.Function)))
		return
	}
	change := progress{}.change(c, store.Ready, nil)
	change.Function, change.Input, change.Due = q.Function, q.Input, e.clock.shows(q.Due, q.Delay)
	var err error
	if change.Options, change.Hops, err = e.becoming(c, &q); err != nil {
		e.lost(r, err)
		return
	}
	until := time.Time{}
	if q.Delay > 0 {
		until = time.Now().Add(q.Delay)
	}
	ev := e.event(r, AttemptEnded, false)
	if ev != nil {
		ev.Status, ev.Next = store.OK, q.Function
	}
	if err := e.recordNow(r, store.Step{Change: []store.Change{change}, Mark: c.dropping()}); err != nil {
		e.lost(r, err)
		return
	}
	e.observe(ev)
	e.discard(r)

	e.mu.Lock()
	defer e.mu.Unlock()
	if c.generation != e.generation {
		return
	}
	e.endBegun(c)
	e.leaveLine(c)
	e.fleet.line(c)
	c.restart()
	c.progress, c.exec = progress{}, nil
	c.name, c.fn, c.input, c.options, c.due, c.until = q.Function, fn, q.Input, change.Options, millis(change.Due), until
	c.hops = change.Hops
	if e.fleet.keeps(c) {
		e.begin(c)
		return
	}
	// It is set free, to be claimed by a process that can run it.
	e.unexpect(c)
	delete(e.calls, c.id)
	for _, w := range c.waiters {
		close(w)
	}
	c.waiters = nil
}

// becoming returns the options of a call that is handed over, and how often it is then.
func (e *Engine) becoming(c *call, q *Request) ([]byte, int, error) {
	old, next := ReadOptions(c.options), ReadOptions(q.Options)
	next.Hops, next.Made, next.Input = old.Hops+1, old.Made, old.Input
	if old.Made == "" {
		var err error
		if next.Made, next.Input, err = e.made(c); err != nil {
			return nil, 0, err
		}
	}
	b, err := json.Marshal(next)
	return b, next.Hops, err
}

// made returns the function of a call, and the sum of its input.
func (e *Engine) made(c *call) (string, []byte, error) {
	input := c.input
	if input == nil {
		if err := e.ask(func() error {
			stored, err := e.store.Call(context.Background(), c.id)
			if err == nil {
				input = stored.Input
			}
			return err
		}); err != nil {
			return "", nil, err
		}
	}
	sum := sha256.Sum256(input)
	return c.name, sum[:], nil
}

// isFunction says whether a call is one of that function, or was made as one.
func isFunction(name string, options []byte, function string) bool {
	return name == function || options != nil && ReadOptions(options).Made == function
}

// isMade says whether a call was made as that one.
func isMade(c *store.Call, r *Request) bool {
	if c.Options != nil {
		if o := ReadOptions(c.Options); o.Made != "" {
			sum := sha256.Sum256(r.Input)
			return o.Made == r.Function && bytes.Equal(o.Input, sum[:])
		}
	}
	return c.Function == r.Function && bytes.Equal(c.Input, r.Input)
}
