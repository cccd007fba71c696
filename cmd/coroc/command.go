package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/desugar"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK    = 0
	exitFound = 1 // something is wrong with the program, or files are not up to date
	exitUsage = 2 // coroc was called wrongly, or could not do its work

	exitInterrupted = 130 // by Ctrl-C, as shells have it
)

// errFound says that the reason was printed.
var errFound = errors.New("")

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand()
	cmd.SetArgs(doubleDashes(cmd, args))
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	var d typecheck.Diagnostic
	var program exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &program):
		return int(program)
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "coroc: interrupted")
		return exitInterrupted
	case errors.Is(err, errFound):
		return exitFound
	case errors.As(err, &d):
		printDiagnostics(stderr, []typecheck.Diagnostic{d})
		return exitFound
	}
	fmt.Fprintf(stderr, "coroc: %s\n", inMessage(err.Error()))
	return exitUsage
}

// doubleDashes lets the names of flags stand behind one dash too, as those of the go
// command do.
func doubleDashes(cmd *cobra.Command, args []string) []string {
	args = slices.Clone(args)
	sub, _, err := cmd.Find(args)
	if err != nil || sub.DisableFlagParsing {
		return args
	}
	for i, a := range args {
		if a == "--" {
			break
		}
		name, _, _ := strings.Cut(strings.TrimPrefix(a, "-"), "=")
		if strings.HasPrefix(a, "-") && len(name) > 1 && (sub.Flags().Lookup(name) != nil || sub.InheritedFlags().Lookup(name) != nil) {
			args[i] = "-" + a
		}
	}
	return args
}

type flags struct {
	list    bool
	verbose bool
	dump    string
	tests   bool
	tags    []string
	goos    string
	goarch  string
}

func (f *flags) options(patterns []string) compiler.Options {
	o := compiler.Options{Patterns: patterns, NoTests: !f.tests, BuildTags: f.tags, Env: os.Environ()}
	if f.goos != "" {
		o.Env = append(o.Env, "GOOS="+f.goos)
	}
	if f.goarch != "" {
		o.Env = append(o.Env, "GOARCH="+f.goarch)
	}
	return o
}

func newCommand() *cobra.Command {
	var f flags
	cmd := &cobra.Command{
		Use:   "coroc [PATH...]",
		Short: "Compile functions that may suspend into state machines that can be saved",
		Long: `Coroc compiles the packages that the paths name (patterns of the go command;
default "."), and the packages of the same module that they import. For each
foo.go with functions that may suspend it writes foo.durable.go, and adds the
constraint !durable to foo.go. Build the result with the tag durable; without
the tag the program is what you wrote.

Exit codes: 0 all is well, 1 something is wrong with the program or (check)
files are not up to date, 2 coroc was called wrongly or could not work, 130
Ctrl-C. Those of build, run and test are the go command's, that of stress is
the program's.`,
		Example: `  coroc                                # the package in this directory
  coroc ./...                          # all packages of the module
  go build -tags durable ./cmd/app     # build the result
  coroc check ./...                    # in CI: fail if generated files are stale
  coroc clean ./...                    # take everything back
  coroc test ./...                     # the durable build, without writing files
  coroc --dump=colour .                # what may suspend, and what it calls

  //go:generate go tool coroc .        # in a source, after: go get -tool ` + typecheck.ModulePath + `/cmd/coroc`,
		Args:          cobra.ArbitraryArgs,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE:          func(cmd *cobra.Command, args []string) error { return compile(cmd, &f, args) },
	}
	cmd.SetVersionTemplate("coroc {{.Version}}\n")
	cmd.CompletionOptions.DisableDefaultCmd = true
	common := cmd.PersistentFlags()
	common.BoolVarP(&f.verbose, "verbose", "v", false, "say what is done, and why functions may suspend")
	common.BoolVar(&f.tests, "tests", true, "compile the tests of the packages too")
	common.StringSliceVar(&f.tags, "tags", nil, "further build tags, separated by commas")
	common.StringVar(&f.goos, "goos", "", "compile for another operating `system`, as the variable GOOS does")
	common.StringVar(&f.goarch, "goarch", "", "compile for another `architecture`, as the variable GOARCH does")
	cmd.Flags().BoolVarP(&f.list, "list", "l", false, "print the name of each file that is changed")
	cmd.Flags().StringVar(&f.dump, "dump", "", "print an intermediate form and write nothing: colour, desugar or codegen")

	var states string
	check := &cobra.Command{
		Use:   "check [PATH...]",
		Short: "Fail if a generated file is missing, stale or left over, or a saved state cannot be resumed",
		Long: `Check fails if the generated files of the packages are not what coroc would write.

With -states it asks another question instead: can this build resume the saved states in a file,
in the files of a directory, or on standard input? It prints those that it cannot, and why. The
program is not run: values that a coroutine has bound are taken for granted.`,
		Example: "  coroc check ./...\n  coroc check -states states.bin ./...  # in CI, before a deploy",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if states != "" {
				return checkStates(cmd, &f, args, states)
			}
			return check(cmd, &f, args)
		},
	}
	check.Flags().StringVar(&states, "states", "", "check saved states in `DIR|FILE|-` instead")
	var dry bool
	clean := &cobra.Command{
		Use:     "clean [PATH...]",
		Short:   "Remove generated files and restore the sources",
		Example: "  coroc clean ./...",
		Args:    cobra.ArbitraryArgs,
		RunE:    func(cmd *cobra.Command, args []string) error { return clean(cmd, &f, args, dry) },
	}
	clean.Flags().BoolVarP(&dry, "dry-run", "n", false, "only print what would be done")
	clean.Flags().BoolVarP(&f.list, "list", "l", false, "print the name of each file that is changed")
	cmd.AddCommand(check, clean, explainCommand(&f), stressCommand(), inspectCommand(), freezeCommand(&f),
		goCommand("build", "Build the durable program without writing to the source tree", "  coroc build -o app ./cmd/app"),
		goCommand("run", "Run the durable program without writing to the source tree", "  coroc run ./cmd/app serve"),
		goCommand("test", "Test the durable program without writing to the source tree", "  coroc test -race ./..."))
	cmd.InitDefaultHelpFlag()
	return cmd
}

