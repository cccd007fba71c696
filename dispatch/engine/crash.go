package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A crash leaves no trace of who was running, and to write one for each attempt would double
// what an attempt costs. But whoever was running is to be run at the next start, among what
// that finds; so only the first attempt after a start of each call that was there already
// is noted in the store before it begins. If the process dies again, the notes that have not
// ended name the suspects.
//
// They are tried before anything else runs: in groups of a part of their number, so that
// each crash makes the circle smaller, at last alone. A suspect that ends, awaits, or lives
// through its trial is acquitted for this start. One that was alone when the process died,
// and has died often enough in a row, is parked.
//
// In a fleet the same is done with what was lost with a process, by those who claim it. Its first
// attempt there is noted, and a note that has not ended when its process is fenced names a
// suspect. Suspects are claimed apart from the rest, as such a group, by a process that has
// none and that begins and claims nothing else meanwhile; before it tries one alone it waits for
// what it runs already to end. Only a quarter of the processes do that at a time, so that the
// others can go on.

const (
	// trialPart is by how much a crash makes the number of suspects smaller.
	trialPart = 16
	// trialTime is how long a suspect is watched that neither ends nor awaits, after its
	// first crash; each further one doubles it.
	trialTime = 10 * time.Second
	// maxTrialTime is the longest that it is watched.
	maxTrialTime = 10 * time.Minute
)

// ErrNotParked is the error of Retry for a call that is not parked.
var ErrNotParked = errors.New("the call is not parked")

// watch is what a call has to do with crashes.
type watch struct {
	first   bool  // the next attempt is the first since the start
	ran     bool  // it was running when the last process died
	suspect bool  // not yet acquitted
	alone   bool  // it is the only one that runs
	trial   int32 // the group with which it is tried; 0 if it is not
	crashes int   // attempts in a row that have ended with their process
}

// trial is how suspects are run. While there are any, nothing else begins.
type trial struct {
	waiting []*call
	size    int         // of a group
	group   int32       // number of the last group
	running int         // of its calls, those that are not acquitted
	emptied bool        // one that is alone has waited for long enough for others to end
	timer   *time.Timer // for that
}

func (t *trial) active() bool { return t.running > 0 || len(t.waiting) > 0 }

// suspects finds out which calls were running when the last process died, and parks those
// that are to blame.
func (e *Engine) suspects(ctx context.Context, found []*call) error {
	w, ok := e.store.(store.Watcher)
	if !ok {
		return nil
	}
	e.watching = true
	for _, c := range found {
		c.watch.first = true
	}
	notes, err := w.Watched(ctx)
	if err != nil {
		return err
	}
	var step store.Step
	var convicted []*Event
	running := 0
	for _, n := range notes {
		c := e.calls[n.ID]
		if c == nil || c.place == parked || c.fn == nil {
			step.Watch = append(step.Watch, store.Watch{ID: n.ID, Kind: store.WatchEnded})
			continue
		}
		c.noted.Store(true)
		c.watch.suspect, c.watch.crashes = true, n.Crashes
		if n.Kind == store.WatchHeld {
			continue // it was not running this time
		}
		c.watch.crashes++
		c.watch.ran = true
		if e.cfg.Crashes == 0 || c.watch.crashes < e.cfg.Crashes || !n.Alone {
			running++
			step.Watch = append(step.Watch, store.Watch{ID: n.ID, Kind: store.WatchHeld, Crashes: c.watch.crashes})
			e.log.Warn("a call was running when the process died", "call", e.idOf(c), "function", c.name, "crashes", c.watch.crashes)
			continue
		}
		ev, err := e.sentence(ctx, c, &step)
		if err != nil {
			return err
		}
		convicted = append(convicted, ev)
		e.convict(c)
	}
	e.trial.size = max(1, running/trialPart)
	if step.Weight() == 0 {
		return nil
	}
	if err := e.writer.commit(step); err != nil {
		return err
	}
	for _, ev := range convicted {
		e.observe(ev)
	}
	return nil
}

