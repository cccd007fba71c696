package runtime

import (
	"reflect"
	"unsafe"
)

// loadedRoot is where the value of a root will be.
type loadedRoot struct {
	p      *plan
	source unsafe.Pointer
}

func (d *decoder) readRoots(roots []any) {
	n := d.count(2)
	if n != len(roots) {
		d.fail("it was saved with %d variables, not with the %d that are to be loaded", n, len(roots))
	}
	d.nesting = maxNesting // all contents stand behind the list
	for i, root := range roots {
		p, addr := d.rootPlan(root)
		if id := d.uvarint(); id >= firstType || p.basic != id || id <= typeNamed {
			if why := d.match(id, p); why != "" {
				d.incompatible("the type of root %d differs: %s", i, why)
			}
		}
		r := loadedRoot{p: p}
		switch k := d.uvarint(); {
		case k == refNew && p.size != 0:
			// Pointers to the saved variable become pointers to this one.
			r.source = d.rootMemory(p)
			o := loadedObject{form: formSingle, p: p.flat, n: p.flatN, mem: r.source, addr: addr}
			if o.n != 1 {
				o.form = formArray
			}
			d.content(d.add(o), false)
		case k == refDescribed && p.size != 0:
			o := d.described()
			r.source = d.within(o, p)
			d.content(d.add(o), o.n != 1)
		case k >= refKnown && p.size != 0:
			o := d.knownRegion(k - refKnown)
			o.addr = o.mem
			r.source = d.within(o, p)
		case k == refNowhere && p.size == 0:
			r.source = unsafe.Pointer(&nowhere)
		default:
			d.fail("malformed root")
		}
		d.roots = append(d.roots, r)
	}
	d.nesting = 0
	d.drain()
}

// rootMemory returns memory for the value of a root, until everything has been read.
func (d *decoder) rootMemory(p *plan) unsafe.Pointer {
	if p.size == 8 && p.leaf && p.op < opString && len(d.numbers) < cap(d.numbers) {
		d.numbers = append(d.numbers, 0)
		return unsafe.Pointer(&d.numbers[len(d.numbers)-1])
	}
	d.claim(1, p.min, p.size)
	return reflect.New(p.typ).UnsafePointer()
}

// rootPlan returns the plan of what a root points to, and its address.
func (d *decoder) rootPlan(root any) (*plan, unsafe.Pointer) {
	f := (*eface)(unsafe.Pointer(&root))
	if f.typ != d.rootWord || f.data == nil {
		v, err := rootOf(root)
		if err != nil {
			panic(decodeError{err})
		}
		d.rootWord, d.rootType = f.typ, d.reg.plans.of(v.Type().Elem())
	}
	return d.rootType, f.data
}

// setRoots sets the roots to what has been read.
func (d *decoder) setRoots(roots []any) {
	for i := range d.roots {
		r := &d.roots[i]
		addr := (*eface)(unsafe.Pointer(&roots[i])).data
		if r.p.size == 8 && r.p.leaf && r.p.op < opString {
			*(*uint64)(addr) = *(*uint64)(r.source)
			continue
		}
		reflect.NewAt(r.p.typ, addr).Elem().Set(reflect.NewAt(r.p.typ, r.source).Elem())
	}
}
