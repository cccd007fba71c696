package runtime

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// inspectedType is a type as a state describes it.
type inspectedType struct {
	at          int // where it stands
	kind        byte
	named       bool
	name        string // or the text of an interface
	fingerprint string
	n           int // length of an array, direction of a channel, 1 for a variadic func
	elem, key   uint64
	in, out     []uint64
	fields      []inspectedField

	laid, identified progress

	same    int  // the first type that is the same one
	empty   bool // values take no bytes
	leaf    bool // they hold no references
	nesting int  // of structs and arrays
	flat    uint64
	flatN   int
	solid   []int  // the fields that take bytes
	text    string // or ""
}

// progress says whether something about a type has been found out.
type progress uint8

const (
	no progress = iota
	open
	yes
)

type inspectedField struct {
	name  string
	typ   uint64
	at    int // where the type stands
	flags byte
	tag   string
}

const (
	// maxTypeNesting is how deep structs and arrays may nest in values.
	maxTypeNesting = 64
	// maxTypeText is how long types may be in words. In the state they share their parts.
	maxTypeText = 512
)

var typeKindTexts = [...]string{"basic", "pointer", "slice", "array", "map", "chan", "func", "struct", "struct", "interface", "meaning", "zero", "record", "coroutine"}

var basicTexts = strings.Fields("? ? bool int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 complex64 complex128 string unsafe.Pointer any error reflect.Type record")

// numberText names a type whose description has perhaps not been read yet.
func numberText(id uint64) string {
	if id < uint64(len(basicTexts)) {
		return basicTexts[id]
	}
	return fmt.Sprintf("type %d", id)
}

func (x *inspector) readTypes() {
	n := x.count(2)
	x.say("%s", counted(n, "type"))
	x.level = 1
	for i := range n {
		x.types = append(x.types, inspectedType{})
		x.readType(&x.types[i], i+firstType)
	}
	x.level = 0
	x.composed = map[string]int{}
	for i := range x.types {
		x.checkParts(i)
	}
	for i := range x.types {
		x.layout(i)
		x.identify(i)
	}
}

// checkParts fails if the i-th type is made of what is no type.
func (x *inspector) checkParts(i int) {
	t := &x.types[i]
	switch t.kind {
	case kindBasic:
		if t.elem < 2 || t.elem > 19 {
			x.failAt(t.at, "type %d is defined as type %d", i+firstType, t.elem)
		}
	case kindPointer, kindSlice, kindArray, kindChan:
		x.checkType(t.elem, t.at)
	case kindMap:
		x.checkType(t.key, t.at)
		x.checkType(t.elem, t.at)
	case kindFunc:
		for _, id := range append(t.in[:len(t.in):len(t.in)], t.out...) {
			x.checkType(id, t.at)
		}
	case kindStruct, kindStructX, kindRecord:
		for _, f := range t.fields {
			x.checkType(f.typ, f.at)
		}
	}
}

