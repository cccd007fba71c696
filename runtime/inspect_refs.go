package runtime

import (
	"fmt"
	"strings"
	"unsafe"
)

// referring makes a value that refers to something, or nil, and reads the contents of an
// object that is mentioned for the first time.
func (x *inspector) referring(kind string, ref *InspectedReference, id uint64, label string, kept bool) InspectedValue {
	fresh := ref != nil && ref.Object > 0 && x.object(ref).fresh
	if x.each != nil {
		text := refText(ref)
		if fresh {
			text += ", new: " + x.objectText(x.object(ref))
		}
		x.saying(label, id, text)
	}
	x.from = x.i
	if fresh {
		x.object(ref).fresh = false
		x.contents(ref.Object, label)
	}
	switch {
	case ref == nil:
		return InspectedValue{Kind: InspectedNil}
	case kept && !x.spend(int(unsafe.Sizeof(*ref))+len(ref.Path)):
		return InspectedValue{Kind: InspectedOmitted}
	}
	v := InspectedValue{Kind: kind, Ref: ref}
	if ref.Name > 0 {
		v.Text = x.names[ref.Name-1].Text
	}
	return v
}

// refText describes a reference for a dissection.
func refText(ref *InspectedReference) string {
	switch {
	case ref == nil:
		return "nil"
	case ref.Object > 0:
		text := fmt.Sprintf("object %d%s", ref.Object, ref.Path)
		if ref.Capacity > 0 {
			text += fmt.Sprintf("[%d:%d:%d]", ref.Start, ref.Start+ref.Length, ref.Start+ref.Capacity)
		}
		return text
	case ref.Name > 0:
		text := fmt.Sprintf("name %d%s", ref.Name, ref.Path)
		if ref.Capacity > 0 {
			text += fmt.Sprintf(", %d of %d", ref.Length, ref.Capacity)
		}
		return text
	}
	return "no memory"
}

// nameRef reads the number of a name and returns it, from 1.
func (x *inspector) nameRef() int {
	k := x.uvarint()
	if k >= uint64(len(x.names)) {
		x.fail("there is no name %d", k+1)
	}
	return int(k) + 1
}

// maxPath is how long the paths of references may be, in words.
const maxPath = 1 << 10

// namedSteps reads the way into what has a name.
func (x *inspector) namedSteps() string {
	var b strings.Builder
	for range x.count(1) {
		k := x.uvarint()
		if b.Len() < maxPath {
			fmt.Fprintf(&b, ".%d", k)
		}
	}
	return cut(b.String(), maxPath)
}

// region returns a reference to an object, which has been mentioned, that a pointer can
// lead to.
func (x *inspector) region(k uint64) *InspectedReference {
	ref := x.known(k)
	if o := x.object(ref); o.form > formArray {
		x.fail("object %d is %s, to which nothing can point", ref.Object, x.objectText(o))
	}
	return ref
}

// pointer reads a pointer to a value of type t, and returns nil for nil.
func (x *inspector) pointer(t uint64) *InspectedReference {
	k := x.uvarint()
	switch {
	case k == refNil:
		return nil
	case k == refNamed:
		name := x.nameRef()
		return &InspectedReference{Name: name, Path: x.namedSteps()}
	case k == refNowhere:
		if !x.empty(t) {
			x.fail("a pointer to no memory, where there should be a %s", x.typeText(t))
		}
		return &InspectedReference{}
	case x.empty(t):
		x.fail("a pointer to memory, for %s, which needs none", x.typeText(t))
	}
	var ref *InspectedReference
	switch k {
	case refNew:
		elem, n := x.flat(t)
		return x.memory(elem, n, false)
	case refDescribed:
		ref = x.described()
	default:
		ref = x.region(k - refKnown)
	}
	o := x.object(ref)
	elem, n := x.flat(t)
	if x.same(elem, o.typ) && n == o.n {
		return ref
	}
	way := x.walk(o, elem)
	if n > way.room-way.index {
		x.fail("%d values of %s, where there are %d", n, x.typeText(elem), way.room-way.index)
	}
	ref.Path = way.path + x.indices(way, n)
	return ref
}

// self reads a reference to the record of the func that a frame belongs to.
func (x *inspector) self() *InspectedReference {
	var ref *InspectedReference
	switch k := x.uvarint(); k {
	case refNil:
		return nil
	case refNamed:
		name := x.nameRef()
		return &InspectedReference{Name: name, Path: x.namedSteps()}
	case refNowhere, refNew:
		x.fail("a func without a record")
	case refDescribed:
		ref = x.described()
	default:
		ref = x.region(k - refKnown)
	}
	if o := x.object(ref); x.kind(o.typ) != kindRecord {
		x.fail("object %d is %s, and no record of a func", ref.Object, x.objectText(o))
	}
	return ref
}

