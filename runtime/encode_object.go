package runtime

import "unsafe"

// Objects are written where they are mentioned first. An object that is mentioned again
// soon is told by how many mentions there have been since, and another one by its number: a
// change of the state then changes few references to what it has nothing to do with.

// maxNesting is the number of contents that may stand in each other. Contents that would
// be deeper are put off to the end of the frame or root.
const maxNesting = 64

// content is what is to be written of an object.
type content struct {
	o    *object // where there are two passes
	p    *plan
	addr unsafe.Pointer
	n    int
	form form
	trim bool // zeros at the end are left out
}

func (e *encoder) content(w content) {
	if e.nesting == maxNesting {
		e.later = append(e.later, w)
		return
	}
	e.nesting++
	if e.fast {
		e.contents(w)
		e.nesting--
		return
	}
	cur, at, inKey, depth := e.cur, e.at, e.inKey, e.depth
	e.cur, e.at, e.inKey, e.depth = place{obj: w.o, base: w.addr}, nil, false, 0
	e.contents(w)
	e.cur, e.at, e.inKey, e.depth = cur, at, inKey, depth
	e.nesting--
}

func (e *encoder) contents(w content) {
	switch {
	case w.form == formMap:
		e.mapContent(w.o)
	case w.form == formBoxed:
		e.value(w.p, w.addr)
	case w.trim:
		e.trimmed(w.p, w.addr, w.n)
	default:
		e.elems(w.p, w.addr, w.n)
	}
}

// trimmed writes an array. As many zeros at its end as values before them are left out:
// the spare capacity of a slice that has grown.
func (e *encoder) trimmed(p *plan, addr unsafe.Pointer, n int) {
	zeros := trailing(p, addr, n)
	e.uvarint(uint64(zeros))
	e.elems(p, addr, n-zeros)
}

// trailing returns how many zeros at the end of n values are left out.
func trailing(p *plan, addr unsafe.Pointer, n int) (zeros int) {
	if p.size == wordSize {
		words := unsafe.Slice((*[wordSize]byte)(addr), n)
		for zeros < n/2 && words[n-zeros-1] == [wordSize]byte{} {
			zeros++
		}
		return zeros
	}
	for zeros < n/2 && isZero(unsafe.Add(addr, uintptr(n-zeros-1)*p.size), p.size) {
		zeros++
	}
	return zeros
}

func isZero(p unsafe.Pointer, size uintptr) bool {
	b := unsafe.Slice((*byte)(p), size) // the pointer of which never leaves the memory
	for ; len(b) >= 8; b = b[8:] {
		if [8]byte(b) != [8]byte{} {
			return false
		}
	}
	return allZero(b)
}

func (e *encoder) drainLater() {
	for i := 0; i < len(e.later); i++ {
		e.content(e.later[i])
	}
	e.later = e.later[:0]
}

// target is an object that is being referred to.
type target struct {
	o    *object
	p    *plan
	addr unsafe.Pointer
	n    int
	back uint64 // which one it is
	new  bool   // it has not been mentioned
}

// target finds the object that n values of p at addr are part of, and counts it if it is
// mentioned for the first time.
func (e *encoder) target(addr unsafe.Pointer, p *plan, n int) (t target) {
	if e.fast {
		if num := e.number(addr); num >= 0 {
			x := &e.index.objects[num]
			q := e.planOf(x)
			if q.op == opMap || uintptr(n)*p.size > uintptr(x.n)*q.size {
				panic(slowly{})
			}
			return target{nil, q, addr, int(x.n), e.againNumber(num), false}
		}
		e.fresh(addr, p, n)
		return target{nil, p, addr, n, 0, true}
	}
	o := e.regions.find(addr)
	t = target{o, o.p, o.addr, o.n, 0, o.num == 0}
	if t.new {
		e.mentioned(o.p, uintptr(o.n)*o.p.size)
		o.num, o.last = e.count, e.mentions
	} else {
		t.back = e.againObject(o)
	}
	return t
}

// fresh counts an object that is mentioned for the first time in a fast pass.
func (e *encoder) fresh(addr unsafe.Pointer, p *plan, n int) {
	size := uintptr(n) * p.size
	e.mentions++
	e.add(addr, p, n)
	if !e.claim(addr, size) {
		panic(slowly{})
	}
	e.count++
	e.memory += size
}

