package dispatch

import (
	"context"
	"fmt"
	"math"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/limit"
)

// Function is a function whose calls a [Dispatcher] runs, records and tries again. It is
// made by [Func], usually as a package-level variable, and given to [New].
type Function[I, O any] struct {
	name    string
	options callOptions

	// rest is a *functionBody[I, O]. It is in an interface because states describe the types
	// of what they refer to, as far as they are known: this one ends here.
	rest any
}

type functionBody[I, O any] struct {
	self   *Function[I, O] // without the options of With
	fn     func(context.Context, I) (O, error)
	policy engine.Policy
	err    error // of Func, reported by New
	owner  atomic.Pointer[Dispatcher]
}

func (f *Function[I, O]) body() *functionBody[I, O] { return f.rest.(*functionBody[I, O]) }

// AnyFunction is a *Function of any type. It is an [Option] of [New].
type AnyFunction interface {
	Option

	// Name returns the name under which the function was made.
	Name() string

	bind(d *Dispatcher) error
	unbind(d *Dispatcher)
	function(d *Dispatcher) (engine.Function, error)
	original() AnyFunction // what is called
	bound() any            // what its copies share
	runsIn(d *Dispatcher) bool
}

// Func makes a function known to workflows as name. The name is stored with each call, so
// it must stay the same over restarts, and be the only one of its kind in a [Dispatcher].
//
// Inputs and outputs are stored as JSON. A type that JSON would lose something of, such as
// one with unexported fields or a channel, makes [New] return an error.
//
// fn is run at least once for a call, and until it returns a result or an error that is
// not temporary: see [RetryPolicy]. What it has returned is recorded once and stays. fn
// can call Await and Gather of other functions with its context, and so be a workflow.
func Func[I, O any](name string, fn func(context.Context, I) (O, error), opts ...FuncOption) *Function[I, O] {
	o := funcOptions{policy: defaultPolicy()}
	for _, opt := range opts {
		opt.setFunc(&o)
	}
	b := &functionBody[I, O]{fn: fn, policy: o.policy}
	f := &Function[I, O]{name: name, options: o.calls, rest: b}
	b.self, b.err = f, f.check()
	return f
}

func (f *Function[I, O]) check() error {
	switch {
	case f.name == "":
		return fmt.Errorf("dispatch: a function without a name")
	case f.name == engine.Sleep || f.name == engine.Receive:
		return fmt.Errorf("dispatch: function %q: the name is that of a function that is built in", f.name)
	case f.body().fn == nil:
		return fmt.Errorf("dispatch: function %q is nil", f.name)
	}
	if err := checkPolicy(f.body().policy); err != nil {
		return fmt.Errorf("dispatch: function %q: %w", f.name, err)
	}
	if f.options.invalid != "" {
		return fmt.Errorf("dispatch: function %q: %s", f.name, f.options.invalid)
	}
	if err := checkType(reflect.TypeFor[I]()); err != nil {
		return fmt.Errorf("dispatch: function %q: input: %w", f.name, err)
	}
	if err := checkType(reflect.TypeFor[O]()); err != nil {
		return fmt.Errorf("dispatch: function %q: output: %w", f.name, err)
	}
	return nil
}

// Name returns the name under which f was made.
func (f *Function[I, O]) Name() string { return f.name }

func (f *Function[I, O]) original() AnyFunction { return f.body().self }

func (f *Function[I, O]) bound() any { return f.rest }

func (f *Function[I, O]) apply(c *config) { c.functions = append(c.functions, f.body().self) }

func (f *Function[I, O]) bind(d *Dispatcher) error {
	if !f.body().owner.CompareAndSwap(nil, d) {
		return fmt.Errorf("dispatch: function %q belongs to a dispatcher that is not closed", f.name)
	}
	return nil
}

