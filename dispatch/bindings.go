package dispatch

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/coroc-dev/coroc/runtime"
)

// Bind gives a name to a value that belongs to the process and not to a call: a pool, a
// logger, the program's configuration. value is a pointer, map, channel or func. Where the frame of
// a suspended function refers to it, or into what it points to, the state has the name, and
// the process that goes on has its own value of that name there. The functions of the
// dispatcher and what the func given to [Func] captures are bound without that.
//
// In a volatile build, where nothing goes on in another process, Bind only checks its
// arguments.
func Bind(name string, value any) Option {
	return option(func(c *config) {
		v := reflect.ValueOf(value)
		switch v.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func:
		default:
			c.fail(fmt.Errorf("dispatch: binding %q: %T is not a pointer, map, channel or func", name, value))
			return
		}
		if v.IsNil() {
			c.fail(fmt.Errorf("dispatch: binding %q: the %T is nil", name, value))
			return
		}
		full := "bind." + name
		for _, b := range c.bindings {
			if b.Name == full {
				c.fail(fmt.Errorf("dispatch: two values are bound to %q", name))
				return
			}
		}
		c.bindings = append(c.bindings, runtime.Binding{Name: full, Value: value})
	})
}

// processBindings are the values that are bound for all calls of a dispatcher.
func processBindings(c *config) []runtime.Binding {
	bindings := append([]runtime.Binding(nil), c.bindings...)
	for _, f := range c.functions {
		name := "function." + f.Name()
		bindings = append(bindings, runtime.Binding{Name: name, Value: f.original()}, runtime.Binding{Name: name + ".body", Value: f.bound()})
	}
	return bindings
}

// maxCaptures bounds how deep captures of captured functions are bound.
const maxCaptures = 16

// captureBindings binds a record of compiled code and what it captures. Captures that are
// func values are records themselves, whose captures are bound too: a function that wraps
// another is as good as that other one.
func captureBindings(bindings []runtime.Binding, name string, record any, depth int) []runtime.Binding {
	v := reflect.ValueOf(record)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct || depth > maxCaptures {
		return bindings
	}
	for _, b := range bindings {
		if b.Value == record {
			return bindings
		}
	}
	bindings = append(bindings, runtime.Binding{Name: name, Value: record})
	s := v.Elem()
	for i := 1; i < s.NumField(); i++ { // the first one is the record's header
		field := s.Field(i)
		// The fields are not exported.
		field = reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
		if field.Kind() == reflect.Interface {
			field = field.Elem()
		}
		fieldName := name + "." + s.Type().Field(i).Name
		switch field.Kind() {
		case reflect.Pointer, reflect.Map:
			if !field.IsNil() {
				bindings = append(bindings, runtime.Binding{Name: fieldName, Value: field.Interface()})
			}
		case reflect.Func:
			if field.IsNil() {
				continue
			}
			bindings = append(bindings, runtime.Binding{Name: fieldName, Value: field.Interface()})
			if inner := recordOf(field); inner != nil {
				bindings = captureBindings(bindings, fieldName+".record", inner, depth+1)
			}
		}
	}
	return bindings
}

// recordOf returns the record of a func value of any type. All func values are one word,
// which is all that RecordOf looks at.
func recordOf(f reflect.Value) any {
	p := reflect.New(f.Type())
	p.Elem().Set(f)
	return runtime.RecordOf(*(*func())(p.UnsafePointer()))
}
