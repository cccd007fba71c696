package dispatch

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// callContext is the context that a function is given. It is one object for the whole of
// an execution, so that frames and derived contexts can refer to it; how long the function
// may run at a time is therefore not its deadline, only the reason for which it is done.
type callContext struct {
	inv *invocation

	mu    sync.Mutex
	base  context.Context // where values come from
	done  chan struct{}   // nil until somebody asks for it
	err   error
	told  bool // what is derived from it is done too
	after map[*func()]struct{}
}

func (c *callContext) Deadline() (time.Time, bool) { return time.Time{}, false }

func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	return c.done
}

func (c *callContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

type invocationKey struct{}

func (c *callContext) Value(key any) any {
	if key == (invocationKey{}) {
		return c.inv
	}
	c.mu.Lock()
	base := c.base
	c.mu.Unlock()
	return base.Value(key)
}

func (c *callContext) setBase(base context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = base
}

// AfterFunc is what package context looks for, to derive contexts without a goroutine.
func (c *callContext) AfterFunc(f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	key := &f
	if c.after == nil {
		c.after = make(map[*func()]struct{})
	}
	c.after[key] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, ok := c.after[key]
		delete(c.after, key)
		return ok
	}
}

func (c *callContext) cancel(cause error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = cause
	if c.done != nil {
		close(c.done)
	}
	after := c.after
	c.after = nil
	c.mu.Unlock()
	// They are of package context, and end derived contexts: without delay, so that an await
	// can tell which ones are not derived.
	for f := range after {
		(*f)()
	}
	c.mu.Lock()
	c.told = true
	c.mu.Unlock()
}

// isDone says whether the context is done, and all that are derived from it are.
func (c *callContext) isDone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.told
}

// invocation is what the functions of this package find in a context: the execution whose
// code they are called by.
type invocation struct {
	d       *Dispatcher
	attempt engine.Attempt
	ctx     callContext

	// Of a durable execution: what it awaits, and what it has got.
	requests []engine.Request
	results  []engine.Result

	shielded bool     // what is awaited is not canceled with the call
	strategy Strategy // of the next await; All for those that set none
	begin    bool     // the next await only begins calls

	coroutine bool               // it is durable
	volatile  *volatileExecution // nil in a durable build

	// refused is why the function could not await: it, or what called Await in it, was not
	// compiled. Whatever the function makes of the error, the call has not come to an end.
	refused atomic.Pointer[engine.Failure]
}

// begins makes the invocation that of an attempt.
func (inv *invocation) begins(d *Dispatcher, a *engine.Attempt) {
	inv.d, inv.attempt = d, *a
	inv.ctx.inv, inv.ctx.base = inv, a.Base
}

// turn returns that the function awaits calls.
func (inv *invocation) turn(requests []engine.Request) engine.Turn {
	s, begin := inv.strategy, inv.begin
	inv.strategy, inv.begin = All, false
	return engine.Turn{Await: requests, Begin: begin, Shielded: inv.shielded, Need: s.need, Success: s.success}
}

// id returns the id of the call, and after a "." which hand-over of it this is.
func (inv *invocation) id() ID { return attemptID(&inv.attempt) }

func attemptID(a *engine.Attempt) ID {
	if a.Hop == 0 {
		return ID(a.ID)
	}
	return ID(a.ID + "." + strconv.Itoa(a.Hop))
}

func invocationOf(ctx context.Context) *invocation {
	inv, _ := ctx.Value(invocationKey{}).(*invocation)
	return inv
}

// refuse returns the error of an await of a function outside of the coroutine of the call,
// and makes the call one that is parked.
func (inv *invocation) refuse(awaited string, e *runtime.DetachedError) error {
	where := e.Func + " (" + e.Pos + ")"
	message := fmt.Sprintf("%s awaits %q, and was not compiled by coroc: run coroc before building with -tags durable, or use coroc build, run or test", where, awaited)
	if inv.coroutine {
		message = fmt.Sprintf("%s awaits %q, or calls what does, and was not compiled by coroc: run coroc on its package, or await elsewhere", where, awaited)
	}
	f := describe(StatusIncompatibleState, message)
	f.Park = true
	inv.refused.CompareAndSwap(nil, f)
	if !inv.coroutine && !runtime.Compiled() {
		inv.d.engine.Fail(fmt.Errorf("%s: %w", message, ErrNotCompiled))
	}
	return WithStatus(StatusIncompatibleState, fmt.Errorf("dispatch: %s: %w", message, ErrNotCompiled))
}

// settle replaces what a run has come to if the function could not await.
func (inv *invocation) settle(t engine.Turn) engine.Turn {
	if f := inv.refused.Load(); f != nil {
		return engine.Turn{Failure: f}
	}
	return t
}