// slice reads a slice of elements of type t, and returns nil for nil.
func (x *inspector) slice(t uint64) (ref *InspectedReference) {
	k := x.uvarint()
	ref = &InspectedReference{}
	switch {
	case k == refNil:
		return nil
	case k == refNowhere:
		ref.Length, ref.Capacity = x.int(), x.int()
		if ref.Length > ref.Capacity || ref.Capacity > 0 && !x.empty(t) {
			x.fail("a slice of %d of %d elements without memory", ref.Length, ref.Capacity)
		}
		return ref
	case x.empty(t):
		x.fail("a slice of %s with memory", x.typeText(t))
	}
	elem, each := x.flat(t)
	switch k {
	case refNamed:
		ref.Name = x.nameRef()
		ref.Path = x.namedSteps()
		ref.Length, ref.Capacity = x.int(), x.int()
		if ref.Length > ref.Capacity || ref.Capacity == 0 {
			x.fail("a slice of %d of %d elements", ref.Length, ref.Capacity)
		}
		return ref
	case refNew, refSpare:
		n := x.int()
		c := n
		if k == refSpare {
			c = x.int()
		}
		if n > c || c-c/2 > len(x.b)-x.i {
			x.fail("a slice of %d of %d elements, before the last %d bytes", n, c, len(x.b)-x.i)
		}
		ref = x.memory(elem, c*each, k == refSpare)
		ref.Length, ref.Capacity = n, c
		return ref
	case refDescribed:
		ref = x.described()
	default:
		k -= refKnownSlice
		ref = x.region(k >> 1)
		if o := x.object(ref); k&1 != 0 {
			if !x.same(o.typ, elem) || o.n%each != 0 {
				x.fail("a slice of %s over object %d, %s", x.typeText(t), ref.Object, x.objectText(o))
			}
			ref.Length, ref.Capacity = o.n/each, o.n/each
			return ref
		}
	}
	w := x.walk(x.object(ref), elem)
	ref.Length, ref.Capacity = x.int(), x.int()
	if ref.Length > ref.Capacity || ref.Capacity == 0 || ref.Capacity > (w.room-w.index)/each {
		x.fail("a slice of %d of %d elements, where there are %d", ref.Length, ref.Capacity, (w.room-w.index)/each)
	}
	inner, index := x.around(w, ref.Capacity*each)
	ref.Path, ref.Start = w.path+inner, index/each
	if off := index % each; off != 0 {
		ref.Path += fmt.Sprintf("[%d:]", off)
	}
	return ref
}

// mapRef reads a map of a type, and returns nil for nil.
func (x *inspector) mapRef(id uint64) *InspectedReference {
	t := x.typ(id)
	switch k := x.uvarint(); k {
	case refNil:
		return nil
	case refNamed:
		return &InspectedReference{Name: x.nameRef()}
	case refNew:
		n := x.int()
		if n > len(x.b)-x.i || n > 1 && x.empty(t.key) {
			x.fail("a %s of %d entries, before the last %d bytes", x.typeText(id), n, len(x.b)-x.i)
		}
		return x.add(inspectedObject{typ: id, form: formMap, n: n})
	case refNowhere, refDescribed:
		x.fail("a %s in no memory, or in another type's", x.typeText(id))
		return nil
	default:
		ref := x.known(k - refKnown)
		o := x.object(ref)
		if m := x.typ(o.typ); o.form != formMap || !x.same(t.key, m.key) || !x.same(t.elem, m.elem) {
			x.fail("a %s that is object %d, %s", x.typeText(id), ref.Object, x.objectText(o))
		}
		return ref
	}
}

// chanRef reads a channel of a type, and returns nil for nil.
func (x *inspector) chanRef(id uint64) *InspectedReference {
	t := x.typ(id)
	switch k := x.uvarint(); k {
	case refNil:
		return nil
	case refNamed:
		return &InspectedReference{Name: x.nameRef()}
	case refNew:
		capacity, n := x.uvarint(), x.int()
		o := inspectedObject{typ: t.elem, form: formChan, n: n, capacity: int(capacity >> 1), closed: capacity&1 != 0}
		if n > o.capacity || n > len(x.b)-x.i && !x.empty(t.elem) {
			x.fail("a channel with %d of %d values, before the last %d bytes", n, o.capacity, len(x.b)-x.i)
		}
		return x.add(o)
	case refNowhere, refDescribed:
		x.fail("a %s in no memory, or in another type's", x.typeText(id))
		return nil
	default:
		ref := x.known(k - refKnown)
		if o := x.object(ref); o.form != formChan || !x.same(o.typ, t.elem) {
			x.fail("a %s that is object %d, %s", x.typeText(id), ref.Object, x.objectText(o))
		}
		return ref
	}
}

