package runtime

import (
	"reflect"
	"unsafe"
)

// versionOfRecord is a record of the process, as one of another version of its func.
type versionOfRecord struct {
	addr unsafe.Pointer
	as   *plan
}

// otherVersion returns the record of a func in the version that a state is of, made of the
// record that the process has, which is of another one: what the func has captured belongs to
// the process.
func (d *decoder) otherVersion(l *loadedName, p *plan, addr unsafe.Pointer, t *plan) unsafe.Pointer {
	made, missing := d.recordAs(p, addr, t)
	if missing != nil {
		d.incompatible("func %s has captured %s of type %v in the version that the state is of, which it has not here", l.name, missing.name, missing.p.typ)
	}
	return made
}

// recordAs returns a record of a func as one of another version of that. If it has not captured
// all that it needs there, missing is the first thing. What has been captured never changes:
// a copy is as good.
func (d *decoder) recordAs(p *plan, addr unsafe.Pointer, t *plan) (made unsafe.Pointer, missing *field) {
	key := versionOfRecord{addr, t}
	if made := d.versions[key]; made != nil {
		return made, nil
	}
	d.charge(1, t.size)
	v := reflect.New(t.typ)
	made = v.UnsafePointer()
	*(*Record)(made) = MakeRecord(t.rec.t)
	for i := 1; i < len(t.fields); i++ {
		to := &t.fields[i]
		from, ok := p.fieldNamed(to.name)
		if !ok || from.p.typ != to.p.typ {
			return nil, to
		}
		reflect.NewAt(to.p.typ, unsafe.Add(made, to.off)).Elem().Set(reflect.NewAt(from.p.typ, unsafe.Add(addr, from.off)).Elem())
	}
	if d.versions == nil {
		d.versions = map[versionOfRecord]unsafe.Pointer{}
	}
	d.versions[key] = made
	return made, nil
}
