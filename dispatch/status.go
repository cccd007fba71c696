package dispatch

import "github.com/coroc-dev/coroc/dispatch/store"

// Status says how a call ended, or why its last attempt did not count. Its String method
// gives it in words; its Temporary method says whether the call is tried again.
//
// An error chooses its own status with a method `Status() dispatch.Status`; see [StatusOf]
// for how other errors are mapped.
type Status = store.Status

// The statuses.
const (
	// StatusNone is the status of a call that has not ended and of which no attempt has failed.
	StatusNone = store.None
	// StatusOK: the function returned a result and no error.
	StatusOK = store.OK
	// StatusTimeout: the attempt, or something that it waited for, took too long. Temporary.
	StatusTimeout = store.Timeout
	// StatusThrottled: a service asked for fewer requests. Temporary.
	StatusThrottled = store.Throttled
	// StatusInvalidArgument: the input cannot be used, now or later.
	StatusInvalidArgument = store.InvalidArgument
	// StatusInvalidResponse: a service or function answered with something that cannot be used.
	StatusInvalidResponse = store.InvalidResponse
	// StatusTemporaryError: an error that says of itself that it will pass. Temporary.
	StatusTemporaryError = store.TemporaryError
	// StatusPermanentError: any other error, and a panic.
	StatusPermanentError = store.PermanentError
	// StatusIncompatibleState: the saved state of the call does not fit this program, or the
	// program is a durable build and code that awaits was not compiled by coroc. The call is
	// kept, and tried again when the dispatcher is next started.
	StatusIncompatibleState = store.IncompatibleState
	// StatusDNSError: a name could not be resolved. Temporary.
	StatusDNSError = store.DNSError
	// StatusTCPError: a connection could not be made, or broke. Temporary.
	StatusTCPError = store.TCPError
	// StatusTLSError: a handshake failed, or a certificate was not accepted. Temporary.
	StatusTLSError = store.TLSError
	// StatusHTTPError: a server failed to answer a request. Temporary.
	StatusHTTPError = store.HTTPError
	// StatusUnauthenticated: the caller did not prove who it is.
	StatusUnauthenticated = store.Unauthenticated
	// StatusPermissionDenied: the caller may not do that.
	StatusPermissionDenied = store.PermissionDenied
	// StatusNotFound: what was asked for does not exist.
	StatusNotFound = store.NotFound
	// StatusCanceled: the call was given up before it ended; see [Dispatcher.Cancel].
	StatusCanceled = store.Canceled
	// StatusCrashed: attempts at the call have ended with their process, again and again; see
	// [WithCrashLimit]. The call is kept, and not run until [Dispatcher.Retry].
	StatusCrashed = store.Crashed
)
