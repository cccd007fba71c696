package engine

import "time"

// Kill ends the engine as the death of its process would: what is not committed is lost, no
// attempt starts, and no function goes on behind an await. Run and Wait return. Code of
// functions that is running cannot be stopped; what comes of it is dropped. Close is still
// to be called, and only then are the functions unwound that wait in memory.
//
// The store is not touched. A commit that is under way may succeed.
func (e *Engine) Kill() {
	e.writer.kill()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	e.closed, e.running = true, false
	e.killed.Store(true)
	e.crew.dismiss()
	close(e.stop)
}

// sleep returns after d, or with false when the engine is closed.
func (e *Engine) sleep(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-e.stop:
		return false
	}
}

// drop discards an execution that has come to its end, or is not to go on.
func (e *Engine) drop(x Execution) {
	if !e.killed.Load() {
		x.Discard(true)
		return
	}
	e.mu.Lock()
	if !e.released {
		e.frozen = append(e.frozen, x)
		e.mu.Unlock()
		return
	}
	e.mu.Unlock()
	x.Discard(false)
}

// kill drops what is queued, and what is yet to come. It waits for nothing.
func (w *writer) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.killed = true
	if !w.closing {
		w.closing = true
		close(w.closed)
	}
}

func (w *writer) dead() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.killed
}
