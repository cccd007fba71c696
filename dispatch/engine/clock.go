package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Times that are stored, of when a call was made, is due and has to be done by, are by a clock that can
// be set, and that goes on while a machine sleeps. Of a store that one process owns it is the
// machine's. In a fleet it is the store's, since those of the processes may differ: each finds out what that shows,
// and goes on from there by its own monotonic clock.
//
// What one process does itself it does by its monotonic clock, as Go's timers do: leases, limits,
// timeouts, the pauses between attempts, and sleeps for so and so long. When the other clock is put
// forth, as after the sleep of a machine, what is due by it is due at once all the same: another process,
// or the next one, would not wait for it either. When it is put back, only what is to wait for a time of
// day waits for longer.

const (
	// clockEvery is how often it is looked whether the clock was set.
	clockEvery = time.Second
	// clockLeeway is by how much it may be wrong without being taken to be set.
	clockLeeway = 200 * time.Millisecond
	// clockTries is how often the store's clock is read at the start to have it exactly.
	clockTries = 3
	// clockExact is how exactly that is.
	clockExact = 20 * time.Millisecond
)

// clock is what times that are stored are by. It is safe for concurrent use.
type clock struct{ read atomic.Pointer[reading] } // nil for the machine's

// reading is what the store's clock showed.
type reading struct {
	shown  time.Time
	at     time.Time // by the monotonic clock
	within time.Duration
}

func (r *reading) now() time.Time { return r.shown.Add(time.Since(r.at)) }

// now returns what the clock shows.
func (k *clock) now() time.Time {
	if r := k.read.Load(); r != nil {
		return r.now()
	}
	return time.Now()
}

// until returns how long it is until the clock shows t.
func (k *clock) until(t time.Time) time.Duration { return t.Sub(k.now()) }

// shows returns what the clock shows in d, if that is more than 0, and t otherwise.
func (k *clock) shows(t time.Time, d time.Duration) time.Time {
	if d > 0 {
		return k.now().Add(d)
	}
	return t
}

// ask reads the clock of the store. A reading that took long is used only if there is no better one, or
// if that is wrong by now.
func (k *clock) ask(ctx context.Context, s store.Shared) error {
	begun := time.Now()
	shown, err := s.Time(ctx)
	if err != nil {
		return err
	}
	took := time.Since(begun)
	r := &reading{shown.Round(0), begun.Add(took / 2), took / 2}
	old := k.read.Load()
	if old == nil || r.within <= old.within || r.now().Sub(old.now()).Abs() > r.within+old.within {
		k.read.Store(r)
	}
	return nil
}

// begin reads the clock of the store for the first time.
func (k *clock) begin(ctx context.Context, s store.Shared) error {
	for range clockTries {
		if err := k.ask(ctx, s); err != nil {
			return err
		}
		if k.read.Load().within <= clockExact {
			break
		}
	}
	return nil
}

// watchClock returns a function that sees to it that what is due by the clock is run when that is set from
// now on.
func (e *Engine) watchClock() func() {
	begun, shown := time.Now(), e.clock.now().Round(0)
	return func() { e.watchClockSince(begun, shown) }
}

func (e *Engine) watchClockSince(begun, shown time.Time) {
	t := time.NewTicker(clockEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-e.stop:
			return
		}
		now := time.Now()
		by := e.clock.now().Round(0).Sub(shown) - now.Sub(begun)
		if by.Abs() < clockLeeway {
			continue
		}
		begun, shown = now, e.clock.now().Round(0)
		e.log.Info("the clock was set, or the machine has slept", "by", by)
		e.clockSet()
	}
}

// clockSet sets the timers anew because the clock was set.
func (e *Engine) clockSet() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	for _, c := range e.calls {
		if c.place != delayed || c.due == 0 || !c.timer.Stop() {
			continue
		}
		due := time.UnixMilli(c.due)
		if c.timed {
			e.delayUntil(c, due)
		} else {
			e.delay(c, min(time.Until(c.until), e.clock.until(due)))
		}
	}
	e.arm()
	idle := e.idles.store != nil && e.idles.some
	e.mu.Unlock()
	if idle {
		e.rouseOrTell()
	}
}

// moment is one by the monotonic clock, and by the time of day, which goes on while the machine sleeps.
type moment struct{ monotonic, day time.Time }

func thisMoment() moment {
	now := time.Now()
	return moment{now, now.Round(0)}
}

// within says whether less than d has passed since, by either clock.
func (m moment) within(d time.Duration) bool {
	now := time.Now()
	return now.Sub(m.monotonic) < d && now.Round(0).Sub(m.day) < d
}
