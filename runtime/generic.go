package runtime

import (
	"reflect"
	"strings"
	"sync"
)

var instances sync.Map

// Once reports whether it is called for T for the first time. Generated code asks
// for each instance of a generic function, so that it is registered once and
// recursion ends.
func Once[T any]() bool {
	_, known := instances.LoadOrStore(reflect.TypeFor[T](), true)
	return !known
}

// InstanceName returns the name of an instance of a generic function: name with the type
// arguments of T as reflection has them. What it is given to spells them as states do.
func InstanceName[T any](name string) string {
	s := reflect.TypeFor[T]().Name()
	if i := strings.IndexByte(s, '['); i >= 0 {
		return name + s[i:]
	}
	return name
}

// RegisterInstance is [RegisterType] for an instance of a generic type, whose name it is
// given. The type arguments come from T, so that an instance has the same name
// wherever it is registered.
func RegisterInstance[T any](name string) { registerType(reflect.TypeFor[T](), name, true) }
