package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// unregistered has parts of all kinds that are stored.
type unregistered struct {
	inlined
	code     int8
	at       time.Time
	amount   *big.Int
	labels   map[string][]byte
	points   [2]*inlined
	cause    error
	others   []error
	any      any
	hook     func()
	shown    *string
	bits     uint64
	fraction float64
	_        int
}

type inlined struct{ text string }

func (e *unregistered) Error() string {
	if e.hook != nil {
		e.hook()
	}
	return fmt.Sprintf("code %d: %v", e.code, e.cause)
}
func (e *unregistered) Unwrap() error { return e.cause }

// fieldError is found by errors.Is if it is about the same field.
type fieldError struct{ field, why string }

func (e *fieldError) Error() string { return e.field + " " + e.why }
func (e *fieldError) Is(target error) bool {
	t, ok := target.(*fieldError)
	return ok && t.field == e.field || target == errKnown
}

type numberError int

func (e numberError) Error() string { return strconv.Itoa(int(e)) }

// listError is not comparable.
type listError []string

func (e listError) Error() string { return fmt.Sprint([]string(e)) }

type openError struct{ ch chan int }

func (e *openError) Error() string { return "open" }

type lockedError struct {
	mu sync.Mutex
	n  int
}

func (e *lockedError) Error() string { return "locked" }

func as[T error](t *testing.T, err error) T {
	t.Helper()
	var target T
	require.ErrorAs(t, err, &target)
	return target
}

// An error of a type that is not registered is found by its type in both builds, whole.
func TestUnregisteredTypes(t *testing.T) {
	text := "shown"
	in := &unregistered{
		inlined: inlined{"e"}, code: -7, at: time.Unix(1, 2).UTC(), amount: big.NewInt(1 << 62),
		labels: map[string][]byte{"a": {1}, "b": nil}, points: [2]*inlined{nil, {"p"}},
		cause: fmt.Errorf("w: %w", errKnown), others: []error{io.EOF, nil, numberError(5)},
		any: uint16(9), shown: &text, bits: 1<<64 - 1, fraction: 0.1,
	}
	for name, got := range map[string]error{
		"once": cross(in), "twice": cross(cross(in)), "wrapped": cross(fmt.Errorf("again: %w", cross(in))),
	} {
		t.Run(name, func(t *testing.T) {
			out := as[*unregistered](t, got)
			assert.NotSame(t, in, out)
			assert.Equal(t, in.Error(), out.Error())
			assert.ErrorIs(t, out, errKnown)
			assert.EqualError(t, out.cause, in.cause.Error())
			require.Len(t, out.others, 3)
			assert.ErrorIs(t, out.others[0], io.EOF)
			assert.NoError(t, out.others[1])
			assert.Equal(t, numberError(5), as[numberError](t, out.others[2]))
			c := *in
			c.cause, c.others = out.cause, out.others
			assert.Equal(t, &c, out)
		})
	}
}

// What cannot be stored whole is not found by its type, in either build: finding it
// would depend on whether the process was restarted.
func TestTypesThatAreNotStored(t *testing.T) {
	for _, err := range []error{
		&openError{make(chan int)},
		func() error { e := &lockedError{n: 1}; e.mu.Lock(); return e }(),
		fmt.Errorf("w: %w", &unregistered{any: &text{}}),
		&unregistered{shown: new("\xff")},
		&unregistered{hook: func() {}},
		&unregistered{labels: map[string][]byte{"a": make([]byte, maxErrorValue)}},
		func() error { e := &loop{}; e.next = e; return e }(),
	} {
		got := cross(err)
		assert.EqualError(t, got, err.Error())
		target := reflect.New(reflect.TypeOf(err))
		if _, wraps := err.(interface{ Unwrap() error }); wraps {
			assert.False(t, errors.As(got, new(*unregistered)))
			continue
		}
		assert.False(t, errors.As(got, target.Interface()), "%T", err)
	}
	assert.NotNil(t, as[*openError](t, cross(&openError{})))
}

type text struct{}

type loop struct{ next *loop }

func (*loop) Error() string { return "loop" }

func TestErrorsThatAreEqual(t *testing.T) {
	err := cross(fmt.Errorf("w: %w", errors.Join(&fieldError{"name", "is empty"}, numberError(3), listError{"a"})))
	assert.ErrorIs(t, err, numberError(3))
	assert.NotErrorIs(t, err, numberError(4))
	assert.ErrorIs(t, err, &fieldError{"name", ""})
	assert.NotErrorIs(t, err, &fieldError{"age", "is empty"})
	assert.NotErrorIs(t, err, listError{"a"})
	assert.Equal(t, listError{"a"}, as[listError](t, err))
	// By a method that the type has to be registered for.
	assert.NotErrorIs(t, err, errKnown)
}

type registeredError struct{ after time.Duration }

func (e *registeredError) Error() string        { return "registered" }
func (e *registeredError) Timeout() bool        { return e.after > 0 }
func (e *registeredError) Is(target error) bool { return target == errKnown }
func (e *registeredError) As(target any) bool {
	n, ok := target.(*numberError)
	if ok {
		*n = 8
	}
	return ok
}

func init() { RegisterErrorType[*registeredError]("dispatch.registeredError") }

