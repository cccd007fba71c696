package runtime

import (
	"fmt"
	"reflect"
	"strings"
)

// wireType is a type as a state describes it.
type wireType struct {
	kind  byte
	named bool
	local reflect.Type // the type of that name in this program
	a, b  uint64       // numbers of types, a length, a direction
	first int          // fields or parameters
	n     int
	text  string

	plan      *plan        // what it has been resolved to
	resolving bool         // a cycle, if it is needed again
	matched   reflect.Type // what it has been found to describe, or is assumed to
}

type wireField struct {
	off, n int // of the name, in the body
	typ    uint64
	flags  byte
	pkg    string
	tag    string
}

func (d *decoder) readTypes() {
	d.types = make([]wireType, d.count(2))
	for i := range d.types {
		d.readType(&d.types[i])
	}
}

func (d *decoder) readType(t *wireType) {
	k := d.byte()
	t.kind, t.named = k&^kindNamed, k&kindNamed != 0
	var name []byte
	if t.named {
		name = d.name()
	}
	switch t.kind {
	case kindBasic, kindCodec, kindZero, kindRecord, kindNested:
		if !t.named {
			d.fail("an unnamed type of kind %d", t.kind)
		}
	case kindStructX:
		if t.named {
			d.fail("a named type of kind %d", t.kind)
		}
	}
	if t.named && t.kind != kindRecord {
		if t.local = d.reg.names.named(name); t.local == nil {
			d.incompatible("this program does not know the type %s", name)
		}
	}
	switch t.kind {
	case kindHandle:
		if !d.handles {
			d.fail("unknown kind of type %d", t.kind)
		}
		x := typePointer{d.handle(d.uvarint(), rtype).word}
		t.local = x.typ()
		t.matched = t.local
	case kindBasic, kindPointer, kindSlice:
		t.a = d.uvarint()
	case kindArray:
		t.n = d.int()
		t.a = d.uvarint()
	case kindMap, kindChan:
		t.b = d.uvarint()
		t.a = d.uvarint()
	case kindFunc:
		t.b = uint64(d.byte())
		t.first = len(d.params)
		t.n = d.count(1)
		for range t.n {
			d.params = append(d.params, d.uvarint())
		}
		t.a = uint64(d.count(1))
		for range t.a {
			d.params = append(d.params, d.uvarint())
		}
	case kindInterface:
		t.text = RenamedIn(d.reg.renamed, string(d.str()))
	case kindCodec, kindZero, kindNested:
	case kindRecord:
		fingerprint := d.fixed64()
		r := d.reg.records[versionKey{string(name), fingerprint}]
		if r == nil && fingerprint == 0 {
			r = d.reg.oldFunc(string(name), nil)
		}
		if r == nil {
			for key := range d.reg.records {
				if key.name == string(name) {
					d.incompatible("func %s has changed since (fingerprint %016x, here %016x)", name, fingerprint, key.fingerprint)
				}
			}
			d.incompatible("this program has no func %s", name)
		}
		t.local = r.typ
		d.readFields(t)
	case kindStruct, kindStructX:
		d.readFields(t)
	default:
		d.fail("unknown kind of type %d", t.kind)
	}
}

func (d *decoder) readFields(t *wireType) {
	t.first, t.n = len(d.fields), d.count(2)
	for range t.n {
		name := d.str()
		f := wireField{off: d.i - len(name), n: len(name)}
		f.typ = d.uvarint()
		if t.kind == kindStructX {
			f.flags = d.byte()
			if f.flags&fieldPackage != 0 {
				f.pkg = d.reg.names.spelling.localPkg(Renamed(d.reg.renamed, string(d.str())))
			}
			if f.flags&fieldTag != 0 {
				f.tag = string(d.str())
			}
		}
		d.fields = append(d.fields, f)
	}
}

func (d *decoder) fieldName(f *wireField) []byte { return d.b[f.off : f.off+f.n] }

// typ returns a described type.
func (d *decoder) typ(id uint64) *wireType {
	if id < firstType || id-firstType >= uint64(len(d.types)) {
		d.fail("no type %d", id)
	}
	return &d.types[id-firstType]
}

