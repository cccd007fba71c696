package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	claimLimit = 64              // calls that are claimed at a time
	checkLimit = 1000            // calls that are asked for at a time
	block      = 1000            // ids that are reserved at a time
	skipLimit  = 1000            // parked calls that are remembered, not to be claimed again
	pollEvery  = time.Second     // without being woken
	lookEvery  = 5 * time.Second // whether a call that is waited for is parked
)

// fleet is what an engine does on a store that other processes share with it. It knows only
// the calls that belong to its own incarnation of the store; those that it has no room for,
// does not have the function of, or cannot load, it sets free, and it claims what others have
// set free or were fenced with.
//
// A suspended call that awaits calls which are not all known here is remote: whether they are
// done is asked of the store, when this process is told that it is worth asking, and now and
// then in any case.
//
// If the incarnation is fenced, all that is known is forgotten, and what runs is made to end
// and comes to nothing: calls and writes have the number of the incarnation that they belong
// to, and the writer refuses those of an earlier one.
type fleet struct {
	e      *Engine
	store  store.Shared
	ctx    context.Context // until the engine is closed
	cancel context.CancelFunc
	poke   chan struct{} // there is something in the sets below
	ended  sync.WaitGroup

	// claiming excludes the change of the incarnation while calls are claimed for it.
	claiming sync.Mutex

	reserving sync.Mutex
	next, end int64 // ids that are reserved

	// Under the engine's lock:
	remotes   map[int64]*call // those, and some that no longer are
	unchecked map[int64]bool  // those of them of which all that they await may be done
	untold    map[int64]bool  // calls that others are to be told to check
	endings   []store.Mark    // calls that are to be told to end
	free      []span          // calls that are to be set free
	parted    []int64         // likewise, unless they were claimed again since
	skipped   []int64
	renewed   moment // when the lease began, or a little earlier
	hungry    bool   // there was no room for all that could be claimed
	alone     bool   // there were no other processes when that was looked at last
	suspected bool   // there may be suspects to be claimed

	after  *store.Position // claims go on behind that, from the loop's point of view
	claims int

	sharing sharing

	lines    map[string]map[string]bool // functions and partitions in which it may be another call's turn; under the engine's lock
	advanced time.Time                  // when all were looked at
}

// span are the ids of calls that were made together.
type span struct {
	first int64
	n     int
}

func newFleet(e *Engine, s store.Shared) *fleet {
	f := &fleet{e: e, store: s, poke: make(chan struct{}, 1),
		sharing: sharing{poke: make(chan struct{}, 1), in: make(map[*lease]bool)},
		remotes: make(map[int64]*call), unchecked: make(map[int64]bool), untold: make(map[int64]bool), renewed: thisMoment()}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

func (f *fleet) start() {
	f.ended.Go(f.beat)
	f.ended.Go(f.loop)
	f.ended.Go(f.share)
}

// sure says whether no other process can have taken over what this one has: its lease has not
// passed since it was last renewed. Otherwise nothing is begun until
// it is known; what runs goes on, and the store decides. The engine's lock is held.
func (f *fleet) sure() bool { return f == nil || f.renewed.within(f.store.Lease()) }

// close ends what start has begun. The writer has to be closed before.
func (f *fleet) close() {
	if f != nil {
		f.cancel()
		f.ended.Wait()
	}
}

func (f *fleet) wake() {
	select {
	case f.poke <- struct{}{}:
	default:
	}
}

// beat renews the lease.
func (f *fleet) beat() {
	every := f.store.Lease() / 3
	for f.e.sleep(every) {
		ctx, cancel := context.WithTimeout(f.ctx, every)
		begun := thisMoment()
		err := f.store.Renew(ctx)
		if err == nil {
			f.e.mu.Lock()
			again := !f.sure()
			if f.renewed = begun; again {
				f.e.try()
			}
			f.e.mu.Unlock()
			err = f.e.clock.ask(ctx, f.store)
		}
		cancel()
		f.failed("the lease could not be renewed, or the time not be read", err)
	}
}

// failed deals with an error of the store: a process that was fenced begins anew.
func (f *fleet) failed(what string, err error) {
	switch {
	case err == nil || f.ctx.Err() != nil:
	case errors.Is(err, store.ErrFenced):
		// The writer finds the same, and begins the new incarnation between two commits.
		_ = f.e.writer.commit(store.Step{})
	default:
		f.e.log.Error(what, "err", err)
	}
}

// rejoin begins a new incarnation. The writer calls it, and commits nothing meanwhile.
func (f *fleet) rejoin(err error) {
	f.e.log.Warn("what this process had is with others now; it begins anew", "err", err)
	f.e.fence()
	f.claiming.Lock()
	defer f.claiming.Unlock()
	f.sharing.busy.Lock()
	defer f.sharing.busy.Unlock()
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		begun := thisMoment()
		err := f.store.Rejoin(f.ctx)
		if err == nil {
			f.e.mu.Lock()
			f.renewed = begun
			f.e.mu.Unlock()
			break
		}
		if f.ctx.Err() != nil || !f.e.writer.pause(err, delay) {
			return
		}
	}
	f.e.forget(f.e.writer.advance())
}

