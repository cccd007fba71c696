package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/internal/statetext"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/coroc-dev/coroc/runtime"
	"github.com/coroc-dev/coroc/seal"
	"github.com/spf13/cobra"
)

func showCommand(p *place) *cobra.Command {
	var full, asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID|KEY",
		Short: "Show a call: what it was given, where it stands, what it waits for",
		Long: `Show prints what is stored about a call. Of one that is suspended, that is the durable stack
with function, file and line of each await and the variables that are live there, as coroc
inspect prints them, and what the innermost function waits for.

Inputs, results and strings are cut without --full.`,
		Example: `  dispatch -s billing.db show invoice-2026-11
  dispatch -s billing.db show --json 4fd1c0e2a9b35d17-3 | jq .input`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := p.reader(cmd.Context())
			if err != nil {
				return err
			}
			defer r.Close()
			info, err := find(cmd.Context(), r, args[0])
			if err != nil {
				return err
			}
			s := show{Writer: cmd.OutOrStdout(), Style: terminal.StyleOf(cmd.OutOrStdout()), r: r, full: full}
			if asJSON {
				return s.json(cmd.Context(), info)
			}
			return s.text(cmd.Context(), info)
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "cut nothing")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object, with the state as coroc inspect --json has it")
	return cmd
}

// What is printed without --full.
const (
	maxText    = 500 // bytes of an input, a result, an error
	maxAwaited = 20  // calls
)

type show struct {
	io.Writer
	terminal.Style
	r    *dispatch.Reader
	full bool
}

func (s *show) text(ctx context.Context, info dispatch.CallInfo) error {
	heading := fmt.Sprintf("call %s of %s: %s", info.ID, info.Function, info.Phase)
	if info.Phase == dispatch.PhaseDone || info.Phase == dispatch.PhaseParked {
		heading += ", " + info.Status.String()
	}
	fmt.Fprintln(s, s.Bold(terminal.OneLine(heading)))
	s.line("key", info.Key)
	s.line("made by", string(info.Parent))
	s.line("made", s.moment(info.Created))
	if info.Updated.After(info.Created) {
		s.line("changed", s.moment(info.Updated))
	}
	s.line("attempts", s.attempts(info))
	if info.Phase == dispatch.PhaseReady && !info.Due.IsZero() {
		s.line("due", s.moment(info.Due))
	}
	if info.Phase != dispatch.PhaseDone && !info.Deadline.IsZero() {
		s.line("deadline", s.moment(info.Deadline))
	}
	if info.Priority != 0 {
		s.line("priority", fmt.Sprint(info.Priority))
	}
	s.line("partition", info.Partition)
	s.line("input", string(info.Input))
	s.line("progress", string(info.Progress))
	s.line("output", string(info.Output))
	if info.Err != nil {
		s.line("error", info.Err.Error())
	}
	if err := s.awaited(ctx, info); err != nil {
		return err
	}
	return s.state(ctx, info)
}

// line prints a property, if there is something to print.
func (s *show) line(name, value string) {
	if value == "" {
		return
	}
	value = terminal.OneLine(value)
	if len(value) > maxText && !s.full {
		value = fmt.Sprintf("%s … %s in all, shown with --full", strings.ToValidUTF8(value[:maxText], ""), terminal.Counted(len(value), "byte"))
	}
	fmt.Fprintf(s, "    %s  %s\n", s.Faint(fmt.Sprintf("%-9s", name)), value)
}

func (s *show) moment(t time.Time) string {
	text := t.Local().Format("2006-01-02 15:04:05 MST")
	if d := time.Since(t); d >= 0 {
		return text + ", " + age(d) + " ago"
	}
	return text + ", in " + age(time.Until(t))
}

func (s *show) attempts(info dispatch.CallInfo) string {
	text := fmt.Sprintf("%d ended", info.Attempts)
	if info.Phase != dispatch.PhaseDone && info.Status != dispatch.StatusNone {
		text += fmt.Sprintf(", the last one with %s", info.Status)
	}
	if info.Awaits > 0 {
		text += fmt.Sprintf("; %s in this one", terminal.Counted(info.Awaits, "await"))
	}
	return text
}

