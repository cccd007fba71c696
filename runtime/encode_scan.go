package runtime

import (
	"reflect"
	goruntime "runtime"
	"unsafe"
)

// The first pass of saving: find everything that is reachable, as objects, and
// all types and names that will be mentioned.

// form is the kind of an object.
type form uint8

const (
	formSingle form = iota // one variable
	formArray              // an array of any length
	formMap
	formBoxed // a struct or array that holds references, in an interface
	formChan
)

// object is a piece of memory with an identity.
type object struct {
	form form
	p    *plan // of an element: never an array type, unless boxed
	n    int   // elements of a region, entries of a map
	addr unsafe.Pointer
	num  int // 1 + its number in the state, once it has been mentioned
	last int // mention
	seq  int
	dead bool // merged into another one
	from place
	m    *mapEntries

	// Of a channel:
	cap    int
	closed bool
	elems  unsafe.Pointer // what is in its buffer, in order
}

func (o *object) end() uintptr { return uintptr(o.addr) + o.p.size*uintptr(o.n) }

// place is where a value is found; the base tells what the memory belongs to.
type place struct {
	obj   *object
	frame *siteType
	root  int
	base  unsafe.Pointer
	off   uintptr
	entry int  // of a map
	whole bool // the root itself, and not a reference in it
}

// work is memory that is still to be scanned.
type work struct {
	in   place
	p    *plan
	addr unsafe.Pointer
	n    int
}

// scanElems scans n values of p at addr.
func (e *encoder) scanElems(p *plan, addr unsafe.Pointer, n int) {
	if p.leaf {
		return
	}
	for i := range n {
		e.scan(p, unsafe.Add(addr, uintptr(i)*p.size))
	}
}

// scan follows the references in the value of p at ptr.
func (e *encoder) scan(p *plan, ptr unsafe.Pointer) {
	if p.leaf {
		return
	}
	switch p.op {
	case opStruct:
		if p.check != nil {
			if why := p.check(ptr); why != "" && e.keep == nil {
				e.fail(ptr, p.typ, why)
			}
		}
		for i := range p.fields {
			f := &p.fields[i]
			if !f.p.leaf {
				e.scan(f.p, unsafe.Add(ptr, f.off))
			}
		}
	case opArray:
		e.scanElems(p.elem, ptr, p.n)
	case opPointer:
		if v := *(*unsafe.Pointer)(ptr); v != nil {
			if key, ok := e.direct(v, p); ok {
				e.nameID(key)
				return
			}
			e.reach(v, p.elem, 1, ptr)
		}
	case opSlice:
		h := (*sliceHeader)(ptr)
		if h.data != nil && h.cap > 0 {
			e.reach(h.data, p.elem, h.cap, ptr)
		}
	case opMap:
		if v := *(*unsafe.Pointer)(ptr); v != nil {
			e.reachMap(v, p, ptr)
		}
	case opInterface:
		e.scanInterface(p, ptr)
	case opFunc:
		e.scanFunc(p, ptr)
	case opType:
		if t := (*typePointer)(ptr); t.p != nil {
			e.scanType(t.typ(), ptr, p)
		}
	case opChan:
		e.scanChannel(p, ptr)
	case opEntries:
		e.scanEntries(p, ptr)
	case opNested:
		e.scanNested(p, ptr)
	case opUnsafePointer:
		if w := *(*unsafe.Pointer)(ptr); w != nil && !e.keptWord(w, p.typ, ptr) {
			e.fail(ptr, p.typ, "nothing tells what an unsafe pointer points to")
		}
	}
}

// sliceHeader is a slice as the gc compiler lays it out.
type sliceHeader struct {
	data unsafe.Pointer
	len  int
	cap  int
}

// reach notes the count values of t at addr, to which the value at ptr refers.
func (e *encoder) reach(addr unsafe.Pointer, t *plan, count int, ptr unsafe.Pointer) {
	if t.size == 0 {
		if key, ok := e.boundZero(addr, t); ok {
			e.nameID(key)
		}
		return
	}
	if n, ok := e.findName(addr, t, count); ok {
		e.nameID(n.key)
		return
	}
	if e.keep != nil && e.kept(addr, t.typ, ptr) {
		return
	}
	e.region(addr, t, count, ptr)
}

