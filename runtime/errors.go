package runtime

import (
	"errors"
	"fmt"
	"reflect"
)

// ErrInvalidState is wrapped by the errors about a state that is damaged, was
// written by something else, or does not fit the coroutine that loads it.
var ErrInvalidState = errors.New("invalid state")

// ErrIncompatibleState is wrapped by the errors about a sound state that another
// version of the program saved, and that this one cannot go on from.
var ErrIncompatibleState = errors.New("incompatible state")

// UnsavableError reports a value that has no meaning outside of its process.
type UnsavableError struct {
	// Path leads to the value from the function whose frame holds it:
	// "workflow: conn.fd.mu".
	Path string
	// Type is the type of the value.
	Type reflect.Type
	// Why it cannot be saved, in words.
	Why string
}

func (e *UnsavableError) Error() string {
	if e.Type == nil {
		return fmt.Sprintf("cannot save %s: %s", e.Path, e.Why)
	}
	return fmt.Sprintf("cannot save %s (%s): %s", e.Path, e.Type, e.Why)
}

func invalidf(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInvalidState, fmt.Errorf(format, args...))
}

func incompatiblef(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrIncompatibleState, fmt.Errorf(format, args...))
}