// compile is coroc without a command.
func compile(cmd *cobra.Command, f *flags, args []string) error {
	if !slices.Contains([]string{"", "colour", "desugar", "codegen"}, f.dump) {
		return fmt.Errorf("unknown form %q: --dump takes colour, desugar or codegen", f.dump)
	}
	o := f.options(args)
	if f.dump != "" || f.verbose {
		o.NoCache = true // what is printed is not kept
	}
	out, err := compiler.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), out.Diagnostics)
	if f.dump != "" {
		if err := dump(cmd.OutOrStdout(), out.Result(), f.dump); err != nil {
			return err
		}
	}
	if out.Failed() {
		return errFound
	}
	if f.dump != "" {
		return nil
	}
	if f.verbose {
		printReasons(cmd.ErrOrStderr(), out.Result().Explain(""))
	}
	if err := out.Write(); err != nil {
		return err
	}
	for _, c := range out.Changes {
		switch {
		case f.verbose && c.Text == nil:
			fmt.Fprintln(cmd.OutOrStdout(), "removed", relative(c.Path))
		case f.verbose:
			fmt.Fprintln(cmd.OutOrStdout(), "wrote", relative(c.Path))
		case f.list:
			fmt.Fprintln(cmd.OutOrStdout(), relative(c.Path))
		}
	}
	return nil
}

func check(cmd *cobra.Command, f *flags, args []string) error {
	o, err := compiler.Run(cmd.Context(), f.options(args))
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), o.Diagnostics)
	if o.Failed() {
		return errFound
	}
	for _, c := range o.Changes {
		fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", relative(c.Path), c.What)
	}
	if len(o.Changes) > 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), "generated files are not up to date: run coroc", strings.Join(args, " "))
		return errFound
	}
	return nil
}

func clean(cmd *cobra.Command, f *flags, args []string, dry bool) error {
	changes, err := compiler.Clean(cmd.Context(), f.options(args), dry)
	if err != nil {
		return err
	}
	for _, c := range changes {
		switch {
		case !f.verbose && !f.list && !dry:
		case c.Text == nil && dry:
			fmt.Fprintln(cmd.OutOrStdout(), "would remove", relative(c.Path))
		case c.Text == nil:
			fmt.Fprintln(cmd.OutOrStdout(), "removed", relative(c.Path))
		case dry:
			fmt.Fprintln(cmd.OutOrStdout(), "would restore", relative(c.Path))
		default:
			fmt.Fprintln(cmd.OutOrStdout(), "restored", relative(c.Path))
		}
	}
	return nil
}

// dump prints an intermediate form of all that was compiled.
func dump(w io.Writer, r *compiler.Result, form string) error {
	switch form {
	case "colour":
		if r.Facts != nil {
			for line := range strings.Lines(r.Facts.Dump(r.Module)) {
				fmt.Fprint(w, relative(line))
			}
		}
	case "desugar":
		for _, p := range r.Module.Packages {
			d := r.Desugared[p]
			if d == nil {
				continue
			}
			for i, file := range d.Files {
				if p.Test && !p.Files[i].Test {
					continue
				}
				text, err := desugar.Format(d, file)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "-- %s --\n%s", relative(p.Files[i].Name), text)
			}
		}
	case "codegen":
		for _, file := range r.Files {
			fmt.Fprintf(w, "-- %s --\n%s", relative(file.Path), file.Text)
		}
	}
	return nil
}

// printDiagnostics prints with names relative to the current directory.
func printDiagnostics(w io.Writer, ds []typecheck.Diagnostic) {
	for _, d := range ds {
		d.Pos.Filename = relative(d.Pos.Filename)
		d.Message = inMessage(d.Message)
		d.Related = slices.Clone(d.Related)
		for i := range d.Related {
			d.Related[i].Pos.Filename = relative(d.Related[i].Pos.Filename)
			d.Related[i].Message = inMessage(d.Related[i].Message)
		}
		fmt.Fprintln(w, d.Error())
	}
}

// relative makes a text that begins with a name shorter, if that is in the
// current directory or beside it.
func relative(name string) string {
	wd, err := os.Getwd()
	if err != nil || !filepath.IsAbs(name) {
		return name
	}
	if real, err := filepath.EvalSymlinks(wd); err == nil && !strings.HasPrefix(name, wd+string(filepath.Separator)) {
		wd = real
	}
	if rel, err := filepath.Rel(wd, name); err == nil && len(rel) < len(name) {
		return rel
	}
	return name
}

func inMessage(s string) string {
	if wd, err := os.Getwd(); err == nil {
		s = strings.ReplaceAll(s, wd+string(filepath.Separator), "")
		if dir, ok := strings.CutSuffix(s, " "+wd); ok {
			s = dir + " ."
		}
		s = strings.ReplaceAll(s, " "+wd+"\n", " .\n")
	}
	return s
}

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	v := info.Main.Version
	if info.Main.Path != typecheck.ModulePath {
		for _, d := range info.Deps {
			if d.Path == typecheck.ModulePath {
				v = d.Version
			}
		}
	}
	if v == "" {
		v = "(devel)"
	}
	return v + " " + info.GoVersion
}
