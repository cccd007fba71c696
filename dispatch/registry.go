package dispatch

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// errorRegistry holds what of a program's errors is known by name, and so can be the same
// value or type again on the other side of an await.
type errorRegistry struct {
	mu     sync.RWMutex
	values map[string]error
	names  map[error]string
	types  map[string]reflect.Type
	byType map[reflect.Type]string
	errs   []error // of registrations, reported by New
}

var registered = newErrorRegistry()

func newErrorRegistry() *errorRegistry {
	return &errorRegistry{
		values: make(map[string]error),
		names:  make(map[error]string),
		types:  make(map[string]reflect.Type),
		byType: make(map[reflect.Type]string),
	}
}

// RegisterError makes a package-level error known by a name, so that [errors.Is] finds it in
// an error that a call of a workflow returned, in any process. It returns err:
//
//	var ErrDeclined = dispatch.RegisterError("billing.ErrDeclined", errors.New("card declined"))
//
// The name is stored, and has to stay the same. Common errors of the standard library are
// registered already. A name that stands for two errors makes [New] return an error.
func RegisterError(name string, err error) error {
	r := registered
	r.mu.Lock()
	defer r.mu.Unlock()
	switch old, ok := r.values[name]; {
	case name == "" || err == nil || !reflect.ValueOf(err).Comparable():
		r.errs = append(r.errs, fmt.Errorf("dispatch: %q: only a comparable error that is not nil can be registered, under a name", name))
	case ok && old != err:
		r.errs = append(r.errs, fmt.Errorf("dispatch: two errors are registered as %q", name))
	default:
		r.values[name] = err
		r.names[err] = name
	}
	return err
}

// RegisterErrorType makes a type of errors known by a name. In an error that a call of a
// workflow returned, [errors.As] finds any type of which the caller has a variable. That
// errors of T have another type in their chain, an interface that they implement, or a method
// `Is(error) bool`, is known only if T is registered. Common types of the standard library
// are.
//
// The name is stored, and has to stay the same. A type with parts that cannot be stored,
// such as a channel, makes [New] return an error. To be called from init or from a
// variable's initializer.
func RegisterErrorType[T error](name string) {
	registered.addType(name, reflect.TypeFor[T]())
}

func (r *errorRegistry) addType(name string, t reflect.Type) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := checkErrorType(t); err != nil {
		r.errs = append(r.errs, fmt.Errorf("dispatch: error type %q: %w", name, err))
		return
	}
	if old, ok := r.types[name]; ok && old != t || name == "" {
		r.errs = append(r.errs, fmt.Errorf("dispatch: two types of errors are registered as %q", name))
		return
	}
	if old, ok := r.byType[t]; ok && old != name {
		r.errs = append(r.errs, fmt.Errorf("dispatch: error type %v is registered as %q and as %q", t, old, name))
		return
	}
	r.types[name], r.byType[t] = t, name
}

func registrationError() error {
	registered.mu.RLock()
	defer registered.mu.RUnlock()
	return errors.Join(registered.errs...)
}

func (r *errorRegistry) nameOf(err error) string {
	if !reflect.ValueOf(err).Comparable() {
		return ""
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.names[err]
}

func (r *errorRegistry) typeOf(err error) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byType[reflect.TypeOf(err)]
}

func (r *errorRegistry) value(name string) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.values[name]
}

func (r *errorRegistry) typeNamed(name string) reflect.Type {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.types[name]
}

func init() {
	for name, err := range map[string]error{
		"context.Canceled":         context.Canceled,
		"context.DeadlineExceeded": context.DeadlineExceeded,
		"database/sql.ErrConnDone": sql.ErrConnDone,
		"database/sql.ErrNoRows":   sql.ErrNoRows,
		"database/sql.ErrTxDone":   sql.ErrTxDone,
		"errors.ErrUnsupported":    errors.ErrUnsupported,
		"io.EOF":                   io.EOF,
		"io.ErrClosedPipe":         io.ErrClosedPipe,
		"io.ErrNoProgress":         io.ErrNoProgress,
		"io.ErrShortBuffer":        io.ErrShortBuffer,
		"io.ErrShortWrite":         io.ErrShortWrite,
		"io.ErrUnexpectedEOF":      io.ErrUnexpectedEOF,
		"io/fs.ErrClosed":          fs.ErrClosed,
		"io/fs.ErrExist":           fs.ErrExist,
		"io/fs.ErrInvalid":         fs.ErrInvalid,
		"io/fs.ErrNotExist":        fs.ErrNotExist,
		"io/fs.ErrPermission":      fs.ErrPermission,
		"net.ErrClosed":            net.ErrClosed,
		"os.ErrDeadlineExceeded":   os.ErrDeadlineExceeded,
		"os.ErrProcessDone":        os.ErrProcessDone,
	} {
		RegisterError(name, err)
	}
	for _, t := range []reflect.Type{
		reflect.TypeFor[syscall.Errno](),
		reflect.TypeFor[*os.SyscallError](),
		reflect.TypeFor[*os.LinkError](),
		reflect.TypeFor[*fs.PathError](),
		reflect.TypeFor[*net.AddrError](),
		reflect.TypeFor[*net.DNSError](),
		reflect.TypeFor[*net.OpError](),
		reflect.TypeFor[*net.ParseError](),
		reflect.TypeFor[*url.Error](),
		reflect.TypeFor[*strconv.NumError](),
		reflect.TypeFor[*time.ParseError](),
		reflect.TypeFor[*json.SyntaxError](),
	} {
		registered.addType(typeID(t), t)
	}
}
