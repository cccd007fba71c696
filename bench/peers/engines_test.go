package peers_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite"

	"github.com/coroc-dev/coroc/benchmarks/workflows"
	"github.com/coroc-dev/coroc/dispatch"
)

// engine runs workflows on a store of its own.
type engine struct {
	name  string
	steps func(n int) (int, error) // runs a workflow of n steps, one after the other, and returns n
	fan   func(n int) (int, error) // one that gathers n calls
	stop  func()
	disk  func() int64 // bytes of the store; called when the engine has stopped
}

// sequence is the work that workflows.Functions.Sequence does, for DBOS.
func sequence(ctx dbos.Context, n int) (int, error) {
	i := 0
	for i < n {
		next, err := dbos.RunAsStep(ctx, func(context.Context) (int, error) { return i + 1, nil })
		if err != nil {
			return 0, err
		}
		i = next
	}
	return i, nil
}

// child is one of those that fan gathers.
func child(_ dbos.Context, i int) (int, error) { return i + 1, nil }

// fan is the work that workflows.Functions.Fan does, for DBOS.
func fan(ctx dbos.Context, n int) (int, error) {
	handles := make([]dbos.WorkflowHandle[int], n)
	var err error
	for i := range handles {
		if handles[i], err = dbos.RunWorkflow(ctx, child, 0); err != nil {
			return 0, err
		}
	}
	sum := 0
	for _, h := range handles {
		out, err := h.GetResult()
		if err != nil {
			return 0, err
		}
		sum += out
	}
	return sum, nil
}

// startDBOS returns DBOS on a store.
func startDBOS(b *testing.B, c dbos.Config, disk func() int64) *engine {
	b.Helper()
	c.AppName, c.Logger = "bench", slog.New(slog.NewTextHandler(io.Discard, nil))
	ctx, err := dbos.NewContext(context.Background(), c)
	if err != nil {
		b.Fatal(err)
	}
	for _, f := range []dbos.Workflow[int, int]{sequence, fan, child} {
		dbos.RegisterWorkflow(ctx, f)
	}
	if err := dbos.Launch(ctx); err != nil {
		b.Fatal(err)
	}
	with := func(f dbos.Workflow[int, int]) func(int) (int, error) {
		return func(n int) (int, error) {
			h, err := dbos.RunWorkflow(ctx, f, n)
			if err != nil {
				return 0, err
			}
			return h.GetResult()
		}
	}
	return &engine{name: "dbos-", steps: with(sequence), fan: with(fan), disk: disk,
		stop: func() { dbos.Shutdown(ctx, 5*time.Second) }}
}

// startOurs returns a dispatcher on a store: one whose workflows make one commit a step, or one that
// records each result first.
func startOurs(b *testing.B, recorded bool, store dispatch.Option, disk func() int64) *engine {
	b.Helper()
	f := workflows.New()
	d, err := dispatch.New(append(f.Options(), store)...)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	with := func(f *dispatch.Function[int, int]) func(int) (int, error) {
		return func(n int) (int, error) {
			id, err := f.Dispatch(ctx, n)
			if err != nil {
				return 0, err
			}
			return f.Wait(ctx, id)
		}
	}
	o := &engine{steps: with(f.Sequence), fan: with(f.Fan), disk: disk, stop: func() {
		cancel()
		if err := errors.Join(<-done, d.Close()); err != nil {
			b.Error(err)
		}
	}}
	if recorded {
		o.name, o.steps = "two-", with(f.Recorded)
	}
	return o
}

// returning makes what is measured of a method of an engine.
func returning(f func(int) (int, error), n int) func() error {
	return func() error {
		out, err := f(n)
		if err == nil && out != n {
			err = fmt.Errorf("the result of %d is %d", n, out)
		}
		return err
	}
}