// sentence adds to a step what is stored of a call that is to be parked for its crashes, and returns
// the event that says so.
func (e *Engine) sentence(ctx context.Context, c *call, step *store.Step) (*Event, error) {
	why := fmt.Sprintf("its attempts ended with their process %d times in a row", c.watch.crashes)
	r := &run{c: c, id: e.idOf(c), begun: time.Now()}
	var err error
	if r.parent, r.root, err = e.lineage(ctx, c); err != nil {
		return nil, err
	}
	e.log.Error("a call is parked until it is retried by hand", "call", r.id, "function", c.name, "err", why)
	change := c.progress.change(c, store.Parked, e.cfg.Describe(store.Crashed, why))
	change.KeepState = true
	c.await(&change)
	step.Change = append(step.Change, change)
	step.Watch = append(step.Watch, c.unwatch()...)
	ev := e.event(r, AttemptEnded, true)
	if ev != nil {
		ev.Status, ev.Err, ev.Parked = store.Crashed, why, true
	}
	return ev, nil
}

// convict makes a call stay parked until it is retried by hand.
func (e *Engine) convict(c *call) {
	c.place = parked
	c.watch = watch{first: true}
	c.retriable = true
	c.parked = convicted(e.idOf(c))
}

func convicted(id string) error {
	return fmt.Errorf("call %s: %w: its attempts ended with their process again and again; see Dispatcher.Retry", id, ErrParked)
}

// note makes sure that the store knows of an attempt that is to be watched, before it begins.
func (e *Engine) note(c *call) error {
	e.mu.Lock()
	w := c.watch
	e.mu.Unlock()
	if !e.watching || !w.first {
		return nil
	}
	step := store.Step{Watch: []store.Watch{{ID: c.id, Crashes: w.crashes, Alone: w.alone}}}
	if c.drowsy {
		step.Wake = []int64{c.id} // for the next start to find it
	}
	err := e.writer.commit(step)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c.watch.first = false
	c.noted.Store(true)
	return nil
}

// unwatch returns what is to be stored of the watch with the end of an attempt.
func (c *call) unwatch() []store.Watch {
	if !c.noted.Load() {
		return nil
	}
	c.noted.Store(false)
	return []store.Watch{{ID: c.id, Kind: store.WatchEnded}}
}

// acquit says that an attempt has come to an end of some kind. The engine's lock is held.
func (e *Engine) acquit(c *call) {
	tried := c.watch.trial != 0 && c.watch.trial == e.trial.group
	c.watch = watch{first: c.watch.first}
	if tried {
		e.trial.running--
		e.try()
	}
}

// try runs the next suspects, or everything else when there are none. The engine's lock is
// held.
func (e *Engine) try() {
	t := &e.trial
	if !e.running || t.running > 0 || !e.fleet.sure() {
		return
	}
	t.waiting = slices.DeleteFunc(t.waiting, func(c *call) bool { return c.place != queued }) // canceled
	if len(t.waiting) == 0 {
		for _, f := range e.functions {
			e.pump(f)
		}
		e.fleet.tried()
		return
	}
	if t.group == 0 {
		// Those that were running this time come first. Of them any may be the first, so that
		// it is tried alone some day also if another one takes longer than its trial.
		rand.Shuffle(len(t.waiting), func(i, j int) { t.waiting[i], t.waiting[j] = t.waiting[j], t.waiting[i] })
		slices.SortStableFunc(t.waiting, func(a, b *call) int {
			switch {
			case a.watch.ran == b.watch.ran:
				return 0
			case a.watch.ran:
				return -1
			}
			return 1
		})
	}
	n := min(t.size, len(t.waiting))
	if n == 1 && e.active > 0 && e.fleet != nil && !t.emptied {
		if t.timer == nil {
			var timer *time.Timer
			timer = time.AfterFunc(trialFor(t.waiting[:1]), func() {
				e.mu.Lock()
				defer e.mu.Unlock()
				if t.timer == timer {
					t.emptied = true
					e.try()
				}
			})
			t.timer = timer
		}
		return // until what runs has ended, but no longer than it would be watched
	}
	t.stop()
	group := slices.Clone(t.waiting[:n])
	t.waiting = t.waiting[n:]
	t.group++
	t.running = n
	alone := n == 1 && e.active == 0
	for _, c := range group {
		c.place = active
		c.watch.suspect, c.watch.trial, c.watch.alone = false, t.group, alone
		c.fn.active++
		c.permit = c.fn.gate.Force(time.Now(), !c.suspended)
		if c.part = e.partOf(c); c.part != nil {
			permit := c.part.gate.Force(time.Now(), !c.suspended)
			c.partPermit = &permit
		}
		e.active++
		e.start(c)
	}
	number := t.group
	time.AfterFunc(trialFor(group), func() { e.endTrial(group, number) })
}

