package runtime

// Interrupt suspends the coroutine so that [Coroutine.Next], instead of returning to
// its caller, calls f and goes on: between the two the stack is frames, as it is in
// a state. It reports false if nothing has been suspended, because the coroutine is
// being stopped or is [Detached]. The leaf twin that calls it does as one that calls
// [Coroutine.Suspend].
func (c *Coroutine) Interrupt(f func(c *Coroutine)) bool {
	if c == Detached || c.unwinding || c.stopping {
		return false
	}
	c.Suspend()
	c.interruption = f
	return true
}

// interrupted calls what the coroutine has been suspended for.
func (c *Coroutine) interrupted() {
	f := c.interruption
	c.interruption = nil
	c.active = false
	f(c)
	c.active = true
	c.mode = resuming
}

// Reload saves the suspended coroutine, throws its frames away and loads them again,
// with its bindings. It appends the state to b.
func (h *Held) Reload(c *Coroutine, b []byte) ([]byte, error) {
	b, err := h.AppendState(c, b)
	if err != nil {
		return b, err
	}
	loaded := &Coroutine{shared: c.shared, bindings: c.bindings, entry: c.entry}
	if _, err := h.LoadState(loaded, b); err != nil {
		return b, err
	}
	c.frames = loaded.frames
	return b, nil
}
