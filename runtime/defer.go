package runtime

// Deferred is a pending deferred call with its operands, which have been evaluated
// at the defer statement.
type Deferred interface {
	// Run makes the call.
	Run()
	// RunPanicking defers the call and panics with v, so that a recover in it
	// finds v. It returns if the call recovers.
	RunPanicking(v any)
}

// A deferred call that may suspend has DurableRun too. It reports false if what it
// calls turns out, at run time, to have no twin; nothing has been done then. The
// callee finds d by [Coroutine.TakeDefers] if it mentions recover.
type durableDeferred interface {
	DurableRun(c *Coroutine, d *Defers) bool
}

// A deferred call that can neither recover nor suspend says so. While only such
// calls are pending, a panic passes through untouched, with its trace.
type plainDeferred interface{ Plain() }

// Recovers is implemented by the record of a func literal that mentions recover.
type Recovers interface{ Recovers() }

// Defers are the pending defers of one call of a durable function, and the state
// of its return once they run.
type Defers struct {
	pending   []Deferred
	current   Deferred // the call that is running, so that it can be resumed
	panicking bool
	value     any
	exiting   bool // Goexit is under way
}

// OwnDefers stands, in the form of a program that code is generated from, for the
// pending defers of the function that mentions it: the body of a range over a function
// defers calls to the end of the function around it. Generated code does not call it.
func OwnDefers() *Defers { return nil }

// Defer adds a pending call.
func (d *Defers) Defer(x Deferred) { d.pending = append(d.pending, x) }

// Catches reports whether the function must take a panic over from the Go runtime
// (by recover, passed to Caught) before Exit: when a pending call might recover it,
// or might suspend, which leaves the stack by return. Only asked on a fresh exit,
// not when Exit is resumed.
func (d *Defers) Catches() bool {
	if d.current != nil {
		return false
	}
	for _, x := range d.pending {
		switch x := x.(type) {
		case plainDeferred:
		case *DeferFunc:
			if x.catches() {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// Caught takes the value of the panic that ends the function, or nil.
func (d *Defers) Caught(v any) {
	if v == nil {
		return
	}
	if _, ok := v.(exitPanic); ok {
		// It ends a panic that was under way: no deferred call recovers that any more.
		d.exiting, d.panicking, d.value = true, false, nil
		return
	}
	d.panicking, d.value = true, v
}

// Catch is Catches and Caught as a deferred call of its own, for packages in which
// recover is something else.
func (d *Defers) Catch(c *Coroutine) {
	if !c.Suspended() && d.Catches() {
		d.Caught(recover())
	}
}

// Recover is the recover of a deferred function that runs for d: it ends the panic
// and returns its value, or nil if there is none. It may be called on nil, for a
// function that was not called by a defer.
func (d *Defers) Recover() any {
	if d == nil || !d.panicking {
		return nil
	}
	v := d.value
	d.panicking, d.value = false, nil
	return v
}

// Panicking reports whether a panic is under way. It may be called on nil.
func (d *Defers) Panicking() bool { return d != nil && d.panicking }

// Repanic panics with the value of the panic that is under way, for a deferred call
// of the Go runtime's to recover.
func (d *Defers) Repanic() { panic(d.value) }

// Exit runs the pending calls, last first. When one of them suspends, it returns
// with c.Suspended set, and is called again to go on. When a panic is left at the
// end, it panics with its value.
func (d *Defers) Exit(c *Coroutine) {
	if d.current == nil && !d.panicking && !d.exiting && !d.Catches() {
		d.rest(c)
		return
	}
	if c != Detached {
		if d.panicking && d.current == nil && c.replaced {
			d.exiting, c.replaced = true, false
		}
		c.exiting = c.exiting || d.exiting // it may have been loaded
		c.exits++
	}
	for d.take() {
		d.step(c)
		if c.mode == suspended {
			return
		}
		d.current = nil
	}
	if c != Detached {
		c.exits--
	}
	switch {
	case d.panicking:
		if d.exiting {
			c.replaced = true
		}
		panic(d.value)
	case d.exiting:
		c.exit()
	}
}

// take makes the last pending call current, unless one is current already.
func (d *Defers) take() bool {
	if d.current != nil {
		return true
	}
	n := len(d.pending)
	if n == 0 {
		return false
	}
	d.current = d.pending[n-1]
	d.pending[n-1] = nil
	d.pending = d.pending[:n-1]
	return true
}

// step makes the current call. A panic of it replaces the one that is under way.
func (d *Defers) step(c *Coroutine) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if v := recover(); v != nil {
			d.Caught(v)
			return
		}
		// The call ended in Goexit, which goes on behind this.
		d.current = nil
		d.rest(c)
	}()
	switch x := d.current.(type) {
	case durableDeferred:
		if c != Detached && x.DurableRun(c, d) {
			break
		}
		d.plain()
	default:
		d.plain()
	}
	returned = true
}

func (d *Defers) plain() {
	if !d.panicking {
		d.current.Run()
		return
	}
	d.current.RunPanicking(d.value)
	d.panicking, d.value = false, nil
}

// rest runs all pending calls while a panic or Goexit, if there is one, goes on:
// each in a defer of the Go runtime, so that the others still run when one panics.
func (d *Defers) rest(c *Coroutine) {
	if !d.take() {
		return
	}
	x := d.current
	d.current = nil
	defer d.rest(c)
	if x, ok := x.(durableDeferred); ok && c != Detached && x.DurableRun(c, nil) {
		return
	}
	x.Run()
}

// SetDefers hands d to the deferred function that is called next, if it mentions
// recover.
func (c *Coroutine) SetDefers(d *Defers) {
	if c.mode == running {
		c.deferring = d
	}
}

// TakeDefers returns, to a function that mentions recover, the defers that it is
// called for, or nil if it is not called by a defer.
func (c *Coroutine) TakeDefers() *Defers {
	d := c.deferring
	if d != nil {
		c.deferring = nil
	}
	return d
}

// DeferFunc is a deferred call of a func value without arguments and results.
type DeferFunc struct{ F func() }

// Run implements [Deferred].
func (x *DeferFunc) Run() { x.F() }

// RunPanicking implements [Deferred].
func (x *DeferFunc) RunPanicking(v any) {
	defer x.F()
	panic(v)
}

// DurableRun calls the twin, if the func value has one.
func (x *DeferFunc) DurableRun(c *Coroutine, d *Defers) bool {
	r := RecordOf(x.F)
	t, ok := r.(interface{ DurableCall(*Coroutine) })
	if !ok {
		return false
	}
	if _, ok := r.(Recovers); ok {
		c.SetDefers(d)
	}
	t.DurableCall(c)
	return true
}

func (x *DeferFunc) catches() bool {
	switch RecordOf(x.F).(type) {
	case nil, Recovers, interface{ DurableCall(*Coroutine) }:
		return true // a foreign func value may recover
	}
	return false
}
