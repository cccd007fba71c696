package runtime

import (
	"fmt"
	goruntime "runtime"
)

// Inspection is what a state says by itself, without the program that saved it. It is
// plain data; the names of its JSON form are those of docs/inspect.md.
//
// Memory that has an identity is an object. Values refer to objects by number, so that
// shared memory and cycles are seen as what they are.
type Inspection struct {
	// Version is that of the state format.
	Version int `json:"version"`
	// Size is the length of the state in bytes. What follows it is not looked at.
	Size int `json:"size"`
	// Started says whether the coroutine had begun, Done whether it had ended. One that
	// has started and is not done is suspended.
	Started bool `json:"started"`
	Done    bool `json:"done"`
	// Frames are the suspended calls, the innermost first.
	Frames []InspectedFrame `json:"frames"`
	// Roots are the variables that were saved along with the frames.
	Roots []InspectedRoot `json:"roots"`
	// Objects are the pieces of memory that something refers to; object n is Objects[n-1].
	Objects []InspectedObject `json:"objects"`
	// Types are those that the state describes.
	Types []InspectedType `json:"types"`
	// Names are what the state leaves to the process that loads it; name n is Names[n-1].
	Names []InspectedName `json:"names"`
}

// InspectedFrame is a call that is suspended.
type InspectedFrame struct {
	// Function is its full name: "example.com/app.(*Order).Ship.func1".
	Function string `json:"function"`
	// Fingerprint is that of the function's source, 16 hexadecimal digits. A program
	// goes on from the state if its function has the same.
	Fingerprint string `json:"fingerprint"`
	// Site is the number of the call at which the function is suspended, among the calls and
	// range statements of its source, from 1; or 0 while its deferred calls run.
	Site int `json:"site"`
	// Position is where that call stands: "order.go:42:7".
	Position string `json:"position"`
	// Variables are those whose values are needed when the function goes on. i#2 is the
	// second i; #57, of an expression that is not finished, and others are explained in
	// docs/state-format.md: # is what the func has captured, #defers are its deferred calls.
	Variables []InspectedField `json:"variables"`
	// Omitted is how many more there are: see [Inspect].
	Omitted int `json:"omitted,omitempty"`
}

// InspectedRoot is a variable that was saved along with the frames.
type InspectedRoot struct {
	// Name is the variable's, if that is known: yielded, sent and result for the three that
	// coroutine.Context.Marshal saves, which are told by their number and types, and
	// "import/path.name" for package-level variables saved by [Variables].
	Name string `json:"name,omitempty"`
	Type string `json:"type"`
	// Object is where it stands, and Path leads to it if it is a part of that.
	Object int    `json:"object"`
	Path   string `json:"path,omitempty"`
	// Value is that of the object, if the variable is the whole of it and no array, and
	// else of kind part.
	Value InspectedValue `json:"value"`
}

// InspectedField is a variable of a frame, a field of a struct or what a func value has
// captured.
type InspectedField struct {
	Name  string         `json:"name"`
	Type  string         `json:"type"`
	Value InspectedValue `json:"value"`
}

// The kinds of values.
const (
	InspectedNil       = "nil"       // of any type
	InspectedBool      = "bool"      // Text
	InspectedInt       = "int"       // Text: signed and unsigned integers
	InspectedFloat     = "float"     // Text
	InspectedComplex   = "complex"   // Text
	InspectedString    = "string"    // Text, or Bytes if it is not UTF-8
	InspectedBytes     = "bytes"     // Bytes: an array of bytes, a bytes.Buffer
	InspectedTime      = "time"      // Text: RFC 3339, with Local as UTC; a field: location
	InspectedText      = "text"      // Text: of the standard library, such as netip.Addr
	InspectedEncoded   = "encoded"   // Bytes: as the type, or a codec of the program, writes it
	InspectedZero      = "zero"      // the zero value of a type of the standard library
	InspectedStruct    = "struct"    // Fields
	InspectedArray     = "array"     // Elements
	InspectedMap       = "map"       // Ref; in the object: Entries
	InspectedPointer   = "pointer"   // Ref
	InspectedSlice     = "slice"     // Ref
	InspectedChan      = "chan"      // Ref
	InspectedFunc      = "func"      // Ref: to what it has captured
	InspectedCancel    = "cancel"    // Ref: to the context of which it is the cancel function
	InspectedRecord    = "record"    // Fields: in an object: what a func value has captured
	InspectedInterface = "interface" // Ref: to the value of a struct or array, or to a name
	InspectedTypeValue = "type"      // Text: a reflect.Type
	InspectedCoroutine = "coroutine" // Coroutine: one that the coroutine has
	InspectedPart      = "part"      // what a root is that stands in an object
	InspectedOmitted   = "omitted"   // there is a value, but the inspection would be too large
)

