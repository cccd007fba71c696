// Errors of the standard library live across suspensions, as its packages make them:
// of the operating system, of the network, of parsers, also those of types that only
// their package knows and those of packages that this one does not import.
package stderrors

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/stderrors/client"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// timedOut is what a program asks of network errors without importing package net.
type timedOut interface{ Timeout() bool }

func show(err error) {
	yield(1)
	var t timedOut
	var path *fs.PathError
	var exit *exec.ExitError
	fmt.Println(err)
	fmt.Println("\t", errors.As(err, &t) && t.Timeout(), errors.As(err, &path), errors.As(err, &exit) && exit.ExitCode() == 1,
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, fs.ErrNotExist),
		errors.Is(err, exec.ErrNotFound), errors.Is(err, strconv.ErrRange), errors.Is(err, syscall.ECONNREFUSED))
	yield(2)
	fmt.Println("\t", client.What(err))
}

func Main() {
	_, stat := os.Stat("/nothing/here")
	_, found := exec.LookPath("no such command")
	_, num := strconv.ParseUint("300", 10, 8)
	_, day := time.Parse(time.DateOnly, "x")
	show(stat)
	show(found)
	show(num)
	show(day)
	show(exec.Command("false").Run())
	show(syscall.ECONNREFUSED)
	for _, f := range client.Calls {
		show(f())
		err := fmt.Errorf("wrapped: %w", errors.Join(f(), stat))
		show(err)
	}
}
