package dispatch

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
)

// jsonType is how values of T become JSON, and JSON becomes them.
type jsonType[T any] struct {
	plain  bool      // no type that T consists of has an encoding of its own
	coders sync.Pool // of *jsonCoder[T]: most inputs and outputs are small
}

// jsonTypes are *jsonType[T], by the reflect.Type of T.
var jsonTypes sync.Map

func jsonTypeOf[T any]() *jsonType[T] {
	typ := reflect.TypeFor[T]()
	t, ok := jsonTypes.Load(typ)
	if !ok {
		t, _ = jsonTypes.LoadOrStore(typ, &jsonType[T]{plain: plainJSON(typ, make(map[reflect.Type]bool))})
	}
	return t.(*jsonType[T])
}

func (t *jsonType[T]) coder() *jsonCoder[T] {
	if c, ok := t.coders.Get().(*jsonCoder[T]); ok {
		return c
	}
	c := new(jsonCoder[T])
	c.enc, c.dec = json.NewEncoder(&c.out), json.NewDecoder(&c.in)
	c.enc.SetEscapeHTML(false)
	return c
}

// jsonCoder encodes and decodes values that package json is given a pointer to, which is v.
type jsonCoder[T any] struct {
	out bytes.Buffer
	enc *json.Encoder
	in  jsonSource
	dec *json.Decoder
	v   T
}

// largeJSON is from what size on a buffer is not kept.
const largeJSON = 64 << 10

// encode leaves the JSON of v in out, as json.Encoder does that is given v itself.
func (c *jsonCoder[T]) encode(v T, plain bool) error {
	c.out.Reset()
	if !plain {
		return c.enc.Encode(v) // methods of *T are not those of T
	}
	c.v = v
	err := c.enc.Encode(&c.v)
	var zero T
	c.v = zero
	return err
}

// decode decodes b into v, if there is nothing wrong with b. After false the coder is not to be used
// again.
func (c *jsonCoder[T]) decode(b []byte, v *T) bool {
	end := c.dec.InputOffset() + int64(len(b))
	c.in.rest = b
	err := c.dec.Decode(&c.v)
	c.in.rest = nil
	if err != nil || c.dec.InputOffset() != end { // something follows the value
		return false
	}
	var zero T
	*v, c.v = c.v, zero
	return true
}

// jsonSource is what a json.Decoder reads from: values that are whole.
type jsonSource struct{ rest []byte }

func (s *jsonSource) Read(p []byte) (n int, err error) {
	n = copy(p, s.rest)
	if s.rest = s.rest[n:]; len(s.rest) == 0 {
		err = io.EOF
	}
	return n, err
}

// plainJSON says whether package json runs no code of the program for values of t that it decodes, and
// encodes them behind a pointer as it does without. seen are the types that it has been asked for.
func plainJSON(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	for _, own := range [...]reflect.Type{jsonMarshaler, jsonUnmarshaler, textMarshaler, textUnmarshaler} {
		if t.Implements(own) || reflect.PointerTo(t).Implements(own) {
			return false
		}
	}
	switch t.Kind() {
	case reflect.Interface:
		return t.NumMethod() == 0
	case reflect.Map:
		return plainJSON(t.Key(), seen) && plainJSON(t.Elem(), seen)
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return plainJSON(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if !plainJSON(t.Field(i).Type, seen) {
				return false
			}
		}
	}
	return true
}

// encodeJSON encodes an input or output, and refuses what JSON would change silently.
func encodeJSON[T any](v T) ([]byte, error) {
	t := jsonTypeOf[T]()
	c := t.coder() // which a panic of v's own encoding drops
	err := c.encode(v, t.plain)
	b := bytes.Clone(bytes.TrimSuffix(c.out.Bytes(), []byte("\n")))
	if c.out.Cap() <= largeJSON {
		t.coders.Put(c)
	}
	if err != nil {
		return nil, fmt.Errorf("%T cannot be stored as JSON: %w", v, err)
	}
	if replacesInvalid(b) {
		return nil, fmt.Errorf("%T cannot be stored as JSON: a string is not valid UTF-8; use []byte", v)
	}
	return b, nil
}

