package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/store"
	"github.com/coroc-dev/coroc/examples/charge/customers"
	"github.com/coroc-dev/coroc/examples/charge/journal"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "payments" {
		os.Exit(payments.Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

const usage = `Bills customers in one durable workflow: finds those with a pending charge, charges
the credit card of each, sends out notices.

Interrupt it (Ctrl-C) or kill it whenever you like, then run the same command again:
it goes on from where it was. To start from nothing, remove the folder.

Usage: charge [flags]
       charge -check [flags]     only check that this build can go on from what is suspended
       charge payments [flags]   only the payment service; see charge payments -help

Examples:
  charge                                    all in ./charge-data, with a service of its own
  charge -rows 5000 -dir /tmp/big           more customers
  charge payments -addr 127.0.0.1:8080 &    a service that outlives the worker,
  charge -server http://127.0.0.1:8080      and a worker that uses it

Flags:
`

// config is what the command line says.
type config struct {
	dir, store, customers, server, worker, journal, result string
	rows, batch                                            int
	checkOnly                                              bool
	seed                                                   uint64
	day                                                    time.Time
}

func parse(args []string, stderr io.Writer) (config, error) {
	var c config
	flags := flag.NewFlagSet("charge", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what goes wrong is said below
	flags.StringVar(&c.dir, "dir", "charge-data", "keep everything in this `folder`")
	flags.StringVar(&c.store, "store", "", "keep the calls in this SQLite `file` (default: charge.db in the folder)")
	flags.StringVar(&c.customers, "customers", "", "read the customers from this CSV `file`, generated if missing (default: customers.csv in the folder)")
	flags.StringVar(&c.journal, "journal", "", "note all attempts in this `file` (default: journal.jsonl in the folder)")
	flags.StringVar(&c.server, "server", "", "`URL` of the payment service (default: run one as a child process)")
	flags.StringVar(&c.worker, "worker", "", "`name` of this process in the journal and at the service (default: made of the process id)")
	flags.StringVar(&c.result, "result", "", "also write the result to this `file`, as JSON")
	flags.IntVar(&c.rows, "rows", customers.DefaultRows, "how many customers to generate")
	flags.IntVar(&c.batch, "batch", 20, "how many customers a notice is about")
	flags.Uint64Var(&c.seed, "seed", customers.DefaultSeed, "what customers to generate, and how the service of its own behaves")
	flags.BoolVar(&c.checkOnly, "check", false, "only check that this build can go on from all that is suspended in the store, which may be in use")
	day := flags.String("day", "2026-06-30", "charge what is due on this `day`")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return c, err
	}
	if err == nil {
		err = c.check(flags.Args(), *day)
	}
	if err != nil {
		fmt.Fprintf(stderr, "charge: %v; see charge -help\n", err)
		return c, err
	}
	if c.worker == "" {
		c.worker = fmt.Sprintf("pid-%d", os.Getpid())
	}
	for path, name := range map[*string]string{
		&c.store: "charge.db", &c.customers: "customers.csv", &c.journal: "journal.jsonl",
	} {
		if *path == "" {
			*path = filepath.Join(c.dir, name)
		}
	}
	return c, nil
}

func (c *config) check(args []string, day string) (err error) {
	if c.day, err = time.Parse(time.DateOnly, day); err != nil {
		return fmt.Errorf("-day: %q is not of the form 2026-06-30", day)
	}
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q", args[0])
	case c.rows < 1:
		return fmt.Errorf("-rows: %d is less than 1", c.rows)
	case c.batch < 1:
		return fmt.Errorf("-batch: %d is less than 1", c.batch)
	}
	return nil
}

// run is the command: it returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	if c.checkOnly {
		err = check(ctx, c, stdout)
	} else {
		err = bill(ctx, c, stdout)
	}
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(stdout, "interrupted; run the same command again to go on")
		return 130
	case errors.Is(err, store.ErrOwned):
		fmt.Fprintf(stderr, "charge: %s is in use: another charge is running\n", c.store)
	default:
		fmt.Fprintf(stderr, "charge: %v\n", err)
	}
	return 1
}

