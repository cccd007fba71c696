//go:build unix

package ledger

import (
	"syscall"
	"time"
)

// Now returns the time by the clock of the machine, also in a process whose time.Now is made to be
// wrong.
func Now() time.Time {
	var t syscall.Timeval
	if err := syscall.Gettimeofday(&t); err != nil {
		panic(err) // not for a pointer that is valid
	}
	return time.Unix(t.Unix())
}
