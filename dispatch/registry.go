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
	"os"
	"reflect"
	"sync"
	"syscall"
)

// errorRegistry holds what of a program's errors is known by name, and so can be the same
// value or type again on the other side of an await.
type errorRegistry struct {
	mu     sync.RWMutex
	values map[string]error
	names  map[error]string
	types  map[string]errorType
	byType map[reflect.Type]string
	errs   []error // of registrations, reported by New
}

type errorType struct {
	typ    reflect.Type
	decode func([]byte) (error, error)
}

var registered = &errorRegistry{
	values: make(map[string]error),
	names:  make(map[error]string),
	types:  make(map[string]errorType),
	byType: make(map[reflect.Type]string),
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

// RegisterErrorType makes a type of errors known by a name, so that [errors.As] finds it in
// an error that a call of a workflow returned. Values of the type are stored as JSON: what
// JSON would lose of it makes [New] return an error. The errors that it wraps are kept by
// themselves, not as part of it. To be called from init or from a variable's initializer.
func RegisterErrorType[T error](name string) {
	t := reflect.TypeFor[T]()
	if err := checkErrorType(t); err != nil {
		registered.mu.Lock()
		defer registered.mu.Unlock()
		registered.errs = append(registered.errs, fmt.Errorf("dispatch: error type %q: %w", name, err))
		return
	}
	registered.addType(name, t, func(b []byte) (error, error) {
		var v T
		err := json.Unmarshal(b, &v)
		return v, err
	})
}

func (r *errorRegistry) addType(name string, t reflect.Type, decode func([]byte) (error, error)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.types[name]; ok && old.typ != t || name == "" {
		r.errs = append(r.errs, fmt.Errorf("dispatch: two types of errors are registered as %q", name))
		return
	}
	r.byType[t] = name
	r.types[name] = errorType{typ: t, decode: decode}
}

func checkErrorType(t reflect.Type) error {
	if t.Kind() == reflect.Interface {
		return fmt.Errorf("%v is an interface", t)
	}
	return checkType(t)
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

func (r *errorRegistry) decoder(name string) func([]byte) (error, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.types[name].decode
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
	RegisterErrorType[syscall.Errno]("syscall.Errno")
	// What it wraps is kept by itself.
	registered.addType("*net.DNSError", reflect.TypeFor[*net.DNSError](), func(b []byte) (error, error) {
		var v struct {
			Err, Name, Server                  string
			IsTimeout, IsTemporary, IsNotFound bool
		}
		err := json.Unmarshal(b, &v)
		return &net.DNSError{Err: v.Err, Name: v.Name, Server: v.Server,
			IsTimeout: v.IsTimeout, IsTemporary: v.IsTemporary, IsNotFound: v.IsNotFound}, err
	})
}
