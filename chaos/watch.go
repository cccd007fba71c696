package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/dispatch"
)

// watch reads the store again and again while the workers run.
type watch struct {
	place   *place
	ledger  *ledger.Ledger
	done    atomic.Int64 // workflows that are
	gone    atomic.Int64 // calls that went, of a store that forgets
	left    atomic.Int64 // calls that are not done, or are to go, of such a store
	keeping *keeping     // nil if the store forgets nothing
	looks   int
	missed  int // looks that failed, because the server was down
	seen    map[dispatch.ID]sight
	changed []string
	cancel  context.CancelFunc
	ended   sync.WaitGroup
}

func startWatch(ctx context.Context, p *place, l *ledger.Ledger, forgets bool) *watch {
	w := &watch{place: p, ledger: l, seen: make(map[dispatch.ID]sight)}
	if forgets {
		w.keeping = &keeping{calls: make(map[dispatch.ID]*kept)}
	}
	ctx, w.cancel = context.WithCancel(ctx)
	w.ended.Go(func() {
		for ctx.Err() == nil {
			began := time.Now()
			if err := w.look(ctx); err != nil {
				w.missed++
			} else {
				w.looks++
			}
			select {
			case <-ctx.Done():
			case <-time.After(w.pause(time.Since(began))):
			}
		}
	})
	return w
}

// pause returns for how long it does nothing after a look that took a time: the workers are to be busy with something
// else, but are not to forget what was not seen.
func (w *watch) pause(took time.Duration) time.Duration {
	d := max(4*took, 200*time.Millisecond)
	if w.keeping != nil {
		d = min(d, keep/10)
	}
	return d
}

// look takes note of what is done, and of what was done and is not as it was.
func (w *watch) look(ctx context.Context) error {
	began := time.Now()
	var fresh []dispatch.CallInfo
	now := make(map[dispatch.ID]dispatch.CallInfo)
	count := 0
	done := int64(0)
	err := w.place.calls(ctx, func(c dispatch.CallInfo) {
		s, was := w.seen[c.ID]
		switch {
		case c.Phase == dispatch.PhaseDone && !was:
			fresh = append(fresh, c)
		case was && (c.Phase != dispatch.PhaseDone || outcome(c) != s.Outcome):
			w.changed = append(w.changed, fmt.Sprintf("store: call %s of %s was done with %s, and then %v with %s", c.ID, c.Function, s.Outcome, c.Phase, outcome(c)))
		}
		if w.keeping != nil {
			now[c.ID] = c
		}
		if was {
			count++
		}
		if c.Phase == dispatch.PhaseDone && c.Parent == "" {
			done++
		}
	})
	if err != nil {
		return err
	}
	if w.keeping != nil {
		n, gone, left := w.keeping.look(now, began, time.Now())
		done = int64(n)
		w.gone.Store(int64(gone))
		w.left.Store(int64(left))
	} else if count < len(w.seen) {
		w.changed = append(w.changed, fmt.Sprintf("store: of %d calls that were done, %d were not there", len(w.seen), len(w.seen)-count))
	}
	size, err := w.ledger.Size()
	if err != nil {
		return err
	}
	for _, c := range fresh {
		w.seen[c.ID] = sight{outcome(c), size}
	}
	w.done.Store(done)
	return nil
}

// stop ends it.
func (w *watch) stop() {
	w.cancel()
	w.ended.Wait()
}
