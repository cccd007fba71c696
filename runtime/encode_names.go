package runtime

import (
	"reflect"
	"unsafe"
)

// Values that belong to the process: package-level variables, bindings, and what
// the func values among them have captured.

// prepare looks the values of bindings and of variables up. States without
// references, or whose references are bindings themselves, never need them.
func (e *encoder) prepare() {
	if e.known != nil {
		return
	}
	e.known = e.own.named(e.reg)
	if e.c.bindingsLen() == 0 {
		e.bound = &e.reg.bound
		return
	}
	if x := e.c.bound; x == nil || x.reg != e.reg || x.n != e.c.bindingsLen() {
		e.c.bound = bind(e.reg, e.c)
	}
	e.bound = &e.c.bound.values
}

// boundValues are the looked-up bindings of a coroutine.
type boundValues struct {
	reg    *registry
	n      int // how many bindings there were
	values namedValues
}

func bind(r *registry, c *Coroutine) *boundValues {
	x := &boundValues{reg: r, n: c.bindingsLen()}
	for i := range x.n {
		if b := c.binding(i); b.Value != nil && !c.rebound(i) {
			r.names.learn(reflect.TypeOf(b.Value))
			x.values.add(r, nameKey{kind: nameBinding, i: i}, b.Value)
		}
	}
	for _, b := range r.bindings {
		x.values.add(r, nameKey{kind: nameProcess, v: b}, b.value())
	}
	x.values.sort()
	return x
}

// direct finds the binding that is the pointer v of the type of p, without looking
// anything up: the record of the entry function, most of the time.
func (e *encoder) direct(v unsafe.Pointer, p *plan) (nameKey, bool) {
	i := e.c.bindingOf(v, p)
	return nameKey{kind: nameBinding, i: i}, i >= 0
}

// nearName reports whether there may be a name for a part of a page.
func (e *encoder) nearName(page uintptr) bool {
	e.prepare()
	first, vars := page*pageSize, &e.reg.vars
	return e.bound.near(first) || e.known.near(first) || first < vars.hi && first+pageSize > vars.lo
}

// memoryName is a named piece of memory that a pointer points into.
type memoryName struct {
	key nameKey
	p   *plan // of the whole memory
	off uintptr
}

// findName finds the variable, binding or capture that count values of t at addr
// are part of.
func (e *encoder) findName(addr unsafe.Pointer, t *plan, count int) (memoryName, bool) {
	if e.nameless() {
		return memoryName{}, false
	}
	e.prepare()
	if n, ok := e.in(e.bound, addr, t, count); ok {
		return n, true
	}
	if v := e.reg.vars.at(addr); v != nil && !e.own.has(v) {
		n := memoryName{nameKey{kind: nameAddress, v: v}, v.plan, uintptr(addr) - uintptr(v.addr)}
		if e.fits(n, t, count) {
			return n, true
		}
	}
	return e.in(e.known, addr, t, count)
}

// in finds the innermost of the spans of x in which count values of t stand at addr.
func (e *encoder) in(x *namedValues, addr unsafe.Pointer, t *plan, count int) (memoryName, bool) {
	a := uintptr(addr)
	if !x.near(a) {
		return memoryName{}, false
	}
	for i := x.before(a); i >= 0 && x.spans[i].reach > a; i-- {
		s := &x.spans[i]
		if a >= s.hi {
			continue
		}
		if n := (memoryName{s.key, s.p, a - s.lo}); e.fits(n, t, count) {
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

// nameless reports whether names are not looked for: there are handles to everything,
// and comparing values might be a race.
func (e *encoder) nameless() bool { return e.keep != nil && e.keep.all }

// boundZero returns the binding that is a pointer to nothing, of t. Of such pointers
// all of one type are the same.
func (e *encoder) boundZero(addr unsafe.Pointer, t *plan) (nameKey, bool) {
	e.prepare()
	for _, z := range e.bound.zeros {
		if z.elem == t && z.word == addr {
			return z.key, true
		}
	}
	return nameKey{}, false
}

// namedWord finds the variable, binding or capture that is the pointer, map or func
// w.
func (e *encoder) namedWord(w unsafe.Pointer, t reflect.Type) (nameKey, bool) {
	if e.nameless() {
		return nameKey{}, false
	}
	e.prepare()
	if k, ok := e.bound.word(w, t); ok {
		return k, true
	}
	return e.known.word(w, t)
}

// namedValue finds the variable, binding or capture that is what an interface holds.
func (e *encoder) namedValue(x any, q *plan) (nameKey, bool) {
	if e.nameless() {
		return nameKey{}, false
	}
	switch q.op {
	case opPointer:
		w := (*eface)(unsafe.Pointer(&x)).data
		switch {
		case w == nil:
			return nameKey{}, false
		case q.elem.size != 0:
			if k, ok := e.direct(w, q); ok {
				return k, true
			}
			return e.namedWord(w, q.typ)
		}
		if k, ok := e.boundZero(w, q.elem); ok {
			return k, true
		}
	case opMap, opChan, opFunc:
		w := (*eface)(unsafe.Pointer(&x)).data
		if w == nil {
			return nameKey{}, false
		}
		return e.namedWord(w, q.typ)
	default:
		e.prepare()
		if l := e.bound.byType[q.typ]; len(l) > 0 && reflect.ValueOf(x).Comparable() {
			for _, nv := range l {
				if nv.value == x {
					return nv.key, true
				}
			}
		}
	}
	// What has a type of its own that nobody can name is saved as the variable's
	// value; anything else by its content, because an address tells nothing here.
	if len(e.known.byType[q.typ]) > 0 && e.reg.names.describing(q).parts != "" {
		return e.known.equal(x)
	}
	return nameKey{}, false
}

// nameID returns the number of a name in this state. What a func has captured comes
// after the func.
func (e *encoder) nameID(k nameKey) uint64 {
	if len(e.names) <= fewNames {
		for i, n := range e.names {
			if n == k {
				return uint64(i)
			}
		}
	} else if id, ok := e.nameIDs[k]; ok {
		return id
	}
	if k.kind == nameCapture {
		e.nameID(k.capture.of)
	}
	id := uint64(len(e.names))
	e.names = append(e.names, k)
	if len(e.names) > fewNames {
		if e.nameIDs == nil {
			e.nameIDs = map[nameKey]uint64{}
		}
		for len(e.nameIDs) < len(e.names) {
			i := len(e.nameIDs)
			e.nameIDs[e.names[i]] = uint64(i)
		}
	}
	return id
}

// Up to so many names are searched one by one.
const fewNames = 8

// writeName writes a name of the list.
func (e *encoder) writeName(k nameKey) {
	e.b = append(e.b, k.kind)
	switch k.kind {
	case nameBinding:
		e.name(e.c.binding(k.i).Name)
	case nameCapture:
		e.uvarint(e.nameID(k.capture.of))
		e.name(k.capture.field)
	default:
		e.name(k.v.name)
	}
}

// nameText returns a text by which names can be ordered.
func (e *encoder) nameText(k nameKey) string {
	switch k.kind {
	case nameBinding:
		return e.c.binding(k.i).Name
	case nameCapture:
		return e.nameText(k.capture.of) + "\x00" + k.capture.field
	}
	return k.v.name
}
