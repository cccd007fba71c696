package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Phase is where a call stands in its life.
type Phase uint8

// The phases. That a call is being run at this moment is not a phase: it is known to the
// process that runs it only, so that a crash leaves nothing to be undone.
const (
	// Ready: to be run from its input, at once or when its time has come.
	Ready Phase = 1
	// Suspended: waiting for the calls First to First+Width-1; State is the coroutine, or
	// nil if it existed in the memory of a process only.
	Suspended Phase = 2
	// Done: the outcome is recorded. A call that is done never changes again.
	Done Phase = 3
	// Parked: kept for a program that can run it, with its state if it has one.
	Parked Phase = 4
)

// String returns the phase in a word.
func (p Phase) String() string {
	switch p {
	case Ready:
		return "ready"
	case Suspended:
		return "suspended"
	case Done:
		return "done"
	case Parked:
		return "parked"
	}
	return fmt.Sprintf("phase %d", uint8(p))
}

// Call is one invocation of a function, as it is stored.
type Call struct {
	ID          int64  // chosen by the engine, greater than all before it
	Incarnation int64  // the ownership of the store under which the call was made
	Parent      int64  // the call that awaits this one; 0 for a call from outside
	Root        int64  // the call from outside at the top of the tree; its own ID for that one
	Function    string // name of the function
	Key         string // idempotency key; "" for none
	Created     time.Time
	Input       []byte
	Options     []byte    // how the call is run, as the engine encodes it; nil for as its function is
	Priority    int       // 0 for most calls; of two that could run, the one with the greater goes first
	Partition   string    // the part of the function's calls that this one belongs to, a customer's say; "" for none
	Deadline    time.Time // when the call is to end that is not done by then; zero for none
	Lap         int       // the Hops that the parent had when the call was made

	// Brief says of a call that is made by a step that it runs at once, and that its end will be in one step with the
	// next change of its parent, unless something comes between. A store may keep it with the parent until then, so
	// long as nobody can tell. It is not stored.
	Brief bool

	Phase    Phase
	Status   Status
	Attempts int       // attempts that have ended, over the whole life of the call
	Failures int       // attempts that have failed since the call last made progress
	Awaits   int       // awaits of the attempt that is going on
	Reached  int       // the most awaits that any attempt has come to
	Hops     int       // how often the call was handed over to another function
	Due      time.Time // not to be run before; zero for at once
	First    int64     // the first of the calls that the call awaits
	Width    int       // how many they are
	Waiting  []byte    // what of them, and of calls that were made before, it waits for, as the engine encodes it; nil for all of them
	State    []byte
	Output   []byte // of a call that is done and OK
	Error    []byte // of a call that is done and not OK, or whose last attempt failed
	Updated  time.Time

	Ending   Status // with what the call was told to end; None if it was not
	Progress []byte // what its function has said of how far it is
}

// Awaited says whether the call with that id is one that c awaits now.
func (c *Call) Awaited(id int64) bool {
	return id >= c.First && id < c.First+int64(c.Width)
}

// Outcome is how a call ended.
type Outcome struct {
	ID     int64
	Status Status
	Output []byte
	Error  []byte
}

// Finished is a call that is done, and may be removed: by the rules for the one at the top of its tree, if that
// is done, or is not there any more; otherwise because the one that it was made for does not need it any more.
type Finished struct {
	ID       int64
	Root     int64
	Function string    // of the call itself
	Created  time.Time // the call itself
	Status   Status    // with which the root ended; None if it has not
	Ended    time.Time // when the root did, or with Laps the call itself; zero if the root, or the parent, is not there any more
	Laps     int       // how often the parent was handed over since it made the call, if the root is not done
}

// Change is what a step does to one call that exists: it replaces all that is not fixed at
// creation, except for what a Mark sets. State, Output and Error are replaced as well, except
// that State is left as it is if KeepState is set. A change to Ready begins the call anew: all
// events that it has received can be received again.
type Change struct {
	ID        int64
	Phase     Phase
	Status    Status
	Attempts  int
	Failures  int
	Awaits    int
	Reached   int
	Due       time.Time
	First     int64
	Width     int
	Waiting   []byte
	State     []byte
	KeepState bool
	Output    []byte
	Error     []byte

	// Function, if it is not "", is what the call is one of from then on, with Input, Options and Hops:
	// it hands over to another one. Events that it has received stay received, for good.
	Function string
	Input    []byte
	Options  []byte
	Hops     int
}

