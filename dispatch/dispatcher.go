package dispatch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
)

// Dispatcher runs the calls of its functions. It is safe for concurrent use.
type Dispatcher struct {
	elsewhere map[string]bool // names of functions that are not run
	engine    *engine.Engine
	functions []AnyFunction
	bindings  []runtime.Binding // of durable calls
	sealer    *seal.Sealer      // of their states, or nil

	interceptors []Interceptor
	open         atomic.Bool // New has returned it
	killed       atomic.Bool
}

// Option is an option of [New]: a function that the dispatcher is to run, or a setting.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

type config struct {
	elsewhere    map[string]bool // names of functions that are not run
	functions    []AnyFunction
	source       StoreSource
	observers    []func(AttemptEvent)
	commits      []func(Commit)
	interceptors []Interceptor
	logger       *slog.Logger
	grace        time.Duration
	resident     int
	control      bool
	crashes      int
	retention    []Retention
	bindings     []runtime.Binding
	sealer       *seal.Sealer
	err          error // of an option
}

func (c *config) fail(err error) { c.err = errors.Join(c.err, err) }

// DefaultGrace is how long [Dispatcher.Run] lets running attempts go on when it is told
// to stop, without [WithGrace].
const DefaultGrace = 5 * time.Second

// DefaultResident is how many suspended calls stay in memory without [WithResident].
const DefaultResident = 10_000

// DefaultCrashLimit is after how many crashes in a row a call is parked without
// [WithCrashLimit].
const DefaultCrashLimit = 3

// WithStore says in which SQLite file the calls are kept. It is made if it does not exist.
// The default is a file beside the program: its path with ".dispatch.db" in place of the
// extension. Package dispatch/postgres has an option for a PostgreSQL database.
func WithStore(path string) Option {
	if path == "" {
		return WithStoreFrom(nil)
	}
	return WithStoreFrom(sqliteFile(path))
}

// WithObserver makes the dispatcher report what happens to attempts. The function is
// called from many goroutines, and what it reports does not go on before it returns. There
// may be several; they are called in the order in which they were given.
func WithObserver(f func(AttemptEvent)) Option {
	return option(func(c *config) {
		if f != nil {
			c.observers = append(c.observers, f)
		}
	})
}

// WithCommitObserver makes the dispatcher report each transaction that the store was given.
// No other one begins before the function returns. There may be several.
func WithCommitObserver(f func(Commit)) Option {
	return option(func(c *config) {
		if f != nil {
			c.commits = append(c.commits, f)
		}
	})
}

// Options makes one option of several, in their order.
func Options(opts ...Option) Option {
	return option(func(c *config) {
		for _, o := range opts {
			if o == nil {
				c.fail(errors.New("dispatch: an option is nil"))
				continue
			}
			o.apply(c)
		}
	})
}

// WithLogger makes the dispatcher log: attempts at debug level, those that failed at info,
// what an operator should look into at warn and error. The default is not to log.
func WithLogger(l *slog.Logger) Option { return option(func(c *config) { c.logger = l }) }

// WithGrace sets how long [Dispatcher.Run] lets running attempts go on when it is told to
// stop, before it makes their contexts done.
func WithGrace(d time.Duration) Option { return option(func(c *config) { c.grace = d }) }

// WithResident sets how many suspended calls stay in memory. Those beyond it, the ones that
// have been suspended for longest, are loaded from the store when they go on. 0 means that
// all are. Beyond so many calls that are not done, also those are in the store only that sleep, are
// delayed or are tried again in more than a minute, and workflows that wait for nothing else, or for
// an event: see docs/operations.md. In a volatile build it has no effect on suspended calls: there all stay.
func WithResident(n int) Option { return option(func(c *config) { c.resident = n }) }

// WithControlOnly makes a dispatcher that runs nothing, for tools: what it is told (to cancel or retry a
// call, to send an event) is stored, and whoever runs the calls acts on it. So it needs none of their
// functions, opens at once however many calls there are, and notices no crash. On a store that is not
// shared no process runs meanwhile, and the next one that does acts on it. Run returns an error.
func WithControlOnly() Option { return option(func(c *config) { c.control = true }) }

// WithCrashLimit sets after how many crashes of the process in a row a call is parked that was
// running in all of them, and alone in the last one: see docs/operations.md for how that is
// found out. 0 means never. In a fleet it does not matter which processes they were.
func WithCrashLimit(n int) Option { return option(func(c *config) { c.crashes = n }) }