// Types that a state describes without a name nest no deeper than this.
const maxTypeDepth = 1000

// resolve returns the plan of the type of a number. Named types are those of this
// program, once they have been found to be what the state describes; others are
// put together from their parts.
func (d *decoder) resolve(id uint64) *plan {
	if id < firstType {
		t := basicTypes[id]
		if t == nil {
			d.fail("no type %d", id)
		}
		return d.reg.plans.of(t)
	}
	t := d.typ(id)
	if t.plan != nil {
		return t.plan
	}
	typ := t.local
	if typ == nil {
		if t.resolving || d.depth >= maxTypeDepth {
			d.fail("type %d contains itself, or too much", id)
		}
		t.resolving = true
		d.depth++
		if err := safely(func() { typ = d.compose(t) }); err != nil {
			if isState(err) {
				panic(decodeError{err})
			}
			d.fail("type %d: %v", id, err)
		}
		d.depth--
		t.resolving = false
	}
	p := d.reg.plans.of(typ)
	if why := d.match(id, p); why != "" {
		d.incompatible("type %v differs: %s", typ, why)
	}
	t.plan = p
	return p
}

func (d *decoder) compose(t *wireType) reflect.Type {
	part := func(id uint64) reflect.Type {
		typ := d.resolve(id).typ
		if typ == derivedPointer || typ == derivedType && t.kind != kindPointer {
			d.fail("a type that contains %v", typ)
		}
		// Types that are composed are kept for ever, with what they are called, which
		// can double from one to the next.
		if d.named += len(typ.String()); d.named > 16*d.length+1<<20 {
			d.fail("types that are too large")
		}
		return typ
	}
	switch t.kind {
	case kindPointer:
		return reflect.PointerTo(part(t.a))
	case kindSlice:
		return reflect.SliceOf(part(t.a))
	case kindArray:
		part(t.a)
		p := d.resolve(t.a)
		// A new array type is kept for ever: its length must be in proportion.
		limit := 2*d.length + 4096
		if t.n > limit || t.n*max(p.min, 1) > limit-d.composed {
			d.fail("an array type of length %d", t.n)
		}
		d.composed += t.n * max(p.min, 1)
		return reflect.ArrayOf(t.n, p.typ)
	case kindMap:
		return reflect.MapOf(part(t.b), part(t.a))
	case kindChan:
		if t.b < 1 || t.b > 3 {
			d.fail("a channel of direction %d", t.b)
		}
		return reflect.ChanOf(reflect.ChanDir(t.b), part(t.a))
	case kindFunc:
		var in, out []reflect.Type
		for i, id := range d.params[t.first : t.first+t.n+int(t.a)] {
			if i < t.n {
				in = append(in, part(id))
			} else {
				out = append(out, part(id))
			}
		}
		return reflect.FuncOf(in, out, t.b == 1)
	case kindInterface:
		typ := d.reg.names.unnamedInterface(t.text)
		if typ == nil {
			d.incompatible("this program does not know the type %s", t.text)
		}
		return typ
	case kindStruct, kindStructX:
		var fields []reflect.StructField
		embedded := false
		for i := t.first; i < t.first+t.n; i++ {
			f := &d.fields[i]
			fields = append(fields, reflect.StructField{
				Name:      string(d.fieldName(f)),
				Type:      part(f.typ),
				PkgPath:   f.pkg,
				Tag:       reflect.StructTag(f.tag),
				Anonymous: f.flags&fieldEmbedded != 0,
			})
			embedded = embedded || f.flags&fieldEmbedded != 0
		}
		if embedded {
			typ := d.reg.names.unnamedStruct(fields)
			if typ == nil {
				d.incompatible("this program does not know a struct type with the fields %s", fieldNames(fields))
			}
			return typ
		}
		return reflect.StructOf(fields)
	}
	panic(decodeError{invalidf("unknown kind of type %d", t.kind)})
}

