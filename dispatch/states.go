package dispatch

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/runtime"
)

// StateReport says which of the states in a store the program can go on from. It takes memory
// for each that it cannot go on from, about 100 bytes.
type StateReport struct {
	// States is how many there are: of calls that are suspended, and of calls that were
	// parked with their state.
	States int
	// Functions counts them by the functions of their calls.
	Functions map[string]StateCount
	// Unfit are those that the program cannot go on from, in the order in which their calls
	// were made.
	Unfit []UnfitState
}

// StateCount counts the states of a function's calls.
type StateCount struct {
	States int
	Unfit  int // those of them that the program cannot go on from
}

// UnfitState is a state that a program cannot go on from. An attempt at its call would park it.
type UnfitState struct {
	Call     ID
	Function string // of the call
	// Err is why: [ErrNotRegistered], [runtime.ErrIncompatibleState],
	// [runtime.ErrInvalidState], or an error of package seal.
	Err error
}

// Err returns nil if the program can go on from all states, and otherwise an error that says
// how many it cannot, and wraps why it cannot go on from the first of them.
func (r *StateReport) Err() error {
	if len(r.Unfit) == 0 {
		return nil
	}
	u := &r.Unfit[0]
	return fmt.Errorf("dispatch: this program cannot go on from %d of %d states, the first of them that of call %s of %q: %w",
		len(r.Unfit), r.States, u.Call, u.Function, u.Err)
}

// CheckStates loads each state in the store, as an attempt at its call would, and reports those
// that cannot be loaded. It runs no function, changes nothing, and keeps one state in memory at a
// time. Of the program's code only what decodes its own types runs: see [runtime.RegisterCodec].
//
// It is meant to be called before [Dispatcher.Run], which would park the calls in question. If
// calls are running meanwhile, each state is as it was at some moment. The error is nil if all
// states have been looked at; see [StateReport.Err] for what was found.
func (d *Dispatcher) CheckStates(ctx context.Context) (StateReport, error) {
	return d.checkStates(func(f stateFunc) error { return d.engine.States(ctx, f) })
}

// WriteStates writes all states in the store to w, one after the other with nothing in between,
// each with one call of Write, and returns how many it has written. A state says where it ends;
// `coroc check -states` and [runtime.StateLen] read such a stream. What is sealed in the store is
// not in the stream: it holds in clear what the states hold, all variables that are live where
// calls are suspended, and is to be kept and sent like any other copy of that data.
//
// States that cannot be opened, or are damaged, are left out. The others are written
// nevertheless, and the error says how many are missing, and wraps why the first one is.
func (d *Dispatcher) WriteStates(ctx context.Context, w io.Writer) (n int, err error) {
	return d.writeStates(w, func(f stateFunc) error { return d.engine.States(ctx, f) })
}

// CheckStates does what [Dispatcher.CheckStates] does, for a program that would be given these
// options by [New], without taking over the store or changing it: so the process that owns it may
// be at work, and can be another version of the program. The store must exist. The functions, and
// what they capture and what is bound, must be those of a program that runs calls.
func CheckStates(ctx context.Context, opts ...Option) (StateReport, error) {
	var report StateReport
	err := withStates(ctx, opts, func(d *Dispatcher, each statesFunc) (err error) {
		report, err = d.checkStates(each)
		return err
	})
	return report, err
}

// WriteStates does what [Dispatcher.WriteStates] does, without taking over the store or changing
// it: see [CheckStates]. Of the options only [WithStore], [WithStoreFrom] and [WithSealer] count.
func WriteStates(ctx context.Context, w io.Writer, opts ...Option) (n int, err error) {
	err = withStates(ctx, opts, func(d *Dispatcher, each statesFunc) (err error) {
		n, err = d.writeStates(w, each)
		return err
	})
	return n, err
}

// stateFunc is what is done with a call that has a state, statesFunc calls it with each.
type (
	stateFunc  func(id string, c *store.Call) error
	statesFunc func(stateFunc) error
)

// withStates calls f with a dispatcher that has no engine, and the states of its store.
func withStates(ctx context.Context, opts []Option, f func(*Dispatcher, statesFunc) error) error {
	d, c, err := configure(opts)
	if err != nil {
		return err
	}
	s, err := c.source.OpenReader(ctx)
	if err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	defer s.Close() // it has only been read
	names := engine.NewNames(s)
	return f(d, func(f stateFunc) error { return engine.States(ctx, s, names, f) })
}

func (d *Dispatcher) checkStates(each statesFunc) (StateReport, error) {
	var r StateReport
	bodies, err := d.bodies()
	if err != nil {
		return r, err
	}
	checks := make(map[string]func(engine.Attempt) error)
	for _, b := range bodies {
		checks[b.Name] = b.Check
	}
	// What does not fit usually does not for a few reasons, of which one copy is enough.
	reasons := make(map[string]error)
	r.Functions = make(map[string]StateCount)
	err = each(func(id string, c *store.Call) error {
		if d.elsewhere[c.Function] {
			return nil
		}
		var why error
		if check := checks[c.Function]; check != nil {
			why = check(attemptOf(id, c))
		} else {
			why = fmt.Errorf("function %q: %w", c.Function, ErrNotRegistered)
		}
		n := r.Functions[c.Function]
		n.States++
		r.States++
		if why != nil {
			n.Unfit++
			text := why.Error()
			if known := reasons[text]; known != nil {
				why = known
			} else if len(reasons) < maxReasons {
				reasons[text] = why
			}
			r.Unfit = append(r.Unfit, UnfitState{ID(id), c.Function, why})
		}
		r.Functions[c.Function] = n
		return nil
	})
	if err != nil {
		err = fmt.Errorf("dispatch: %w", err)
	}
	return r, err
}

// maxReasons is how many errors are looked for in what was found before.
const maxReasons = 1000

// attemptOf returns the attempt that goes on from the state of a call.
func attemptOf(id string, c *store.Call) engine.Attempt {
	return engine.Attempt{
		ID: id, Number: c.Attempts + 1, Base: context.Background(),
		Input: c.Input, State: c.State, Step: c.Awaits, Hop: engine.ReadOptions(c.Options).Hops,
	}
}

func (d *Dispatcher) writeStates(w io.Writer, each statesFunc) (n int, err error) {
	missing := 0
	var first error // why a state is missing
	err = each(func(id string, c *store.Call) error {
		state, err := d.openWhole(id, c)
		if err != nil {
			if missing++; first == nil {
				first = fmt.Errorf("call %s of %q: %w", id, c.Function, err)
			}
			return nil
		}
		if _, err := w.Write(state); err != nil {
			return err
		}
		n++
		return nil
	})
	if first != nil {
		first = fmt.Errorf("%d of %d states are left out, the first of them that of %w", missing, n+missing, first)
	}
	if err = errors.Join(err, first); err != nil {
		err = fmt.Errorf("dispatch: %w", err)
	}
	return n, err
}

// openWhole returns the state of a call if it can stand in a stream.
func (d *Dispatcher) openWhole(id string, c *store.Call) ([]byte, error) {
	a := attemptOf(id, c)
	state, err := d.openState(c.Function, &a)
	if err != nil {
		return nil, err
	}
	n, err := runtime.StateLen(state)
	if err == nil && n != len(state) {
		err = trailing(len(state) - n)
	}
	return state, err
}