// region notes memory. Overlapping regions become one, the outermost known: an
// inner pointer may be met before the struct or array that it points into.
func (e *encoder) region(addr unsafe.Pointer, t *plan, count int, ptr unsafe.Pointer) {
	p, n := t.flat, t.flatN*count
	lo, hi := uintptr(addr), uintptr(addr)+p.size*uintptr(n)
	i, j := e.regions.overlapping(lo, hi)
	if i == j {
		o := e.newObject(formSingle, p, addr, ptr)
		o.n = n
		e.regions.insert(i, o)
		e.push(o, addr, n)
		return
	}
	if first := e.regions.at(i); uintptr(first.addr) <= lo && hi <= first.end() && j == e.regions.next(i) {
		if uintptr(first.addr) == lo && hi == first.end() && !sameMemory(first.p, p) {
			// The same memory as a struct and as its only field: the struct is outermost.
			if steps, ok := findPath(e.steps[:0], p, n, 0, first.p, first.n); ok {
				e.steps = steps
				first.p, first.n = p, n
				e.push(first, addr, n)
			}
		}
		return // whether it has its type there, the second pass finds out
	}
	// The new region covers those that it overlaps, or they are parts of one array.
	start, end := addr, hi
	uniform, oldest := true, e.regions.at(i)
	for k := i; k != j; k = e.regions.next(k) {
		o := e.regions.at(k)
		part := sameMemory(o.p, p) && (max(uintptr(o.addr), lo)-min(uintptr(o.addr), lo))%p.size == 0
		if !part && (uintptr(o.addr) < lo || o.end() > hi) {
			e.fail(ptr, t.typ, "the memory is also used as "+o.p.typ.String())
		}
		uniform = uniform && part
		if uintptr(o.addr) < uintptr(start) {
			start = o.addr
		}
		end = max(end, o.end())
		if o.seq < oldest.seq {
			oldest = o
		}
	}
	merged := *oldest
	merged.p, merged.addr = p, start
	merged.n = int((end - uintptr(start)) / p.size)
	o := e.allocObject()
	*o = merged
	if uniform {
		// Only what no part has covered is new.
		at := lo
		for k := i; k != j; k = e.regions.next(k) {
			part := e.regions.at(k)
			if at < uintptr(part.addr) {
				e.push(o, unsafe.Add(addr, at-lo), int((uintptr(part.addr)-at)/p.size))
			}
			at = max(at, part.end())
		}
		if at < hi {
			e.push(o, unsafe.Add(addr, at-lo), int((hi-at)/p.size))
		}
	} else {
		e.push(o, addr, n)
	}
	for k := i; k != j; k = e.regions.next(k) {
		e.regions.at(k).dead = true
	}
	e.regions.replace(i, j, o)
}

func (e *encoder) push(o *object, addr unsafe.Pointer, n int) {
	if o.p.leaf {
		return
	}
	e.todo = append(e.todo, work{in: place{obj: o, base: o.addr}, p: o.p, addr: addr, n: n})
}

// newObject makes an object that has been reached from ptr.
func (e *encoder) newObject(f form, p *plan, addr, ptr unsafe.Pointer) *object {
	o := e.allocObject()
	*o = object{form: f, p: p, n: 1, addr: addr, seq: len(e.objects), from: e.placeOf(ptr)}
	return o
}

func (e *encoder) allocObject() *object {
	if len(e.slab) == cap(e.slab) {
		e.slab = make([]object, 0, min(1024, 2*cap(e.slab)+8))
	}
	e.slab = e.slab[:len(e.slab)+1]
	o := &e.slab[len(e.slab)-1]
	e.objects = append(e.objects, o)
	return o
}

func (e *encoder) placeOf(ptr unsafe.Pointer) place {
	in := e.cur
	if e.at != nil {
		ptr = e.at
	}
	in.off = uintptr(ptr) - uintptr(in.base)
	return in
}

type boxKey struct {
	addr unsafe.Pointer
	p    *plan
}

// dynamic returns the type of what the interface value at ptr holds, and where.
func (e *encoder) dynamic(p *plan, ptr unsafe.Pointer) (x any, q *plan) {
	if p.empty {
		x = *(*any)(ptr)
	} else if (*[2]unsafe.Pointer)(ptr)[0] != nil {
		// As reflect does: the compiler's conversion finds the type in any interface.
		x = any(*(*interface{ M() })(ptr))
	}
	if x == nil {
		return nil, nil
	}
	if err, ok := x.(*goruntime.TypeAssertionError); ok && e.keep == nil {
		x = e.assertion(err)
	}
	w := (*eface)(unsafe.Pointer(&x)).typ
	if e.copiesContexts() && (w == contexts.cancel.word || w == contexts.timer.word) {
		x = e.derived(x, ptr)
		w = (*eface)(unsafe.Pointer(&x)).typ
	}
	if e.lastWord == w {
		q = e.lastPlan
	} else {
		q = e.reg.plans.of(reflect.TypeOf(x))
		e.lastWord, e.lastPlan = w, q
	}
	if q.hiddenError {
		if stand := e.hiddenError(x, q); stand != nil {
			return stand, e.reg.plans.of(reflect.TypeOf(stand))
		}
	}
	return x, q
}

// assertion returns what is saved of a failed type assertion.
func (e *encoder) assertion(err *goruntime.TypeAssertionError) any {
	p := e.reg.plans.of(reflect.TypeFor[goruntime.TypeAssertionError]())
	if err == nil || p.codec != nil || p.op != opStruct {
		return err
	}
	for i := range p.fields {
		if f := &p.fields[i]; f.p.op == opType {
			t := (*typePointer)(unsafe.Add(unsafe.Pointer(err), f.off))
			if t.p != nil && e.reg.names.savable(t.typ()) != "" {
				return assertionText(err.Error())
			}
		}
	}
	return err
}

