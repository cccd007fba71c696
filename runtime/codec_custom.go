package runtime

import (
	"bytes"
	"fmt"
	"reflect"
	"unsafe"
)

// RegisterCodec makes values of T saved as the bytes that encode returns, in place of
// their fields, and loaded by decode, which sets the zero value that it is given. The name of
// the type in states is that which it has anyway. A type that marshals itself fits as it is:
//
//	runtime.RegisterCodec((*Money).MarshalBinary, (*Money).UnmarshalBinary)
//
// Without a codec the fields are saved, exported or not, with all that they lead to, even
// if the type has such methods: they may say less than the value is, and the state would
// lose what is shared with other values.
//
// Pointers to a T keep their identity; a pointer into one is an error of saving. encode
// must not change the value. decode must be the opposite of encode and stand any input,
// since it reads states before it is known whether they are whole: it must bound what
// it allocates, not wait, and change nothing but its value, which is dropped if the
// rest cannot be loaded. An error or panic of encode is an [*UnsavableError], one of
// decode an error that wraps [ErrInvalidState]. Both may be called by several goroutines
// at once, and must not save or load coroutines.
//
// T is a defined type, not an interface, not without size and not one of the standard
// library that is saved by its meaning anyway. Like the Register functions of generated
// code, RegisterCodec is called when the program is initialized, in each process.
func RegisterCodec[T any](encode func(*T) ([]byte, error), decode func(*T, []byte) error) {
	t := reflect.TypeFor[T]()
	c := &codec{
		custom: true,
		encode: func(b []byte, p unsafe.Pointer) (out []byte, why string) {
			defer func() {
				if x := recover(); x != nil {
					out, why = b, fmt.Sprintf("its codec panics: %v", x)
				}
			}()
			data, err := encode((*T)(p))
			if err != nil {
				return b, "its codec: " + err.Error()
			}
			return append(b, data...), ""
		},
		decode: func(b []byte, p unsafe.Pointer) (err error) {
			defer func() {
				if x := recover(); x != nil {
					err = fmt.Errorf("its codec panics: %v", x)
				}
			}()
			return decode((*T)(p), bytes.Clone(b))
		},
	}
	pending.add(func(p *registrations) {
		switch {
		case t.PkgPath() == "" || t.Kind() == reflect.Interface || t.Size() == 0:
			p.conflict("a codec of %v: it must be a defined type with a size, and no interface", t)
		case encode == nil || decode == nil:
			p.conflict("the codec of %v has no functions", t)
		case p.codecs[t] != nil:
			p.conflict("two codecs of %v", t)
		case codecOf(t) != nil:
			p.conflict("a codec of %v, which has one already", t)
		default:
			p.codecs[t] = c
		}
	})
}

// codecOf returns the codec of a type, or nil.
func (r *registry) codecOf(t reflect.Type) *codec {
	if c := r.codecs[t]; c != nil {
		return c
	}
	return codecOf(t)
}
