package engine

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

const (
	shareEvery = 200 * time.Millisecond // slots are asked for while there is need of them, or there are some
	askEvery   = 10 * time.Millisecond  // tokens are asked for at most so often
	keepFor    = time.Second            // slots are kept without being used
)

// lease is a gate that shares limits with those of other processes, which it gets in parts from the
// store: tokens of a rate for the next tenth of a second, and slots for attempts that run at a
// time, of which it gives back what others want as attempts end.
type lease struct {
	fn    *function
	part  *part // nil if it is of the function
	gate  *limit.Gate
	name  string
	every time.Duration // of the rate
	most  int           // slots that there are
	next  time.Time     // not to ask before
	used  time.Time     // when an attempt was let through
	told  bool          // the store has it that some are wanted or kept
}

// newLease returns what a gate with these limits needs, or nil.
func (e *Engine) newLease(f *function, p *part, partition string, l *limit.Policy) *lease {
	if !l.Leased && !l.Slots {
		return nil
	}
	own := &lease{fn: f, part: p, name: fmt.Sprintf("%d:%s%s", len(f.Name), f.Name, partition)}
	if l.Rate > 0 {
		own.every = max(1, time.Duration(math.Ceil(float64(l.Per)/float64(l.Rate))))
	}
	if l.Slots {
		own.most = f.Policy.FleetConcurrency
	}
	return own
}

// sharing is what a fleet has to do with leases.
type sharing struct {
	poke chan struct{}
	busy sync.Mutex      // while the store is asked
	in   map[*lease]bool // that are in use; under the engine's lock
}

// want says that a lease has not let an attempt through. The engine's lock is held.
func (f *fleet) want(l *lease, now time.Time) {
	if f == nil || l == nil {
		return
	}
	if !f.sharing.in[l] {
		f.sharing.in[l] = true
	} else if now.Before(l.next) {
		return // it is asked for by then
	}
	f.pokeShare()
}

func (f *fleet) pokeShare() {
	select {
	case f.sharing.poke <- struct{}{}:
	default:
	}
}

// released asks anew when slots are free that others want. The engine's lock is held.
func (f *fleet) released(l *lease, before int) {
	if l == nil {
		return
	}
	if slots, _ := l.gate.Slots(); slots < before {
		l.next = time.Time{}
		f.pokeShare()
	}
}

func (f *fleet) share() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-f.e.stop:
			return
		case <-f.sharing.poke:
		case <-timer.C:
		}
		wait := time.Hour
		if next := f.shareOnce(); !next.IsZero() {
			wait = max(time.Until(next), time.Millisecond)
		}
		timer.Reset(wait)
	}
}

// shareOnce asks the store for what there is need of, and returns when to do so again; zero for when
// there is need.
func (f *fleet) shareOnce() time.Time {
	next, err := f.lend()
	f.failed("parts of limits could not be got", err)
	return next
}

func (f *fleet) lend() (time.Time, error) {
	f.sharing.busy.Lock()
	defer f.sharing.busy.Unlock()
	e := f.e
	e.mu.Lock()
	now, generation := time.Now(), e.generation
	var asked []*lease
	var asks []store.Ask
	for l := range f.sharing.in {
		if now.Before(l.next) {
			continue
		}
		if ask, need := l.ask(now, e.running); need {
			asked, asks = append(asked, l), append(asks, ask)
		} else {
			delete(f.sharing.in, l)
		}
	}
	e.mu.Unlock()
	var grants []store.Grant
	var err error
	if len(asks) > 0 {
		grants, err = f.store.Share(f.ctx, asks)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	got := time.Now()
	if err != nil || generation != e.generation {
		for _, l := range asked {
			l.told = true // for all that is known: what it has given up is to be given up again
		}
		return got.Add(time.Second), err
	}
	for i, l := range asked {
		l.next = got.Add(shareEvery)
		if g := grants[i]; l.take(g, got) {
			l.next = got.Add(min(max(g.Wait, askEvery), shareEvery))
			if l.most == 0 {
				l.next = got.Add(max(g.Wait, askEvery))
			}
		}
		if l.part != nil {
			l.part.again()
			l.fn.offer(l.part)
		}
		e.pump(l.fn)
	}
	var next time.Time
	for l := range f.sharing.in {
		if next.IsZero() || l.next.Before(next) {
			next = l.next
		}
	}
	return next, nil
}

// ask returns what the store is to be asked for now; false if there is need of nothing, now and for a
// while, and the store has it so. Slots that are not needed are given up with it. The engine's lock
// is held.
func (l *lease) ask(now time.Time, running bool) (store.Ask, bool) {
	a := store.Ask{Name: l.name}
	fresh, all := l.fn.queue.fresh.n, l.fn.queue.len()
	if l.part != nil {
		fresh, all = l.part.waiting.fresh.n, l.part.waiting.len()
		if l.part.stuck {
			fresh, all = fresh+1, all+1
		}
	}
	if !running {
		fresh, all = 0, 0
	}
	need := false
	if l.every > 0 {
		a.Every = l.every
		if l.gate.Thirsty(now) && fresh > 0 {
			a.Tokens = int(min(int64(fresh), int64(store.Horizon/l.every)+1))
			need = true
		}
	}
	if l.most > 0 {
		slots, active := l.gate.Slots()
		a.Most, a.Keep, a.Want = l.most, max(slots, active), min(active+all, l.most)
		if now.Sub(l.used) < keepFor && running {
			a.Want = max(a.Want, slots)
		} else {
			a.Keep = max(active, min(slots, a.Want))
			l.gate.SetSlots(a.Keep, a.Keep)
		}
		need = need || a.Want > 0 || slots > 0 || l.told
		l.told = a.Want > 0 || a.Keep > 0
	}
	return a, need
}

// take takes in what was given. It returns whether that has to do with a rate. The engine's lock is
// held.
func (l *lease) take(g store.Grant, now time.Time) bool {
	if l.most > 0 {
		l.gate.SetSlots(g.Slots, g.Target)
	}
	if l.every > 0 {
		l.gate.AddTokens(now.Add(g.First), l.every, g.Tokens)
	}
	return l.every > 0
}

// forgetLeases drops what a fenced incarnation had. The engine's lock is held.
func (f *fleet) forgetLeases() {
	for l := range f.sharing.in {
		l.gate.SetSlots(0, 0)
		l.next = time.Time{}
	}
	f.pokeShare()
}
