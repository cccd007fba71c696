package engine

import "sync"

// Attempts run on goroutines that are used again: the stack of a new one would have to grow anew
// each time. None of them waits for the store: what has come of a run is given to the writer, and when it is durable
// that is one more task for whichever worker is free. So as many are enough as run functions, few stacks are deep for the
// collector to look at, and what is to be done is done by who runs already. Who has just dealt with what makes an attempt possible
// makes that attempt itself.

const (
	// maxSpare is how many workers wait for tasks at the most.
	maxSpare = 256
	// maxKept is for how many tasks there is memory when there is none.
	maxKept = 4096
)

// task is something for a worker to do.
type task struct {
	call    *call  // an attempt at it
	written *write // or to go on with what was written
}

// crew are the workers, and what they are to do.
//
// As long as there are tasks, one worker has been woken that has not taken one yet, and who takes one
// wakes the next: so nothing waits for a function to return, and few goroutines are woken if
// functions return at once.
type crew struct {
	e *Engine

	mu     sync.Mutex
	tasks  []task
	taken  int // of tasks
	spare  []*worker
	woken  bool // a worker is, that has not taken a task yet
	closed bool // those that have nothing to do end
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
	e.crew.add(task{call: c})
}

// add adds tasks.
func (k *crew) add(tasks ...task) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.taken > len(k.tasks)/2 {
		n := copy(k.tasks, k.tasks[k.taken:])
		clear(k.tasks[n:])
		k.tasks, k.taken = k.tasks[:n], 0
	}
	k.tasks = append(k.tasks, tasks...)
	k.rouse()
}

// rouse wakes a worker if there are tasks and none is awake yet for them. The lock is held.
func (k *crew) rouse() {
	if k.woken || k.taken == len(k.tasks) {
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

// take returns the next task, or false if there is no need of another worker. roused is whether the worker was woken for a
// task.
func (k *crew) take(w *worker, roused bool) (task, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		if roused {
			k.woken = false
		}
		if k.taken < len(k.tasks) {
			break
		}
		if k.closed || len(k.spare) == maxSpare {
			return task{}, false
		}
		k.spare = append(k.spare, w)
		k.mu.Unlock()
		_, roused = <-w.wake
		k.mu.Lock()
	}
	t := k.tasks[k.taken]
	k.tasks[k.taken] = task{}
	if k.taken++; k.taken == len(k.tasks) {
		if k.taken = 0; cap(k.tasks) > maxKept {
			k.tasks = nil
		} else {
			k.tasks = k.tasks[:0]
		}
	}
	k.rouse()
	return t, true
}

// work does tasks until there is no need for another worker.
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
		t, ok := k.take(w, roused)
		roused = false
		switch {
		case !ok:
			return
		case t.call != nil:
			w.next = t.call
		default:
			t.written.then.written(w, t.written.group.err)
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