// held returns where the value is that x holds.
func held(x any, q *plan) unsafe.Pointer {
	data := dataOf(x)
	if q.direct {
		word := data // only this one is on the heap
		return unsafe.Pointer(&word)
	}
	return data
}

// heldAt is held for x that the interface variable at ptr holds, or for what stands for it.
func heldAt(ptr unsafe.Pointer, x any, q *plan) unsafe.Pointer {
	if word := (*[2]unsafe.Pointer)(ptr); q.direct && word[1] == dataOf(x) {
		return unsafe.Pointer(&word[1])
	}
	return held(x, q)
}

func (e *encoder) scanInterface(p *plan, ptr unsafe.Pointer) {
	x, q := e.dynamic(p, ptr)
	if x == nil {
		return
	}
	if key, ok := e.namedValue(x, q); ok {
		e.nameID(key)
		return
	}
	if q.typ == rtype {
		e.scanType(x.(reflect.Type), ptr, q)
		return
	}
	if e.keptValue(x, q) {
		return
	}
	e.savable(q, q, ptr)
	e.typeID(q, ptr)
	if q.leaf {
		return
	}
	if q.boxed && !e.inKey {
		e.reachBox(x, q, ptr)
		return
	}
	old := e.at
	if old == nil {
		e.at = ptr
	}
	e.nest(ptr, q)
	e.scan(q, heldAt(ptr, x, q))
	e.depth--
	e.at = old
}

// scanType notes the type t, which is the value at ptr.
func (e *encoder) scanType(t reflect.Type, ptr unsafe.Pointer, p *plan) {
	q := e.reg.plans.of(t)
	e.savable(q, p, ptr)
	e.typeID(q, ptr)
}

// savable fails, because of the value of p at ptr, if the type of q cannot be described.
func (e *encoder) savable(q, p *plan, ptr unsafe.Pointer) {
	if e.keep != nil {
		return // there are handles to types
	}
	if why := e.reg.names.describing(q).parts; why != "" {
		e.fail(ptr, p.typ, why)
	}
}

// Keys are written without objects of their own, so their nesting is bounded: that many
// interface values may stand in each other, and in the innermost one what refers to nothing.
const maxKeyDepth = 64

func (e *encoder) nest(ptr unsafe.Pointer, p *plan) {
	if e.depth++; e.depth > maxKeyDepth {
		e.fail(ptr, p.typ, "it is nested too deeply for the key of a map")
	}
}

func (e *encoder) boxKeyOf(x any, q *plan) boxKey {
	return boxKey{(*eface)(unsafe.Pointer(&x)).data, q}
}

func (e *encoder) reachBox(x any, q *plan, ptr unsafe.Pointer) {
	key := e.boxKeyOf(x, q)
	if _, ok := e.boxes[key]; ok {
		return
	}
	addr := key.addr
	if q.direct {
		word := new(unsafe.Pointer)
		*word = key.addr
		addr = unsafe.Pointer(word)
	}
	o := e.newObject(formBoxed, q, addr, ptr)
	if e.boxes == nil {
		e.boxes = map[boxKey]*object{}
	}
	e.boxes[key] = o
	e.push(o, addr, 1)
}

func (e *encoder) scanFunc(p *plan, ptr unsafe.Pointer) {
	v := *(*unsafe.Pointer)(ptr)
	if v == nil {
		return
	}
	if key, ok := e.namedWord(v, p.typ); ok {
		e.nameID(key)
		return
	}
	if e.keptFunc(v, p, ptr) {
		return
	}
	if c := e.cancelOf(v, p, ptr); c != nil {
		e.region(unsafe.Pointer(c), e.reg.plans.of(derivedType), 1, ptr)
		return
	}
	e.region(e.recordOf(p, ptr), e.lastRecord, 1, ptr)
}

// recordOf returns the record of the func value at ptr and leaves its plan in
// e.lastRecord.
func (e *encoder) recordOf(p *plan, ptr unsafe.Pointer) unsafe.Pointer {
	r := RecordOf(*(*func())(ptr))
	if r == nil {
		name := "the func value"
		if fn := goruntime.FuncForPC(reflect.NewAt(p.typ, ptr).Elem().Pointer()); fn != nil {
			name = fn.Name()
		}
		e.fail(ptr, p.typ, name+" was made by code that coroc has not compiled: be done with it before the await, or bind it")
	}
	e.lastRecord = e.reg.plans.of(reflect.TypeOf(r).Elem())
	if e.lastRecord.rec == nil {
		e.fail(ptr, p.typ, "its record "+e.lastRecord.typ.String()+" is not registered")
	}
	if !sameFunc(e.lastRecord.rec.fn, p.typ) {
		e.fail(ptr, p.typ, "its record "+e.lastRecord.typ.String()+" is registered for "+e.lastRecord.rec.fn.String())
	}
	return (*eface)(unsafe.Pointer(&r)).data
}

// sameFunc reports whether two func types differ in no more than their name.
func sameFunc(a, b reflect.Type) bool {
	return a == b || a.Kind() == reflect.Func && b.Kind() == reflect.Func && a.ConvertibleTo(b)
}
