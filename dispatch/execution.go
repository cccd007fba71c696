package dispatch

import (
	"context"
	"errors"
	"fmt"
	goruntime "runtime"
	"runtime/debug"
	"slices"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

func (f *Function[I, O]) function(d *Dispatcher) (engine.Function, error) {
	if err := f.body().err; err != nil {
		return engine.Function{}, err
	}
	// What the function captures belongs to the process, as do the functions.
	bindings := runtime.NewBindings(captureBindings(slices.Clip(d.bindings), "entry", runtime.RecordOf(f.body().fn), 0)...)
	return engine.Function{
		Name:   f.name,
		Policy: f.body().policy,
		Start: func(a engine.Attempt) (engine.Execution, error) {
			return f.start(d, &a, bindings, loadState)
		},
		Check: func(a engine.Attempt) error {
			_, err := f.start(d, &a, bindings, (*runtime.Coroutine).CheckState)
			return err
		},
	}, nil
}

// durableCall is what a record has if its body may suspend.
type durableCall[I, O any] interface {
	DurableCall(c *runtime.Coroutine, ctx context.Context, in I) (O, error)
}

func loadState(c *runtime.Coroutine, state []byte) (n int, err error) { return c.LoadState(state) }

// start makes an execution. load is what is done with the state of the attempt, if it has one.
func (f *Function[I, O]) start(d *Dispatcher, a *engine.Attempt, bindings *runtime.Bindings, load func(*runtime.Coroutine, []byte) (int, error)) (engine.Execution, error) {
	if !durable {
		if a.State != nil {
			return nil, fmt.Errorf("%w: it was saved by a durable build, and this one is not", runtime.ErrIncompatibleState)
		}
		v := &volatileExecution{turns: make(chan engine.Turn), resume: make(chan []engine.Result), gone: make(chan struct{})}
		v.inv.begins(d, a)
		v.inv.volatile = v
		v.run = func(t *engine.Turn) { f.run(&v.inv, t) }
		return v.inv.intercept(f.name, v), nil
	}
	if twin, ok := runtime.RecordOf(f.body().fn).(durableCall[I, O]); ok {
		e := &durableExecution[I, O]{f: f, twin: twin}
		e.inv.begins(d, a)
		if err := e.begins(bindings, load); err != nil {
			return nil, err
		}
		return e.inv.intercept(f.name, e), nil
	}
	if a.State != nil {
		return nil, fmt.Errorf("%w: function %q does not await any more, and the version that did was not frozen", runtime.ErrIncompatibleState, f.name)
	}
	e := &plainExecution[I, O]{f: f}
	e.inv.begins(d, a)
	return e.inv.intercept(f.name, e), nil
}

// run runs the function from its input to its end, which t becomes.
func (f *Function[I, O]) run(inv *invocation, t *engine.Turn) {
	var in I
	if t.Failure = f.decodeInput(inv, &in); t.Failure != nil {
		return
	}
	protect(t, func() {
		out, err := f.body().fn(&inv.ctx, in)
		f.finish(inv, t, out, err)
	})
}

func (f *Function[I, O]) decodeInput(inv *invocation, in *I) *engine.Failure {
	if err := decodeJSON(inv.attempt.Input, in); err != nil {
		return encodeFailure(WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: %s: input: %w", f.name, err)))
	}
	return nil
}

func (f *Function[I, O]) finish(inv *invocation, t *engine.Turn, out O, err error) {
	if err != nil {
		if h, ok := errors.AsType[*handOver](err); ok && h.call == inv.id() {
			t.Next, t.Failure = &h.request, nil
			return
		}
		t.Failure = encodeFailure(err)
		return
	}
	b, err := encodeJSON(out)
	if err != nil {
		t.Failure = encodeFailure(fmt.Errorf("dispatch: %s: output: %w", f.name, err))
		return
	}
	t.Output, t.Failure = b, nil
}

// protect calls body, which fills in t, and fills in a failure if body panics or ends the
// goroutine.
func protect(t *engine.Turn, body func()) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if r := recover(); r != nil {
			t.Failure = encodePanic(r, debug.Stack())
		} else {
			t.Failure = describe(StatusPermanentError, "the function ended its goroutine (runtime.Goexit)")
		}
	}()
	body()
	returned = true
}

// plainExecution is, in a durable build, a function that does not await, because what does is a
// coroutine or is refused: it runs on the goroutine of its attempt.
type plainExecution[I, O any] struct {
	inv invocation
	f   *Function[I, O]
}

func (e *plainExecution[I, O]) Run([]engine.Result) engine.Turn {
	var t engine.Turn
	e.f.run(&e.inv, &t)
	return e.inv.settle(t)
}

func (e *plainExecution[I, O]) AppendState([]byte, int) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
func (e *plainExecution[I, O]) Durable() bool      { return false }
func (e *plainExecution[I, O]) Cancel(cause error) { e.inv.ctx.cancel(cause) }
func (e *plainExecution[I, O]) Discard(bool)       { e.inv.ctx.cancel(context.Canceled) }