// awaited prints the calls that a call waits for.
func (s *show) awaited(ctx context.Context, info dispatch.CallInfo) error {
	t := newTable(s, "", "WAITS FOR", "PHASE", "STATUS", "ATTEMPTS", "AGE")
	n, done := 0, 0
	var failed error
	err := s.r.Awaited(ctx, info.ID, func(c dispatch.CallInfo) bool {
		n++
		if c.Phase == dispatch.PhaseDone {
			done++
		}
		if n > maxAwaited && !s.full {
			return true
		}
		status := ""
		if c.Status != dispatch.StatusNone {
			status = c.Status.String()
		}
		failed = t.row("   "+string(c.ID), s.what(c), c.Phase.String(), status, fmt.Sprint(c.Attempts), age(time.Since(c.Created)))
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil || n == 0 {
		return err
	}
	fmt.Fprintln(s)
	if err := t.flush(); err != nil {
		return err
	}
	if left := n - maxAwaited; left > 0 && !s.full {
		fmt.Fprintf(s, "    … %s more, shown with --full\n", terminal.Counted(left, "call"))
	}
	if n > 1 {
		fmt.Fprintf(s, "    %d of %s done\n", done, terminal.Counted(n, "call"))
	}
	return nil
}

// what says what a call that is awaited is.
func (s *show) what(c dispatch.CallInfo) string {
	switch c.Function {
	case "dispatch.sleep":
		if c.Due.IsZero() {
			return "a sleep"
		}
		return "a sleep until " + c.Due.Local().Format("2006-01-02 15:04:05 MST")
	case "dispatch.event":
		return "the event " + string(c.Input)
	}
	return c.Function
}

// state prints the stack and its variables.
func (s *show) state(ctx context.Context, info dispatch.CallInfo) error {
	b, err := s.r.State(ctx, info.ID)
	if err != nil {
		return err
	}
	if b == nil {
		if info.Phase == dispatch.PhaseSuspended {
			fmt.Fprintln(s, "\nits stack is in the memory of a process (of a build without the tag durable)")
		}
		return nil
	}
	fmt.Fprintln(s)
	if seal.IsSealed(b) {
		e, err := seal.Look(b, maxUnsealed)
		if err != nil {
			return fmt.Errorf("the state of call %s: %w", info.ID, err)
		}
		if e.Encrypted {
			fmt.Fprintf(s, "%s, sealed with key %d: what is in it can be seen by the program that has the key (dispatch.WriteStates)\n",
				terminal.Counted(e.Size, "byte"), e.Key)
			return nil
		}
		b = e.State
	}
	in, err := runtime.Inspect(b)
	if err != nil {
		return fmt.Errorf("the state of call %s: %w", info.ID, err)
	}
	statetext.Print(s, s.Style, in, s.full)
	return nil
}

// maxUnsealed is the size, in bytes, of the largest compressed state that is shown.
const maxUnsealed = 1 << 30

// description is what JSON has of a call.
type description struct {
	ID        dispatch.ID     `json:"id"`
	Parent    dispatch.ID     `json:"parent,omitempty"`
	Function  string          `json:"function"`
	Key       string          `json:"key,omitempty"`
	Phase     string          `json:"phase"`
	Status    string          `json:"status,omitempty"`
	Attempts  int             `json:"attempts"`
	Awaits    int             `json:"awaits,omitempty"`
	Created   time.Time       `json:"created"`
	Updated   time.Time       `json:"updated"`
	Due       time.Time       `json:"due,omitzero"`
	Deadline  time.Time       `json:"deadline,omitzero"`
	Priority  int             `json:"priority,omitempty"`
	Partition string          `json:"partition,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	Output    json.RawMessage `json:"output,omitempty"`
	Error     string          `json:"error,omitempty"`
	Progress  json.RawMessage `json:"progress,omitempty"`
	StateSize int             `json:"stateSize,omitempty"` // bytes
}

func describe(c dispatch.CallInfo) description {
	d := description{
		ID: c.ID, Parent: c.Parent, Function: c.Function, Key: c.Key, Phase: c.Phase.String(),
		Attempts: c.Attempts, Awaits: c.Awaits, Created: c.Created, Updated: c.Updated, Due: c.Due, Deadline: c.Deadline,
		Priority: c.Priority, Partition: c.Partition, StateSize: c.State,
		Input: valid(c.Input), Output: valid(c.Output), Progress: valid(c.Progress),
	}
	if c.Status != dispatch.StatusNone {
		d.Status = c.Status.String()
	}
	if c.Err != nil {
		d.Error = c.Err.Error()
	}
	return d
}

// valid returns b if it is JSON, as it is unless the store was written by something else.
func valid(b []byte) json.RawMessage {
	if !json.Valid(b) {
		return nil
	}
	return bytes.Clone(b)
}

func (s *show) json(ctx context.Context, info dispatch.CallInfo) error {
	d := struct {
		description
		Awaited []description       `json:"awaited,omitempty"`
		State   *runtime.Inspection `json:"state,omitempty"`
		Sealed  bool                `json:"sealed,omitempty"`
	}{description: describe(info)}
	err := s.r.Awaited(ctx, info.ID, func(c dispatch.CallInfo) bool {
		d.Awaited = append(d.Awaited, describe(c))
		return true
	})
	if err != nil {
		return err
	}
	b, err := s.r.State(ctx, info.ID)
	if err != nil {
		return err
	}
	if b != nil && seal.IsSealed(b) {
		e, err := seal.Look(b, maxUnsealed)
		if err != nil {
			return fmt.Errorf("the state of call %s: %w", info.ID, err)
		}
		d.Sealed, b = e.Encrypted, e.State
		if e.Encrypted {
			b = nil
		}
	}
	if b != nil {
		if d.State, err = runtime.Inspect(b); err != nil {
			return fmt.Errorf("the state of call %s: %w", info.ID, err)
		}
	}
	return printJSON(s, "\t", d)
}
