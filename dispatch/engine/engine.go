package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/limit"
	"github.com/coroc-dev/coroc/dispatch/store"
)

// Errors of the engine.
var (
	ErrKeyConflict    = errors.New("the key belongs to a call of another function or with another input")
	ErrNoSuchCall     = errors.New("no such call")
	ErrClosed         = errors.New("the dispatcher is closed")
	ErrControl        = errors.New("the dispatcher is for control only, and runs nothing")
	ErrRunning        = errors.New("the dispatcher is running already")
	ErrNoTransactions = errors.New("the store cannot make a call in a transaction of the program's own")
	ErrParked         = errors.New("the call is parked")
	ErrDone           = errors.New("the call is done")
)

// Engine runs the calls in a store. It is safe for concurrent use.
type Engine struct {
	cfg        Config
	store      store.Store
	log        *slog.Logger
	names      *Names
	writer     *writer
	crew       crew
	functions  map[string]*function
	idles      idles
	background sync.WaitGroup // of what ends with stop
	sweeper    *sweeper       // nil if all calls stay
	fleet      *fleet         // nil if the store is this process's own
	clock      clock
	exited     *Failure // of a function that ends its goroutine

	mu         sync.Mutex
	calls      map[int64]*call // those that are not done
	lastID     int64
	watching   bool // the store keeps notes of attempts
	trial      trial
	deadlines  deadlines
	generation int64                           // of the calls, raised when all are forgotten
	keys       map[string]chan struct{}        // keys that are being looked up and stored
	resident   residents                       // durable executions that are suspended
	base       atomic.Pointer[context.Context] // of attempts; written with the lock held
	hand       *worker                         // that makes the next attempt that starts; only set while the lock is held
	running    bool
	cutting    bool // what still runs is made to end
	fenced     bool // what is known belongs to others, and is about to be forgotten
	closed     bool
	stop       chan struct{} // closed by Close and Kill
	killed     atomic.Bool   // written with the lock held
	released   bool          // by Close
	frozen     []Execution   // that have not ended and never go on, because the engine was killed
	active     int           // attempts of which the outcome is not settled
	runs       *run          // those of them in which the function runs, as a list
	idle       chan struct{} // closed when active becomes 0, if someone waits for that
	stopped    chan struct{} // closed when Run has returned
	failed     chan error    // what Run is to stop for
}

// function is one that the engine runs.
type function struct {
	Function
	queue  queue
	active int // executions that run
	gate   *limit.Gate
	lease  *lease           // nil if it shares nothing with other processes
	lines  map[string]*line // by partition
	held   int              // calls in them that wait
	parts  map[string]*part // by partition
	apart  int              // calls in them that wait
	sleeps bool             // it is Sleep
	hears  bool             // it is Receive
	timer  *time.Timer      // for the gate to be asked again
	wake   time.Time        // when that is
}

// place is where an unfinished call stands in this process.
type place uint8

const (
	queued  place = iota + 1 // in the queue of its function
	active                   // being run, or what came of it being committed
	waiting                  // suspended, for other calls
	delayed                  // until its next attempt
	parked                   // until the next start, or for good
	held                     // until it has its turn in its partition
)

// progress are the numbers of a call that change from attempt to attempt; see store.Call.
type progress struct {
	status                              store.Status
	attempts, failures, awaits, reached int
}

// awaiting is what a call awaits, and how.
type awaiting struct {
	waits   waits
	decided bool  // waits.Came is what it gets
	first   int64 // the calls are those from this id, unless waits says otherwise
	width   int   // how many there are
	fresh   int   // how many of them are new, if not all are: those with ids from first
}