// InspectedValue is a value. What of it is set depends on its kind.
type InspectedValue struct {
	Kind string `json:"kind"`
	// Type is that of what an interface holds. Otherwise the type is that of the
	// variable, field or object.
	Type string `json:"type,omitempty"`
	// Text is the value in full, or what goes by the name that Ref has. It is absent from
	// JSON if it is empty.
	Text     string              `json:"text,omitempty"`
	Bytes    []byte              `json:"bytes,omitempty"`
	Ref      *InspectedReference `json:"ref,omitempty"`
	Fields   []InspectedField    `json:"fields,omitempty"`
	Elements []InspectedValue    `json:"elements,omitempty"`
	Entries  []InspectedEntry    `json:"entries,omitempty"`
	// Coroutine is one that another one has.
	Coroutine *InspectedStack `json:"coroutine,omitempty"`
	// Omitted is how many elements, fields or entries more there are: see [Inspect].
	Omitted int `json:"omitted,omitempty"`
}

// InspectedStack is a coroutine that another one has.
type InspectedStack struct {
	Started bool `json:"started"`
	Done    bool `json:"done"`
	// Function is a pointer to the record of the function that it runs, or nil.
	Function InspectedValue `json:"function"`
	// Frames are the suspended calls, the innermost first.
	Frames []InspectedFrame `json:"frames"`
}

// InspectedEntry is an entry of a map.
type InspectedEntry struct {
	Key   InspectedValue `json:"key"`
	Value InspectedValue `json:"value"`
}

// InspectedReference leads to memory: to that of an object, to what has a name, or, if
// there is neither, to memory without size.
type InspectedReference struct {
	// Object is the number of the object, or 0.
	Object int `json:"object,omitempty"`
	// Name is the number of the name, or 0. The value's Text says what it is.
	Name int `json:"name,omitempty"`
	// Path leads from the whole to the part: ".sizes[1][0]". It is empty for the whole. In
	// what has a name it consists of numbers, those of elements and fields, since the
	// state does not describe its type: ".1.0".
	Path string `json:"path,omitempty"`
	// Start, Length and Capacity are those of a slice, in elements.
	Start    int `json:"start,omitempty"`
	Length   int `json:"length,omitempty"`
	Capacity int `json:"capacity,omitempty"`
}

// The forms of objects.
const (
	InspectedFormVariable  = "variable"
	InspectedFormArray     = "array"
	InspectedFormMap       = "map"
	InspectedFormInterface = "interface" // a struct or array that an interface holds
	InspectedFormChan      = "chan"
)

// InspectedObject is memory with an identity.
type InspectedObject struct {
	// ID is the number, from 1.
	ID   int    `json:"id"`
	Form string `json:"form"`
	// Type is that of its value, or of the Length elements of an array or in a channel.
	Type     string `json:"type"`
	Length   int    `json:"length,omitempty"`
	Capacity int    `json:"capacity,omitempty"` // of a channel
	Closed   bool   `json:"closed,omitempty"`
	// References is how many references to it, or into it, the state has.
	References int `json:"references"`
	// Text is the message of an error of the standard library, or what a context is:
	// "context.WithDeadline 2026-01-02T15:04:05Z, exceeded".
	Text  string         `json:"text,omitempty"`
	Value InspectedValue `json:"value"`
	// Zeros is how many zero values follow the elements of an array or channel.
	Zeros int `json:"zeros,omitempty"`
}

