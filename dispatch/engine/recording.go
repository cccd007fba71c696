package engine

import (
	"sync"

	"github.com/coroc-dev/coroc/dispatch/store"
)

// recording is what has come of a run, on its way to the store, and what is needed to go on when it is there. The goroutine of
// the run does not wait for that.
type recording struct {
	e *Engine
	r *run
	write
	group
	stepMemory
	ev *Event

	// of a call that has ended
	ended *outcome // nil if it awaits

	// of one that awaits
	progress
	awaiting
	before   []int64
	children []call
	results  []Result
	free     bool
	placing  int64
}

var recordings = sync.Pool{New: func() any { return new(recording) }}

func newRecording(e *Engine, r *run) *recording {
	x := recordings.Get().(*recording)
	x.e, x.r, x.write.group, x.write.then = e, r, &x.group, x
	return x
}

// record commits what has come of a run, with the outcomes that it followed from, and goes on when that is done. Who records has
// nothing more to do with the run.
func (e *Engine) record(x *recording, steps []store.Step) {
	r := x.r
	r.handed = true
	e.bind(r, steps)
	if len(steps) > 1 {
		x.written(r.worker, e.writer.commitAs(r.c.generation, steps...))
		return
	}
	x.step, x.generation = steps[0], r.c.generation
	if at, err := e.writer.post(&x.write); at {
		x.written(r.worker, err)
	}
}

// recordNow does what record does, and waits for it.
func (e *Engine) recordNow(r *run, step store.Step) error {
	steps := []store.Step{step}
	e.bind(r, steps)
	if err := e.writer.commitAs(r.c.generation, steps...); err != nil {
		return err
	}
	e.told(r)
	e.mu.Lock()
	e.handOn(r)
	e.mu.Unlock()
	return nil
}

// bind adds to steps what else belongs to the end of a run.
func (e *Engine) bind(r *run, steps []store.Step) {
	last := &steps[len(steps)-1]
	for _, o := range r.behind {
		last.Change = append(last.Change, o.change())
	}
	if n := r.c.unwatch(); n != nil {
		last.Watch = n
	}
}

// written implements [follower].
func (x *recording) written(w *worker, err error) {
	x.r.isOn(w)
	if x.ended != nil {
		x.e.concluded(x, w, err)
	} else {
		x.e.suspended(x, w, err)
	}
	if err == nil { // or the store may have to know the step
		*x = recording{}
		recordings.Put(x)
	}
}

// spawn returns the steps that create calls and then suspend the one that awaits them. The
// calls count only from the last step on: see recover.
func (m *stepMemory) spawn(parent int64, children []call, change store.Change) []store.Step {
	steps := m.steps[:0]
	if len(children) == 0 {
		steps = append(steps, store.Step{})
	}
	for len(children) > 0 {
		n := min(len(children), chunk)
		step := store.Step{Create: m.create[:]}
		if n > len(m.create) {
			step.Create = make([]store.Call, n)
		}
		step.Create = step.Create[:n]
		for i := range n {
			step.Create[i] = children[i].record(parent)
		}
		steps, children = append(steps, step), children[n:]
	}
	m.change[0] = change
	steps[len(steps)-1].Change = m.change[:1]
	return steps
}

// stepMemory is what the steps of a run consist of: the usual ones make no new memory. A store keeps
// nothing of it beyond a commit that succeeds.
type stepMemory struct {
	steps  [1]store.Step
	create [1]store.Call
	change [2]store.Change // with the one of an eager call
}

// end returns the step that records the outcome of a call.
func (m *stepMemory) end(change store.Change, marks []store.Mark) []store.Step {
	m.change[0] = change
	m.steps[0] = store.Step{Change: m.change[:1], Mark: marks}
	return m.steps[:]
}
