package runtime

import (
	"fmt"
	goruntime "runtime"
	"slices"
)

type mode uint8

const (
	running mode = iota
	resuming
	suspended
)

// Coroutine is a call stack that can be suspended, saved, loaded and resumed. It
// is not safe for concurrent use.
type Coroutine struct {
	mode      mode
	active    bool // inside Next or Stop
	started   bool // Next has been called, here or in the process that saved it
	done      bool
	stopping  bool // Stop has been called
	unwinding bool // Stop runs the pending defers
	exiting   bool // the body has called Goexit
	replaced  bool // a panic has taken the place of that, and no function has seen it yet
	exits     int  // how many functions run their pending defers

	frames    []any  // pointers to frames; the innermost first
	first     [1]any // where frames are, if one has been loaded
	deferring *Defers
	local     any
	entry     func(*Coroutine)

	interruption func(*Coroutine) // what Next does while the coroutine is suspended for it
	body         any              // the record of the func that entry calls, if SetEntry has said so
	plain        bool             // that func does not suspend
	shared       *Bindings
	bindings     []Binding
	bindingsDone bool         // BindFirst has been called
	size         int          // of the last state
	bound        *boundValues // bindings, looked up when a state is first saved
}

// Detached is the coroutine of code that is not in one. Nothing on it is ever
// suspended or resumed, so that it can be shared by all goroutines.
var Detached = &Coroutine{active: true, started: true}

// Binding names a value that belongs to the process and not to the state: a
// pointer (and with it every pointer into the variable that it points to), a map,
// a func or an interface value equal to Value is saved as Name and restored as
// what the loading coroutine has bound to Name.
type Binding struct {
	Name  string
	Value any
}

// New returns a coroutine that has not started. The entry is called by each Next,
// to start the first time and to resume after that; it calls the same twin each
// time, whose arguments do not matter when it resumes.
func New(entry func(c *Coroutine), bind ...Binding) *Coroutine {
	return &Coroutine{entry: entry, bindings: bind}
}

// SetEntry says of which func value entry calls the twin: that of the record, as
// [RecordOf] returns it. A state of another function is then refused by
// [Coroutine.LoadState]. If the func has no twin, suspends is false.
func (c *Coroutine) SetEntry(record any, suspends bool) { c.body, c.plain = record, !suspends }

// Bind adds bindings. A later binding of a name replaces an earlier one.
func (c *Coroutine) Bind(b ...Binding) { c.bindings = append(c.bindings, b...) }

// Bindings are those that several coroutines have.
type Bindings struct{ list []Binding }

// NewBindings returns bindings for [Coroutine.Share].
func NewBindings(b ...Binding) *Bindings { return &Bindings{b} }

// Share adds bindings, as if they had been added before all others, without a copy of them. It is to be
// called once at most.
func (c *Coroutine) Share(b *Bindings) { c.shared = b }

func (c *Coroutine) sharedBindings() []Binding {
	if c.shared == nil {
		return nil
	}
	return c.shared.list
}

// binding returns the i-th of all bindings.
func (c *Coroutine) binding(i int) *Binding {
	shared := c.sharedBindings()
	if i < len(shared) {
		return &shared[i]
	}
	return &c.bindings[i-len(shared)]
}

// bindingsLen returns how many bindings there are.
func (c *Coroutine) bindingsLen() int { return len(c.sharedBindings()) + len(c.bindings) }

// bindingNamed returns the binding that a name means, or nil.
func (c *Coroutine) bindingNamed(name []byte) *Binding {
	for _, l := range [...][]Binding{c.bindings, c.sharedBindings()} {
		for i := range slices.Backward(l) {
			if l[i].Name == string(name) {
				return &l[i]
			}
		}
	}
	return nil
}

// rebound reports whether a later binding has the name of the i-th.
func (c *Coroutine) rebound(i int) bool {
	name := c.binding(i).Name
	for j := i + 1; j < c.bindingsLen(); j++ {
		if c.binding(j).Name == name {
			return true
		}
	}
	return false
}

// BindFirst adds the bindings that f returns, when it is called for the first time.
func (c *Coroutine) BindFirst(f func() []Binding) {
	if !c.bindingsDone {
		c.bindingsDone = true
		c.Bind(f()...)
	}
}

// Size returns the length of the last state of this coroutine, the best guess at that of
// the next one.
func (c *Coroutine) Size() int { return c.size }

// Local returns what SetLocal has stored: a slot for the library that made the
// coroutine. It is not part of the state.
func (c *Coroutine) Local() any { return c.local }

// SetLocal stores v for Local.
func (c *Coroutine) SetLocal(v any) { c.local = v }

// Running reports whether code inside the coroutine runs as usual. A twin asks at
// entry, where the other answer means that it has a frame to pop, and after each
// call, where it means that the coroutine has been suspended: one comparison with
// zero, for which gc lays the code out best.
func (c *Coroutine) Running() bool { return c.mode == running }

// Resuming reports whether the stack is being built up again.
func (c *Coroutine) Resuming() bool { return c.mode == resuming }

// Suspended reports whether the stack is being left, or has been left, to be
// resumed later. A twin that sees it after a call pushes its frame and returns.
func (c *Coroutine) Suspended() bool { return c.mode == suspended }

// Done reports whether the coroutine has ended: by return, panic, Goexit or Stop.
func (c *Coroutine) Done() bool { return c.done }

// Started reports whether Next has been called, in this process or in the one that
// saved the state.
func (c *Coroutine) Started() bool { return c.started }

// Active reports whether the coroutine is inside Next or Stop.
func (c *Coroutine) Active() bool { return c.active }