// Mark notes something on a call that exists and leaves the rest of it alone. It has no effect,
// and is no error, if the call is done or does not exist: so it may be made by who does not
// know what becomes of the call meanwhile.
type Mark struct {
	ID       int64
	Ending   Status // if not None, and the call has no Ending yet
	Waiting  []byte // if not nil
	Progress []byte // if not nil
}

// Step is what must become durable together: all of it or nothing.
type Step struct {
	// Create are calls that come to be, in ascending order of their ids.
	Create []Call
	// Change are calls that change. A change of a call that is done, or that does not
	// exist, makes the step fail with ErrFinished.
	Change []Change
	// Watch are notes on attempts, for a store that is a [Watcher] or [Shared].
	Watch []Watch
	// Mark are notes on calls, made after the changes.
	Mark []Mark
	// Return are events that can be received again: those of the Call that are the outcome of By.
	Return []Receipt
	// Take are events that are received, after the returns. One that is not there, or is taken,
	// makes the step fail with ErrFinished.
	Take []Receipt
	// Send are events that come to be, at last. One for a call that is done, or does not exist,
	// makes the step fail with ErrFinished. One with a Key that was used for the call before
	// comes to nothing.
	Send []Event
	// Delete are ids of calls that are removed, with their keys, the events that were sent to them, and those
	// that were their outcome before the parent was handed over. One stays that has not been done before the
	// Commit, or that the parent can still need: that is not done, and was not handed over since it made the call.
	// Those that are not there are no error.
	Delete []int64
	// Wake and Sleep are ids of calls that are awake, or asleep, when all else is written. They are for a
	// store that is [Timed] or [Shared].
	Wake, Sleep []int64
}

// Weight is about how many rows the step writes.
func (s *Step) Weight() int {
	return len(s.Create) + len(s.Change) + len(s.Watch) + len(s.Mark) + len(s.Return) + len(s.Take) + len(s.Send) + len(s.Delete) + len(s.Wake) + len(s.Sleep)
}

// Pipelined is a store that can begin to commit steps before those that it commits are durable.
type Pipelined interface {
	Store
	// Begin begins to commit steps. One commit that was begun before may be under way then, also in its
	// [Begun.Wait], but no Commit of the store. What was begun goes on by itself, and happens only if what was begun before it does. It
	// returns nil if these steps are to be committed by Commit: nothing has happened then.
	Begin(ctx context.Context, steps []Step) Begun
}

// Begun is a commit that has begun. Wait is to be called, once, and of one after the other in the order in which they were begun.
type Begun interface {
	// Wait returns nil when the steps are durable, as Commit of the store does. After an error it is not known what has
	// become of them, and it fails also for what was begun behind that. When it has, the next thing that is asked of the
	// store must be Commit with the same steps, which knows, for one after the other in the same order.
	Wait() error
}

// Count is a line of statistics: of one function, the calls in one phase and status.
type Count struct {
	Function   string
	Phase      Phase
	Status     Status
	Calls      int64
	Attempts   int64 // attempts that have ended
	Retries    int64 // attempts beyond the first of a call
	StateBytes int64 // size of the states that are stored now
}

