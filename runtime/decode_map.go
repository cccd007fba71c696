package runtime

import (
	"reflect"
	"unsafe"
)

func (d *decoder) mapContent(o loadedObject) {
	p := o.p
	mem := o.mem
	m := reflect.NewAt(p.typ, unsafe.Pointer(&mem)).Elem()
	key, value := reflect.New(p.key.typ), reflect.New(p.elem.typ)
	waits := false
	for range o.n {
		waiting := len(d.fixups) + len(d.late) + len(d.syncMaps)
		if p.native == nil {
			key.Elem().SetZero()
			value.Elem().SetZero()
		}
		d.inKey = true
		d.value(p.key, key.UnsafePointer())
		d.inKey = false
		d.value(p.elem, value.UnsafePointer())
		if p.key.hashes && !key.Elem().Comparable() {
			d.fail("a key of %v that cannot be compared", p.typ)
		}
		if len(d.fixups)+len(d.late)+len(d.syncMaps) > waiting {
			d.lateEntries = append(d.lateEntries, lateEntry{o, key, value})
			key, value, waits = reflect.New(p.key.typ), reflect.New(p.elem.typ), true
			continue
		}
		if p.native != nil {
			p.native.put(o.mem, key.UnsafePointer(), value.UnsafePointer())
			continue
		}
		m.SetMapIndex(key.Elem(), value.Elem())
	}
	if !waits {
		d.checkKeys(o, m)
	}
}

func (d *decoder) checkKeys(o loadedObject, m reflect.Value) {
	if m.Len() != o.n {
		d.fail("a key of %v stands twice", o.p.typ)
	}
}

// finishMaps adds the entries whose values had to wait.
func (d *decoder) finishMaps() {
	entries := func(f func(l *lateEntry, m reflect.Value)) {
		for i := range d.lateEntries {
			l := &d.lateEntries[i]
			mem := l.obj.mem
			f(l, reflect.NewAt(l.obj.p.typ, unsafe.Pointer(&mem)).Elem())
		}
	}
	set := func(of bool) {
		entries(func(l *lateEntry, m reflect.Value) {
			if (l.obj.p.typ == entriesType) == of {
				m.SetMapIndex(l.key.Elem(), l.value.Elem())
			}
		})
	}
	// A sync.Map may itself be a value of a map, to which it is copied, but not of what its
	// entries are in.
	set(true)
	d.fillSyncMaps()
	set(false)
	entries(func(l *lateEntry, m reflect.Value) { d.checkKeys(l.obj, m) })
}
