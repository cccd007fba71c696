package runtime

import (
	"bytes"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// maxLabel is how long the labels of a dissection's values may be.
const maxLabel = 120

// label names a value for a dissection.
func (x *inspector) label(format string, args ...any) string {
	if x.each == nil {
		return ""
	}
	return cut(fmt.Sprintf(format, args...), maxLabel)
}

// part names a field of what has that label, if it has one.
func (x *inspector) part(label, field string) string {
	switch {
	case x.each == nil:
		return ""
	case label == "":
		return cut(field, maxLabel)
	}
	return cut(label+"."+cut(field, maxLabel), maxLabel)
}

// saying tells a value for a dissection: what it is called, its type, and what it is.
func (x *inspector) saying(label string, typ uint64, text string) {
	if x.each == nil {
		x.from = x.i
		return
	}
	x.say("%s %s: %s", label, x.typeText(typ), text)
}

// tick counts the values that are looked at.
func (x *inspector) tick() {
	if x.steps--; x.steps < 0 {
		x.fail("it would take too long to read this state, for its size")
	}
}

// value reads a value of a type. If there is no room for it, only its kind says so.
func (x *inspector) value(id uint64, label string) InspectedValue {
	x.tick()
	if x.depth++; x.depth > maxKeyDepth*(maxTypeNesting+1) {
		x.fail("values are nested too deeply")
	}
	kept := x.spend(int(unsafe.Sizeof(InspectedValue{})))
	v := x.valueOf(id, label, kept)
	x.depth--
	if !kept {
		return InspectedValue{Kind: InspectedOmitted}
	}
	return v
}

// valueOf reads a value. If it is not kept, what is returned does not matter.
func (x *inspector) valueOf(id uint64, label string, kept bool) InspectedValue {
	t := x.typ(id)
	switch {
	case t.empty && t.kind == kindArray:
		return InspectedValue{Kind: InspectedArray}
	case t.empty:
		return InspectedValue{Kind: InspectedStruct}
	}
	switch t.kind {
	case kindBasic:
		return x.basic(id, t.elem, label, kept)
	case kindPointer:
		return x.referring(InspectedPointer, x.pointer(t.elem), id, label, kept)
	case kindSlice:
		return x.referring(InspectedSlice, x.slice(t.elem), id, label, kept)
	case kindArray:
		return x.array(t.elem, t.n, label)
	case kindMap:
		return x.referring(InspectedMap, x.mapRef(id), id, label, kept)
	case kindFunc:
		kind, ref := x.funcRef(id)
		return x.referring(kind, ref, id, label, kept)
	case kindChan:
		return x.referring(InspectedChan, x.chanRef(id), id, label, kept)
	case kindStruct, kindStructX:
		return x.fieldsOf(t.fields, t.solid, label)
	case kindRecord:
		v := x.fieldsOf(t.fields, t.solid, label)
		if len(v.Fields) > 0 && v.Fields[0].Type == recordName {
			v.Fields = v.Fields[1:]
		}
		v.Kind = InspectedRecord
		return v
	case kindInterface:
		return x.iface(id, label, kept)
	case kindCodec:
		b := x.bytes(x.count(1))
		v := InspectedValue{}
		if kept || x.each != nil {
			v = x.meaning(t.name, b)
		}
		if x.each != nil {
			x.saying(label, id, leafText(v))
		}
		x.from = x.i
		return v
	case kindNested:
		return x.coroutine(label, kept)
	default: // kindZero
		if b := x.byte(); b != 0 {
			x.fail("a value of %s that is not zero", t.name)
		}
		x.saying(label, id, "zero")
		return InspectedValue{Kind: InspectedZero}
	}
}

// coroutine reads one that another coroutine has.
func (x *inspector) coroutine(label string, kept bool) InspectedValue {
	flags := x.byte()
	if flags&^nestedKnown != 0 {
		x.fail("a coroutine with flags %#02x, of which some are unknown", flags)
	}
	c := &InspectedStack{Started: flags&nestedStarted != 0, Done: flags&nestedDone != 0, Function: InspectedValue{Kind: InspectedNil}}
	if x.each != nil {
		x.say("%s: a coroutine, done %t, started %t, suspends %t", label, c.Done, c.Started, flags&nestedPlain == 0)
	}
	x.from = x.i
	if !c.Done {
		c.Function = x.value(anyNumber, x.part(label, "function"))
		n := x.count(1)
		if n > 0 && !c.Started {
			x.fail("%s of a coroutine that has not started", counted(n, "frame"))
		}
		x.say("%s", counted(n, "frame"))
		x.level++
		for i := range n {
			f := x.frame(i)
			if x.out != nil && kept {
				c.Frames = append(c.Frames, f)
			}
		}
		x.level--
	}
	c.Frames = orEmpty(c.Frames)
	if kept && !x.spend(int(unsafe.Sizeof(*c))+len(c.Frames)*int(unsafe.Sizeof(InspectedFrame{}))) {
		return InspectedValue{Kind: InspectedOmitted}
	}
	return InspectedValue{Kind: InspectedCoroutine, Coroutine: c}
}

// anyNumber is the number of the type any.
const anyNumber = 20

// onlyNil reads what can only be nil in a state.
func (x *inspector) onlyNil(id uint64, label string) InspectedValue {
	if k := x.uvarint(); k != refNil {
		x.fail("a %s that only its process could have", x.typeText(id))
	}
	x.saying(label, id, "nil")
	return InspectedValue{Kind: InspectedNil}
}

// fieldsOf reads the fields of a struct, or the variables of a frame. Those that solid does
// not list take no bytes.
func (x *inspector) fieldsOf(fields []inspectedField, solid []int, label string) InspectedValue {
	v := InspectedValue{Kind: InspectedStruct}
	for i := range fields {
		if *x.left == 0 {
			// There is no room even for what takes no bytes.
			v.Omitted = len(fields) - i
			for _, j := range solid {
				if j >= i {
					x.value(fields[j].typ, x.part(label, fields[j].name))
				}
			}
			return v
		}
		f := InspectedField{Name: fields[i].name, Type: x.typeText(fields[i].typ)}
		x.spend(int(unsafe.Sizeof(f) - unsafe.Sizeof(f.Value)))
		f.Value = x.value(fields[i].typ, x.part(label, f.Name))
		v.Fields = append(v.Fields, f)
	}
	return v
}

// array reads n elements.
func (x *inspector) array(elem uint64, n int, label string) InspectedValue {
	if n > len(x.b)-x.i {
		x.truncated() // each takes a byte
	}
	if x.underlying(elem) == 9 {
		b := x.bytes(n)
		if x.each != nil {
			x.saying(label, elem, bytesText(b))
		}
		x.from = x.i
		if x.out == nil {
			return InspectedValue{}
		}
		return InspectedValue{Kind: InspectedBytes, Bytes: bytes.Clone(b)}
	}
	v := InspectedValue{Kind: InspectedArray}
	for i := range n {
		e := x.value(elem, x.label("%s[%d]", label, i))
		if e.Kind == InspectedOmitted {
			v.Omitted++
			continue
		}
		v.Elements = append(v.Elements, e)
	}
	return v
}

// basic reads a value of a type without parts; basic is the number of what it is defined
// as.
func (x *inspector) basic(id, basic uint64, label string, kept bool) InspectedValue {
	v := InspectedValue{Kind: InspectedInt}
	worth := kept || x.each != nil // the text is of use to somebody
	signed := func(n int64) {
		if worth {
			v.Text = strconv.FormatInt(n, 10)
		}
	}
	unsigned := func(n uint64) {
		if worth {
			v.Text = strconv.FormatUint(n, 10)
		}
	}
	float := func(f float64, bits int) {
		if v.Kind = InspectedFloat; worth {
			v.Text = strconv.FormatFloat(f, 'g', -1, bits)
		}
	}
	complexNumber := func(c complex128, bits int) {
		if v.Kind = InspectedComplex; worth {
			v.Text = strconv.FormatComplex(c, 'g', -1, bits)
		}
	}
	switch basic {
	case 2:
		v.Kind, v.Text = InspectedBool, [...]string{"false", "true"}[x.limit(1)]
	case 3, 7:
		signed(x.varint())
	case 4:
		signed(int64(int8(x.byte())))
	case 5:
		signed(x.limited(16))
	case 6:
		signed(x.limited(32))
	case 8, 12, 13:
		unsigned(x.uvarint())
	case 9:
		unsigned(uint64(x.byte()))
	case 10:
		unsigned(x.limit(math.MaxUint16))
	case 11:
		unsigned(x.limit(math.MaxUint32))
	case 14:
		float(float64(x.float32()), 32)
	case 15:
		float(x.float(), 64)
	case 16:
		re := x.float32()
		complexNumber(complex(float64(re), float64(x.float32())), 64)
	case 17:
		re := x.float()
		complexNumber(complex(re, x.float()), 128)
	case 18:
		return x.stringOf(id, label)
	case 19:
		return x.onlyNil(id, label)
	case typeReflectType:
		n := x.uvarint()
		if v.Kind = InspectedNil; n != typeNil {
			x.checkType(n, x.from)
			v.Kind, v.Text = InspectedTypeValue, x.typeText(n)
		}
	case typeSelf:
		return x.referring(InspectedFunc, x.self(), id, label, kept)
	default:
		return x.iface(id, label, kept)
	}
	x.saying(label, id, v.Text)
	if kept && !x.spend(len(v.Text)) {
		v = InspectedValue{Kind: InspectedOmitted}
	}
	return v
}

func (x *inspector) limited(bits int) int64 {
	v := x.varint()
	if v>>(bits-1) != 0 && v>>(bits-1) != -1 {
		x.fail("%d is not a number of %d bits", v, bits)
	}
	return v
}

func (x *inspector) limit(most uint64) uint64 {
	v := x.uvarint()
	if v > most {
		x.fail("%d is larger than the largest number of its type, %d", v, most)
	}
	return v
}

func (x *inspector) float() float64 { return math.Float64frombits(bits.ReverseBytes64(x.uvarint())) }

func (x *inspector) float32() float32 {
	return math.Float32frombits(bits.ReverseBytes32(uint32(x.limit(math.MaxUint32))))
}

func (x *inspector) stringOf(id uint64, label string) InspectedValue {
	v := x.uvarint()
	var s, which string
	k, ok := 0, false
	if v&1 != 0 {
		k, ok = x.stringMentions.again(v>>1, len(x.strs))
	}
	switch {
	case v&1 != 0 && !ok:
		x.fail("there is no string %d among %d", v>>1, len(x.strs))
	case v&1 != 0:
		s, which = x.strs[k], x.label(", which is string %d", k+1)
	case v>>1 > uint64(len(x.b)-x.i):
		x.truncated()
	default:
		if s = string(x.bytes(int(v >> 1))); len(s) >= sharedString {
			x.stringMentions.add(len(x.strs))
			x.strs = append(x.strs, s)
			which = x.label(" (string %d)", len(x.strs))
		}
	}
	if x.each != nil {
		x.saying(label, id, stringText(s)+which)
	}
	x.from = x.i
	return stringValue(s)
}

func stringValue(s string) InspectedValue {
	if utf8.ValidString(s) {
		return InspectedValue{Kind: InspectedString, Text: s}
	}
	return InspectedValue{Kind: InspectedString, Bytes: []byte(s)}
}

// iface reads what an interface holds.
func (x *inspector) iface(id uint64, label string, kept bool) InspectedValue {
	t := x.uvarint()
	switch t {
	case typeNil:
		return x.referring("", nil, id, label, kept)
	case typeNamed:
		return x.referring(InspectedInterface, &InspectedReference{Name: x.nameRef()}, id, label, kept)
	case typeReflectType:
		n := x.uvarint()
		x.checkType(n, x.from)
		x.saying(label, id, "the type "+x.typeText(n))
		return InspectedValue{Kind: InspectedTypeValue, Type: "reflect.Type", Text: x.typeText(n)}
	}
	x.checkType(t, x.from)
	if t == 20 || t == 21 || x.kind(t) == kindInterface {
		x.fail("an interface that holds an interface, %s", x.typeText(t))
	}
	var v InspectedValue
	if x.boxed(t) && !x.inKey {
		v = x.referring(InspectedInterface, x.boxRef(t), id, label, kept)
	} else {
		if x.each != nil {
			x.saying(label, id, "of "+x.typeText(t))
		}
		v = x.value(t, label)
	}
	if v.Kind != InspectedOmitted {
		v.Type = x.typeText(t)
	}
	return v
}

// Texts of a dissection.

const maxElementText = 80

func stringText(s string) string {
	if len(s) <= maxElementText {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q… %d bytes", cut(s, maxElementText), len(s))
}

func bytesText(b []byte) string {
	if utf8.Valid(b) {
		return stringText(string(b))
	}
	return fmt.Sprintf("%d bytes", len(b))
}

func leafText(v InspectedValue) string {
	switch {
	case v.Bytes != nil:
		return bytesText(v.Bytes)
	case v.Kind == InspectedString:
		return stringText(v.Text)
	case v.Text != "":
		return cut(v.Text, maxElementText)
	}
	return v.Kind
}
