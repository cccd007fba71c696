package dispatch

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"sync"
)

// encoders are used again: most inputs and outputs are small.
var encoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.enc = json.NewEncoder(&e.buf)
	e.enc.SetEscapeHTML(false)
	return e
}}

type jsonEncoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

// largeJSON is from what size on a buffer is not kept.
const largeJSON = 64 << 10

// encodeJSON encodes an input or output, and refuses what JSON would change silently.
func encodeJSON(v any) ([]byte, error) {
	e := encoders.Get().(*jsonEncoder) // which a panic of v's own encoding drops
	e.buf.Reset()
	err := e.enc.Encode(v)
	b := bytes.Clone(bytes.TrimSuffix(e.buf.Bytes(), []byte("\n")))
	if e.buf.Cap() <= largeJSON {
		encoders.Put(e)
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

func decodeJSON(b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("what is stored is not a %v: %w", reflect.TypeOf(v).Elem(), err)
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
