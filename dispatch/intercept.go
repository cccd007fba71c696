package dispatch

import (
	"context"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// Interceptor is called each time that code of a function is about to run: at the start of
// an attempt, and when one goes on behind an await. The context that it returns, which is to
// be derived from ctx, has the values that the function's context has until the next await.
// An error ends the attempt as if the function had returned it there.
//
// It is called from many goroutines, and its time counts as the function's.
type Interceptor func(ctx context.Context, a AttemptInfo) (context.Context, error)

// AttemptInfo describes an attempt that is about to run.
type AttemptInfo struct {
	Call     ID
	Parent   ID // of the call that awaits it; "" for one from outside
	Root     ID // of the call from outside that it was made for
	Function string
	Number   int // from 1; attempts that a crash cut short are not counted
	Resumed  bool
	Input    []byte // JSON; not to be changed
}

// WithInterceptor makes the dispatcher call f before code of a function runs. There may be
// several; they are called in the order in which they were given.
func WithInterceptor(f Interceptor) Option {
	return option(func(c *config) {
		if f != nil {
			c.interceptors = append(c.interceptors, f)
		}
	})
}

// intercept puts the interceptors before each run of an execution.
func (inv *invocation) intercept(function string, x engine.Execution) engine.Execution {
	if len(inv.d.interceptors) == 0 {
		return x
	}
	a := &inv.attempt
	return &interceptedExecution{Execution: x, inv: inv, info: AttemptInfo{
		Call: ID(a.ID), Parent: ID(a.Parent), Root: ID(a.Root), Function: function,
		Number: a.Number, Resumed: a.State != nil, Input: a.Input,
	}}
}

type interceptedExecution struct {
	engine.Execution
	inv  *invocation
	info AttemptInfo
}

func (x *interceptedExecution) Run(results []engine.Result) engine.Turn {
	var t engine.Turn
	protect(&t, func() {
		t.Failure = nil
		ctx := x.inv.attempt.Base
		for _, f := range x.inv.d.interceptors {
			var err error
			if ctx, err = f(ctx, x.info); err != nil {
				t.Failure = encodeFailure(err)
				return
			}
		}
		x.inv.ctx.setBase(ctx)
	})
	if t.Failure != nil {
		return t
	}
	x.info.Resumed = true
	return x.Execution.Run(results)
}
