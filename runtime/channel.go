package runtime

import (
	"bytes"
	"reflect"
	goruntime "runtime"
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Channels of the type Chan, by which a program says that nothing outside of
// the coroutine uses them, are saved with what is in their buffers. This file relies on
// where the Go runtime has these things, which is looked up in channels made for the
// purpose. If it is not found in this Go release, such channels are refused.

// Chan is a channel that belongs to the coroutine that uses it. What that means is said
// in package coroutine, where it has the same name.
type Chan[T any] chan T

// ownChannel reports whether the channels of a type belong to the coroutine that has them.
func ownChannel(t reflect.Type) bool {
	return t.Kind() == reflect.Chan && t.PkgPath() == runtimePath && strings.HasPrefix(t.Name(), "Chan[")
}

// channelMemory is more than what a channel takes beside its buffer.
const channelMemory = 128

// channelLayout tells where a channel has what is not known of it otherwise.
type channelLayout struct {
	next   uintptr // the index, an uint, of the element that is received next
	closed uintptr // an uint32
	recv   uintptr // the first goroutine that waits for an element
	send   uintptr // the first that waits for room
}

// channels returns nil if the layout is not understood.
var channels = sync.OnceValue(learnChannels)

func learnChannels() *channelLayout {
	l := new(channelLayout)
	c := make(chan int, 3)
	c <- 1000001
	c <- 1000002
	header := (*channelBuffer)(channelWord(c))
	if header.len != 2 || header.cap != 3 || header.size != uint16(unsafe.Sizeof(int(0))) || header.buf == nil {
		return nil
	}
	buf := (*[3]int)(header.buf)
	if buf[0] != 1000001 || buf[1] != 1000002 {
		return nil
	}
	ok := true
	// The words that differ, apart from the number of elements.
	differ := func(before, after channelBytes) (at []uintptr) {
		const size = unsafe.Sizeof(uintptr(0))
		for i := size; i < uintptr(len(before)); i += size {
			if !bytes.Equal(before[i:i+size], after[i:i+size]) {
				at = append(at, i)
			}
		}
		return at
	}
	one := func(before, after channelBytes) uintptr {
		at := differ(before, after)
		if len(at) != 1 {
			ok = false
			return 0
		}
		return at[0]
	}
	before := channelBytesOf(channelWord(c))
	<-c
	after := channelBytesOf(channelWord(c))
	l.next = one(before, after)
	close(c)
	closed := channelBytesOf(channelWord(c))
	word := one(after, closed)
	for i := range unsafe.Sizeof(uintptr(0)) {
		if after[word+i] != closed[word+i] {
			l.closed = word + i&^3
		}
	}
	wait := func(block func(chan int), release func(chan int)) uintptr {
		c := make(chan int)
		before, at := channelBytesOf(channelWord(c)), []uintptr(nil)
		done := make(chan struct{})
		go func() { block(c); close(done) }()
		for range 1000 {
			if at = differ(before, channelBytesOf(channelWord(c))); len(at) == 2 {
				break
			}
			goruntime.Gosched()
			time.Sleep(time.Microsecond)
		}
		release(c)
		<-done
		if len(at) != 2 || at[1] != at[0]+unsafe.Sizeof(uintptr(0)) {
			ok = false
			return 0
		}
		return at[0]
	}
	l.recv = wait(func(c chan int) { <-c }, func(c chan int) { c <- 1 })
	l.send = wait(func(c chan int) { c <- 1 }, func(c chan int) { <-c })
	if !ok || l.recv == l.send {
		return nil
	}
	return l
}

// channelBytes is the memory of a channel that is looked at.
type channelBytes [channelBytesSize]byte

const channelBytesSize = 13 * unsafe.Sizeof(uintptr(0))

func channelBytesOf(c unsafe.Pointer) (b channelBytes) {
	for i := range b {
		b[i] = *(*byte)(unsafe.Add(c, i))
	}
	return b
}

func channelWord(c chan int) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&c)) }

func (l *channelLayout) isClosed(c unsafe.Pointer) bool {
	return *(*uint32)(unsafe.Add(c, l.closed)) != 0
}

func (l *channelLayout) waited(c unsafe.Pointer) bool {
	return *(*unsafe.Pointer)(unsafe.Add(c, l.recv)) != nil || *(*unsafe.Pointer)(unsafe.Add(c, l.send)) != nil
}

// Saving.

// plainChannel is a reference to a channel by a type that does not say whose it is.
type plainChannel struct {
	c  unsafe.Pointer
	p  *plan
	at place
}

const whyChannel = "a channel belongs to its process; one that nothing but the coroutine uses can be a coroutine.Chan"

func (e *encoder) scanChannel(p *plan, ptr unsafe.Pointer) {
	c := *(*unsafe.Pointer)(ptr)
	if c == nil || e.maps[c] != nil {
		return
	}
	if key, ok := e.namedChannel(c, p.typ); ok {
		e.nameID(key)
		return
	}
	switch {
	case e.keptWord(c, p.typ, ptr):
	case ownChannel(p.typ):
		e.reachChannel(c, p, ptr)
	default:
		e.plain = append(e.plain, plainChannel{c, p, e.placeOf(ptr)})
	}
}