func (x *inspector) readType(t *inspectedType, number int) {
	t.at = x.i
	k := x.byte()
	t.kind, t.named = k&^kindNamed, k&kindNamed != 0
	if int(t.kind) >= len(typeKindTexts) {
		x.fail("kind of type %d is unknown", t.kind)
	}
	head := fmt.Sprintf("type %d", number)
	if t.named {
		t.name = x.name()
		head += " " + t.name
	}
	head += ": " + typeKindTexts[t.kind]
	switch t.kind {
	case kindBasic, kindCodec, kindZero, kindRecord, kindNested:
		if !t.named {
			x.fail("a type of kind %d (%s) without a name", t.kind, typeKindTexts[t.kind])
		}
	case kindStructX:
		if t.named {
			x.fail("a type of kind %d with a name", t.kind)
		}
	}
	switch t.kind {
	case kindBasic:
		t.elem = x.uvarint()
		x.say("%s, %s", head, numberText(t.elem))
	case kindPointer:
		t.elem = x.uvarint()
		x.say("%s to %s", head, numberText(t.elem))
	case kindSlice:
		t.elem = x.uvarint()
		x.say("%s of %s", head, numberText(t.elem))
	case kindArray:
		t.n, t.elem = x.int(), x.uvarint()
		x.say("%s of %d × %s", head, t.n, numberText(t.elem))
	case kindMap:
		t.key, t.elem = x.uvarint(), x.uvarint()
		x.say("%s from %s to %s", head, numberText(t.key), numberText(t.elem))
	case kindChan:
		if t.n = x.int(); t.n < 1 || t.n > 3 {
			x.fail("a channel of direction %d", t.n)
		}
		t.elem = x.uvarint()
		x.say("%s, direction %d, of %s", head, t.n, numberText(t.elem))
	case kindFunc:
		t.n = int(x.byte())
		t.in = x.params()
		t.out = x.params()
		if t.n > 1 || t.n == 1 && len(t.in) == 0 {
			x.fail("a func with a strange last parameter")
		}
		x.say("%s of %s with %s", head, counted(len(t.in), "parameter"), counted(len(t.out), "result"))
	case kindInterface:
		if text := x.str(); !t.named {
			t.name = text
			head += " " + text
		}
		x.say("%s", head)
	case kindRecord:
		t.fingerprint = x.fixed64()
		x.say("%s, fingerprint %s", head, t.fingerprint)
		t.fields = x.fields("capture", false)
	case kindStruct, kindStructX:
		x.say("%s", head)
		t.fields = x.fields("field", t.kind == kindStructX)
	default:
		x.say("%s", head)
	}
}

func (x *inspector) params() (list []uint64) {
	for range x.count(1) {
		list = append(list, x.uvarint())
	}
	return list
}

// checkType fails if there is no such type that values can be of.
func (x *inspector) checkType(id uint64, at int) {
	if id < 2 || id > typeReflectType && id < firstType || id >= firstType+uint64(len(x.types)) {
		x.failAt(at, "there is no type %d", id)
	}
}

func (x *inspector) typ(id uint64) *inspectedType {
	if id < firstType {
		return &inspectedType{kind: kindBasic, elem: id}
	}
	return &x.types[id-firstType]
}

func (x *inspector) kind(id uint64) byte {
	if id < firstType {
		return kindBasic
	}
	return x.types[id-firstType].kind
}

// layout finds out what values of the i-th type are in a state, and fails if it cannot be
// a type.
func (x *inspector) layout(i int) *inspectedType {
	t := &x.types[i]
	if t.laid == yes {
		return t
	}
	if t.laid == open {
		x.failAt(t.at, "type %d contains itself", i+firstType)
	}
	t.laid = open
	if x.depth++; x.depth > maxTypeNesting {
		x.failAt(t.at, "type %d nests deeper than %d", i+firstType, maxTypeNesting)
	}
	part := func(id uint64) inspectedType {
		if id < firstType {
			return inspectedType{leaf: id < 19, flat: id, flatN: 1}
		}
		return *x.layout(int(id - firstType))
	}
	t.flat, t.flatN = uint64(i)+firstType, 1
	switch t.kind {
	case kindBasic:
		t.leaf = t.elem < 19
	case kindArray:
		e := part(t.elem)
		if e.flatN > 0 && t.n > math.MaxInt>>2/e.flatN {
			x.failAt(t.at, "an array that is too long")
		}
		t.flat, t.flatN = e.flat, e.flatN*t.n
		t.empty = e.empty || t.n == 0
		t.leaf = e.leaf || t.empty
		t.nesting = e.nesting + 1
	case kindStruct, kindStructX, kindRecord:
		t.empty, t.leaf = true, t.kind != kindRecord
		for j, f := range t.fields {
			p := part(f.typ)
			t.leaf = t.leaf && p.leaf
			t.nesting = max(t.nesting, p.nesting+1)
			if !p.empty {
				t.empty = false
				t.solid = append(t.solid, j)
			}
		}
		t.leaf = t.leaf || t.empty
	case kindCodec, kindZero:
		t.leaf = true
	}
	if t.nesting > maxTypeNesting {
		x.failAt(t.at, "type %d nests deeper than %d", i+firstType, maxTypeNesting)
	}
	x.depth--
	t.laid = yes
	return t
}

