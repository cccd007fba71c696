package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/coroc-dev/coroc/internal/progress"
)

const usage = `Kills and stops the processes that run workflows, and their database, and checks that nothing was lost or done twice.

Usage: go run ./chaos [flags]      (what "make chaos" does, for both stores and a standby)

Examples:
  go run ./chaos -store sqlite -duration 10s -workflows 300
  go run ./chaos -store postgres -workers 5 -duration 1h -workflows 100000
  go run ./chaos -store postgres -failover -duration 10m
  go run ./chaos -store postgres -retention -workflows 500
  go run ./chaos -store postgres -seed 42    the schedule of seed 42 again
  go run ./chaos -keep /tmp/chaos-files      keep ledger, log and store, to look at them

Exit codes: 0 all promises were kept, 1 they were not, 2 the test could not work.

Flags:
`

func main() { os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr)) }

// execute is the command: it returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("chaos", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.store, "store", "sqlite", "`sqlite`, for one worker at a time, or postgres, for several")
	flags.Uint64Var(&o.seed, "seed", 0, "decides what happens when, and what the workflows do (default: at random)")
	flags.IntVar(&o.workers, "workers", 3, "how many workers share a database")
	flags.IntVar(&o.workflows, "workflows", 2000, "how many workflows there are")
	flags.DurationVar(&o.duration, "duration", time.Minute, "for how long things happen, and workflows are dispatched")
	flags.DurationVar(&o.every, "every", 1500*time.Millisecond, "how often something happens, on average")
	flags.DurationVar(&o.lease, "lease", 3*time.Second, "of a worker, on a database")
	flags.DurationVar(&o.patience, "patience", time.Minute, "give up if no workflow comes to its end for so long")
	flags.BoolVar(&o.failover, "failover", false, "give the database server a synchronous standby, which takes its place when it is killed")
	flags.BoolVar(&o.retention, "retention", false, "calls that have ended well go after a while, and there are workflows of many laps")
	flags.StringVar(&o.dir, "keep", "", "keep all files in this new `folder` (default: a temporary one, kept only if something is wrong)")
	flags.StringVar(&o.program, "worker", "", "use this `binary` of chaos/worker; it is built if it is not there")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := o.complete(flags.Args()); err != nil {
		fmt.Fprintf(stderr, "chaos: %v\n", err)
		return 2
	}
	keep := o.dir != ""
	if err := o.makeDir(); err != nil {
		fmt.Fprintf(stderr, "chaos: %v\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	show := progress.New(stdout)
	v, err := o.run(ctx, show)
	show.End()
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "chaos: %v\n", err)
	case len(v.found) > 0:
		fmt.Fprintf(stderr, "chaos: the promises were not kept:\n")
		for _, f := range v.found[:min(len(v.found), 20)] {
			fmt.Fprintf(stderr, "  %s\n", f)
		}
		if more := len(v.found) - 20; more > 0 {
			fmt.Fprintf(stderr, "  and %d findings more\n", more)
		}
	default:
		show.Line("all promises were kept")
		if !keep {
			if err := os.RemoveAll(o.dir); err != nil {
				fmt.Fprintf(stderr, "chaos: %v\n", err)
			}
		}
		return 0
	}
	fmt.Fprintf(stderr, "chaos: all files are in %s; -seed %d has the same schedule\n", o.dir, o.seed)
	if err != nil {
		return 2
	}
	return 1
}

// complete checks the options and fills in what was not given.
func (o *options) complete(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case o.store != "sqlite" && o.store != "postgres":
		return fmt.Errorf("-store: %q is neither sqlite nor postgres", o.store)
	case o.failover && o.store != "postgres":
		return errors.New("-failover: needs -store postgres")
	case o.workers < 1 || o.workflows < 1:
		return errors.New("-workers, -workflows: at least one")
	case o.duration < time.Second || o.every < 10*time.Millisecond || o.lease < 500*time.Millisecond:
		return errors.New("-duration: at least 1s; -every: at least 10ms; -lease: at least 500ms")
	}
	if o.store == "sqlite" {
		o.workers, o.lease = 1, 500*time.Millisecond // it has none: this only says how long it is stopped
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) + 1
	}
	return nil
}

func (o *options) makeDir() (err error) {
	if o.dir == "" {
		o.dir, err = os.MkdirTemp("", "chaos-")
		return err
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	return os.Mkdir(o.dir, 0o777) // an old one would be taken for evidence
}
