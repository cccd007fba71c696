package engine

import "sync"

// Attempts run on goroutines that are used again: the stack of a new one would have to grow anew
// each time. None of them waits for the store: what has come of a run is given to the writer, and when it is durable
// that is one more task for whichever worker is free. So as many are enough as run functions, few stacks are deep for the
// collector to look at, and what is to be done is done by who runs already. Who has just dealt with what makes an attempt possible
// makes that attempt itself.

const (
	// maxSpare is how many workers wait for something to do at the most.
	maxSpare = 256
	// maxKept is for how many attempts, or writes, there is memory when there are none.
	maxKept = 4096
)

// crew are the workers, and what they are to do: attempts, and to go on with what was written. These two take turns, so that neither
// waits behind very many of the other.
//
// As long as there is something to do, one worker has been woken that has not taken anything yet, and who takes something
// wakes the next: so nothing waits for a function to return, and few goroutines are woken if
// functions return at once.
type crew struct {
	e *Engine

	mu       sync.Mutex
	attempts fifo[*call]
	writes   fifo[*write]
	attempt  bool // it is the turn of an attempt
	spare    []*worker
	woken    bool // a worker is, that has not taken anything yet
	closed   bool // those that have nothing to do end
}

// fifo are things to be taken in the order in which they were added.
type fifo[T any] struct {
	items []T
	taken int
}

func (f *fifo[T]) len() int { return len(f.items) - f.taken }

func (f *fifo[T]) add(items ...T) {
	if f.taken > len(f.items)/2 {
		n := copy(f.items, f.items[f.taken:])
		clear(f.items[n:])
		f.items, f.taken = f.items[:n], 0
	}
	f.items = append(f.items, items...)
}

// take takes an item. There has to be one.
func (f *fifo[T]) take() T {
	var none T
	x := f.items[f.taken]
	f.items[f.taken] = none
	if f.taken++; f.taken == len(f.items) {
		if f.taken = 0; cap(f.items) > maxKept {
			f.items = nil
		} else {
			f.items = f.items[:0]
		}
	}
	return x
}

// worker is a goroutine of the crew.
type worker struct {
	next *call         // set by the worker itself only
	wake chan struct{} // for one that is spare; closed if it is to end
}

// start makes an attempt run. The engine's lock is held.
func (e *Engine) start(c *call) {
	e.leave(c)
	c.noting = e.watching && c.watch.first
	if w := e.hand; w != nil && w.next == nil {
		w.next = c
		return
	}
	k := &e.crew
	k.mu.Lock()
	defer k.mu.Unlock()
	k.attempts.add(c)
	k.rouse()
}

// goOn makes the followers of writes go on.
func (k *crew) goOn(writes []*write) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.writes.add(writes...)
	k.rouse()
}

// idle says whether there is nothing to do. The lock is held.
func (k *crew) idle() bool { return k.attempts.len()+k.writes.len() == 0 }

// rouse wakes a worker if there is something to do and none is awake yet for that. The lock is held.
func (k *crew) rouse() {
	if k.woken || k.idle() {
		return
	}
	k.woken = true
	if n := len(k.spare); n > 0 {
		w := k.spare[n-1]
		k.spare[n-1] = nil
		k.spare = k.spare[:n-1]
		w.wake <- struct{}{}
		return
	}
	go k.work(&worker{wake: make(chan struct{}, 1)}, true)
}

// take returns a call to attempt, or what was written; neither if there is no need of another worker. roused is whether the worker
// was woken to take something.
func (k *crew) take(w *worker, roused bool) (c *call, x *write) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if roused {
			k.woken = false
		}
		if !k.idle() {
			break
		}
		if k.closed || len(k.spare) == maxSpare {
			return nil, nil
		}
		k.spare = append(k.spare, w)
		k.mu.Unlock()
		_, roused = <-w.wake
		k.mu.Lock()
	}
	if k.writes.len() == 0 || k.attempt && k.attempts.len() > 0 {
		c = k.attempts.take()
	} else {
		x = k.writes.take()
	}
	k.attempt = x != nil
	k.rouse()
	return c, x
}

// work does what there is to do until there is no need for another worker.
func (k *crew) work(w *worker, roused bool) {
	defer func() {
		if w.next != nil { // a function has ended the goroutine
			go k.work(&worker{next: w.next, wake: make(chan struct{}, 1)}, false)
		}
	}()
	for {
		for w.next != nil {
			c := w.next
			w.next = nil
			k.e.attempt(c, w)
		}
		c, x := k.take(w, roused)
		roused = false
		switch {
		case c != nil:
			w.next = c
		case x != nil:
			x.then.written(w, x.group.err)
		default:
			return
		}
	}
}

// dismiss ends the workers that are spare, and the others when they have nothing to do.
func (k *crew) dismiss() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	for _, w := range k.spare {
		close(w.wake)
	}
	k.spare = nil
}
