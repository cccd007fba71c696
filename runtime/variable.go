package runtime

import (
	"reflect"
	"unsafe"
)

// VariableOf returns the name of a registered package-level variable that is never
// reassigned and holds v, or "". Only pointers are found: what else is equal to v need
// not be the variable's value.
func VariableOf(v any) string {
	r := loadRegistry()
	typ := reflect.TypeOf(v)
	if r.err != nil || typ == nil || typ.Kind() != reflect.Pointer {
		return ""
	}
	key, ok := r.vars.current(r).word((*eface)(unsafe.Pointer(&v)).data, typ)
	if !ok || key.kind != nameValue {
		return ""
	}
	return key.v.name
}

// Variable returns the value of the registered package-level variable of that name, or nil
// if this program has none.
func Variable(name string) any {
	r := loadRegistry()
	if r.err != nil {
		return nil
	}
	v := r.vars.byName[name]
	if v == nil || v.reassigned {
		return nil
	}
	return v.value()
}

// IsStandard reports whether path is that of a package of the standard library.
func IsStandard(path string) bool { return standard(path) }