// funcRef reads a func of a type, and returns nil for nil.
func (x *inspector) funcRef(id uint64) (kind string, ref *InspectedReference) {
	switch k := x.uvarint(); k {
	case refNil:
		return InspectedFunc, nil
	case refNamed:
		return InspectedFunc, &InspectedReference{Name: x.nameRef()}
	case refNowhere, refNew:
		x.fail("a func without a record")
	case refDescribed:
		ref = x.described()
	default:
		ref = x.known(k - refKnown)
	}
	o := x.object(ref)
	switch t := x.typ(o.typ); {
	case o.form == formSingle && t.kind == kindRecord:
		return InspectedFunc, ref
	case o.form == formSingle && t.name == derivedName:
		return InspectedCancel, ref
	}
	x.fail("a %s that is object %d, %s", x.typeText(id), ref.Object, x.objectText(o))
	return "", nil
}

// boxRef reads a reference to a struct or array of type t that an interface holds.
func (x *inspector) boxRef(t uint64) *InspectedReference {
	k := x.uvarint()
	if k == refNew {
		return x.add(inspectedObject{typ: t, form: formBoxed, n: 1})
	}
	if k < refKnown {
		x.fail("a %s in an interface that is none", x.typeText(t))
	}
	ref := x.known(k - refKnown)
	if o := x.object(ref); o.form != formBoxed || !x.same(o.typ, t) {
		x.fail("object %d is %s, and no %s in an interface", ref.Object, x.objectText(o), x.typeText(t))
	}
	return ref
}

// inspectedWay leads to a place in an object.
type inspectedWay struct {
	path  string
	in    uint64 // the array type that the place is in, or 0 for that of an object
	index int    // the number of the element in it, of all arrays in it
	room  int    // and how many there are
}

// walk reads the way to values of type t, which is no array, in an object.
func (x *inspector) walk(o *inspectedObject, t uint64) inspectedWay {
	var path strings.Builder
	w := inspectedWay{room: o.n}
	for typ := o.typ; ; {
		w.index = 0
		if w.room != 1 {
			if w.index = x.int(); w.index >= w.room {
				x.fail("element %d of %d", w.index, w.room)
			}
		}
		if x.sameMemory(typ, t) {
			w.path = cut(path.String(), maxPath)
			return w
		}
		d := x.typ(typ)
		if !d.struct_() {
			x.fail("the way to a %s ends at a %s", x.typeText(t), x.typeText(typ))
		}
		k := x.uvarint()
		if k >= uint64(len(d.fields)) || x.empty(d.fields[k].typ) {
			x.fail("%s has no field %d with memory", x.typeText(typ), k)
		}
		f := &d.fields[k]
		if path.Len() < maxPath {
			path.WriteString(x.indices(w, 1) + "." + cut(f.name, maxPath))
		}
		w.in = f.typ
		typ, w.room = x.flat(f.typ)
	}
}

// indices writes the way from an array to n of its elements.
func (x *inspector) indices(w inspectedWay, n int) string {
	if w.room == n {
		return ""
	}
	if w.in == 0 {
		if n == 1 {
			return fmt.Sprintf("[%d]", w.index)
		}
		return fmt.Sprintf("[%d:%d]", w.index, w.index+n)
	}
	text, i, t := "", w.index, w.in
	for {
		a := x.typ(t)
		if t < firstType || a.kind != kindArray || a.flatN <= n {
			return text
		}
		_, each := x.flat(a.elem)
		if each < n {
			return text + fmt.Sprintf("[%d:%d]", i/each, i/each+n/each)
		}
		text += fmt.Sprintf("[%d]", i/each)
		i, t = i%each, a.elem
	}
}

// around writes the way from an array to the innermost array in it that has n elements
// from a place on, and returns where they begin in that.
func (x *inspector) around(w inspectedWay, n int) (text string, index int) {
	i, t := w.index, w.in
	for t >= firstType && x.kind(t) == kindArray {
		elem := x.typ(t).elem
		_, each := x.flat(elem)
		if x.kind(elem) != kindArray || i%each+n > each {
			break
		}
		text += fmt.Sprintf("[%d]", i/each)
		i, t = i%each, elem
	}
	return text, i
}
