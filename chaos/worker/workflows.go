//go:build !durable

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
)

// letter is what an inbox waits for.
const letter dispatch.Event[int64] = "letter"

// newWorkflows returns the workflows by their shapes, and all functions.
func newWorkflows(w *worker) (map[string]*dispatch.Function[plan.Spec, plan.Result], []dispatch.Option) {
	step := dispatch.Func(plan.Step, w.step, impatient)
	undo := dispatch.Func(plan.Undo, w.undo, impatient)

	sequence := dispatch.Func(plan.Sequence, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		return inTurn(ctx, w, step, s)
	})
	retries := dispatch.Func(plan.Retries, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		return inTurn(ctx, w, step, s)
	})
	fanOut := dispatch.Func(plan.FanOut, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		first, err := step.Await(ctx, plan.Input{Workflow: s.Number, Value: int64(s.Number)})
		if err != nil {
			return plan.Result{}, err
		}
		tokens := []string{first.Token}
		var ins []plan.Input
		for i := range s.Width {
			ins = append(ins, plan.Input{Workflow: s.Number, Place: 1, Position: i, Value: first.Value})
		}
		if err := w.pass(ctx, s.Number, 1); err != nil {
			return plan.Result{}, err
		}
		outs, err := step.Gather(ctx, ins)
		if err != nil {
			return plan.Result{}, err
		}
		sum := int64(0)
		for _, out := range outs {
			tokens = append(tokens, out.Token)
			sum += out.Value
		}
		if err := w.pass(ctx, s.Number, 2); err != nil {
			return plan.Result{}, err
		}
		last, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: 2, Value: sum % 1000})
		return plan.Result{Tokens: append(tokens, last.Token), Value: last.Value}, err
	})

	branch := dispatch.Func(plan.Branch, func(ctx context.Context, in plan.Input) (plan.Result, error) {
		r := plan.Result{Value: in.Value}
		for i := range plan.BranchSteps {
			if err := w.pass(ctx, in.Workflow, i); err != nil {
				return plan.Result{}, err
			}
			out, err := step.Await(ctx, plan.Input{Workflow: in.Workflow, Place: i, Position: in.Position, Value: r.Value})
			if err != nil {
				return plan.Result{}, err
			}
			r.Tokens, r.Value = append(r.Tokens, out.Token), out.Value
		}
		return r, nil
	})
	tree := dispatch.Func(plan.Tree, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		var ins []plan.Input
		for i := range s.Width {
			ins = append(ins, plan.Input{Workflow: s.Number, Position: i, Value: int64(s.Number)})
		}
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		branches, err := branch.Gather(ctx, ins)
		var r plan.Result
		for _, b := range branches {
			r.Tokens, r.Value = append(r.Tokens, b.Tokens...), r.Value+b.Value%1000
		}
		return r, err
	})

	saga := dispatch.Func(plan.Saga, func(ctx context.Context, s plan.Spec) (r plan.Result, err error) {
		r.Value = int64(s.Number)
		place := 0
		for i := range s.Width {
			if err := w.pass(ctx, s.Number, place); err != nil {
				return plan.Result{}, err
			}
			out, failed := step.Await(ctx, plan.Input{Workflow: s.Number, Place: place, Value: r.Value, Doomed: s.Doomed && i == s.Width-1})
			place++
			if failed != nil {
				return plan.Result{}, failed
			}
			r.Tokens, r.Value = append(r.Tokens, out.Token), out.Value
			defer func() {
				if err == nil {
					return
				}
				if perr := w.pass(ctx, s.Number, place); perr != nil {
					err = perr
					return
				}
				if _, uerr := undo.Await(ctx, plan.Input{Workflow: s.Number, Place: place, Position: i}); uerr != nil {
					err = fmt.Errorf("step %d was not undone: %w", i, uerr)
				}
				place++
			}()
		}
		return r, nil
	})

	nap := dispatch.Func(plan.Nap, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		first, err := step.Await(ctx, plan.Input{Workflow: s.Number, Value: int64(s.Number)})
		if err != nil {
			return plan.Result{}, err
		}
		if err := dispatch.Sleep(ctx, s.Rest()); err != nil {
			return plan.Result{}, err
		}
		if err := w.pass(ctx, s.Number, 1); err != nil {
			return plan.Result{}, err
		}
		last, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: 1, Value: first.Value})
		return plan.Result{Tokens: []string{first.Token, last.Token}, Value: last.Value}, err
	})

	race := dispatch.Func(plan.Race, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		var calls []dispatch.Planned
		for _, in := range s.Rivals() {
			calls = append(calls, step.Plan(in))
		}
		calls = append(calls, dispatch.PlanSleep(time.Now().Add(20*time.Millisecond)))
		strategy := dispatch.Race
		if s.Doomed {
			strategy = dispatch.Any
		}
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		outcomes, err := dispatch.AwaitCalls(ctx, strategy, calls...)
		if err != nil {
			return plan.Result{}, err
		}
		winner := dispatch.First(outcomes)
		token := plan.Slept
		if winner < s.Width {
			out, err := step.Result(outcomes[winner])
			if err != nil {
				return plan.Result{}, err
			}
			token = out.Token
		}
		if err := w.pass(ctx, s.Number, 1); err != nil {
			return plan.Result{}, err
		}
		last, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: 1, Value: int64(s.Number)})
		return plan.Result{Tokens: []string{token, last.Token}, Value: last.Value}, err
	})

	quit := dispatch.Func(plan.Quit, func(ctx context.Context, s plan.Spec) (_ plan.Result, err error) {
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		if _, err := step.Await(ctx, plan.Input{Workflow: s.Number, Value: int64(s.Number)}); err != nil {
			return plan.Result{}, err
		}
		defer func() {
			if perr := w.pass(ctx, s.Number, 2); perr != nil {
				err = perr
				return
			}
			if _, uerr := undo.Await(context.WithoutCancel(ctx), plan.Input{Workflow: s.Number, Place: 2}); uerr != nil {
				err = fmt.Errorf("the step was not undone: %w", uerr)
			}
		}()
		for {
			if err := w.pass(ctx, s.Number, 1); err != nil {
				return plan.Result{}, err
			}
			w.quit(ctx)
			if err := dispatch.Sleep(ctx, 500*time.Millisecond); err != nil {
				return plan.Result{}, err
			}
		}
	})

	inbox := dispatch.Func(plan.Inbox, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		if err := w.pass(ctx, s.Number, 0); err != nil {
			return plan.Result{}, err
		}
		first, err := step.Await(ctx, plan.Input{Workflow: s.Number, Value: int64(s.Number)})
		if err != nil {
			return plan.Result{}, err
		}
		v := first.Value
		for range s.Width {
			payload, err := letter.Await(ctx)
			if err != nil {
				return plan.Result{}, err
			}
			v = plan.Fold(v, payload)
		}
		if err := w.pass(ctx, s.Number, 1); err != nil {
			return plan.Result{}, err
		}
		last, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: 1, Value: v})
		return plan.Result{Tokens: []string{first.Token, last.Token}, Value: last.Value}, err
	})

	var laps *dispatch.Function[plan.Spec, plan.Result]
	laps = dispatch.Func(plan.Laps, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		lap := len(s.Behind)
		if lap == 0 {
			s.Value = int64(s.Number)
		}
		if err := w.pass(ctx, s.Number, lap); err != nil {
			return plan.Result{}, err
		}
		out, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: lap, Value: s.Value})
		if err != nil {
			return plan.Result{}, err
		}
		s.Behind, s.Value = append(s.Behind, out.Token), out.Value
		if lap+1 < s.Width {
			return laps.Tail(ctx, s)
		}
		return plan.Result{Tokens: s.Behind, Value: s.Value}, nil
	})

	var endless *dispatch.Function[plan.Spec, plan.Result]
	endless = dispatch.Func(plan.Endless, func(ctx context.Context, s plan.Spec) (plan.Result, error) {
		lap := len(s.Behind)
		if lap == 0 {
			s.Value = int64(s.Number)
		}
		if err := w.pass(ctx, s.Number, 1+lap); err != nil {
			return plan.Result{}, err
		}
		if _, err := step.Start(ctx, s.Stray(lap)); err != nil {
			return plan.Result{}, err
		}
		out, err := step.Await(ctx, plan.Input{Workflow: s.Number, Place: 1 + lap, Value: s.Value})
		if err != nil {
			return plan.Result{}, err
		}
		for {
			payload, err := letter.Await(ctx)
			if err != nil {
				return plan.Result{}, err
			}
			if payload == s.Payload(lap) {
				s.Behind, s.Value = append(s.Behind, out.Token), plan.Fold(out.Value, payload)
				break
			}
			if err := w.again(ctx, s, payload); err != nil {
				return plan.Result{}, err
			}
		}
		if err := dispatch.Sleep(ctx, plan.Lull); err != nil {
			return plan.Result{}, err
		}
		if lap+1 < s.Width {
			return endless.Tail(ctx, s)
		}
		return plan.Result{Tokens: s.Behind, Value: s.Value}, nil
	})

	return map[string]*dispatch.Function[plan.Spec, plan.Result]{
		plan.Endless:  endless,
		plan.Sequence: sequence, plan.FanOut: fanOut, plan.Tree: tree, plan.Saga: saga, plan.Retries: retries,
		plan.Nap: nap, plan.Race: race, plan.Quit: quit, plan.Inbox: inbox, plan.Laps: laps,
	}, []dispatch.Option{step, undo, sequence, fanOut, branch, tree, saga, retries, nap, race, quit, inbox, laps, endless}
}

// inTurn awaits steps one after the other, each with what came of the one before.
func inTurn(ctx context.Context, w *worker, step *dispatch.Function[plan.Input, plan.Output], s plan.Spec) (plan.Result, error) {
	r := plan.Result{Value: int64(s.Number)}
	for i := range s.Width {
		if err := w.pass(ctx, s.Number, i); err != nil {
			return plan.Result{}, err
		}
		in := plan.Input{Workflow: s.Number, Place: i, Value: r.Value}
		if s.Shape == plan.Retries {
			in.Fails = s.Fails(i)
		}
		out, err := step.Await(ctx, in)
		if err != nil {
			return plan.Result{}, err
		}
		r.Tokens, r.Value = append(r.Tokens, out.Token), out.Value
	}
	return r, nil
}
