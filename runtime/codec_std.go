package runtime

import (
	"bytes"
	"container/list"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"regexp"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// codecs are those of single types. An entry of nil means that the layout of this
// Go release is not understood, and the type is refused.
var codecs = map[reflect.Type]*codec{
	reflect.TypeOf(errors.New("")).Elem():                     inOrder(reflect.TypeOf(errors.New("")).Elem(), "text"),
	reflect.TypeOf(fmt.Errorf("%w", io.EOF)).Elem():           inOrder(reflect.TypeOf(fmt.Errorf("%w", io.EOF)).Elem(), "text", "err"),
	reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)).Elem(): inOrder(reflect.TypeOf(fmt.Errorf("%w%w", io.EOF, io.EOF)).Elem(), "text", "errs"),
	reflect.TypeOf(errors.Join(io.EOF)).Elem():                inOrder(reflect.TypeOf(errors.Join(io.EOF)).Elem(), "errs"),
	reflect.TypeFor[atomic.Value]():                           inOrder(reflect.TypeFor[atomic.Value](), "value"),
	reflect.TypeFor[atomic.Int32]():                           inOrder(reflect.TypeFor[atomic.Int32](), "value"),
	reflect.TypeFor[atomic.Int64]():                           inOrder(reflect.TypeFor[atomic.Int64](), "value"),
	reflect.TypeFor[atomic.Uint32]():                          inOrder(reflect.TypeFor[atomic.Uint32](), "value"),
	reflect.TypeFor[atomic.Uint64]():                          inOrder(reflect.TypeFor[atomic.Uint64](), "value"),
	reflect.TypeFor[atomic.Uintptr]():                         inOrder(reflect.TypeFor[atomic.Uintptr](), "value"),
	reflect.TypeFor[atomic.Bool]():                            inOrder(reflect.TypeFor[atomic.Bool](), "value"),
	reflect.TypeFor[os.ProcessState]():                        inOrder(reflect.TypeFor[os.ProcessState](), "pid", "status", "rusage"),
	valueContext:                                              valueContextCodec(),
	withoutCancel:                                             inOrder(withoutCancel, "parent"),
	reflect.TypeFor[goruntime.TypeAssertionError]():           assertionCodec(),
	reflect.TypeFor[list.List]():                              inOrder(reflect.TypeFor[list.List](), "root", "len"),
	reflect.TypeFor[list.Element]():                           elementCodec(),
	reflect.TypeFor[url.Userinfo]():                           {encode: encodeUserinfo, decode: decodeUserinfo},
	reflect.TypeFor[time.Time]():                              {encode: encodeTime, decode: decodeTime, zone: zoneOfTime},
	reflect.TypeFor[time.Location]():                          {encode: encodeLocation, decode: decodeLocation, zone: zoneOfLocation},
	reflect.TypeFor[strings.Builder]():                        {encode: encodeBuilder, decode: decodeBuilder},
	reflect.TypeFor[bytes.Buffer]():                           {encode: encodeBuffer, decode: decodeBuffer},
	reflect.TypeFor[strings.Reader]():                         {encode: encodeStringsReader, decode: decodeStringsReader},
	reflect.TypeFor[bytes.Reader]():                           {encode: encodeBytesReader, decode: decodeBytesReader},
	reflect.TypeFor[sync.Once]():                              {encode: encodeOnce, decode: decodeOnce},
	reflect.TypeFor[sync.Cond]():                              condCodec(),
	reflect.TypeFor[sync.Pool]():                              poolCodec(),
	reflect.TypeFor[sync.Map]():                               {entries: true},
	reflect.TypeFor[regexp.Regexp]():                          regexpCodec(),
}

type probe int

var (
	valueContext  = reflect.TypeOf(context.WithValue(context.Background(), probe(1), probe(2))).Elem()
	withoutCancel = reflect.TypeOf(context.WithoutCancel(context.Background()))
)

