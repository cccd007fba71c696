// Coroc compiles functions that may suspend into state machines that can be
// saved. See the command's help, and the documentation of package compiler.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends coroc at once
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}
