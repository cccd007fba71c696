// Worker is one of the processes that the chaos test kills and stops while they dispatch and run
// workflows. It ends in order when it is told to (SIGTERM).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/coroc-dev/coroc/chaos/ledger"
	"github.com/coroc-dev/coroc/chaos/plan"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
)

// options is what the command line says.
type options struct {
	process, ledger   string
	sqlite            string
	url, schema       string
	lease             time.Duration
	seed              uint64
	first, step, last int
	began             int64
	spread            time.Duration
	keep              time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.process, "process", "", "the name of this process in the ledger")
	flag.StringVar(&o.ledger, "ledger", "", "the ledger")
	flag.StringVar(&o.sqlite, "sqlite", "", "the file of the store")
	flag.StringVar(&o.url, "url", "", "the database of the store, if it is not a file")
	flag.StringVar(&o.schema, "schema", "", "its schema")
	flag.DurationVar(&o.lease, "lease", 0, "the lease of the process")
	flag.Uint64Var(&o.seed, "seed", 0, "decides what workflows do")
	flag.IntVar(&o.first, "first", 0, "the first workflow to dispatch")
	flag.IntVar(&o.step, "step", 1, "how many there are between two of them")
	flag.IntVar(&o.last, "workflows", 0, "all have numbers below this")
	flag.Int64Var(&o.began, "began", 0, "milliseconds since 1970 of when workflow 0 is due")
	flag.DurationVar(&o.spread, "spread", 0, "over how long they are spread")
	flag.DurationVar(&o.keep, "keep", 0, "how long calls are kept that have ended well (default: for ever)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", o.process, err)
		os.Exit(1)
	}
}

func (o *options) run(ctx context.Context) error {
	l, err := ledger.Open(o.ledger, o.process)
	if err != nil {
		return err
	}
	defer l.Close()
	shapes, opts := newWorkflows(&worker{ledger: l, process: o.process})
	log := slog.New(noticing{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}).
		WithAttrs([]slog.Attr{slog.String("process", o.process)}), l})
	// Kills from outside are no crashes of the calls that run: none is to be parked for them.
	opts = append(opts, dispatch.WithLogger(log), dispatch.WithCrashLimit(0), dispatch.WithResident(64))
	if o.keep > 0 {
		opts = append(opts, dispatch.WithRetention(dispatch.Retention{Statuses: []dispatch.Status{dispatch.StatusOK}, Age: o.keep}))
	}
	if o.sqlite != "" {
		opts = append(opts, dispatch.WithStore(o.sqlite))
	} else {
		opts = append(opts, postgres.Store(o.url, postgres.Schema(o.schema), postgres.Lease(o.lease)))
	}
	d, err := open(ctx, opts)
	if err != nil {
		return err
	}
	var dispatching sync.WaitGroup
	var failed error
	dispatching.Go(func() { failed = o.dispatch(ctx, d, l, shapes) })
	err = d.Run(ctx)
	dispatching.Wait()
	return errors.Join(err, failed, d.Close())
}

// open makes a dispatcher. The server of the store may be down.
func open(ctx context.Context, opts []dispatch.Option) (*dispatch.Dispatcher, error) {
	for end := time.Now().Add(time.Minute); ; {
		d, err := dispatch.New(opts...)
		if err == nil || time.Now().After(end) {
			return d, err
		}
		fmt.Fprintln(os.Stderr, err)
		if !pause(ctx, 100*time.Millisecond) {
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// dispatch makes this process's share of the workflows, each in its time, until ctx is done.
// Those that an earlier process may have made have the same keys.
func (o *options) dispatch(ctx context.Context, d *dispatch.Dispatcher, l *ledger.Ledger, shapes map[string]*dispatch.Function[plan.Spec, plan.Result]) error {
	began := time.UnixMilli(o.began)
	for n := o.first; n < o.last; n += o.step {
		due := began.Add(o.spread * time.Duration(n) / time.Duration(o.last))
		if !pause(ctx, due.Sub(ledger.Now())) { // the clock may be wrong
			return nil
		}
		s := plan.For(o.seed, n, o.keep > 0)
		for {
			id, err := shapes[s.Shape].Dispatch(ctx, s, dispatch.WithKey(fmt.Sprint(n)))
			if err == nil {
				if err := l.Note(ledger.Line{Event: ledger.Made, Workflow: n, Call: string(id)}); err != nil {
					return err
				}
				if err = send(ctx, d, s, id); err == nil {
					break
				}
			}
			if o.keep > 0 && errors.Is(err, dispatch.ErrDone) {
				break // its events had come, and are gone with their keys
			}
			if errors.Is(err, dispatch.ErrKeyConflict) || errors.Is(err, dispatch.ErrEventConflict) || errors.Is(err, dispatch.ErrDone) {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: workflow %d: %v\n", o.process, n, err)
			if !pause(ctx, 100*time.Millisecond) {
				return nil
			}
		}
	}
	return nil
}

// send sends a workflow the events that it waits for. It may have been done before.
func send(ctx context.Context, d *dispatch.Dispatcher, s plan.Spec, id dispatch.ID) error {
	if s.Shape != plan.Inbox && s.Shape != plan.Endless {
		return nil
	}
	for i := range s.Width {
		if err := letter.Send(ctx, d, id, s.Payload(i), dispatch.Once(fmt.Sprint(i))); err != nil {
			return err
		}
	}
	return nil
}

// pause waits and reports whether ctx is not done.
func pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