// Depth returns the number of frames of a suspended coroutine.
func (c *Coroutine) Depth() int { return len(c.frames) }

// Next runs the coroutine until it suspends, and returns true, or ends, and
// returns false, as it does at once if the coroutine has ended before. A panic of
// the body leaves Next, and the coroutine is done. So does the [*DetachedError] of a
// suspension that failed meanwhile, if the body has recovered from it.
func (c *Coroutine) Next() bool {
	if c.done {
		return false
	}
	if c.active {
		panic("coroutine: Next called by code that runs inside the coroutine")
	}
	c.active = true
	if c.started {
		c.mode = resuming
	} else {
		c.started = true
	}
	defer c.leave()
	c.enter()
	for c.interruption != nil && c.mode == suspended {
		c.interrupted()
		c.enter()
	}
	if detachments.n.Load() != 0 {
		c.detached()
	}
	return c.mode == suspended && !c.stopping
}

// detached ends the coroutine if a suspension has failed and has not been heard of.
func (c *Coroutine) detached() {
	if e := takeDetached(); e != nil {
		if c.mode == suspended {
			c.unwind()
		}
		panic(e)
	}
}

func (c *Coroutine) enter() {
	c.entry(c)
	if c.mode == resuming {
		panic(fmt.Errorf("%w: the functions called on resuming are not those that were suspended", ErrInvalidState))
	}
}

func (c *Coroutine) leave() {
	c.active = false
	if c.mode != suspended {
		if detachments.n.Load() != 0 {
			takeDetached() // it is what panics, or something else is
		}
		exiting := c.exiting
		c.finish()
		if exiting {
			exited(recover())
		}
	} else if c.stopping {
		c.unwind()
	}
}

func (c *Coroutine) finish() {
	c.mode = running
	c.done = true
	c.frames = nil
	c.deferring = nil
	c.exiting, c.replaced, c.exits = false, false, 0
}

// Stop ends a suspended coroutine: its pending defers run, from the innermost
// frame outwards, as if the call that suspended it had called runtime.Goexit. A
// call that would suspend it again exits likewise. Called from inside, Stop takes
// effect when the coroutine suspends. A panic of a deferred call leaves Stop.
func (c *Coroutine) Stop() {
	switch {
	case c.done:
	case c.active:
		c.stopping = true
	case !c.started:
		c.finish()
	default:
		c.unwind()
	}
}

// unwind resumes the stack on a goroutine of its own, because Goexit, which runs
// all defers and which no recover can stop, ends the goroutine that calls it.
func (c *Coroutine) unwind() {
	c.stopping, c.unwinding = true, true
	c.active = true
	c.mode = resuming
	var failure any
	var trace *Trace
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		defer func() {
			failure = recover()
			if failure == (exitPanic{}) {
				failure = nil // it exits anyway
			}
			if detachments.n.Load() != 0 {
				if e := takeDetached(); e != nil && failure == nil {
					failure = e
				}
			}
			if failure != nil {
				trace = TraceOfPanic(nil)
			}
		}()
		c.entry(c)
	}()
	<-ended
	c.active = false
	c.finish()
	if failure != nil {
		trace.Rethrow(failure)
	}
}

// Suspend begins to suspend the coroutine. The leaf twin that calls it returns
// zero results at once. On [Detached] it panics with a [*DetachedError].
func (c *Coroutine) Suspend() {
	if c == Detached {
		panic(newDetachedError())
	}
	if c.unwinding || c.exits > 0 && exitsNatively() {
		goruntime.Goexit()
	}
	c.frames = c.frames[:0]
	c.mode = suspended
	c.exits = 0
}

// Resumed reports, once, that execution has come back to the leaf twin that
// suspended the coroutine. In a coroutine that is being stopped it does not return.
func (c *Coroutine) Resumed() bool {
	if c.mode != resuming {
		return false
	}
	if len(c.frames) != 0 {
		panic(fmt.Errorf("%w: a frame of %T is left where the coroutine was suspended", ErrInvalidState, c.frames[len(c.frames)-1]))
	}
	c.mode = running
	if c.unwinding {
		goruntime.Goexit()
	}
	return true
}

// Frame pushes the frame of a twin that is about to return because the coroutine is
// suspended, and returns it to be filled in. A frame of the same type that stood at
// that depth before is used again.
//
//go:noinline
func Frame[F any](c *Coroutine) *F {
	n := len(c.frames)
	if n < cap(c.frames) {
		c.frames = c.frames[:n+1]
		if f, ok := c.frames[n].(*F); ok {
			return f
		}
		f := new(F)
		c.frames[n] = f
		return f
	}
	f := new(F)
	c.frames = append(c.frames, f)
	return f
}

// Pop removes the frame of the twin that is resuming. It panics with an error that
// wraps [ErrInvalidState] if the frame is not of type F.
//
//go:noinline
func Pop[F any](c *Coroutine) (v F) {
	if n := len(c.frames) - 1; n >= 0 && c.mode == resuming {
		if f, ok := c.frames[n].(*F); ok {
			c.frames = c.frames[:n]
			v = *f
			// The frame waits to be used again; what it held does not.
			var zero F
			*f = zero
			return v
		}
	}
	panic(c.wrongFrame((*F)(nil)))
}

func (c *Coroutine) wrongFrame(want any) error {
	if len(c.frames) == 0 {
		return fmt.Errorf("%w: no frame is left for %T", ErrInvalidState, want)
	}
	return fmt.Errorf("%w: a frame of %T stands where one of %T is resumed", ErrInvalidState, c.frames[len(c.frames)-1], want)
}
