package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// AttemptEvent is something that happened to an attempt; see [WithObserver].
type AttemptEvent = engine.Event

// Commit is a transaction that the store was given; see [WithCommitObserver].
type Commit = engine.Commit

// The kinds of events.
const (
	// AttemptStarted: an attempt is about to run, from the input.
	AttemptStarted = engine.AttemptStarted
	// AttemptResumed: an attempt is about to go on behind what it awaited.
	AttemptResumed = engine.AttemptResumed
	// AttemptSuspended: an attempt awaits calls, and this has been committed.
	AttemptSuspended = engine.AttemptSuspended
	// AttemptEnded: an attempt ended, and this has been committed.
	AttemptEnded = engine.AttemptEnded
	// AttemptCut: an attempt was cut short by the end of Run, or what came of it could not be
	// committed. It does not count.
	AttemptCut = engine.AttemptCut
)

// inTurn returns one function that calls all, or nil if there is none.
func inTurn[T any](all []func(T)) func(T) {
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return func(v T) {
		for _, f := range all {
			f(v)
		}
	}
}

// Phase is where a call stands in its life.
type Phase = store.Phase

// The phases.
const (
	// PhaseReady: to be run from its input, or being run; also if it waits for a retry.
	PhaseReady = store.Ready
	// PhaseSuspended: waiting for calls that it awaits, or about to go on behind them.
	PhaseSuspended = store.Suspended
	// PhaseDone: the outcome is recorded.
	PhaseDone = store.Done
	// PhaseParked: kept for a program that can run it; see [StatusIncompatibleState].
	PhaseParked = store.Parked
)

// CallInfo describes a call, as it is stored.
type CallInfo struct {
	ID       ID
	Parent   ID // of the call that awaits it; "" for one from outside, or if that call was removed ([WithRetention])
	Function string
	Key      string
	Phase    Phase
	Status   Status // of the outcome, or of the last failed attempt
	Attempts int    // attempts that have ended
	Awaits   int    // awaits that the present attempt has come to
	Created  time.Time
	Updated  time.Time
	Due      time.Time // when it begins or is tried again, if that is not at once

	Priority  int
	Partition string
	Deadline  time.Time // when it ends if it is not done by then; zero for never

	Input    []byte // JSON
	Output   []byte // JSON; nil unless it is done and OK
	Err      error  // of the outcome, or of the last failed attempt
	State    int    // size of the state that is stored
	Progress []byte // JSON; what the function gave to [SetProgress] last
}

// Stats are numbers of all calls in a store. The zero value counts nothing.
type Stats struct {
	Calls     int64 // of all phases
	Ready     int64
	Suspended int64
	Parked    int64
	Done      int64 // OK, failed and canceled
	OK        int64
	Failed    int64
	Canceled  int64 // canceled, or given up because what had made them began anew

	Attempts   int64 // attempts that have ended
	Retries    int64 // those of them beyond the first of a call
	StateBytes int64 // size of the states that are stored now

	// Statuses counts the calls that are done by their status.
	Statuses map[Status]int64
	// Functions has the same numbers for each function. Their Functions are nil.
	Functions map[string]Stats
}

// Lookup returns what is stored about the call with that id, or [ErrNoSuchCall].
func (d *Dispatcher) Lookup(ctx context.Context, id ID) (CallInfo, error) {
	c, err := d.engine.Lookup(ctx, string(id))
	if err != nil {
		return CallInfo{}, fmt.Errorf("dispatch: %w", err)
	}
	return callInfo(ctx, d.engine.Names(), c)
}

// LookupKey returns what is stored about the call that was made with that key (see [WithKey]),
// or [ErrNoSuchCall].
func (d *Dispatcher) LookupKey(ctx context.Context, key string) (CallInfo, error) {
	c, err := d.engine.LookupKey(ctx, key)
	if err != nil {
		return CallInfo{}, fmt.Errorf("dispatch: %w", err)
	}
	return callInfo(ctx, d.engine.Names(), c)
}

