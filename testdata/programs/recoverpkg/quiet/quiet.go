// Package quiet recovers and panics; nothing in it suspends.
package quiet

import (
	"errors"
	"fmt"
)

// ErrFail is what failures are.
var ErrFail = errors.New("fail")

// Shared is panicked with.
var Shared = &Failure{Code: -1}

// Failure is an error.
type Failure struct{ Code int }

func (f *Failure) Error() string { return fmt.Sprint("failure ", f.Code) }

// Unwrap returns ErrFail.
func (f *Failure) Unwrap() error { return ErrFail }

// Catch recovers an error.
func Catch(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("caught: %w", r.(error))
	}
}

// Fail panics.
func Fail(v int) {
	defer func() {
		if v > 100 {
			recover()
		}
	}()
	panic(&Failure{v})
}

// Nested recovers by itself, panics again and recovers that.
func Nested(v int) (err error) {
	defer Catch(&err)
	defer func() {
		if r, ok := recover().(error); ok {
			panic(fmt.Errorf("again: %w", r))
		}
	}()
	if v > 0 {
		Fail(v)
	}
	return nil
}

// PanicShared panics with Shared.
func PanicShared(f func()) {
	defer f()
	panic(Shared)
}

// Guard has a method that recovers.
type Guard struct{ Name string }

// Done recovers.
func (g *Guard) Done(err *error) {
	if r := recover(); r != nil {
		*err = errors.Join(fmt.Errorf("%s", g.Name), r.(error))
	}
}