// dispatcher returns the one that f belongs to, or nil. While that is being made there is none.
func (f *Function[I, O]) dispatcher() *Dispatcher {
	if d := f.body().owner.Load(); d != nil && d.open.Load() {
		return d
	}
	return nil
}

// runsIn says whether a function that d runs may make calls of f.
func (f *Function[I, O]) runsIn(d *Dispatcher) bool {
	return f.body().owner.Load() == d || d.killed.Load()
}

func (f *Function[I, O]) unbind(d *Dispatcher) { f.body().owner.CompareAndSwap(d, nil) }

// RetryPolicy says when a call whose attempt failed is tried again: if the status of the
// error is temporary, after a wait that grows with each failed attempt and varies at
// random. An error with a method `RetryAfter() time.Duration` makes the wait at least so
// long. Fields that are zero have the values of [DefaultRetry]; see each.
//
// The count of failed attempts, which both the wait and MaxAttempts go by, starts anew when
// the call has come further than ever before: past an await that no attempt had reached.
type RetryPolicy struct {
	// Initial is the wait after the first failed attempt.
	Initial time.Duration
	// Factor is by how much each wait is longer than the last one; at least 1.
	Factor float64
	// Jitter, above 0 and up to 1, is the part of the wait by which it is made longer or
	// shorter at random. A negative value means none.
	Jitter float64
	// Cap is the longest wait, before jitter.
	Cap time.Duration
	// MaxAttempts is after how many failed attempts the error of the last one becomes the
	// outcome of the call; 0 means no limit.
	MaxAttempts int
	// AfterAwait says that a function which fails temporarily after it has awaited is run
	// again too, from its beginning: with new calls in place of those that it has made.
	// Without it such a failure is the outcome.
	AfterAwait bool
	// Statuses are those with which an attempt is tried again. Nil means those that are
	// temporary; see [Status].
	Statuses []Status
}

// DefaultRetry is the policy of a function without [WithRetry], and its fields are those
// of a policy that leaves them zero.
var DefaultRetry = RetryPolicy{
	Initial: 500 * time.Millisecond,
	Factor:  2,
	Jitter:  0.3,
	Cap:     time.Minute,
}

// DefaultConcurrency is how many attempts of a function without [WithConcurrency] run at
// a time.
const DefaultConcurrency = 256

// WithConcurrency limits how many attempts of the function run at a time in this process.
// One that awaits does not count. 0 means no limit.
func WithConcurrency(n int) FuncOption {
	return policyOption(func(e *engine.Policy) { e.Concurrency = n })
}

// WithFleetConcurrency limits how many attempts of the function run at a time in all processes that
// share the store. It comes in addition to [WithConcurrency]. 0, the default, means no limit. Give all
// processes the same.
func WithFleetConcurrency(n int) FuncOption {
	return policyOption(func(e *engine.Policy) { e.FleetConcurrency = n })
}

// WithRate limits how many attempts of the function begin in all processes that share the store: n
// in each period. They are spaced evenly, but for as many as belong to 10 milliseconds, or
// to a tenth of a second if there are several processes. What goes on behind an await does not count.
// The default is no limit.
func WithRate(n int, per time.Duration) FuncOption {
	return policyOption(func(e *engine.Policy) { e.Rate, e.Per = n, per })
}

// WithAdaptation says whether fewer attempts of the function run than [WithConcurrency] allows
// while they fail temporarily, time out or are throttled: the larger the part of them, the
// fewer. It is on by default. See package limit for how it is done.
func WithAdaptation(on bool) FuncOption {
	return policyOption(func(e *engine.Policy) { e.Adaptive = on })
}

// Breaker says when no attempt of a function begins, because most have failed temporarily.
type Breaker = limit.Breaker

// DefaultBreaker is the breaker of a function without [WithBreaker].
var DefaultBreaker = Breaker{Window: 10 * time.Second, Least: 20, Share: 0.8, Pause: 5 * time.Second, Probes: 3}