// Retry makes a parked call run again, from its state or, if it has none, from its input. Its
// failed attempts and crashes are forgotten. The error is [ErrNotParked] for a call that is not
// parked, and for one that this process has given up until the next start.
func (d *Dispatcher) Retry(ctx context.Context, id ID) error {
	if err := d.engine.Retry(ctx, string(id)); err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	return nil
}

// Stats counts the calls in the store. It reads all of them.
func (d *Dispatcher) Stats(ctx context.Context) (Stats, error) {
	counts, err := d.engine.Counts(ctx)
	if err != nil {
		return Stats{}, fmt.Errorf("dispatch: %w", err)
	}
	return stats(counts), nil
}

// Load is what a dispatcher has in memory at a moment; see [Dispatcher.Load].
type Load = engine.Load

// FunctionLoad is what there is to be done of one function.
type FunctionLoad = engine.FunctionLoad

// Load returns what there is to be done in this process. It is cheap.
func (d *Dispatcher) Load() Load { return d.engine.Load() }

func callInfo(ctx context.Context, names *engine.Names, c *store.Call) (CallInfo, error) {
	id, err := names.Format(ctx, c.Incarnation, c.ID)
	if err != nil {
		return CallInfo{}, fmt.Errorf("dispatch: %w", err)
	}
	parent := ""
	if c.Parent != 0 {
		// A call and the one that awaits it can be of different ownerships.
		parent, err = names.FormatCall(ctx, c.Parent)
		if err != nil && !errors.Is(err, store.ErrNotFound) { // then it was removed, and this one will be
			return CallInfo{}, fmt.Errorf("dispatch: %w", err)
		}
	}
	return newCallInfo(ID(id), ID(parent), c), nil
}

// callInfos does what callInfo does for many calls, and asks the store once.
func callInfos(ctx context.Context, names *engine.Names, calls []store.Call) ([]CallInfo, error) {
	var parents []int64
	for i := range calls {
		if parent := calls[i].Parent; parent != 0 {
			parents = append(parents, parent)
		}
	}
	slices.Sort(parents)
	ids, err := names.FormatCalls(ctx, slices.Compact(parents))
	if err != nil {
		return nil, fmt.Errorf("dispatch: %w", err)
	}
	all := make([]CallInfo, len(calls))
	for i := range calls {
		c := &calls[i]
		id, err := names.Format(ctx, c.Incarnation, c.ID)
		if err != nil {
			return nil, fmt.Errorf("dispatch: %w", err)
		}
		all[i] = newCallInfo(ID(id), ID(ids[c.Parent]), c)
	}
	return all, nil
}

func newCallInfo(id, parent ID, c *store.Call) CallInfo {
	info := CallInfo{
		ID: id, Parent: parent, Function: c.Function, Key: c.Key, Phase: c.Phase, Status: c.Status,
		Attempts: c.Attempts, Awaits: c.Awaits, Created: c.Created, Updated: c.Updated, Due: c.Due,
		Input: c.Input, Output: c.Output, State: len(c.State), Progress: c.Progress,
		Priority: c.Priority, Partition: c.Partition, Deadline: c.Deadline,
	}
	if len(c.Error) != 0 {
		info.Err = decodeError(c.Status, c.Error, nil)
	}
	return info
}

func stats(counts []store.Count) Stats {
	var s Stats
	for _, c := range counts {
		s.add(c)
		f := s.Functions[c.Function]
		f.add(c)
		if s.Functions == nil {
			s.Functions = make(map[string]Stats)
		}
		s.Functions[c.Function] = f
	}
	return s
}

func (s *Stats) add(c store.Count) {
	s.Calls += c.Calls
	s.Attempts += c.Attempts
	s.Retries += c.Retries
	s.StateBytes += c.StateBytes
	switch c.Phase {
	case store.Ready:
		s.Ready += c.Calls
	case store.Suspended:
		s.Suspended += c.Calls
	case store.Parked:
		s.Parked += c.Calls
	case store.Done:
		s.Done += c.Calls
		switch c.Status {
		case store.OK:
			s.OK += c.Calls
		case store.Canceled:
			s.Canceled += c.Calls
		default:
			s.Failed += c.Calls
		}
		if s.Statuses == nil {
			s.Statuses = make(map[Status]int64)
		}
		s.Statuses[c.Status] += c.Calls
	}
}