// What the methods of a type say is known if it is registered.
func TestRegisteredTypes(t *testing.T) {
	err := cross(fmt.Errorf("w: %w", &registeredError{time.Second}))
	assert.Equal(t, time.Second, as[*registeredError](t, err).after)
	assert.ErrorIs(t, err, errKnown)
	assert.Equal(t, numberError(8), as[numberError](t, err))
	var timeout interface{ Timeout() bool }
	require.ErrorAs(t, err, &timeout)
	assert.True(t, timeout.Timeout())
	assert.False(t, errors.As(cross(timeoutError{errKnown}), &timeout), "it is not registered")
}

// Common errors of the standard library are themselves again.
func TestStandardErrors(t *testing.T) {
	_, open := os.Open("/does/not/exist")
	_, number := strconv.Atoi("x")
	_, at := time.Parse(time.RFC3339, "x")
	for _, err := range []error{
		open, number, at,
		&url.Error{Op: "Get", URL: "http://example.org", Err: io.ErrUnexpectedEOF},
		json.Unmarshal([]byte("{"), new(int)),
		&net.OpError{Op: "dial", Net: "tcp", Source: nil, Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80},
			Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
		&net.DNSError{Err: "no such host", Name: "x", IsNotFound: true},
		&os.LinkError{Op: "link", Old: "a", New: "b", Err: syscall.EEXIST},
		syscall.EAGAIN,
	} {
		target := reflect.New(reflect.TypeOf(err))
		require.ErrorAs(t, cross(cross(err)), target.Interface())
		assert.EqualError(t, target.Elem().Interface().(error), err.Error())
	}
	var network net.Error
	require.ErrorAs(t, cross(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}), &network)
	assert.True(t, network.Timeout())
	assert.ErrorIs(t, cross(open), fs.ErrNotExist)
	assert.Equal(t, syscall.ENOENT, as[*fs.PathError](t, cross(open)).Err)
}

// It takes time that is in proportion to the length of a chain.
func TestLongChains(t *testing.T) {
	var err error = errUnknown
	for i := range 60 {
		err = &codedError{Code: i, Err: err}
	}
	start := time.Now()
	got := cross(err)
	assert.False(t, errors.As(got, new(*fieldError)))
	assert.NotErrorIs(t, got, errMore)
	assert.Less(t, time.Since(start), 5*time.Second)
}

var errMore = errors.New("more")

func TestRegisterErrorTypeRefuses(t *testing.T) {
	saved := registered
	defer func() { registered = saved }()
	for _, register := range []func(){
		func() { RegisterErrorType[*openError]("open") },
		func() { RegisterErrorType[*lockedError]("locked") },
		func() { RegisterErrorType[net.Error]("net") },
		func() { RegisterErrorType[*fieldError]("") },
		func() { RegisterErrorType[*fieldError]("a"); RegisterErrorType[*fieldError]("b") },
		func() { RegisterErrorType[*fieldError]("a"); RegisterErrorType[numberError]("a") },
	} {
		registered = newErrorRegistry()
		register()
		_, err := New()
		assert.ErrorContains(t, err, "dispatch: ")
	}
}

// What is stored may be damaged, or of another version of the type.
func TestDecodeValue(t *testing.T) {
	types := []reflect.Type{
		reflect.TypeFor[*unregistered](), reflect.TypeFor[numberError](), reflect.TypeFor[listError](), reflect.TypeFor[*openError](),
		reflect.TypeFor[*url.Error](), reflect.TypeFor[*net.OpError](), reflect.TypeFor[*loop](), reflect.TypeFor[*lockedError](),
	}
	value := rapid.Deferred(func() *rapid.Generator[any] { return anyJSON(4) })
	rapid.Check(t, func(t *rapid.T) {
		b, err := json.Marshal(value.Draw(t, "value"))
		if err != nil {
			t.Skip()
		}
		typ := rapid.SampledFrom(types).Draw(t, "type")
		wrapped := func(i int) error { return (&Error{n: &node{Wrapped: []*node{{Message: "w"}, nil}}}).wrapped(i) }
		got, ok := decodeValue(b, typ, wrapped)
		if ok && reflect.TypeOf(got) != typ {
			t.Fatalf("%T for %v", got, typ)
		}
	})
}

func anyJSON(depth int) *rapid.Generator[any] {
	leaves := []*rapid.Generator[any]{
		rapid.SampledFrom([]any{nil, true, -1.5, 1e300, "", "AQI=", "127.0.0.1", "2006-01-02T15:04:05Z", 7}),
		rapid.Int().AsAny(),
	}
	if depth == 0 {
		return rapid.OneOf(leaves...)
	}
	inner := anyJSON(depth - 1)
	names := []string{"Op", "URL", "Err", "code", "at", "labels", "points", "cause", "others", "any", "shown", "next", "text", "inlined",
		"wrapped", "error", "type", "value", "Addr", "ch", "mu", "m", "w"}
	return rapid.OneOf(append(leaves,
		rapid.MapOfN(rapid.SampledFrom(names), inner, 0, 6).AsAny(),
		rapid.SliceOfN(inner, 0, 3).AsAny(),
		rapid.Map(rapid.SampledFrom([]string{"int", "string", "*net.TCPAddr", "x"}), func(s string) any {
			return map[string]any{"type": s, "value": []any{map[string]any{"Port": 1}}}
		}),
	)...)
}
