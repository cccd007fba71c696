package runtime

import (
	"reflect"
	"unsafe"
)

// held returns what the handle that comes next stands for, or nil if a name comes
// next.
func (d *decoder) held(t reflect.Type) *heldValue {
	if !d.handles {
		return nil
	}
	at := d.i
	k := d.uvarint()
	if k < uint64(len(d.names)) {
		d.i = at
		return nil
	}
	return d.handle(k-uint64(len(d.names)), t)
}

// handle returns what the k-th handle, to a value of type t, stands for.
func (d *decoder) handle(k uint64, t reflect.Type) *heldValue {
	if k >= uint64(len(d.keep.values)) || d.keep.values[k].typ != t {
		d.fail("no %v is held as %d", t, k)
	}
	return &d.keep.values[k]
}

// heldWord reads a reference of one word that is a handle, or 0 for nil.
func (d *decoder) heldWord(t reflect.Type) unsafe.Pointer {
	switch d.byte() {
	case refNil:
		return nil
	case refNamed:
		if v := d.held(t); v != nil {
			return v.word
		}
	}
	d.fail("a value of type %v", t)
	return nil
}

// heldBits copies the value that comes next as a handle to ptr.
func (d *decoder) heldBits(t reflect.Type, ptr unsafe.Pointer) {
	if !d.handles {
		d.fail("a value of type %v", t)
	}
	v := d.handle(d.uvarint(), t)
	reflect.NewAt(t, ptr).Elem().Set(reflect.NewAt(t, v.word).Elem())
}