// check lists the states in the store that this build cannot go on from, and returns an error
// if there are some.
func check(ctx context.Context, c config, stdout io.Writer) error {
	_, functions := newWorkflow(&billing{out: stdout})
	report, err := dispatch.CheckStates(ctx, append(functions, dispatch.WithStore(c.store))...)
	if err != nil {
		return err
	}
	for _, u := range report.Unfit {
		fmt.Fprintf(stdout, "%s %s: %v\n", u.Call, u.Function, u.Err)
	}
	if err := report.Err(); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "states that this build can go on from: all %d\n", report.States)
	return nil
}

// bill runs the workflow to its end, or until ctx is done.
func bill(ctx context.Context, c config, stdout io.Writer) (err error) {
	if err := os.MkdirAll(c.dir, 0o777); err != nil {
		return err
	}
	if err := customers.Ensure(c.customers, c.seed, c.rows); err != nil {
		return err
	}
	witness, err := journal.Open(c.journal, c.worker)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, witness.Close()) }()

	b := &billing{customers: c.customers, batch: c.batch, journal: witness, out: stdout}
	workflow, functions := newWorkflow(b)
	d, err := dispatch.New(append(functions, dispatch.WithStore(c.store))...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()

	if c.server == "" {
		self, err := os.Executable()
		if err != nil {
			return err
		}
		service, err := payments.Start(self, "-seed", fmt.Sprint(c.seed),
			"-ledger", filepath.Join(c.dir, "ledger.jsonl"), "-requests", filepath.Join(c.dir, "requests.jsonl"))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, service.Stop()) }()
		c.server = service.URL
	}
	b.bank = &payments.Client{URL: c.server, Worker: c.worker}
	return b.follow(ctx, d, workflow, c)
}

// follow makes the call of the workflow, unless it was made by an earlier process, and
// runs it.
func (b *billing) follow(ctx context.Context, d *dispatch.Dispatcher, workflow *dispatch.Function[time.Time, Report], c config) error {
	before, err := d.Stats(ctx)
	if err != nil {
		return err
	}
	id, err := workflow.Dispatch(ctx, c.day, dispatch.WithKey("bill "+c.day.Format(time.DateOnly)))
	if err != nil {
		return err
	}
	switch {
	case before.Calls == 0:
		b.printf("started workflow %s; everything is kept in %s", id, c.dir)
	case before.Functions[workflow.Name()].Done > 0:
		b.printf("workflow %s has finished already", id)
	default:
		b.printf("going on with workflow %s, which has come to %s", id, progress(before))
		if !coroutine.Durable {
			b.printf("this is a volatile build: the state of the workflow was lost with the process that")
			b.printf("ran it, so it starts over, and charges again; compile with coroc to keep it")
		}
	}

	running, halt := context.WithCancel(ctx)
	defer halt()
	stopped := make(chan error, 1)
	go func() { stopped <- d.Run(running) }()
	ended := make(chan struct{})
	go b.report(running, d, ended)
	report, err := workflow.Wait(ctx, id)
	halt()
	<-ended
	if err := errors.Join(err, <-stopped); err != nil {
		return err
	}
	if c.result != "" {
		text, err := json.MarshalIndent(report, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(c.result, append(text, '\n'), 0o666); err != nil {
			return err
		}
	}
	b.printf("the workflow is complete")
	fmt.Fprintf(b.out, "\n  charged   %4d customers, %s in all\n  declined  %4d %s\n  notices   %4d\n",
		report.Charged, money(report.Cents), len(report.Declined), some(report.Declined), len(report.Notices))
	return nil
}

// report says every second how far the workflow has come, then closes ended.
func (b *billing) report(ctx context.Context, d *dispatch.Dispatcher, ended chan<- struct{}) {
	defer close(ended)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		stats, err := d.Stats(ctx)
		if err != nil {
			continue // the next time, or never: it is only for show
		}
		if now := progress(stats); now != last {
			b.printf("%s", now)
			last = now
		}
	}
}

// progress describes how far the workflow has come.
func progress(s dispatch.Stats) string {
	charge, notice := s.Functions["chargeCreditCard"], s.Functions["sendNotice"]
	text := fmt.Sprintf("%d of %d cards", charge.Done, charge.Calls)
	if notice.Calls > 0 {
		text += fmt.Sprintf(" and %d notices", notice.Done)
	}
	return fmt.Sprintf("%s, %d retries, %d bytes of state", text, s.Retries, s.StateBytes)
}

// some lists the first few names.
func some(names []string) string {
	const few = 8
	if len(names) <= few {
		return strings.Join(names, " ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], " "), len(names)-few)
}
