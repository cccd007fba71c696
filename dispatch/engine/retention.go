package engine

import (
	"container/heap"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// Retention is a rule for how long calls stay that are done. It is for calls from outside by the
// statuses with which they ended; what they have called goes when they are gone. A lap of a call that was handed
// over counts as one that has ended well: what it has called goes when it is older than Age itself, or more than
// Count laps were made since.
type Retention struct {
	Statuses []store.Status // none for all of which no rule before this one is
	Age      time.Duration  // since the end; 0 for any
	Count    int            // how many of them stay, those that were made last; 0 for any number
}

const (
	sweepPage  = 200         // calls that are looked at, and removed, at a time
	sweepShare = 4           // for so many times as long as a page takes nothing is done
	sweepMost  = time.Hour   // between two sweeps
	sweepLeast = time.Minute // likewise
)

// sweeper removes calls that are done by rules, in the background: it goes through the calls in
// the order in which they were made, page by page, and what it removes shares commits with
// what else is going on. A call is removed only when the one that it was made for is done, or gone, or was handed
// over: until then that one may ask for its result.
type sweeper struct {
	e     *Engine
	rules []Retention
	// first is, of each rule with a Count, which of those that stay was made first, by the pass before. It is not how many
	// are to go: the processes of a fleet do not know of each other, and would remove as many each.
	first []made
	ended chan struct{}
}

func newSweeper(e *Engine, rules []Retention) *sweeper {
	return &sweeper{e: e, rules: rules, first: make([]made, len(rules)), ended: make(chan struct{})}
}

func (e *Engine) sweep() {
	if len(e.cfg.Retention) == 0 {
		return
	}
	e.sweeper = newSweeper(e, e.cfg.Retention)
	go e.sweeper.loop()
}

// close waits for the end of a sweep. The engine's stop has to be closed before.
func (s *sweeper) close() {
	if s != nil {
		<-s.ended
	}
}

func (s *sweeper) loop() {
	defer close(s.ended)
	every := sweepMost
	for _, r := range s.rules {
		if r.Age > 0 {
			every = min(every, max(r.Age/10, sweepLeast))
		}
		if r.Count > 0 {
			every = min(every, 10*sweepLeast)
		}
	}
	// The processes of a fleet do not all begin at once.
	for wait := time.Duration(rand.Int64N(int64(sweepLeast))); s.e.sleep(wait); wait = every {
		clear(s.first)
		for again := true; again; {
			var err error
			if again, err = s.pass(s.e.clock.now()); err != nil && !errors.Is(err, ErrClosed) {
				s.e.log.Error("calls that are done could not be removed", "err", err, "retry", every)
			}
		}
	}
}

// made is when a call was made: in a fleet, in which processes have ids in reserve, by the one clock of the store;
// otherwise as its id says, whatever the clock did.
type made struct{ at, id int64 }

func (s *sweeper) made(f *store.Finished) made {
	m := made{id: f.ID}
	if s.e.fleet != nil {
		m.at = f.Created.UnixMicro()
	}
	return m
}

func (m made) before(other made) bool { return m.at < other.at || m.at == other.at && m.id < other.id }

// newest are the calls that were made last: so many, or none if that is 0. The first of them is the root of a heap.
type newest struct {
	most   int
	calls  []made
	passed bool // there were more
}

func (n *newest) Len() int           { return len(n.calls) }
func (n *newest) Less(i, j int) bool { return n.calls[i].before(n.calls[j]) }
func (n *newest) Swap(i, j int)      { n.calls[i], n.calls[j] = n.calls[j], n.calls[i] }
func (n *newest) Push(x any)         { n.calls = append(n.calls, x.(made)) }
func (n *newest) Pop() any           { panic("none is taken out") }

func (n *newest) add(m made) {
	switch {
	case n.most == 0:
	case len(n.calls) < n.most:
		heap.Push(n, m)
	default:
		if n.passed = true; n.calls[0].before(m) {
			n.calls[0] = m
			heap.Fix(n, 0)
		}
	}
}

// pass goes through the calls once. It returns whether there are too many of some that will go
// if it is done again.
func (s *sweeper) pass(now time.Time) (again bool, err error) {
	last := make([]newest, len(s.rules))
	for i, r := range s.rules {
		last[i].most = r.Count
	}
	removed := 0
	defer func() {
		if removed > 0 {
			s.e.log.Info("calls that are done were removed", "calls", removed)
		}
	}()
	for after := int64(0); ; {
		begun := time.Now()
		page, err := s.e.store.Finished(context.Background(), after, sweepPage)
		if err != nil {
			return false, err
		}
		var gone []int64
		roots := make(map[int64]bool) // that go with this page
		young := len(page) > 0
		for _, f := range page {
			after = f.ID
			young = young && s.young(now, f.Created)
			switch {
			case f.ID == f.Root:
				if !s.expired(now, f, last) {
					continue
				}
				roots[f.ID] = true
			case f.Laps > 0:
				if !s.passed(now, f) {
					continue
				}
			case !f.Ended.IsZero() && !roots[f.Root]:
				continue
			}
			gone = append(gone, f.ID)
		}
		if len(gone) > 0 {
			if err := s.e.writer.commit(store.Step{Delete: gone}); err != nil {
				return false, err
			}
			removed += len(gone)
		}
		if len(page) == 0 || young {
			break
		}
		if !s.e.sleep(sweepShare * time.Since(begun)) {
			return false, ErrClosed
		}
	}
	for i := range last {
		if last[i].passed {
			s.first[i], again = last[i].calls[0], true
		}
	}
	return again, nil
}

// young says whether no rule can concern a call that was made then, nor one that was made later.
// Clocks of processes may differ a little.
func (s *sweeper) young(now, created time.Time) bool {
	for _, r := range s.rules {
		if r.Count > 0 || r.Age > 0 && now.Sub(created) > r.Age-time.Minute {
			return false
		}
	}
	return true
}

// expired says whether a call from outside is to be removed, and is in line with those of its rule if it is not.
func (s *sweeper) expired(now time.Time, f store.Finished, last []newest) bool {
	if strings.HasPrefix(f.Function, "dispatch.") {
		return false // a note of this module, which others look for
	}
	for i, r := range s.rules {
		if len(r.Statuses) > 0 && !slices.Contains(r.Statuses, f.Status) {
			continue
		}
		if r.Age > 0 && now.Sub(f.Ended) >= r.Age {
			return true
		}
		m := s.made(&f)
		if m.before(s.first[i]) {
			return true
		}
		last[i].add(m)
		return false
	}
	return false
}

// passed says whether what a call has made in an earlier lap is to be removed.
func (s *sweeper) passed(now time.Time, f store.Finished) bool {
	for _, r := range s.rules {
		if len(r.Statuses) == 0 || slices.Contains(r.Statuses, store.OK) {
			return r.Age > 0 && now.Sub(f.Ended) >= r.Age || r.Count > 0 && f.Laps > r.Count
		}
	}
	return false
}
