package runtime

import (
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"unsafe"
)

// This file relies on two facts about func values that the gc compiler has kept
// since Go 1.1 and that NewFunc checks each time: a func value is a pointer to a
// closure whose first word is the code pointer, and the closure of a method value
// of a pointer receiver holds the receiver in the second word. It does not depend
// on symbol names, on inlining or on how other captures are laid out.

// Record is the first field of every generated record: the struct that stands for
// a func value and holds its captures as named fields.
type Record struct{ typ *RecordType }

// MakeRecord returns the header of a record of type t.
func MakeRecord(t *RecordType) Record { return Record{typ: t} }

// RecordType describes the records of one func literal, method value or function
// used as a value. Generated code declares one as a package-level variable for
// each; those of generic functions come from [RecordTypeOf].
type RecordType struct {
	// Proto is the nil pointer to the record's type.
	Proto any
}

// at returns the record at p as an interface value that holds a pointer to it.
func (t *RecordType) at(p unsafe.Pointer) any {
	v := t.Proto
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1] = p
	return v
}

var recordTypes sync.Map // reflect.Type of *R → *RecordType

// RecordTypeOf returns the record type of R, the same one for each call.
func RecordTypeOf[R any]() *RecordType {
	key := reflect.TypeFor[*R]()
	if t, ok := recordTypes.Load(key); ok {
		return t.(*RecordType)
	}
	t, _ := recordTypes.LoadOrStore(key, &RecordType{Proto: (*R)(nil)})
	return t.(*RecordType)
}

// closure is what a func value points to, as far as this file looks at it.
type closure struct {
	code   uintptr
	record unsafe.Pointer
}

// codeSet is an immutable open-addressed set of code pointers.
type codeSet struct {
	mask  uintptr
	slots []codeSlot
	n     int
}

// codeSlot has a code pointer, and the record of a function that has no captures: in
// contrast to those of closures its code pointer says all.
type codeSlot struct {
	code   uintptr
	static any
}

var (
	recordCode   atomic.Pointer[codeSet]
	recordCodeMu sync.Mutex
)

func init() { recordCode.CompareAndSwap(nil, newCodeSet(64)) }

func newCodeSet(size uintptr) *codeSet {
	return &codeSet{mask: size - 1, slots: make([]codeSlot, size)}
}

func hashCode(code uintptr) uintptr { return code>>4 ^ code>>11 }

// find returns the slot of a code pointer, or nil.
func (s *codeSet) find(code uintptr) *codeSlot {
	for i := hashCode(code); ; i++ {
		switch slot := &s.slots[i&s.mask]; slot.code {
		case code:
			return slot
		case 0:
			return nil
		}
	}
}

func (s *codeSet) add(slot codeSlot) {
	i := hashCode(slot.code)
	for s.slots[i&s.mask].code != 0 {
		i++
	}
	s.slots[i&s.mask] = slot
	s.n++
}

// addRecordCode adds a slot, and reports whether its code is new.
func addRecordCode(slot codeSlot) bool {
	recordCodeMu.Lock()
	defer recordCodeMu.Unlock()
	old := recordCode.Load()
	if old == nil {
		old = newCodeSet(64)
	}
	if old.find(slot.code) != nil {
		return false
	}
	size := old.mask + 1
	if uintptr(old.n)*4 >= size*2 {
		size *= 2
	}
	s := newCodeSet(size)
	for _, c := range old.slots {
		if c.code != 0 {
			s.add(c)
		}
	}
	s.add(slot)
	recordCode.Store(s)
	return true
}

// NewFunc returns f, the method value of the plain method of the record r, after
// noting its code pointer, by which [RecordOf] will know it again. It panics if
// the two do not belong together, which would be a bug in coroc or a Go release
// that lays closures out differently.
func NewFunc[R, F any](r *R, f F) F {
	fn := *(*unsafe.Pointer)(unsafe.Pointer(&f))
	c := (*closure)(fn)
	if uintptr(c.record) != uintptr(unsafe.Pointer(r)) {
		panic(fmt.Sprintf("coroutine: the method value %T does not hold its receiver where this version of coroc expects it", f))
	}
	if s := recordCode.Load(); s == nil || s.find(c.code) == nil {
		addRecordCode(codeSlot{code: c.code})
	}
	return f
}

// RecordOf returns the generated record behind the func value f, as a pointer to
// it, or nil if f is nil or was not made by compiled code.
func RecordOf[F any](f F) any {
	return recordAt(*(*unsafe.Pointer)(unsafe.Pointer(&f)))
}

func recordAt(fn unsafe.Pointer) any {
	if fn == nil {
		return nil
	}
	s := recordCode.Load()
	if s == nil {
		return nil
	}
	slot := s.find(*(*uintptr)(fn))
	if slot == nil {
		return nil
	}
	if slot.static != nil {
		return slot.static
	}
	p := (*closure)(fn).record
	return (*Record)(p).typ.at(p)
}

// RegisterFunc makes a declared function, which is used as a value, known by name:
// its func values need no making, and r is the record of all of them. Generic
// functions, whose func values share code, cannot be registered so. Each package
// that uses a function as a value registers it; the first one is enough.
func RegisterFunc[R, F any](r *R, t *RecordType, name string, f F) {
	code := *(*uintptr)(*(*unsafe.Pointer)(unsafe.Pointer(&f)))
	if !addRecordCode(codeSlot{code, r}) {
		return
	}
	RegisterRecord(t, name, 0, func(*R) F { return f })
}
