package dispatchtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// TB is what a [Runner] needs of a test: a *testing.T, or what stands for it elsewhere. Its
// Fatalf does not return.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Runner runs workflows for one test: with a dispatcher that keeps its calls in memory, and
// another one after each crash. It is safe for concurrent use.
type Runner struct {
	// Downtime is how long nothing runs after a crash. To be set before the first call.
	Downtime time.Duration

	t      TB
	ctx    context.Context // of Run; done when the test ends
	end    context.CancelFunc
	memory *memory.Memory
	faults faults

	mu       sync.Mutex
	opts     []dispatch.Option
	started  bool
	ended    bool
	current  *process
	process  int           // number of the last one, from 1
	dead     map[int]bool  // processes that have crashed
	changed  chan struct{} // closed when there is another process, or none to come
	err      error         // why there is no new process
	all      []*process
	attempts []Attempt
	calls    int // of Dispatch and Send
	failures map[failure]error
	begun    map[string]int // attempts, by function
}

// process is a dispatcher and what became of it.
type process struct {
	number int
	d      *dispatch.Dispatcher
	ran    chan struct{} // closed when its Run has returned
}

// New returns a runner that ends with the test. The options are those of [dispatch.New]:
// functions, mocks of them, settings; more can be added with Use. The store is always the
// runner's own.
func New(t TB, opts ...dispatch.Option) *Runner {
	r := &Runner{
		t: t, memory: memory.New(),
		opts:     opts,
		changed:  make(chan struct{}),
		failures: make(map[failure]error),
		dead:     make(map[int]bool),
		begun:    make(map[string]int),
	}
	r.ctx, r.end = context.WithCancel(context.Background())
	t.Cleanup(r.close)
	return r
}

// Run calls test with a runner in a bubble of its own, in which time passes by itself when
// everything waits.
func Run(t *testing.T, test func(t *testing.T, r *Runner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, New(t)) })
}

// EachCrash calls test in a bubble of its own, with a runner, as [Run] does, and then once
// more for each step that was recorded meanwhile (a call, an await, an outcome), with a crash
// just before and with one just after that step is recorded: each time in a subtest and
// bubble of its own, with a new runner.
//
// Steps that do not depend on each other may change places from one time to the next.
//
// [Call], [Dispatch], [Wait] and [Send] go on over the crash. Whatever else the test does, with
// [Runner.Dispatcher] or a function itself, can meet it: [synctest.Wait] before that, when the
// calls are done, leaves nothing under way that could be crashed.
func EachCrash(t *testing.T, test func(t *testing.T, r *Runner)) {
	t.Helper()
	steps := 0
	synctest.Test(t, func(t *testing.T) {
		r := New(t)
		test(t, r)
		steps = r.Steps()
	})
	if t.Failed() {
		return
	}
	if steps == 0 {
		t.Fatalf("dispatchtest: the test made no call")
	}
	for n := 1; n <= steps; n++ {
		for _, when := range []When{Before, After} {
			t.Run(fmt.Sprintf("%v step %d", when, n), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					r := New(t)
					r.CrashAtStep(n, when)
					test(t, r)
				})
			})
		}
	}
}

// Use adds options: functions, mocks of them, settings. It is to be called before the first
// call is made.
func (r *Runner) Use(opts ...dispatch.Option) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.started {
		r.t.Fatalf("dispatchtest: Use after the first call")
	}
	r.opts = append(r.opts, opts...)
}

// Call makes a call of f and waits for its result, over all crashes.
func Call[I, O any](r *Runner, f *dispatch.Function[I, O], in I) (O, error) {
	r.t.Helper()
	id := Dispatch(r, f, in)
	return Wait(r, f, id)
}

// Dispatch makes a call of f and returns its id when it is recorded, also if there is a crash
// meanwhile: the call is made once.
func Dispatch[I, O any](r *Runner, f *dispatch.Function[I, O], in I, opts ...dispatch.DispatchOption) dispatch.ID {
	r.t.Helper()
	r.mu.Lock()
	r.calls++
	key := dispatch.WithKey(fmt.Sprintf("dispatchtest %d", r.calls))
	r.mu.Unlock()
	opts = append([]dispatch.DispatchOption{key}, opts...)
	var id dispatch.ID
	err := r.over(func() (err error) {
		id, err = f.Dispatch(r.ctx, in, opts...)
		return err
	})
	if err != nil {
		r.t.Fatalf("%v", err)
	}
	return id
}

