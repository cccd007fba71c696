package dispatchtest

import (
	"context"
	"errors"
	"sync"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/dispatch/store/memory"
)

// When says on which side of a step's recording a crash is.
type When int

// The sides.
const (
	// Before: what was to be recorded is lost.
	Before When = iota
	// After: it is recorded, and that is all that comes of it.
	After
)

// String returns the side in a word.
func (w When) String() string {
	if w == Before {
		return "before"
	}
	return "after"
}

// errCrash is what a commit ends with that a crash was planned for.
var errCrash = errors.New("dispatchtest: crashed")

// faults are the crashes that are planned, and the count by which they come.
type faults struct {
	mu            sync.Mutex
	steps, awaits int
	atStep        map[int]When
	atAwait       map[int]When
}

// CrashAtStep plans a crash at the n-th step that is recorded, from 1: a call that is
// dispatched, an await with the calls that it makes, the outcome of an attempt.
func (r *Runner) CrashAtStep(n int, when When) { r.faults.plan(&r.faults.atStep, n, when) }

// CrashAtAwait plans a crash at the n-th await that is recorded, from 1, of whichever call.
func (r *Runner) CrashAtAwait(n int, when When) { r.faults.plan(&r.faults.atAwait, n, when) }

func (f *faults) plan(at *map[int]When, n int, when When) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if *at == nil {
		*at = make(map[int]When)
	}
	(*at)[n] = when
}

// Steps returns how many steps have been recorded, or lost in a crash that was planned for them.
func (r *Runner) Steps() int {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	return r.faults.steps
}

// Awaits returns how many awaits have been recorded, or lost in a crash that was planned for
// them.
func (r *Runner) Awaits() int {
	r.faults.mu.Lock()
	defer r.faults.mu.Unlock()
	return r.faults.awaits
}

// Crashes returns how often there was a crash.
func (r *Runner) Crashes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.dead)
}

// isDead says whether the process with that number has ended in a crash.
func (r *Runner) isDead(number int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.dead[number]
}

// FailAttempt makes the n-th attempt of f fail with err, counted over all calls of f from 1:
// f, or its mock, is not called. Whether it is tried again depends on the error, as always:
// see [dispatch.WithStatus].
func (r *Runner) FailAttempt(f interface{ Name() string }, n int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures[failure{f.Name(), n}] = err
}

type failure struct {
	function string
	n        int
}

// next counts a step and returns the crash that is planned for it.
func (f *faults) next(s *store.Step) (when When, planned bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps++
	when, planned = f.atStep[f.steps]
	for _, c := range s.Change {
		if c.Phase != store.Suspended || c.KeepState {
			continue
		}
		f.awaits++
		if !planned {
			when, planned = f.atAwait[f.awaits]
		}
	}
	return when, planned
}

// source is where the dispatchers have their store from.
type source struct {
	r       *Runner
	process int
}

func (s source) Open(ctx context.Context) (store.Store, error) {
	opened, err := s.r.memory.Open(ctx)
	if err != nil {
		return nil, err
	}
	return &faultyStore{opened.(*memory.Store), s.r, s.process}, nil
}

func (s source) OpenReader(ctx context.Context) (store.Reader, error) {
	return s.r.memory.OpenReader(ctx)
}

var _ dispatch.StoreSource = source{}

// faultyStore crashes where it is planned.
type faultyStore struct {
	*memory.Store // with all that it can do beyond the contract
	r             *Runner
	process       int
}

// Commit commits the steps up to the one at which there is to be a crash. That they were to
// be committed together is no promise to anyone.
func (s *faultyStore) Commit(ctx context.Context, steps []store.Step) error {
	if s.r.isDead(s.process) {
		return store.ErrFenced
	}
	for i := range steps {
		if steps[i].Weight() == len(steps[i].Watch) {
			continue // a note on an attempt, no step of a call
		}
		when, planned := s.r.faults.next(&steps[i])
		if !planned {
			continue
		}
		if when == After {
			i++
		}
		err := s.Store.Commit(ctx, steps[:i])
		s.r.die(s.process)
		return errors.Join(errCrash, store.ErrFenced, err)
	}
	return s.Store.Commit(ctx, steps)
}
