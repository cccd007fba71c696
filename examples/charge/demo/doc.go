// Command demo shows that the workflow of examples/charge cannot be broken by
// killing it, and proves it from the outside.
//
// It builds coroc, compiles examples/charge with it, and runs the worker durably
// against a payment service in a process of its own. It kills the worker (SIGKILL)
// at random moments: before the first await is committed, while the customers are
// charged, while the notices go out, and at times while it is still recovering from
// the kill before. Each time a new process goes on. Once it kills the payment service
// as well.
//
// What it then checks does not rely on what the worker says of itself. After each
// kill, while no worker lives, it reads from the store which calls have finished.
// None of those may run again: no later process may note an attempt of them in the
// journal, no request with their idempotency key may reach the service, and their
// outcomes must stay as they were. At the end the service's ledger has to show each
// customer charged exactly once or declined, and the workflow's result has to agree
// with it to the cent. See check.go.
//
// The exit code is 1 if anything is off, and 2 if the demo could not be run.
package main
