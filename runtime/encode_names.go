package runtime

import (
	"reflect"
	"unsafe"
)

// Values that belong to the process: package-level variables and bindings.

// prepare looks the bindings and the values of variables up. States without
// references never need them.
func (e *encoder) prepare() {
	if e.bound {
		return
	}
	e.bound = true
	e.values = e.reg.vars.current(e.reg)
next:
	for i, b := range e.c.bindings {
		for _, later := range e.c.bindings[i+1:] {
			if later.Name == b.Name {
				continue next
			}
		}
		t := reflect.TypeOf(b.Value)
		if t == nil {
			continue
		}
		v := boundValue{name: b.Name, typ: t, any: b.Value}
		switch t.Kind() {
		case reflect.Pointer, reflect.Map, reflect.Func:
			v.word = (*eface)(unsafe.Pointer(&b.Value)).data
			if v.word == nil {
				continue
			}
		}
		e.reg.names.learn(t)
		if t.Kind() == reflect.Pointer {
			v.elem = e.reg.plans.of(t.Elem())
		}
		e.bindings = append(e.bindings, v)
	}
}

// memoryName is a named piece of memory that a pointer points into.
type memoryName struct {
	key nameKey
	p   *plan // of the whole memory
	off uintptr
}

// findName finds the variable or binding that count values of t at addr are part
// of.
func (e *encoder) findName(addr unsafe.Pointer, t *plan, count int) (memoryName, bool) {
	e.prepare()
	for i := range e.bindings {
		b := &e.bindings[i]
		if b.elem == nil {
			continue
		}
		if off := uintptr(addr) - uintptr(b.word); uintptr(addr) >= uintptr(b.word) && off < b.elem.size {
			if n := (memoryName{nameKey{kind: nameBinding, i: i}, b.elem, off}); e.fits(n, t, count) {
				return n, true
			}
		}
	}
	if v := e.reg.vars.at(addr); v != nil {
		n := memoryName{varKey(nameAddress, v), v.plan, uintptr(addr) - uintptr(v.addr)}
		if e.fits(n, t, count) {
			return n, true
		}
	}
	if s, ok := e.values.in(addr); ok {
		n := memoryName{varKey(nameValue, s.v), s.p, uintptr(addr) - s.lo}
		if e.fits(n, t, count) {
			return n, true
		}
	}
	return memoryName{}, false
}

func (e *encoder) fits(n memoryName, t *plan, count int) bool {
	steps, ok := findPath(e.steps[:0], n.p.flat, n.p.flatN, n.off, t, count)
	e.steps = steps
	return ok
}

func varKey(kind uint8, v *varType) nameKey {
	return nameKey{kind: kind, v: v}
}

// boundZero returns the binding that is a pointer to nothing, of t, or -1. Of such
// pointers all of one type are the same.
func (e *encoder) boundZero(addr unsafe.Pointer, t *plan) int {
	e.prepare()
	for i := range e.bindings {
		if b := &e.bindings[i]; b.word == addr && b.elem == t {
			return i
		}
	}
	return -1
}

// namedWord finds the variable or binding that holds the map or func w.
func (e *encoder) namedWord(w unsafe.Pointer, t reflect.Type) (nameKey, bool) {
	e.prepare()
	for i := range e.bindings {
		if b := &e.bindings[i]; b.word == w && b.typ == t {
			return nameKey{kind: nameBinding, i: i}, true
		}
	}
	if v := e.values.word(w, t); v != nil {
		return varKey(nameValue, v), true
	}
	return nameKey{}, false
}

// namedValue finds the variable or binding that holds what an interface holds.
func (e *encoder) namedValue(x any, q *plan) (nameKey, bool) {
	e.prepare()
	w := (*eface)(unsafe.Pointer(&x)).data
	switch q.op {
	case opPointer:
		if w == nil || q.elem.size != 0 {
			if w == nil {
				return nameKey{}, false
			}
			return e.namedWord(w, q.typ)
		}
		for i := range e.bindings {
			if b := &e.bindings[i]; b.word == w && b.typ == q.typ {
				return nameKey{kind: nameBinding, i: i}, true
			}
		}
	case opMap, opFunc:
		if w == nil {
			return nameKey{}, false
		}
		return e.namedWord(w, q.typ)
	default:
		for i := range e.bindings {
			b := &e.bindings[i]
			if b.word == nil && b.typ == q.typ && q.typ.Comparable() && reflect.ValueOf(x).Comparable() && b.any == x {
				return nameKey{kind: nameBinding, i: i}, true
			}
		}
	}
	// What has a type of its own that nobody can name is saved as the variable's
	// value; anything else by its content, because an address tells nothing here.
	if len(e.values.byType[q.typ]) > 0 && e.reg.names.savable(q.typ) != "" {
		if v := e.values.equal(x); v != nil {
			return varKey(nameValue, v), true
		}
	}
	return nameKey{}, false
}

// nameID returns the number of a name in this state.
func (e *encoder) nameID(k nameKey) uint64 {
	if id, ok := e.nameIDs[k]; ok {
		return id
	}
	if e.nameIDs == nil {
		e.nameIDs = map[nameKey]uint64{}
	}
	id := uint64(len(e.names))
	e.nameIDs[k] = id
	e.names = append(e.names, k)
	return id
}

func (e *encoder) nameOf(k nameKey) string {
	if k.kind == nameBinding {
		return e.bindings[k.i].name
	}
	return k.v.name
}