// mentioned counts an object.
func (e *encoder) mentioned(p *plan, size uintptr) {
	e.count++
	e.mentions++
	e.memory += size
	if p.typ == derivedType {
		e.memory += contextMemory
	}
}

// againNumber tells an object of a fast pass that has been mentioned.
func (e *encoder) againNumber(num int) uint64 {
	last := int(e.index.objects[num].last)
	b := again(num, last, &e.mentions)
	e.index.objects[num].last = uint32(e.mentions)
	return b
}

// againObject tells an object of two passes that has been mentioned.
func (e *encoder) againObject(o *object) uint64 {
	b := again(o.num-1, o.last, &e.mentions)
	o.last = e.mentions
	return b
}

// recent is the number of mentions that a short way to tell an object, or a string, goes
// back.
const recent = 64

// again counts another mention, and tells the one of the number num that was mentioned as
// the last-th.
func again(num, last int, mentions *int) uint64 {
	since := *mentions - last
	*mentions++
	if since < recent {
		return uint64(since) << 1
	}
	return uint64(num)<<1 | 1
}

// object writes a reference to a value of t in an object.
func (e *encoder) object(addr unsafe.Pointer, t *plan, ptr unsafe.Pointer) {
	if t.size == 0 {
		e.uvarint(refNowhere)
		return
	}
	exact := e.exact
	e.exact = false
	o := e.target(addr, t.flat, t.flatN)
	same := o.p == t.flat && o.n == t.flatN
	switch {
	case !o.new:
		e.uvarint(o.back + refKnown)
		if !same {
			e.path(o, addr, t, 1, ptr)
		}
	case same && !exact:
		e.b = append(e.b, refNew)
		e.content(content{o: o.o, p: o.p, addr: o.addr, n: o.n})
	default:
		e.described(o)
		if !same {
			e.path(o, addr, t, 1, ptr)
		}
		e.content(content{o: o.o, p: o.p, addr: o.addr, n: o.n, trim: o.n != 1})
	}
}

// described writes a reference to a new object with its type.
func (e *encoder) described(o target) {
	e.b = append(e.b, refDescribed)
	e.typeID(o.p, o.addr)
	if o.n == 1 {
		e.uvarint(e.typeNumber(o.p) << 1)
		return
	}
	e.uvarint(e.typeNumber(o.p)<<1 | 1)
	e.uvarint(uint64(o.n))
}

// path writes the way to values of t in an object.
func (e *encoder) path(o target, addr unsafe.Pointer, t *plan, count int, ptr unsafe.Pointer) {
	steps, ok := findPath(e.steps[:0], o.p, o.n, uintptr(addr)-uintptr(o.addr), t, count)
	e.steps = steps
	if !ok {
		e.fail(ptr, t.typ, "the memory is also used as "+o.p.typ.String())
	}
	for _, s := range steps {
		e.uvarint(s)
	}
}

func (e *encoder) slice(h *sliceHeader, p *plan, ptr unsafe.Pointer) {
	t := p.elem
	switch {
	case h.data == nil:
		e.uvarint(refNil)
		return
	case h.cap == 0 || t.size == 0:
		e.uvarint(refNowhere)
		e.uvarint(uint64(h.len))
		e.uvarint(uint64(h.cap))
		return
	}
	if n, ok := e.findName(h.data, t, h.cap); ok {
		e.named(n, t, h.cap)
		e.uvarint(uint64(h.len))
		e.uvarint(uint64(h.cap))
		return
	}
	if e.keep != nil && e.kept(h.data, p.typ, ptr) {
		e.holdSlice(h, p.typ)
		return
	}
	o := e.target(h.data, t.flat, h.cap*t.flatN)
	whole := o.p == t.flat && o.n == h.cap*t.flatN
	w := content{o: o.o, p: o.p, addr: o.addr, n: o.n}
	switch {
	case !o.new && whole && h.len == h.cap:
		e.uvarint((o.back<<1 | 1) + refKnownSlice)
		return
	case !o.new:
		e.uvarint(o.back<<1 + refKnownSlice)
		e.path(o, h.data, t, h.cap, ptr)
	case whole && h.len == h.cap:
		e.b = append(e.b, refNew)
		e.uvarint(uint64(h.len))
		e.content(w)
		return
	case whole:
		e.b = append(e.b, refSpare)
		w.trim = true
	default:
		e.described(o)
		e.path(o, h.data, t, h.cap, ptr)
		w.trim = o.n != 1
	}
	e.uvarint(uint64(h.len))
	e.uvarint(uint64(h.cap))
	if o.new {
		e.content(w)
	}
}

