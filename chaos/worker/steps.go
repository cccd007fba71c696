//go:build !durable

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
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
	time.Sleep(time.Duration(mathrand.IntN(20)) * time.Millisecond)
	var err error
	switch {
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

// pass notes that a workflow comes to the await at a place.
func (w *worker) pass(ctx context.Context, workflow, place int) error {
	return w.ledger.Note(ledger.Line{Event: ledger.Pass, Call: string(dispatch.CallID(ctx)), Workflow: workflow, Place: place})
}

// noticing is a handler of logs that notes in the ledger when the process has found that it was
// fenced.
type noticing struct {
	slog.Handler
	ledger *ledger.Ledger
}

func (n noticing) Handle(ctx context.Context, r slog.Record) error {
	var noted error
	r.Attrs(func(a slog.Attr) bool {
		if err, ok := a.Value.Any().(error); ok && errors.Is(err, store.ErrFenced) {
			noted = n.ledger.Note(ledger.Line{Event: ledger.Fenced})
			return false
		}
		return true
	})
	return errors.Join(noted, n.Handler.Handle(ctx, r))
}
