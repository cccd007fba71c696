package store

import "fmt"

// Status says how a call ended, or why its last attempt did not count. The numbers are part
// of what is stored: a status is never renumbered.
type Status uint8

// The statuses. Those for which [Status.Temporary] is true make the engine try again.
const (
	// None is the status of a call that has not ended and of which no attempt has failed.
	None Status = 0
	// OK: the function returned a result and no error.
	OK Status = 1
	// Timeout: the attempt, or something that it waited for, took too long.
	Timeout Status = 2
	// Throttled: a service asked for fewer requests.
	Throttled Status = 3
	// InvalidArgument: the input cannot be used, now or later.
	InvalidArgument Status = 4
	// InvalidResponse: a service or a function answered with something that cannot be used.
	InvalidResponse Status = 5
	// TemporaryError: an error that says of itself that it will pass.
	TemporaryError Status = 6
	// PermanentError: any other error, and a panic.
	PermanentError Status = 7
	// IncompatibleState: the saved state of the call does not fit this program. The call is
	// kept, and tried again when the dispatcher is next started.
	IncompatibleState Status = 8
	// DNSError: a name could not be resolved.
	DNSError Status = 9
	// TCPError: a connection could not be made, or broke.
	TCPError Status = 10
	// TLSError: a handshake failed, or a certificate was not accepted.
	TLSError Status = 11
	// HTTPError: a server failed to answer a request.
	HTTPError Status = 12
	// Unauthenticated: the caller did not prove who it is.
	Unauthenticated Status = 13
	// PermissionDenied: the caller may not do that.
	PermissionDenied Status = 14
	// NotFound: what was asked for does not exist.
	NotFound Status = 15
	// Canceled: the call was given up before it ended, because nothing waits for it any more.
	Canceled Status = 16
	// Crashed: attempts at the call have ended with their process, again and again. The call is
	// kept, and not run until someone asks for it.
	Crashed Status = 17
)

var statusNames = [...]string{
	None:              "none",
	OK:                "ok",
	Timeout:           "timeout",
	Throttled:         "throttled",
	InvalidArgument:   "invalid argument",
	InvalidResponse:   "invalid response",
	TemporaryError:    "temporary error",
	PermanentError:    "permanent error",
	IncompatibleState: "incompatible state",
	DNSError:          "DNS error",
	TCPError:          "TCP error",
	TLSError:          "TLS error",
	HTTPError:         "HTTP error",
	Unauthenticated:   "unauthenticated",
	PermissionDenied:  "permission denied",
	NotFound:          "not found",
	Canceled:          "canceled",
	Crashed:           "crashed",
}

// String returns the status in words: "temporary error".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("status %d", uint8(s))
}

// Temporary says whether another attempt may succeed where one ended with s.
func (s Status) Temporary() bool {
	switch s {
	case Timeout, Throttled, TemporaryError, DNSError, TCPError, TLSError, HTTPError:
		return true
	}
	return false
}
