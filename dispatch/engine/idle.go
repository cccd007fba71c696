package engine

import (
	"context"
	"errors"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Calls that wait for long need no memory: beyond Config.Resident of them, what is idle is dropped
// and found in the store again. Idle are
//
//   - calls that are to be run from their input in more than a while: sleeps, delays, retries. They
//     are read again when their time is near;
//   - suspended calls of which no call that they await is in memory, but for those by which they wait
//     for events. They are read again when one of those calls is done or an event is sent.
//
// Whoever else is interested in a call that is not in memory reads it too. Everything unusual
// stays: calls with deadlines, that have their turn or wait for it, that are told to end, that somebody waits
// for, that do not wait for all that they await, that have begun others, and those that await very many, which
// would be counted each time.
//
// What was dropped sleeps in the store, as that has it (store.Timed): so a start reads only the others. Who
// stores the end of a call of which the parent may sleep wakes that in the same step: if the process dies then,
// the next one finds that it can go on.
//
// In a fleet, what was dropped is nobody's while it sleeps, and whoever wakes it leaves it to who claims it; so none
// is looked for here. What could not fall asleep is set free all the same, and stays for a while with who claims it;
// or until it goes on, if events were sent to it that it does not wait for: it could not fall asleep again.

const (
	// near is how long before its time a call is in memory.
	near = time.Minute
	// wide is how many calls an idle one awaits at most.
	wide = 16
	// duePage is how many calls are looked up at a time.
	duePage = 1000
	// lullPause is how long calls that were dropped are collected before it is stored that they sleep.
	lullPause = time.Second
	// lastLulls is how many times a chunk of them is stored at the end.
	lastLulls = 16
)

// idles is what there is of calls that are not in memory.
type idles struct {
	store   store.Timed   // nil if none can be found again
	on      bool          // some may leave memory
	some    bool          // there may be some
	last    int64         // the last call that was there at the start
	leaving []*call       // that may have become idle
	tired   []int64       // calls that were dropped, and are to sleep in the store
	lulling bool          // that is being done
	placing map[int64]int // ids from the first to how many of calls that are being stored, to be put into memory then; nil without a store
}

// placed says that calls are in memory for which newIDs has made ids, or will not be. The engine's lock is held.
func (e *Engine) placed(first int64) {
	if e.idles.store != nil {
		delete(e.idles.placing, first)
	}
}

// rest notes that a call may have become idle. The engine's lock is held.
func (e *Engine) rest(c *call) {
	if e.idles.on && len(e.calls) > e.cfg.Resident {
		e.idles.leaving = append(e.idles.leaving, c)
	}
}

// thin drops what has become idle. The engine's lock is held.
func (e *Engine) thin() {
	for n := len(e.idles.leaving); n > 0; n = len(e.idles.leaving) {
		c := e.idles.leaving[n-1]
		e.idles.leaving = e.idles.leaving[:n-1]
		if e.calls[c.id] != c || !e.dormant(c) {
			continue
		}
		if e.fleet == nil {
			e.drowse()
		}
		if c.timer != nil {
			c.timer.Stop()
			c.timer = nil
		}
		if e.leave(c); c.exec != nil {
			c.exec.Discard(false)
			c.exec = nil
		}
		delete(e.calls, c.id)
		e.tire(c)
		for _, x := range c.waits.Events {
			if heard := e.calls[c.first+int64(x.At)]; heard != nil {
				delete(e.calls, heard.id)
				e.tire(heard)
			}
		}
		if p := e.awaiter(c); p != nil {
			e.fleet.ask(p) // the store knows when c is done
			e.idles.leaving = append(e.idles.leaving, p)
		}
	}
	e.idles.leaving = nil
}

// tire sees to it that a call sleeps in the store that was dropped. One that has a partition does not: the
// next program may have a limit for that; nor one of which the parent begins anew at the next start, and
// does not need it then. The engine's lock is held.
func (e *Engine) tire(c *call) {
	if p := e.awaiter(c); e.fleet == nil && (c.partition != "" || p != nil && !p.stateful) {
		return
	}
	e.idles.tired = append(e.idles.tired, c.id)
	if e.idles.lulling || e.closed {
		return
	}
	e.idles.lulling = true
	e.background.Go(func() {
		t := time.NewTimer(lullPause)
		defer t.Stop()
		select {
		case <-t.C:
			for e.lull() {
			}
		case <-e.stop:
		}
	})
}

// lull stores that some calls sleep that were dropped, and returns whether there are more. One that has come back
// is left out; and if it comes back now, what happens to it is stored later.
func (e *Engine) lull() bool {
	e.mu.Lock()
	n := min(len(e.idles.tired), chunk)
	if e.idles.lulling = n > 0; n == 0 {
		e.mu.Unlock()
		return false
	}
	var step store.Step
	for _, id := range e.idles.tired[:n] {
		if e.calls[id] == nil {
			step.Sleep = append(step.Sleep, id)
		}
	}
	generation := e.generation
	if e.idles.tired = e.idles.tired[n:]; len(e.idles.tired) == 0 {
		e.idles.tired = nil
	}
	stored := e.writer.submit(e.generation, step)
	e.mu.Unlock()
	err := <-stored // if it could not be, the next start reads them
	if e.fleet != nil && !errors.Is(err, ErrClosed) {
		e.fleet.part(generation, step.Sleep)
	}
	return true
}

// part sets free those of the calls that did not fall asleep: they may go on, or have news.
func (f *fleet) part(generation int64, ids []int64) {
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	if generation != f.e.generation {
		return
	}
	f.parted = append(f.parted, ids...)
	f.wake()
}

// thin drops what has become idle without being noticed: those calls that were claimed a while ago, or of which others
// run what they await.
func (f *fleet) thin() {
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	many := len(f.e.calls) - f.e.cfg.Resident
	for _, c := range f.e.calls {
		if many <= 0 || !f.e.idles.on {
			break
		}
		if f.e.dormant(c) {
			f.e.idles.leaving = append(f.e.idles.leaving, c)
			many--
		}
	}
	f.e.thin()
}

// stirs returns the call that awaits c if it may sleep in the store, and is to wake with the end of c. The
// engine's lock is held.
func (e *Engine) stirs(c *call) []int64 {
	id := c.awaiter
	if c.parent != nil {
		id = c.parent.id
	}
	if p := e.calls[id]; id == 0 || e.idles.store == nil && e.fleet == nil || p != nil && !p.drowsy {
		return nil
	}
	return []int64{id}
}

// awaiter returns the call that awaits c, if it is in memory. The engine's lock is held.
func (e *Engine) awaiter(c *call) *call {
	if c.parent != nil {
		return c.parent
	}
	return e.calls[c.awaiter]
}

// dormant says whether a call can be dropped. The engine's lock is held.
func (e *Engine) dormant(c *call) bool {
	if !e.simple(c) || len(c.waiters) > 0 || c.noted.Load() || c.watch.suspect || c.watch.trial != 0 || c.listening {
		return false
	}
	if p := e.awaiter(c); p != nil && (!p.waits.plain() || e.fleet != nil && !p.stateful) {
		return false
	}
	if c.stays > time.Now().UnixMilli() {
		return false // or it would be claimed again and again, if there is a reason for which it does not sleep
	}
	switch {
	case c.place == delayed:
		return !c.suspended && c.exec == nil && time.Until(c.until) > near
	case c.place != waiting || !c.suspended || c.decided || c.pending == 0 && !c.remote:
		return false
	}
	heard := make(map[int]bool, len(c.waits.Events))
	for _, x := range c.waits.Events {
		heard[x.At] = true
	}
	for i := range c.width {
		child := e.calls[c.first+int64(i)]
		if child != nil && !(heard[i] && child.place == waiting && e.simple(child) && len(child.waiters) == 0) {
			return false
		}
	}
	return true
}

// simple says whether there is nothing unusual about a call.
func (e *Engine) simple(c *call) bool {
	return c.fn != nil && c.ending == store.None && c.deadline == 0 && !e.lined(c) &&
		(!c.suspended || c.stateful && c.waits.plain() && c.width <= wide)
}

// plain says whether all of one range of calls are awaited, and there are no others.
func (w *waits) plain() bool { return w.Need == 0 && w.Of == nil && w.Begun == nil && !w.Begin }

// drowse sees to it that calls come back whose time is near. The engine's lock is held.
func (e *Engine) drowse() {
	if e.idles.some || e.closed {
		return
	}
	e.idles.some = true
	e.background.Go(func() {
		t := time.NewTicker(near / 2)
		defer t.Stop()
		for {
			e.rouseOrTell()
			select {
			case <-t.C:
			case <-e.stop:
				return
			}
		}
	})
}

func (e *Engine) rouseOrTell() {
	if err := e.rouse(); err != nil && !errors.Is(err, ErrClosed) {
		e.log.Error("calls that are due could not be read from the store", "err", err, "retry", near/2)
	}
}

// rouse reads the calls whose time is near.
func (e *Engine) rouse() error {
	ctx, until := context.Background(), e.clock.now().Add(near)
	for after := int64(0); ; {
		ids, err := e.idles.store.Due(ctx, until, after, duePage)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			e.mu.Lock()
			if e.closed {
				e.mu.Unlock()
				return ErrClosed
			}
			_, err = e.fetch(id)
			e.mu.Unlock()
			if err != nil {
				return err
			}
		}
		after = ids[len(ids)-1]
	}
}