// fence makes what runs end, and lets nothing begin until what is known has been forgotten: the
// store may be out of reach for long.
func (e *Engine) fence() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fenced = true
	for r := e.runs; r != nil; r = r.later {
		r.cut()
	}
}

// forget drops all that is known of calls, and cuts short those that run.
func (e *Engine) forget(generation int64) {
	e.mu.Lock()
	e.generation, e.fenced = generation, false
	old := e.calls
	e.calls = make(map[int64]*call)
	e.resident = residents{}
	e.deadlines.calls = nil
	e.arm()
	for _, f := range e.functions {
		f.queue = queue{}
		f.forgetParts()
	}
	e.fleet.forgetLeases()
	e.trial.stop()
	e.trial.waiting, e.trial.running = nil, 0
	e.trial.group++
	e.idles.tired, e.idles.leaving = nil, nil
	clear(e.fleet.remotes)
	clear(e.fleet.unchecked)
	clear(e.fleet.untold)
	e.fleet.free, e.fleet.parted, e.fleet.endings = nil, nil, nil
	var dropped []Execution
	for _, c := range old {
		if c.timer != nil {
			c.timer.Stop()
		}
		c.residency = residency{}
		for _, w := range c.waiters {
			close(w)
		}
		c.waiters = nil
		if c.exec != nil && c.place != active {
			dropped = append(dropped, c.exec)
			c.exec = nil
		}
	}
	for r := e.runs; r != nil; r = r.later {
		r.cut()
	}
	e.mu.Unlock()
	for _, x := range dropped {
		x.Discard(false)
	}
	e.fleet.wake()
}

