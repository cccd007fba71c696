package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

// goCommand returns the command that runs "go name" on the durable form of the
// program without writing to the source tree.
func goCommand(name, short, example string) *cobra.Command {
	return &cobra.Command{
		Use:   name + " [flags of go " + name + "] [PATH...]",
		Short: short,
		Long: `Like go ` + name + `, on the durable build of the program. The source tree is not touched: the
go command sees generated files through an overlay. All flags are the go command's.`,
		Example:            example,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-h") || slices.Contains(args, "--help") {
				return cmd.Help()
			}
			return runGo(cmd, name, args)
		},
	}
}

// A goArgs is a command line of go build, run or test, taken apart.
type goArgs struct {
	flags    []string // without -tags
	tags     []string
	packages []string
	rest     []string // arguments of the program, or after -args
}

// valueFlags are the flags of go build, run and test whose value may be the
// next argument.
var valueFlags = strings.Fields(`C o p asmflags buildmode buildvcs compiler covermode coverpkg exec gcflags
	gccgoflags installsuffix ldflags mod modfile pgo pkgdir toolexec
	run skip bench benchtime blockprofile blockprofilerate count coverprofile cpu cpuprofile fuzz
	fuzzminimizetime fuzztime list memprofile memprofilerate mutexprofile mutexprofilefraction outputdir
	parallel shuffle timeout trace vet`)

func parseGoArgs(name string, args []string) (goArgs, error) {
	var g goArgs
	for i := 0; i < len(args); i++ {
		a := args[i]
		if !strings.HasPrefix(a, "-") || a == "-" {
			g.packages = append(g.packages, a)
			if name == "run" {
				g.rest = args[i+1:]
				return g, nil
			}
			continue
		}
		flag, value, joined := strings.Cut(strings.TrimLeft(a, "-"), "=")
		switch flag {
		case "args":
			g.rest = args[i:]
			return g, nil
		case "overlay":
			return g, errors.New("-overlay is what coroc uses itself")
		case "C":
			return g, errors.New("-C is not supported: change the directory before")
		case "tags":
			if !joined {
				if i++; i == len(args) {
					return g, errors.New("-tags needs a value")
				}
				value = args[i]
			}
			g.tags = append(g.tags, strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })...)
			continue
		}
		g.flags = append(g.flags, a)
		if !joined && slices.Contains(valueFlags, flag) && i+1 < len(args) {
			i++
			g.flags = append(g.flags, args[i])
		}
	}
	return g, nil
}

func runGo(cmd *cobra.Command, name string, args []string) error {
	g, err := parseGoArgs(name, args)
	if err != nil {
		return err
	}
	tags := slices.DeleteFunc(slices.Clone(g.tags), func(t string) bool { return t == typecheck.DurableTag })
	r, err := compiler.Compile(cmd.Context(), compiler.Options{
		Patterns: g.packages, NoTests: name != "test", BuildTags: tags, KeepSources: true,
	})
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), r.Diagnostics)
	if r.Failed() {
		return errFound
	}
	overlay, err := r.Overlay()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "coroc-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	description, err := compiler.WriteOverlay(dir, overlay)
	if err != nil {
		return err
	}
	line := slices.Concat([]string{name, "-tags=" + strings.Join(append(tags, typecheck.DurableTag), ","), "-overlay=" + description},
		g.flags, g.packages, g.rest)
	run := exec.CommandContext(cmd.Context(), "go", line...)
	run.Stdin, run.Stdout, run.Stderr = cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	err = run.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return errFound // the go command has said why
	}
	if err != nil {
		return fmt.Errorf("go %s: %w", name, err)
	}
	return nil
}
