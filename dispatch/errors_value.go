package dispatch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"unsafe"

	"github.com/coroc-dev/coroc/runtime"
)

// The value of an error is stored beside its message, so that errors.As finds it again:
// who asks says of what type it is, and so no type needs to be registered for that. It is
// JSON like inputs and outputs, but includes unexported fields, and the errors in a value
// are those that it wraps. Both builds do this, although a volatile one has the original
// at hand: else a program would find errors in its tests that it does not find when it
// has been restarted.

const (
	// maxErrorValue is the size up to which the value of an error is stored.
	maxErrorValue = 4 << 10
	// maxValueDepth bounds how deep values are nested; errors can have cycles.
	maxValueDepth = 16
)

// typeID returns the name under which the type of an error is stored: "*io/fs.PathError".
// It returns "" for types without one.
func typeID(t reflect.Type) string {
	star := ""
	if t.Kind() == reflect.Pointer && t.Name() == "" {
		star, t = "*", t.Elem()
	}
	if t.PkgPath() == "" || t.Name() == "" {
		return ""
	}
	return star + t.PkgPath() + "." + t.Name()
}

var errNotKept = errors.New("cannot be stored")

// part is how an error in a value is stored, or another value in an interface.
type part struct {
	Wrapped *int            `json:"wrapped,omitempty"` // the number of the error among those that this one wraps
	Error   *node           `json:"error,omitempty"`   // one that it does not wrap
	Type    string          `json:"type,omitempty"`    // one of valueTypes
	Value   json.RawMessage `json:"value,omitempty"`
}

// valueEncoder encodes the value of one error.
type valueEncoder struct {
	wrapped []error
	errors  *errorEncoder
	depth   int // of the error in its chain
}

// encodeValue returns the value of err, which wraps those errors, or nil if it cannot be
// stored as a whole.
func encodeValue(enc *errorEncoder, err error, wrapped []error, depth int) json.RawMessage {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	} else {
		p := reflect.New(v.Type()) // so that unexported fields can be read
		p.Elem().Set(v)
		v = p.Elem()
	}
	e := &valueEncoder{wrapped: wrapped, errors: enc, depth: depth}
	x, xerr := e.value(v, 0)
	if xerr != nil {
		return nil
	}
	b, xerr := encodeJSON(x)
	if xerr != nil || len(b) > maxErrorValue {
		return nil
	}
	return b
}

// value returns what v is as JSON. v is addressable.
func (e *valueEncoder) value(v reflect.Value, depth int) (any, error) {
	if depth > maxValueDepth {
		return nil, errNotKept
	}
	t := v.Type()
	if encodesItself(t) {
		return v.Addr().Interface(), nil
	}
	if basic := basicOf[t.Kind()]; basic != nil {
		return v.Convert(basic).Interface(), nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil, nil
		}
		x, err := e.value(v.Elem(), depth+1)
		return []any{x}, err
	case reflect.Interface:
		if v.IsNil() {
			return nil, nil
		}
		return e.part(v.Elem().Interface(), depth)
	case reflect.Slice:
		if v.IsNil() {
			return nil, nil
		}
		if t.Elem().Kind() == reflect.Uint8 {
			return v.Bytes(), nil
		}
		return e.list(v, depth)
	case reflect.Array:
		return e.list(v, depth)
	case reflect.Map:
		return e.entries(v, depth)
	case reflect.Struct:
		return e.fields(v, depth)
	}
	if v.IsZero() {
		return nil, nil // a nil channel or function
	}
	return nil, errNotKept
}

func (e *valueEncoder) list(v reflect.Value, depth int) (any, error) {
	if v.Len() > maxErrorValue {
		return nil, errNotKept
	}
	list := make([]any, v.Len())
	for i := range list {
		x, err := e.value(v.Index(i), depth+1)
		if err != nil {
			return nil, err
		}
		list[i] = x
	}
	return list, nil
}

// entries returns a map as a list of pairs, sorted by what the keys are as JSON.
func (e *valueEncoder) entries(v reflect.Value, depth int) (any, error) {
	if v.IsNil() {
		return nil, nil
	}
	if v.Len() > maxErrorValue {
		return nil, errNotKept
	}
	addressable := func(v reflect.Value) reflect.Value {
		p := reflect.New(v.Type())
		p.Elem().Set(v)
		return p.Elem()
	}
	pairs := make([][2]json.RawMessage, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		var pair [2]json.RawMessage
		for i, v := range []reflect.Value{it.Key(), it.Value()} {
			x, err := e.value(addressable(v), depth+1)
			if err != nil {
				return nil, err
			}
			if pair[i], err = encodeJSON(x); err != nil {
				return nil, err
			}
		}
		pairs = append(pairs, pair)
	}
	slices.SortFunc(pairs, func(a, b [2]json.RawMessage) int { return bytes.Compare(a[0], b[0]) })
	return pairs, nil
}