// replacesInvalid says whether the encoder put U+FFFD in place of a byte that is not UTF-8.
// It writes that as an escape sequence, a U+FFFD that was in the string as it is.
func replacesInvalid(b []byte) bool {
	escape := []byte(`\ufffd`)
	for i := bytes.Index(b, escape); i >= 0; {
		backslashes := 0
		for j := i - 1; j >= 0 && b[j] == '\\'; j-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return true
		}
		next := bytes.Index(b[i+1:], escape)
		if next < 0 {
			return false
		}
		i += 1 + next
	}
	return false
}

// decodeJSON does what json.Unmarshal does. v points to a zero value, and after an error to any.
func decodeJSON[T any](b []byte, v *T) error {
	if t := jsonTypeOf[T](); t.plain && len(b) <= largeJSON {
		c := t.coder()
		if c.decode(b, v) {
			t.coders.Put(c)
			return nil
		}
	}
	// What is wrong is told as it is without a coder.
	x := new(T)
	err := json.Unmarshal(b, x)
	*v = *x
	if err != nil {
		return fmt.Errorf("what is stored is not a %v: %w", reflect.TypeFor[T](), err)
	}
	return nil
}

var (
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// checkType refuses types of which JSON keeps less than Go has.
func checkType(t reflect.Type) error {
	return (&typeChecker{seen: make(map[reflect.Type]bool)}).check(t, "")
}

type typeChecker struct{ seen map[reflect.Type]bool }

func (c *typeChecker) check(t reflect.Type, path string) error {
	if c.seen[t] {
		return nil
	}
	c.seen[t] = true
	if custom, err := ownEncoding(t); custom || err != nil {
		return at(path, t, err)
	}
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return at(path, t, errors.New("cannot be stored as JSON"))
	case reflect.Interface:
		if t.NumMethod() != 0 {
			return at(path, t, errors.New("cannot be read back from JSON, which does not tell what type is in the interface"))
		}
	case reflect.Pointer, reflect.Slice, reflect.Array:
		return c.check(t.Elem(), path)
	case reflect.Map:
		if err := checkKey(t.Key()); err != nil {
			return at(path, t, err)
		}
		return c.check(t.Elem(), path)
	case reflect.Struct:
		return c.checkStruct(t, path)
	}
	return nil
}

func (c *typeChecker) checkStruct(t reflect.Type, path string) error {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		if tag == "-" || f.Name == "_" || f.Type.Size() == 0 && !f.IsExported() {
			continue
		}
		if !f.IsExported() && !(f.Anonymous && structBelow(f.Type)) {
			return at(path, t, fmt.Errorf("has the unexported field %s, which JSON would lose; export it, or tag it `json:\"-\"`", f.Name))
		}
		if err := c.check(f.Type, path+"."+f.Name); err != nil {
			return err
		}
	}
	return nil
}

// structBelow says whether t is a struct: JSON includes the exported fields of an embedded
// one also if its type is not exported, but can't make one behind a pointer.
func structBelow(t reflect.Type) bool { return t.Kind() == reflect.Struct }

// ownEncoding says whether t encodes itself, both ways.
func ownEncoding(t reflect.Type) (bool, error) {
	p := reflect.PointerTo(t)
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		p = t
	}
	for _, pair := range [][2]reflect.Type{{jsonMarshaler, jsonUnmarshaler}, {textMarshaler, textUnmarshaler}} {
		to, from := p.Implements(pair[0]), p.Implements(pair[1])
		switch {
		case to && from:
			return true, nil
		case to:
			return false, fmt.Errorf("has %s but not %s", pair[0].Method(0).Name, pair[1].Method(0).Name)
		}
	}
	return false, nil
}

func checkKey(t reflect.Type) error {
	switch t.Kind() {
	case reflect.String, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return nil
	}
	if t.Implements(textMarshaler) && reflect.PointerTo(t).Implements(textUnmarshaler) {
		return nil
	}
	return fmt.Errorf("has keys that cannot be stored as JSON")
}

func at(path string, t reflect.Type, err error) error {
	switch {
	case err == nil:
		return nil
	case path == "":
		return fmt.Errorf("%v %w", t, err)
	}
	return fmt.Errorf("field %s: %v %w", path[1:], t, err)
}
