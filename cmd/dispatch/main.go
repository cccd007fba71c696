// Dispatch shows and steers the calls in a store of package dispatch. See the command's help.
package main

import (
	"context"
	"os"
	"os/signal"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the command at once
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}
