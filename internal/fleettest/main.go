// Program fleettest is one of the processes that the tests of dispatch/postgres kill, and stop
// for longer than their leases, while they run workflows.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/coroc-dev/coroc/dispatch"
	"github.com/coroc-dev/coroc/dispatch/postgres"
)

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: fleettest URL SCHEMA LEASE LEDGER")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run runs calls until the process is killed.
func run(url, schema, lease, path string) error {
	d, err := time.ParseDuration(lease)
	if err != nil {
		return err
	}
	ledger, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	step, order := newWorkflow(ledger)
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	dispatcher, err := dispatch.New(step, order, dispatch.WithLogger(log),
		postgres.Store(url, postgres.Schema(schema), postgres.Lease(d)))
	if err != nil {
		return err
	}
	return dispatcher.Run(context.Background())
}
