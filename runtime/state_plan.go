package runtime

import (
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// op says how values of a type are written.
type op uint8

const (
	opBool op = iota + 1
	opInt
	opInt8
	opInt16
	opInt32
	opInt64
	opUint
	opUint8
	opUint16
	opUint32
	opUint64
	opUintptr
	opFloat32
	opFloat64
	opComplex64
	opComplex128
	opString
	opStruct
	opArray
	opPointer
	opSlice
	opMap
	opInterface
	opFunc
	opChan
	opUnsafePointer
	opCodec   // a standard library type, by its meaning
	opEntries // a sync.Map
	opZero    // a type that can only be saved while it is zero
	opRecord  // the header of a record
	opType    // a typePointer
	opNested  // a Coroutine
)

// plan is the compiled knowledge about a type. Plans are complete before another
// goroutine can see them, and immutable from then on, but for what description points to.
type plan struct {
	typ   reflect.Type
	id    int // dense number among the plans of the registry
	op    op
	basic uint64 // fixed type number, or 0
	size  uintptr
	min   int // the least number of bytes of an encoded value
	// leaf: no references to other memory, so that nothing is to be discovered.
	leaf bool
	// flat and flatN are the type with array types removed: [2][3]int is six ints.
	flat  *plan
	flatN int

	elem   *plan // array, pointer, slice, map, chan
	key    *plan
	n      int // array length
	fields []field
	codec  *codec
	check  func(unsafe.Pointer) string // opStruct: says why a value cannot be saved
	rec    *recordType                 // opStruct: of a record
	of     *recordType                 // opRecord: the record that the header belongs to
	why    string                      // opZero: why other values cannot be saved
	empty  bool                        // opInterface: without methods
	// boxed: in an interface, the value is an object of its own.
	boxed bool
	// direct: an interface holds the value itself and not a pointer to it.
	direct bool
	word   unsafe.Pointer // type word of typ
	slice  reflect.Type   // []typ
	native *nativeMap     // of a map, if there is one
	plain  bool           // an object of one value is no more than the value
	// hashes: equality may meet a value that cannot be compared.
	hashes bool
	// hiddenError: errors of the standard library that it keeps to itself.
	hiddenError bool

	description *atomic.Pointer[description]
}

type field struct {
	name string
	off  uintptr
	p    *plan
}

func (p *plan) fieldNamed(name string) (field, bool) {
	for _, f := range p.fields {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// planTable makes and keeps the plans.
type planTable struct {
	reg   *registry
	byTyp sync.Map                // reflect.Type → *plan, complete ones only
	byID  atomic.Pointer[[]*plan] // those by their number
	count atomic.Int64

	mu       sync.Mutex
	building map[reflect.Type]*plan
	queue    []*plan
}

func (t *planTable) init(r *registry) {
	t.reg = r
	t.building = map[reflect.Type]*plan{}
}

// of returns the plan of a type.
func (t *planTable) of(typ reflect.Type) *plan {
	if p, ok := t.byTyp.Load(typ); ok {
		return p.(*plan)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.fill(typ)
	for len(t.queue) > 0 {
		q := t.queue[len(t.queue)-1]
		t.queue = t.queue[:len(t.queue)-1]
		t.fill(q.typ)
	}
	// Who has an older list sees none of what is added behind its end.
	var list []*plan
	if old := t.byID.Load(); old != nil {
		list = *old
	}
	list = append(list, make([]*plan, int(t.count.Load())-len(list))...)
	for _, p := range t.building {
		list[p.id] = p
	}
	t.byID.Store(&list)
	for typ, p := range t.building {
		t.byTyp.Store(typ, p)
	}
	clear(t.building)
	return p
}

// numbered returns the plan that has a number.
func (t *planTable) numbered(id uint32) *plan { return (*t.byID.Load())[id] }

// later returns the plan of a type that is behind a reference: it may be
// completed after the one that refers to it.
func (t *planTable) later(typ reflect.Type) *plan {
	if p, ok := t.byTyp.Load(typ); ok {
		return p.(*plan)
	}
	p := t.building[typ]
	if p == nil {
		p = &plan{typ: typ}
		t.building[typ] = p
		t.queue = append(t.queue, p)
	}
	return p
}

// fill returns the completed plan of a type. Values nest finitely, so it ends.
func (t *planTable) fill(typ reflect.Type) *plan {
	if p, ok := t.byTyp.Load(typ); ok {
		return p.(*plan)
	}
	p := t.building[typ]
	if p == nil {
		p = &plan{typ: typ}
		t.building[typ] = p
	}
	if p.op != 0 {
		return p
	}
	p.id = int(t.count.Add(1)) - 1
	p.size = typ.Size()
	p.flat, p.flatN = p, 1
	p.basic = basicNumbers[typ]
	p.min = 1
	if typ.Kind() != reflect.Interface {
		p.word = wordOf(typ)
		if p.size == unsafe.Sizeof(p.word) {
			// The zero value of a type that an interface holds directly is nil.
			v := reflect.Zero(typ).Interface()
			p.direct = (*eface)(unsafe.Pointer(&v)).data == nil
		}
	}
	p.slice = reflect.SliceOf(typ)
	p.description = new(atomic.Pointer[description])
	p.hiddenError = isHiddenError(typ)
	if !t.special(p) {
		t.structural(p)
	}
	if p.size == 0 {
		p.min = 0
		p.leaf = true
	}
	p.plain = p.size > 0 && p.rec == nil && p.op != opArray && p.op != opRecord && p.typ != derivedType && p.typ != derivedPointer
	p.boxed = !p.leaf && (p.op == opStruct || p.op == opArray || p.op == opEntries)
	return p
}

// special handles the types that are not saved field by field.
func (t *planTable) special(p *plan) bool {
	if p.typ == recordHeader {
		p.op, p.leaf = opRecord, true
		return true
	}
	if p.typ == reflect.TypeFor[typePointer]() {
		p.op, p.basic = opType, typeReflectType
		return true
	}
	if p.typ == coroutineType {
		p.op = opNested
		return true
	}
	if p.size == 0 {
		return false
	}
	if c := t.reg.codecOf(p.typ); c != nil {
		switch {
		case c.fields != nil:
			p.op, p.leaf, p.min, p.check = opStruct, true, 0, c.check
			for _, f := range c.fields {
				p.addField(f.name, f.off, t.fill(f.typ))
			}
		case c.entries:
			p.op, p.leaf, p.min = opEntries, true, 0
			p.addField("entries", 0, t.fill(entriesType))
		default:
			p.op, p.leaf, p.codec, p.hashes = opCodec, true, c, c.custom
		}
		return true
	}
	if why := opaque(p.typ); why != "" {
		p.op, p.leaf, p.why = opZero, true, why
		return true
	}
	return false
}

func (p *plan) addField(name string, off uintptr, f *plan) {
	p.fields = append(p.fields, field{name, off, f})
	p.min += f.min
	p.leaf = p.leaf && f.leaf
	p.hashes = p.hashes || f.hashes
}

// nameTag is the key of the struct tag with what a field is called in states.
const nameTag = "coroc"

func (t *planTable) structural(p *plan) {
	switch p.typ.Kind() {
	case reflect.Struct:
		p.leaf, p.min = true, 0
		p.rec = t.reg.recordOf[p.typ]
		for i := range p.typ.NumField() {
			f := p.typ.Field(i)
			fp := t.fill(f.Type)
			if i == 0 && p.rec != nil {
				header := *fp
				header.of = p.rec
				fp = &header
			}
			p.addField(t.reg.names.spelling.field(f), f.Offset, fp)
		}
		p.op = opStruct
	case reflect.Array:
		e := t.fill(p.typ.Elem())
		p.elem, p.n = e, p.typ.Len()
		p.flat, p.flatN = e.flat, e.flatN*p.n
		p.leaf, p.hashes = e.leaf, e.hashes
		p.min = e.min * p.n
		p.op = opArray
	case reflect.Pointer:
		p.op, p.elem = opPointer, t.later(p.typ.Elem())
	case reflect.Slice:
		p.op, p.elem = opSlice, t.later(p.typ.Elem())
	case reflect.Map:
		p.op, p.key, p.elem = opMap, t.later(p.typ.Key()), t.later(p.typ.Elem())
		p.native = native(p.typ)
	case reflect.Chan:
		p.op, p.elem = opChan, t.later(p.typ.Elem())
	case reflect.Interface:
		p.op, p.empty, p.hashes = opInterface, p.typ.NumMethod() == 0, true
	case reflect.Func:
		p.op = opFunc
	case reflect.UnsafePointer:
		p.op = opUnsafePointer
	default:
		p.op, p.leaf = opOfKind[p.typ.Kind()], true
	}
}

var opOfKind = [...]op{
	reflect.Bool:       opBool,
	reflect.Int:        opInt,
	reflect.Int8:       opInt8,
	reflect.Int16:      opInt16,
	reflect.Int32:      opInt32,
	reflect.Int64:      opInt64,
	reflect.Uint:       opUint,
	reflect.Uint8:      opUint8,
	reflect.Uint16:     opUint16,
	reflect.Uint32:     opUint32,
	reflect.Uint64:     opUint64,
	reflect.Uintptr:    opUintptr,
	reflect.Float32:    opFloat32,
	reflect.Float64:    opFloat64,
	reflect.Complex64:  opComplex64,
	reflect.Complex128: opComplex128,
	reflect.String:     opString,
}

// The numbers of the types that every state may use without describing them.
const (
	typeNil   = 0 // in place of a dynamic type: a nil interface
	typeNamed = 1 // in place of a dynamic type: the value of something with a name

	typeReflectType = 22 // a reflect.Type: a type number
	typeSelf        = 23 // of a live variable: a pointer to the record of the function
	firstType       = 32
)

var basicTypes = [firstType]reflect.Type{
	2:  reflect.TypeFor[bool](),
	3:  reflect.TypeFor[int](),
	4:  reflect.TypeFor[int8](),
	5:  reflect.TypeFor[int16](),
	6:  reflect.TypeFor[int32](),
	7:  reflect.TypeFor[int64](),
	8:  reflect.TypeFor[uint](),
	9:  reflect.TypeFor[uint8](),
	10: reflect.TypeFor[uint16](),
	11: reflect.TypeFor[uint32](),
	12: reflect.TypeFor[uint64](),
	13: reflect.TypeFor[uintptr](),
	14: reflect.TypeFor[float32](),
	15: reflect.TypeFor[float64](),
	16: reflect.TypeFor[complex64](),
	17: reflect.TypeFor[complex128](),
	18: reflect.TypeFor[string](),
	19: reflect.TypeFor[unsafe.Pointer](),
	20: reflect.TypeFor[any](),
	21: reflect.TypeFor[error](),
}

var basicNumbers = func() map[reflect.Type]uint64 {
	m := map[reflect.Type]uint64{}
	for i, t := range basicTypes {
		if t != nil {
			m[t] = uint64(i)
		}
	}
	return m
}()

// rtype is the dynamic type of every reflect.Type.
var rtype = reflect.TypeOf(reflect.TypeFor[int]())

// sameMemory reports whether memory of one type may be used as the other: they are
// the same, or Go converts pointers between them because both are defined by one
// underlying type.
func sameMemory(p, q *plan) bool {
	if p == q {
		return true
	}
	if p.op != q.op || p.size != q.size || p.rec != nil || q.rec != nil || p.op >= opCodec || len(p.fields) != len(q.fields) {
		return false
	}
	for i := range p.fields {
		if p.fields[i].off != q.fields[i].off || p.fields[i].p != q.fields[i].p {
			return false
		}
	}
	return reflect.PointerTo(p.typ).ConvertibleTo(reflect.PointerTo(q.typ))
}

// findPath appends to steps the way from an array of n values of p (which is not
// itself an array type) to the count values of t that begin off bytes into it, or of
// a type of the same memory.
// Arrays are seen flat; an index is written only where there is more than one
// element.
func findPath(steps []uint64, p *plan, n int, off uintptr, t *plan, count int) ([]uint64, bool) {
	want := t.flatN * count
	for {
		if p.size == 0 {
			return steps, false
		}
		i := int(off / p.size)
		if i >= n {
			return steps, false
		}
		off %= p.size
		if n != 1 {
			steps = append(steps, uint64(i))
		}
		if off == 0 && sameMemory(p, t.flat) {
			return steps, want <= n-i
		}
		if p.op != opStruct {
			return steps, false
		}
		found := false
		for j := range p.fields {
			f := &p.fields[j]
			if f.off <= off && off-f.off < f.p.size {
				steps = append(steps, uint64(j))
				off -= f.off
				p, n = f.p.flat, f.p.flatN
				found = true
				break
			}
		}
		if !found {
			return steps, false
		}
	}
}
