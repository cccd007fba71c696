package dispatchtest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/coroc-dev/coroc/dispatch"
)

// Mock makes fn run for the calls of f, under the policy of f. It may be given beside f itself.
func Mock[I, O any](f *dispatch.Function[I, O], fn func(context.Context, I) (O, error)) dispatch.Option {
	return dispatch.Substitute(f, fn)
}

// Returns makes all calls of f succeed with out.
func Returns[I, O any](f *dispatch.Function[I, O], out O) dispatch.Option {
	return dispatch.Substitute(f, func(context.Context, I) (O, error) { return out, nil })
}

// Fails makes all attempts of f fail with err.
func Fails[I, O any](f *dispatch.Function[I, O], err error) dispatch.Option {
	return dispatch.Substitute(f, func(context.Context, I) (out O, _ error) { return out, err })
}

// Attempt is one that has begun.
type Attempt struct {
	Function string
	Call     dispatch.ID
	Parent   dispatch.ID // "" for a call from outside
	Number   int         // from 1; attempts that a crash cut short are not counted
	Process  int         // from 1; one more after each crash
	Input    json.RawMessage
}

// String returns the attempt as a call: `charge("ann")`, and `charge("ann") #2` for the second
// attempt at it.
func (a Attempt) String() string {
	s := fmt.Sprintf("%s(%s)", a.Function, a.Input)
	if a.Number > 1 {
		s += fmt.Sprintf(" #%d", a.Number)
	}
	return s
}

// Attempts returns the attempts of all functions, or of those that are given, in the order in
// which they began, which is any order for calls of one Gather. That one went on behind an await is not an attempt of its own.
func (r *Runner) Attempts(of ...interface{ Name() string }) []Attempt {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(of) == 0 {
		return slices.Clone(r.attempts)
	}
	var all []Attempt
	for _, a := range r.attempts {
		for _, f := range of {
			if f.Name() == a.Function {
				all = append(all, a)
				break
			}
		}
	}
	return all
}

// Inputs returns what f was called with: one input for each call, in the order in which the
// calls first began.
func Inputs[I, O any](r *Runner, f *dispatch.Function[I, O]) []I {
	r.t.Helper()
	seen := make(map[string]bool)
	var all []I
	for _, a := range r.Attempts(f) {
		call := string(a.Call) + string(a.Input) // one that was handed over has several
		if seen[call] {
			continue
		}
		seen[call] = true
		var in I
		if err := json.Unmarshal(a.Input, &in); err != nil {
			r.t.Fatalf("dispatchtest: input of %s: %v", a.Function, err)
		}
		all = append(all, in)
	}
	return all
}

// interceptor notes the attempts of a process, and makes those fail that are to.
func (r *Runner) interceptor(process int) dispatch.Interceptor {
	return func(ctx context.Context, a dispatch.AttemptInfo) (context.Context, error) {
		if a.Resumed {
			return ctx, nil
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.attempts = append(r.attempts, Attempt{
			Function: a.Function, Call: a.Call, Parent: a.Parent, Number: a.Number, Process: process,
			Input: slices.Clone(a.Input),
		})
		r.begun[a.Function]++
		return ctx, r.failures[failure{a.Function, r.begun[a.Function]}]
	}
}
