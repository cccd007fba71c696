package engine

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// maxBatch is about how many rows one transaction writes. It bounds how long a step waits
// for the steps of strangers that share its commit.
const maxBatch = 2048

// minBeside is how many steps wait at least if they are committed while those go on whose steps are done: what
// they would do in that time takes about as long as a sync.
const minBeside = 16

// chunk is how many calls one step creates at most.
const chunk = 512

// write is a step on its way to the store.
type write struct {
	step       store.Step
	generation int64
	group      *group
	done       chan error // of the last one of a group only
	then       follower   // in its place, if nobody waits
}

// follower is who goes on when a write is in the store, or is known not to be.
type follower interface {
	// written is called by a worker, w, with what has become of the write.
	written(w *worker, err error)
}

// group are writes that follow from each other: if one fails, those behind it are dropped.
type group struct{ err error }

// writer commits steps. All that wait while a commit is going on share the next one, so
// that there is no delay and yet one sync serves many. Who writes is one goroutine at a time: the
// loop, or one that has seized the writer for a step that is alone.
type writer struct {
	store  store.Store
	log    *slog.Logger
	fenced func(error)  // called if the store belongs to another process
	seen   func(Commit) // called after each commit, if it is not nil
	crew   *crew        // goes on with what nobody waits for

	mu         sync.Mutex
	queue      []*write
	wake       chan struct{}
	closing    bool
	generation int64 // of what is taken
	killed     bool
	busy       bool            // somebody writes: the loop, or who has seized the writer
	own        bool            // it is the loop
	patience   int             // how many steps have to wait for who adds one to let the loop run; 0 for any number
	singles    sync.Pool       // of this writer alone: package synctest lets no channel cross bubbles
	steps      []store.Step    // of the last commit, to be used again by who writes
	pipe       store.Pipelined // the store, if it is one
	spare      []store.Step    // of a flight that has landed, to be used again
	flight     *flight         // the commit that is going on, beside the loop; nil if none
	closed     chan struct{}   // by close, to end the waiting for a store that is not available
	ended      chan struct{}   // by loop
}

func newWriter(s store.Store, log *slog.Logger, fenced func(error), seen func(Commit)) *writer {
	w := &writer{
		store: s, log: log, fenced: fenced, seen: seen,
		wake:   make(chan struct{}, 1),
		closed: make(chan struct{}),
		ended:  make(chan struct{}),
	}
	w.pipe, _ = s.(store.Pipelined)
	go w.loop()
	return w
}

// commit writes the steps in their order, not necessarily in one transaction, and returns
// when the last one is durable. If one fails, those behind it are not written.
func (w *writer) commit(steps ...store.Step) error {
	w.mu.Lock()
	generation := w.generation
	w.mu.Unlock()
	return w.commitAs(generation, steps...)
}

// commitAs does what commit does for calls of a generation. If there has been another one
// since, the error is ErrFenced.
func (w *writer) commitAs(generation int64, steps ...store.Step) error {
	if len(steps) > 1 {
		return <-w.submit(generation, steps...)
	}
	x, _ := w.singles.Get().(*single)
	if x == nil {
		x = new(single)
		x.write.group, x.done = &x.group, make(chan error, 1)
	}
	x.step, x.generation = steps[0], generation
	if w.seize() {
		x.batch[0] = &x.write
		w.write(x.batch[:])
		w.yield()
	} else {
		w.enqueue(&x.write)
	}
	err := <-x.done
	x.step, x.err = store.Step{}, nil
	w.singles.Put(x)
	return err
}

// post writes a step and does not wait for it. It returns true if it was written at once, or will not be: then err is what has become
// of it, and the follower is not called.
func (w *writer) post(x *write) (at bool, err error) {
	w.mu.Lock()
	switch {
	case w.closing:
		w.mu.Unlock()
		return true, ErrClosed
	case w.free():
		w.busy = true
		w.mu.Unlock()
		x.then = nil
		w.write([]*write{x})
		w.yield()
		return true, x.group.err
	}
	w.queue = append(w.queue, x)
	enough := w.patience > 0 && len(w.queue) > w.patience
	if enough {
		w.patience = 0
	}
	w.mu.Unlock()
	w.rouse()
	if enough {
		runtime.Gosched()
	}
	return false, nil
}

// single is a group of one write. It is used again: the loop does not look at a write that it has
// finished.
type single struct {
	write
	group
	batch [1]*write
}

// seize makes the caller the one who writes, if nothing is being written and nothing waits for it: a step
// that is alone is not handed to another goroutine and back.
func (w *writer) seize() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.free() {
		return false
	}
	w.busy = true
	return true
}

// free says whether the writer can be seized. The lock is held.
func (w *writer) free() bool { return !w.busy && !w.closing && len(w.queue) == 0 }

// seized says whether somebody else than the loop writes.
func (w *writer) seized() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.busy && !w.own
}

// yield ends that.
func (w *writer) yield() {
	w.mu.Lock()
	w.busy = false
	more := len(w.queue) > 0 || w.closing
	w.mu.Unlock()
	if more {
		w.rouse()
	}
}

// submit does what commitAs does, but does not wait: what is submitted later is written later.
func (w *writer) submit(generation int64, steps ...store.Step) <-chan error {
	g := new(group)
	writes := make([]*write, len(steps))
	for i, step := range steps {
		writes[i] = &write{step: step, generation: generation, group: g}
	}
	done := make(chan error, 1)
	writes[len(writes)-1].done = done

	w.enqueue(writes...)
	return done
}