// Reader has the methods of a store that only read. They may be called by any number of
// goroutines, and see all that has been committed before they were called.
type Reader interface {
	// IncarnationName returns the name of an ownership. Names are random: no two are
	// equal, also not those of a store and of a copy of it that was restored.
	IncarnationName(ctx context.Context, incarnation int64) (string, error)

	// LastID returns the greatest id of a call, 0 if there is none.
	LastID(ctx context.Context) (int64, error)

	// Call returns a call whole, or ErrNotFound.
	Call(ctx context.Context, id int64) (*Call, error)

	// Incarnations returns the numbers of the ownerships under which calls were made, by the ids of those of them
	// that there are.
	Incarnations(ctx context.Context, ids []int64) (map[int64]int64, error)

	// ByKey returns the call that was created with the key, or ErrNotFound.
	ByKey(ctx context.Context, key string) (*Call, error)

	// Calls returns calls whole, in ascending order of their ids from the first one after
	// the given id, at most limit.
	Calls(ctx context.Context, after int64, limit int) ([]Call, error)

	// Unfinished returns calls that are not done, in ascending order of their ids from the
	// first one after the given id, at most limit. Input, Output and Error are left out, and
	// State only tells whether there is one: it is nil, or not nil but not the state.
	Unfinished(ctx context.Context, after int64, limit int) ([]Call, error)

	// Outcomes returns the outcomes of those calls with ids from first to first+n-1 that
	// are done, in ascending order of their ids.
	Outcomes(ctx context.Context, first int64, n int) ([]Outcome, error)

	// CountDone returns how many of the calls with ids from first to first+n-1 are done.
	CountDone(ctx context.Context, first int64, n int) (int, error)

	// Sent returns the events of a name that were sent to a call and are not taken, in the order of
	// sending, at most limit.
	Sent(ctx context.Context, call int64, name string, limit int) ([]Event, error)

	// SentByKey returns the event that was sent to a call with a key, or ErrNotFound.
	SentByKey(ctx context.Context, call int64, key string) (*Event, error)

	// Finished returns calls that are done and that nothing needs which is not: the call at the top of the
	// tree is done or not there any more, and so is the one that each was made for; or that one, if there is one, is
	// not there any more, or was handed over since. They are in ascending order of their ids from the first one
	// after the given id, at most limit.
	Finished(ctx context.Context, after int64, limit int) ([]Finished, error)

	// Counts returns statistics of all calls.
	Counts(ctx context.Context) ([]Count, error)

	// Close ends the reading, and of a Store the ownership.
	Close() error
}

// Store keeps calls. One process owns it at a time.
//
// Commit is called by one goroutine at a time; the other methods may be called by any
// number of goroutines, also during a Commit.
type Store interface {
	Reader

	// Incarnation returns the number of the present ownership, greater than all before it.
	Incarnation() int64

	// Commit makes all steps durable in one transaction, or none of them. The result is
	// nil only if they will survive a crash of the machine. A *StepError tells which step
	// is to blame, the first one if several are; ErrUnavailable that none is and that the
	// same steps may be tried again, also if it is not known what has become of them: then
	// they are not written twice. ErrFenced says that the ownership was lost. When the
	// result is nil the caller uses the memory of the steps again, with the calls and changes in them;
	// after an error they stay as they are until there is one that is. The bytes that they lead to never change.
	Commit(ctx context.Context, steps []Step) error
}

// Timed is a store in which calls are found by their time, and in which calls sleep for which nothing is to be
// done until then, or until something happens: who takes the store over need not look at them.
//
// A call falls asleep if a Step says so and it is either ready, or suspended and not all that is in its range is
// done; and was not told to end, has no deadline, and no event was sent to it that is not taken. Otherwise it stays awake,
// which is no error. It wakes when it is changed, told to end or sent an event, and if a Step says so, as
// one is to that records the end of what a sleeping call may wait for.
type Timed interface {
	// Due returns the ids of ready calls that are not to be run before some time up to until, in
	// ascending order from the first one after the given id, at most limit.
	Due(ctx context.Context, until time.Time, after int64, limit int) ([]int64, error)

	// Awake returns what Unfinished does, but for calls that sleep.
	Awake(ctx context.Context, after int64, limit int) ([]Call, error)

	// Asleep says whether there are calls that sleep.
	Asleep(ctx context.Context) (bool, error)
}

// Errors that all stores return.
var (
	ErrNotFound    = errors.New("no such call")
	ErrFinished    = errors.New("the call is finished already")
	ErrOwned       = errors.New("the store is in use by another dispatcher, in this process or in another one")
	ErrNewer       = errors.New("the store was written by a newer version")
	ErrUnavailable = errors.New("the store is not available")
	ErrFenced      = errors.New("another process has taken over the store, or what this one had of it")
)

// StepError is the error of a Commit that failed because of one step.
type StepError struct {
	Index int // of the step
	Err   error
}

// Error implements error.
func (e *StepError) Error() string { return fmt.Sprintf("step %d: %v", e.Index, e.Err) }

// Unwrap returns what went wrong with the step.
func (e *StepError) Unwrap() error { return e.Err }