// mapRef writes a reference to the map v.
func (e *encoder) mapRef(v unsafe.Pointer, p *plan) {
	o := e.maps[v]
	if e.fast {
		if num := e.number(v); num >= 0 {
			e.uvarint(e.againNumber(num) + refKnown)
			return
		}
		if !p.key.leaf {
			panic(slowly{})
		}
		e.mentions++
		e.add(v, p, 0)
		e.mentions--
		n := mapLen(v)
		m := e.freeEntries(p)
		m.take(v, p, n)
		m.obj = object{form: formMap, p: p, addr: v, n: n, m: m}
		o = &m.obj
		e.sortKeys(o)
	} else if o.num > 0 {
		e.uvarint(e.againObject(o) + refKnown)
		return
	}
	e.mentioned(p, uintptr(o.n)*(p.key.size+p.elem.size))
	o.num, o.last = e.count, e.mentions
	e.b = append(e.b, refNew)
	e.uvarint(uint64(o.n))
	e.content(content{o: o, p: p, form: formMap})
}

// box writes a reference to the struct or array that the interface value x holds.
func (e *encoder) box(x any, q *plan) {
	key := e.boxKeyOf(x, q)
	w := content{p: q, addr: key.addr, n: 1, form: formBoxed}
	if e.fast {
		if q.direct {
			panic(slowly{})
		}
		if num := e.number(key.addr); num >= 0 {
			if !e.index.objects[num].is(q) {
				panic(slowly{})
			}
			e.uvarint(e.againNumber(num) + refKnown)
			return
		}
		e.mentioned(q, q.size)
		e.add(key.addr, q, 1)
	} else {
		w.o = e.boxes[key]
		w.addr = w.o.addr
		if w.o.num > 0 {
			e.uvarint(e.againObject(w.o) + refKnown)
			return
		}
		e.mentioned(q, q.size)
		w.o.num, w.o.last = e.count, e.mentions
	}
	e.b = append(e.b, refNew)
	e.content(w)
}

// record writes a reference to the record of a func value, or to the context of a cancel
// function.
func (e *encoder) record(p *plan, ptr unsafe.Pointer) {
	v := *(*unsafe.Pointer)(ptr)
	var addr unsafe.Pointer
	var q *plan
	if c := e.cancelOf(v, p, ptr); c != nil {
		if e.fast {
			panic(slowly{})
		}
		addr, q = unsafe.Pointer(c), e.reg.plans.of(derivedType)
	} else {
		addr = e.recordOf(p, ptr)
		q = e.lastRecord
	}
	o := e.target(addr, q, 1)
	if o.p != q || o.n != 1 {
		e.fail(ptr, p.typ, "its record is part of something else")
	}
	if !o.new {
		e.uvarint(o.back + refKnown)
		return
	}
	e.described(o)
	e.content(content{o: o.o, p: o.p, addr: o.addr, n: 1})
}

// string writes a string: four times its length and its bytes, or, for one that has been
// written before, which one. Only strings that share memory are recognized; looking at
// the content would cost more than it saves.
func (e *encoder) string(s string) {
	if len(s) >= sharedString {
		addr := uintptr(unsafe.Pointer(unsafe.StringData(s)))
		if num := e.strings.findN(addr, len(s)); num >= 0 {
			x := &e.strings.entries[num]
			e.uvarint(again(num, x.last, &e.stringMentions)<<1 | 1)
			x.last = e.stringMentions
			return
		}
		e.stringMentions++
		e.strings.addN(addr, len(s), e.stringMentions)
	}
	e.uvarint(uint64(len(s)) << 1)
	e.b = append(e.b, s...)
}
