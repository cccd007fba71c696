package dispatch

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Planned is a call that is yet to be made, of a function of any type. The zero value is none.
// It is plain data, so that it can be kept in a variable across an await.
type Planned struct {
	request engine.Request
	f       AnyFunction // nil for what is built in
	invalid string      // what is wrong with the input or the options
}

// Plan returns a call of f with an input, for [AwaitCalls].
func (f *Function[I, O]) Plan(in I) Planned {
	p := Planned{f: f, invalid: f.options.invalid}
	input, err := encodeJSON(in)
	if err != nil {
		p.invalid = "input: " + err.Error()
	}
	p.request = f.options.request(f.name, input)
	return p
}

// PlanSleep returns a call that is done at t, without an error and with nothing as its result.
func PlanSleep(t time.Time) Planned { return Planned{request: sleepRequest(t)} }

// Strategy says for which of several calls a function waits.
type Strategy struct {
	need    int
	success bool
}

// The strategies, beside [AtLeast].
var (
	// All waits until all calls are done, with or without an error.
	All = Strategy{}
	// Any waits for the first call that succeeds, or until all have failed.
	Any = Strategy{1, true}
	// Race waits for the first call that is done, with or without an error.
	Race = Strategy{1, false}
)

// AtLeast waits until n calls have succeeded, or so many have failed that this cannot be.
// AtLeast of all of them stops at the first failure.
func AtLeast(n int) Strategy { return Strategy{max(n, 0), true} }

// Outcome is what has become of a planned call.
type Outcome struct {
	status Status
	output []byte
	err    []byte
}

// Done says whether the outcome was waited for; if not, the call was canceled.
func (o Outcome) Done() bool { return o.status != StatusNone }

// Err returns the error of a call that failed, nil of one that succeeded, and [ErrNotNeeded] if
// the outcome was not waited for.
func (o Outcome) Err() error {
	switch o.status {
	case StatusNone:
		return fmt.Errorf("dispatch: %w", ErrNotNeeded)
	case StatusOK:
		return nil
	}
	return decodeError(o.status, o.err, nil)
}

// ErrNotNeeded is the error of a call that was canceled because those were enough that were done.
var ErrNotNeeded = RegisterError("dispatch.ErrNotNeeded", errors.New("the outcome of the call was not needed"))

// Result returns what a call of f that was planned has come to.
func (f *Function[I, O]) Result(o Outcome) (O, error) { return resultOf[O](o) }

func resultOf[O any](o Outcome) (O, error) {
	if !o.Done() {
		var zero O
		return zero, o.Err()
	}
	return decodeResult[O](engine.Result{Status: o.status, Output: o.output, Error: o.err})
}

// First returns the position of the first outcome without an error, else of the first one that
// there is, else -1.
func First(outcomes []Outcome) int {
	first := -1
	for i, o := range outcomes {
		switch {
		case o.status == StatusOK:
			return i
		case o.Done() && first < 0:
			first = i
		}
	}
	return first
}

// AwaitCalls makes calls, of different functions if need be, and waits for as many of them as the
// strategy says. The outcomes are in the order of the calls:
//
//	outcomes, err := dispatch.AwaitCalls(ctx, dispatch.Race, quote.Plan(item), dispatch.PlanSleep(noon))
//	if err != nil {
//		return err
//	}
//	if outcomes[0].Done() {
//		price, err := quote.Result(outcomes[0])
//
// The calls that are not needed any more are canceled, as by [Dispatcher.Cancel]. That, and which
// outcomes there are, is recorded in one step before the function goes on: so it gets the same ones
// if it goes on a second time after a crash. It does not wait for the end of those that were
// canceled.
//
// The error is nil, or why the calls could not be made; see [Function.Await] for the rest.
func AwaitCalls(ctx context.Context, s Strategy, calls ...Planned) ([]Outcome, error) {
	if durable {
		return Durable_AwaitCalls(runtime.Detached, ctx, s, calls...)
	}
	inv, requests, err := plannedRequests(ctx, s, calls)
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	if err := inv.inGoroutine(nameOf(requests)); err != nil {
		return nil, err
	}
	inv.strategy = s
	results, err := inv.volatile.await(requests)
	if err != nil {
		return nil, fmt.Errorf("dispatch: %w", err)
	}
	return outcomesOf(results), nil
}

// Durable_AwaitCalls is the form of AwaitCalls that compiled code calls.
func Durable_AwaitCalls(c *runtime.Coroutine, ctx context.Context, s Strategy, calls ...Planned) ([]Outcome, error) {
	if c.Resumed() {
		return outcomesOf(takeResults(c)), nil
	}
	inv, requests, err := plannedRequests(ctx, s, calls)
	if err != nil || len(requests) == 0 {
		return nil, err
	}
	if err := inv.inCoroutine(c, nameOf(requests)); err != nil {
		return nil, err
	}
	inv.requests, inv.strategy = requests, s
	c.Suspend()
	return nil, nil
}

func plannedRequests(ctx context.Context, s Strategy, calls []Planned) (*invocation, []engine.Request, error) {
	inv := invocationOf(ctx)
	if inv == nil {
		return nil, nil, fmt.Errorf("dispatch: %w", ErrOutside)
	}
	if s.need > len(calls) || s.success && s.need == 0 {
		return nil, nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: %d of %d calls cannot be waited for", s.need, len(calls)))
	}
	requests := make([]engine.Request, len(calls))
	var seen map[string]bool // of calls that were begun before
	for i, p := range calls {
		switch {
		case p.request.Call != "":
			if seen[p.request.Call] {
				return nil, nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: call %d, %s, is there twice", i, p.request.Call))
			}
			if seen == nil {
				seen = make(map[string]bool)
			}
			seen[p.request.Call] = true
		case p.request.Function == "":
			return nil, nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: call %d is not planned", i))
		case p.f != nil && !p.f.runsIn(inv.d):
			return nil, nil, fmt.Errorf("dispatch: %s: %w", p.request.Function, ErrNotRegistered)
		case p.invalid != "":
			return nil, nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: %s: %s", p.request.Function, p.invalid))
		}
		requests[i] = counted(p.request)
	}
	return inv, requests, inv.shield(ctx)
}

