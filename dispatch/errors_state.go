package dispatch

import (
	"github.com/coroc-dev/coroc/runtime"
)

// saveError returns the state of an error that the runtime knows by name: a package-level
// variable of a compiled package, or a value of a registered type. It returns nil for
// others.
func saveError(err error) []byte {
	b, serr := runtime.New(func(*runtime.Coroutine) {}).AppendState(nil, &err)
	if serr != nil {
		return nil
	}
	return b
}

// loadError is the inverse of saveError; nil if this program does not know the error.
func loadError(b []byte) error {
	var err error
	if _, lerr := runtime.New(func(*runtime.Coroutine) {}).LoadState(b, &err); lerr != nil {
		return nil
	}
	return err
}
