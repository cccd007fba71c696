package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/coroc-dev/coroc/compiler"
	"github.com/spf13/cobra"
)

func freezeCommand(f *flags) *cobra.Command {
	var list bool
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
  coroc freeze -list ./...             # what is kept`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return freeze(cmd, f, args, list) },
	}
	cmd.Flags().BoolVarP(&list, "list", "l", false, "only print what is kept")
	return cmd
}

func freeze(cmd *cobra.Command, f *flags, args []string, list bool) error {
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
