package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Sleep lets the function of a call wait for d: minutes or years. It is an await, of a call of
// the function "dispatch.sleep" that is built in: the function is suspended meanwhile and takes
// up no place, and the time at which it goes on is stored, so that it passes also while no
// process runs.
//
// The error is nil, or what ended the sleep or kept it from beginning: the call was canceled, or
// ctx was done before; see [Function.Await], also for what functions may sleep.
func Sleep(ctx context.Context, d time.Duration) error {
	return SleepUntil(ctx, time.Now().Add(d))
}

// SleepUntil lets the function of a call wait until t; see [Sleep]. Of a time of day it is the clock of
// the machine that counts, and in a fleet that of the store.
func SleepUntil(ctx context.Context, t time.Time) error {
	if durable {
		return Durable_SleepUntil(runtime.Detached, ctx, t)
	}
	inv, err := beginSleep(ctx)
	if err != nil {
		return err
	}
	if err := inv.inGoroutine(engine.Sleep); err != nil {
		return err
	}
	results, err := inv.volatile.await([]engine.Request{counted(sleepRequest(t))})
	if err != nil {
		return fmt.Errorf("dispatch: %s: %w", engine.Sleep, err)
	}
	_, err = one[any](results)
	return err
}

// Durable_Sleep is the form of Sleep that compiled code calls.
func Durable_Sleep(c *runtime.Coroutine, ctx context.Context, d time.Duration) error {
	return Durable_SleepUntil(c, ctx, time.Now().Add(d))
}

// Durable_SleepUntil is the form of SleepUntil that compiled code calls.
func Durable_SleepUntil(c *runtime.Coroutine, ctx context.Context, t time.Time) error {
	if c.Resumed() {
		_, err := one[any](takeResults(c))
		return err
	}
	inv, err := beginSleep(ctx)
	if err != nil {
		return err
	}
	if err := inv.inCoroutine(c, engine.Sleep); err != nil {
		return err
	}
	inv.requests = []engine.Request{counted(sleepRequest(t))}
	c.Suspend()
	return nil
}

func beginSleep(ctx context.Context) (*invocation, error) {
	inv := invocationOf(ctx)
	if inv == nil {
		return nil, fmt.Errorf("dispatch: %s: %w", engine.Sleep, ErrOutside)
	}
	return inv, inv.shield(ctx)
}

// sleepRequest returns the call that is awaited. Its input is for people only.
func sleepRequest(t time.Time) engine.Request {
	return engine.Request{Function: engine.Sleep, Input: []byte(t.UTC().Format(`"2006-01-02T15:04:05.999Z"`)), Due: t}
}

// counted returns a request that is made now. To sleep until a time that was counted from another one in
// this process, as by time.Now().Add, is to sleep for so long, whatever clocks show.
func counted(r engine.Request) engine.Request {
	if r.Function == engine.Sleep && r.Due != r.Due.Round(0) {
		r.Delay, r.Due = max(time.Until(r.Due), 0), time.Time{}
	}
	return r
}