// fetch returns a call, from the store if it is not in memory; nil if it is done, or there are no
// calls but those in memory. The engine's lock is held.
func (e *Engine) fetch(id int64) (*call, error) {
	if c := e.calls[id]; c != nil || !e.idles.some {
		return c, nil
	}
	for first, n := range e.idles.placing {
		if id >= first && id < first+int64(n) {
			return nil, nil
		}
	}
	ctx := context.Background()
	rec, err := e.store.Call(ctx, id)
	if err != nil || rec.Phase != store.Ready && rec.Phase != store.Suspended {
		return nil, err
	}
	c, change := e.known(rec)
	if change != nil {
		return nil, nil // it is being begun anew
	}
	done := 0
	if c.suspended {
		if done, err = e.store.CountDone(ctx, c.first, c.width); err != nil {
			return nil, err
		}
	}
	c.watch.first = e.watching && id <= e.idles.last
	c.drowsy = true
	e.calls[id] = c
	if c.fn == nil {
		e.log.Warn(noFunction, "call", e.idOf(c), "function", c.name)
	}
	if why := c.ending; why != store.None {
		c.ending = store.None
		defer func() {
			if e.calls[id] == c {
				e.end(why, c) // and what it awaits
			}
		}()
	}
	if !c.suspended {
		e.delayUntil(c, rec.Due)
		return c, nil
	}
	c.place = waiting
	for _, x := range c.waits.Events {
		if _, err := e.fetch(c.first + int64(x.At)); err != nil {
			delete(e.calls, id)
			return nil, err
		}
	}
	if c.pending = c.width - done; c.pending == 0 {
		e.enqueue(c)
		return c, nil
	}
	e.listen(c)
	e.rest(c)
	return c, nil
}