// reachChannel notes a channel of the coroutine's own.
func (e *encoder) reachChannel(c unsafe.Pointer, p *plan, ptr unsafe.Pointer) {
	l := channels()
	v := reflect.NewAt(p.typ, unsafe.Pointer(&c)).Elem()
	header := (*channelBuffer)(c)
	size := p.elem.size
	switch {
	case l == nil || int(header.cap) != v.Cap() || int(header.len) != v.Len() || uintptr(header.size) != size:
		e.fail(ptr, p.typ, "its layout is not as expected")
	case l.waited(c):
		e.fail(ptr, p.typ, "goroutines wait on the channel, which the coroutine must have for itself")
	}
	o := e.newObject(formChan, p, c, ptr)
	o.n = v.Len()
	o.cap, o.closed = v.Cap(), l.isClosed(c)
	elems := reflect.MakeSlice(p.elem.slice, o.n, o.n)
	next := int(*(*uint)(unsafe.Add(c, l.next)))
	for i := range o.n {
		if size > 0 {
			elems.Index(i).Set(reflect.NewAt(p.elem.typ, unsafe.Add(header.buf, uintptr((next+i)%o.cap)*size)).Elem())
		}
	}
	o.elems = elems.UnsafePointer()
	if e.maps == nil {
		e.maps = map[unsafe.Pointer]*object{}
	}
	e.maps[c] = o
	if !p.elem.leaf {
		e.todo = append(e.todo, work{in: place{obj: o, base: o.elems}, p: p.elem, addr: o.elems, n: o.n})
	}
}

// checkChannels refuses the channels that nothing says to be the coroutine's own.
func (e *encoder) checkChannels() {
	for _, x := range e.plain {
		if e.maps[x.c] == nil {
			panic(encodeError{&UnsavableError{Path: strings.TrimSuffix(e.render(x.at), ": "), Type: x.p.typ, Why: whyChannel}})
		}
	}
}

// channel writes a reference to a channel, in the second of two passes.
func (e *encoder) channel(p *plan, ptr unsafe.Pointer) {
	c := *(*unsafe.Pointer)(ptr)
	if c == nil {
		e.uvarint(refNil)
		return
	}
	if key, ok := e.namedChannel(c, p.typ); ok {
		e.uvarint(refNamed)
		e.uvarint(e.nameID(key))
		return
	}
	if e.fast {
		panic(slowly{})
	}
	o := e.maps[c]
	switch {
	case o == nil:
		e.holdWord(c, p.typ)
	case o.num > 0:
		e.uvarint(e.againObject(o) + refKnown)
	default:
		e.mentioned(p, chargeOfChannel(o.n, o.cap, p.elem.size))
		o.num, o.last = e.count, e.mentions
		e.b = append(e.b, refNew)
		capacity := uint64(o.cap) << 1
		if o.closed {
			capacity |= 1
		}
		e.uvarint(capacity)
		e.uvarint(uint64(o.n))
		e.content(content{o: o, p: p.elem, addr: o.elems, n: o.n})
	}
}

// chargeOfChannel is what a channel counts: its buffer, and what is read before it is
// in there.
func chargeOfChannel(n, capacity int, size uintptr) uintptr {
	return channelMemory + uintptr(n)*(size+1) + uintptr(capacity)*size
}

// namedChannel finds the variable, binding or capture that is the channel c, which is of
// the type t or has been converted to it.
func (e *encoder) namedChannel(c unsafe.Pointer, t reflect.Type) (nameKey, bool) {
	if e.nameless() {
		return nameKey{}, false
	}
	e.prepare()
	for _, v := range []*namedValues{e.bound, e.known} {
		for _, nv := range v.byWord[c] {
			if sameChannel(nv.typ, t) {
				return nv.key, true
			}
		}
	}
	return nameKey{}, false
}

// sameChannel reports whether a channel of type t may be used as one of type u.
func sameChannel(t, u reflect.Type) bool {
	return t.Kind() == reflect.Chan && t.Elem() == u.Elem() && (t.ChanDir() == reflect.BothDir || t.ChanDir() == u.ChanDir())
}

// Loading.

// loadedChannel is a channel whose elements are in the array elems, and are sent when
// all has been read.
type loadedChannel struct {
	c      reflect.Value
	elems  reflect.Value
	closed bool
}

func (d *decoder) channel(p *plan) unsafe.Pointer {
	switch k := d.uvarint(); k {
	case refNil:
		return nil
	case refNamed:
		if v := d.held(p.typ); v != nil {
			return v.word
		}
		l := d.nameRef()
		x := l.value()
		if t := reflect.TypeOf(x); l.kind == nameAddress || t == nil || !sameChannel(t, p.typ) {
			d.mismatch(l, p.typ)
		}
		return dataOf(x)
	case refNew:
		capacity, n := d.uvarint(), d.int()
		size := p.elem.size
		if c := capacity >> 1; uint64(n) > c || size > 0 && c > uint64(^uintptr(0)>>1)/uint64(size) || c > uint64(^uint(0)>>1) {
			d.fail("%d elements in a channel of %d", n, c)
		}
		c := int(capacity >> 1)
		d.claim(n, p.elem.min, size+1)
		d.charge(c, size)
		d.charge(1, channelMemory)
		elems := reflect.MakeSlice(p.elem.slice, n, n)
		v := reflect.MakeChan(reflect.ChanOf(reflect.BothDir, p.elem.typ), c)
		d.channels = append(d.channels, loadedChannel{v, elems, capacity&1 != 0})
		d.content(d.add(loadedObject{formChan, p.elem, n, elems.UnsafePointer(), v.UnsafePointer()}), false)
		return v.UnsafePointer()
	case refNowhere, refDescribed:
		d.fail("a channel of type %v as %d", p.typ, k)
		return nil
	default:
		o := d.object(d.known(k - refKnown))
		if o.form != formChan || o.p != p.elem {
			d.fail("a %v as %v", o.p.typ, p.typ)
		}
		return o.addr
	}
}

// fillChannels puts what has been read into the channels.
func (d *decoder) fillChannels() {
	for _, c := range d.channels {
		for i := range c.elems.Len() {
			c.c.Send(c.elems.Index(i))
		}
		if c.closed {
			c.c.Close()
		}
	}
}