func (e *valueEncoder) fields(v reflect.Value, depth int) (any, error) {
	t := v.Type()
	if v.IsZero() {
		return nil, nil
	}
	if hidesState(t) {
		return nil, errNotKept
	}
	fields := make(map[string]any, t.NumField())
	for i := range t.NumField() {
		if t.Field(i).Name == "_" {
			continue
		}
		x, err := e.value(field(v, i), depth+1)
		if err != nil {
			return nil, err
		}
		if x != nil {
			fields[t.Field(i).Name] = x
		}
	}
	return fields, nil
}

// field returns a field of an addressable struct, also one that is not exported.
func field(v reflect.Value, i int) reflect.Value {
	f := v.Field(i)
	return reflect.NewAt(f.Type(), unsafe.Pointer(f.UnsafeAddr())).Elem()
}

// part returns what the value x of an interface is.
func (e *valueEncoder) part(x any, depth int) (any, error) {
	if err, ok := x.(error); ok {
		if reflect.ValueOf(err).Comparable() {
			for i, w := range e.wrapped {
				if reflect.TypeOf(w) == reflect.TypeOf(err) && w == err {
					return part{Wrapped: &i}, nil
				}
			}
		}
		return part{Error: e.errors.encode(err, e.depth+1)}, nil
	}
	v := reflect.ValueOf(x)
	name := valueTypes.names[v.Type()]
	if name == "" {
		return nil, errNotKept
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	b, err := e.value(p.Elem(), depth+1)
	if err != nil {
		return nil, err
	}
	raw, err := encodeJSON(b)
	return part{Type: name, Value: raw}, err
}

// decodeValue makes an error of type t of its value. What wrapped returns are the errors
// that it wraps.
func decodeValue(b json.RawMessage, t reflect.Type, wrapped func(i int) error) (err error, ok bool) {
	// A method of the type that unmarshals may panic at what is stored.
	defer func() {
		if recover() != nil {
			err, ok = nil, false
		}
	}()
	elem := t
	if t.Kind() == reflect.Pointer {
		elem = t.Elem()
	}
	p := reflect.New(elem)
	if derr := (&valueDecoder{wrapped: wrapped}).value(b, p.Elem(), 0); derr != nil {
		return nil, false
	}
	if t.Kind() != reflect.Pointer {
		p = p.Elem()
	}
	err, ok = p.Interface().(error)
	return err, ok
}

type valueDecoder struct{ wrapped func(i int) error }

// value sets v, which is addressable, to what b says. What b does not mention is zero, and
// what this program does not know is passed over: the types of errors may have changed.
func (d *valueDecoder) value(b json.RawMessage, v reflect.Value, depth int) error {
	if depth > maxValueDepth {
		return errNotKept
	}
	t := v.Type()
	if encodesItself(t) {
		return json.Unmarshal(b, v.Addr().Interface())
	}
	if isNull(b) {
		return nil
	}
	if basic := basicOf[t.Kind()]; basic != nil {
		x := reflect.New(basic)
		if err := json.Unmarshal(b, x.Interface()); err != nil {
			return err
		}
		v.Set(x.Elem().Convert(t))
		return nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil || len(list) != 1 {
			return errNotKept
		}
		p := reflect.New(t.Elem())
		v.Set(p)
		return d.value(list[0], p.Elem(), depth+1)
	case reflect.Interface:
		return d.part(b, v, depth)
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 && t.Kind() == reflect.Slice {
			var bytes []byte
			err := json.Unmarshal(b, &bytes)
			if err == nil {
				v.SetBytes(bytes)
			}
			return err
		}
		return d.list(b, v, depth)
	case reflect.Map:
		return d.entries(b, v, depth)
	case reflect.Struct:
		if hidesState(t) {
			return errNotKept
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(b, &fields); err != nil {
			return err
		}
		for i := range t.NumField() {
			if x, ok := fields[t.Field(i).Name]; ok {
				if err := d.value(x, field(v, i), depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return errNotKept
}

func (d *valueDecoder) list(b json.RawMessage, v reflect.Value, depth int) error {
	var list []json.RawMessage
	if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	if v.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
	} else if v.Len() != len(list) {
		return errNotKept
	}
	for i, x := range list {
		if err := d.value(x, v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (d *valueDecoder) entries(b json.RawMessage, v reflect.Value, depth int) error {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(b, &pairs); err != nil {
		return err
	}
	m := reflect.MakeMapWithSize(v.Type(), len(pairs))
	for _, pair := range pairs {
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if err := d.value(pair[0], key, depth+1); err != nil {
			return err
		}
		if err := d.value(pair[1], elem, depth+1); err != nil {
			return err
		}
		if !key.Comparable() {
			return errNotKept
		}
		m.SetMapIndex(key, elem)
	}
	v.Set(m)
	return nil
}

func (d *valueDecoder) part(b json.RawMessage, v reflect.Value, depth int) error {
	var p part
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	var x reflect.Value
	switch {
	case p.Wrapped != nil:
		x = reflect.ValueOf(d.wrapped(*p.Wrapped))
	case p.Error != nil:
		x = reflect.ValueOf(original(p.Error.decode(nil, 0)))
	case p.Type != "":
		t := valueTypes.types[p.Type]
		if t == nil {
			return errNotKept
		}
		x = reflect.New(t).Elem()
		if err := d.value(p.Value, x, depth+1); err != nil {
			return err
		}
	}
	if !x.IsValid() || !x.Type().AssignableTo(v.Type()) {
		return errNotKept
	}
	v.Set(x)
	return nil
}

func isNull(b json.RawMessage) bool { return len(b) == 0 || string(b) == "null" }

// basicOf has the basic type of each kind, whose values have no methods.
var basicOf = func() (basic [reflect.UnsafePointer + 1]reflect.Type) {
	for _, t := range []reflect.Type{
		reflect.TypeFor[bool](), reflect.TypeFor[string](), reflect.TypeFor[float32](), reflect.TypeFor[float64](),
		reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[int16](), reflect.TypeFor[int32](), reflect.TypeFor[int64](),
		reflect.TypeFor[uint](), reflect.TypeFor[uint8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint32](), reflect.TypeFor[uint64](),
		reflect.TypeFor[uintptr](),
	} {
		basic[t.Kind()] = t
	}
	return basic
}()

// valueTypes are the types, but for errors, that a value in an interface may have.
var valueTypes = func() (table struct {
	types map[string]reflect.Type
	names map[reflect.Type]string
}) {
	table.types, table.names = make(map[string]reflect.Type), make(map[reflect.Type]string)
	add := func(t reflect.Type) { table.types[t.String()], table.names[t] = t, t.String() }
	for _, t := range basicOf {
		if t != nil {
			add(t)
		}
	}
	for _, addr := range []net.Addr{(*net.TCPAddr)(nil), (*net.UDPAddr)(nil), (*net.UnixAddr)(nil), (*net.IPAddr)(nil), (*net.IPNet)(nil)} {
		add(reflect.TypeOf(addr))
	}
	return table
}()

// encodesItself says whether values of t are as JSON what their methods make of them.
func encodesItself(t reflect.Type) bool {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return false
	}
	own, err := ownEncoding(t)
	return own && err == nil
}

// hidesState says whether t is a type of the standard library whose fields have no meaning
// for others: a mutex, say. Those of its errors have.
func hidesState(t reflect.Type) bool {
	if !runtime.IsStandard(t.PkgPath()) || t.Implements(errorType) || reflect.PointerTo(t).Implements(errorType) {
		return false
	}
	for i := range t.NumField() {
		if !t.Field(i).IsExported() {
			return true
		}
	}
	return false
}

var errorType = reflect.TypeFor[error]()

// checkErrorType refuses types that are not stored, or only without a part of them.
func checkErrorType(t reflect.Type) error {
	if t.Kind() == reflect.Interface {
		return fmt.Errorf("%v is an interface", t)
	}
	if typeID(t) == "" {
		return fmt.Errorf("%v has no name", t)
	}
	return checkValueType(t, "", make(map[reflect.Type]bool))
}

func checkValueType(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if seen[t] || encodesItself(t) {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return at(path, t, errNotKept)
	case reflect.Map:
		if err := checkValueType(t.Key(), path, seen); err != nil {
			return err
		}
		return checkValueType(t.Elem(), path, seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return checkValueType(t.Elem(), path, seen)
	case reflect.Struct:
		if hidesState(t) {
			return at(path, t, errNotKept)
		}
		for i := range t.NumField() {
			if err := checkValueType(t.Field(i).Type, path+"."+t.Field(i).Name, seen); err != nil {
				return err
			}
		}
	}
	return nil
}
