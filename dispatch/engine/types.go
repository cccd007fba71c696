package engine

import (
	"context"
	"log/slog"
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// Function is one that the engine can run.
type Function struct {
	Name   string
	Policy Policy

	// Start makes an execution of the function. If the attempt carries a state, the
	// execution goes on from there; an error of it parks the call.
	Start func(Attempt) (Execution, error)

	// Check returns the error that Start would return for an attempt that carries a state.
	// It runs nothing of the function and keeps nothing. The engine does not call it.
	Check func(Attempt) error
}

// Attempt is one try at a call.
type Attempt struct {
	ID     string          // of the call, as the outside sees it
	Parent string          // of the call that awaits it; "" for one from outside, or without Config.Lineage
	Root   string          // of the call from outside that it was made for; "" without Config.Lineage
	Number int             // from 1; attempts that a crash cut short are not counted
	Base   context.Context // its values are for the function's context; it is never done
	Input  []byte
	State  []byte // nil to start from the input
	Step   int    // with which State was appended
	Hop    int    // how often the call was handed over before
}

// Execution is a function that runs, or that is suspended in memory. The engine calls one
// method at a time, but for Cancel.
type Execution interface {
	// Run goes on until the function ends or awaits. The results are those of what it
	// awaited last, in the order of the requests; nil at the start.
	Run(results []Result) Turn

	// AppendState appends the state of an execution that awaits. It is called only if
	// Durable. The step is how often the attempt has awaited, from 1.
	AppendState(b []byte, step int) ([]byte, error)

	// Durable says whether the execution has a state and can be made anew from it.
	Durable() bool

	// Cancel makes the function's context done, with cause as its error. It may be called
	// several times; only the first one counts.
	Cancel(cause error)

	// Discard says that Run will not be called again. If the call has ended, or begins
	// anew, unwind is set: what the function deferred has to run.
	Discard(unwind bool)
}

// Turn is what an execution has come to.
type Turn struct {
	// Failure is not nil if the function has ended with an error.
	Failure *Failure
	// Await is not empty if the function waits for the results of these calls.
	Await []Request
	// Begin says that it does not: it goes on when the calls are stored. They end with it.
	Begin bool
	// Shielded says that these calls are not canceled with the one that awaits them.
	Shielded bool
	// Need is how many outcomes are waited for: 0 for all, else the first ones that there are.
	// The calls that are not done by then are canceled, and have zero results.
	Need int
	// Success says that only outcomes without an error count for Need. The wait also ends
	// when there cannot be as many any more.
	Success bool
	// EffectFree says that what the function does with the results, up to the next await or its end, has
	// no effects and does not take long.
	EffectFree bool
	// Next is the call, if it is not nil, whose outcome is to be that of this one, which has ended.
	Next *Request
	// Output is the result otherwise.
	Output []byte
}

// succeeds says whether the call has ended well.
func (t *Turn) succeeds() bool { return t.Failure == nil && len(t.Await) == 0 && t.Next == nil }

// Request is a call that a function wants to be made, or one that it has begun and now waits for.
type Request struct {
	Call      string // the id of one that it has begun; then the rest does not count
	Function  string
	Input     []byte
	Due       time.Time     // not to be run before the clock shows that; zero for at once
	Delay     time.Duration // or for so long, if it is more than 0
	Priority  int           // if it is Ranked
	Ranked    bool          // it has a priority of its own, and not that of the call that awaits it
	Partition string
	Deadline  time.Time     // when it ends as timed out if it is not done; zero for none
	Lifetime  time.Duration // or in how long, if it is more than 0
	Options   []byte        // Options as JSON; nil for none
}

// Result is the outcome of a call, as it is given to who awaits it.
type Result struct {
	Status  store.Status
	Output  []byte
	Error   []byte   // as the failed execution encoded it
	Failure *Failure // if the call has failed in this process
	ID      string   // of the call, if it was only begun
}

// Failure is how an attempt failed.
type Failure struct {
	Status     store.Status
	Message    string
	RetryAfter time.Duration // the least time to wait before the next attempt
	Encoded    []byte
	Park       bool  // the program cannot run the call: it is to be kept for another one
	Origin     error // the error itself, for as long as it stays in this process
}

// Policy says how the calls of a function are run.
type Policy struct {
	Retry
	Timeout          time.Duration // of each run up to the next await; 0 for none
	Concurrency      int           // how many run at a time; 0 for no limit
	Adaptive         bool          // fewer run while what they call is overloaded
	FleetConcurrency int           // how many run at a time in all processes that share the store; 0 for no limit
	Rate             int           // how many begin in each Per; 0 for no limit
	Per              time.Duration
	Breaker          limit.Breaker
	Partition        Partition
	Eager            Eagerness
}

// Eagerness says when a function may go on with a result that is not durable yet, so that the result and
// what the function comes to next are one step.
type Eagerness uint8

// When a function is eager.
const (
	WhereEffectFree Eagerness = iota // where what it does with the result has no effect: Turn.EffectFree
	Always
	Never
)

// Partition says how the calls of a function are limited that have the same partition.
type Partition struct {
	// Concurrency is how many are under way at a time; 0 for no limit. They begin in the order in
	// which they were made, and are under way until they are done.
	Concurrency int
	// Rate is how many attempts begin in each Per; 0 for no limit.
	Rate int
	Per  time.Duration
	// Apart says that each partition has a breaker and adapts for itself, and not the function.
	Apart bool
}

// Sleep is the name of a function that each engine has: a call of it is done when it is due.
// No attempt is made for it.
const Sleep = "dispatch.sleep"

// Receive is the name of a function that each engine has: a call of it is done when an event was
// sent to the call that awaits it, with its input, a string as JSON, as the name; the payload is
// its output. No attempt is made for it.
const Receive = "dispatch.event"

// Config is what an engine is made of.
type Config struct {
	Store     store.Store // owned by the engine from then on
	Functions []Function
	Observer  func(Event)  // may be nil
	Commits   func(Commit) // called after each commit, if it is not nil
	Lineage   bool         // attempts and events tell parents and roots
	Logger    *slog.Logger
	Grace     time.Duration // for running attempts when Run is told to stop
	Crashes   int           // of its process in a row, after which a call is parked; 0 for never
	Retention []Retention   // which calls are removed; none for all to stay
	Control   bool          // it runs nothing and reads no call at its start: what it is told is stored, for who runs the calls
	Resident  int           // how many durable executions stay in memory while they are suspended, and idle calls
	// Describe encodes a failure that the engine itself has found.
	Describe func(status store.Status, message string) *Failure
}

// EventKind says what an [Event] is about.
type EventKind uint8

// The kinds of events.
const (
	// AttemptStarted: an attempt is about to run, from the input.
	AttemptStarted EventKind = iota + 1
	// AttemptResumed: an attempt is about to go on behind what it awaited.
	AttemptResumed
	// AttemptSuspended: an attempt awaits calls, and this has been committed.
	AttemptSuspended
	// AttemptEnded: an attempt ended, and this has been committed.
	AttemptEnded
	// AttemptCut: an attempt was cut short by the end of Run, or what came of it could not be
	// committed. It does not count.
	AttemptCut
)

// String returns the kind in a word.
func (k EventKind) String() string {
	switch k {
	case AttemptStarted:
		return "started"
	case AttemptResumed:
		return "resumed"
	case AttemptSuspended:
		return "suspended"
	case AttemptEnded:
		return "ended"
	case AttemptCut:
		return "cut"
	}
	return "unknown"
}

// Event is something that happened to an attempt.
type Event struct {
	Kind     EventKind
	Call     string // id of the call
	Parent   string // of the call that awaits it; "" for one from outside
	Root     string // of the call from outside that it was made for
	Function string
	Created  time.Time     // of the call
	Time     time.Time     // of what happened; what was committed became durable after it
	Attempt  int           // number of the attempt, from 1
	Queued   time.Duration // AttemptStarted, AttemptResumed: since it could run, but for want of its turn
	Status   store.Status  // AttemptEnded: how
	Err      string        // AttemptEnded: message of the error, if it failed
	Retry    time.Duration // AttemptEnded: time until the next attempt
	Final    bool          // AttemptEnded: the call is done
	Next     string        // AttemptEnded: the function that it was handed over to
	Parked   bool          // AttemptEnded: the call is kept for another program
	Awaited  int           // AttemptSuspended: how many calls it awaits
	State    int           // AttemptSuspended: size of the state; 0 in a volatile build
	Loaded   bool          // AttemptResumed: the state was loaded from the store
	Elapsed  time.Duration // AttemptSuspended, AttemptEnded, AttemptCut: how long the code ran
}

// Commit is a transaction that a store was given.
type Commit struct {
	Time    time.Time // of its end
	Elapsed time.Duration
	Steps   int
	Err     error // nil if all steps are durable
}
