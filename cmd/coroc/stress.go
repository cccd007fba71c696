package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/stress"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

func stressCommand() *cobra.Command {
	var o stress.Options
	var tags []string
	var out string
	cmd := &cobra.Command{
		Use:   "stress [flags] PACKAGE|FILE.go [-- ARGS]",
		Short: "Run a program, saved and loaded again at every statement",
		Long: `Stress compiles the program with a suspension point before every statement of every
function of the main module, runs main as a coroutine, and at each point saves the state,
throws the coroutine away, loads it into a new one and goes on. After the first 100,000 points of
a run it does so at a thinning random sample, so that hot loops end. The source tree is not
touched. Standard output, error and exit code are the program's own.

Package-level variables and all that they lead to stay what they are. So do values that only the
process can hold: channels, files, what goroutines share.`,
		Example: `  coroc stress ./cmd/app -- serve -n 3
  coroc stress -every 10 -seed 7 -v prog.go
  coroc stress -strict ./cmd/app       # fail at the first value that cannot be saved`,
		Args: func(cmd *cobra.Command, args []string) error {
			if n := cmd.ArgsLenAtDash(); len(args) == 0 || n == 0 || n < 0 && len(args) > 1 || n > 1 {
				return errors.New("stress takes one package or file; arguments of the program stand behind --")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Verbose, _ = cmd.Flags().GetBool("verbose")
			if cmd.Flags().Changed("tags") {
				tags, _ = cmd.Flags().GetStringSlice("tags")
			}
			return runStress(cmd, args[0], args[1:], tags, out, o)
		},
	}
	f := cmd.Flags()
	f.Int64Var(&o.Every, "every", 1, "save at 1 in `N` points, chosen at random")
	f.Uint64Var(&o.Seed, "seed", 1, "of the random choices")
	f.BoolVar(&o.Strict, "strict", false, "fail at a value that only the process can hold")
	f.BoolVar(&o.Fresh, "fresh", false, "go on in a new process each time; implies -strict")
	f.StringVarP(&out, "output", "o", "", "only build the program, into `FILE`, which is stressed whenever it runs")
	return cmd
}

func runStress(cmd *cobra.Command, target string, args, tags []string, out string, o stress.Options) error {
	if o.Every < 1 {
		return fmt.Errorf("-every %d: it must be at least 1", o.Every)
	}
	dir, err := os.MkdirTemp("", "coroc-stress-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "program")
	if out != "" {
		if exe, err = filepath.Abs(out); err != nil {
			return err
		}
	}
	if strings.HasSuffix(target, ".go") {
		err = buildFile(cmd, dir, target, exe, tags)
	} else {
		err = stressBuild{tmp: dir, pkg: target, exe: exe, tags: tags}.run(cmd)
	}
	if err != nil || out != "" {
		return err
	}

	if o.Verbose {
		o.Summary = filepath.Join(dir, "summary")
		defer func() { printSummary(cmd.ErrOrStderr(), o.Summary) }()
	}
	if o.Fresh {
		o.State = filepath.Join(dir, "state")
	}
	for {
		run := exec.Command(exe, args...)
		run.Env = append(os.Environ(), o.Environ())
		run.Stdin, run.Stdout, run.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
		if err := runChild(run); err != nil || !o.Fresh {
			return err
		}
		if _, err := os.Stat(o.State); err != nil {
			return nil // it has come to its end
		}
	}
}

// printSummary tells what the program has written of what its driver has done, however
// it ended.
func printSummary(w io.Writer, file string) {
	s, err := stress.ReadSummary(file)
	if err != nil {
		fmt.Fprintln(w, "coroc stress: no summary:", err)
		return
	}
	fmt.Fprint(w, s)
}

// A stressBuild builds a package with suspension points.
type stressBuild struct {
	tmp  string // for files that are not needed afterwards
	dir  string // of the module, or in it
	pkg  string
	exe  string
	tags []string
	home string // where the user's files are, if those in dir are copies
}

func (b stressBuild) run(cmd *cobra.Command) error {
	options := compiler.Options{
		Dir: b.dir, Patterns: []string{b.pkg}, NoTests: true, BuildTags: b.tags, Stress: true, Adopt: true, Home: b.home,
	}
	r, err := compiler.Compile(cmd.Context(), options)
	if err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	for i := range r.Diagnostics {
		d := &r.Diagnostics[i]
		d.Pos.Filename = b.original(d.Pos.Filename)
		for j := range d.Related {
			d.Related[j].Pos.Filename = b.original(d.Related[j].Pos.Filename)
		}
	}
	verbose, _ := cmd.Flags().GetBool("verbose")
	if !verbose {
		// The program's error output is its own.
		r.Diagnostics = slices.DeleteFunc(r.Diagnostics, func(d typecheck.Diagnostic) bool { return d.Warning })
	}
	printDiagnostics(stderr, r.Diagnostics)
	if r.Failed() {
		return errFound
	}
	if verbose {
		for _, f := range r.Plain {
			fmt.Fprintf(stderr, "%s:%d: this function runs without suspension points: %s\n",
				relative(b.original(f.Pos.Filename)), f.Pos.Line, f.Why.Message)
		}
	}
	for _, p := range r.Module.Packages {
		if p.Named && p.Name == "main" {
			return b.build(cmd.Context(), stderr, r, options)
		}
	}
	return fmt.Errorf("%s is not a main package: only a program can be run", b.pkg)
}

// original returns the name of the user's file for that of its copy.
func (b stressBuild) original(name string) string {
	if rel, ok := strings.CutPrefix(name, b.dir+string(filepath.Separator)); ok && b.home != "" {
		return filepath.Join(b.home, rel)
	}
	return name
}

func (b stressBuild) build(ctx context.Context, stderr io.Writer, r *compiler.Result, o compiler.Options) error {
	prepared, err := r.Prepare(ctx, b.tmp, o)
	if err != nil {
		return err
	}
	args := append([]string{"build", "-tags=" + strings.Join(append(r.Module.Tags, typecheck.DurableTag), ","), "-o", b.exe}, prepared.Flags...)
	if b.home != "" {
		args = append(args, "-trimpath") // the copies will be gone when a stack trace is read
	}
	build := exec.CommandContext(ctx, "go", append(args, b.pkg)...)
	build.Dir, build.Stdout, build.Stderr = b.dir, stderr, stderr
	if len(prepared.Env) > 0 {
		build.Env = append(os.Environ(), prepared.Env...)
	}
	err = build.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errFound // the go command has said why
	}
	return err
}
