package dispatch

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
)

// FuncOption is an option of [Func].
type FuncOption interface{ setFunc(*funcOptions) }

// CallOption is an option of calls: of [Function.With], [Function.Dispatch] and
// [Function.DispatchTx].
type CallOption interface {
	DispatchOption
	setCall(*callOptions)
}

// DispatchOption is an option of [Function.Dispatch] and [Function.DispatchTx].
type DispatchOption interface{ setDispatch(*dispatchConfig) }

// Setting is an option of [Func], for all calls of a function, and a [CallOption], which
// goes before that.
type Setting interface {
	FuncOption
	CallOption
}

// funcOptions are the options of a function.
type funcOptions struct {
	policy engine.Policy
	calls  callOptions
}

// callOptions are the options of calls that are yet to be made. They are plain data, so that a
// Function with options can be kept across an await.
type callOptions struct {
	policy    string // engine.Options as JSON; "" for none
	priority  int
	ranked    bool // priority is set
	partition string
	delay     time.Duration
	start     int64 // when it begins, milliseconds since 1970; 0 for at once, or by the delay
	lifetime  time.Duration
	deadline  int64  // when it is to be done; 0 for any time, or by the lifetime
	invalid   string // what is wrong with the options
}

type policyOption func(*engine.Policy)

func (o policyOption) setFunc(f *funcOptions) { o(&f.policy) }

type callOption func(*callOptions)

func (o callOption) setCall(c *callOptions)        { o(c) }
func (o callOption) setDispatch(c *dispatchConfig) { o(&c.calls) }

// setting is an option that functions and calls have alike.
type setting struct{ callOption }

func (s setting) setFunc(f *funcOptions) { s.callOption(&f.calls) }

// ownPolicy is an option that changes the policy of a function, or that of a call.
type ownPolicy struct {
	policyOption
	callOption
}

type keyOption string

func (k keyOption) setDispatch(c *dispatchConfig) { c.key = string(k) }

// With returns a copy of f whose calls have these options:
//
//	receipt, err := charge.With(dispatch.WithTimeout(time.Minute), dispatch.WithPriority(1)).Await(ctx, id)
//
// It can be used for Await, Gather, Plan, Dispatch and the like, and be kept in a variable across an
// await. What it does not set is as it is for f. What is wrong with an option is the error of
// the call.
func (f *Function[I, O]) With(opts ...CallOption) *Function[I, O] {
	g := *f
	for _, o := range opts {
		o.setCall(&g.options)
	}
	return &g
}

// WithTimeout limits how long the function may run: from its start to its end or first
// await, and then from each await to the next. The time for which it is suspended does not
// count. When the time is over, the function's context is done with
// [context.DeadlineExceeded]; the context has no Deadline, since that would move. 0 means no
// limit.
//
// A function that goes on regardless cannot be stopped: the attempt counts as timed out,
// what it returns later is dropped, and until then it takes up its place under
// [WithConcurrency].
func WithTimeout(d time.Duration) Setting {
	return ownPolicy{
		func(e *engine.Policy) { e.Timeout = d },
		func(c *callOptions) {
			if d < 0 {
				c.invalid = "the timeout is negative"
				return
			}
			c.change(func(o *engine.Options) { o.Timeout = &d })
		},
	}
}

// WithRetry sets when calls are tried again.
func WithRetry(p RetryPolicy) Setting {
	r := p.engine()
	return ownPolicy{
		func(e *engine.Policy) { e.Retry = r },
		func(c *callOptions) {
			if err := checkRetry(r); err != nil {
				c.invalid = err.Error()
				return
			}
			c.change(func(o *engine.Options) { o.Retry = &r })
		},
	}
}

// WithPriority sets the priority of calls: of those that could run the ones with the greatest go
// first, but for one turn in eight, which belongs to those that have waited for longest, so that none
// waits for good. It is 0 for calls from outside without it. A call that is awaited has the priority of the
// one that awaits it, if neither its own options nor those of its function set another.
func WithPriority(n int) Setting {
	return setting{func(c *callOptions) {
		if n < math.MinInt32 || n > math.MaxInt32 {
			c.invalid = fmt.Sprintf("the priority %d is too far from 0", n)
		}
		c.priority, c.ranked = n, true
	}}
}

// WithPartition says which part of the calls of a function calls belong to: those of one customer,
// say. [WithPartitionLimits] of the function limits each of them, and keeps their calls in order.
// Calls of different partitions do not wait for each other.
func WithPartition(key string) Setting {
	return setting{func(c *callOptions) { c.partition = key }}
}

// WithDelay makes calls begin when d has passed since they were made. That time is stored.
func WithDelay(d time.Duration) Setting {
	return setting{func(c *callOptions) { c.delay, c.start = d, 0 }}
}

// WithStart makes calls begin at t, not before.
func WithStart(t time.Time) CallOption {
	return callOption(func(c *callOptions) { c.delay, c.start = 0, stored(t) })
}

// WithLifetime limits how long calls may take as a whole, since they were made: with all attempts
// and awaits, the waits before and between them, and the time for which no process runs. A call
// that has not begun by then never does. One that has begun is told to end, as by
// [Dispatcher.Cancel], but its error and that of its context are [context.DeadlineExceeded], its
// status is [StatusTimeout], and a function that goes on regardless is given up after a second.
func WithLifetime(d time.Duration) Setting {
	return setting{func(c *callOptions) {
		c.lifetime, c.deadline = d, 0
		if d <= 0 {
			c.invalid = "the lifetime is not positive"
		}
	}}
}

// WithDeadline says when calls are to end, as [WithLifetime] does.
func WithDeadline(t time.Time) CallOption {
	return callOption(func(c *callOptions) { c.lifetime, c.deadline = 0, stored(t) })
}

// stored returns a time as it is stored: not before t, and 0 for none.
func stored(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Add(time.Millisecond - 1).UnixMilli()
}

// change changes what calls have of their own in the policy of their function.
func (c *callOptions) change(f func(*engine.Options)) {
	o := engine.ReadOptions([]byte(c.policy))
	f(&o)
	b, err := json.Marshal(o)
	if err != nil {
		panic(err) // it has been checked that there are numbers only
	}
	c.policy = string(b)
}

// request returns a call with these options.
func (c *callOptions) request(function string, input []byte) engine.Request {
	r := engine.Request{Function: function, Input: input, Priority: c.priority, Ranked: c.ranked, Partition: c.partition}
	if c.policy != "" {
		r.Options = []byte(c.policy)
	}
	switch {
	case c.delay > 0:
		r.Delay = c.delay
	case c.start != 0:
		r.Due = time.UnixMilli(c.start)
	}
	switch {
	case c.lifetime > 0:
		r.Lifetime = c.lifetime
	case c.deadline != 0:
		r.Deadline = time.UnixMilli(c.deadline)
	}
	return r
}

// check returns what is wrong with the options.
func (c *callOptions) check(function string) error {
	if c.invalid == "" {
		return nil
	}
	return WithStatus(StatusInvalidArgument, fmt.Errorf("dispatch: %s: %s", function, c.invalid))
}