// nameOf returns what an error about an await says that it is of.
func nameOf(requests []engine.Request) string {
	if requests[0].Function == "" {
		return "call " + requests[0].Call
	}
	return requests[0].Function
}

func outcomesOf(results []engine.Result) []Outcome {
	all := make([]Outcome, len(results))
	for i, r := range results {
		all[i] = Outcome{r.Status, r.Output, r.Error}
	}
	return all
}

// Any makes a call of f for each input and waits for the first one that succeeds. It returns the
// position of that and its result; the others are canceled. If all fail the position is -1 and the
// error a [*GatherError].
func (f *Function[I, O]) Any(ctx context.Context, ins []I) (int, O, error) {
	if durable {
		return f.Durable_Any(runtime.Detached, ctx, ins)
	}
	outcomes, err := AwaitCalls(ctx, Any, f.plans(ins)...)
	return firstOf[O](outcomes, err)
}

// Durable_Any is the form of Any that compiled code calls.
func (f *Function[I, O]) Durable_Any(c *runtime.Coroutine, ctx context.Context, ins []I) (first int, out O, err error) {
	if c.Resumed() {
		return firstOf[O](outcomesOf(takeResults(c)), nil)
	}
	if _, err = Durable_AwaitCalls(c, ctx, Any, f.plans(ins)...); err != nil {
		first = -1
	}
	return first, out, err
}

// Race makes a call of f for each input and waits for the first one that is done. It returns the
// position of that, and its result or error; the others are canceled.
func (f *Function[I, O]) Race(ctx context.Context, ins []I) (int, O, error) {
	if durable {
		return f.Durable_Race(runtime.Detached, ctx, ins)
	}
	outcomes, err := AwaitCalls(ctx, Race, f.plans(ins)...)
	return raceOf[O](outcomes, err)
}

// Durable_Race is the form of Race that compiled code calls.
func (f *Function[I, O]) Durable_Race(c *runtime.Coroutine, ctx context.Context, ins []I) (first int, out O, err error) {
	if c.Resumed() {
		return raceOf[O](outcomesOf(takeResults(c)), nil)
	}
	if _, err = Durable_AwaitCalls(c, ctx, Race, f.plans(ins)...); err != nil {
		first = -1
	}
	return first, out, err
}

func (f *Function[I, O]) plans(ins []I) []Planned {
	all := make([]Planned, len(ins))
	for i, in := range ins {
		all[i] = f.Plan(in)
	}
	return all
}

// firstOf returns the first success among outcomes.
func firstOf[O any](outcomes []Outcome, err error) (int, O, error) {
	var zero O
	if err != nil {
		return -1, zero, err
	}
	failed := &GatherError{Errors: make([]error, len(outcomes))}
	for i, o := range outcomes {
		if failed.Errors[i] = o.Err(); failed.Errors[i] == nil {
			out, err := resultOf[O](o)
			return i, out, err
		}
	}
	return -1, zero, failed
}

// raceOf returns the one outcome that there is.
func raceOf[O any](outcomes []Outcome, err error) (int, O, error) {
	var out O
	first := -1
	if err == nil {
		if first = First(outcomes); first < 0 {
			err = fmt.Errorf("dispatch: no outcome of %d: %w", len(outcomes), runtime.ErrInvalidState)
		} else {
			out, err = resultOf[O](outcomes[first])
		}
	}
	return first, out, err
}

// AwaitWithin is Await with a limit of time: if the call is not done within d it is canceled, and
// the error is one with [StatusTimeout] that is [context.DeadlineExceeded].
func (f *Function[I, O]) AwaitWithin(ctx context.Context, d time.Duration, in I) (O, error) {
	if durable {
		return f.Durable_AwaitWithin(runtime.Detached, ctx, d, in)
	}
	outcomes, err := AwaitCalls(ctx, Race, f.Plan(in), PlanSleep(time.Now().Add(d)))
	return within[O](outcomes, err)
}

// Durable_AwaitWithin is the form of AwaitWithin that compiled code calls.
func (f *Function[I, O]) Durable_AwaitWithin(c *runtime.Coroutine, ctx context.Context, d time.Duration, in I) (out O, err error) {
	if c.Resumed() {
		return within[O](outcomesOf(takeResults(c)), nil)
	}
	outcomes, err := Durable_AwaitCalls(c, ctx, Race, f.Plan(in), PlanSleep(time.Now().Add(d)))
	if err != nil || outcomes == nil {
		return out, err
	}
	return within[O](outcomes, nil)
}

// within returns the first of two outcomes, unless the second one, that of a sleep, came before it.
func within[O any](outcomes []Outcome, err error) (O, error) {
	var zero O
	switch {
	case err != nil:
		return zero, err
	case len(outcomes) != 2:
		return zero, fmt.Errorf("dispatch: %d results for two calls: %w", len(outcomes), runtime.ErrInvalidState)
	case outcomes[0].Done():
		return resultOf[O](outcomes[0])
	case outcomes[1].Err() != nil:
		return zero, outcomes[1].Err()
	}
	return zero, WithStatus(StatusTimeout, fmt.Errorf("dispatch: what was awaited did not come in time: %w", context.DeadlineExceeded))
}
