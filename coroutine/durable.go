//go:build durable

package coroutine

import (
	"fmt"

	"github.com/coroc-dev/coroc/runtime"
)

// Durable says whether this is a durable build, in which coroutines can be saved and
// loaded.
const Durable = true

// stack is the coroutine of the runtime, whose frames can be saved.
type stack struct {
	rt     *runtime.Coroutine
	record any  // of the entry function, or nil
	plain  bool // that function does not suspend
	bound  bool
	size   int // of the last state, the best guess at the next one's
}

func newCoroutine[R, S any](f func()) Coroutine[R, S] {
	record := runtime.RecordOf(f)
	if r, ok := record.(interface{ DurableCall(*runtime.Coroutine) }); ok {
		return newEntry[R, S](record, r.DurableCall)
	}
	c := newEntry[R, S](record, func(*runtime.Coroutine) { f() })
	c.ctx.plain = true
	return c
}

func newWithReturn[R, S any](f func() R) Coroutine[R, S] {
	c := new(Context[R, S])
	c.record = runtime.RecordOf(f)
	if r, ok := c.record.(interface {
		DurableCall(*runtime.Coroutine) R
	}); ok {
		return c.enter(func(rt *runtime.Coroutine) {
			if v := r.DurableCall(rt); !rt.Suspended() {
				c.result = v
			}
		})
	}
	c.plain = true
	return c.enter(func(*runtime.Coroutine) { c.result = f() })
}

func newTwin[R, S any](_ func(), twin func(*runtime.Coroutine), bind []runtime.Binding) Coroutine[R, S] {
	return newEntry[R, S](nil, twin, bind...)
}

func newEntry[R, S any](record any, entry func(*runtime.Coroutine), bind ...runtime.Binding) Coroutine[R, S] {
	c := new(Context[R, S])
	c.record = record
	return c.enter(entry, bind...)
}

func (c *Context[R, S]) enter(entry func(*runtime.Coroutine), bind ...runtime.Binding) Coroutine[R, S] {
	c.rt = runtime.New(entry, bind...)
	c.rt.SetLocal(c)
	return Coroutine[R, S]{c}
}

func (c *Context[R, S]) ended() bool { return c.rt.Done() }

func (c *Context[R, S]) next() bool { return c.rt.Next() }

func (c *Context[R, S]) stop() { c.rt.Stop() }

func yield[R, S any](v R) S { return Durable_Yield[R, S](runtime.Detached, v) }

func loadContext[R, S any]() *Context[R, S] {
	return Durable_LoadContext[R, S](runtime.Detached)
}

func (c *Context[R, S]) yield(v R) S { return c.Durable_Yield(runtime.Detached, v) }

var errZeroContext = fmt.Errorf("%w: a Context that New has not made", ErrInvalidState)

func (c *Context[R, S]) marshal() ([]byte, error) {
	if c == nil || c.rt == nil {
		return nil, errZeroContext
	}
	if c.rt.Active() {
		return nil, fmt.Errorf("%w: a coroutine that is running cannot be saved", ErrInvalidState)
	}
	c.bind(c)
	b, err := c.rt.AppendState(make([]byte, 0, max(c.size, 128)+c.size/32+4), &c.recv, &c.send, &c.result)
	if err != nil {
		return nil, err
	}
	c.size = len(b)
	return b, nil
}

func (c *Context[R, S]) unmarshal(b []byte) (int, error) {
	if c == nil || c.rt == nil {
		return 0, errZeroContext
	}
	if c.rt.Active() || c.rt.Started() || c.rt.Done() {
		return 0, fmt.Errorf("%w: only a coroutine that has not started can be loaded", ErrInvalidState)
	}
	c.bind(c)
	return c.rt.LoadState(b, &c.recv, &c.send, &c.result)
}

// bind gives names to what belongs to the process that calls New: the context and the
// record of the entry function, with what that captures. It waits until there is a
// state to save or load, since many coroutines are never saved.
func (s *stack) bind(ctx any) {
	if s.bound {
		return
	}
	s.bound = true
	if s.record != nil || s.plain {
		s.rt.SetEntry(s.record, !s.plain)
	}
	if s.record == nil {
		s.rt.Bind(runtime.Binding{Name: "context", Value: ctx})
		return
	}
	s.rt.Bind(runtime.Binding{Name: "entry", Value: s.record}, runtime.Binding{Name: "context", Value: ctx})
}
