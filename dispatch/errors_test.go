package dispatch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/coroc-dev/coroc/runtime"
	"pgregory.net/rapid"
)

// cross returns err as it is on the other side of an await, in another process.
func cross(err error) error {
	f := encodeFailure(err)
	return decodeError(f.Status, f.Encoded, nil)
}

var (
	errKnown   = RegisterError("dispatch.errKnown", errors.New("known"))
	errUnknown = errors.New("unknown")
)

type codedError struct {
	Code int
	Err  error
}

func (e *codedError) Error() string { return fmt.Sprintf("code %d", e.Code) }
func (e *codedError) Unwrap() error { return e.Err }

type valueError struct{ A string }

func (e valueError) Error() string { return e.A }

func init() {
	RegisterErrorType[*codedError]("dispatch.codedError")
	RegisterErrorType[valueError]("dispatch.valueError")
}

func TestErrorsCross(t *testing.T) {
	err := fmt.Errorf("outer: %w", errors.Join(
		&codedError{Code: 7, Err: errKnown},
		fmt.Errorf("two: %w, %w", io.ErrUnexpectedEOF, valueError{"v"}),
		&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT},
		WithStatus(StatusThrottled, errUnknown),
	))
	once := cross(err)
	for name, got := range map[string]error{"once": once, "twice": cross(once), "wrapped": cross(fmt.Errorf("again: %w", once))} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, strings.HasPrefix(name, "w"), strings.HasPrefix(got.Error(), "again: "))
			assert.True(t, strings.HasSuffix(got.Error(), err.Error()))
			assert.Equal(t, StatusOf(err), StatusOf(got))
			for _, target := range []error{errKnown, io.ErrUnexpectedEOF, syscall.ENOENT, fs.ErrNotExist} {
				assert.ErrorIs(t, got, target)
			}
			for _, target := range []error{errUnknown, io.EOF, fs.ErrExist} {
				assert.NotErrorIs(t, got, target)
			}
			var coded *codedError
			require.ErrorAs(t, got, &coded)
			assert.Equal(t, 7, coded.Code)
			var value valueError
			require.ErrorAs(t, got, &value)
			assert.Equal(t, "v", value.A)
			require.ErrorIs(t, coded, errKnown, "what a value wraps is part of it")
			var path *fs.PathError
			require.ErrorAs(t, got, &path)
			assert.Equal(t, "open /x: no such file or directory", path.Error())
		})
	}
	var e *Error
	require.ErrorAs(t, once, &e)
	assert.Equal(t, "*fmt.wrapError", e.TypeName())
}

func TestGatherErrorCrosses(t *testing.T) {
	err := &GatherError{Errors: []error{nil, errKnown, nil, WithStatus(StatusTimeout, errUnknown), nil}}
	for _, got := range []error{cross(err), cross(cross(err))} {
		var g *GatherError
		require.ErrorAs(t, got, &g)
		require.Len(t, g.Errors, 5)
		assert.Equal(t, err.Error(), g.Error())
		for i := range 5 {
			assert.Equal(t, err.Errors[i] == nil, g.Errors[i] == nil)
		}
		assert.ErrorIs(t, g.Errors[1], errKnown)
		assert.Equal(t, StatusTimeout, StatusOf(g.Errors[3]))
		assert.Equal(t, StatusPermanentError, StatusOf(got))
	}
	assert.Equal(t, "2 of 5 calls failed; 1: known; 3: unknown", err.Error())
}

type cyclic struct{ error }

func (c *cyclic) Unwrap() error { return c }

type panicking struct{}

func (*panicking) Error() string { panic("no") }

// Errors that misbehave are stored as far as they can be.
func TestStrangeErrors(t *testing.T) {
	assert.EqualError(t, cross(&cyclic{errUnknown}), "unknown")
	assert.ErrorContains(t, cross(&panicking{}), "a method of an error of type *dispatch.panicking panics: no")
	assert.ErrorContains(t, cross((*codedError)(nil)), "a method of an error of type *dispatch.codedError panics")
	many := make([]error, 3*maxNodes)
	for i := range many {
		many[i] = errKnown
	}
	assert.Less(t, len(encodeFailure(errors.Join(many...)).Encoded), 40*len(many)+len(errors.Join(many...).Error()))
}

// What is stored may be damaged, and is an error all the same.
func TestDecodeError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		if rapid.Bool().Draw(t, "json") {
			b, _ = json.Marshal(map[string]any{
				"m": "m", "l": rapid.Int().Draw(t, "l"), "p": rapid.SliceOf(rapid.Int()).Draw(t, "p"),
				"n": rapid.SampledFrom([]string{"", "io.EOF", "dispatch.codedError"}).Draw(t, "n"),
				"i": rapid.SampledFrom([]string{"", typeID(reflect.TypeFor[*codedError]()), "x"}).Draw(t, "i"),
				"v": rapid.SampledFrom([]any{nil, 1, map[string]any{"Code": 1, "Err": map[string]int{"wrapped": 1}},
					map[string]any{"Err": map[string]int{"wrapped": -1}}, map[string]any{"Err": map[string]any{"error": nil, "type": "int", "value": 1}},
					map[string]any{"Err": map[string]any{"type": "int", "value": 1}}}).Draw(t, "v"),
				"w": []any{nil, map[string]any{"m": "inner"}},
			})
		}
		err := decodeError(StatusTimeout, b, nil)
		if err == nil || err.Error() == "\x00" {
			t.Fatal("no error")
		}
		_ = StatusOf(err)
		_ = errors.Is(err, io.EOF)
		var coded *codedError
		if errors.As(err, &coded) {
			_ = coded.Error()
		}
	})
}

