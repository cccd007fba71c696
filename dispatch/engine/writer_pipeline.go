package engine

import (
	"context"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// A store that is pipelined makes one commit durable while it is at the next one. The order is that
// of the queue all the same: what is behind a commit that fails does not happen, and both are
// written one after the other.

// minFlight is of how many steps a commit is at least that lets the next one begin. It is handed to another goroutine, and the
// next one is smaller, which takes longer if nobody is waiting.
const minFlight = 8

// flight is a commit that is going on while the next one begins.
type flight struct {
	batch  []*write
	steps  []store.Step
	landed chan error
}

// begin commits a batch beside the loop, if the store can do that: what comes next begins
// meanwhile. It returns false if the batch is still to be written, and nothing is under way.
func (w *writer) begin(batch []*write) bool {
	if w.pipe == nil || w.dead() || w.flight == nil && len(batch) < minFlight {
		w.await()
		return false
	}
	kept := w.dropFailed(w.dropOld(batch))
	steps := w.spare[:0]
	w.spare = nil
	for _, x := range kept {
		steps = append(steps, x.step)
	}
	begun := time.Now()
	b := w.pipe.Begin(context.Background(), steps)
	if w.flight != nil {
		err := <-w.flight.landed
		if b != nil && err != nil {
			_ = b.Wait() // it fails as well
			b = nil
		}
		w.land(err)
	}
	if b == nil {
		w.write(kept)
		return true
	}
	f := &flight{kept, steps, make(chan error, 1)}
	w.flight = f
	go func() {
		err := b.Wait()
		if w.seen != nil {
			now := time.Now()
			w.seen(Commit{Time: now, Elapsed: now.Sub(begun), Steps: len(kept), Err: err})
		}
		if err == nil {
			w.finish(nil, kept...)
		}
		f.landed <- err
	}()
	return true
}

// await waits for the commit that is under way.
func (w *writer) await() {
	if w.flight != nil {
		w.land(<-w.flight.landed)
	}
}

// land deals with the outcome of the commit that was under way.
func (w *writer) land(err error) {
	f := w.flight
	w.flight = nil
	if err != nil {
		w.write(f.batch)
		return
	}
	clear(f.steps)
	w.spare = f.steps
}
