package runtime

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"
)

// nameKey is a name in a state: of a registered variable, a binding, or a capture.
type nameKey struct {
	kind    uint8
	v       *varType // of a variable, or what the process has bound
	i       int      // a binding's number
	capture *capture
}

// capture is what a func value with a name has captured, under the field of its
// record. Captures are never assigned to, since a variable that is has a box of its
// own, so that the name means the same in each process.
type capture struct {
	of    nameKey
	field string
}

// namedValues finds the names of values: of those that variables hold which are never
// reassigned, or of the bindings of a coroutine.
type namedValues struct {
	// byWord finds pointers, maps and funcs.
	byWord map[unsafe.Pointer][]namedValue
	// byType holds the values for which the address means nothing: those of
	// interface variables that are not references.
	byType map[reflect.Type][]namedValue
	// zeros are the pointers to nothing.
	zeros []zeroName
	// spans are the memory that pointers point to, and records, by address. Of those
	// that begin at one address the outermost is first, of those that are the same the
	// one that has been added first is last.
	spans []span
	// pages has a bit for each page that spans are in, or for another one that has the
	// same last bits of its number.
	pages [64]uint64

	records map[unsafe.Pointer]bool // those whose captures have names
	unset   []*varType              // variables that had no value
}

type namedValue struct {
	key   nameKey
	typ   reflect.Type // of the value itself, not of an interface variable
	value any
}

type zeroName struct {
	key  nameKey
	word unsafe.Pointer
	elem *plan
}

type span struct {
	lo, hi uintptr
	reach  uintptr // the highest end of this span and those before it
	p      *plan
	key    nameKey
	order  int
}

// add gives a name to a value, and to what it has captured if it is a func or the
// record of one.
func (v *namedValues) add(r *registry, key nameKey, x any) {
	typ := reflect.TypeOf(x)
	word := (*eface)(unsafe.Pointer(&x)).data
	switch typ.Kind() {
	case reflect.Pointer:
		if word == nil {
			return // a nil pointer in an interface
		}
		elem := r.plans.of(typ.Elem())
		if elem.size == 0 {
			v.zeros = append(v.zeros, zeroName{key, word, elem})
			break
		}
		v.addWord(word, namedValue{key, typ, x})
		v.addMemory(r, key, word, elem)
		return
	case reflect.Func:
		if word == nil {
			return
		}
		v.addWord(word, namedValue{key, typ, x})
		if p, record := r.recordBehind(x); record != nil {
			v.addMemory(r, key, record, p)
		}
		return
	case reflect.Map, reflect.Chan:
		if word != nil {
			v.addWord(word, namedValue{key, typ, x})
		}
		return
	}
	if typ.Comparable() {
		if v.byType == nil {
			v.byType = map[reflect.Type][]namedValue{}
		}
		v.byType[typ] = append(v.byType[typ], namedValue{key, typ, x})
	}
}

func (v *namedValues) addWord(word unsafe.Pointer, n namedValue) {
	if v.byWord == nil {
		v.byWord = map[unsafe.Pointer][]namedValue{}
	}
	v.byWord[word] = append(v.byWord[word], n)
}

func (v *namedValues) addMemory(r *registry, key nameKey, addr unsafe.Pointer, p *plan) {
	lo := uintptr(addr)
	v.spans = append(v.spans, span{lo: lo, hi: lo + p.size, p: p, key: key, order: len(v.spans)})
	if p.rec != nil && !v.records[addr] {
		if v.records == nil {
			v.records = map[unsafe.Pointer]bool{}
		}
		v.records[addr] = true
		v.addCaptures(r, key, "", addr, p)
	}
}

// addCaptures gives names to the references in a record, or in a struct in it.
func (v *namedValues) addCaptures(r *registry, key nameKey, prefix string, addr unsafe.Pointer, p *plan) {
	for i := range p.fields {
		f := &p.fields[i]
		at := unsafe.Add(addr, f.off)
		switch f.p.op {
		case opStruct:
			if f.p.rec == nil && !f.p.leaf {
				v.addCaptures(r, key, prefix+f.name+".", at, f.p)
			}
		case opPointer, opMap, opChan, opFunc, opInterface:
			x := reflect.NewAt(f.p.typ, at).Elem().Interface()
			if references(x) {
				v.add(r, nameKey{kind: nameCapture, capture: &capture{key, prefix + f.name}}, x)
			}
		}
	}
}

// references reports whether x refers to something that has an identity.
func references(x any) bool {
	if x == nil || (*eface)(unsafe.Pointer(&x)).data == nil {
		return false
	}
	switch t := reflect.TypeOf(x); t.Kind() {
	case reflect.Pointer:
		return t.Elem().Size() > 0
	case reflect.Map, reflect.Chan, reflect.Func:
		return true
	}
	return false
}

// sort is called when everything has been added.
func (v *namedValues) sort() {
	slices.SortFunc(v.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(b.hi, a.hi), b.order-a.order)
	})
	reach := uintptr(0)
	for i := range v.spans {
		reach = max(reach, v.spans[i].hi)
		v.spans[i].reach = reach
		lo, hi := v.spans[i].lo/pageSize, (v.spans[i].hi-1)/pageSize
		for page := lo; page <= min(hi, lo+4095); page++ {
			v.pages[page/64%64] |= 1 << (page % 64)
		}
	}
}

// near reports whether there may be a span around a.
func (v *namedValues) near(a uintptr) bool {
	page := a / pageSize
	return v.pages[page/64%64]>>(page%64)&1 != 0
}

// before returns the last span that begins at a or before it, or -1.
func (v *namedValues) before(a uintptr) int {
	lo, hi := 0, len(v.spans)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); v.spans[mid].lo <= a {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1
}

// word finds the pointer, map or func value w of type typ.
func (v *namedValues) word(w unsafe.Pointer, typ reflect.Type) (nameKey, bool) {
	if len(v.byWord) == 0 {
		return nameKey{}, false
	}
	for _, nv := range v.byWord[w] {
		if nv.typ == typ {
			return nv.key, true
		}
	}
	return nameKey{}, false
}

// equal finds a value that is no reference. If two variables hold such a value,
// nothing tells which one is meant.
func (v *namedValues) equal(x any) (key nameKey, ok bool) {
	for _, nv := range v.byType[reflect.TypeOf(x)] {
		if nv.typ.Kind() == reflect.Pointer || reflect.ValueOf(x).Comparable() && nv.value == x {
			if ok {
				return nameKey{}, false
			}
			key, ok = nv.key, true
		}
	}
	return key, ok
}

// recordBehind returns the record of a func value and its plan, or nil if it has none
// that is registered.
func (r *registry) recordBehind(f any) (*plan, unsafe.Pointer) {
	record := recordAt((*eface)(unsafe.Pointer(&f)).data)
	if record == nil {
		return nil, nil
	}
	p := r.plans.of(reflect.TypeOf(record).Elem())
	if p.rec == nil {
		return nil, nil
	}
	return p, (*eface)(unsafe.Pointer(&record)).data
}
