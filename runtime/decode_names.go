package runtime

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

type loadedName struct {
	kind     uint8
	v        *varType
	b        *Binding
	name     string
	captured any
}

func (d *decoder) readNames() {
	n := d.count(2)
	d.names = slices.Grow(d.names[:0], n)[:n]
	clear(d.names)
	for i := range d.names {
		l := &d.names[i]
		l.kind = d.byte()
		if l.kind == nameCapture {
			d.readCapture(l, i)
			continue
		}
		name := d.name()
		switch l.kind {
		case nameValue, nameAddress:
			l.v = d.reg.vars.byName[string(name)]
			if l.v == nil {
				d.incompatible("this program has no variable %s", name)
			}
			l.name = l.v.name
		case nameBinding:
			if l.b = d.c.bindingNamed(name); l.b == nil {
				d.incompatible("the coroutine has no binding of %q: bind it before the state is loaded", name)
			}
			l.name = l.b.Name
		case nameProcess:
			if l.v = d.reg.binding(name); l.v == nil {
				d.incompatible("nothing is bound to the name %q in this process: call Bind with it before the state is loaded", name)
			}
			l.name = l.v.name
		default:
			d.fail("unknown kind of name %d", l.kind)
		}
	}
}

// readCapture reads the i-th name, of what one of the names before it has captured.
func (d *decoder) readCapture(l *loadedName, i int) {
	k := d.uvarint()
	if k >= uint64(i) {
		d.fail("a capture of name %d, which is not known yet", k)
	}
	of := &d.names[k]
	name := d.name()
	l.name = string(name) + " of " + of.name
	d.charge(len(l.name), 1)
	x := of.value()
	var p *plan
	var addr unsafe.Pointer
	switch t := reflect.TypeOf(x); {
	case of.kind == nameAddress || t == nil:
	case t.Kind() == reflect.Func:
		p, addr = d.reg.recordBehind(x)
	case t.Kind() == reflect.Pointer:
		p, addr = d.reg.plans.of(t.Elem()), (*eface)(unsafe.Pointer(&x)).data
	}
	if addr == nil || p.rec == nil {
		d.incompatible("%s is no func with captures here", of.name)
	}
	for part := range strings.SplitSeq(string(name), ".") {
		f, ok := p.fieldNamed(part)
		if !ok || f.p.op == opRecord {
			d.incompatible("%s has not captured %s here", of.name, name)
		}
		p, addr = f.p, unsafe.Add(addr, f.off)
	}
	l.captured = reflect.NewAt(p.typ, addr).Elem().Interface()
	if p.op == opStruct || p.op == opArray || !references(l.captured) {
		d.incompatible("%s is nothing that others can refer to here", l.name)
	}
}
