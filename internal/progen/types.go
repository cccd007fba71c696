package progen

import (
	"fmt"
	"strings"
)

type kind int

const (
	kInt kind = iota
	kString
	kBool
	kNumber // another number type
	kStruct
	kPointer
	kSlice
	kArray
	kMap
	kFunc
	kNamedFunc
	kInterface
	kAny
	kParam
	kOther // only shown
)

// A typ is a type of the program. Types are unique: equal types are one pointer.
type typ struct {
	kind      kind
	name      string // how it is written
	elem, key *typ
	n         int // of an array
	fields    []field
	methods   []*method // own and promoted ones
	params    []*typ
	results   []*typ
	variadic  bool // the last of params is a slice
	number    bool // of a type parameter: numbers
	of        *generic
	arg       *typ
}

type field struct {
	name     string
	t        *typ
	embedded bool
}

type method struct {
	name     string
	sig      *typ
	pointer  bool // needs a pointer or a variable
	promoted bool
}

// A generic is a generic type of one parameter.
type generic struct {
	name  string
	param *typ
	self  *typ // the type inside of its own declaration
}

func (g *gen) intern(t *typ) *typ {
	if old := g.types[t.name]; old != nil {
		return old
	}
	g.types[t.name] = t
	return t
}

func (g *gen) pointer(t *typ) *typ {
	return g.intern(&typ{kind: kPointer, name: "*" + t.name, elem: t})
}

func (g *gen) slice(t *typ) *typ {
	return g.intern(&typ{kind: kSlice, name: "[]" + t.name, elem: t})
}

func (g *gen) array(t *typ, n int) *typ {
	return g.intern(&typ{kind: kArray, name: fmt.Sprintf("[%d]%s", n, t.name), elem: t, n: n})
}

func (g *gen) mapOf(k, v *typ) *typ {
	return g.intern(&typ{kind: kMap, name: "map[" + k.name + "]" + v.name, key: k, elem: v})
}

func (g *gen) fun(variadic bool, params []*typ, results ...*typ) *typ {
	t := &typ{kind: kFunc, params: params, results: results, variadic: variadic}
	t.name = "func" + signature(t, nil, nil)
	return g.intern(t)
}

// anonymous returns a struct type without a name.
func (g *gen) anonymous(fields ...field) *typ {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteString("; ")
		}
		if !f.embedded {
			b.WriteString(f.name + " ")
		}
		b.WriteString(f.t.name)
	}
	return g.intern(&typ{kind: kStruct, name: "struct{ " + b.String() + " }", fields: fields})
}

// signature writes the parameters and results of a func type.
func signature(t *typ, params, results []string) string {
	var b strings.Builder
	b.WriteByte('(')
	for i, p := range t.params {
		if i > 0 {
			b.WriteString(", ")
		}
		if params != nil {
			b.WriteString(params[i] + " ")
		}
		if t.variadic && i == len(t.params)-1 {
			b.WriteString("..." + p.elem.name)
		} else {
			b.WriteString(p.name)
		}
	}
	b.WriteByte(')')
	switch {
	case len(t.results) == 0:
	case len(t.results) == 1 && results == nil:
		b.WriteString(" " + t.results[0].name)
	default:
		b.WriteString(" (")
		for i, r := range t.results {
			if i > 0 {
				b.WriteString(", ")
			}
			if results != nil {
				b.WriteString(results[i] + " ")
			}
			b.WriteString(r.name)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// instance returns the generic type with an argument.
func (g *gen) instance(of *generic, arg *typ) *typ {
	name := of.name + "[" + arg.name + "]"
	if t := g.types[name]; t != nil {
		return t
	}
	t := g.intern(&typ{kind: kStruct, name: name, of: of, arg: arg})
	for _, f := range of.self.fields {
		t.fields = append(t.fields, field{f.name, g.subst(f.t, of.param, arg), f.embedded})
	}
	for _, m := range of.self.methods {
		t.methods = append(t.methods, &method{m.name, g.subst(m.sig, of.param, arg), m.pointer, m.promoted})
	}
	return t
}

// subst puts a type argument for a type parameter.
func (g *gen) subst(t, param, arg *typ) *typ {
	switch {
	case t == param:
		return arg
	case t.of != nil:
		return g.instance(t.of, g.subst(t.arg, param, arg))
	}
	switch t.kind {
	case kPointer:
		return g.pointer(g.subst(t.elem, param, arg))
	case kSlice:
		return g.slice(g.subst(t.elem, param, arg))
	case kArray:
		return g.array(g.subst(t.elem, param, arg), t.n)
	case kMap:
		return g.mapOf(g.subst(t.key, param, arg), g.subst(t.elem, param, arg))
	case kFunc:
		return g.fun(t.variadic, g.substAll(t.params, param, arg), g.substAll(t.results, param, arg)...)
	}
	return t
}

func (g *gen) substAll(ts []*typ, param, arg *typ) []*typ {
	var out []*typ
	for _, t := range ts {
		out = append(out, g.subst(t, param, arg))
	}
	return out
}

// zero writes the zero value.
func (g *gen) zero(t *typ) string {
	switch t.kind {
	case kInt, kNumber:
		return "0"
	case kString:
		return `""`
	case kBool:
		return "false"
	case kStruct, kArray:
		return t.name + "{}"
	case kParam:
		return "zero[" + t.name + "]()"
	}
	return "nil"
}

// methodsOf returns the methods that a value of the type has, or that can be
// called on a variable of it.
func (t *typ) methodsOf(variable bool) []*method {
	var out []*method
	switch t.kind {
	case kPointer:
		if t.elem.kind != kStruct && t.elem.kind != kNumber {
			return nil
		}
		return t.elem.methods
	default:
		for _, m := range t.methods {
			if variable || !m.pointer {
				out = append(out, m)
			}
		}
	}
	return out
}

// implements reports whether a type has all methods of an interface.
func (t *typ) implements(i *typ) bool {
	if i.kind == kAny {
		return true
	}
	for _, want := range i.methods {
		found := false
		for _, m := range t.methodsOf(false) {
			if m.name == want.name && m.sig == want.sig {
				found = true
			}
		}
		if !found {
			return false
		}
	}
	return true
}

func sameTypes(a, b []*typ) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