// match says how the type of a number differs from p, or returns "".
func (d *decoder) match(id uint64, p *plan) string {
	if id < firstType {
		if p.basic == id && id > typeNamed {
			return ""
		}
		if id == typeSelf {
			return fmt.Sprintf("the func's record in the state, %v here", p.typ)
		}
		if basicTypes[id] == nil {
			d.fail("no type %d", id)
		}
		return fmt.Sprintf("%v in the state, %v here", basicTypes[id], p.typ)
	}
	t := d.typ(id)
	if t.matched == p.typ {
		return ""
	}
	if t.matched != nil || p.basic != 0 {
		return d.versus(t, p)
	}
	if t.named != (p.typ.PkgPath() != "") && p.rec == nil {
		return d.versus(t, p)
	}
	if t.local != nil && t.local != p.typ {
		return d.versus(t, p)
	}
	if t.kind != kindOf(p) {
		return d.versus(t, p)
	}
	t.matched = p.typ
	why := d.matchParts(t, p)
	if why != "" {
		t.matched = nil
	}
	return why
}

func (d *decoder) versus(t *wireType, p *plan) string {
	return fmt.Sprintf("%s in the state, %v here", d.describe(t), p.typ)
}

func (d *decoder) describe(t *wireType) string {
	if t.local != nil {
		return t.local.String()
	}
	return [...]string{"a basic type", "a pointer", "a slice", "an array", "a map", "a channel", "a func", "a struct", "a struct", "an interface", "a value", "a value", "a func", "a coroutine"}[t.kind]
}

func (d *decoder) matchParts(t *wireType, p *plan) string {
	part := func(id uint64, typ reflect.Type) string { return d.match(id, d.reg.plans.of(typ)) }
	switch t.kind {
	case kindBasic:
		if basicOfKind[p.typ.Kind()] != t.a {
			return d.versus(t, p)
		}
	case kindPointer, kindSlice:
		return d.match(t.a, p.elem)
	case kindArray:
		if t.n != p.n {
			return fmt.Sprintf("an array of %d in the state, %v here", t.n, p.typ)
		}
		return d.match(t.a, p.elem)
	case kindMap:
		if why := d.match(t.b, p.key); why != "" {
			return why
		}
		return d.match(t.a, p.elem)
	case kindChan:
		if t.b != uint64(p.typ.ChanDir()) {
			return d.versus(t, p)
		}
		return d.match(t.a, p.elem)
	case kindFunc:
		if p.typ.NumIn() != t.n || p.typ.NumOut() != int(t.a) || p.typ.IsVariadic() != (t.b == 1) || t.b > 1 {
			return d.versus(t, p)
		}
		for i := range t.n {
			if why := part(d.params[t.first+i], p.typ.In(i)); why != "" {
				return why
			}
		}
		for i := range int(t.a) {
			if why := part(d.params[t.first+t.n+i], p.typ.Out(i)); why != "" {
				return why
			}
		}
	case kindInterface:
		if !t.named && t.text != d.reg.names.spelling.text(p.typ) {
			return fmt.Sprintf("%s in the state, %v here", t.text, p.typ)
		}
	case kindStruct, kindStructX, kindRecord:
		return d.matchFields(t, p)
	}
	return ""
}

func (d *decoder) matchFields(t *wireType, p *plan) string {
	same := t.n == len(p.fields)
	for i := 0; same && i < t.n; i++ {
		same = string(d.fieldName(&d.fields[t.first+i])) == p.fields[i].name
	}
	if !same {
		var saved, here []string
		for i := range t.n {
			saved = append(saved, string(d.fieldName(&d.fields[t.first+i])))
		}
		for _, f := range p.fields {
			here = append(here, f.name)
		}
		return fmt.Sprintf("the fields of %v are %s in the state, %s here", p.typ, strings.Join(saved, ", "), strings.Join(here, ", "))
	}
	for i := range t.n {
		f := &d.fields[t.first+i]
		if t.kind == kindStructX {
			g := p.typ.Field(i)
			if g.Anonymous != (f.flags&fieldEmbedded != 0) || g.PkgPath != f.pkg || string(g.Tag) != f.tag {
				return fmt.Sprintf("field %s of %v", p.fields[i].name, p.typ)
			}
		}
		if why := d.match(f.typ, p.fields[i].p); why != "" {
			return fmt.Sprintf("field %s of %v: %s", p.fields[i].name, p.typ, why)
		}
	}
	return ""
}
