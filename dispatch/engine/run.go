package engine

import (
	"context"
	"errors"
	"time"
)

// commitGrace is how long Run waits at its end for the store to take what is to be stored.
const commitGrace = 5 * time.Second

// errStuck is the error of Run if the store did not take what there was.
var errStuck = errors.New("stopped while the store was not available; what was not stored is done again")

// Run runs calls until ctx is done or the engine is closed.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	switch {
	case e.closed:
		e.mu.Unlock()
		return ErrClosed
	case e.cfg.Control:
		e.mu.Unlock()
		return ErrControl
	case e.stopped != nil:
		e.mu.Unlock()
		return ErrRunning
	}
	stopped := make(chan struct{})
	e.stopped = stopped
	e.running, e.cutting = true, false
	base := context.WithoutCancel(ctx)
	e.base.Store(&base)
	e.try()
	e.mu.Unlock()
	if e.fleet != nil {
		e.fleet.wake()
	}

	var failure error
	select {
	case <-ctx.Done():
	case <-e.stop:
	case failure = <-e.failed:
	}
	err := errors.Join(failure, e.halt())
	e.mu.Lock()
	defer e.mu.Unlock()
	e.stopped = nil
	close(stopped)
	return err
}

// Fail makes Run stop, now or when it is called next, and return err.
func (e *Engine) Fail(err error) {
	select {
	case e.failed <- err:
	default: // it is about to stop for another error
	}
}

// halt lets running attempts end, by and by with more force.
func (e *Engine) halt() error {
	e.mu.Lock()
	e.running = false
	killed := e.killed.Load()
	e.mu.Unlock()
	if killed || e.quiet(e.cfg.Grace) {
		return nil
	}
	e.mu.Lock()
	e.cutting = true
	for r := e.runs; r != nil; r = r.later {
		r.cut()
	}
	e.mu.Unlock()
	if e.quiet(leeway) {
		return nil
	}
	e.mu.Lock()
	var left []*run
	for r := e.runs; r != nil; r = r.later {
		left = append(left, r)
	}
	e.mu.Unlock()
	for _, r := range left {
		go e.abandon(r)
	}
	if !e.quiet(commitGrace) {
		return errStuck
	}
	return nil
}

// quiet waits until the outcomes of all attempts are settled, for d at most.
func (e *Engine) quiet(d time.Duration) bool {
	e.mu.Lock()
	if e.active == 0 {
		e.mu.Unlock()
		return true
	}
	if e.idle == nil {
		e.idle = make(chan struct{})
	}
	idle := e.idle
	e.mu.Unlock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-idle:
		return true
	case <-t.C:
		return false
	}
}

// cut makes the context of a run done, because the engine is told to stop.
func (r *run) cut() {
	r.mu.Lock()
	r.stopped = true
	r.mu.Unlock()
	r.exec.Cancel(context.Canceled)
}

// Close makes Run stop, if it runs, and closes the store.
func (e *Engine) Close() error {
	e.mu.Lock()
	if e.released {
		e.mu.Unlock()
		return nil
	}
	e.released = true
	if !e.closed {
		e.closed = true
		e.crew.dismiss()
		close(e.stop)
	}
	stopped := e.stopped
	e.mu.Unlock()
	if stopped != nil {
		<-stopped
	}
	for n := 0; n < lastLulls && e.lull(); n++ {
	}
	e.writer.close()
	e.fleet.close()
	e.sweeper.close()
	e.background.Wait()
	e.mu.Lock()
	e.arm()
	dropped := e.frozen
	e.frozen = nil
	for _, c := range e.calls {
		if c.timer != nil {
			c.timer.Stop()
		}
		// The execution of a call that is active is dealt with by who runs it.
		if c.exec != nil && c.place != active {
			dropped = append(dropped, c.exec)
			c.exec = nil
		}
	}
	if e.killed.Load() {
		for r := e.runs; r != nil; r = r.later {
			r.cut()
		}
	}
	e.mu.Unlock()
	for _, x := range dropped {
		x.Discard(false)
	}
	return e.store.Close()
}

// unwound says whether Close unwinds what waits in memory, or has done so: what comes to wait does not stay there. The engine's
// lock is held.
func (e *Engine) unwound() bool { return e.released && e.stopped == nil }
