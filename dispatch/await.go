package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Await makes a call of f and waits for its result. It is for functions that a dispatcher
// runs, and ctx is the context that the function was given, or one derived from it. The
// function is suspended meanwhile; in a durable build its stack is stored, and it goes on
// from here also if the process is another one by then.
//
// A call that failed for good gives its error: with the same message, [Status] and chain,
// so that [errors.Is] and [errors.As] work as for the original; see [Error].
//
// In a durable build the function must be compiled by coroc. If it is not, or if code that is
// not compiled calls Await, the call is parked; see [StatusIncompatibleState].
//
// If the call that awaits is canceled, so is the call that it awaits, and Await returns what has
// become of that: its result if it was recorded before, else an error that is
// [context.Canceled]. Clean-up code can await nevertheless, with [context.WithoutCancel](ctx):
// what is awaited with that context, or when the call is canceled already with one that is
// not done, is not canceled.
//
// Await does not return early when a context derived with a deadline is done, but it
// returns the context's error if that is done before.
func (f *Function[I, O]) Await(ctx context.Context, in I) (O, error) {
	if durable {
		return f.Durable_Await(runtime.Detached, ctx, in)
	}
	var zero O
	inv := invocationOf(ctx)
	requests, err := f.volatileRequests(inv, ctx, in)
	if err != nil {
		return zero, err
	}
	results, err := inv.volatile.await(requests)
	if err != nil {
		return zero, fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return one[O](results)
}

// Gather makes a call of f for each input and waits for all of them. The results are in
// the order of the inputs. If calls fail, the error is a [*GatherError], which has each
// call's error by position; the results of those that succeeded are there nevertheless.
func (f *Function[I, O]) Gather(ctx context.Context, ins []I) ([]O, error) {
	if durable {
		return f.Durable_Gather(runtime.Detached, ctx, ins)
	}
	inv := invocationOf(ctx)
	requests, err := f.volatileRequests(inv, ctx, ins...)
	if err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return []O{}, nil
	}
	results, err := inv.volatile.await(requests)
	if err != nil {
		return nil, fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return all[O](results)
}

// Durable_Await is the form of Await that compiled code calls.
func (f *Function[I, O]) Durable_Await(c *runtime.Coroutine, ctx context.Context, in I) (out O, err error) {
	// On resuming in another process the receiver and the arguments may be zero.
	if c.Resumed() {
		return one[O](takeResults(c))
	}
	inv, requests, err := f.durableRequests(c, ctx, in)
	if err != nil {
		return out, err
	}
	inv.requests = requests
	c.Suspend()
	return out, nil
}

// Durable_Gather is the form of Gather that compiled code calls.
func (f *Function[I, O]) Durable_Gather(c *runtime.Coroutine, ctx context.Context, ins []I) ([]O, error) {
	if c.Resumed() {
		return all[O](takeResults(c))
	}
	inv, requests, err := f.durableRequests(c, ctx, ins...)
	if err != nil {
		return nil, err
	}
	if len(requests) == 0 {
		return []O{}, nil
	}
	inv.requests = requests
	c.Suspend()
	return nil, nil
}

func (f *Function[I, O]) volatileRequests(inv *invocation, ctx context.Context, ins ...I) ([]engine.Request, error) {
	requests, err := f.requests(inv, ctx, ins...)
	if err == nil {
		err = inv.inGoroutine(f.name)
	}
	return requests, err
}

// inGoroutine checks that a volatile function awaits itself.
func (inv *invocation) inGoroutine(name string) error {
	if inv.volatile.goroutine != goroutine() {
		return elsewhere(name)
	}
	return nil
}

func (f *Function[I, O]) durableRequests(c *runtime.Coroutine, ctx context.Context, ins ...I) (*invocation, []engine.Request, error) {
	inv := invocationOf(ctx)
	requests, err := f.requests(inv, ctx, ins...)
	if err != nil {
		return nil, nil, err
	}
	if err := inv.inCoroutine(c, f.name); err != nil {
		return nil, nil, err
	}
	return inv, requests, nil
}

// inCoroutine checks that a durable function awaits itself.
func (inv *invocation) inCoroutine(c *runtime.Coroutine, name string) error {
	if c == runtime.Detached {
		e, inside := runtime.InTheWay()
		if !inside && inv.coroutine {
			return elsewhere(name)
		}
		return inv.refuse(name, e)
	}
	if c.Local() != any(inv) {
		return elsewhere(name)
	}
	return nil
}

// elsewhere is the error of an await that the function of the call does not make itself.
func elsewhere(name string) error {
	return fmt.Errorf("dispatch: %s: %w: it is in a goroutine or coroutine that the function of the call runs, or in another call", name, ErrOutside)
}

func takeResults(c *runtime.Coroutine) []engine.Result {
	inv := c.Local().(*invocation)
	results := inv.results
	inv.requests, inv.results = nil, nil
	return results
}

// requests checks what can be checked before anything is stored.
func (f *Function[I, O]) requests(inv *invocation, ctx context.Context, ins ...I) ([]engine.Request, error) {
	if inv == nil {
		return nil, fmt.Errorf("dispatch: %s: %w", f.name, ErrOutside)
	}
	if !f.runsIn(inv.d) {
		return nil, fmt.Errorf("dispatch: %s: %w", f.name, ErrNotRegistered)
	}
	if err := f.options.check(f.name); err != nil {
		return nil, err
	}
	if err := inv.shield(ctx); err != nil {
		return nil, err
	}
	requests := make([]engine.Request, len(ins))
	for i, in := range ins {
		input, err := encodeJSON(in)
		if err != nil {
			if len(ins) > 1 {
				err = fmt.Errorf("%d: %w", i, err)
			}
			return nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: %s: input: %w", f.name, err))
		}
		requests[i] = f.options.request(f.name, input)
	}
	return requests, nil
}

// shield notes whether what is awaited with ctx is canceled with the call. It returns the error
// of a context with which nothing can be awaited.
func (inv *invocation) shield(ctx context.Context) error {
	done := inv.ctx.isDone()
	if err := ctx.Err(); err != nil {
		return err
	}
	inv.shielded = done || ctx != &inv.ctx && ctx.Done() == nil
	return nil
}

func one[O any](results []engine.Result) (O, error) {
	if len(results) != 1 {
		var zero O
		return zero, fmt.Errorf("dispatch: %d results for one call: %w", len(results), runtime.ErrInvalidState)
	}
	return decodeResult[O](results[0])
}

func all[O any](results []engine.Result) ([]O, error) {
	outs := make([]O, len(results))
	var failed *GatherError
	for i, r := range results {
		out, err := decodeResult[O](r)
		if err != nil {
			if failed == nil {
				failed = &GatherError{Errors: make([]error, len(results))}
			}
			failed.Errors[i] = err
			continue
		}
		outs[i] = out
	}
	if failed != nil {
		return outs, failed
	}
	return outs, nil
}

func decodeResult[O any](r engine.Result) (O, error) {
	var out O
	if r.Status != StatusOK {
		var origin error
		if r.Failure != nil {
			origin = r.Failure.Origin
		}
		return out, decodeError(r.Status, r.Error, origin)
	}
	if err := decodeJSON(r.Output, &out); err != nil {
		var zero O
		return zero, WithStatus(StatusInvalidResponse, fmt.Errorf("dispatch: output: %w", err))
	}
	return out, nil
}
