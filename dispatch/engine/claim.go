package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// maxApart is how many calls of a function wait in their partitions before no more are claimed.
const maxApart = 4096

// advanceEvery is how often a process that is told that there is work looks whose turn it is in all
// partitions.
const advanceEvery = 200 * time.Millisecond

// advance gives calls of partitions their turn: of those in which something has changed, and
// of all from time to time.
func (f *fleet) advance(all, told bool) {
	f.e.mu.Lock()
	changed := f.lines
	f.lines = nil
	f.e.mu.Unlock()
	if all = all || told && time.Since(f.advanced) > advanceEvery; all {
		f.advanced = time.Now()
	}
	for name, fn := range f.e.functions {
		l := store.Lines{Function: name, Most: fn.Policy.Partition.Concurrency}
		if l.Most == 0 || !all && len(changed[name]) == 0 {
			continue
		}
		if !all {
			l.Partitions = slices.Collect(maps.Keys(changed[name]))
		}
		n, err := f.store.Advance(f.ctx, l)
		f.failed("calls of partitions could not be given their turn", err)
		if n > 0 {
			f.after = nil
		}
	}
}

// line says that it may be another call's turn in the partition of a call. The engine's lock is held.
func (f *fleet) line(c *call) {
	if f == nil || !c.inLine() {
		return
	}
	if f.lines == nil {
		f.lines = make(map[string]map[string]bool)
	}
	if f.lines[c.name] == nil {
		f.lines[c.name] = make(map[string]bool)
	}
	f.lines[c.name][c.partition] = true
	f.wake()
}

// claim claims free calls, as long as there are some and there is room for them.
func (f *fleet) claim() {
	for f.ctx.Err() == nil {
		f.claiming.Lock()
		f.e.mu.Lock()
		generation, limit := f.e.generation, 0
		q := store.Claim{Except: append([]int64(nil), f.skipped...), Parked: len(f.skipped) < skipLimit, Oldest: f.claims%patience == patience-1}
		if !q.Oldest {
			q.After = f.after
		}
		if f.e.trial.active() {
			f.e.mu.Unlock()
			f.claiming.Unlock()
			return
		}
		if f.e.running {
			limit = min(f.capacity()-f.load(), claimLimit)
			for name, fn := range f.e.functions {
				switch most := fn.Policy.most(); {
				case fn.hears: // others are with those that await them
					q.Orphans = append(q.Orphans, name)
				case fn.apart < maxApart && (most == 0 || fn.queue.len() < most):
					q.Functions = append(q.Functions, name)
				}
				if fn.Policy.Partition.Concurrency > 0 {
					q.Lined = append(q.Lined, name)
				}
			}
		}
		f.hungry = f.e.running && (limit <= 0 || len(q.Functions)+len(q.Orphans) < len(f.e.functions))
		f.e.mu.Unlock()
		if limit <= 0 || len(q.Functions) == 0 {
			f.claiming.Unlock()
			return
		}
		if q.Limit = limit; q.Oldest {
			q.Limit = max(1, limit/patience) // a turn is not to be worth more than those of the others
		}
		claimed, err := f.store.Claim(f.ctx, q)
		f.claiming.Unlock()
		if err != nil {
			f.failed("calls could not be claimed", err)
			return
		}
		if len(claimed) == 0 {
			return
		}
		f.claims++
		if !q.Oldest {
			f.after = last(claimed)
		}
		f.take(claimed, generation)
	}
}

// last returns where the claimed call stands that does so behind the others.
func last(claimed []store.Claimed) *store.Position {
	var last *store.Position
	for i := range claimed {
		if p := (store.Position{Priority: claimed[i].Priority, ID: claimed[i].ID}); last == nil || last.Before(p) {
			last = &p
		}
	}
	return last
}