// volatileExecution is, in a volatile build, a function on a goroutine of its own, which stays blocked
// in Await while it is suspended.
type volatileExecution struct {
	inv       invocation
	run       func(*engine.Turn)
	started   bool
	goroutine int64 // on which the function runs
	turns     chan engine.Turn
	resume    chan []engine.Result
	gone      chan struct{} // closed by Discard
}

func (v *volatileExecution) Run(results []engine.Result) engine.Turn {
	if !v.started {
		v.started = true
		go func() {
			v.goroutine = goroutine()
			var t engine.Turn
			defer func() {
				select {
				case v.turns <- t:
				case <-v.gone:
				}
			}()
			v.run(&t)
		}()
	} else {
		v.resume <- results
	}
	return v.inv.settle(<-v.turns)
}

var errGivenUp = errors.New("the attempt was given up")

func (v *volatileExecution) await(requests []engine.Request) ([]engine.Result, error) {
	select {
	case v.turns <- v.inv.turn(requests):
	case <-v.gone:
		return nil, v.givenUp()
	}
	select {
	case results := <-v.resume:
		return results, nil
	case <-v.gone:
		return nil, v.givenUp()
	}
}

// givenUp returns the error of an await that does not come to its end. If the dispatcher was
// killed the function does not go on even with that.
func (v *volatileExecution) givenUp() error {
	if v.inv.d.killed.Load() {
		goruntime.Goexit()
	}
	return errGivenUp
}

func (v *volatileExecution) AppendState([]byte, int) ([]byte, error) {
	return nil, errors.ErrUnsupported
}
func (v *volatileExecution) Durable() bool      { return false }
func (v *volatileExecution) Cancel(cause error) { v.inv.ctx.cancel(cause) }

// Discard unwinds the function in any case: its goroutine can't be left behind.
func (v *volatileExecution) Discard(bool) {
	v.inv.ctx.cancel(context.Canceled)
	close(v.gone)
}

// durableExecution is a function as a coroutine.
type durableExecution[I, O any] struct {
	inv  invocation
	f    *Function[I, O]
	twin durableCall[I, O]
	c    *runtime.Coroutine
	in   I // until the function is suspended
	out  O
	err  error
}

// begins makes the coroutine.
func (e *durableExecution[I, O]) begins(bindings *runtime.Bindings, load func(*runtime.Coroutine, []byte) (int, error)) error {
	inv := &e.inv
	inv.coroutine = true
	e.c = runtime.New(func(c *runtime.Coroutine) {
		e.out, e.err = e.twin.DurableCall(c, &e.inv.ctx, e.in)
	}, runtime.Binding{Name: "call.ctx", Value: &inv.ctx})
	e.c.Share(bindings)
	e.c.SetLocal(inv)
	e.c.SetEntry(runtime.RecordOf(e.f.body().fn), true)
	if inv.attempt.State == nil {
		return nil
	}
	state, err := inv.d.openState(e.f.name, &inv.attempt)
	if err != nil {
		return err
	}
	n, err := load(e.c, state)
	if err == nil && n != len(state) {
		err = trailing(len(state) - n)
	}
	return err
}

// trailing is the error of a state that n more bytes follow.
func trailing(n int) error {
	return fmt.Errorf("%w: %d bytes follow it", runtime.ErrInvalidState, n)
}

func (e *durableExecution[I, O]) Run(results []engine.Result) engine.Turn {
	return e.inv.settle(e.run(results))
}

func (e *durableExecution[I, O]) run(results []engine.Result) (t engine.Turn) {
	e.inv.results = results
	if !e.c.Started() {
		if t.Failure = e.f.decodeInput(&e.inv, &e.in); t.Failure != nil {
			return t
		}
	}
	var suspended bool
	protect(&t, func() {
		if suspended = e.c.Next(); !suspended {
			e.f.finish(&e.inv, &t, e.out, e.err)
		}
	})
	if suspended {
		var none I
		e.in = none // the frames have it
		t = e.inv.turn(e.inv.requests)
		e.inv.requests = nil
		t.EffectFree = e.f.body().policy.Eager == engine.WhereEffectFree && e.c.EffectFree()
		if len(t.Await) == 0 {
			t.Failure = describe(StatusPermanentError, "the function was suspended, but not by an await")
		}
	}
	return t
}

func (e *durableExecution[I, O]) AppendState(b []byte, step int) ([]byte, error) {
	return e.inv.appendState(b, e.c, e.f.name, step)
}
func (e *durableExecution[I, O]) Durable() bool      { return true }
func (e *durableExecution[I, O]) Cancel(cause error) { e.inv.ctx.cancel(cause) }

func (e *durableExecution[I, O]) Discard(unwind bool) {
	if !unwind || e.c.Done() {
		return
	}
	e.inv.ctx.cancel(context.Canceled)
	// What the defers of a call that is over panic with concerns nobody.
	defer func() { _ = recover() }()
	e.c.Stop()
}
