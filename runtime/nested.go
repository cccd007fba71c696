package runtime

import (
	"reflect"
	"unsafe"
)

// A coroutine that another one has is part of that one's state: whether it has started or
// is done, the record of the function that it runs, and its frames.

// The first byte of a coroutine.
const (
	nestedDone = 1 << iota
	nestedStarted
	nestedPlain // its function does not suspend
	nestedKnown = 1<<iota - 1
)

var anyType = reflect.TypeFor[any]()

const whyRunning = "a coroutine that is running cannot be saved"

// Body returns the record of the func that the coroutine runs, as [Coroutine.SetEntry] has
// set it, here or in the process that saved it, and whether that func may suspend.
func (c *Coroutine) Body() (record any, suspends bool) { return c.body, !c.plain }

// Entered reports whether the coroutine has an entry. One that was loaded as part of the
// state of another has none until it is given to [Coroutine.Enter].
func (c *Coroutine) Entered() bool { return c.entry != nil }

// Enter gives the coroutine an entry, as [New] does.
func (c *Coroutine) Enter(entry func(c *Coroutine)) { c.entry = entry }

// Saving.

// nested returns the coroutine at ptr, if it can be saved.
func (e *encoder) nested(p *plan, ptr unsafe.Pointer) *Coroutine {
	c := (*Coroutine)(ptr)
	switch {
	case c.active:
		e.fail(ptr, p.typ, whyRunning)
	case !c.done && c.body == nil && (c.entry != nil || c.started):
		e.fail(ptr, p.typ, "the function that this coroutine runs was not compiled by coroc")
	}
	return c
}

// scanNested follows the references of a coroutine.
func (e *encoder) scanNested(p *plan, ptr unsafe.Pointer) {
	c := e.nested(p, ptr)
	if c.done {
		return
	}
	e.scan(e.reg.plans.of(anyType), unsafe.Pointer(&c.body))
	cur := e.cur
	for _, frame := range c.frames {
		s, p := e.frameAt(frame)
		e.cur = place{obj: cur.obj, frame: s, base: p}
		for i := range s.live {
			e.scan(s.live[i].p, unsafe.Add(p, s.live[i].off))
		}
	}
	e.cur = cur
}

func (e *encoder) writeNested(p *plan, ptr unsafe.Pointer) {
	c := e.nested(p, ptr)
	flags := byte(0)
	if c.started {
		flags |= nestedStarted
	}
	if c.plain {
		flags |= nestedPlain
	}
	if c.done {
		e.b = append(e.b, flags|nestedDone)
		return
	}
	e.b = append(e.b, flags)
	e.value(e.reg.plans.of(anyType), unsafe.Pointer(&c.body))
	e.uvarint(uint64(len(c.frames)))
	cur := e.cur
	for _, frame := range c.frames {
		s, p := e.frameAt(frame)
		e.shapeOf(s, p)
		e.cur = place{obj: cur.obj, frame: s, base: p}
		e.frame(s, p)
	}
	e.cur = cur
}

// Loading.

func (d *decoder) nestedCoroutine(ptr unsafe.Pointer) {
	c := (*Coroutine)(ptr)
	flags := d.byte()
	if flags&^nestedKnown != 0 {
		d.fail("a coroutine with unknown flags %#x", flags)
	}
	c.started, c.plain = flags&nestedStarted != 0, flags&nestedPlain != 0
	if flags&nestedDone != 0 {
		c.done = true
		return
	}
	d.value(d.reg.plans.of(anyType), unsafe.Pointer(&c.body))
	n := d.count(1)
	if n > 0 && !c.started {
		d.fail("frames of a coroutine that has not started")
	}
	site, live := d.site, d.live
	for range n {
		c.frames = append(c.frames, d.oneFrame())
	}
	d.site, d.live = site, live
	if c.started {
		c.mode = suspended
	}
	d.coroutines = append(d.coroutines, c)
}

// checkNested refuses coroutines that run what is no function, or another one than their
// frames are of.
func (d *decoder) checkNested() {
	for _, c := range d.coroutines {
		if c.body == nil && !c.started {
			continue // the zero Coroutine
		}
		var record *recordType
		if t := reflect.TypeOf(c.body); t != nil && t.Kind() == reflect.Pointer && dataOf(c.body) != nil {
			record = d.reg.recordOf[t.Elem()]
		}
		if record == nil {
			d.fail("a coroutine that runs a %T", c.body)
		}
		if why := wrongEntry(d.reg, c, c.frames); why != "" {
			d.fail("%s", why)
		}
	}
}
