package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/spf13/cobra"
)

func freezeCommand(f *flags) *cobra.Command {
	var list, prune bool
	var states string
	cmd := &cobra.Command{
		Use:   "freeze [PATH...]",
		Short: "Keep the functions as they are now, for states that are saved in them",
		Long: `Freeze keeps the source of each function that may be suspended in a file below _frozen, in the
directory of its package. When the function is changed later, coroc compiles the version that was
kept too: what is suspended in it goes on in the code that it began with, and new calls
enter the new code. Run it before a deploy, and commit the files.

A version is used only while it is not the current one. It may need functions, types and fields
that the package has no more: coroc says so.`,
		Example: `  coroc freeze ./...                   # before each release
  coroc freeze -list ./...             # what is kept
  coroc freeze -prune -states s.bin ./...  # drop what the states in s.bin do not need`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case prune && states == "":
				return errors.New("-prune needs -states DIR|FILE|-: all states that there are")
			case states != "" && !prune:
				return errors.New("-states goes with -prune")
			case prune && list:
				return errors.New("-prune and -list exclude each other")
			}
			return freeze(cmd, f, args, list, prune, states)
		},
	}
	cmd.Flags().BoolVar(&prune, "prune", false, "remove the versions that are not current and that no state needs")
	cmd.Flags().StringVar(&states, "states", "", "with -prune: the saved states, in `DIR|FILE|-`")
	cmd.Flags().BoolVarP(&list, "list", "l", false, "only print what is kept")
	return cmd
}

func freeze(cmd *cobra.Command, f *flags, args []string, list, prune bool, states string) error {
	o := f.options(args)
	o.NoCache, o.NoTests = true, true
	out, err := compiler.Run(cmd.Context(), o)
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), out.Diagnostics)
	if out.Failed() {
		return errFound
	}
	r := out.Result()
	before := len(r.Diagnostics)
	if prune {
		return pruneFrozen(cmd, r, states)
	}
	files, err := r.Freeze(list)
	if err != nil {
		return err
	}
	printDiagnostics(cmd.ErrOrStderr(), r.Diagnostics[before:])
	if list {
		return printFrozen(cmd, files)
	}
	for _, v := range files {
		if v.New {
			fmt.Fprintln(cmd.OutOrStdout(), "froze", v.Function, "in", relative(v.Path))
		}
	}
	return nil
}

// pruneFrozen removes the versions that no state needs.
func pruneFrozen(cmd *cobra.Command, r *compiler.Result, states string) error {
	needed := compiler.NeededVersions{}
	n := 0
	err := eachState(cmd, states, func(_ string, s *runtime.Inspection) {
		n++
		needed.Add(s)
	})
	if err != nil {
		return err
	}
	removed, err := r.Prune(needed)
	for _, v := range removed {
		fmt.Fprintln(cmd.OutOrStdout(), "removed", relative(v.Path))
	}
	if err == nil && len(removed) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "every version is current or needed by one of %s\n", terminal.Counted(n, "state"))
	}
	return err
}

func printFrozen(cmd *cobra.Command, files []compiler.FrozenFile) error {
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	for _, v := range files {
		what := "old"
		if v.Current {
			what = "current"
		}
		fmt.Fprintf(w, "%s\t%016x\t%s\t%s\t%s\n", v.Function, v.Fingerprint, what, v.Source, relative(v.Path))
	}
	return w.Flush()
}
