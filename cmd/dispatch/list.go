package main

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/spf13/cobra"
)

// selection is which calls are listed.
type selection struct {
	phase, function, status, parent string
	all, json                       bool
	limit                           int
}

var phases = []string{"ready", "suspended", "parked", "done"}

func listCommand(p *place) *cobra.Command {
	var s selection
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List calls, those that are not done if nothing else is said",
		Long: `List prints a line for each call, in the order in which they were made:

  ready      to be run, or running, or waiting for the time in the last column
  suspended  waiting for what it awaits
  parked     kept for a program that can run it, or until dispatch retry
  done       its outcome is recorded

With --json it prints an object a line, as show does, with the input and, if it is done, the
outcome.`,
		Example: `  dispatch -s billing.db list --function charge
  dispatch -s billing.db list --phase done --status PermanentError --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.phase != "" && !slices.Contains(phases, s.phase) {
				return fmt.Errorf("there is no phase %q, only %s", s.phase, strings.Join(phases, ", "))
			}
			if s.limit < 0 {
				return fmt.Errorf("--limit %d: it cannot be negative", s.limit)
			}
			r, err := p.reader(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			return s.list(cmd, r)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.phase, "phase", "", "only calls in this `phase`: "+strings.Join(phases, ", "))
	f.StringVarP(&s.function, "function", "f", "", "only calls of the function with this `name`")
	f.StringVar(&s.status, "status", "", "only calls with this `status` of their outcome or last attempt, such as PermanentError")
	f.StringVar(&s.parent, "parent", "", "only calls that were made by the call with this `id`")
	f.BoolVarP(&s.all, "all", "a", false, "also calls that are done")
	f.IntVarP(&s.limit, "limit", "n", 0, "at most this `number`; 0 for all")
	f.BoolVar(&s.json, "json", false, "print JSON objects")
	return cmd
}

func (s *selection) matches(info *dispatch.CallInfo) bool {
	return (s.phase == "" || info.Phase.String() == s.phase) &&
		(s.function == "" || info.Function == s.function) &&
		(s.status == "" || strings.EqualFold(word(info.Status.String()), word(s.status))) &&
		(s.parent == "" || string(info.Parent) == s.parent)
}

// word returns a status as one word: that is how it is written in Go.
func word(status string) string { return strings.ReplaceAll(status, " ", "") }

func (s *selection) list(cmd *cobra.Command, r *dispatch.Reader) error {
	each := r.Unfinished
	if s.all || s.json || s.phase == "done" {
		each = r.Calls
	}
	t := newTable(cmd.OutOrStdout(), "ID", "FUNCTION", "PHASE", "STATUS", "ATTEMPTS", "AGE", "KEY", "DUE")
	n := 0
	var failed error
	err := each(cmd.Context(), func(info dispatch.CallInfo) bool {
		if !s.all && s.phase != "done" && info.Phase == dispatch.PhaseDone || !s.matches(&info) {
			return true
		}
		if n++; s.limit > 0 && n > s.limit {
			return false
		}
		if s.json {
			failed = printJSON(cmd.OutOrStdout(), "", describe(info))
			return failed == nil
		}
		status, due := "", ""
		if info.Status != dispatch.StatusNone {
			status = info.Status.String()
		}
		if info.Phase == dispatch.PhaseReady && time.Until(info.Due) > 0 {
			due = "in " + age(time.Until(info.Due))
		}
		failed = t.row(string(info.ID), info.Function, info.Phase.String(), status, fmt.Sprint(info.Attempts), age(time.Since(info.Created)), info.Key, due)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil || s.json {
		return err
	}
	if err := t.flush(); err != nil {
		return err
	}
	switch {
	case s.limit > 0 && n > s.limit:
		fmt.Fprintf(cmd.ErrOrStderr(), "the first %s; there are more\n", terminal.Counted(s.limit, "call"))
	case n == 0:
		fmt.Fprintln(cmd.ErrOrStderr(), "no calls")
	}
	return nil
}

func statsCommand(p *place) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "stats",
		Short:   "Count the calls of each function",
		Example: `  dispatch -s billing.db stats`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := p.reader(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			stats, err := r.Stats(cmd.Context())
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), "\t", stats)
			}
			t := newTable(cmd.OutOrStdout(), "FUNCTION", "CALLS", "READY", "SUSPENDED", "PARKED", "OK", "FAILED", "CANCELED", "RETRIES", "STATES")
			row := func(name string, s dispatch.Stats) error {
				cells := []string{name}
				for _, n := range []int64{s.Calls, s.Ready, s.Suspended, s.Parked, s.OK, s.Failed, s.Canceled, s.Retries} {
					cells = append(cells, fmt.Sprint(n))
				}
				return t.row(append(cells, size(s.StateBytes))...)
			}
			names := make([]string, 0, len(stats.Functions))
			for name := range stats.Functions {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				if err := row(name, stats.Functions[name]); err != nil {
					return err
				}
			}
			if err := row("all", stats); err != nil {
				return err
			}
			return t.flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func statesCommand(p *place) *cobra.Command {
	return &cobra.Command{
		Use:   "states",
		Short: "Write all states that calls are suspended in, for coroc check -states",
		Long: `States writes the state of each call that is suspended, one after the other. It is what coroc
inspect and coroc check -states read. States that are sealed with a key can be opened by the
program that has it only: see dispatch.WriteStates.`,
		Example: `  dispatch -s billing.db states | coroc check -states - ./...`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt, _, err := p.source()
			if err != nil {
				return err
			}
			_, err = dispatch.WriteStates(cmd.Context(), cmd.OutOrStdout(), opt)
			return err
		},
	}
}

// table aligns its columns, those of a page at a time. Its head is bold in a terminal.
type table struct {
	w     io.Writer
	style terminal.Style
	head  []string
	text  strings.Builder // of the page
	tabs  *tabwriter.Writer
	rows  int
	pages int
}

// pageRows is how many rows are aligned together.
const pageRows = 1000

func newTable(w io.Writer, head ...string) *table {
	t := &table{w: w, style: terminal.StyleOf(w), head: head}
	t.tabs = tabwriter.NewWriter(&t.text, 0, 0, 2, ' ', 0)
	return t
}

func (t *table) row(cells ...string) error {
	if t.rows == 0 {
		fmt.Fprintln(t.tabs, strings.Join(t.head, "\t")) // a strings.Builder does not fail
	}
	for i := range cells {
		cells[i] = terminal.OneLine(cells[i])
	}
	fmt.Fprintln(t.tabs, strings.Join(cells, "\t"))
	if t.rows++; t.rows == pageRows {
		return t.flush()
	}
	return nil
}

func (t *table) flush() error {
	if t.rows == 0 {
		return nil
	}
	_ = t.tabs.Flush()
	head, rows, _ := strings.Cut(t.text.String(), "\n")
	if t.pages == 0 {
		rows = t.style.Bold(strings.TrimRight(head, " ")) + "\n" + rows
	}
	t.text.Reset()
	t.rows, t.pages = 0, t.pages+1
	_, err := io.WriteString(t.w, trailing.ReplaceAllString(rows, "\n"))
	return err
}

var trailing = regexp.MustCompile(` +\n`)

func printJSON(w io.Writer, indent string, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", indent)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// age writes a time in its two greatest units at most.
func age(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0s"
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// size writes a number of bytes.
func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d KB", n/1000)
	case n < 10_000_000_000:
		return fmt.Sprintf("%d MB", n/1_000_000)
	}
	return fmt.Sprintf("%d GB", n/1_000_000_000)
}
