package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Error is an error of a call as its caller gets it: the message, the type, the status and
// the chain of the error that the function returned.
//
// [errors.Is] finds the errors of the chain that are registered with [RegisterError], and
// [errors.As] the types registered with [RegisterErrorType], in any process. In a durable
// build package-level errors of the compiled packages are found without that; in a volatile
// one, which never goes on in another process, [errors.Is] finds the original errors.
type Error struct {
	n      *node // all that is kept when the error itself is part of a state
	origin error // the original, in a volatile build
}

// node is what is stored of one error of a chain.
type node struct {
	Message string          `json:"m"`
	Type    string          `json:"t,omitempty"`
	Status  Status          `json:"s,omitempty"`
	Name    string          `json:"n,omitempty"` // in the registry: of the value, or of its type
	Value   json.RawMessage `json:"v,omitempty"` // of a registered type
	State   []byte          `json:"r,omitempty"` // of a value that the runtime knows
	Stack   string          `json:"k,omitempty"`
	Several bool            `json:"j,omitempty"` // wraps a list, even if that is short
	Wrapped []*node         `json:"w,omitempty"`
	Width   int             `json:"l,omitempty"` // of a GatherError: the length of its list
	Places  []int           `json:"p,omitempty"` // of a GatherError: where the errors stand in it
}

// Error returns the message of the original.
func (e *Error) Error() string { return e.n.Message }

// TypeName returns the name of the original's type: "*fs.PathError", or "panic" for a panic.
func (e *Error) TypeName() string { return e.n.Type }

// Status returns the status that the original had.
func (e *Error) Status() Status { return e.n.Status }

// Stack returns the stack of a panic, else "".
func (e *Error) Stack() string { return e.n.Stack }

// Unwrap returns the errors that the original wraps.
func (e *Error) Unwrap() []error { return e.n.unwrap(e.origin, 0) }

// Is reports whether the original is target, or says of itself that it is.
func (e *Error) Is(target error) bool {
	if v := e.n.value(); v != nil && errors.Is(v, target) {
		return true
	}
	return e.origin != nil && reflect.ValueOf(target).Comparable() && reflect.ValueOf(e.origin).Comparable() && e.origin == target
}

// As sets target to the original if that is of a registered type which fits.
func (e *Error) As(target any) bool {
	v := e.n.value()
	return v != nil && errors.As(v, target)
}

// GatherError is the error of a Gather of which calls failed.
type GatherError struct {
	// Errors has the error of each call by its position, nil for those that succeeded.
	Errors []error
}

// shownErrors is how many errors the message of a GatherError shows.
const shownErrors = 3

// Error returns how many calls failed, and the first few errors.
func (e *GatherError) Error() string {
	var b strings.Builder
	failed := 0
	for i, err := range e.Errors {
		if err == nil {
			continue
		}
		if failed++; failed <= shownErrors {
			fmt.Fprintf(&b, "; %d: %v", i, err)
		}
	}
	if failed > shownErrors {
		fmt.Fprintf(&b, "; and %d more", failed-shownErrors)
	}
	return fmt.Sprintf("%d of %d calls failed%s", failed, len(e.Errors), b.String())
}

