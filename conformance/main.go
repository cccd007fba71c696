// Conformance runs the Go distribution's own test programs under stress (see
// coroc stress) and compares them with themselves as they are.
//
// A program is taken from GOROOT/test if its first line is "// run", without flags
// or arguments, it has no build constraint, and does not depend on what a suspension
// changes by its nature: the time, memory statistics, finalizers, its own stack, the
// internals of the runtime. It is built as it is and run twice: it must end with exit
// code 0 and do the same in both runs. Then it is compiled with a suspension point
// before every statement, and run so that it is saved, thrown away and loaded at
// each. Standard output, standard error and exit code must be the same.
//
// The file known-failures.txt lists what differs, with the reason.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const usage = `Runs the test programs of the Go distribution under coroc stress, and compares.

Usage: go run ./conformance [flags]      (what "make conformance" does)

Examples:
  go run ./conformance -sample 60              what make test runs
  go run ./conformance -resume                 go on where it was interrupted
  go run ./conformance -shard 1/4              the first quarter
  go run ./conformance -run 'typeparam/' -v    some programs, and all that they print
  go run ./conformance -failed -keep /tmp/c    what failed the last time; keep the generated code
  go run ./conformance -list -v                which programs are taken and left, and why

Exit codes: 0 all is as known-failures.txt says, 1 it is not, 2 the suite could not work.

Flags:
`

// options is what the command line says.
type options struct {
	dir, run      string
	verbose, list bool
	resume        bool
	failed        bool
	keep          string
	shard         string
	sample        int
	jobs, batch   int
	limit         time.Duration
	cache         string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == compileCommand {
		if err := compileBatch(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		return
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute is the command: it returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.dir, "dir", "", "the programs below this `folder`, not those of the distribution")
	flags.StringVar(&o.run, "run", "", "only programs whose paths match this regular `expression`")
	flags.BoolVar(&o.verbose, "v", false, "say more: names, all of what went wrong, what was slow")
	flags.BoolVar(&o.list, "list", false, "say which programs would run, and stop")
	flags.BoolVar(&o.resume, "resume", false, "leave out what has run with the present sources")
	flags.BoolVar(&o.failed, "failed", false, "only programs that failed the last time")
	flags.StringVar(&o.keep, "keep", "", "keep generated code and binaries in this new `folder`")
	flags.StringVar(&o.shard, "shard", "", "only part `i/n`, from 1/n to n/n")
	flags.IntVar(&o.sample, "sample", 0, "only this many programs, always the same, spread over the kinds (0: all)")
	flags.IntVar(&o.jobs, "j", runtime.GOMAXPROCS(0), "how many programs run at a time")
	flags.IntVar(&o.batch, "batch", 60, "how many programs are compiled at a time")
	flags.DurationVar(&o.limit, "timeout", 2*time.Minute, "of computing, for each program; 20 times its plain time if that is more")
	flags.StringVar(&o.cache, "cache", "", "`folder` for results (default: one in the user's cache)")
	flags.Usage = func() {
		fmt.Fprint(stderr, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(stderr, "conformance: unexpected argument %q: programs are selected with -run\n", flags.Arg(0))
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ok, err := o.conform(ctx, stdout)
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(stderr, "conformance: interrupted: go on with -resume")
		return 2
	case err != nil:
		fmt.Fprintf(stderr, "conformance: %v\n", err)
		return 2
	case !ok:
		return 1
	}
	return 0
}

// conform runs what was asked for and reports whether all is as it should be.
func (o *options) conform(ctx context.Context, out io.Writer) (ok bool, err error) {
	known, err := parseKnown(knownFailures)
	if err != nil {
		return false, err
	}
	if o.dir != "" {
		known = nil
	}
	s := &suite{jobs: max(o.jobs, 1), batch: max(o.batch, 1), limit: o.limit, resume: o.resume, keep: o.keep}
	if s.tools, err = findToolchain(ctx); err != nil {
		return false, err
	}
	if s.tests = o.dir; s.tests == "" {
		if s.tests, err = s.tools.tests(); err != nil {
			return false, err
		}
	}
	if s.sources, err = s.tools.sources(); err != nil {
		return false, err
	}
	if err := o.openStores(s); err != nil {
		return false, err
	}
	all, err := scan(s.tests)
	if err != nil {
		return false, err
	}
	s.report = newReport(out, o.verbose, known)
	s.report.filtered(all)
	taken, err := o.selected(s, all, known)
	if err != nil {
		return false, err
	}
	if o.list {
		for _, p := range taken {
			fmt.Fprintln(out, p.Path)
		}
		return true, nil
	}
	if o.keep != "" {
		if s.keep, err = filepath.Abs(o.keep); err != nil {
			return false, err
		}
		if err := os.Mkdir(s.keep, 0o777); err != nil { // an old one would be mixed with it
			return false, err
		}
	}
	err = s.run(ctx, taken)
	s.report.End()
	return s.report.summary(), err
}

func (o *options) openStores(s *suite) (err error) {
	dir := o.cache
	if dir == "" {
		if dir, err = os.UserCacheDir(); err != nil {
			return fmt.Errorf("%w: choose a folder with -cache", err)
		}
		dir = filepath.Join(dir, "coroc", "conformance")
	}
	if s.references, err = openStore(filepath.Join(dir, "references.jsonl"), func(r Reference) string { return r.Path }); err != nil {
		return err
	}
	s.results, err = openStore(filepath.Join(dir, "results.jsonl"), func(r Result) string { return r.Path })
	return err
}

// selected returns the programs to run.
func (o *options) selected(s *suite, all []*Program, known map[string]string) ([]*Program, error) {
	match, err := regexp.Compile(o.run)
	if err != nil {
		return nil, fmt.Errorf("-run: %w", err)
	}
	listed := 0
	var ps []*Program
	for _, p := range all {
		if p.Left != "" {
			continue
		}
		if known[p.Path] != "" {
			listed++
		}
		ps = append(ps, p)
	}
	if listed < len(known) {
		return nil, fmt.Errorf("known-failures.txt: %d of the listed programs are none that the filter takes", len(known)-listed)
	}
	if o.sample > 0 {
		ps = sample(ps, o.sample)
	}
	if o.shard != "" {
		i, n, err := parseShard(o.shard)
		if err != nil {
			return nil, err
		}
		ps = shard(ps, i, n)
	}
	var chosen []*Program
	for _, p := range ps {
		if last, ran := s.results.get(p.Path); o.failed && (!ran || last.Kind == Passed) {
			continue
		}
		if match.MatchString(p.Path) {
			chosen = append(chosen, p)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("no programs match")
	}
	return chosen, nil
}

func parseShard(s string) (i, n int, err error) {
	if _, err := fmt.Sscanf(s, "%d/%d", &i, &n); err != nil || i < 1 || i > n || strings.Count(s, "/") != 1 {
		return 0, 0, fmt.Errorf("-shard: want i/n with 1 <= i <= n, have %q", s)
	}
	return i, n, nil
}
