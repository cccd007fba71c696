package dispatch

import (
	"context"
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// ID is the id of a call. It is unique over all stores and for all time: also a store that
// is restored from a backup does not give out again what it gave out before.
type ID string

// CallID returns the id of the call whose function was given ctx, or "" if there is none.
// It is the same in all attempts of the call, so it is the idempotency key to hand to a
// service that is asked to do something once.
func CallID(ctx context.Context) ID {
	if inv := invocationOf(ctx); inv != nil {
		return inv.id()
	}
	return ""
}

// Attempt returns the number of the attempt at the call whose function was given ctx,
// from 1, or 0 if there is none. Attempts that a crash cut short are not counted.
func Attempt(ctx context.Context) int {
	if inv := invocationOf(ctx); inv != nil {
		return inv.attempt.Number
	}
	return 0
}

// dispatchConfig is what the options of Dispatch say.
type dispatchConfig struct {
	key   string
	calls callOptions
}

// WithKey makes Dispatch idempotent: of all calls with one key, only the first is made, and
// all others get its id. The key is remembered as long as that call: see [WithRetention]. To use a key with
// another function or another input is an error, [ErrKeyConflict].
func WithKey(key string) DispatchOption { return keyOption(key) }

// Errors that calls are refused with.
var (
	// ErrKeyConflict: the key belongs to a call of another function or with another input.
	ErrKeyConflict = engine.ErrKeyConflict
	// ErrNoSuchCall: the id is not one of a call in this store.
	ErrNoSuchCall = engine.ErrNoSuchCall
	// ErrElsewhere: the process has lost the call to another one; see [SetProgress].
	ErrElsewhere = engine.ErrElsewhere
	// ErrClosed: the dispatcher is closed.
	ErrClosed = engine.ErrClosed
	// ErrParked: the call is parked: until [Dispatcher.Retry], because its attempts ended with
	// their process again and again; or until the next start, because its state cannot be loaded or
	// stored, or because its function was not compiled by coroc.
	ErrParked = engine.ErrParked
	// ErrNotParked: the call is not one that Retry can make run.
	ErrNotParked = engine.ErrNotParked
	// ErrNotCompiled: in a durable build, an await by code that coroc has not compiled.
	ErrNotCompiled = errors.New("not compiled by coroc")
	// ErrNotRegistered: the function has not been given to [New].
	ErrNotRegistered = errors.New("the function does not belong to a dispatcher")
	// ErrOutside: Await or Gather outside of a function that a dispatcher runs.
	ErrOutside = errors.New("await outside of a call; use Dispatch and Wait there")
)

// Dispatch makes a call of f, and returns its id when it is stored: it will be run even if
// the process is killed in the next moment. It is meant for code outside of workflows, to
// start one. Inside, use Await or Gather, or give a key (see [WithKey]), because what a
// function does between two awaits may be done again.
func (f *Function[I, O]) Dispatch(ctx context.Context, in I, opts ...DispatchOption) (ID, error) {
	d := f.dispatcher()
	if d == nil {
		return "", fmt.Errorf("dispatch: %s: %w", f.name, ErrNotRegistered)
	}
	r, key, err := f.dispatched(in, opts)
	if err != nil {
		return "", err
	}
	id, err := d.engine.Dispatch(ctx, r, key)
	if err != nil {
		return "", fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return ID(id), nil
}

// dispatched returns the call that is made from outside, and its key.
func (f *Function[I, O]) dispatched(in I, opts []DispatchOption) (engine.Request, string, error) {
	c := dispatchConfig{calls: f.options}
	for _, o := range opts {
		o.setDispatch(&c)
	}
	if err := c.calls.check(f.name); err != nil {
		return engine.Request{}, "", err
	}
	input, err := encodeJSON(in)
	if err != nil {
		return engine.Request{}, "", fmt.Errorf("dispatch: %s: input: %w", f.name, err)
	}
	return c.calls.request(f.name, input), c.key, nil
}

// Wait waits until the call with that id is done, and returns its result. A call that
// failed gives its error, as Await does; for one that is parked the error is [ErrParked]. The
// call must be one of f.
func (f *Function[I, O]) Wait(ctx context.Context, id ID) (O, error) {
	var zero O
	d := f.dispatcher()
	if d == nil {
		return zero, fmt.Errorf("dispatch: %s: %w", f.name, ErrNotRegistered)
	}
	r, err := d.engine.Wait(ctx, string(id), f.name)
	if err != nil {
		return zero, fmt.Errorf("dispatch: %s: %w", f.name, err)
	}
	return decodeResult[O](r)
}
