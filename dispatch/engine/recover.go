package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// page is how many calls are read at a time.
const page = 1000

const noFunction = "this program does not have the function of a call; the call is kept"

// recover reads the calls that are not done, but for those that sleep. Nothing in the store says that a call was
// running, so there is nothing to put right but this:
//
//   - A call that no unfinished call awaits, though it was made for one, is canceled: its
//     parent died while it made its calls, or began anew. Unless it was told to end, because
//     its parent did not need it: it does so by itself.
//   - A suspended call without a state was so in the memory of a process that is gone. It
//     begins anew.
func (e *Engine) recover(ctx context.Context) error {
	last, err := e.store.LastID(ctx)
	if err != nil {
		return err
	}
	e.lastID, e.idles.last = last, last
	unfinished := e.store.Unfinished
	if t := e.idles.store; t != nil {
		unfinished = t.Awake
		if e.idles.some, err = t.Asleep(ctx); err != nil {
			return err
		}
	}
	var changes []store.Change
	var tired []*call // that need not be in memory
	var found []*call // in ascending order of ids: parents come before their children
	parents := make(map[int64]*suspended)
	due := make(map[*call]time.Time)
	for after := int64(0); ; {
		records, err := unfinished(ctx, after, page)
		if err != nil {
			return err
		}
		if len(records) == 0 {
			break
		}
		for i := range records {
			rec := &records[i]
			if err := e.meet(ctx, rec.Parent, parents); err != nil {
				return err
			}
			c, change := e.recall(rec, parents)
			if change != nil {
				changes = append(changes, *change)
			}
			switch {
			case c == nil:
			case e.sleeps(ctx, c, rec, parents):
				tired = append(tired, c)
			default:
				found = append(found, c)
				e.calls[c.id] = c
				due[c] = rec.Due
			}
		}
		after = records[len(records)-1].ID
	}
	for len(changes) > 0 {
		n := min(len(changes), chunk)
		if err := e.writer.commit(store.Step{Change: changes[:n:n]}); err != nil {
			return err
		}
		changes = changes[n:]
	}
	if err := e.suspects(ctx, found); err != nil {
		return err
	}
	for _, c := range found {
		if err := e.ready(ctx, c, due[c]); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.idles.some {
		e.idles.some = false
		e.drowse()
	}
	for _, c := range tired {
		e.tire(c)
	}
	for id, p := range parents {
		if p == nil || !p.sleeps || p.left > 0 {
			continue
		}
		if _, err := e.fetch(id); err != nil {
			return err
		}
	}
	var over []*call
	for _, c := range found { // when all that is to be canceled for it has its place
		e.expect(c)
		e.decide(c)
		for _, x := range c.waits.Events {
			if _, err := e.fetch(c.at(x.At)); err != nil && !errors.Is(err, store.ErrNotFound) { // it may sleep
				return err
			}
		}
		if c.ending != store.None && c.suspended && c.place == waiting && !c.waits.Shielded {
			e.tellAwaited(c, &over)
		}
		e.listen(c)
	}
	e.concludeAll(over)
	return nil
}

// meet finds out what has to be known of the parent of a call, if that sleeps.
func (e *Engine) meet(ctx context.Context, id int64, parents map[int64]*suspended) error {
	if _, known := parents[id]; known || id == 0 || !e.idles.some {
		return nil
	}
	parents[id] = nil
	rec, err := e.store.Call(ctx, id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil
	case err != nil:
		return err
	case rec.Phase == store.Suspended && rec.State != nil:
		parents[id] = &suspended{first: rec.First, width: int32(rec.Width), sleeps: true}
	}
	return nil
}

// recall returns the call of a record, or nil if it is not to be run, and what is to be
// changed in the record.
func (e *Engine) recall(rec *store.Call, parents map[int64]*suspended) (*call, *store.Change) {
	c, change := e.known(rec)
	if c.suspended {
		parents[c.id] = &suspended{first: c.first, width: int32(c.width), ending: c.ending, shielded: c.waits.Shielded}
	}
	if rec.Parent != 0 {
		p, known := parents[rec.Parent], e.calls[rec.Parent]
		awaited := p != nil && rec.ID >= p.first && rec.ID < p.first+int64(p.width)
		if p != nil && known != nil {
			awaited = known.position(rec.ID) >= 0 || known.waits.begun(rec.ID) != nil
		}
		if !awaited {
			if rec.Ending != store.None {
				return c, change // it was not needed, and cleans up
			}
			gone := e.orphan(c)
			parents[c.id] = nil
			return nil, &gone
		}
		p.left++
		c.parent = known // nil if that sleeps
		if c.ending == store.None && (known != nil && known.tells(rec.ID) || known == nil && !p.shielded) {
			c.ending = p.ending
			if own := parents[c.id]; own != nil {
				own.ending = c.ending
			}
		}
	}
	return c, change
}

// suspended is what has to be known of a suspended call while the others are read.
type suspended struct {
	first    int64
	width    int32
	left     int32 // calls that it awaits and that are not done
	ending   store.Status
	shielded bool
	sleeps   bool // it is not in memory
}

// sleeps says whether a call need not be in memory: see idle.go.
func (e *Engine) sleeps(ctx context.Context, c *call, rec *store.Call, parents map[int64]*suspended) bool {
	if e.idles.store == nil || len(e.calls) < e.cfg.Resident || rec.Phase == store.Parked || !e.simple(c) {
		return false
	}
	if c.parent != nil && !c.parent.waits.plain() {
		return false
	}
	if c.suspended {
		for _, x := range c.waits.Events {
			if sent, err := e.store.Sent(ctx, c.id, x.Name, 1); len(sent) > 0 || err != nil {
				return false
			}
		}
		parents[c.id].sleeps, e.idles.some = true, true
		return true
	}
	if c.fn.hears {
		p := parents[rec.Parent]
		return p != nil && p.sleeps
	}
	if rec.Phase != store.Ready || e.clock.until(rec.Due) <= near {
		return false
	}
	e.idles.some = true
	return true
}

// orphan returns what is changed in the record of a call that nothing awaits.
func (e *Engine) orphan(c *call) store.Change {
	return c.progress.change(c, store.Done, e.cfg.Describe(store.Canceled, "nothing waits for the call any more"))
}

// known returns the call of a record, without its parent, and what is to be changed in the
// record.
func (e *Engine) known(rec *store.Call) (*call, *store.Change) {
	c := &call{
		id: rec.ID, incarnation: rec.Incarnation, root: rec.Root, awaiter: rec.Parent, name: rec.Function,
		fn: e.functions[rec.Function], created: rec.Created.UnixMilli(), ending: rec.Ending,
		options: rec.Options, partition: rec.Partition, priority: int32(rec.Priority), hops: rec.Hops,
		progress: progress{status: rec.Status, attempts: rec.Attempts, failures: rec.Failures, awaits: rec.Awaits, reached: rec.Reached},
	}
	if !rec.Deadline.IsZero() {
		c.deadline = rec.Deadline.UnixMilli()
	}
	if e.late(c) && c.ending == store.None {
		c.ending = store.Timeout
	}
	if rec.Phase == store.Ready {
		return c, nil
	}
	if rec.Phase == store.Parked && rec.Status == store.Crashed {
		c.suspended, c.stateful = rec.State != nil, rec.State != nil
		c.readWaits(rec)
		e.convict(c)
		return c, nil
	}
	if rec.State == nil {
		c.awaits = 0
		change := c.progress.change(c, store.Ready, nil)
		return c, &change
	}
	c.suspended, c.stateful = true, true
	c.readWaits(rec)
	return c, nil
}

// ready puts a call in its place.
func (e *Engine) ready(ctx context.Context, c *call, due time.Time) error {
	if c.fn == nil {
		e.log.Warn(noFunction, "call", e.idOf(c), "function", c.name)
	}
	var outcomes []store.Outcome
	var done int
	var err error
	switch {
	case c.suspended && c.waits.Need > 0:
		outcomes, err = e.outcomes(ctx, c.awaited())
	case c.suspended:
		done, err = e.store.CountDone(ctx, c.first, c.width)
	}
	if err != nil {
		return fmt.Errorf("call %d: %w", c.id, err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if c.due = millis(due); e.hold(c) {
		return nil
	}
	switch {
	case c.suspended && c.waits.Need > 0:
		if !c.decided {
			c.recount(outcomes)
		}
		if !c.decided && c.place != parked {
			c.place = waiting
			return nil
		}
	case c.suspended:
		if c.pending = c.width - done; c.pending > 0 && c.place != parked {
			c.place = waiting
			return nil
		}
	}
	if c.place == parked {
		return nil
	}
	if due.IsZero() {
		e.enqueue(c)
		return nil
	}
	e.delayUntil(c, due)
	return nil
}
