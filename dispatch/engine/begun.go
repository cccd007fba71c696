package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// begun are calls that a call has begun without waiting for them. They end with it: with the
// attempt, in fact, because another one begins calls of its own.
type begun struct {
	First    int64 `json:"first"`
	N        int   `json:"n"`
	Shielded bool  `json:"shielded,omitempty"` // not canceled when it is, but when it ends
}

// begun returns those with which that call was begun, or nil.
func (w *waits) begun(id int64) *begun {
	for i := range w.Begun {
		if b := &w.Begun[i]; id >= b.First && id < b.First+int64(b.N) {
			return b
		}
	}
	return nil
}

// prune returns what is left of the begun calls without those that are done: which is true of all that
// c has waited for, and is known of all others if no other process has calls. Only the goroutine
// that runs c calls it.
func (e *Engine) prune(c *call) []begun {
	if c.waits.Begun == nil {
		return nil
	}
	came := c.waits.Came
	if c.waits.Need == 0 && c.width == 1 { // of more, all were made to be awaited
		came = []int{0}
	}
	done := make(map[int64]bool)
	for _, i := range came {
		done[c.at(i)] = true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var left []begun
	for _, b := range c.waits.Begun {
		for id := b.First; id < b.First+int64(b.N); id++ {
			if done[id] || e.fleet == nil && e.calls[id] == nil {
				continue
			}
			if n := len(left); n > 0 && left[n-1].First+int64(left[n-1].N) == id && left[n-1].Shielded == b.Shielded {
				left[n-1].N++
			} else {
				left = append(left, begun{id, 1, b.Shielded})
			}
		}
	}
	return left
}

// dropping returns the marks that end what c has begun. Only the goroutine that runs c calls it.
func (c *call) dropping() []store.Mark {
	var marks []store.Mark
	for _, b := range c.waits.Begun {
		for id := b.First; id < b.First+int64(b.N); id++ {
			marks = append(marks, store.Mark{ID: id, Ending: store.Canceled})
		}
	}
	return marks
}

// endBegun ends what c has begun, when that is durable. The engine's lock is held.
func (e *Engine) endBegun(c *call) {
	if c.waits.Begun != nil {
		var over []*call
		e.tellBegun(c, store.Canceled, true, &over)
		e.concludeAll(over)
	}
}

// tellBegun tells what c has begun to end, and those of it that are shielded if all are. The engine's
// lock is held.
func (e *Engine) tellBegun(c *call, why store.Status, all bool, over *[]*call) {
	for _, b := range c.waits.Begun {
		for id := b.First; id < b.First+int64(b.N) && (all || !b.Shielded); id++ {
			if child := e.calls[id]; child != nil {
				e.endOne(child, why, over)
			} else {
				e.fleet.tellEnd(id, why)
			}
		}
	}
}

// tells says whether a call that c awaits, or has begun, is to end when c is. The engine's lock is held.
func (c *call) tells(id int64) bool {
	b := c.waits.begun(id)
	return b != nil && !b.Shielded || c.position(id) >= 0 && !c.waits.Shielded
}

// at returns the id of the call at a position of those that c awaits.
func (c *call) at(i int) int64 {
	if c.waits.Of != nil {
		return c.waits.Of[i]
	}
	return c.first + int64(i)
}

// position returns where a call stands among those that c awaits, or -1.
func (c *call) position(id int64) int {
	switch {
	case c.waits.Of != nil:
		return slices.Index(c.waits.Of, id)
	case id < c.first || id >= c.first+int64(c.width):
		return -1
	}
	return int(id - c.first)
}

// await says in a change what c awaits.
func (c *awaiting) await(change *store.Change) {
	change.First, change.Width, change.Waiting = c.first, c.width, c.waits.bytes()
	if c.waits.Of != nil {
		change.Width = c.fresh
	}
}

// awaited returns the ids of what c awaits.
func (c *call) awaited() []span {
	if c.waits.Of == nil {
		return []span{{c.first, c.width}}
	}
	var all []span
	for _, id := range c.waits.Of {
		if n := len(all); n > 0 && all[n-1].first+int64(all[n-1].n) == id {
			all[n-1].n++
		} else {
			all = append(all, span{id, 1})
		}
	}
	return all
}

// outcomes returns those of calls that are done.
func (e *Engine) outcomes(ctx context.Context, of []span) ([]store.Outcome, error) {
	var all []store.Outcome
	for _, s := range of {
		some, err := e.store.Outcomes(ctx, s.first, s.n)
		if err != nil || len(of) == 1 {
			return some, err
		}
		all = append(all, some...)
	}
	return all, nil
}

var errNotBegun = errors.New("it is not a call that this one has begun")

// ownCalls returns the numbers of those of the requests that are calls which c has begun.
func (e *Engine) ownCalls(c *call, requests []Request) ([]int64, error) {
	var all []int64
	for _, q := range requests {
		if q.Call == "" {
			continue
		}
		n := number(q.Call)
		if c.waits.begun(n) == nil {
			var stored *store.Call
			err := e.ask(func() (err error) {
				stored, err = e.store.Call(context.Background(), n)
				return err
			})
			switch {
			case errors.Is(err, store.ErrNotFound) || err == nil && (stored.Parent != c.id || stored.Lap != c.hops):
				return nil, fmt.Errorf("call %q: %w", q.Call, errNotBegun)
			case err != nil:
				return nil, err
			}
		}
		all = append(all, n)
	}
	return all, nil
}

// Done says whether a call is done.
func (e *Engine) Done(ctx context.Context, id string) (bool, error) {
	n, err := e.store.CountDone(ctx, number(id), 1)
	return n > 0, err
}

// orphan says whether nothing waits for a claimed call: those that were only begun are not known to
// the store.
func (f *fleet) orphan(rec *store.Claimed) (bool, error) {
	if !rec.Orphan || rec.Ending != store.None {
		return false, nil
	}
	parent, err := f.store.Call(f.ctx, rec.Parent)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case parent.Phase != store.Suspended && parent.Phase != store.Parked:
		return true, nil
	}
	p := call{}
	p.readWaits(parent)
	return p.position(rec.ID) < 0 && p.waits.begun(rec.ID) == nil, nil
}