// Wait waits until the call of f with that id is done, over all crashes, and returns its result.
func Wait[I, O any](r *Runner, f *dispatch.Function[I, O], id dispatch.ID) (O, error) {
	r.t.Helper()
	var out O
	err := r.over(func() (err error) {
		out, err = f.Wait(r.ctx, id)
		return err
	})
	return out, err
}

// Send sends an event to a call and returns when it is recorded, also if there is a crash
// meanwhile: it is sent once. The error is that of [dispatch.Event.Send].
func Send[T any](r *Runner, e dispatch.Event[T], id dispatch.ID, payload T) error {
	r.t.Helper()
	r.mu.Lock()
	r.calls++
	key := dispatch.Once(fmt.Sprintf("dispatchtest %d", r.calls))
	r.mu.Unlock()
	return r.over(func() error { return e.Send(r.ctx, r.alive().d, id, payload, key) })
}

// over calls f until no crash gets in its way.
func (r *Runner) over(f func() error) error {
	r.t.Helper()
	for {
		p := r.alive()
		err := f()
		r.mu.Lock()
		again := r.dead[p.number] && (errors.Is(err, dispatch.ErrClosed) || errors.Is(err, dispatch.ErrNotRegistered) || errors.Is(err, errCrash))
		r.mu.Unlock()
		if !again {
			return err
		}
	}
}

// Dispatcher returns the dispatcher that runs at present. After a crash it is another one.
func (r *Runner) Dispatcher() *dispatch.Dispatcher {
	r.t.Helper()
	return r.alive().d
}

// alive waits for a process that is not dead.
func (r *Runner) alive() *process {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.started {
		r.started = true
		go r.start(0)
	}
	for r.current == nil && r.err == nil {
		changed := r.changed
		r.mu.Unlock()
		<-changed
		r.mu.Lock()
	}
	if r.err != nil {
		r.t.Fatalf("%v", r.err)
	}
	return r.current
}

// start makes a process after a while.
func (r *Runner) start(after time.Duration) {
	if after > 0 {
		select {
		case <-time.After(after):
		case <-r.ctx.Done():
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		r.turn(nil, dispatch.ErrClosed)
		return
	}
	r.process++
	p := &process{number: r.process, ran: make(chan struct{})}
	opts := append([]dispatch.Option{dispatch.WithResident(0), dispatch.WithGrace(0)}, r.opts...)
	opts = append(opts, dispatch.WithStoreFrom(source{r, p.number}), dispatch.WithInterceptor(r.interceptor(p.number)))
	r.mu.Unlock()
	d, err := dispatch.New(opts...)
	r.mu.Lock()
	switch {
	case errors.Is(err, errCrash):
		go r.start(r.Downtime)
		return
	case err != nil:
		r.turn(nil, err)
		return
	}
	p.d = d
	r.all = append(r.all, p)
	if r.ended {
		close(p.ran)
		r.turn(nil, dispatch.ErrClosed)
		go d.Close()
		return
	}
	r.turn(p, nil)
	go func() {
		defer close(p.ran)
		err := d.Run(r.ctx)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil && !r.dead[p.number] {
			r.turn(nil, err)
		}
	}()
}

// turn tells who waits for it that there is another process, or why there is none. The lock
// is held.
func (r *Runner) turn(p *process, err error) {
	r.current, r.err = p, err
	close(r.changed)
	r.changed = make(chan struct{})
}

// Crash ends the present dispatcher as the death of its process would. Another one follows
// by itself. It may be called by a mock.
func (r *Runner) Crash() {
	r.t.Helper()
	r.die(r.alive().number)
}

// die ends the process with that number, if it has not ended. The store calls it too, on the
// way to a commit.
func (r *Runner) die(number int) {
	r.mu.Lock()
	if r.dead[number] {
		r.mu.Unlock()
		return
	}
	r.dead[number] = true
	p := r.current
	r.current = nil
	r.memory.Crash()
	r.mu.Unlock()
	if p != nil { // else it ends while it is being made, which start finds out
		p.d.Kill()
		go r.start(r.Downtime)
	}
}

// close ends all processes, and waits for what they were.
func (r *Runner) close() {
	r.mu.Lock()
	r.ended = true
	all := r.all
	r.mu.Unlock()
	r.end()
	for _, p := range all {
		<-p.ran
		_ = p.d.Close()
	}
}