// trialFor returns how long the trial of a group is.
func trialFor(group []*call) time.Duration {
	crashes := 0
	for _, c := range group {
		crashes = max(crashes, c.watch.crashes)
	}
	return min(trialTime<<min(max(crashes-1, 0), 10), maxTrialTime)
}

// stop ends the waiting for others to end.
func (t *trial) stop() {
	t.emptied = false
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
}

// endTrial lets others run beside suspects that have not ended after the time of their trial.
func (e *Engine) endTrial(group []*call, number int32) {
	var step store.Step
	e.mu.Lock()
	if e.trial.group != number || e.trial.running == 0 || e.closed {
		e.mu.Unlock()
		return
	}
	for _, c := range group {
		if c.watch.trial == number {
			step.Watch = append(step.Watch, store.Watch{ID: c.id, Kind: store.WatchJoined})
		}
	}
	e.mu.Unlock()
	// Before the others begin: whoever of them kills the process, it was not known to be one
	// of these. A note that has ended meanwhile stays so.
	if err := e.writer.commit(step); err != nil {
		e.log.Error("that suspects are no longer alone could not be stored", "err", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, c := range group {
		if c.watch.trial == number && e.trial.group == number {
			c.watch.trial = 0
			e.trial.running--
		}
	}
	e.try()
}

// Retry makes a parked call run again: from its state, or from its input if it has none.
func (e *Engine) Retry(ctx context.Context, id string) error {
	n, err := e.check(ctx, id)
	if err != nil {
		return err
	}
	if e.fleet != nil {
		return e.fleet.retry(ctx, n, id)
	}
	c, err := e.parkedCall(ctx, n)
	if err != nil {
		return err
	}
	e.mu.Lock()
	if c == nil || c.place != parked || c.fn == nil && !e.cfg.Control || c.parked == nil || !c.retriable {
		e.mu.Unlock()
		if c != nil && c.place == parked && c.fn == nil && !e.cfg.Control {
			return fmt.Errorf("call %s: no function %q", id, c.name)
		}
		return fmt.Errorf("call %s: %w", id, ErrNotParked)
	}
	why := c.parked
	c.place, c.parked = active, nil
	if !c.stateful {
		c.restart()
	}
	next := c.progress
	next.failures, next.status = 0, store.None
	e.mu.Unlock()
	phase := store.Ready
	if c.stateful {
		phase = store.Suspended
	}
	change := next.change(c, phase, nil)
	change.KeepState = c.stateful
	c.await(&change)
	err = e.writer.commit(store.Step{Change: []store.Change{change}})
	e.mu.Lock()
	defer e.mu.Unlock()
	if err != nil {
		c.place, c.parked = parked, why
		return fmt.Errorf("call %s: %w", id, err)
	}
	c.progress, c.retriable = next, false
	c.watch = watch{first: true}
	if !e.cfg.Control {
		e.enqueue(c)
	}
	return nil
}

// parkedCall returns a call that may be parked, or nil.
func (e *Engine) parkedCall(ctx context.Context, n int64) (*call, error) {
	if !e.cfg.Control {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.calls[n], nil
	}
	rec, err := e.store.Call(ctx, n)
	if err != nil || rec.Phase != store.Parked {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	c, _ := e.known(rec)
	return c, nil
}
