package runtime

import "reflect"

// unnamed has, by the types without a name that embed what may suspend, what gives a
// value of such a type the methods that twins need. It is filled by package
// initialization and not changed afterwards.
var unnamed = map[reflect.Type]func(any) any{}

// RegisterUnnamed registers a struct type without a name: value and pointer convert it,
// and what points to it, to a type of the same structure that has masking twins.
func RegisterUnnamed[T any](value func(T) any, pointer func(*T) any) {
	unnamed[reflect.TypeFor[T]()] = func(x any) any { return value(x.(T)) }
	unnamed[reflect.TypeFor[*T]()] = func(x any) any { return pointer(x.(*T)) }
}

// Named returns the value in which to look for the twin of a method of x: x itself, or,
// if its type has no name, so that no twin can be declared on it, one that stands for it.
func Named(x any) any {
	if named := unnamed[reflect.TypeOf(x)]; named != nil {
		return named(x)
	}
	return x
}