// take puts calls in their places that were claimed.
func (f *fleet) take(claimed []store.Claimed, generation int64) {
	var step store.Step
	var found, convicted []*call
	var events []*Event
	due := make(map[*call]time.Time)
	for i := range claimed {
		rec := &claimed[i]
		c, change := f.e.known(&rec.Call)
		orphan, err := f.orphan(rec)
		if err != nil {
			f.refused(claimed, err)
			return
		}
		c.generation, c.stays = generation, time.Now().Add(near).UnixMilli()
		if rec.Sent {
			c.stays = math.MaxInt64
		}
		c.noted.Store(rec.Crashes > 0)
		if f.e.cfg.Crashes > 0 {
			c.watch.first, c.watch.crashes = rec.Lost || rec.Crashes > 0, rec.Crashes
			c.watch.suspect, c.watch.ran = rec.Crashes > 0, rec.Crashes > 0
		}
		switch {
		case orphan:
			gone := f.e.orphan(c)
			change = &gone
			step.Watch = append(step.Watch, c.unwatch()...)
		case f.e.cfg.Crashes > 0 && rec.Crashes >= f.e.cfg.Crashes && rec.Alone:
			ev, err := f.e.sentence(f.ctx, c, &step)
			if err != nil {
				f.refused(claimed, err)
				return
			}
			events, convicted, change = append(events, ev), append(convicted, c), nil
		default:
			if c.watch.suspect {
				f.e.log.Warn("a call was running when its process died", "call", f.e.idOf(c), "function", c.name, "crashes", c.watch.crashes)
			}
			found = append(found, c)
			due[c] = rec.Due
		}
		if change != nil {
			step.Change = append(step.Change, *change)
			if change.Phase == store.Ready {
				step.Mark = append(step.Mark, left(&rec.Call)...)
			}
		}
	}
	if step.Weight() > 0 {
		if err := f.e.writer.commitAs(generation, step); err != nil {
			f.refused(claimed, err)
			return
		}
	}
	for _, ev := range events {
		f.e.observe(ev)
	}
	heard, found := f.hear(found)
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	for _, c := range convicted {
		f.free = append(f.free, span{c.id, 1})
		f.wake()
	}
	for _, c := range found {
		switch {
		case generation != f.e.generation:
			return
		case c.suspended:
			c.place = waiting
			f.e.calls[c.id] = c
			for _, o := range heard[c] {
				f.e.calls[o.id] = o
				f.e.expect(o)
				f.e.enqueue(o)
			}
			f.ask(c)
			f.e.expect(c)
			f.passOn(c)
			f.e.listen(c)
		case due[c].IsZero():
			f.e.calls[c.id] = c
			f.e.expect(c)
			f.e.enqueue(c)
		default:
			f.e.calls[c.id] = c
			f.e.expect(c)
			f.e.delayUntil(c, due[c])
		}
	}
	for _, m := range step.Mark {
		f.e.tell(m.ID, func(c *call) { f.e.end(m.Ending, c) })
	}
}

// left returns the marks that end what a call has made that begins anew.
func left(rec *store.Call) []store.Mark {
	var c call
	c.readWaits(rec)
	marks := c.dropping()
	for i := range c.width {
		marks = append(marks, store.Mark{ID: c.at(i), Ending: store.Canceled})
	}
	return marks
}

// refused sets free again what was claimed and could not be begun.
func (f *fleet) refused(claimed []store.Claimed, err error) {
	f.failed("calls could not be begun", err)
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	for i := range claimed {
		f.free = append(f.free, span{claimed[i].ID, 1})
	}
}

// claimSuspects claims some of those calls that were running when their process died, if there is no
// trial here: to begin one.
func (f *fleet) claimSuspects() {
	f.claiming.Lock()
	f.e.mu.Lock()
	generation := f.e.generation
	q := store.Claim{Parked: len(f.skipped) < skipLimit, Suspects: trialPart}
	may := f.suspected && f.e.running && !f.e.trial.active()
	for name, fn := range f.e.functions {
		if !fn.hears {
			q.Functions = append(q.Functions, name)
		}
	}
	f.e.mu.Unlock()
	if !may {
		f.claiming.Unlock()
		return
	}
	claimed, err := f.store.Claim(f.ctx, q)
	f.claiming.Unlock()
	if err != nil {
		f.failed("calls could not be claimed", err)
		return
	}
	if len(claimed) == 0 {
		f.e.mu.Lock()
		f.suspected = false
		f.e.mu.Unlock()
		return
	}
	f.take(claimed, generation)
}

// tried says that no suspects are left here: others may be. The engine's lock is held.
func (f *fleet) tried() {
	if f != nil {
		f.suspected = true
		f.wake()
	}
}

// retry makes a parked call run again that no process has.
func (f *fleet) retry(ctx context.Context, n int64, id string) error {
	err := f.store.Retry(ctx, n)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("call %s: %w", id, ErrNotParked)
	}
	if err != nil {
		return fmt.Errorf("call %s: %w", id, err)
	}
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	f.skipped = slices.DeleteFunc(f.skipped, func(skipped int64) bool { return skipped == n })
	return nil
}