// valueContextCodec finds the key and the value, which have the same type, by
// looking where a known context has them.
func valueContextCodec() *codec {
	ctx := reflect.ValueOf(context.WithValue(context.Background(), probe(1), probe(2))).Elem()
	c := &codec{}
	for i := range ctx.NumField() {
		f := ctx.Type().Field(i)
		if f.Type.Kind() != reflect.Interface {
			return nil
		}
		var name string
		switch x := reflect.NewAt(f.Type, unsafe.Add(ctx.Addr().UnsafePointer(), f.Offset)).Elem().Interface(); x {
		case probe(1):
			name = "key"
		case probe(2):
			name = "value"
		case context.Background():
			name = "parent"
		default:
			return nil
		}
		c.fields = append(c.fields, codecField{name, f.Offset, f.Type})
	}
	slices.SortFunc(c.fields, func(a, b codecField) int { return strings.Compare(a.name, b.name) })
	return c
}

// typePointer is what a runtime error has for a type: the pointer that a reflect.Type
// is.
type typePointer struct{ p unsafe.Pointer }

func (t *typePointer) typ() reflect.Type {
	x := any(rtypeOfInt)
	(*eface)(unsafe.Pointer(&x)).data = t.p
	return x.(reflect.Type)
}

var rtypeOfInt = reflect.TypeFor[int]()

// assertionCodec finds the types by looking at the error of a known assertion.
func assertionCodec() (c *codec) {
	defer func() {
		if recover() != nil {
			c = nil
		}
	}()
	var failed *goruntime.TypeAssertionError
	errors.As(panicOf(func() { var x any = probe(1); _ = x.(io.Reader) }), &failed)
	c = &codec{}
	v := reflect.ValueOf(failed).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch f.Type.Kind() {
		case reflect.String:
			c.fields = append(c.fields, codecField{"method", f.Offset, f.Type})
			continue
		case reflect.Pointer:
			t := (*typePointer)(unsafe.Add(v.Addr().UnsafePointer(), f.Offset))
			name := "interface"
			switch t.typ() {
			case reflect.TypeFor[probe]():
				name = "concrete"
			case reflect.TypeFor[io.Reader]():
				name = "asserted"
			}
			c.fields = append(c.fields, codecField{name, f.Offset, reflect.TypeFor[typePointer]()})
		default:
			return nil
		}
	}
	slices.SortFunc(c.fields, func(a, b codecField) int { return strings.Compare(a.name, b.name) })
	for i := range c.fields {
		if len(c.fields) != 4 || i > 0 && c.fields[i].name == c.fields[i-1].name {
			return nil
		}
	}
	return c
}

// assertionText stands for a *runtime.TypeAssertionError of types that have no name
// in other processes: of that it has the text.
type assertionText string

func (t assertionText) Error() string { return string(t) }
func (assertionText) RuntimeError()   {}

// elementCodec finds the neighbours, which have the same type, by looking where a
// known list has them.
func elementCodec() *codec {
	l := list.New()
	first, last := l.PushBack(1), l.PushBack(2)
	c := &codec{}
	for i := range reflect.TypeFor[list.Element]().NumField() {
		f := reflect.TypeFor[list.Element]().Field(i)
		at := func(e *list.Element) *list.Element { return *(**list.Element)(unsafe.Add(unsafe.Pointer(e), f.Offset)) }
		name := ""
		switch {
		case f.Type == reflect.TypeFor[*list.List]():
			name = "list"
		case f.Name == "Value":
			name = "value"
		case f.Type != reflect.TypeFor[*list.Element]():
			return nil
		case at(first) == last:
			name = "next"
		case at(last) == first:
			name = "prev"
		default:
			return nil
		}
		c.fields = append(c.fields, codecField{name, f.Offset, f.Type})
	}
	slices.SortFunc(c.fields, func(a, b codecField) int { return strings.Compare(a.name, b.name) })
	return c
}

// encodeUserinfo writes the name and, behind a byte 1, the password if there is one.
func encodeUserinfo(b []byte, p unsafe.Pointer) ([]byte, string) {
	u := (*url.Userinfo)(p)
	b = appendString(b, u.Username())
	if password, ok := u.Password(); ok {
		b = appendString(append(b, 1), password)
	}
	return b, ""
}