// WithBreaker sets when no attempt of the function begins. The zero value means that there is
// no breaker.
func WithBreaker(b Breaker) FuncOption {
	return policyOption(func(e *engine.Policy) { e.Breaker = b })
}

// WithEager says whether the function goes on with a result before that is recorded. When the last call
// that it awaits has returned a result, and no error, the function runs on it at once; the result, the
// function's next state and the calls that it makes are then recorded together. A step of the
// workflow is one commit in place of two: about half the time for a workflow that runs alone, and
// less work for a machine that runs many.
//
// Without the option the function does so behind those awaits for which coroc has proven that nobody can
// tell the difference: what follows, up to the end of the function, has no effects and does not take
// long. "coroc explain" says which these are, and what is in the way of others. WithEager(false) makes it
// record each result first; WithEager(true) makes it go on behind all of them.
//
// The price of that: if the process dies before that, the result is lost with what the function made of it.
// The call that was awaited is tried again, and the code behind the await runs again with
// whatever result that attempt returns, which may be another one. So what the function itself does
// between its awaits should have no effect outside of it, or none that must not happen for a result that
// was never recorded; effects belong into the functions that are awaited. And it should not take
// long: until it ends or awaits, the result of the last call is not recorded, and nobody else
// who waits for that one gets it. After an error, and whenever the function is not in memory, the
// result is recorded first, as without the option.
//
// In a volatile build it changes nothing.
func WithEager(on bool) FuncOption {
	return policyOption(func(e *engine.Policy) {
		e.Eager = engine.Never
		if on {
			e.Eager = engine.Always
		}
	})
}

func defaultPolicy() engine.Policy {
	return engine.Policy{Retry: DefaultRetry.engine(), Concurrency: DefaultConcurrency, Adaptive: true, Breaker: DefaultBreaker}
}

// engine returns the policy with what it leaves zero.
func (p RetryPolicy) engine() engine.Retry {
	r := engine.Retry{
		Initial:     or(p.Initial, DefaultRetry.Initial),
		Factor:      or(p.Factor, DefaultRetry.Factor),
		Jitter:      max(or(p.Jitter, DefaultRetry.Jitter), 0),
		Cap:         or(p.Cap, DefaultRetry.Cap),
		MaxAttempts: p.MaxAttempts,
		Restart:     p.AfterAwait,
	}
	for _, s := range p.Statuses {
		r.Statuses = append(r.Statuses, int(s))
	}
	return r
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func checkPolicy(p engine.Policy) error {
	switch {
	case p.Timeout < 0:
		return fmt.Errorf("the timeout is negative")
	case p.Concurrency < 0 || p.FleetConcurrency < 0:
		return fmt.Errorf("the concurrency is negative")
	case p.Rate < 0 || p.Rate > 0 && p.Per <= 0:
		return fmt.Errorf("the rate %d in %v is not a rate", p.Rate, p.Per)
	case p.Breaker.Window < 0 || p.Breaker.Window > 0 && (p.Breaker.Pause <= 0 || p.Breaker.Least < 1 || p.Breaker.Share <= 0 || p.Breaker.Share > 1):
		return fmt.Errorf("the breaker %+v lacks a window, a least number, a share up to 1 or a pause", p.Breaker)
	}
	if err := checkPartition(p.Partition); err != nil {
		return err
	}
	return checkRetry(p.Retry)
}

func checkRetry(r engine.Retry) error {
	switch {
	case r.Initial < 0 || r.Cap < 0:
		return fmt.Errorf("retry: a wait is negative")
	case !(r.Factor >= 1) || math.IsInf(r.Factor, 1):
		return fmt.Errorf("retry: the factor %v is less than 1, or not a number", r.Factor)
	case !(r.Jitter <= 1):
		return fmt.Errorf("retry: the jitter %v is greater than 1", r.Jitter)
	case r.MaxAttempts < 0:
		return fmt.Errorf("retry: the number of attempts is negative")
	}
	return nil
}