// Unwrap returns the errors of the calls that failed.
func (e *GatherError) Unwrap() []error {
	errs := make([]error, 0, len(e.Errors))
	for _, err := range e.Errors {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// maxNodes bounds how much of one error is stored. A Gather that failed is stored with all
// its errors nevertheless: one that was left out would look like a success.
const maxNodes = 20_000

type errorEncoder struct{ nodes int }

// encodeFailure guards against errors whose methods panic, as those of nil pointers do.
func encodeFailure(err error) (f *engine.Failure) {
	defer func() {
		if r := recover(); r != nil {
			f = describe(StatusPermanentError, fmt.Sprintf("a method of an error of type %T panics: %v", err, r))
		}
	}()
	n := (&errorEncoder{}).encode(err, 0)
	return &engine.Failure{
		Status:     StatusOf(err),
		Message:    n.Message,
		RetryAfter: retryAfter(err),
		Encoded:    n.bytes(),
		Origin:     err,
	}
}

func encodePanic(v any, stack []byte) *engine.Failure {
	message := fmt.Sprintf("panic: %v", v)
	n := &node{Message: message, Type: "panic", Status: StatusPermanentError, Stack: string(stack)}
	f := &engine.Failure{Status: StatusPermanentError, Message: message}
	if err, ok := v.(error); ok {
		cause := new(node)
		if json.Unmarshal(encodeFailure(err).Encoded, cause) == nil {
			n.Wrapped = []*node{cause}
		}
		// A frame that does not fit is found when its function comes to resume.
		f.Park = errors.Is(err, runtime.ErrInvalidState) || errors.Is(err, runtime.ErrIncompatibleState)
	}
	f.Encoded = n.bytes()
	return f
}

// describe encodes a failure that is found by this package or by the engine.
func describe(status Status, message string) *engine.Failure {
	n := &node{Message: message, Type: "*dispatch.Error", Status: status}
	if status == StatusTimeout {
		n.Name = "context.DeadlineExceeded"
	}
	return &engine.Failure{Status: status, Message: message, Encoded: n.bytes()}
}

func (n *node) bytes() []byte {
	b, err := json.Marshal(n)
	if err != nil {
		// A registered type whose MarshalJSON writes nonsense.
		b, _ = json.Marshal(&node{Message: n.Message, Type: n.Type, Status: n.Status, Stack: n.Stack})
	}
	return b
}

func (enc *errorEncoder) encode(err error, depth int) *node {
	enc.nodes++
	if e, ok := err.(*Error); ok {
		return e.n
	}
	n := &node{Message: err.Error(), Type: reflect.TypeOf(err).String(), Status: StatusOf(err)}
	if depth > maxDepth || enc.nodes > maxNodes {
		return n
	}
	enc.identify(n, err)
	switch e := err.(type) {
	case *GatherError:
		n.Several = true
		n.Width = len(e.Errors)
		for i, err := range e.Errors {
			if err != nil {
				n.Places = append(n.Places, i)
				n.Wrapped = append(n.Wrapped, enc.encode(err, depth+1))
			}
		}
	case interface{ Unwrap() error }:
		if w := e.Unwrap(); w != nil {
			n.Wrapped = []*node{enc.encode(w, depth+1)}
		}
	case interface{ Unwrap() []error }:
		n.Several = true
		for _, w := range e.Unwrap() {
			if w != nil && enc.nodes < maxNodes {
				n.Wrapped = append(n.Wrapped, enc.encode(w, depth+1))
			}
		}
	}
	return n
}

// identify notes by what the error can be found again.
func (enc *errorEncoder) identify(n *node, err error) {
	if n.Name = registered.nameOf(err); n.Name != "" {
		return
	}
	if name := registered.typeOf(err); name != "" {
		if b, jerr := json.Marshal(err); jerr == nil {
			n.Name, n.Value = name, b
		}
		return
	}
	if durable {
		n.State = saveError(err)
	}
}

// decodeError makes an error of what was stored. origin is the error that it was made of,
// if that was in this process.
func decodeError(status Status, b []byte, origin error) error {
	n := new(node)
	if err := json.Unmarshal(b, n); err != nil {
		n = &node{Message: fmt.Sprintf("%v (its error cannot be read: %v)", status, err), Status: status}
	}
	if durable {
		origin = nil
	}
	return n.decode(origin, 0)
}

func (n *node) decode(origin error, depth int) error {
	if n.Width > 0 && len(n.Places) == len(n.Wrapped) {
		return n.decodeGather(origin, depth)
	}
	if e, ok := origin.(*Error); ok {
		origin = e.origin // it was encoded as what it stands for
	}
	return &Error{n: n, origin: origin}
}

// unwrap returns the errors that the original wraps.
func (n *node) unwrap(origin error, depth int) []error {
	origins := unwrap(origin, len(n.Wrapped))
	errs := make([]error, 0, len(n.Wrapped))
	for i, w := range n.Wrapped {
		if w != nil && depth < 2*maxDepth {
			errs = append(errs, w.decode(origins[i], depth+1))
		}
	}
	return errs
}

// value returns the original, or one that is equal to it, if this program knows it by name.
func (n *node) value() error {
	switch {
	case n.Value != nil:
		if decode := registered.decoder(n.Name); decode != nil {
			if v, err := decode(n.Value); err == nil && !isNil(v) {
				return v
			}
		}
	case n.Name != "":
		return registered.value(n.Name)
	case n.State != nil && durable:
		return loadError(n.State)
	}
	return nil
}

// isNil finds the nil pointers that JSON's null makes; their methods would panic.
func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func (n *node) decodeGather(origin error, depth int) error {
	const most = 1 << 24 // what is stored may have been tampered with
	e := &GatherError{Errors: make([]error, min(n.Width, most))}
	origins := unwrap(origin, len(n.Wrapped))
	for i, w := range n.Wrapped {
		if p := n.Places[i]; w != nil && p >= 0 && p < len(e.Errors) && depth < 2*maxDepth {
			e.Errors[p] = w.decode(origins[i], depth+1)
		}
	}
	return e
}

// unwrap returns the n errors that err wraps, or n times nil if it does not wrap so many.
func unwrap(err error, n int) []error {
	var errs []error
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		if w := e.Unwrap(); w != nil {
			errs = []error{w}
		}
	case interface{ Unwrap() []error }:
		for _, w := range e.Unwrap() {
			if w != nil {
				errs = append(errs, w)
			}
		}
	}
	if len(errs) != n {
		return make([]error, n)
	}
	return errs
}