// call is one that is not done. Its fields belong to the goroutine that runs it while it
// is active, else to who holds the engine's lock.
type call struct {
	id, incarnation, root int64
	text                  string // of the id, once an attempt has needed it
	next                  *call  // in the queue
	parent                *call
	name                  string
	fn                    *function // nil if this program does not have it
	input                 []byte    // nil if it is in the store only
	generation            int64
	awaiter               int64  // the number of the parent if it is not known as a call
	created               int64  // milliseconds since 1970
	due                   int64  // when it was made, failed or was read, milliseconds since 1970; 0 for at once
	options               []byte // see Options; nil for none
	partition             string
	deadline              int64     // milliseconds since 1970; 0 for none
	hops                  int       // how often it was handed over
	expected              int32     // where it is in the engine's deadlines, from 1; 0 if it is not
	succeeded             int32     // of the calls that waits.Came has
	queued                time.Time // since when it could run
	progress
	permit     limit.Permit  // of the attempt that runs
	part       *part         // in which it waits or runs; nil if that has no limits of its own
	partPermit *limit.Permit // of the attempt there
	watch      watch
	noted      atomic.Bool // the store has a note of the attempt
	noting     bool        // and is to have one before it begins

	place     place
	priority  int32
	ending    store.Status // with what it was told to end; None if it was not
	turn      bool         // it has its turn in its partition
	remote    bool         // the store is asked whether what it awaits is done
	free      bool         // what it does next has no effect: Turn.EffectFree
	deciding  bool         // what decides its wait is being stored
	drowsy    bool         // the store may have it as one that sleeps
	recounts  bool         // what is done of its calls is counted in the store, since not all lead to it
	timed     bool         // when it goes on, the clock shows due
	looked    bool         // what had been sent to it when it began to wait is taken
	listening bool         // what was sent to it is being looked for
	sent      bool         // and more may have been sent since
	suspended bool         // the store has it as suspended
	stateful  bool         // with a state
	retriable bool         // the store has it as parked

	awaiting
	pending int       // how many of the calls that it awaits are not done
	results []Result  // nil if some of them are in the store only
	stays   int64     // until when it is in memory in any case, since it was claimed; milliseconds since 1970
	until   time.Time // when it goes on, if it is delayed, or is to be for so and so long
	run     *run      // while its function runs
	exec    Execution
	residency
	timer *time.Timer

	waiters []chan Result
	parked  error // why, if it is parked by this process
}

// New returns an engine with what the store has of unfinished calls. The engine owns the
// store from then on, unless there is an error.
func New(cfg Config) (*Engine, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	e := &Engine{
		cfg:       cfg,
		store:     cfg.Store,
		log:       cfg.Logger,
		names:     NewNames(cfg.Store),
		functions: make(map[string]*function),
		exited:    cfg.Describe(store.PermanentError, "the function ended its goroutine (runtime.Goexit)"),
		calls:     make(map[int64]*call),
		keys:      make(map[string]chan struct{}),
		stop:      make(chan struct{}),
		failed:    make(chan error, 1),
	}
	e.crew.e = e
	for _, f := range cfg.Functions {
		e.functions[f.Name] = e.newFunction(f)
	}
	e.functions[Sleep] = e.newFunction(Function{Name: Sleep})
	e.functions[Sleep].sleeps = true
	e.functions[Receive] = e.newFunction(Function{Name: Receive})
	e.functions[Receive].hears = true
	if shared, ok := cfg.Store.(store.Shared); ok {
		e.fleet = newFleet(e, shared)
		if err := e.clock.begin(e.fleet.ctx, shared); err != nil {
			e.fleet.cancel()
			return nil, err
		}
		e.watching, e.trial.size = true, math.MaxInt // the store says how many are tried at a time
		e.writer = newWriter(e.store, e.log, e.fleet.rejoin, cfg.Commits)
		e.writer.crew = &e.crew
		e.background.Go(e.watchClock())
		e.fleet.start()
		e.sweep()
		return e, nil
	}
	e.writer = newWriter(e.store, e.log, e.Fail, cfg.Commits)
	e.writer.crew = &e.crew
	e.idles.store, e.idles.on = cfg.Store.(store.Timed)
	e.idles.placing = make(map[int64]int)
	if cfg.Control {
		var err error
		if e.lastID, err = e.store.LastID(context.Background()); err != nil {
			e.writer.close()
			return nil, err
		}
		return e, nil
	}
	watch := e.watchClock()
	if err := e.recover(context.Background()); err != nil {
		e.writer.close()
		return nil, err
	}
	if now := time.Now(); now != now.Round(0) { // in a bubble of synctest there is one clock only
		e.background.Go(watch)
	}
	e.sweep()
	return e, nil
}

// Names returns the names of the calls in the engine's store.
func (e *Engine) Names() *Names { return e.names }