// newIDs returns the first of n ids for calls, which are to be stored and will be in memory then: until placed is called.
func (e *Engine) newIDs(n int) (int64, error) {
	if e.fleet != nil {
		return e.fleet.newIDs(n)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	first := e.lastID + 1
	e.lastID += int64(n)
	if e.idles.store != nil {
		e.idles.placing[first] = n
	}
	return first, nil
}

func (f *fleet) newIDs(n int) (int64, error) {
	f.reserving.Lock()
	defer f.reserving.Unlock()
	if f.end-f.next < int64(n) {
		first, err := f.reserve(max(n, block))
		if err != nil || n >= block {
			return first, err
		}
		f.next, f.end = first, first+block
	}
	f.next += int64(n)
	return f.next - int64(n), nil
}

func (f *fleet) reserve(n int) (int64, error) {
	for delay := 10 * time.Millisecond; ; delay = min(2*delay, time.Second) {
		first, err := f.store.Reserve(f.ctx, n)
		if err == nil || !errors.Is(err, store.ErrUnavailable) {
			return first, err
		}
		if !f.e.sleep(delay) {
			return 0, ErrClosed
		}
	}
}

// keeps says whether a call that was made by this process is to be run by it; otherwise it
// is set free. The engine's lock is held.
func (f *fleet) keeps(c *call) bool {
	if f == nil {
		return true
	}
	if c.generation != f.e.generation {
		return false // it is free already, or will be
	}
	if c.fn != nil && c.fn.hears {
		return true // it takes no room
	}
	f.line(c)
	if c.fn != nil && f.e.running && !f.e.trial.active() && f.room(c) && !c.inLine() && c.fn.apart < maxApart {
		return true
	}
	if n := len(f.free); n > 0 && f.free[n-1].first+int64(f.free[n-1].n) == c.id {
		f.free[n-1].n++
	} else {
		f.free = append(f.free, span{c.id, 1})
	}
	if c.parent != nil {
		f.ask(c.parent)
	}
	f.wake()
	return false
}

// ask makes a call one of which the store is asked whether what it awaits is done, if it
// does not go on already: the store can know of the end of what it awaits before this process
// has dealt with it. The engine's lock is held.
func (f *fleet) ask(c *call) {
	if f == nil || c.generation != f.e.generation || c.place != waiting {
		return
	}
	c.remote, c.results = true, nil
	f.remotes[c.id] = c
	f.unchecked[c.id] = true
	f.wake()
}

// finished deals with the end of a call whose parent does not count it. The engine's lock
// is held.
func (f *fleet) finished(c *call) {
	if f == nil || c.awaiter == 0 {
		return
	}
	if f.e.calls[c.awaiter] != nil {
		f.unchecked[c.awaiter] = true
	} else {
		f.untold[c.awaiter] = true
	}
	f.wake()
}

// settled claims again when there is room. The engine's lock is held.
func (f *fleet) settled() {
	if f != nil && f.hungry && f.load() <= f.capacity()/2 {
		f.hungry = false
		f.wake()
	}
}

// give sets free a call that this process cannot run, and sees to it that it does not get
// it back. The engine's lock is held.
func (f *fleet) give(c *call) {
	if f == nil || c.generation != f.e.generation {
		return
	}
	if len(f.skipped) < skipLimit {
		f.skipped = append(f.skipped, c.id)
	}
	f.leave(c)
}

// wait waits until a call is done that another process may run, or until it is worth to look what
// has become of it.
func (f *fleet) wait(ctx context.Context, id int64) error {
	look := time.Now().Add(lookEvery)
	for delay := 5 * time.Millisecond; ; delay = min(delay*3/2, 500*time.Millisecond) {
		done, err := f.store.Done(ctx, []int64{id})
		if len(done) > 0 || err == nil && time.Now().After(look) {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			f.failed("what has become of a call could not be read", err)
		}
		t := time.NewTimer(delay)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-f.e.stop:
			t.Stop()
			return ErrClosed
		}
	}
}

// DispatchTx makes a call from outside in a transaction, which is left to whoever runs such
// calls, and returns its id. See Dispatch.
func (e *Engine) DispatchTx(ctx context.Context, tx any, r Request, key string) (string, error) {
	t, ok := e.store.(store.Transactional)
	if !ok {
		return "", ErrNoTransactions
	}
	id, err := e.newIDs(1)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return "", ErrClosed
	}
	c := &call{id: id, root: id, incarnation: e.store.Incarnation(), created: e.clock.now().UnixMilli()}
	e.set(c, &r)
	record := c.record(0)
	record.Key = key
	made, err := t.CreateIn(ctx, tx, record)
	switch {
	case err != nil:
		return "", err
	case !isMade(made, &r):
		return "", fmt.Errorf("key %q: %w", key, ErrKeyConflict)
	}
	return e.names.Format(ctx, made.Incarnation, made.ID)
}

func (f *fleet) loop() {
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	var taken time.Time // when the leases of others were looked at
	thinned := time.Now()
	f.look(true, false)
	for {
		all, told, work := false, false, false
		select {
		case <-f.e.stop:
			return
		case w := <-f.store.Wakes():
			f.woken(w)
			told, work = len(w.Calls) > 0, w.Work
		case <-f.poke:
		case <-poll.C:
			all = true
		}
		f.look(all, work)
		f.setFree()
		f.tellEnds()
		f.tell()
		f.check(all)
		if all || told {
			f.news()
		}
		if every := f.store.Lease() / 2; time.Since(taken) > every {
			taken = time.Now()
			_, err := f.store.TakeOver(f.ctx)
			f.failed("the leases of other processes could not be looked at", err)
			all = true
		}
		if all {
			able, err := f.store.Rouse(f.ctx)
			f.failed("calls that are due could not be woken", err)
			f.after = nil // what was set free later can have lower ids
			f.e.mu.Lock()
			f.suspected, f.e.idles.on = true, able
			f.e.mu.Unlock()
		}
		if time.Since(thinned) > near {
			thinned = time.Now()
			f.thin()
		}
		f.advance(all, work)
		f.claimSuspects()
		f.claim()
	}
}

