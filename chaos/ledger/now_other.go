//go:build !unix

package ledger

import "time"

// Now returns the time by the clock of the machine.
func Now() time.Time { return time.Now() }
