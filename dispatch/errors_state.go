package dispatch

import (
	"net"
	"os/exec"

	"github.com/coroc-dev/coroc/runtime"
)

// Errors of this package can be part of a state: a workflow may keep one over an await.
func init() {
	const path = "github.com/coroc-dev/coroc/dispatch."
	runtime.RegisterType[Error](path + "Error")
	runtime.RegisterType[GatherError](path + "GatherError")
	runtime.RegisterType[handOver](path + "handOver")
	runtime.RegisterType[statusError](path + "statusError")
	runtime.RegisterVar(path+"ErrKeyConflict", &ErrKeyConflict, false)
	runtime.RegisterVar(path+"ErrNoSuchCall", &ErrNoSuchCall, false)
	runtime.RegisterVar(path+"ErrClosed", &ErrClosed, false)
	runtime.RegisterVar(path+"ErrParked", &ErrParked, false)
	runtime.RegisterVar(path+"ErrNotCompiled", &ErrNotCompiled, false)
	runtime.RegisterVar(path+"ErrNotRegistered", &ErrNotRegistered, false)
	runtime.RegisterVar(path+"ErrNoTransactions", &ErrNoTransactions, false)
	runtime.RegisterVar(path+"ErrOutside", &ErrOutside, false)

	// Errors that many calls end with, whether or not the package that keeps one imports
	// what it is of. This package is linked with all of that anyway.
	runtime.RegisterType[net.OpError]("net.OpError")
	runtime.RegisterType[net.DNSError]("net.DNSError")
	runtime.RegisterType[net.DNSConfigError]("net.DNSConfigError")
	runtime.RegisterType[net.AddrError]("net.AddrError")
	runtime.RegisterType[net.ParseError]("net.ParseError")
	runtime.RegisterType[net.InvalidAddrError]("net.InvalidAddrError")
	runtime.RegisterType[net.UnknownNetworkError]("net.UnknownNetworkError")
	runtime.RegisterType[net.TCPAddr]("net.TCPAddr")
	runtime.RegisterType[net.UDPAddr]("net.UDPAddr")
	runtime.RegisterType[net.IPAddr]("net.IPAddr")
	runtime.RegisterType[net.UnixAddr]("net.UnixAddr")
	runtime.RegisterType[exec.Error]("os/exec.Error")
	runtime.RegisterType[exec.ExitError]("os/exec.ExitError")
	runtime.RegisterVar("net.ErrClosed", &net.ErrClosed, false)
}
