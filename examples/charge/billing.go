//go:build !durable

package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/examples/charge/journal"
	"github.com/coroc-dev/coroc/examples/charge/payments"
)

// billing is what the functions of the example share. It belongs to the process: a
// workflow that is resumed in another process finds that process's billing.
type billing struct {
	customers string // the file
	batch     int    // customers in a notice
	bank      *payments.Client
	journal   *journal.Journal

	mu  sync.Mutex // guards out
	out io.Writer
}

// printf tells the user something.
func (b *billing) printf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	fmt.Fprintf(b.out, time.Now().Format("15:04:05.000")+"  "+format+"\n", args...)
}

// say tells the user, and the journal, what the workflow is about to call.
func (b *billing) say(next dispatch.AnyFunction, format string, args ...any) {
	b.printf(format, args...)
	if err := b.journal.Note(journal.Line{Event: journal.Say, Function: next.Name(), Text: fmt.Sprintf(format, args...)}); err != nil {
		b.printf("%v", err)
	}
}

// witness returns fn with a note in the journal before each attempt and after it. An
// attempt that the journal cannot hold does not take place.
func witness[I, O any](b *billing, name string, fn func(context.Context, I) (O, error)) func(context.Context, I) (O, error) {
	return func(ctx context.Context, in I) (O, error) {
		line := journal.Line{Event: journal.Begin, Function: name, Call: string(dispatch.CallID(ctx))}
		if err := b.journal.Note(line); err != nil {
			var none O
			return none, err
		}
		out, err := fn(ctx, in)
		line.Event = journal.OK
		if err != nil {
			line.Event, line.Text = journal.Failed, err.Error()
		}
		if err := b.journal.Note(line); err != nil {
			return out, err
		}
		return out, err
	}
}
