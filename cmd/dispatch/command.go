package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
	"github.com/coroc-dev/coroc/internal/terminal"
	"github.com/spf13/cobra"
)

// Exit codes.
const (
	exitOK      = 0
	exitRefused = 1 // there is no such call, or it is not one that this can be done to
	exitUsage   = 2 // the command was called wrongly, or could not do its work

	exitInterrupted = 130 // by Ctrl-C, as shells have it
)

// execute runs the command line and returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand()
	cmd.SetArgs(args)
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	err := cmd.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "dispatch: interrupted")
		return exitInterrupted
	}
	fmt.Fprintf(stderr, "dispatch: %s\n", terminal.OneLine(strings.TrimPrefix(err.Error(), "dispatch: ")))
	for _, refusal := range []error{dispatch.ErrNoSuchCall, dispatch.ErrNotParked, dispatch.ErrDone, dispatch.ErrEventConflict} {
		if errors.Is(err, refusal) {
			return exitRefused
		}
	}
	return exitUsage
}

// place is where the calls are.
type place struct{ name, schema string }

const storeVariable = "DISPATCH_STORE"

func newCommand() *cobra.Command {
	var p place
	cmd := &cobra.Command{
		Use:   "dispatch",
		Short: "Show and steer the calls in a store",
		Long: `Dispatch shows and steers the calls of a program that is built on package dispatch. Its store is
an SQLite file, or a PostgreSQL database: -s, or the variable ` + storeVariable + `.

What only shows works while the program does. So does what steers, on PostgreSQL. An SQLite
file belongs to one process: cancel, retry and send need it stopped, and it acts on them when
it starts again; a program that is to be steered while it runs calls Dispatcher.Cancel, Retry
and Event.Send itself.

Exit codes: 0 all is well, 1 there is no such call, or it is not one that this can be done
to, 2 the command was called wrongly or could not work, 130 Ctrl-C.`,
		Example: `  dispatch -s billing.db list                    # what is not done
  dispatch -s billing.db show invoice-2026-11    # a call, by id or key: its variables, what it waits for
  export ` + storeVariable + `=postgres://localhost/billing
  dispatch stats
  dispatch list --phase done --status PermanentError --json | jq -r .id
  dispatch cancel 4fd1c0e2a9b35d17-3
  dispatch send invoice-2026-11 paid '{"amount": 120}'
  dispatch states | coroc check -states - ./...  # can this build go on from all of them?`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	f := cmd.PersistentFlags()
	f.StringVarP(&p.name, "store", "s", os.Getenv(storeVariable), "SQLite `file` or postgres:// URL")
	f.StringVar(&p.schema, "schema", "", "`name` of the schema in PostgreSQL, if it is not the usual one")
	cmd.AddCommand(listCommand(&p), showCommand(&p), statsCommand(&p), statesCommand(&p),
		cancelCommand(&p), retryCommand(&p), sendCommand(&p))
	return cmd
}

// source returns where the calls are. It is an error if there is nothing.
func (p *place) source() (dispatch.Option, dispatch.StoreSource, error) {
	if p.name == "" {
		return nil, nil, fmt.Errorf("which store? give it with -s, or in the variable %s", storeVariable)
	}
	if strings.HasPrefix(p.name, "postgres://") || strings.HasPrefix(p.name, "postgresql://") {
		var opts []postgres.Option
		if p.schema != "" {
			opts = append(opts, postgres.Schema(p.schema))
		}
		s := postgres.Source(p.name, opts...)
		return dispatch.WithStoreFrom(s), s, nil
	}
	if _, err := os.Stat(p.name); err != nil {
		return nil, nil, fmt.Errorf("no store: %w", err)
	}
	return dispatch.WithStore(p.name), nil, nil
}

// reader opens the store for reading.
func (p *place) reader(ctx context.Context) (*dispatch.Reader, error) {
	_, s, err := p.source()
	switch {
	case err != nil:
		return nil, err
	case s != nil:
		return dispatch.OpenReaderFrom(ctx, s)
	}
	return dispatch.OpenReader(p.name)
}

// find returns the call with an id or, if there is none, with a key.
func find(ctx context.Context, r *dispatch.Reader, name string) (dispatch.CallInfo, error) {
	info, err := r.Lookup(ctx, dispatch.ID(name))
	if !errors.Is(err, dispatch.ErrNoSuchCall) {
		return info, err
	}
	info, err = r.LookupKey(ctx, name)
	if errors.Is(err, dispatch.ErrNoSuchCall) {
		return info, fmt.Errorf("%w with the id or key %q", dispatch.ErrNoSuchCall, name)
	}
	return info, err
}

// steer calls f with a dispatcher that stores what is to be done, and the call.
func (p *place) steer(ctx context.Context, names []string, f func(*dispatch.Dispatcher, dispatch.CallInfo) error) error {
	opt, _, err := p.source()
	if err != nil {
		return err
	}
	r, err := p.reader(ctx) // which does not make a store where there is none
	if err != nil {
		return err
	}
	defer r.Close()
	d, err := dispatch.New(opt, dispatch.WithControlOnly())
	if err != nil {
		return err
	}
	var failed error
	for _, name := range names {
		info, err := find(ctx, r, name)
		if err == nil {
			err = f(d, info)
		}
		failed = errors.Join(failed, err)
	}
	return errors.Join(failed, d.Close())
}
