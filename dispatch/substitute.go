package dispatch

import (
	"context"
	"fmt"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// Substitute is an option of [New] that makes the dispatcher run fn for the calls of f, under
// the policy of f: for tests (see package dispatchtest), and for programs that are to run
// without what f reaches for. It may be given beside f itself, or instead; the last one counts.
func Substitute[I, O any](f *Function[I, O], fn func(context.Context, I) (O, error)) AnyFunction {
	with := &Function[I, O]{name: f.name, rest: &functionBody[I, O]{fn: fn, policy: f.body().policy, err: f.body().err}}
	if fn == nil {
		with.body().err = fmt.Errorf("dispatch: the substitute of function %q is nil", f.name)
	}
	return &substitute[I, O]{f, with}
}

type substitute[I, O any] struct {
	*Function[I, O]
	with *Function[I, O]
}

func (s *substitute[I, O]) apply(c *config) { c.functions = append(c.functions, s) }

func (s *substitute[I, O]) function(d *Dispatcher) (engine.Function, error) {
	return s.with.function(d)
}

// substituted leaves out the functions for which there is a substitute.
func substituted(all []AnyFunction) []AnyFunction {
	last := make(map[AnyFunction]AnyFunction)
	for _, f := range all {
		if f != f.original() {
			last[f.original()] = f
		}
	}
	if len(last) == 0 {
		return all
	}
	var kept []AnyFunction
	for _, f := range all {
		if s := last[f.original()]; s == nil || s == f {
			kept = append(kept, f)
		}
	}
	return kept
}
