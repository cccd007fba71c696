package runtime

// RangeFunc is the state of one execution of a range over a function: of the func
// literal that its body has become and that the iterator is given. An iterator that
// does not keep to the protocol is told so as gc tells it.
type RangeFunc struct {
	state rangeState
	code  int
}

// A rangeState says what may be done with the body of a range over a function. The
// states are those of gc's own form of the loop.
type rangeState int

const (
	rangeReady     rangeState = iota // the body may be called
	rangeDone                        // it has left the loop
	rangeBusy                        // it runs, or has panicked
	rangeExhausted                   // the iterator has returned
)

// Enter begins an iteration.
func (r *RangeFunc) Enter() {
	s := r.state
	r.state = rangeBusy
	if s != rangeReady {
		misuse(s)
	}
}

// Continue ends an iteration. It returns what the body does: true.
func (r *RangeFunc) Continue() bool {
	r.state = rangeReady
	return true
}

// Break ends the loop. It returns what the body does: false.
func (r *RangeFunc) Break() bool {
	r.state = rangeDone
	return false
}

// Leave ends the loop with a statement that leads out of it and that is numbered
// code: it is executed behind the call of the iterator, which asks for the number by
// Left. Leave returns what the body does: false.
func (r *RangeFunc) Leave(code int) bool {
	r.state, r.code = rangeDone, code
	return false
}

// End ends the loop behind the call of the iterator.
func (r *RangeFunc) End() {
	if r.state == rangeBusy {
		misuse(rangeMissingPanic)
	}
	r.state = rangeExhausted
}

// Left returns the number of the statement with which the body has left the loop, or
// 0.
func (r *RangeFunc) Left() int { return r.code }

// rangeMissingPanic is not a state of a loop: the iterator has recovered the panic of
// the body and then returned.
const rangeMissingPanic rangeState = -1

// misuse panics with the run-time error for a call of the body in a state other than
// ready. The errors are not exported by Go's runtime: a loop of our own, used wrongly
// in the same way, makes it panic with the very value.
//
//go:noinline
func misuse(s rangeState) {
	var body func() bool
	keep := func(yield func() bool) { body = yield }
	switch s {
	case rangeDone:
		for range func(yield func() bool) { yield(); yield() } {
			break
		}
	case rangeBusy:
		for range func(yield func() bool) { body = yield; yield() } {
			body()
		}
	case rangeExhausted:
		for range keep {
		}
		body()
	case rangeMissingPanic:
		for range func(yield func() bool) {
			defer func() { _ = recover() }()
			yield()
		} {
			panic("")
		}
	}
	panic("coroutine: a range over a function in an unknown state")
}
