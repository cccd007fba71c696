package coroutine

import (
	"errors"

	"github.com/coroc-dev/coroc/runtime"
)

// ErrNotDurable is returned by [Context.Marshal] and [Context.Unmarshal] in a
// volatile build.
var ErrNotDurable = errors.New("only durable coroutines can be saved and loaded: build with -tags durable")

// ErrInvalidState is wrapped by errors of [Context.Marshal] and [Context.Unmarshal]
// that say that a coroutine or the bytes are not in a state that can be saved or
// loaded.
var ErrInvalidState = runtime.ErrInvalidState

// ErrIncompatibleState is wrapped by errors of [Context.Unmarshal] that say that the bytes are the
// state of a program that differs from this one in what the state is about: a function that has
// changed, say, or a binding that is missing. The program that saved it can load it still.
var ErrIncompatibleState = runtime.ErrIncompatibleState

// Migration is what a hook that //coroc:migrate names is called with: a frame that was saved in
// an older version of its function.
type Migration = runtime.Migration

// Coroutine is a function that runs in steps. It yields values of type R and
// receives values of type S. Copies of a Coroutine are the same coroutine. It is made by
// [New]; the methods of the zero value panic.
type Coroutine[R, S any] struct{ ctx *Context[R, S] }

// New returns a coroutine that runs f. Nothing of f runs before the first Next. It
// panics if f is nil.
//
// In a durable build f must be compiled by coroc if it yields.
func New[R, S any](f func()) Coroutine[R, S] {
	if f == nil {
		panic("coroutine: New of a nil function")
	}
	return newCoroutine[R, S](f)
}

// NewWithReturn returns a coroutine that runs f and keeps what it returns as its
// [Coroutine.Result]. It panics if f is nil.
func NewWithReturn[R, S any](f func() R) Coroutine[R, S] {
	if f == nil {
		panic("coroutine: NewWithReturn of a nil function")
	}
	return newWithReturn[R, S](f)
}

// NewTwin returns a coroutine that runs plain in a volatile build and twin in a
// durable one, with bindings for what belongs to the process: for libraries whose
// entry function is not compiled by coroc but written by hand. The two must do the
// same. The twin is called by each Next, to start or to resume.
func NewTwin[R, S any](plain func(), twin func(c *runtime.Coroutine), bind ...runtime.Binding) Coroutine[R, S] {
	if plain == nil || twin == nil {
		panic("coroutine: NewTwin of a nil function")
	}
	return newTwin[R, S](plain, twin, bind)
}

// Next runs the coroutine until it yields, and returns true, or until it ends, and
// returns false. Once it has ended, Next always returns false.
func (c Coroutine[R, S]) Next() bool {
	if c.ctx == nil {
		panicZero("Next")
	}
	return c.ctx.next()
}

// Recv returns the value that the coroutine has yielded last.
func (c Coroutine[R, S]) Recv() R {
	if c.ctx == nil {
		panicZero("Recv")
	}
	return c.ctx.recv
}

// Send sets the value that the suspended Yield returns on the next call of Next. If
// it is not called, Yield returns the zero value. Before the first Next no Yield
// waits for a value, and what is sent is lost.
func (c Coroutine[R, S]) Send(v S) {
	if c.ctx == nil {
		panicZero("Send")
	}
	c.ctx.send = v
}

// Result returns what the function given to [NewWithReturn] has returned: the zero
// value if the coroutine has not finished, or was stopped.
func (c Coroutine[R, S]) Result() R {
	if c.ctx == nil {
		panicZero("Result")
	}
	return c.ctx.result
}

// Stop ends the coroutine. Its pending defers run before Stop returns, as if the
// Yield in which it waits had called [runtime.Goexit]: no recover keeps it alive,
// and a deferred function that yields ends there. A panic in a deferred call leaves
// Stop. After it the coroutine is done and Next returns false.
//
// A coroutine that has not started just becomes done; one that is done stays so.
// Called by code that runs inside the coroutine, Stop takes effect at the next
// Yield.
func (c Coroutine[R, S]) Stop() {
	if c.ctx == nil {
		panicZero("Stop")
	}
	c.ctx.stop()
}

// Done reports whether the coroutine has ended: by return, panic, Goexit or Stop.
func (c Coroutine[R, S]) Done() bool {
	if c.ctx == nil {
		panicZero("Done")
	}
	return c.ctx.ended()
}

// Context returns the context of the coroutine, by which it can be saved and loaded.
func (c Coroutine[R, S]) Context() *Context[R, S] {
	if c.ctx == nil {
		panicZero("Context")
	}
	return c.ctx
}

func panicZero(method string) {
	panic("coroutine: " + method + " of a zero Coroutine, which New has not made")
}

// Run runs c until it ends, and gives each value that it yields to f, whose result
// it sends back. If f panics or exits, c is stopped.
func Run[R, S any](c Coroutine[R, S], f func(R) S) {
	if c.ctx == nil {
		panicZero("Run")
	}
	defer c.Stop()
	for c.Next() {
		c.Send(f(c.Recv()))
	}
}

// Context is the inside of a coroutine: what code that runs in it finds with
// [LoadContext], and what saves and loads it.
type Context[R, S any] struct {
	values[R, S]
	stack // what differs between volatile and durable builds
}

// values are what a coroutine exchanges with its caller: all that is saved of a
// Context by itself, apart from the stack.
type values[R, S any] struct {
	recv   R // the value yielded last
	send   S // what the suspended Yield will return
	result R
}

// Yield suspends the coroutine with v as the value that [Coroutine.Recv] returns,
// and returns the value that [Coroutine.Send] has set when the coroutine goes on. It
// panics when it is not called inside a coroutine, or when the innermost one is not
// of type Coroutine[R, S].
func Yield[R, S any](v R) S {
	return yield[R, S](v)
}

// LoadContext returns the context of the innermost coroutine that the calling code
// runs in. It panics when there is none, or when it is not of type Coroutine[R, S].
func LoadContext[R, S any]() *Context[R, S] {
	return loadContext[R, S]()
}

// Yield is [Yield] for code that has the context at hand. It panics if c is not the
// context of the innermost coroutine that the calling code runs in.
func (c *Context[R, S]) Yield(v R) S {
	return c.yield(v)
}

// Marshal saves a coroutine that is suspended, has ended, or has not started. In a
// volatile build it returns [ErrNotDurable]. A value that cannot be saved is
// reported as a [runtime.UnsavableError] that says where it hangs.
func (c *Context[R, S]) Marshal() ([]byte, error) {
	return c.marshal()
}

// Unmarshal loads a state saved by Marshal into a coroutine that has not started and
// that was made by the same New: the state of a function other than the one given to it
// is refused. It returns the number of bytes read from b. If it
// returns an error, the coroutine is as it was. In a volatile build it returns
// [ErrNotDurable].
func (c *Context[R, S]) Unmarshal(b []byte) (int, error) {
	return c.unmarshal(b)
}