// Dispatch stores a call from outside and returns its id. A key that was used before makes
// it return the id of that call.
func (e *Engine) Dispatch(ctx context.Context, r Request, key string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if key != "" {
		release, err := e.holdKey(ctx, key)
		if err != nil {
			return "", err
		}
		defer release()
		id, err := e.byKey(ctx, r, key)
		if !errors.Is(err, store.ErrNotFound) {
			return id, err
		}
	}
	for {
		id, err := e.create(ctx, r, key)
		switch {
		case err == nil || e.fleet == nil:
			return id, err
		case errors.Is(err, store.ErrFenced): // it was not created
		case key == "" || errors.Is(err, ErrClosed) || errors.Is(err, store.ErrUnavailable):
			return "", err
		default: // another process may have used the key meanwhile
			if id, kerr := e.byKey(ctx, r, key); kerr == nil || !errors.Is(kerr, store.ErrNotFound) {
				return id, kerr
			}
			return "", err
		}
	}
}

// byKey returns the id of the call with a key, or store.ErrNotFound.
func (e *Engine) byKey(ctx context.Context, r Request, key string) (string, error) {
	old, err := e.store.ByKey(ctx, key)
	switch {
	case err != nil:
		return "", err
	case !isMade(old, &r):
		return "", fmt.Errorf("key %q: %w", key, ErrKeyConflict)
	}
	return e.names.Format(ctx, old.Incarnation, old.ID)
}

// create stores a call from outside and returns its id.
func (e *Engine) create(ctx context.Context, r Request, key string) (string, error) {
	fn := e.functions[r.Function]
	if fn == nil && e.fleet == nil {
		return "", fmt.Errorf("no function %q", r.Function)
	}
	number, err := e.newIDs(1)
	if err != nil {
		return "", err
	}
	e.mu.Lock()
	if e.closed {
		e.placed(number)
		e.mu.Unlock()
		return "", ErrClosed
	}
	c := &call{id: number, root: number, generation: e.generation, incarnation: e.store.Incarnation(),
		fn: fn, created: e.clock.now().UnixMilli()}
	e.set(c, &r)
	e.mu.Unlock()
	record := c.record(0)
	record.Key = key
	err = e.commit(c, store.Step{Create: []store.Call{record}})
	e.mu.Lock()
	e.placed(c.id)
	if err == nil && e.fleet.keeps(c) {
		e.calls[c.id] = c
		e.expect(c)
		e.begin(c)
		e.thin()
	}
	e.mu.Unlock()
	if err != nil {
		return "", err
	}
	return e.names.Format(ctx, c.incarnation, c.id)
}

// commit writes steps that belong to a call.
func (e *Engine) commit(c *call, steps ...store.Step) error {
	if n := c.unwatch(); n != nil {
		steps[len(steps)-1].Watch = n
	}
	return e.writer.commitAs(c.generation, steps...)
}