// enqueue queues the writes of a group.
func (w *writer) enqueue(writes ...*write) {
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		writes[len(writes)-1].done <- ErrClosed
		return
	}
	w.queue = append(w.queue, writes...)
	w.mu.Unlock()
	w.rouse()
}

// rouse makes the loop look again what there is to do.
func (w *writer) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// advance begins a new generation, and returns it. Only the goroutine that writes calls it.
func (w *writer) advance() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generation++
	return w.generation
}

// dropOld drops what is of an earlier generation.
func (w *writer) dropOld(batch []*write) []*write {
	w.mu.Lock()
	generation := w.generation
	w.mu.Unlock()
	if !slices.ContainsFunc(batch, func(x *write) bool { return x.generation != generation }) {
		return batch
	}
	kept := batch[:0:0]
	for _, x := range batch {
		if x.generation != generation {
			w.finish(store.ErrFenced, x)
			continue
		}
		kept = append(kept, x)
	}
	return kept
}

// close commits what is queued and ends the writer.
func (w *writer) close() {
	w.mu.Lock()
	if !w.closing {
		w.closing = true
		close(w.closed)
	}
	w.mu.Unlock()
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		batch := w.take()
		if len(batch) > 0 {
			if w.begin(batch) {
				continue
			}
			w.write(batch)
			// Those whose steps are done run first, so that what they do next shares a
			// commit in place of being scattered over several. If there are enough others for a
			// commit, that goes on beside them.
			if w.waits(max(len(batch)/4, minBeside)) {
				continue
			}
			runtime.Gosched()
			continue
		}
		var landed chan error
		if w.flight != nil {
			landed = w.flight.landed
		}
		select {
		case <-w.wake:
		case err := <-landed:
			w.land(err)
		case <-w.closed:
			w.await()
			if batch := w.take(); len(batch) > 0 {
				w.write(batch)
				continue
			}
			if w.seized() {
				<-w.wake
				continue
			}
			return
		}
	}
}

// waits says whether more than so many steps wait. If not, who makes it so many lets the loop run.
func (w *writer) waits(n int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > n {
		return true
	}
	w.patience = n
	return false
}

func (w *writer) take() []*write {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy && !w.own {
		return nil // who has seized the writer wakes the loop
	}
	w.patience = 0
	w.own = len(w.queue) > 0 || w.flight != nil
	w.busy = w.own
	n, weight := 0, 0
	for n < len(w.queue) && (n == 0 || weight+w.queue[n].step.Weight() <= maxBatch) {
		weight += w.queue[n].step.Weight()
		n++
	}
	batch := w.queue[:n:n]
	if w.queue = w.queue[n:]; len(w.queue) == 0 {
		w.queue = nil
	}
	return batch
}

// write commits a batch. If it fails because of one step, the others are committed without
// it; if it is not known which, the batch is halved until it is.
func (w *writer) write(batch []*write) {
	for delay := 10 * time.Millisecond; len(batch) > 0; {
		batch = w.dropFailed(w.dropOld(batch))
		if len(batch) == 0 {
			return
		}
		if w.dead() {
			w.finish(ErrClosed, batch...)
			return
		}
		steps := w.steps[:0]
		for _, x := range batch {
			steps = append(steps, x.step)
		}
		begun := time.Now()
		err := w.store.Commit(context.Background(), steps)
		if w.seen != nil {
			now := time.Now()
			w.seen(Commit{Time: now, Elapsed: now.Sub(begun), Steps: len(steps), Err: err})
		}
		w.steps = nil // a store may have to know them to find out what has become of them
		if err == nil {
			clear(steps)
			w.steps = steps
		}
		var bad *store.StepError
		switch {
		case err == nil:
			w.finish(nil, batch...)
			return
		case errors.Is(err, store.ErrUnavailable):
			if !w.pause(err, delay) {
				w.finish(err, batch...)
				return
			}
			delay = min(2*delay, time.Second)
		case errors.Is(err, store.ErrFenced):
			if !w.dead() {
				w.fenced(err)
			}
			w.finish(err, batch...)
			return
		case len(batch) == 1:
			w.finish(err, batch[0])
			return
		case errors.As(err, &bad) && bad.Index >= 0 && bad.Index < len(batch):
			w.finish(bad.Err, batch[bad.Index])
			batch = append(batch[:bad.Index:bad.Index], batch[bad.Index+1:]...)
		default:
			w.write(batch[:len(batch)/2])
			batch = batch[len(batch)/2:]
		}
	}
}

// pause waits before a store that is not available is asked again. It returns false if
// the writer is to end instead.
func (w *writer) pause(err error, delay time.Duration) bool {
	w.log.Error("the store does not take commits", "err", err, "retry", delay)
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-w.closed:
		return false
	}
}

// finish notes the outcome of writes. Only the goroutine that writes looks at a group's error, until
// it has told it.
func (w *writer) finish(err error, writes ...*write) {
	var ready []*write
	for _, x := range writes {
		if err != nil && x.group.err == nil {
			x.group.err = err
		}
		switch {
		case x.then != nil:
			if ready == nil {
				ready = make([]*write, 0, len(writes))
			}
			ready = append(ready, x)
		case x.done != nil:
			x.done <- x.group.err
		}
	}
	if ready != nil {
		w.crew.goOn(ready)
	}
}

func (w *writer) dropFailed(batch []*write) []*write {
	if !slices.ContainsFunc(batch, func(x *write) bool { return x.group.err != nil }) {
		return batch
	}
	kept := batch[:0:0]
	for _, x := range batch {
		if x.group.err != nil {
			w.finish(nil, x)
			continue
		}
		kept = append(kept, x)
	}
	return kept
}
