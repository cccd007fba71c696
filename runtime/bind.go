package runtime

import (
	"fmt"
	"reflect"
	"slices"
	"unsafe"
)

// Bind gives a name to a value that belongs to the process and not to states: a pool, a
// logger, the program's configuration. value is a pointer, a map, a channel or a func, and not nil.
// Wherever a state leads to it, or into what it points to, or to what a func value has
// captured, it has the name, and the process that loads it has its own value of that name
// there. It is an error that wraps [ErrIncompatibleState] to load a state with a name that
// the process has not bound.
//
// A name that is bound again means the new value from then on. What has been bound with
// [New] or [Coroutine.Bind] is for one coroutine, and comes first.
//
// Bind panics if the value is of another kind or nil.
func Bind(name string, value any) {
	v := reflect.ValueOf(value)
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func:
	default:
		panic(fmt.Sprintf("coroutine: Bind of %q: %T is not a pointer, map, channel or func", name, value))
	}
	if v.IsNil() {
		panic(fmt.Sprintf("coroutine: Bind of %q: the %T is nil", name, value))
	}
	box := new(any)
	*box = value
	b := &varType{name: name, typ: reflect.TypeFor[any](), addr: unsafe.Pointer(box)}
	pending.add(func(p *registrations) {
		i := slices.IndexFunc(p.bindings, func(old *varType) bool { return old.name == name })
		if i >= 0 {
			p.bindings = slices.Delete(p.bindings, i, i+1)
		}
		p.bindings = append(p.bindings, b)
	})
}

// bindProcess looks up what the process has bound.
func (r *registry) bindProcess(bindings []*varType) {
	r.bindings = bindings
	for _, b := range bindings {
		x := b.value()
		r.names.learn(reflect.TypeOf(x))
		r.bound.add(r, nameKey{kind: nameProcess, v: b}, x)
	}
	r.bound.sort()
}

// binding returns what the process has bound to a name, or nil.
func (r *registry) binding(name []byte) *varType {
	for _, b := range r.bindings {
		if b.name == string(name) {
			return b
		}
	}
	return nil
}
