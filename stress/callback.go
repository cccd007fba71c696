package stress

import (
	"sync"

	"github.com/coroc-dev/coroc/runtime"
)

// What the Go runtime keeps to itself and calls later leads to memory that must not be
// copied, but no variable leads to it. So coroc inserts calls of the functions below
// where it is handed over.

// kept is what has been handed over.
var kept runtime.Pins

// calling is held for reading by callbacks, so that none begins while memory is looked
// at, and for writing meanwhile.
var calling sync.RWMutex

// Keep notes v, an argument of a function that keeps it for later.
func Keep[T any](v T) T {
	kept.Add(v)
	return v
}

// Callback notes f, which will be called on a goroutine that is yet to begin.
func Callback(f func()) func() {
	if f == nil {
		return nil
	}
	kept.Add(f)
	return func() {
		calling.RLock()
		defer calling.RUnlock()
		f()
	}
}
