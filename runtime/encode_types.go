package runtime

import (
	"encoding/binary"
	"reflect"
	"slices"
	"unsafe"
)

// typeID gives a type a number in this state, if it has none. It fails, because
// of the value at ptr, if the type has no name that another process knows.
func (e *encoder) typeID(p *plan, ptr unsafe.Pointer) {
	if p.basic != 0 {
		return
	}
	if p.id >= len(e.typeIDs) {
		n := int(e.reg.plans.count.Load())
		e.typeIDs = slices.Grow(e.typeIDs, n-len(e.typeIDs))[:n]
	}
	if e.typeIDs[p.id] != 0 {
		return
	}
	if why := e.unnameable(p); why != "" && e.keep == nil {
		e.fail(ptr, p.typ, why)
	}
	e.types = append(e.types, p)
	e.typeIDs[p.id] = uint64(len(e.types))
}

// typeNumber returns the number of a type, as a state refers to it.
func (e *encoder) typeNumber(p *plan) uint64 {
	if p.basic != 0 {
		return p.basic
	}
	return e.typeIDs[p.id] - 1 + firstType
}

// typeParts numbers the types that the description of p mentions.
func (e *encoder) typeParts(p *plan) {
	if e.keep != nil && e.unnameable(p) != "" {
		return // a handle
	}
	part := func(q *plan) { e.typeID(q, unsafe.Add(e.cur.base, e.cur.off)) }
	switch p.op {
	case opPointer, opSlice, opArray, opChan:
		part(p.elem)
	case opMap:
		part(p.key)
		part(p.elem)
	case opFunc:
		for i := range p.typ.NumIn() {
			part(e.reg.plans.of(p.typ.In(i)))
		}
		for i := range p.typ.NumOut() {
			part(e.reg.plans.of(p.typ.Out(i)))
		}
	case opStruct, opEntries:
		for i := range p.fields {
			part(p.fields[i].p)
		}
	}
}

// kindOf returns how a type is described.
func kindOf(p *plan) byte {
	switch p.op {
	case opPointer:
		return kindPointer
	case opSlice:
		return kindSlice
	case opArray:
		return kindArray
	case opMap:
		return kindMap
	case opChan:
		return kindChan
	case opFunc:
		return kindFunc
	case opInterface:
		return kindInterface
	case opCodec:
		return kindCodec
	case opZero, opRecord:
		return kindZero
	case opNested:
		return kindNested
	case opEntries:
		return kindStruct
	case opStruct:
		switch {
		case p.rec != nil:
			return kindRecord
		case p.typ.PkgPath() == "" && !plainStruct(p.typ):
			return kindStructX
		}
		return kindStruct
	default:
		return kindBasic
	}
}

// plainStruct reports whether the names and types of the fields are all that there
// is to say about an unnamed struct type.
func plainStruct(t reflect.Type) bool {
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous || f.Tag != "" || f.PkgPath != "" {
			return false
		}
	}
	return true
}

// describe writes the description of a type.
func (e *encoder) describe(p *plan) {
	if e.keep != nil && e.unnameable(p) != "" {
		e.b = append(e.b, kindHandle)
		e.holdType(p.typ)
		return
	}
	kind := kindOf(p)
	named := p.typ.PkgPath() != ""
	switch {
	case p.rec != nil:
		e.b = append(e.b, kind|kindNamed)
		e.name(p.rec.name)
	case named:
		e.b = append(e.b, kind|kindNamed)
		e.name(e.reg.names.describing(p).name)
	default:
		e.b = append(e.b, kind)
	}
	number := func(t reflect.Type) { e.uvarint(e.typeNumber(e.reg.plans.of(t))) }
	switch kind {
	case kindBasic:
		e.uvarint(basicOfKind[p.typ.Kind()])
	case kindPointer, kindSlice:
		e.uvarint(e.typeNumber(p.elem))
	case kindArray:
		e.uvarint(uint64(p.n))
		e.uvarint(e.typeNumber(p.elem))
	case kindMap:
		e.uvarint(e.typeNumber(p.key))
		e.uvarint(e.typeNumber(p.elem))
	case kindChan:
		e.uvarint(uint64(p.typ.ChanDir()))
		e.uvarint(e.typeNumber(p.elem))
	case kindFunc:
		variadic := byte(0)
		if p.typ.IsVariadic() {
			variadic = 1
		}
		e.b = append(e.b, variadic)
		e.uvarint(uint64(p.typ.NumIn()))
		for i := range p.typ.NumIn() {
			number(p.typ.In(i))
		}
		e.uvarint(uint64(p.typ.NumOut()))
		for i := range p.typ.NumOut() {
			number(p.typ.Out(i))
		}
	case kindInterface:
		text := ""
		if !named {
			text = e.reg.names.describing(p).text
		}
		e.str(text)
	case kindRecord:
		e.b = binary.LittleEndian.AppendUint64(e.b, p.rec.fingerprint)
		e.describeFields(p)
	case kindStruct:
		e.describeFields(p)
	case kindStructX:
		e.uvarint(uint64(len(p.fields)))
		for i := range p.fields {
			f := p.typ.Field(i)
			e.str(p.fields[i].name)
			e.uvarint(e.typeNumber(p.fields[i].p))
			flags := byte(0)
			if f.Anonymous {
				flags |= fieldEmbedded
			}
			if f.PkgPath != "" {
				flags |= fieldPackage
			}
			if f.Tag != "" {
				flags |= fieldTag
			}
			e.b = append(e.b, flags)
			if f.PkgPath != "" {
				e.str(e.reg.names.spelling.pkg(f.PkgPath))
			}
			if f.Tag != "" {
				e.str(string(f.Tag))
			}
		}
	}
}

func (e *encoder) describeFields(p *plan) {
	e.uvarint(uint64(len(p.fields)))
	for i := range p.fields {
		e.str(p.fields[i].name)
		e.uvarint(e.typeNumber(p.fields[i].p))
	}
}

// basicOfKind gives the number of the basic type that underlies a named one.
var basicOfKind = func() (m [reflect.UnsafePointer + 1]uint64) {
	for i, t := range basicTypes {
		if t != nil && t.Kind() != reflect.Interface {
			m[t.Kind()] = uint64(i)
		}
	}
	return m
}()
