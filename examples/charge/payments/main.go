package payments

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coroc-dev/coroc/examples/charge/journal"
)

const usage = `A payment service with idempotency keys, a ledger on disk and bad days.

Usage: charge payments [flags]

Example:
  charge payments -addr 127.0.0.1:8080 -ledger /tmp/ledger.jsonl

Flags:
`

const readyPrefix = "payments: listening on "

// Main is the service as a command: it parses args, prints one line with its
// address when it is ready, serves until it is told to stop and returns the exit
// code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("payments", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what goes wrong is said below
	var (
		addr     = flags.String("addr", "127.0.0.1:0", "listen on this `address`; port 0 picks a free one")
		ledger   = flags.String("ledger", "ledger.jsonl", "keep the ledger in this `file`")
		requests = flags.String("requests", "requests.jsonl", "log the requests to this `file`")
		seed     = flags.Uint64("seed", 1, "decides who is declined and which requests fail")
		calm     = flags.Bool("calm", false, "fair weather: no errors, no delays, nobody is declined")
		child    = flags.Bool("child", false, "ignore Ctrl-C and stop when standard input ends: the parent has gone")
	)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stderr, usage)
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		return 0
	}
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err != nil {
		fmt.Fprintf(stderr, "payments: %v; see charge payments -help\n", err)
		return 2
	}
	weather := BadDay
	if *calm {
		weather = Weather{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if *child {
		// Ctrl-C in a shell reaches the whole group: the parent decides.
		signal.Ignore(os.Interrupt)
		go func() {
			_, _ = io.Copy(io.Discard, stdin)
			cancel()
		}()
	} else {
		var stop context.CancelFunc
		ctx, stop = signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
		defer stop()
	}
	if err := serve(ctx, *addr, *ledger, *requests, *seed, weather, stdout); err != nil {
		fmt.Fprintf(stderr, "payments: %v\n", err)
		return 1
	}
	return 0
}

func serve(ctx context.Context, addr, ledgerPath, requestsPath string, seed uint64, weather Weather, stdout io.Writer) (err error) {
	ledger, err := OpenLedger(ledgerPath)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	log, err := journal.OpenLines(requestsPath)
	if err != nil {
		return err
	}
	defer log.Close()
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: NewServer(ledger, log, seed, weather), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Fprintf(stdout, "%shttp://%s\n", readyPrefix, listener.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	patience, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		return server.Close() // whoever still waits will ask again
	}
	return nil
}
