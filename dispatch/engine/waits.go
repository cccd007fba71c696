package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// waits is how a call waits for what it awaits, as it is stored.
type waits struct {
	Shielded bool `json:"shielded,omitempty"` // what is awaited is not canceled with the call
	Need     int  `json:"need,omitempty"`     // see Turn
	Success  bool `json:"success,omitempty"`

	// Events are those of the calls that wait for events.
	Events []expected `json:"events,omitempty"`

	// Came are the positions of the calls that are done, in the order in which they came to be.
	// With Need it is stored when it is decided: then these are the outcomes that the call gets,
	// whatever becomes of the others, so that it gets the same ones in each attempt.
	Came []int `json:"came,omitempty"`

	// Of are the calls that are awaited if they are not those of one range. Then Need is set.
	Of []int64 `json:"of,omitempty"`

	Begin bool    `json:"begin,omitempty"` // see Turn: it gets the ids in place of outcomes
	Begun []begun `json:"begun,omitempty"` // what it has begun, but for some that are known to be done
}

// expected is a call that waits for an event.
type expected struct {
	At   int    `json:"at"` // its position
	Name string `json:"name"`
}

func (w *waits) bytes() []byte {
	if w.plain() && !w.Shielded && !w.Success && w.Events == nil && w.Came == nil {
		return nil // as most are
	}
	b, err := json.Marshal(*w)
	if err != nil {
		panic(err) // it has no part that could fail
	}
	if string(b) == "{}" {
		return nil
	}
	return b
}

// readWaits sets what the record of a call says of what it awaits.
func (c *call) readWaits(rec *store.Call) {
	c.first, c.width = rec.First, rec.Width
	if rec.Waiting != nil {
		_ = json.Unmarshal(rec.Waiting, &c.waits) // what cannot be read is as if it were not there
	}
	if c.waits.Of != nil {
		c.width, c.fresh = len(c.waits.Of), rec.Width
	}
	c.decided = c.waits.Came != nil || c.waits.Begin
}

// Awaited returns the calls that a stored call waits for, as they are stored, in the order in which it
// has them: none unless it is suspended. One that was removed meanwhile is left out.
func Awaited(ctx context.Context, s store.Reader, rec *store.Call) iter.Seq2[*store.Call, error] {
	return func(yield func(*store.Call, error) bool) {
		if rec.Phase != store.Suspended {
			return
		}
		var c call
		c.readWaits(rec)
		for _, span := range c.awaited() {
			for child, err := range span.calls(ctx, s) {
				if !yield(child, err) || err != nil {
					return
				}
			}
		}
	}
}

// awaitedPage is how many calls are read at a time, with their inputs and outputs.
const awaitedPage = 256

// calls reads the calls of a span that there are, page by page.
func (s span) calls(ctx context.Context, from store.Reader) iter.Seq2[*store.Call, error] {
	return func(yield func(*store.Call, error) bool) {
		last := s.first + int64(s.n) - 1
		for after := s.first - 1; after < last; {
			calls, err := from.Calls(ctx, after, int(min(last-after, awaitedPage)))
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range calls {
				if calls[i].ID > last || !yield(&calls[i], nil) {
					return
				}
			}
			if len(calls) == 0 {
				return
			}
			after = calls[len(calls)-1].ID
		}
	}
}

// hears says whether the call at a position waits for an event.
func (w *waits) hears(i int) bool {
	return slices.ContainsFunc(w.Events, func(x expected) bool { return x.At == i })
}

// counted returns results without those that c does not get.
func (c *call) counted(results []Result) ([]Result, error) {
	n := 0
	needless := c.needless()
	for i := range results {
		if needless[i] {
			results[i] = Result{}
		} else if results[i].Status != store.None {
			n++
		}
	}
	want := c.width
	if c.waits.Need > 0 {
		want = len(c.waits.Came)
	}
	if n != want {
		return nil, fmt.Errorf("%d of %d results are there", n, want)
	}
	return results, nil
}

// needless returns for each of the calls that c awaits whether it goes on without that one.
func (c *call) needless() []bool {
	all := make([]bool, c.width)
	if c.waits.Need > 0 {
		for i := range all {
			all[i] = true
		}
		for _, i := range c.waits.Came {
			all[i] = false
		}
	}
	return all
}

// enough says whether a call that does not wait for all can go on.
func (c *call) enough() bool {
	n := len(c.waits.Came)
	if !c.waits.Success {
		return n >= min(c.waits.Need, c.width)
	}
	succeeded := int(c.succeeded)
	return succeeded >= c.waits.Need || n-succeeded > c.width-c.waits.Need
}

// came counts the outcome of a call for p, which does not wait for all and is not decided. The
// engine's lock is held.
func (e *Engine) came(p *call, position int, s store.Status) {
	p.count(position, s)
	e.decide(p)
}

func (c *call) count(position int, s store.Status) {
	c.waits.Came = append(c.waits.Came, position)
	if s == store.OK {
		c.succeeded++
	}
}

// recount counts the outcomes that are stored for a call that does not wait for all and is not
// decided: events first, which may have been there before it began to wait. The engine's lock is held.
func (c *call) recount(outcomes []store.Outcome) {
	c.waits.Came, c.succeeded = nil, 0
	for _, heard := range []bool{true, false} {
		for _, o := range outcomes {
			if i := c.position(o.ID); c.waits.hears(i) == heard && !c.enough() {
				c.count(i, o.Status)
			}
		}
	}
	c.pending = c.width - len(outcomes)
}

// decide makes a call go on that waits for enough and has it: when that is stored, together with
// the cancel of what it does not need. The engine's lock is held.
func (e *Engine) decide(c *call) {
	if c.waits.Need == 0 || c.decided || c.waits.Events != nil && !c.looked || c.place != waiting || c.generation != e.generation || !c.enough() {
		return
	}
	c.decided, c.deciding = true, true
	step := store.Step{Mark: []store.Mark{{ID: c.id, Waiting: c.waits.bytes()}}}
	var left []int64
	for i, needless := range c.needless() {
		if id := c.at(i); needless && c.waits.begun(id) == nil { // what was begun can be awaited again
			left = append(left, id)
			step.Mark = append(step.Mark, store.Mark{ID: id, Ending: store.Canceled})
		}
	}
	for _, x := range c.waits.Events {
		// It may have an event all the same, or be about to: that was submitted before.
		if id := c.at(x.At); slices.Contains(left, id) {
			step.Return = append(step.Return, store.Receipt{Call: c.id, By: id})
		}
	}
	e.active++
	stored := e.writer.submit(c.generation, step)
	go func() {
		err := <-stored
		e.mu.Lock()
		defer e.mu.Unlock()
		defer e.quieter()
		c.deciding = false
		switch {
		case errors.Is(err, store.ErrFenced) || errors.Is(err, ErrClosed):
			return // it goes on from where it was, elsewhere or later
		case err != nil:
			e.log.Error("what a call has waited for could not be stored; it goes on at the next start", "call", c.id, "function", c.name, "err", err)
			if e.leave(c); c.exec != nil {
				c.exec.Discard(false)
			}
			e.shelve(c, fmt.Errorf("call %d: %w: %w", c.id, ErrParked, err))
			return
		case c.generation != e.generation:
			return
		}
		if c.results != nil {
			c.results, err = c.counted(c.results)
			if err != nil {
				c.results = nil // they are in the store
			}
		}
		var over []*call
		for _, id := range left {
			if child := e.calls[id]; child != nil {
				e.endOne(child, store.Canceled, &over)
			} else {
				e.fleet.tellOf(id)
			}
		}
		e.concludeAll(over)
		e.enqueue(c)
	}()
}