// identify finds out which of the types before it the i-th type is the same as. Types
// without a name are, if they are made of the same parts in the same way.
func (x *inspector) identify(i int) *inspectedType {
	t := &x.types[i]
	if t.identified == yes {
		return t
	}
	if t.identified == open || x.depth > maxTypeDepth {
		x.failAt(t.at, "type %d contains itself, or too much", i+firstType)
	}
	t.identified = open
	x.depth++
	var key strings.Builder
	part := func(id uint64) {
		if id >= firstType {
			id = uint64(x.identify(int(id-firstType)).same) + firstType
		}
		fmt.Fprint(&key, " ", id)
	}
	fmt.Fprint(&key, t.kind, " ", t.n)
	switch {
	case t.named:
		key.Reset()
		fmt.Fprint(&key, "named ", t.kind == kindRecord, t.fingerprint, t.name)
	case t.kind == kindInterface:
		key.WriteString(t.name)
	case t.kind == kindFunc:
		for _, id := range t.in {
			part(id)
		}
		key.WriteString(" to")
		for _, id := range t.out {
			part(id)
		}
	case t.kind == kindMap:
		part(t.key)
		part(t.elem)
	case t.struct_():
		for _, f := range t.fields {
			part(f.typ)
			fmt.Fprint(&key, f.flags, strconv.Quote(f.name), strconv.Quote(f.tag))
		}
	default:
		part(t.elem)
	}
	if same, ok := x.composed[key.String()]; ok {
		t.same = same
	} else {
		t.same = i
		x.composed[key.String()] = i
	}
	x.depth--
	t.identified = yes
	return t
}

func (x *inspector) same(a, b uint64) bool {
	if a < firstType || b < firstType {
		return a == b
	}
	return x.typ(a).same == x.typ(b).same
}

// sameMemory reports whether memory of type a may be used as b: they are the same, or two
// names of one underlying type.
func (x *inspector) sameMemory(a, b uint64) bool {
	if x.same(a, b) {
		return true
	}
	t, u := x.typ(a), x.typ(b)
	if !t.struct_() || !u.struct_() {
		return !t.struct_() && !u.struct_()
	}
	if len(t.fields) != len(u.fields) {
		return false
	}
	for i := range t.fields {
		if t.fields[i].name != u.fields[i].name || !x.same(t.fields[i].typ, u.fields[i].typ) {
			return false
		}
	}
	return true
}

func (t *inspectedType) struct_() bool {
	return t.kind == kindStruct || t.kind == kindStructX || t.kind == kindRecord
}

func (x *inspector) empty(id uint64) bool { return id >= firstType && x.typ(id).empty }

func (x *inspector) leaf(id uint64) bool {
	if id < firstType {
		return id < 19
	}
	return x.typ(id).leaf
}

// boxed reports whether a value of a type is an object of its own if an interface holds it.
func (x *inspector) boxed(id uint64) bool {
	kind := x.kind(id)
	return (kind == kindStruct || kind == kindStructX || kind == kindArray) && !x.leaf(id)
}

// flat sees through arrays.
func (x *inspector) flat(id uint64) (elem uint64, n int) {
	if id < firstType {
		return id, 1
	}
	t := x.typ(id)
	return t.flat, t.flatN
}

// underlying returns the number of the basic type that a type is or is defined as, or 0.
func (x *inspector) underlying(id uint64) uint64 {
	if id < firstType {
		return id
	}
	if t := x.typ(id); t.kind == kindBasic {
		return t.elem
	}
	return 0
}

