package runtime

import "fmt"

// recordName is the type of a record's header, derivedName that of what is saved in place
// of a context.
const (
	recordName  = "github.com/coroc-dev/coroc/runtime.Record"
	derivedName = "github.com/coroc-dev/coroc/runtime.derivedContext"
)

var formTexts = [...]string{
	formSingle: InspectedFormVariable,
	formArray:  InspectedFormArray,
	formMap:    InspectedFormMap,
	formBoxed:  InspectedFormInterface,
	formChan:   InspectedFormChan,
}

// add adds an object that is mentioned for the first time and returns a reference to it.
// Its contents come behind the reference.
func (x *inspector) add(o inspectedObject) *InspectedReference {
	o.fresh = true
	o.refs = 1
	x.mentions.add(len(x.objects))
	x.objects = append(x.objects, o)
	if x.out != nil {
		v := InspectedObject{ID: len(x.objects), Form: formTexts[o.form], Type: x.typeText(o.typ)}
		if o.form != formSingle && o.form != formBoxed {
			v.Length = o.n
		}
		v.Capacity, v.Closed = o.capacity, o.closed
		x.out.Objects = append(x.out.Objects, v)
	}
	return &InspectedReference{Object: len(x.objects)}
}

// memory adds the object of n values of type t.
func (x *inspector) memory(t uint64, n int, trim bool) *InspectedReference {
	kind := x.kind(t)
	header := kind == kindZero && x.typ(t).name == recordName
	if n < 1 || x.empty(t) || kind == kindArray || header || n != 1 && kind == kindRecord || t == typeReflectType {
		x.fail("there are no objects of %d values of %s", n, x.typeText(t))
	}
	o := inspectedObject{typ: t, form: formSingle, n: n, trim: trim}
	if n != 1 {
		o.form = formArray
	}
	return x.add(o)
}

// described adds an object of a type that is told.
func (x *inspector) described() *InspectedReference {
	v := x.uvarint()
	n := 1
	if v&1 != 0 {
		n = x.int()
	}
	x.checkType(v>>1, x.from)
	return x.memory(v>>1, n, n != 1)
}

// known returns a reference to the object that a number tells.
func (x *inspector) known(k uint64) *InspectedReference {
	num, ok := x.mentions.again(k, len(x.objects))
	if !ok {
		x.fail("there is no object %d among %d", k, len(x.objects))
	}
	x.objects[num].refs++
	return &InspectedReference{Object: num + 1}
}

// object returns what a reference refers to.
func (x *inspector) object(ref *InspectedReference) *inspectedObject { return &x.objects[ref.Object-1] }

func (x *inspector) objectText(o *inspectedObject) string {
	switch o.form {
	case formArray:
		return fmt.Sprintf("%d values of %s", o.n, x.typeText(o.typ))
	case formMap:
		return fmt.Sprintf("%s with %d entries", x.typeText(o.typ), o.n)
	case formBoxed:
		return x.typeText(o.typ) + " in an interface"
	case formChan:
		text := fmt.Sprintf("a channel with %d of %d values of %s", o.n, o.capacity, x.typeText(o.typ))
		if o.closed {
			text += ", closed"
		}
		return text
	}
	return x.typeText(o.typ)
}

// contents reads the contents of an object, or puts that off.
func (x *inspector) contents(num int, label string) {
	if x.nesting == maxNesting {
		x.later = append(x.later, lateContents{num, label})
		return
	}
	o := x.objects[num-1]
	inKey, depth, level, left := x.inKey, x.depth, x.level, x.left
	x.inKey, x.depth, x.left = false, 0, &x.heap
	x.level = min(level+1, maxLevel)
	x.nesting++
	label = x.label("object %d", num)
	var v InspectedValue
	zeros := 0
	if o.trim {
		if zeros = x.int(); zeros > o.n/2 {
			x.fail("the last %d of %d values are zero: at most half of them can be left out", zeros, o.n)
		}
		x.say("%s: %d of %d values, the others are zero", label, o.n-zeros, o.n)
	}
	switch {
	case o.form == formMap:
		v = x.entries(o, label)
	case o.form == formChan && x.empty(o.typ):
		v, zeros = InspectedValue{Kind: InspectedArray}, o.n
	case o.form == formArray || o.form == formChan:
		v = x.array(o.typ, o.n-zeros, label)
	default:
		v = x.value(o.typ, label)
	}
	if x.out != nil {
		x.out.Objects[num-1].Value, x.out.Objects[num-1].Zeros = v, zeros
	}
	x.nesting--
	x.inKey, x.depth, x.level, x.left = inKey, depth, level, left
}

// maxLevel is the level at which deeper contents stay in a dissection.
const maxLevel = 8

// rest reads the contents that have been put off.
func (x *inspector) rest() {
	for i := 0; i < len(x.later); i++ {
		x.contents(x.later[i].num, x.later[i].label)
	}
	x.later = x.later[:0]
}

// entries reads the contents of a map.
func (x *inspector) entries(o inspectedObject, label string) InspectedValue {
	t := x.typ(o.typ)
	v := InspectedValue{Kind: InspectedMap}
	for i := range o.n {
		var e InspectedEntry
		x.inKey = true
		e.Key = x.value(t.key, x.label("%s key %d", label, i+1))
		x.inKey = false
		e.Value = x.value(t.elem, x.label("%s value %d", label, i+1))
		if e.Key.Kind == InspectedOmitted {
			v.Omitted++
			continue
		}
		v.Entries = append(v.Entries, e)
	}
	return v
}