type timeoutError struct{ error }

func (timeoutError) Timeout() bool { return true }

type temporaryError struct{ error }

func (temporaryError) Temporary() bool { return true }

type status struct{ s Status }

func (s status) Error() string  { return "s" }
func (s status) Status() Status { return s.s }

func TestStatusOf(t *testing.T) {
	plain := errors.New("plain")
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	req := func(err error) error { return &url.Error{Op: "Get", URL: "/", Err: err} }
	for _, c := range []struct {
		err  error
		want Status
	}{
		{nil, StatusOK},
		{plain, StatusPermanentError},
		{fmt.Errorf("w: %w", plain), StatusPermanentError},
		{context.DeadlineExceeded, StatusTimeout},
		{context.Canceled, StatusCanceled},
		{os.ErrDeadlineExceeded, StatusTimeout},
		{&net.DNSError{Err: "no such host"}, StatusDNSError},
		{op(os.NewSyscallError("connect", syscall.ECONNREFUSED)), StatusTCPError},
		{op(&net.DNSError{Err: "x", IsTimeout: true}), StatusDNSError},
		{op(plain), StatusTCPError},
		{op(timeoutError{plain}), StatusTimeout},
		{req(plain), StatusHTTPError},
		{req(op(syscall.ECONNRESET)), StatusTCPError},
		{req(context.DeadlineExceeded), StatusTimeout},
		{req(&tls.CertificateVerificationError{Err: plain}), StatusTLSError},
		{x509.UnknownAuthorityError{}, StatusTLSError},
		{tls.AlertError(1), StatusTLSError},
		{syscall.EACCES, StatusPermissionDenied},
		{&fs.PathError{Op: "open", Path: "/x", Err: syscall.ENOENT}, StatusNotFound},
		{syscall.EINTR, StatusTemporaryError},
		{sql.ErrNoRows, StatusNotFound},
		{json.Unmarshal([]byte("{"), new(int)), StatusInvalidResponse},
		{timeoutError{plain}, StatusTimeout},
		{temporaryError{plain}, StatusTemporaryError},
		{status{StatusUnauthenticated}, StatusUnauthenticated},
		{fmt.Errorf("w: %w", status{StatusThrottled}), StatusThrottled},
		{status{StatusNone}, StatusPermanentError},
		{WithStatus(StatusNotFound, timeoutError{plain}), StatusNotFound},
		{WithRetryAfter(time.Second, plain), StatusTemporaryError},
		{WithRetryAfter(time.Second, status{StatusThrottled}), StatusThrottled},
		{errors.Join(timeoutError{plain}, status{StatusNotFound}), StatusNotFound},
		{errors.Join(plain, status{StatusThrottled}), StatusThrottled},
		{&cyclic{plain}, StatusPermanentError},
	} {
		assert.Equal(t, c.want, StatusOf(c.err), "%#v", c.err)
		if c.err != nil {
			assert.Equal(t, c.want, StatusOf(cross(c.err)), "crossed %#v", c.err)
		}
	}
	_, err := net.Dial("unix", filepath.Join(t.TempDir(), "none"))
	assert.Equal(t, StatusNotFound, StatusOf(err))
}

func TestRetryAfterOf(t *testing.T) {
	err := fmt.Errorf("w: %w", WithRetryAfter(time.Minute, WithRetryAfter(time.Hour, errUnknown)))
	assert.Equal(t, time.Hour, retryAfter(err))
	assert.Equal(t, time.Hour, encodeFailure(err).RetryAfter)
	assert.Zero(t, retryAfter(errUnknown))
	assert.NoError(t, WithStatus(StatusOK, nil))
	assert.NoError(t, WithRetryAfter(1, nil))
}

func TestStatusNames(t *testing.T) {
	seen := make(map[string]bool)
	for s := StatusNone; s <= StatusCanceled; s++ {
		assert.NotContains(t, s.String(), "status ")
		assert.False(t, seen[s.String()])
		seen[s.String()] = true
	}
	assert.Equal(t, "status 200", Status(200).String())
}

var errVar = errors.New("var")

func init() { runtime.RegisterVar("dispatch.errVar", &errVar, false) }

// In a durable build the variables and types that compiled code registers are known too,
// and an error can be kept in the state of a workflow.
func TestErrorsInStates(t *testing.T) {
	if durable {
		assert.ErrorIs(t, cross(fmt.Errorf("w: %w", errVar)), errVar)
	}
	for _, err := range []error{
		cross(fmt.Errorf("w: %w", errKnown)),
		cross(&GatherError{Errors: []error{nil, errKnown}}),
		WithStatus(StatusNotFound, ErrClosed),
		ErrClosed,
	} {
		b, serr := runtime.New(func(*runtime.Coroutine) {}).AppendState(nil, &err)
		require.NoError(t, serr)
		var got error
		_, lerr := runtime.New(func(*runtime.Coroutine) {}).LoadState(b, &got)
		require.NoError(t, lerr)
		assert.Equal(t, err.Error(), got.Error())
		assert.Equal(t, StatusOf(err), StatusOf(got))
		assert.Equal(t, errors.Is(err, errKnown), errors.Is(got, errKnown))
		assert.Equal(t, errors.Is(err, ErrClosed), errors.Is(got, ErrClosed))
	}
}
