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
	runtime.RegisterVar(path+"ErrParked", &ErrParked, false)
	runtime.RegisterVar(path+"ErrNotCompiled", &ErrNotCompiled, false)
	runtime.RegisterVar(path+"ErrNotRegistered", &ErrNotRegistered, false)
	runtime.RegisterVar(path+"ErrOutside", &ErrOutside, false)
}