func decodeUserinfo(b []byte, p unsafe.Pointer) error {
	name, b, err := fetchString(b)
	if err != nil {
		return err
	}
	u := url.User(name)
	if len(b) > 0 {
		password, rest, err := fetchString(b[1:])
		if err != nil || b[0] != 1 || len(rest) > 0 {
			return errPayload
		}
		u = url.UserPassword(name, password)
	}
	*(*url.Userinfo)(p) = *u
	return nil
}

var errPayload = errors.New("malformed value")

func fetchUvarint(b []byte) (uint64, []byte, error) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, errPayload
	}
	return v, b[n:], nil
}

func fetchVarint(b []byte) (int64, []byte, error) {
	v, n := binary.Varint(b)
	if n <= 0 {
		return 0, nil, errPayload
	}
	return v, b[n:], nil
}

func fetchString(b []byte) (string, []byte, error) {
	n, b, err := fetchUvarint(b)
	if err != nil || n > uint64(len(b)) {
		return "", nil, errPayload
	}
	return string(b[:n]), b[n:], nil
}

// A builder or buffer is what it contains and has not been read.
func encodeBuilder(b []byte, p unsafe.Pointer) ([]byte, string) {
	return append(b, (*strings.Builder)(p).String()...), ""
}

func decodeBuilder(b []byte, p unsafe.Pointer) error {
	if len(b) > 0 {
		(*strings.Builder)(p).Write(b)
	}
	return nil
}

func encodeBuffer(b []byte, p unsafe.Pointer) ([]byte, string) {
	return append(b, (*bytes.Buffer)(p).Bytes()...), ""
}

func decodeBuffer(b []byte, p unsafe.Pointer) error {
	if len(b) > 0 {
		(*bytes.Buffer)(p).Write(b)
	}
	return nil
}

// A reader is its content and its position.
func encodeStringsReader(b []byte, p unsafe.Pointer) ([]byte, string) {
	r := *(*strings.Reader)(p) // seeking forgets the last rune
	return encodeReader(b, &r)
}

func encodeBytesReader(b []byte, p unsafe.Pointer) ([]byte, string) {
	r := *(*bytes.Reader)(p)
	return encodeReader(b, &r)
}

func encodeReader(b []byte, r interface {
	io.ReaderAt
	Size() int64
	Seek(int64, int) (int64, error)
}) ([]byte, string) {
	pos, _ := r.Seek(0, io.SeekCurrent)
	b = binary.AppendUvarint(b, uint64(pos))
	n := len(b)
	b = append(b, make([]byte, r.Size())...)
	r.ReadAt(b[n:], 0)
	return b, ""
}

func decodeStringsReader(b []byte, p unsafe.Pointer) error {
	pos, b, err := fetchUvarint(b)
	if err != nil || pos > 1<<62 {
		return errPayload
	}
	r := (*strings.Reader)(p)
	r.Reset(string(b))
	_, err = r.Seek(int64(pos), io.SeekStart)
	return err
}

func decodeBytesReader(b []byte, p unsafe.Pointer) error {
	pos, b, err := fetchUvarint(b)
	if err != nil || pos > 1<<62 {
		return errPayload
	}
	r := (*bytes.Reader)(p)
	r.Reset(bytes.Clone(b))
	_, err = r.Seek(int64(pos), io.SeekStart)
	return err
}

// A Once is whether it has run.
func encodeOnce(b []byte, p unsafe.Pointer) ([]byte, string) {
	var done sync.Once
	done.Do(func() {})
	size := reflect.TypeFor[sync.Once]().Size()
	once := unsafe.Slice((*byte)(p), size)
	switch {
	case allZero(once):
		return append(b, 0), ""
	case bytes.Equal(once, unsafe.Slice((*byte)(unsafe.Pointer(&done)), size)):
		return append(b, 1), ""
	}
	return b, "it is locked or in use"
}

func decodeOnce(b []byte, p unsafe.Pointer) error {
	switch string(b) {
	case "\x00":
	case "\x01":
		(*sync.Once)(p).Do(func() {})
	default:
		return errPayload
	}
	return nil
}

