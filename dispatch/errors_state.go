package dispatch

import (
	"github.com/coroc-dev/coroc/runtime"
)

// Errors of this package can be part of a state: a workflow may keep one over an await.
func init() {
	const path = "github.com/coroc-dev/coroc/dispatch."
	runtime.RegisterType[Error](path + "Error")
	runtime.RegisterType[GatherError](path + "GatherError")
	runtime.RegisterType[statusError](path + "statusError")
	runtime.RegisterVar(path+"ErrKeyConflict", &ErrKeyConflict, false)
	runtime.RegisterVar(path+"ErrNoSuchCall", &ErrNoSuchCall, false)
	runtime.RegisterVar(path+"ErrClosed", &ErrClosed, false)
	runtime.RegisterVar(path+"ErrNotRegistered", &ErrNotRegistered, false)
	runtime.RegisterVar(path+"ErrOutside", &ErrOutside, false)
}

// maxErrorState is the size up to which the state of an error is stored with it.
const maxErrorState = 1 << 10

// saveError returns the state of an error that the runtime knows by name: a package-level
// variable of a compiled package, or a value of a registered type. It returns nil for
// others.
func saveError(err error) []byte {
	b, serr := runtime.New(func(*runtime.Coroutine) {}).AppendState(nil, &err)
	if serr != nil || len(b) > maxErrorState {
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
