package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Future is a call that a function has begun with [Function.Start], and can wait for later. It is
// plain data: it can be kept in variables, slices and maps across awaits, but belongs to the call
// that has begun it, and cannot be an input or output. The zero value is none.
type Future[O any] struct{ id ID }

// Start begins a call of f and does not wait for it:
//
//	quote, err := fetchQuote.Start(ctx, item)
//	if err != nil {
//		return err
//	}
//	stock, err := countStock.Await(ctx, item) // both go on at the same time
//	if err != nil {
//		return err
//	}
//	price, err := quote.Await(ctx)
//
// It is an await nevertheless: the function is suspended until the call is stored, together with
// its own state, so that a restart does not begin it again. See [Function.Await] for where
// that can be, and for ctx: a call that was begun with [context.WithoutCancel] is not canceled with
// the one that has begun it.
//
// A call does not outlive the one that has begun it: when that ends, or begins anew from its input,
// what it has begun and not waited for is canceled, as by [Dispatcher.Cancel]. What is to go on is
// for [Function.Dispatch], with a key.
func (f *Function[I, O]) Start(ctx context.Context, in I) (Future[O], error) {
	if durable {
		return f.Durable_Start(runtime.Detached, ctx, in)
	}
	all, err := f.StartAll(ctx, []I{in})
	return oneFuture(all, err)
}

// StartAll begins a call of f for each input, in one step; see [Function.Start]. The futures are in
// the order of the inputs.
func (f *Function[I, O]) StartAll(ctx context.Context, ins []I) ([]Future[O], error) {
	if durable {
		return f.Durable_StartAll(runtime.Detached, ctx, ins)
	}
	inv := invocationOf(ctx)
	requests, err := f.volatileRequests(inv, ctx, ins...)
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	inv.begin = true
	results, err := inv.volatile.await(requests)
	if err != nil {
		return nil, fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return futures[O](results)
}

// Durable_Start is the form of Start that compiled code calls.
func (f *Function[I, O]) Durable_Start(c *runtime.Coroutine, ctx context.Context, in I) (u Future[O], err error) {
	var all []Future[O]
	if c.Resumed() { // the receiver may be nil
		all, err = futures[O](takeResults(c))
	} else if all, err = f.Durable_StartAll(c, ctx, []I{in}); err == nil && all == nil {
		return u, nil
	}
	return oneFuture(all, err)
}

// Durable_StartAll is the form of StartAll that compiled code calls.
func (f *Function[I, O]) Durable_StartAll(c *runtime.Coroutine, ctx context.Context, ins []I) ([]Future[O], error) {
	if c.Resumed() {
		return futures[O](takeResults(c))
	}
	inv, requests, err := f.durableRequests(c, ctx, ins...)
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	inv.requests, inv.begin = requests, true
	c.Suspend()
	return nil, nil
}

func futures[O any](results []engine.Result) ([]Future[O], error) {
	all := make([]Future[O], len(results))
	for i, r := range results {
		if r.Status != StatusOK {
			_, err := decodeResult[O](r)
			return nil, err
		}
		all[i] = Future[O]{ID(r.ID)}
	}
	return all, nil
}

func oneFuture[O any](all []Future[O], err error) (Future[O], error) {
	switch {
	case err != nil:
		return Future[O]{}, err
	case len(all) != 1:
		return Future[O]{}, fmt.Errorf("dispatch: %d results for one call: %w", len(all), runtime.ErrInvalidState)
	}
	return all[0], nil
}

// ID returns the id of the call.
func (u Future[O]) ID() ID { return u.id }

// Await waits for the result of the call, as [Function.Await] does. It may be called again, and
// returns the same.
func (u Future[O]) Await(ctx context.Context) (O, error) {
	if durable {
		return u.Durable_Await(runtime.Detached, ctx)
	}
	var zero O
	inv, requests, err := plannedRequests(ctx, All, []Planned{u.Plan()})
	if err == nil {
		err = inv.inGoroutine(nameOf(requests))
	}
	if err != nil {
		return zero, err
	}
	results, err := inv.volatile.await(requests)
	if err != nil {
		return zero, fmt.Errorf("dispatch: call %s: %w", u.id, err)
	}
	return one[O](results)
}

// Durable_Await is the form of Await that compiled code calls.
func (u Future[O]) Durable_Await(c *runtime.Coroutine, ctx context.Context) (out O, err error) {
	if c.Resumed() {
		return one[O](takeResults(c))
	}
	_, err = Durable_AwaitCalls(c, ctx, All, u.Plan())
	return out, err
}

// Plan returns the call for [AwaitCalls]. If that does not need its outcome, the call is not
// canceled but goes on, and can be waited for again.
func (u Future[O]) Plan() Planned { return Planned{request: engine.Request{Call: string(u.id)}} }

// Result returns what the call has come to, of which Plan has returned the plan.
func (u Future[O]) Result(o Outcome) (O, error) { return (*Function[struct{}, O])(nil).Result(o) }

// Done says whether the call is done, so that Await would not have to wait for it.
func (u Future[O]) Done(ctx context.Context) (bool, error) {
	inv := invocationOf(ctx)
	switch {
	case inv == nil:
		return false, fmt.Errorf("dispatch: %w", ErrOutside)
	case u.id == "":
		return false, errNoFuture
	}
	done, err := inv.d.engine.Done(ctx, string(u.id))
	if err != nil {
		return false, fmt.Errorf("dispatch: call %s: %w", u.id, err)
	}
	return done, nil
}

var errNoFuture = WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: the future is not one of a call that was begun"))
