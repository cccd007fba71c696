package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/coroc-dev/coroc/colour"
	"github.com/coroc-dev/coroc/compiler"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/typecheck"
	"github.com/spf13/cobra"
)

func explainCommand(f *flags) *cobra.Command {
	var name string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain [PATH...]",
		Short: "Say which functions may suspend, why, and what they keep meanwhile",
		Long: `Explain prints, for each function that may suspend: the chain of calls by which
it does, the size of its frame, and the calls at which it may be suspended, each with the
values that are kept there, their types, and whether these can be saved. Nothing is written.

With -json it prints one JSON object for tools; docs/explain.md describes it.`,
		Example: `  coroc explain ./...
  coroc explain -f handle ./cmd/app
  coroc explain -json ./... | jq '.functions[].name'`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o := f.options(args)
			o.Explain = true
			r, err := compiler.Compile(cmd.Context(), o)
			if err != nil {
				return err
			}
			e := r.Explain(name)
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "\t")
				enc.SetEscapeHTML(false)
				if err := enc.Encode(e); err != nil {
					return err
				}
			} else {
				printDiagnostics(cmd.ErrOrStderr(), r.Diagnostics)
				printExplanation(cmd.OutOrStdout(), e)
			}
			if r.Failed() {
				return errFound
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&name, "func", "f", "", "only functions whose names contain this")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// printExplanation prints the functions with what they keep.
func printExplanation(w io.Writer, e *compiler.Explanation) {
	p := explanationPrinter{w, terminal.StyleOf(w), e.Directory}
	for i, f := range e.Functions {
		if i > 0 {
			fmt.Fprintln(w)
		}
		p.function(f)
	}
}

// printReasons prints only why the functions may suspend.
func printReasons(w io.Writer, e *compiler.Explanation) {
	p := explanationPrinter{w, terminal.StyleOf(w), e.Directory}
	for _, f := range e.Functions {
		fmt.Fprintf(w, "%s: %s may suspend\n", p.at(f.Place), f.Name)
		p.why(f)
	}
}

type explanationPrinter struct {
	io.Writer
	terminal.Style
	dir string
}

func (p explanationPrinter) at(x compiler.Place) string {
	name := filepath.FromSlash(x.File)
	if !filepath.IsAbs(name) {
		name = relative(filepath.Join(p.dir, name))
	}
	return fmt.Sprintf("%s:%d:%d", name, x.Line, x.Column)
}

func (p explanationPrinter) function(f compiler.ExplainedFunc) {
	frame := "not compiled"
	switch {
	case f.Frame != nil:
		frame = fmt.Sprintf("a frame of %d bytes", *f.Frame)
	case f.State != "":
		frame = "a frame whose size depends on the type arguments"
	}
	fmt.Fprintf(p, "%s: %s, %s\n", p.at(f.Place), p.Bold(f.Name), frame)
	p.why(f)
	if !f.Coroutine {
		fmt.Fprintln(p, "\tno coroutine of this module runs it")
	}
	for _, s := range f.Suspensions {
		p.suspension(s)
	}
}

func (p explanationPrinter) why(f compiler.ExplainedFunc) {
	for i, c := range f.Why {
		end := ""
		if i == len(f.Why)-1 {
			end = ", which " + colour.Does(c.Callee)
		}
		fmt.Fprintf(p, "\t%s: %s calls %s%s\n", p.at(c.Place), c.Caller, c.Callee, end)
	}
}

func (p explanationPrinter) suspension(s compiler.ExplainedSuspension) {
	keeps := "keeping nothing"
	switch {
	case len(s.Values) > 0 && s.Bytes == nil:
		keeps = "keeping what depends in size on the type arguments"
	case len(s.Values) > 0:
		keeps = fmt.Sprintf("keeping %d bytes", *s.Bytes)
	}
	fmt.Fprintf(p, "\t%s: suspended in %s, %s\n", p.at(s.Place), p.Bold(s.Callee), keeps)
	var table strings.Builder
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	for _, v := range s.Values {
		fmt.Fprintf(t, "%s\t%s\t%s\n", v.Name, v.Type, p.verdict(v))
	}
	t.Flush()
	for line := range strings.Lines(table.String()) {
		fmt.Fprintf(p, "\t\t%s", line)
	}
	switch {
	case !s.Awaits:
	case len(s.Effect) == 0:
		fmt.Fprintln(p, "\t\twhat is behind it has no effects: a result is recorded together with what follows")
	default:
		fmt.Fprintln(p, "\t\twhat is behind it may have effects: a result is recorded first")
		for _, e := range s.Effect {
			fmt.Fprintf(p, "\t\t%s: %s\n", p.at(e.Place), e.Message)
		}
	}
}

// verdict says whether a value can be saved.
func (p explanationPrinter) verdict(v compiler.ExplainedValue) string {
	part, reason := "", v.Reason
	if v.Path != "" {
		part = typecheck.Savability{Path: v.Path}.Part()
		reason = part + ": " + v.Reason
	}
	text := ""
	switch v.Saved {
	case "yes":
		text = "saved"
	case "depends":
		text = v.Reason
		if part != "" {
			text = "as far as its " + reason
		}
	case "by name":
		text = "saved by name: " + reason
	case "no":
		text = p.Red("cannot be saved") + ": " + reason
	case "if idle":
		text = "can be saved only while it is not in use"
		if part != "" {
			text = "can be saved only while its " + part + " is not in use"
		}
	case "if zero":
		text = p.Red("can be saved only while it is zero") + ": " + reason
	case "if named":
		text = p.Red("can be saved only as nil or by name (bound, or in a package-level variable)") + ": " + reason
	case "if nil":
		text = p.Red("can be saved only as nil") + ": " + reason
	}
	if v.Role != "variable" {
		text = "(" + v.Role + ") " + text
	}
	return text
}