// Types in words.

// typeText returns a type as Go writes it.
func (x *inspector) typeText(id uint64) string {
	if id < firstType {
		return numberText(id)
	}
	t := x.typ(id)
	if t.text == "" {
		w := typeWriter{x: x}
		w.typ(id)
		t.text = x.text(w.String())
	}
	return t.text
}

// typeWriter writes types up to a length.
type typeWriter struct {
	strings.Builder
	x    *inspector
	full bool
}

func (w *typeWriter) put(s string) {
	if w.full {
		return
	}
	if w.Len()+len(s) > maxTypeText {
		s = cut(s, maxTypeText-w.Len())
		w.full = true
	}
	w.WriteString(s)
}

func (w *typeWriter) typ(id uint64) {
	if w.full {
		return
	}
	if id < firstType {
		w.put(numberText(id))
		return
	}
	if t := w.x.typ(id); t.named {
		w.put(t.name)
	} else {
		w.definition(t)
	}
}

// definition writes what stands behind the name of a type.
func (w *typeWriter) definition(t *inspectedType) {
	switch t.kind {
	case kindBasic:
		w.typ(t.elem)
	case kindPointer:
		w.put("*")
		w.typ(t.elem)
	case kindSlice:
		w.put("[]")
		w.typ(t.elem)
	case kindArray:
		w.put(fmt.Sprintf("[%d]", t.n))
		w.typ(t.elem)
	case kindMap:
		w.put("map[")
		w.typ(t.key)
		w.put("]")
		w.typ(t.elem)
	case kindChan:
		w.put([...]string{"", "<-chan ", "chan<- ", "chan "}[t.n])
		if e := w.x.typ(t.elem); t.n == 3 && !e.named && e.kind == kindChan && e.n == 1 {
			w.put("(")
			w.typ(t.elem)
			w.put(")")
			return
		}
		w.typ(t.elem)
	case kindFunc:
		w.put("func")
		w.params(t.in, t.n == 1)
		switch len(t.out) {
		case 0:
		case 1:
			w.put(" ")
			w.typ(t.out[0])
		default:
			w.put(" ")
			w.params(t.out, false)
		}
	case kindStruct, kindStructX, kindRecord:
		w.struct_(t)
	case kindInterface:
		if !t.named {
			w.put(t.name)
		}
	}
}

func (w *typeWriter) params(list []uint64, variadic bool) {
	w.put("(")
	for i, id := range list {
		if w.full {
			return
		}
		if i > 0 {
			w.put(", ")
		}
		if t := w.x.typ(id); variadic && i == len(list)-1 && t.kind == kindSlice {
			w.put("...")
			id = t.elem
		}
		w.typ(id)
	}
	w.put(")")
}

func (w *typeWriter) struct_(t *inspectedType) {
	w.put("struct{")
	for i, f := range t.fields {
		if w.full {
			return
		}
		if i > 0 {
			w.put(";")
		}
		w.put(" ")
		if f.flags&fieldEmbedded == 0 {
			w.put(f.name)
			w.put(" ")
		}
		w.typ(f.typ)
		if f.tag != "" {
			w.put(" ")
			w.put(strconv.Quote(cut(f.tag, maxTypeText)))
		}
	}
	if len(t.fields) > 0 {
		w.put(" ")
	}
	w.put("}")
}

// typeList returns the types for the inspection.
func (x *inspector) typeList() (list []InspectedType) {
	for i := range x.types {
		t := &x.types[i]
		v := InspectedType{Number: i + firstType, Type: x.typeText(uint64(i) + firstType), Kind: typeKindTexts[t.kind], Fingerprint: t.fingerprint}
		if t.named {
			w := typeWriter{x: x}
			w.definition(t)
			v.Definition = x.text(w.String())
		}
		list = append(list, v)
	}
	return list
}
