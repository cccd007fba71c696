package engine

// Attempts run on goroutines that are used again: the stack of a new one would have to grow anew
// each time. And who has just stored what makes an attempt possible makes that attempt itself, so that
// the steps of a workflow follow each other without a change of goroutines.

// maxSpare is how many workers wait for attempts at the most.
const maxSpare = 256

// worker is a goroutine that makes attempts.
type worker struct {
	next *call      // set by the worker itself only
	wake chan *call // for one that is spare; closed if it is to end
}

// start makes an attempt run. The engine's lock is held.
func (e *Engine) start(c *call) {
	if w := e.hand; w != nil && w.next == nil {
		w.next = c
		return
	}
	if n := len(e.spare); n > 0 {
		w := e.spare[n-1]
		e.spare[n-1] = nil
		e.spare = e.spare[:n-1]
		w.wake <- c
		return
	}
	go e.work(c)
}

// work makes attempts until there is no need for another worker.
func (e *Engine) work(c *call) {
	w := &worker{wake: make(chan *call, 1)}
	defer func() {
		if w.next != nil { // a function has ended the goroutine
			go e.work(w.next)
		}
	}()
	for c != nil {
		e.attempt(c, w)
		if c, w.next = w.next, nil; c == nil && e.spares(w) {
			c = <-w.wake
		}
	}
}

// spares makes a worker one that is spare, if there is need of it.
func (e *Engine) spares(w *worker) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || len(e.spare) == maxSpare {
		return false
	}
	e.spare = append(e.spare, w)
	return true
}

// dismiss ends the workers that are spare. The engine's lock is held, and the engine is closed.
func (e *Engine) dismiss() {
	for _, w := range e.spare {
		close(w.wake)
	}
	e.spare = nil
}
