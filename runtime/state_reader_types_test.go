package runtime

import (
	"fmt"
	"strings"
)

func (r *reader) fields() (l []rfield) {
	for range r.uvarint() {
		n := r.text()
		l = append(l, rfield{n, r.uvarint()})
	}
	return l
}

func (r *reader) typ() (t rtypeDesc) {
	k := r.byte()
	t.kind = k & 0x7f
	if k&0x80 != 0 {
		t.name = r.name() + " "
	}
	switch t.kind {
	case 0, 1, 2:
		t.elem = r.uvarint()
	case 3:
		t.n, t.elem = r.uvarint(), r.uvarint()
	case 4:
		t.key, t.elem = r.uvarint(), r.uvarint()
	case 5:
		t.n, t.elem = r.uvarint(), r.uvarint()
	case 6:
		r.byte()
		for range r.uvarint() {
			r.uvarint()
		}
		for range r.uvarint() {
			r.uvarint()
		}
	case 7:
		t.fields = r.fields()
	case 8:
		for range r.uvarint() {
			f := rfield{r.text(), r.uvarint()}
			flags := r.byte()
			if flags&2 != 0 {
				r.text()
			}
			if flags&4 != 0 {
				r.text()
			}
			t.fields = append(t.fields, f)
		}
	case 9:
		r.text()
	case 12:
		t.name += fmt.Sprintf("%x ", r.take(8))
		t.fields = r.fields()
	}
	t.describe = []string{"basic", "pointer", "slice", "array", "map", "chan", "func", "struct", "struct", "interface", "meaning", "zero", "record", "coroutine"}[t.kind]
	return t
}

func (r *reader) desc(id uint64) rtypeDesc { return r.types[id-32] }

func (r *reader) typeName(id uint64) string {
	if id < 32 {
		return rbasic[id]
	}
	t := r.desc(id)
	switch {
	case t.name != "":
		return strings.Fields(t.name)[0]
	case t.kind == 1:
		return "*" + r.typeName(t.elem)
	case t.kind == 2:
		return "[]" + r.typeName(t.elem)
	case t.kind == 3:
		return fmt.Sprintf("[%d]%s", t.n, r.typeName(t.elem))
	case t.kind == 4:
		return "map[" + r.typeName(t.key) + "]" + r.typeName(t.elem)
	}
	return t.describe
}

// leaf: the value holds no references.
func (r *reader) leaf(id uint64) bool {
	if id < 32 {
		return id <= 18
	}
	t := r.desc(id)
	switch t.kind {
	case 0, 10, 11:
		return true
	case 3:
		return t.n == 0 || r.leaf(t.elem)
	case 7, 8:
		for _, f := range t.fields {
			if !r.leaf(f.typ) {
				return false
			}
		}
		return true
	}
	return false
}

// flat sees through arrays.
func (r *reader) flat(id uint64) (elem, n uint64) {
	n = 1
	for id >= 32 && r.desc(id).kind == 3 {
		n *= r.desc(id).n
		id = r.desc(id).elem
	}
	return id, n
}

// empty: the value takes no bytes.
func (r *reader) empty(id uint64) bool {
	if id < 32 {
		return false
	}
	t := r.desc(id)
	switch t.kind {
	case 3:
		return t.n == 0 || r.empty(t.elem)
	case 7, 8:
		for _, f := range t.fields {
			if !r.empty(f.typ) {
				return false
			}
		}
		return true
	}
	return false
}
