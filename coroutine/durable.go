//go:build durable

package coroutine

import (
	"fmt"

	"github.com/coroc-dev/coroc/runtime"
)

// Durable says whether this is a durable build, in which coroutines can be saved and
// loaded.
const Durable = true

// stack is the coroutine of the runtime, whose frames can be saved. It is itself part of
// the states of coroutines that have this one.
type stack struct {
	rt      *runtime.Coroutine
	returns bool // what its function returns is the result
}

func newCoroutine[R, S any](f func()) Coroutine[R, S] {
	c := new(Context[R, S])
	record := runtime.RecordOf(f)
	entry, suspends := c.entry(record)
	if entry == nil {
		entry = func(*runtime.Coroutine) { f() }
	}
	c.rt = runtime.New(entry)
	c.rt.SetLocal(c)
	c.rt.SetEntry(record, suspends)
	return Coroutine[R, S]{c}
}

func newWithReturn[R, S any](f func() R) Coroutine[R, S] {
	c := new(Context[R, S])
	c.returns = true
	record := runtime.RecordOf(f)
	entry, suspends := c.entry(record)
	if entry == nil {
		entry = func(*runtime.Coroutine) { c.result = f() }
	}
	c.rt = runtime.New(entry)
	c.rt.SetLocal(c)
	c.rt.SetEntry(record, suspends)
	return Coroutine[R, S]{c}
}

func newTwin[R, S any](_ func(), twin func(*runtime.Coroutine), bind []runtime.Binding) Coroutine[R, S] {
	c := new(Context[R, S])
	c.rt = runtime.New(twin, bind...)
	c.rt.SetLocal(c)
	return Coroutine[R, S]{c}
}

// entry returns how the func with the given record is called, and whether it may suspend;
// nil if it has none.
func (c *Context[R, S]) entry(record any) (call func(*runtime.Coroutine), suspends bool) {
	if !c.returns {
		switch r := record.(type) {
		case interface{ DurableCall(*runtime.Coroutine) }:
			return r.DurableCall, true
		case interface{ Call() }:
			return func(*runtime.Coroutine) { r.Call() }, false
		}
		return nil, false
	}
	switch r := record.(type) {
	case interface {
		DurableCall(*runtime.Coroutine) R
	}:
		return func(rt *runtime.Coroutine) {
			if v := r.DurableCall(rt); !rt.Suspended() {
				c.result = v
			}
		}, true
	case interface{ Call() R }:
		return func(*runtime.Coroutine) { c.result = r.Call() }, false
	}
	return nil, false
}

// enter prepares a coroutine that was loaded as part of the state of another one.
func (c *Context[R, S]) enter() *runtime.Coroutine {
	if c.rt.Entered() || c.rt.Done() {
		return c.rt
	}
	record, suspends := c.rt.Body()
	entry, can := c.entry(record)
	if entry == nil || suspends && !can {
		panic(fmt.Errorf("%w: a coroutine of a function that is a %T", ErrInvalidState, record))
	}
	c.rt.SetLocal(c)
	c.rt.Enter(entry)
	return c.rt
}

func (c *Context[R, S]) ended() bool { return c.rt.Done() }

func (c *Context[R, S]) next() bool { return c.enter().Next() }

func (c *Context[R, S]) stop() { c.enter().Stop() }

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
	size := c.bind().Size()
	b, err := c.rt.AppendState(make([]byte, 0, max(size, 128)+size/32+4), &c.recv, &c.send, &c.result)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func (c *Context[R, S]) unmarshal(b []byte) (int, error) {
	if c == nil || c.rt == nil {
		return 0, errZeroContext
	}
	if c.rt.Active() || c.rt.Started() || c.rt.Done() {
		return 0, fmt.Errorf("%w: only a coroutine that has not started can be loaded", ErrInvalidState)
	}
	return c.bind().LoadState(b, &c.recv, &c.send, &c.result)
}

// bind gives names to what belongs to the process that calls New: the context and the
// record of the entry function, with what that captures. It waits until there is a
// state to save or load, since many coroutines are never saved.
func (c *Context[R, S]) bind() *runtime.Coroutine {
	rt := c.rt
	if !rt.Done() {
		rt = c.enter()
	}
	rt.BindFirst(func() []runtime.Binding {
		context := runtime.Binding{Name: "context", Value: c}
		if record, _ := rt.Body(); record != nil {
			return []runtime.Binding{{Name: "entry", Value: record}, context}
		}
		return []runtime.Binding{context}
	})
	return rt
}
