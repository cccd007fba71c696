package dispatch

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"io/fs"
	"net"
	"net/url"
	"reflect"
	"strings"
	"syscall"
	"time"
)

// StatusOf returns the status of an error: that of a call whose function returns it.
//
// Errors are mapped by what they are, the outermost one that tells first: by a method
// `Status() dispatch.Status`; errors of package context, net, net/url, net/http, crypto/tls,
// crypto/x509, os, database/sql and encoding/json, and system call errors by their meaning;
// by `Timeout() bool` and `Temporary() bool`. Of several wrapped or joined errors the one
// counts that is not temporary. Any other error is permanent, and nil is OK.
func StatusOf(err error) Status {
	if err == nil {
		return StatusOK
	}
	if s := statusOf(err, 0); s != StatusNone {
		return s
	}
	return StatusPermanentError
}

// maxDepth bounds how deep chains of errors are looked into; they may have cycles.
const maxDepth = 64

func statusOf(err error, depth int) Status {
	if err == nil || depth > maxDepth {
		return StatusNone
	}
	if e, ok := err.(interface{ Status() Status }); ok {
		if s := e.Status(); s != StatusNone && s != StatusOK {
			return s
		}
	}
	if s := statusOfValue(err); s != StatusNone {
		return s
	}
	var s Status
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		s = statusOf(e.Unwrap(), depth+1)
	case interface{ Unwrap() []error }:
		s = statusOfAll(e.Unwrap(), depth+1)
	}
	if s == StatusNone {
		s = statusOfCarrier(err)
	}
	return s
}

func statusOfAll(errs []error, depth int) Status {
	var all Status
	for _, err := range errs {
		switch s := statusOf(err, depth); {
		case s == StatusNone:
			// fmt.Errorf("%w: %w", ErrOfMine, cause): the cause may still tell.
		case all == StatusNone, all.Temporary() && !s.Temporary():
			all = s
		}
	}
	return all
}

// statusOfValue maps errors that need no look at what they wrap.
func statusOfValue(err error) Status {
	switch err {
	case context.DeadlineExceeded:
		return StatusTimeout
	case context.Canceled:
		return StatusCanceled
	case sql.ErrNoRows, fs.ErrNotExist:
		return StatusNotFound
	case fs.ErrPermission:
		return StatusPermissionDenied
	case net.ErrClosed:
		return StatusTCPError
	}
	switch e := err.(type) {
	case *net.DNSError:
		return StatusDNSError
	case *net.AddrError, *net.ParseError, net.InvalidAddrError, net.UnknownNetworkError, url.EscapeError, url.InvalidHostError:
		return StatusInvalidArgument
	case syscall.Errno:
		return statusOfErrno(e)
	case *json.SyntaxError, *json.UnmarshalTypeError:
		return StatusInvalidResponse
	}
	// By name, so that programs without TLS do not get it linked in.
	if t := reflect.TypeOf(err); t != nil {
		if t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		switch t.PkgPath() {
		case "crypto/tls", "crypto/x509":
			return StatusTLSError
		}
	}
	return StatusNone
}

// statusOfCarrier maps errors that tell less than what they wrap, if that told nothing.
func statusOfCarrier(err error) Status {
	// What it wraps is asked first: these methods only pass on less than that can tell.
	if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
		return StatusTimeout
	}
	switch e := err.(type) {
	case *net.OpError:
		return StatusTCPError
	case *url.Error:
		return statusOfRequest(e)
	}
	if e, ok := err.(interface{ Temporary() bool }); ok && e.Temporary() {
		return StatusTemporaryError
	}
	if t := reflect.TypeOf(err); t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "net/http" {
		switch t.Elem().Name() {
		case "ProtocolError":
			return StatusInvalidResponse
		case "MaxBytesError":
			return StatusInvalidArgument
		}
		return StatusHTTPError
	}
	return StatusNone
}

// statusOfRequest maps an error of package net/url, or of a request by net/http, of which
// what it wraps tells nothing.
func statusOfRequest(err *url.Error) Status {
	if err.Op == "parse" {
		return StatusInvalidArgument
	}
	switch err.Err {
	case nil:
		return StatusHTTPError
	case io.EOF, io.ErrUnexpectedEOF:
		return StatusTCPError // the server has closed the connection
	}
	text := err.Err.Error()
	for _, known := range requestErrors {
		if strings.HasPrefix(text, known.text) {
			return known.status
		}
	}
	return StatusHTTPError
}

// requestErrors are the errors of net/http that will be the same the next time, by how their
// texts begin, which is all that there is to know them by.
var requestErrors = []struct {
	text   string
	status Status
}{
	{"unsupported protocol scheme", StatusInvalidArgument},
	{"http: no Host in request URL", StatusInvalidArgument},
	{"http: nil Request", StatusInvalidArgument},
	{"http: Request.RequestURI can't be set", StatusInvalidArgument},
	{"http: invalid Host header", StatusInvalidArgument},
	{"http: ContentLength=", StatusInvalidArgument},
	{"net/http: invalid ", StatusInvalidArgument},
	{"net/http: can't write control character", StatusInvalidArgument},
	{"http: server gave HTTP response to HTTPS client", StatusInvalidResponse},
	{"failed to parse Location header", StatusInvalidResponse},
	{"stopped after 10 redirects", StatusInvalidResponse},
	// The answer of a proxy to CONNECT.
	{"Proxy Authentication Required", StatusUnauthenticated},
	{"Forbidden", StatusPermissionDenied},
}

func statusOfErrno(e syscall.Errno) Status {
	switch e {
	case syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE,
		syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.ENOTCONN:
		return StatusTCPError
	}
	switch {
	case e.Is(fs.ErrNotExist):
		return StatusNotFound
	case e.Is(fs.ErrPermission):
		return StatusPermissionDenied
	case e.Timeout():
		return StatusTimeout
	case e.Temporary():
		return StatusTemporaryError
	}
	return StatusNone
}

// WithStatus returns an error that wraps err and has the status; nil if err is nil.
func WithStatus(status Status, err error) error {
	if err == nil {
		return nil
	}
	return &statusError{err: err, status: status}
}

// WithRetryAfter returns an error that wraps err and asks that the call be not tried again
// before d has passed; nil if err is nil. Unless err has a temporary status, it has
// [StatusTemporaryError].
func WithRetryAfter(d time.Duration, err error) error {
	if err == nil {
		return nil
	}
	status := StatusOf(err)
	if !status.Temporary() {
		status = StatusTemporaryError
	}
	return &statusError{err: err, status: status, after: d}
}

type statusError struct {
	err    error
	status Status
	after  time.Duration
}

func (e *statusError) Error() string  { return e.err.Error() }
func (e *statusError) Unwrap() error  { return e.err }
func (e *statusError) Status() Status { return e.status }

// RetryAfter returns what is asked for by this error or by those that it wraps.
func (e *statusError) RetryAfter() time.Duration { return max(e.after, retryAfter(e.err)) }

// retryAfter returns what the outermost error that tells asks for.
func retryAfter(err error) time.Duration { return retryAfterIn(err, 0) }

func retryAfterIn(err error, depth int) time.Duration {
	if err == nil || depth > maxDepth {
		return 0
	}
	var d time.Duration
	switch e := err.(type) {
	case interface{ RetryAfter() time.Duration }:
		d = max(e.RetryAfter(), 0)
	case interface{ Unwrap() error }:
		d = retryAfterIn(e.Unwrap(), depth+1)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			d = max(d, retryAfterIn(err, depth+1))
		}
	}
	return d
}
