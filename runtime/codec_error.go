package runtime

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"reflect"
	"unsafe"
)

// Errors of the standard library whose type it keeps to itself, such as that of a
// connection that timed out, have no name in other processes. Nobody can ask for the
// type; so what is saved in their place are values of these types, which answer what can
// be asked.

// hiddenError stands for an error of a type that only its package knows.
type hiddenError struct {
	text string
	errs []error // what errors.Is and errors.As find in it
}

func (e *hiddenError) Error() string   { return e.text }
func (e *hiddenError) Unwrap() []error { return e.errs }

// hiddenNetError is one that is a net.Error.
type hiddenNetError struct {
	hiddenError
	timeout, temporary bool
}

func (e *hiddenNetError) Timeout() bool   { return e.timeout }
func (e *hiddenNetError) Temporary() bool { return e.temporary }

// wellKnownErrors are what errors say that they are, by a method Is.
var wellKnownErrors = []*error{
	&context.Canceled, &context.DeadlineExceeded, &errors.ErrUnsupported, &fs.ErrClosed, &fs.ErrExist, &fs.ErrInvalid,
	&fs.ErrNotExist, &fs.ErrPermission, &os.ErrDeadlineExceeded,
}

// isHiddenError reports whether t is the type of an error that a package of the standard
// library does not export.
func isHiddenError(t reflect.Type) bool {
	n := t
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		n = t.Elem()
	}
	return n.PkgPath() != "" && !exported(n.Name()) && t.Implements(basicTypes[21]) && standard(n.PkgPath())
}

// exported reports whether the name of a type is exported. Those of the standard
// library are ASCII.
func exported(name string) bool { return name != "" && 'A' <= name[0] && name[0] <= 'Z' }

// hiddenError returns what is saved in place of x, an error of a hidden type, or nil if
// it is x itself that is saved, since it has a name or the type has.
func (e *encoder) hiddenError(x any, q *plan) any {
	if e.keep != nil || q.op == opPointer && dataOf(x) == nil || e.reg.names.describing(q).parts == "" {
		return nil
	}
	if _, ok := e.namedValue(x, q); ok {
		return nil
	}
	key := *(*eface)(unsafe.Pointer(&x))
	if stand := e.errors[key]; stand != nil {
		return stand
	}
	err := x.(error)
	h := hiddenError{text: err.Error()}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			h.errs = append(h.errs, inner)
		}
	case interface{ Unwrap() []error }:
		h.errs = append(h.errs, u.Unwrap()...)
	}
	for _, known := range wellKnownErrors {
		is, ok := err.(interface{ Is(error) bool })
		if ok && is.Is(*known) {
			h.errs = append(h.errs, *known)
		}
	}
	var stand any = &h
	if n, ok := err.(interface {
		Timeout() bool
		Temporary() bool
	}); ok {
		stand = &hiddenNetError{h, n.Timeout(), n.Temporary()}
	}
	if e.errors == nil {
		e.errors = map[eface]any{}
	}
	e.errors[key] = stand
	return stand
}
