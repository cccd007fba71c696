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

const usage = `Kills the workflow of examples/charge again and again, and proves that it does not mind.

Usage: go run ./examples/charge/demo [flags]      (what "make demo" does)

Examples:
  go run ./examples/charge/demo -kills 20        more kills
  go run ./examples/charge/demo -seed 42         the same random moments again
  go run ./examples/charge/demo -keep /tmp/demo  keep all files, to look at them

Flags:
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command: it returns the exit code.
func run(args []string, stdout *os.File, stderr io.Writer) int {
	o := options{source: "examples/charge"}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.kills, "kills", 8, fmt.Sprintf("how many kills to plan, at least %d", minKills))
	flags.IntVar(&o.rows, "rows", 600, "how many customers")
	flags.Uint64Var(&o.seed, "seed", 0, "decides when to kill and how the payment service behaves (default: at random)")
	flags.StringVar(&o.dir, "keep", "", "keep all files in this new `folder` (default: a temporary one, kept only if something is off)")
	flags.StringVar(&o.binary, "charge", "", "use this `binary` of examples/charge instead of compiling one")
	flags.DurationVar(&o.patience, "patience", 2*time.Minute, "give up if one worker takes longer than this")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	switch {
	case flags.NArg() > 0:
		fmt.Fprintf(stderr, "demo: unexpected argument %q\n", flags.Arg(0))
		return 2
	case o.kills < minKills:
		fmt.Fprintf(stderr, "demo: -kills: %d is less than %d\n", o.kills, minKills)
		return 2
	case o.rows < 100:
		fmt.Fprintf(stderr, "demo: -rows: %d is less than 100, too few for kills in every phase\n", o.rows)
		return 2
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) + 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	show := progress.New(stdout)
	defer show.End()
	keep := o.dir != ""
	if err := o.makeDir(); err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
		return 2
	}
	found, err := o.compileAndDemonstrate(ctx, show)
	show.End()
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "demo: %v\n", err)
	case len(found) > 0:
		fmt.Fprintf(stderr, "demo: the promise was not kept:\n")
		for _, f := range found[:min(len(found), 20)] {
			fmt.Fprintf(stderr, "  %s\n", f)
		}
		if more := len(found) - 20; more > 0 {
			fmt.Fprintf(stderr, "  and %d findings more\n", more)
		}
	default:
		if !keep {
			if err := os.RemoveAll(o.dir); err != nil {
				fmt.Fprintf(stderr, "demo: %v\n", err)
			}
		}
		return 0
	}
	fmt.Fprintf(stderr, "demo: all files are in %s; -seed %d kills at the same moments\n", o.dir, o.seed)
	if err != nil {
		return 2
	}
	return 1
}

func (o *options) compileAndDemonstrate(ctx context.Context, show *progress.Progress) (found []string, err error) {
	if o.binary == "" {
		if err := o.build(ctx, show); err != nil {
			return nil, err
		}
	}
	if err := checkDurable(o.binary); err != nil {
		return nil, err
	}
	return demonstrate(ctx, o, show)
}

// options is what the command line says.
type options struct {
	kills, rows int
	seed        uint64
	dir         string // where all files are
	binary      string
	patience    time.Duration
	source      string // the folder of the example in the module
}

func (o *options) makeDir() (err error) {
	if o.dir == "" {
		o.dir, err = os.MkdirTemp("", "charge-demo-")
		return err
	}
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.dir), 0o777); err != nil {
		return err
	}
	return os.Mkdir(o.dir, 0o777) // an old one would be taken for evidence
}

func (o *options) file(name string) string { return filepath.Join(o.dir, name) }