// tell calls f with a call that something has been stored for, or tells the process that has it.
// The engine's lock is held.
func (e *Engine) tell(id int64, f func(*call)) {
	c, err := e.fetch(id)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		e.retry("a call that something was stored for cannot be read", err, func() { e.tell(id, f) })
	case c != nil:
		f(c)
	default:
		e.fleet.tellOf(id)
	}
}

// arrive deals with the end of a call whose parent has not got it as a child in memory. The engine's
// lock is held.
func (e *Engine) arrive(c *call) {
	id, p := c.awaiter, e.awaiter(c)
	var err error
	switch {
	case p == nil:
		_, err = e.fetch(id) // which counts it
	case p.place == waiting && c.id >= p.first && c.id < p.first+int64(p.width):
		err = e.recountDone(p)
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		e.retry("a call whose calls are done cannot be read", err, func() { e.arrive(c) })
	}
}

// recountDone counts for a call that was fetched what it awaits: the store may know of an end before
// this process has dealt with it. The engine's lock is held.
func (e *Engine) recountDone(p *call) error {
	done, err := e.store.CountDone(context.Background(), p.first, p.width)
	if err != nil {
		return err
	}
	p.results, p.recounts = nil, true
	if p.pending = p.width - done; p.pending == 0 {
		e.enqueue(p)
	} else {
		e.rest(p)
	}
	return nil
}

// retry calls f in a while, with the engine's lock.
func (e *Engine) retry(what string, err error, f func()) {
	e.log.Error(what, "err", err, "retry", readPause)
	time.AfterFunc(readPause, func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if !e.closed {
			f()
		}
	})
}