// InspectedType is a type that the state describes.
type InspectedType struct {
	// Number is by which the state refers to it, from 32.
	Number int `json:"number"`
	// Type is the type as Go writes it, with the paths of packages.
	Type string `json:"type"`
	// Kind is basic, pointer, slice, array, map, chan, func, struct or interface; or
	// meaning (saved by what it means), zero (only its zero value can be saved), record
	// (what a func value has captured) or coroutine.
	Kind string `json:"kind"`
	// Definition is what stands behind the name of a type that has one, if the state says.
	Definition string `json:"definition,omitempty"`
	// Fingerprint is that of the source of a record's func.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// The kinds of names.
const (
	InspectedVariableValue = "value"    // what a package-level variable holds
	InspectedVariable      = "variable" // a package-level variable itself, its memory
	InspectedBinding       = "binding"  // what the coroutine has bound
	InspectedProcess       = "process"  // what the process has bound
	InspectedCapture       = "capture"  // what a func value that has a name has captured
)

// InspectedName names what belongs to the process that loads the state.
type InspectedName struct {
	Kind string `json:"kind"`
	// Name is "import/path.name", or that of the binding or of what is captured.
	Name string `json:"name"`
	// Of is the number of the name of the func, for a capture: it is Names[Of-1].
	Of int `json:"of,omitempty"`
	// Text says in words what it is: "the variable io.EOF".
	Text string `json:"text"`
}

// StateError says where bytes are not a state. It wraps [ErrInvalidState].
type StateError struct {
	// Offset is where the element begins that is not as it should be.
	Offset int
	// Why it is not, in words.
	Why string
}

func (e *StateError) Error() string {
	return fmt.Sprintf("%v: byte %d: %s", ErrInvalidState, e.Offset, e.Why)
}

func (e *StateError) Unwrap() error { return ErrInvalidState }

// Inspect reads the state with which b begins: what [Coroutine.AppendState],
// [Variables.AppendState] or coroutine.Context.Marshal has written. It needs no function or
// type of the program that saved it, and runs none. Whatever b is, Inspect returns an
// error of type [*StateError] or the inspection of a state that is sound as far as can be
// seen without the program.
//
// The inspection takes memory in proportion to the state: for its values at most 128 MB and
// 128 times the length of the state. Values that do not fit are left out and counted.
func Inspect(b []byte) (*Inspection, error) {
	x := newInspector(b)
	x.out = new(Inspection)
	x.heap = inspectBudget + inspectPerByte*len(b)
	x.stack = x.heap
	if err := x.run(); err != nil {
		return nil, err
	}
	return x.out, nil
}

// Element is a piece of a state.
type Element struct {
	Offset int
	Bytes  []byte // part of the state
	// Level is how many lists and objects the element is in, up to 8.
	Level int
	// Meaning is what the bytes say, in words.
	Meaning string
}

// Dissect reads the state with which b begins as [Inspect] does, but calls f for each
// element of the format, in their order. Together these are all bytes of the state, of
// which Dissect returns the length. If it returns an error, f has been called for what is
// before it.
func Dissect(b []byte, f func(Element)) (int, error) {
	x := newInspector(b)
	x.each = f
	if err := x.run(); err != nil {
		return 0, err
	}
	return x.size, nil
}

// inspectBudget is how much memory values may take, and inspectPerByte how much more for each
// byte of the state: once for those of objects and once for those of frames.
const (
	inspectBudget  = 64 << 20
	inspectPerByte = 64
)

func (x *inspector) run() error {
	return x.try(func() {
		x.prefix()
		x.envelope()
		x.body()
		x.checksum()
	})
}

// try calls f and returns the error with which a method of x has ended it.
func (x *inspector) try(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *StateError:
			err = r
		case goruntime.Error:
			if trustful {
				panic(r)
			}
			err = &StateError{x.from, r.Error()}
		default:
			panic(r)
		}
	}()
	f()
	return nil
}
