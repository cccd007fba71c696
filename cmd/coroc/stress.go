package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/stress"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

// An exitError is the exit code of the program that coroc has run.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func stressCommand() *cobra.Command {
	var o stress.Options
	var tags []string
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
			tags, _ = cmd.Flags().GetStringSlice("tags")
			return runStress(cmd, args[0], args[1:], tags, o)
		},
	}
	f := cmd.Flags()
	f.Int64Var(&o.Every, "every", 1, "save at 1 in `N` points, chosen at random")
	f.Uint64Var(&o.Seed, "seed", 1, "of the random choices")
	f.BoolVar(&o.Strict, "strict", false, "fail at a value that only the process can hold")
	f.BoolVar(&o.Fresh, "fresh", false, "go on in a new process each time; implies -strict")
	return cmd
}

func runStress(cmd *cobra.Command, target string, args, tags []string, o stress.Options) error {
	if o.Every < 1 {
		return fmt.Errorf("-every %d: it must be at least 1", o.Every)
	}
	dir, err := os.MkdirTemp("", "coroc-stress-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	exe := filepath.Join(dir, "program")
	if strings.HasSuffix(target, ".go") {
		err = buildFile(cmd, dir, target, exe, tags)
	} else {
		err = buildStress(cmd, dir, "", target, exe, tags)
	}
	if err != nil {
		return err
	}

	// Ctrl-C goes to the program too, which may want to handle it: coroc waits.
	signal.Ignore(os.Interrupt)
	run := exec.Command(exe, args...)
	run.Env = append(os.Environ(), o.Environ())
	run.Stdin, run.Stdout, run.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	err = run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exitError(max(exit.ExitCode(), 1))
	}
	return err
}

// buildStress builds the package in a module.
func buildStress(cmd *cobra.Command, tmp, dir, pkg, exe string, tags []string) error {
	r, err := compiler.Compile(cmd.Context(), compiler.Options{
		Dir: dir, Patterns: []string{pkg}, NoTests: true, BuildTags: tags, Stress: true,
	})
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), r.Diagnostics)
	if r.Failed() {
		return errFound
	}
	for _, p := range r.Module.Packages {
		if p.Named && p.Name == "main" {
			return goBuild(cmd.Context(), cmd.ErrOrStderr(), r, tmp, dir, pkg, exe, tags)
		}
	}
	return fmt.Errorf("%s is not a main package: only a program can be run", pkg)
}

func goBuild(ctx context.Context, stderr io.Writer, r *compiler.Result, tmp, dir, pkg, exe string, tags []string) error {
	overlay, err := r.Overlay()
	if err != nil {
		return err
	}
	description, err := compiler.WriteOverlay(tmp, overlay)
	if err != nil {
		return err
	}
	build := exec.CommandContext(ctx, "go", "build", "-tags="+strings.Join(append(tags, typecheck.DurableTag), ","),
		"-overlay="+description, "-o", exe, pkg)
	build.Dir, build.Stdout, build.Stderr = dir, stderr, stderr
	err = build.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errFound // the go command has said why
	}
	return err
}
