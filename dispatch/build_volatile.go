//go:build !durable

package dispatch

import "github.com/petermattis/goid"

// durable says whether calls that await are stored as the state of a coroutine.
const durable = false

// goroutine returns the id of the calling goroutine. A function awaits on its own only: in
// a durable build, its own is the coroutine.
func goroutine() int64 { return goid.Get() }