// A Cond is its lock, if nobody waits.
func condCodec() *codec {
	t := reflect.TypeFor[sync.Cond]()
	lock, ok := t.FieldByName("L")
	waiting := pointersIn(nil, t, 0)
	if !ok || len(waiting) == 0 {
		return nil
	}
	return &codec{
		fields: []codecField{{"lock", lock.Offset, lock.Type}},
		check: func(p unsafe.Pointer) string {
			for _, off := range waiting {
				if *(*unsafe.Pointer)(unsafe.Add(p, off)) != nil {
					return whyInUse
				}
			}
			return ""
		},
	}
}

// pointersIn returns where a struct has pointers of which it does not say to what.
func pointersIn(at []uintptr, t reflect.Type, base uintptr) []uintptr {
	for i := range t.NumField() {
		switch f := t.Field(i); f.Type.Kind() {
		case reflect.UnsafePointer:
			at = append(at, base+f.Offset)
		case reflect.Struct:
			at = pointersIn(at, f.Type, base+f.Offset)
		}
	}
	return at
}

// A Pool is how it makes what it does not have: it may lose what it has at any time.
func poolCodec() *codec {
	f, ok := reflect.TypeFor[sync.Pool]().FieldByName("New")
	if !ok {
		return nil
	}
	return &codec{fields: []codecField{{"new", f.Offset, f.Type}}}
}

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

type (
	binaryMarshaler   interface{ MarshalBinary() ([]byte, error) }
	binaryUnmarshaler interface{ UnmarshalBinary([]byte) error }
	gobEncoder        interface{ GobEncode() ([]byte, error) }
	gobDecoder        interface{ GobDecode([]byte) error }
)

// marshalling returns a codec for a type of the standard library that can write
// itself down, such as the numbers of math/big and hashes. Text forms are left out:
// what reads them may take far more memory than they do.
func marshalling(t reflect.Type) *codec {
	type pair struct{ out, in reflect.Type }
	pt := reflect.PointerTo(t)
	for i, m := range []pair{
		{reflect.TypeFor[gobEncoder](), reflect.TypeFor[gobDecoder]()},
		{reflect.TypeFor[binaryMarshaler](), reflect.TypeFor[binaryUnmarshaler]()},
	} {
		if !pt.Implements(m.out) || !pt.Implements(m.in) {
			continue
		}
		// Some hashes know their table or their length from how they were made, which
		// the zero value, that decoding starts with, does not.
		var reads func(data []byte) error
		if path := t.PkgPath(); i == 1 && (strings.HasPrefix(path, "hash/") || strings.HasPrefix(path, "crypto/")) {
			reads = func(data []byte) error {
				return reflect.New(t).Interface().(binaryUnmarshaler).UnmarshalBinary(bytes.Clone(data))
			}
		}
		return &codec{
			encode: func(b []byte, p unsafe.Pointer) (out []byte, why string) {
				defer func() {
					if recover() != nil {
						why = "its own marshalling panics"
					}
				}()
				v := reflect.NewAt(t, p)
				// The zero value is nothing, whatever the type thinks of it.
				if v.Elem().IsZero() {
					return b, ""
				}
				var data []byte
				var err error
				switch x := v.Interface(); i {
				case 0:
					data, err = x.(gobEncoder).GobEncode()
				case 1:
					data, err = x.(binaryMarshaler).MarshalBinary()
				}
				if err != nil {
					return b, err.Error()
				}
				if reads != nil {
					if err := reads(data); err != nil {
						return b, "what it writes down is only read by one that was made for it: " + err.Error()
					}
				}
				return append(append(b, 1), data...), ""
			},
			decode: func(b []byte, p unsafe.Pointer) (err error) {
				if len(b) == 0 {
					return nil
				}
				if b[0] != 1 {
					return errPayload
				}
				defer func() {
					if r := recover(); r != nil {
						err = fmt.Errorf("%w: %v", errPayload, r)
					}
				}()
				data := bytes.Clone(b[1:])
				switch x := reflect.NewAt(t, p).Interface(); i {
				case 0:
					return x.(gobDecoder).GobDecode(data)
				default:
					return x.(binaryUnmarshaler).UnmarshalBinary(data)
				}
			},
		}
	}
	return nil
}
