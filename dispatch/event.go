package dispatch

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/runtime"
)

// Event is the name of something that a function can wait for, and that anyone can send to its
// call, with a payload of type T:
//
//	const paid dispatch.Event[Payment] = "paid"
//
//	p, err := paid.AwaitWithin(ctx, 72*time.Hour)                  // in a workflow
//	err = paid.Send(ctx, d, id, payment, dispatch.Once(webhookID)) // anywhere
//
// Each event that was sent is received once, in the order of sending among those of its name. Those
// that come early wait, until the call is done. What a function has received is recorded as that
// await's outcome: it gets the same again if it goes on from there a second time after a crash, and
// if it begins anew, all events are there for it again.
//
// Payloads are stored as JSON, as inputs are; the name is stored, and has to stay the same.
type Event[T any] string

// SendOption is an option of [Event.Send].
type SendOption func(*sendConfig)

type sendConfig struct{ key string }

// Once makes Send idempotent: of all sendings to one call with one key, only the first has an effect.
// The others succeed, also when the call is done by then, unless they are of another event or
// payload: that is [ErrEventConflict]. A key is known as long as the event is stored: see [WithRetention].
func Once(key string) SendOption { return func(c *sendConfig) { c.key = key } }

// Errors of sending events.
var (
	// ErrDone: the call is done, and receives nothing any more.
	ErrDone = engine.ErrDone
	// ErrEventConflict: another event, or one with another payload, was sent to the call with that key.
	ErrEventConflict = engine.ErrEventConflict
)

// DispatcherOf returns the dispatcher that runs the function which was given ctx, or nil: for a
// function that sends events or makes calls that it does not await. What it does so between two
// awaits may be done again, so it needs a key.
func DispatcherOf(ctx context.Context) *Dispatcher {
	if inv := invocationOf(ctx); inv != nil {
		return inv.d
	}
	return nil
}

// Send sends the event to a call, through any dispatcher on its store, and returns when it cannot
// be lost. The call may be suspended, running, or not have begun; if it is done the error is
// [ErrDone].
func (e Event[T]) Send(ctx context.Context, d *Dispatcher, id ID, payload T, opts ...SendOption) error {
	ev, err := e.event(d, payload, opts)
	if err == nil {
		err = d.engine.Send(ctx, string(id), ev)
	}
	if err != nil {
		return fmt.Errorf("dispatch: event %q: %w", string(e), err)
	}
	return nil
}

// SendToKey sends the event to the call that was made with a key; see [WithKey] and [Event.Send]. If
// there is none the error is [ErrNoSuchCall].
func (e Event[T]) SendToKey(ctx context.Context, d *Dispatcher, key string, payload T, opts ...SendOption) error {
	ev, err := e.event(d, payload, opts)
	if err != nil {
		return fmt.Errorf("dispatch: event %q: %w", string(e), err)
	}
	info, err := d.LookupKey(ctx, key)
	if err == nil {
		err = d.engine.Send(ctx, string(info.ID), ev)
	}
	if err != nil {
		return fmt.Errorf("dispatch: event %q: %w", string(e), err)
	}
	return nil
}

func (e Event[T]) event(d *Dispatcher, payload T, opts []SendOption) (store.Event, error) {
	var c sendConfig
	for _, opt := range opts {
		opt(&c)
	}
	ev := store.Event{Name: string(e), Key: c.key}
	if d == nil || !d.open.Load() {
		return ev, errors.New("there is no dispatcher to send it through")
	}
	err := e.check()
	if err == nil {
		ev.Payload, err = encodeJSON(payload)
	}
	if err != nil {
		return ev, WithStatus(StatusInvalidArgument, err)
	}
	return ev, nil
}

func (e Event[T]) check() error {
	if e == "" || !utf8.ValidString(string(e)) {
		return errors.New("the name is empty, or not UTF-8")
	}
	return checkType(reflect.TypeFor[T]())
}

// Await waits for the next event of that name that is sent to the call, or was before. The function
// is suspended meanwhile, and what is said of [Function.Await] holds: it is an await of a call, of the
// function "dispatch.event" that is built in.
func (e Event[T]) Await(ctx context.Context) (T, error) {
	if durable {
		return e.Durable_Await(runtime.Detached, ctx)
	}
	var zero T
	inv, requests, err := e.begin(ctx)
	if err != nil {
		return zero, err
	}
	if err := inv.inGoroutine(engine.Receive); err != nil {
		return zero, err
	}
	results, err := inv.volatile.await(requests)
	if err != nil {
		return zero, fmt.Errorf("dispatch: event %q: %w", string(e), err)
	}
	return one[T](results)
}

// Durable_Await is the form of Await that compiled code calls.
func (e Event[T]) Durable_Await(c *runtime.Coroutine, ctx context.Context) (out T, err error) {
	if c.Resumed() {
		return one[T](takeResults(c))
	}
	inv, requests, err := e.begin(ctx)
	if err != nil {
		return out, err
	}
	if err := inv.inCoroutine(c, engine.Receive); err != nil {
		return out, err
	}
	inv.requests = requests
	c.Suspend()
	return out, nil
}

func (e Event[T]) begin(ctx context.Context) (*invocation, []engine.Request, error) {
	inv := invocationOf(ctx)
	if inv == nil {
		return nil, nil, fmt.Errorf("dispatch: event %q: %w", string(e), ErrOutside)
	}
	p := e.Plan()
	if p.invalid != "" {
		return nil, nil, WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: event %q: %s", string(e), p.invalid))
	}
	return inv, []engine.Request{p.request}, inv.shield(ctx)
}

// Plan returns a call that is done when the event has been received, for [AwaitCalls]. An event
// that comes when others were first is not lost: it waits for the next await.
func (e Event[T]) Plan() Planned {
	p := Planned{request: engine.Request{Function: engine.Receive}}
	err := e.check()
	if err == nil {
		p.request.Input, err = encodeJSON(string(e))
	}
	if err != nil {
		p.invalid = err.Error()
	}
	return p
}

// Result returns the payload of an event that was planned for and received.
func (e Event[T]) Result(o Outcome) (T, error) { return resultOf[T](o) }

// AwaitWithin is Await with a limit of time: if no event has come within d, the error is one with
// [StatusTimeout] that is [context.DeadlineExceeded]. One that is there already is received, also if d is
// 0 or less; one that comes later waits for the next await.
func (e Event[T]) AwaitWithin(ctx context.Context, d time.Duration) (T, error) {
	if durable {
		return e.Durable_AwaitWithin(runtime.Detached, ctx, d)
	}
	outcomes, err := AwaitCalls(ctx, Race, e.Plan(), PlanSleep(time.Now().Add(d)))
	return within[T](outcomes, err)
}

// Durable_AwaitWithin is the form of AwaitWithin that compiled code calls.
func (e Event[T]) Durable_AwaitWithin(c *runtime.Coroutine, ctx context.Context, d time.Duration) (out T, err error) {
	if c.Resumed() {
		return within[T](outcomesOf(takeResults(c)), nil)
	}
	outcomes, err := Durable_AwaitCalls(c, ctx, Race, e.Plan(), PlanSleep(time.Now().Add(d)))
	if err != nil || outcomes == nil {
		return out, err
	}
	return within[T](outcomes, nil)
}
