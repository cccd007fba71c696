//go:build !durable

package coroutine

import (
	"fmt"
	"iter"
	goruntime "runtime"
	"sync"

	"github.com/petermattis/goid"

	"github.com/coroc-dev/coroc/runtime"
)

// Durable says whether this is a durable build, in which coroutines can be saved and
// loaded.
const Durable = false

// contexts has the *Context of each goroutine that is the body of a coroutine, by
// goroutine id. A body has its goroutine to itself, so that the innermost coroutine
// of a goroutine is the only one.
var contexts sync.Map

// stack is the goroutine of the body. The two sides never run at the same time, and
// iter.Pull orders what they do to these fields.
type stack struct {
	body  func()
	pull  func() (struct{}, bool) // switches to the body
	push  func(struct{}) bool     // switches back
	id    int64                   // of the body's goroutine
	inner *runtime.Trace          // of the last panic of a coroutine that this body ran

	started   bool
	active    bool // the body runs, or code that it has called
	done      bool
	stopping  bool // Stop has been called
	unwinding bool // the Goexit under way is that of Stop

	// How the body has ended, if not by return. Both are set if a call that was
	// deferred panicked during Goexit.
	caught *caught
	exited bool
}

// exit is the panic that iter.Pull passes on when a body ends in Goexit. Without it
// iter.Pull would make the caller of Next or Stop exit, and Stop must not.
type exit struct{}

func newCoroutine[R, S any](f func()) Coroutine[R, S] {
	c := new(Context[R, S])
	c.body = f
	return Coroutine[R, S]{c}
}

func newWithReturn[R, S any](f func() R) Coroutine[R, S] {
	c := new(Context[R, S])
	c.body = func() { c.result = f() }
	return Coroutine[R, S]{c}
}

func newTwin[R, S any](plain func(), _ func(*runtime.Coroutine), _ []runtime.Binding) Coroutine[R, S] {
	return newCoroutine[R, S](plain)
}

func (c *Context[R, S]) ended() bool { return c.done }

func (c *Context[R, S]) next() bool {
	if c.done {
		return false
	}
	if c.active {
		panic("coroutine: Next called by code that runs inside the coroutine")
	}
	if !c.started {
		c.start(c)
	}
	if c.resume() {
		return true
	}
	switch {
	case c.caught != nil && c.exited:
		defer c.caught.rethrow()
		goruntime.Goexit()
	case c.caught != nil:
		c.caught.rethrow()
	case c.exited && !c.unwinding:
		goruntime.Goexit()
	}
	return false
}

func (c *Context[R, S]) stop() {
	switch {
	case c.done:
	case c.active:
		c.stopping = true
	case !c.started:
		c.done = true
	default:
		c.stopping = true
		c.resume()
		if c.caught != nil {
			c.caught.rethrow()
		}
	}
}

// start makes the goroutine. It does so at the first Next and not before, because
// iter.Pull must be called under the thread lock under which its result is called.
func (s *stack) start(ctx any) {
	s.started = true
	// The function that stops is not needed: a body is stopped by Goexit in Yield.
	s.pull, _ = iter.Pull(func(push func(struct{}) bool) { s.run(ctx, push) })
}

// resume switches to the body and returns true when it yields, false when it ends.
func (s *stack) resume() (yielded bool) {
	s.active = true
	defer func() {
		s.active = false
		if yielded {
			return
		}
		s.done = true
		s.body, s.pull, s.push = nil, nil, nil
		if s.exited {
			recover() // the exit{} of run, the only panic of a body that gets here
		}
	}()
	_, yielded = s.pull()
	return yielded
}

// run is the body's goroutine.
func (s *stack) run(ctx any, push func(struct{}) bool) {
	s.push = push
	s.id = goid.Get()
	contexts.Store(s.id, ctx)
	exited := true
	defer func() {
		contexts.Delete(s.id)
		if exited {
			s.exited = true
			panic(exit{})
		}
	}()
	s.call()
	exited = false // also after a panic, which call has recovered
}

// call calls the body and catches its panic here, where its stack can still be seen.
func (s *stack) call() {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			s.caught = &caught{value: v, trace: runtime.TraceOfPanic(s.inner)}
		}
	}()
	s.body()
	returned = true
}

func (c *Context[R, S]) yield(v R) S {
	if goid.Get() != c.id || !c.active {
		panic("coroutine: Yield called on a context that is not that of the innermost coroutine")
	}
	c.recv = v
	if !c.stopping {
		var none S
		c.send = none
		c.push(struct{}{})
		if !c.stopping {
			return c.send
		}
	}
	c.unwinding = true
	goruntime.Goexit()
	panic("unreachable")
}

func yield[R, S any](v R) S {
	c, ok := contexts.Load(goid.Get())
	if !ok {
		panic("coroutine: Yield called outside of a coroutine")
	}
	ctx, ok := c.(*Context[R, S])
	if !ok {
		panic(fmt.Sprintf("coroutine: Yield called for a %T in a coroutine that has a %T", ctx, c))
	}
	return ctx.yield(v)
}

func loadContext[R, S any]() *Context[R, S] {
	c, ok := contexts.Load(goid.Get())
	if !ok {
		panic("coroutine: LoadContext called outside of a coroutine")
	}
	ctx, ok := c.(*Context[R, S])
	if !ok {
		panic(fmt.Sprintf("coroutine: LoadContext called for a %T in a coroutine that has a %T", ctx, c))
	}
	return ctx
}

func (c *Context[R, S]) marshal() ([]byte, error) { return nil, ErrNotDurable }

func (c *Context[R, S]) unmarshal([]byte) (int, error) { return 0, ErrNotDurable }
