//go:build !durable

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// impatient makes steps be tried again soon.
var impatient = dispatch.WithRetry(dispatch.RetryPolicy{Initial: 20 * time.Millisecond, Cap: 200 * time.Millisecond})

// worker is what the functions need.
type worker struct {
	ledger  *ledger.Ledger
	process string
}

// step notes that it runs, does so for a while, and returns a result that no other attempt has.
func (w *worker) step(ctx context.Context, in plan.Input) (plan.Output, error) {
	return w.effect(ctx, plan.Step, in)
}

func (w *worker) undo(ctx context.Context, in plan.Input) (plan.Output, error) {
	return w.effect(ctx, plan.Undo, in)
}

func (w *worker) effect(ctx context.Context, function string, in plan.Input) (plan.Output, error) {
	line := ledger.Line{
		Event: ledger.Begin, Function: function, Call: string(dispatch.CallID(ctx)), Attempt: dispatch.Attempt(ctx),
		Workflow: in.Workflow, Place: in.Place, Token: rand.Text(),
	}
	if err := w.ledger.Note(line); err != nil {
		return plan.Output{}, err
	}
	takes, over := time.Duration(mathrand.IntN(20))*time.Millisecond, (<-chan struct{})(nil)
	if in.Yields {
		takes, over = 3*takes, ctx.Done()
	}
	var err error
	select {
	case <-time.After(takes):
	case <-over:
		err = ctx.Err()
	}
	switch {
	case err != nil:
	case in.Doomed:
		err = errors.New("doomed")
	case line.Attempt <= in.Fails:
		err = dispatch.WithStatus(dispatch.StatusTemporaryError, fmt.Errorf("attempt %d of %d that fail", line.Attempt, in.Fails))
	}
	line.Event = ledger.OK
	if err != nil {
		line.Event = ledger.Failed
	}
	if nerr := w.ledger.Note(line); nerr != nil {
		return plan.Output{}, nerr
	}
	return plan.Output{Token: line.Token, Value: plan.Of(in)}, err
}

// quit cancels the call that ctx is of, in a while. If the process is gone by then, or has lost the
// call, that does not happen.
func (w *worker) quit(ctx context.Context) {
	d, id := dispatch.DispatcherOf(ctx), dispatch.CallID(ctx)
	time.AfterFunc(time.Duration(mathrand.IntN(60))*time.Millisecond, func() { _ = d.Cancel(context.Background(), id) })
}

// pass notes that a workflow comes to the await at a place.
func (w *worker) pass(ctx context.Context, workflow, place int) error {
	return w.ledger.Note(ledger.Line{Event: ledger.Pass, Call: string(dispatch.CallID(ctx)), Workflow: workflow, Place: place})
}

// again notes that a workflow has received the event of an earlier lap once more.
func (w *worker) again(ctx context.Context, s plan.Spec, payload int64) error {
	for lap := range s.Behind {
		if payload == s.Payload(lap) {
			return w.ledger.Note(ledger.Line{Event: ledger.Again, Call: string(dispatch.CallID(ctx)), Workflow: s.Number, Place: 1 + lap})
		}
	}
	return fmt.Errorf("lap %d of workflow %d has received %d, which is none of its events so far", len(s.Behind), s.Number, payload)
}

// noticing is a handler of logs that notes in the ledger when the process has found that it was
// fenced, or that the store refuses a step.
type noticing struct {
	slog.Handler
	ledger *ledger.Ledger
}

func (n noticing) Handle(ctx context.Context, r slog.Record) error {
	var noted error
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		switch {
		case !ok:
			return true
		case errors.Is(err, store.ErrFenced):
			noted = n.ledger.Note(ledger.Line{Event: ledger.Fenced})
		case strings.Contains(r.Message, "could not be stored") && !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, dispatch.ErrClosed):
			noted = n.ledger.Note(ledger.Line{Event: ledger.Refused, Token: r.Message + ": " + err.Error()})
		}
		return false
	})
	return errors.Join(noted, n.Handler.Handle(ctx, r))
}