// holdKey makes those that use one key do so one after the other.
func (e *Engine) holdKey(ctx context.Context, key string) (release func(), err error) {
	for {
		e.mu.Lock()
		held := e.keys[key]
		if held == nil {
			held = make(chan struct{})
			e.keys[key] = held
			e.mu.Unlock()
			return func() {
				e.mu.Lock()
				delete(e.keys, key)
				e.mu.Unlock()
				close(held)
			}, nil
		}
		e.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Wait returns the outcome of a call of that function when it is done.
func (e *Engine) Wait(ctx context.Context, id, function string) (Result, error) {
	n, err := e.check(ctx, id)
	if err != nil {
		return Result{}, err
	}
	e.mu.Lock()
	c, err := e.fetch(n)
	if err != nil {
		e.mu.Unlock()
		return Result{}, err
	}
	var outcome chan Result
	if c != nil {
		if !isFunction(c.name, c.options, function) {
			e.mu.Unlock()
			return Result{}, fmt.Errorf("call %s is one of function %q: %w", id, c.name, ErrNoSuchCall)
		}
		if c.place == parked && c.parked != nil {
			e.mu.Unlock()
			return Result{}, c.parked
		}
		outcome = make(chan Result, 1)
		c.waiters = append(c.waiters, outcome)
	}
	e.mu.Unlock()
	if outcome == nil {
		return e.outcome(ctx, n, id, function)
	}
	select {
	case r, ok := <-outcome:
		if !ok && e.fleet != nil {
			return e.outcome(ctx, n, id, function)
		}
		if !ok {
			e.mu.Lock()
			defer e.mu.Unlock()
			return Result{}, c.parked
		}
		return r, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-e.stop:
		err = ErrClosed
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, w := range c.waiters {
		if w == outcome {
			c.waiters = append(c.waiters[:i], c.waiters[i+1:]...)
			break
		}
	}
	e.rest(c)
	return Result{}, err
}

func (e *Engine) outcome(ctx context.Context, n int64, id, function string) (Result, error) {
	for {
		c, err := e.store.Call(ctx, n)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return Result{}, fmt.Errorf("call %q: %w", id, ErrNoSuchCall)
		case err != nil:
			return Result{}, err
		case !isFunction(c.Function, c.Options, function):
			return Result{}, fmt.Errorf("call %s is one of function %q: %w", id, c.Function, ErrNoSuchCall)
		case c.Phase == store.Done:
			return Result{Status: c.Status, Output: c.Output, Error: c.Error}, nil
		case e.fleet == nil:
			// It is not in memory either: it was being created when Dispatch failed.
			return Result{}, fmt.Errorf("call %s will be run when the dispatcher is next started", id)
		case c.Phase == store.Parked && c.Status == store.Crashed:
			return Result{}, convicted(id)
		}
		if err := e.fleet.wait(ctx, n); err != nil {
			return Result{}, err
		}
	}
}

// check returns the number of a call, after making sure that the id is one of this store.
func (e *Engine) check(ctx context.Context, id string) (int64, error) {
	e.mu.Lock()
	closed := e.closed
	known, _, _ := strings.Cut(id, ".")
	c := e.calls[number(known)]
	e.mu.Unlock()
	if closed {
		return 0, ErrClosed
	}
	if c != nil { // no need to read it
		text, err := e.names.Format(ctx, c.incarnation, c.id)
		if err == nil && text != known {
			err = fmt.Errorf("call %q: %w", id, ErrNoSuchCall)
		}
		return c.id, err
	}
	stored, err := e.names.Call(ctx, id)
	if err != nil {
		return 0, err
	}
	return stored.ID, nil
}

// Lookup returns a call as it is stored.
func (e *Engine) Lookup(ctx context.Context, id string) (*store.Call, error) {
	n, err := e.check(ctx, id)
	if err != nil {
		return nil, err
	}
	return e.store.Call(ctx, n)
}

// LookupKey returns the call that was made with a key.
func (e *Engine) LookupKey(ctx context.Context, key string) (*store.Call, error) {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	return ByKey(ctx, e.store, key)
}

// ByKey returns the call in a store that was made with a key, or ErrNoSuchCall.
func ByKey(ctx context.Context, s store.Reader, key string) (*store.Call, error) {
	c, err := s.ByKey(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return nil, fmt.Errorf("key %q: %w", key, ErrNoSuchCall)
	}
	return c, err
}

// Counts returns statistics of all calls.
func (e *Engine) Counts(ctx context.Context) ([]store.Count, error) {
	e.mu.Lock()
	closed := e.closed
	e.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	return e.store.Counts(ctx)
}

func (e *Engine) observe(ev *Event) {
	if ev == nil {
		return // nobody listens
	}
	if e.cfg.Observer != nil {
		e.cfg.Observer(*ev)
	}
	level := slog.LevelDebug
	if ev.Err != "" {
		level = slog.LevelInfo
	}
	if e.log.Enabled(context.Background(), level) {
		e.log.Log(context.Background(), level, "attempt "+ev.Kind.String(), eventAttrs(ev)...)
	}
}

// idOf returns the id of a call for a message: only its number if there is no more to be had.
func (e *Engine) idOf(c *call) string {
	if id, err := e.names.Format(context.Background(), c.incarnation, c.id); err == nil {
		return id
	}
	return strconv.FormatInt(c.id, 10)
}

func eventAttrs(ev *Event) []any {
	attrs := []any{"call", ev.Call, "function", ev.Function, "attempt", ev.Attempt}
	switch ev.Kind {
	case AttemptResumed:
		attrs = append(attrs, "loaded", ev.Loaded)
	case AttemptSuspended:
		attrs = append(attrs, "awaited", ev.Awaited, "state", ev.State, "elapsed", ev.Elapsed)
	case AttemptCut:
		attrs = append(attrs, "elapsed", ev.Elapsed)
	case AttemptEnded:
		attrs = append(attrs, "status", ev.Status, "final", ev.Final, "elapsed", ev.Elapsed)
		if ev.Err != "" {
			attrs = append(attrs, "err", ev.Err)
		}
		if ev.Next != "" {
			attrs = append(attrs, "next", ev.Next)
		} else if !ev.Final {
			attrs = append(attrs, "retry", ev.Retry)
		}
	}
	return attrs
}
