package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/coroc-dev/coroc/dispatch/engine"
	"github.com/coroc-dev/coroc/runtime"
)

// Error is an error of a call as its caller gets it: the message, the type, the status and
// the chain of the error that the function returned.
//
// [errors.As] finds the errors of the chain as values of their types, made anew: with their
// fields, in which errors that are not registered are values of type *Error. It does so for all
// types but those with parts that cannot be stored: channels, functions, values in
// interfaces that are neither errors nor basic. If the target is an interface, the type has
// to be registered with [RegisterErrorType].
//
// [errors.Is] finds package-level errors that are registered with [RegisterError]; without
// that those of the compiled packages, and of the packages that they import. It finds
// errors that are equal to the target and of the same type, or are so by the `Is` method of
// that type.
//
// A type that is found by its name is known to be the same: local types of one name in a
// package are not told apart.
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
	ID      string          `json:"i,omitempty"` // of the type, if it has a Value and no Name
	Value   json.RawMessage `json:"v,omitempty"`
	Var     string          `json:"g,omitempty"` // the package-level variable that holds the error
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
func (e *Error) Unwrap() []error {
	origins := unwrap(e.origin, len(e.n.Wrapped))
	errs := make([]error, 0, len(e.n.Wrapped))
	for i, w := range e.n.Wrapped {
		if w != nil {
			errs = append(errs, w.decode(origins[i], 0))
		}
	}
	return errs
}

// wrapped returns one of the errors that the original wraps, as a part of its value. It
// returns nil if there is none.
func (e *Error) wrapped(i int) error {
	if i < 0 || i >= len(e.n.Wrapped) || e.n.Wrapped[i] == nil {
		return nil
	}
	return original(e.n.Wrapped[i].decode(unwrap(e.origin, len(e.n.Wrapped))[i], 0))
}

// original returns err, or what it stands for if that is registered: methods of the error
// that has it as a part may ask for its type.
func original(err error) error {
	if e, ok := err.(*Error); ok {
		if v := e.registered(); v != nil {
			return v
		}
	}
	return err
}

// Is reports whether the original is target, or says of itself that it is. What it wraps is
// not asked.
func (e *Error) Is(target error) bool {
	if v := e.registered(); v != nil && is(v, target) {
		return true
	}
	if durable {
		if v, ok := runtime.Variable(e.n.Var).(error); ok && same(v, target) {
			return true
		}
	} else if e.origin != nil && same(e.origin, target) {
		return true
	}
	v, ok := e.value(reflect.TypeOf(target))
	return ok && is(v, target)
}

// As sets target to the original, made anew, if that fits. What it wraps is not asked.
func (e *Error) As(target any) bool {
	p := reflect.ValueOf(target).Elem()
	if v := e.registered(); v != nil {
		if reflect.TypeOf(v).AssignableTo(p.Type()) {
			p.Set(reflect.ValueOf(v))
			return true
		}
		if x, ok := v.(interface{ As(any) bool }); ok && x.As(target) {
			return true
		}
	}
	v, ok := e.value(p.Type())
	if ok {
		p.Set(reflect.ValueOf(v))
	}
	return ok
}

// is is errors.Is of err alone, without what it wraps: that is asked by who asked for err.
func is(err, target error) bool {
	x, ok := err.(interface{ Is(error) bool })
	return same(err, target) || ok && x.Is(target)
}

func same(a, b error) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && reflect.ValueOf(a).Comparable() && reflect.ValueOf(b).Comparable() && a == b
}

// registered returns the original if it is registered, or a value of its type if that is.
func (e *Error) registered() error {
	switch {
	case e.n.Name == "":
	case e.n.Value == nil:
		return registered.value(e.n.Name)
	default:
		if t := registered.typeNamed(e.n.Name); t != nil {
			if v, ok := decodeValue(e.n.Value, t, e.wrapped); ok {
				return v
			}
		}
	}
	return nil
}

// value returns the original made anew, if it is of type t.
func (e *Error) value(t reflect.Type) (error, bool) {
	if e.n.ID == "" || t == nil || e.n.ID != typeID(t) {
		return nil, false
	}
	return decodeValue(e.n.Value, t, e.wrapped)
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
	switch status {
	case StatusTimeout:
		n.Name = "context.DeadlineExceeded"
	case StatusCanceled:
		n.Name = "context.Canceled"
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
	var wrapped []error // as n.Wrapped
	wrap := func(w error) {
		wrapped = append(wrapped, w)
		n.Wrapped = append(n.Wrapped, enc.encode(w, depth+1))
	}
	switch e := err.(type) {
	case *GatherError:
		n.Several = true
		n.Width = len(e.Errors)
		for i, err := range e.Errors {
			if err != nil {
				n.Places = append(n.Places, i)
				wrap(err)
			}
		}
		return n
	case interface{ Unwrap() error }:
		if w := e.Unwrap(); w != nil {
			wrap(w)
		}
	case interface{ Unwrap() []error }:
		n.Several = true
		for _, w := range e.Unwrap() {
			if w != nil && enc.nodes < maxNodes {
				wrap(w)
			}
		}
	}
	enc.identify(n, err, wrapped, depth)
	return n
}

// identify notes by what the error can be found again.
func (enc *errorEncoder) identify(n *node, err error, wrapped []error, depth int) {
	if n.Name = registered.nameOf(err); n.Name != "" {
		return
	}
	if durable {
		n.Var = runtime.VariableOf(err)
	}
	name, id := registered.typeOf(err), typeID(reflect.TypeOf(err))
	if name == "" && (id == "" || anonymous[id]) {
		return
	}
	if n.Value = encodeValue(enc, err, wrapped, depth); n.Value == nil {
		return
	}
	if n.Name = name; name == "" {
		n.ID = id
	}
}

// anonymous are the types that nobody can have a variable of, or has reason to.
var anonymous = func() map[string]bool {
	m := make(map[string]bool)
	for _, err := range []error{
		errors.New(""), fmt.Errorf("%w", io.EOF), fmt.Errorf("%w%w", io.EOF, io.EOF), errors.Join(io.EOF),
		&statusError{},
	} {
		m[typeID(reflect.TypeOf(err))] = true
	}
	return m
}()

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
