package runtime

import (
	"reflect"
	"strings"
	"sync"
	"unsafe"
)

// codec saves the values of a standard library type by what they mean: their
// layout changes with the Go release. It has either fields, entries or functions.
type codec struct {
	// fields are what the value consists of, under names of our own, found in this
	// release's layout by their types.
	fields []codecField
	// check, if not nil, says why a value with fields cannot be saved.
	check func(p unsafe.Pointer) (why string)
	// encode appends the value at p, or says why it cannot be saved.
	encode func(b []byte, p unsafe.Pointer) (out []byte, why string)
	// decode sets the zero value at p. It must stand any input.
	decode func(b []byte, p unsafe.Pointer) error
	// memory, if not nil, returns what decode allocates if that is not in proportion to
	// the length of b.
	memory func(b []byte) (uintptr, error)
	// entries: it is what a map[any]any with its entries is.
	entries bool
	// custom: it is one of RegisterCodec.
	custom bool
	// zone, if not nil, returns the name of a time zone that decode needs.
	zone func(b []byte) []byte
}

type codecField struct {
	name string
	off  uintptr
	typ  reflect.Type
}

var codecCache sync.Map // reflect.Type → *codec, nil for none

// codecOf returns the codec of a type of the standard library, or nil.
func codecOf(t reflect.Type) *codec {
	if t.PkgPath() == "" || !standard(t.PkgPath()) {
		return nil
	}
	if c, ok := codecCache.Load(t); ok {
		return c.(*codec)
	}
	c := findCodec(t)
	codecCache.Store(t, c)
	return c
}

func findCodec(t reflect.Type) *codec {
	if c, ok := codecs[t]; ok {
		return c
	}
	if t.Kind() != reflect.Struct || !hidden(t) {
		return nil
	}
	if t.PkgPath() == "sync/atomic" && strings.HasPrefix(t.Name(), "Pointer[") && t.Field(0).Type.Kind() == reflect.Array {
		// An atomic pointer is its pointer.
		for i := range t.NumField() {
			if f := t.Field(i); f.Type.Kind() == reflect.UnsafePointer {
				return &codec{fields: []codecField{{"value", f.Offset, t.Field(0).Type.Elem()}}}
			}
		}
		return nil
	}
	if t.PkgPath() == "math/rand/v2" && t.Name() == "Rand" {
		return inOrder(t, "source")
	}
	if t.PkgPath() == "runtime" && strings.HasSuffix(t.Name(), "Error") {
		// A panic that waits for its deferred calls: the numbers of a bounds check.
		names := []string{"value", "bound", "signed", "code"}
		return inOrder(t, names[:min(len(names), t.NumField())]...)
	}
	if c := layoutCodec(t); c != nil {
		return c
	}
	if c := textError(t); c != nil {
		return c
	}
	return marshalling(t)
}

// textError returns a codec for an error type that hides nothing but its text, as
// json.SyntaxError does.
func textError(t reflect.Type) *codec {
	if !reflect.PointerTo(t).Implements(basicTypes[21]) {
		return nil
	}
	c := &codec{}
	text := false
	for i := range t.NumField() {
		f := t.Field(i)
		name := f.Name
		if !f.IsExported() {
			if text || f.Type.Kind() != reflect.String {
				return nil
			}
			name, text = "text", true
		}
		c.fields = append(c.fields, codecField{name, f.Offset, f.Type})
	}
	return c
}

// hidden reports whether a struct has unexported fields, other than blank ones of
// size zero.
func hidden(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); !f.IsExported() && (f.Name != "_" || f.Type.Size() != 0) {
			return true
		}
	}
	return false
}

const (
	whyInUse  = "it is locked or in use"
	whyOpaque = "this type of the standard library has no portable meaning: bind the value or have it in a package-level variable, or make it again behind the await"
)

var coroutineType = reflect.TypeFor[Coroutine]()

// opaque says why values of a type can only be saved while they are zero, or
// returns "".
func opaque(t reflect.Type) string {
	if t == coroutineType {
		return "a coroutine cannot be part of the state of another one"
	}
	if t.Kind() != reflect.Struct || t.PkgPath() == "" || !standard(t.PkgPath()) || !hidden(t) {
		return ""
	}
	if t.PkgPath() == "sync" {
		return whyInUse
	}
	return whyOpaque
}

// inOrder finds fields by their types: the only field of the struct that has the
// type, or else the codec is not available.
func inOrder(t reflect.Type, names ...string) *codec {
	c := &codec{}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Type.Size() == 0 {
			continue
		}
		if len(c.fields) == len(names) {
			return nil
		}
		c.fields = append(c.fields, codecField{names[len(c.fields)], f.Offset, f.Type})
	}
	if len(c.fields) != len(names) {
		return nil
	}
	for i, f := range c.fields {
		for _, g := range c.fields[:i] {
			if g.typ == f.typ {
				return nil
			}
		}
	}
	return c
}

// standard reports whether an import path is one of the standard library.
func standard(path string) bool {
	if standardPackages[path] || strings.HasPrefix(path, "internal/") || strings.HasPrefix(path, "vendor/") {
		return true
	}
	// internal packages below a standard one
	i := strings.Index(path, "/internal/")
	return i > 0 && standardPackages[path[:i]]
}

var standardPackages = func() map[string]bool {
	m := map[string]bool{}
	for p := range strings.FieldsSeq(standardList) {
		m[p] = true
	}
	return m
}()