// New returns a dispatcher for the functions among its options, and opens its store:
//
//	d, err := dispatch.New(findCustomers, charge, workflow, dispatch.WithStore("billing.db"))
//
// From then on calls can be made with the functions' Dispatch; they are run while
// [Dispatcher.Run] is. A function belongs to one dispatcher at a time, until
// [Dispatcher.Close]; a store belongs to one process.
func New(opts ...Option) (*Dispatcher, error) {
	d, c, err := configure(opts)
	if err != nil {
		return nil, err
	}
	if err := d.start(c); err != nil {
		d.release()
		return nil, err
	}
	d.open.Store(true)
	return d, nil
}

// configure returns a dispatcher without an engine, to which no function belongs yet.
func configure(opts []Option) (*Dispatcher, *config, error) {
	c := &config{grace: DefaultGrace, resident: DefaultResident, crashes: DefaultCrashLimit}
	for _, o := range opts {
		if o == nil {
			return nil, nil, errors.New("dispatch: an option is nil")
		}
		o.apply(c)
	}
	if err := errors.Join(c.err, registrationError()); err != nil {
		return nil, nil, err
	}
	if c.source == nil {
		path, err := defaultPath()
		if err != nil {
			return nil, nil, err
		}
		c.source = sqliteFile(path)
	}
	c.functions = substituted(c.functions)
	return &Dispatcher{functions: c.functions, elsewhere: c.elsewhere, bindings: processBindings(c), sealer: c.sealer, interceptors: c.interceptors}, c, nil
}

// bodies returns what the engine is to know of the functions.
func (d *Dispatcher) bodies() ([]engine.Function, error) {
	var all []engine.Function
	names := make(map[string]bool)
	for _, f := range d.functions {
		if names[f.Name()] {
			return nil, fmt.Errorf("dispatch: two functions are named %q", f.Name())
		}
		names[f.Name()] = true
		if d.elsewhere[f.Name()] {
			continue
		}
		body, err := f.function(d)
		if err != nil {
			return nil, err
		}
		all = append(all, body)
	}
	return all, nil
}

func (d *Dispatcher) start(c *config) error {
	ec := engine.Config{
		Observer:  inTurn(c.observers),
		Commits:   inTurn(c.commits),
		Lineage:   len(c.observers)+len(c.interceptors) > 0,
		Logger:    c.logger,
		Grace:     max(c.grace, 0),
		Control:   c.control,
		Resident:  max(c.resident, 0),
		Crashes:   max(c.crashes, 0),
		Retention: c.retention,
		Describe:  describe,
	}
	var err error
	if ec.Functions, err = d.bodies(); err != nil {
		return err
	}
	for _, f := range d.functions {
		if err := f.bind(d); err != nil {
			return err
		}
	}
	s, err := c.source.Open(context.Background())
	if err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	ec.Store = s
	if d.engine, err = engine.New(ec); err != nil {
		return fmt.Errorf("dispatch: %w", errors.Join(err, s.Close()))
	}
	return nil
}

// Run runs calls until ctx is done, and then stops: no attempt is started, those that run
// are let go on for the grace time, then their contexts are made done, and after a second
// more they are given up. What was not recorded by then is tried again at the next Run.
// Functions see the values of ctx in their contexts.
//
// Run returns nil if it stopped because ctx is done, and [ErrNotCompiled] as soon as a function
// awaits in a durable build of a program that coroc has not compiled at all. It may be called again after that,
// but not twice at a time.
func (d *Dispatcher) Run(ctx context.Context) error {
	if err := d.engine.Run(ctx); err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	return nil
}

// Close closes the store. If Run has not returned, Close first makes it stop.
func (d *Dispatcher) Close() error {
	err := d.engine.Close()
	d.release()
	if err != nil {
		return fmt.Errorf("dispatch: %w", err)
	}
	return nil
}

// Kill ends the dispatcher as the death of its process would, to test what comes after that:
// nothing is committed any more, no attempt starts, and no function goes on behind an await.
// Run returns. The functions and the store are free for a new dispatcher, if the store is one
// that can be taken over, such as a memory.Memory after its Crash.
//
// Code of functions that is running cannot be stopped; what comes of it is dropped. Close is
// still to be called, at the end of the test: until then functions that await in memory stay
// as they are. Then their goroutines end, with their deferred calls.
func (d *Dispatcher) Kill() {
	d.killed.Store(true)
	d.engine.Kill()
	d.release()
}

func (d *Dispatcher) release() {
	for _, f := range d.functions {
		f.unbind(d)
	}
}