func (f *fleet) woken(w store.Wake) {
	if w.Work {
		f.after = nil
	}
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	for _, id := range w.Calls {
		f.unchecked[id] = true
	}
}

func (f *fleet) setFree() {
	f.e.mu.Lock()
	free := f.free
	f.free = nil
	slices.Sort(f.parted)
	for _, id := range f.parted {
		if n := len(free); f.e.calls[id] != nil { // claimed by this goroutine
			continue
		} else if n > 0 && free[n-1].first+int64(free[n-1].n) == id {
			free[n-1].n++
		} else {
			free = append(free, span{id, 1})
		}
	}
	f.parted = nil
	f.e.mu.Unlock()
	for i, s := range free {
		if err := f.store.Release(f.ctx, s.first, s.n); err != nil {
			f.failed("calls could not be set free", err)
			f.e.mu.Lock()
			for _, s := range free[i:] { // it may have happened
				for id := s.first; id < s.first+int64(s.n); id++ {
					f.parted = append(f.parted, id)
				}
			}
			f.e.mu.Unlock()
			return
		}
		f.after = nil // it can stand before what was claimed last
	}
}

func (f *fleet) tell() {
	f.e.mu.Lock()
	var ids []int64
	for id := range f.untold {
		ids = append(ids, id)
	}
	clear(f.untold)
	f.e.mu.Unlock()
	if len(ids) > 0 {
		f.after = nil // some may have been woken, and are free
		f.failed("other processes could not be told of results; they look for them in a while", f.store.Tell(f.ctx, ids))
	}
}

// check makes those remote calls go on for which everything is done. It asks for those that
// it is worth to, or for all.
func (f *fleet) check(all bool) {
	f.e.mu.Lock()
	asked := make(map[int64]int) // at which await it is
	var ids []int64
	var some []*call // that do not wait for all
	for id, c := range f.remotes {
		switch {
		case f.e.calls[id] != c || !c.remote:
			delete(f.remotes, id)
		case c.place == waiting && (all || f.unchecked[id]):
			if asked[id] = c.awaits; c.waits.Need > 0 {
				some = append(some, c)
				continue
			}
			ids = append(ids, id)
		}
	}
	clear(f.unchecked)
	f.e.mu.Unlock()
	for _, c := range some {
		f.judge(c, asked[c.id])
	}
	for len(ids) > 0 {
		n := min(len(ids), checkLimit)
		complete, err := f.store.Complete(f.ctx, ids[:n])
		f.failed("what calls await could not be read", err)
		f.e.mu.Lock()
		for _, id := range complete {
			if c := f.e.calls[id]; c != nil && c.remote && c.place == waiting && c.awaits == asked[id] {
				c.pending = 0
				f.e.enqueue(c)
			}
		}
		f.e.mu.Unlock()
		ids = ids[n:]
	}
}

// judge makes a remote call go on that does not wait for all, if enough is done. The lock is not
// held meanwhile: the store may take its time.
func (f *fleet) judge(c *call, awaits int) {
	f.e.mu.Lock()
	awaited := c.awaited()
	f.e.mu.Unlock()
	outcomes, err := f.e.outcomes(f.ctx, awaited)
	if err != nil {
		f.failed("what calls await could not be read", err)
	}
	f.e.mu.Lock()
	defer f.e.mu.Unlock()
	switch {
	case f.e.calls[c.id] != c || !c.remote || c.place != waiting || c.awaits != awaits:
	case err != nil:
		f.unchecked[c.id] = true
	case !c.decided:
		c.recount(outcomes)
		f.e.decide(c)
	case !c.deciding: // by who had it before
		f.e.enqueue(c)
	}
}
