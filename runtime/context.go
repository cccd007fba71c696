package runtime

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"time"
	"unsafe"
)

// Contexts of context.WithCancel, WithDeadline and the like are saved by what they
// mean and made anew by these functions. This file relies on a few facts about package
// context, each of which is looked up in contexts made for the purpose. If one does
// not hold in this Go release, such contexts are refused.

// derivedContext is what is saved of a context that can be cancelled, in place of it.
// A cancel function is saved as a reference to the one of its context.
type derivedContext struct {
	parent   context.Context
	deadline time.Time
	kind     uint8
	done     uint8
	cause    error // what it was ended with, or will be at the deadline; nil for the usual one
}

// The kinds of derived contexts, and how one has ended.
const (
	contextCancel = iota
	contextCancelCause
	contextDeadline
)

const (
	contextLive = iota
	contextCanceled
	contextExceeded
)

const (
	// maxContexts is how far a derived context may be from the root, so that nothing
	// that package context does recursively goes too deep.
	maxContexts = 1000
	// contextMemory is more than what a context takes, with its timer, in its parent, and
	// meanwhile.
	contextMemory = 1024
)

var (
	contextType    = reflect.TypeFor[context.Context]()
	derivedType    = reflect.TypeFor[derivedContext]()
	derivedPointer = reflect.TypeFor[*derivedContext]()
)

// contexts is nil if the layout is not understood.
var contexts = learnContexts()

type contextLayout struct {
	cancel, timer contextStruct
	value         reflect.Type // *valueCtx
	valueParent   uintptr
	without       reflect.Type
	withoutParent uintptr
	stop          reflect.Type // what stands between a context and a parent with a method AfterFunc
	stopParent    uintptr

	// Of contexts with a deadline: their lock, their timer, and where that has the cause.
	mu, timerField     uintptr
	timerFunc          uintptr // an any in the timer
	timerCode          uintptr
	causeOf, contextOf uintptr // in its closure
	cancels            map[uintptr]cancelCode
}

type contextStruct struct {
	typ    reflect.Type // a pointer
	word   unsafe.Pointer
	parent uintptr
}

// cancelCode is what the code pointer of a cancel function tells.
type cancelCode struct {
	of    *contextStruct
	cause bool
}

// afterFuncParent is a context of another implementation.
type afterFuncParent struct {
	context.Context
	c chan struct{}
}

func (p afterFuncParent) Done() <-chan struct{}        { return p.c }
func (p afterFuncParent) AfterFunc(func()) func() bool { return func() bool { return true } }

func dataOf(x any) unsafe.Pointer { return (*eface)(unsafe.Pointer(&x)).data }

func learnContexts() (l *contextLayout) {
	defer func() {
		if recover() != nil {
			l = nil
		}
	}()
	l = &contextLayout{cancels: map[uintptr]cancelCode{}}
	background := context.Background()
	probe := errors.New("probe")
	ok := true
	check := func(b bool) { ok = ok && b }

	c, cancel := context.WithCancel(background)
	defer cancel()
	t, cancelTimer := context.WithDeadlineCause(background, time.Now().Add(time.Hour), probe)
	defer cancelTimer()
	learn := func(s *contextStruct, c context.Context) {
		s.typ = reflect.TypeOf(c)
		s.parent = fieldOf(s.typ.Elem(), contextType)
		var x any = c
		s.word = (*eface)(unsafe.Pointer(&x)).typ
		check(*(*context.Context)(unsafe.Add(dataOf(c), s.parent)) == background)
	}
	learn(&l.cancel, c)
	learn(&l.timer, t)
	check(l.cancel.typ != l.timer.typ)

	learnCancel := func(c context.Context, f unsafe.Pointer, cause bool) {
		of := &l.cancel
		if reflect.TypeOf(c) == l.timer.typ {
			of = &l.timer
		}
		check(reflect.TypeOf(c) == of.typ && (*closure)(f).record == dataOf(c))
		code := cancelCode{of, cause}
		known, again := l.cancels[(*closure)(f).code]
		check(!again || known == code)
		l.cancels[(*closure)(f).code] = code
	}
	learnCancel(c, funcWord(cancel), false)
	learnCancel(t, funcWord(cancelTimer), false)
	withCause, cancelCause := context.WithCancelCause(background)
	defer cancelCause(nil)
	learnCancel(withCause, funcWord(cancelCause), true)
	for _, parent := range []context.Context{background, t} {
		for _, d := range []time.Duration{-time.Hour, time.Minute, 2 * time.Hour} {
			c, cancel := context.WithDeadline(parent, time.Now().Add(d))
			defer cancel()
			learnCancel(c, funcWord(cancel), false)
		}
	}

	value := context.WithValue(c, probeKey{}, 1)
	l.value = reflect.TypeOf(value)
	l.valueParent = fieldOf(l.value.Elem(), contextType)
	check(*(*context.Context)(unsafe.Add(dataOf(value), l.valueParent)) == c)
	without := context.WithoutCancel(c)
	l.without = reflect.TypeOf(without)
	l.withoutParent = fieldOf(l.without, contextType)
	check(l.without.Size() == contextType.Size() && *(*context.Context)(unsafe.Add(dataOf(without), l.withoutParent)) == c)

	parent := afterFuncParent{background, make(chan struct{})}
	child, cancelChild := context.WithCancel(parent)
	defer cancelChild()
	stop := *(*context.Context)(unsafe.Add(dataOf(child), l.cancel.parent))
	l.stop = reflect.TypeOf(stop)
	l.stopParent = fieldOf(l.stop, contextType)
	check(l.stop.Size() > contextType.Size() && *(*context.Context)(unsafe.Add(dataOf(stop), l.stopParent)) == context.Context(parent))

	l.mu = fieldOf(l.timer.typ.Elem(), reflect.TypeFor[sync.Mutex]())
	l.timerField = fieldOf(l.timer.typ.Elem(), reflect.TypeFor[*time.Timer]())
	check(ok && l.learnTimer(dataOf(t), probe))
	if !ok {
		return nil
	}
	return l
}

type probeKey struct{}

// learnTimer finds out where the timer of the context at c has the cause.
func (l *contextLayout) learnTimer(c unsafe.Pointer, cause error) bool {
	timer := *(*unsafe.Pointer)(unsafe.Add(c, l.timerField))
	word := wordOf(reflect.TypeFor[func()]())
	const size = unsafe.Sizeof(uintptr(0))
	for off := uintptr(0); off < 13*size; off += size {
		if *(*uintptr)(unsafe.Add(timer, off)) != uintptr(word) {
			continue
		}
		l.timerFunc = off
		f := *(*unsafe.Pointer)(unsafe.Add(timer, off+size))
		words := *(*[4]uintptr)(f)
		want := *(*[2]uintptr)(unsafe.Pointer(&cause))
		l.timerCode = words[0]
		switch {
		case words[1] == uintptr(c) && [2]uintptr(words[2:]) == want:
			l.contextOf, l.causeOf = size, 2*size
		case words[3] == uintptr(c) && [2]uintptr(words[1:3]) == want:
			l.contextOf, l.causeOf = 3*size, size
		default:
			return false
		}
		return true
	}
	return false
}

// timerCause returns what the context at c, which has a deadline, will be ended with.
// It reports false if there is no timer any more, or not one as expected.
func (l *contextLayout) timerCause(c unsafe.Pointer) (error, bool) {
	mu := (*sync.Mutex)(unsafe.Add(c, l.mu))
	mu.Lock()
	defer mu.Unlock()
	timer := *(*unsafe.Pointer)(unsafe.Add(c, l.timerField))
	if timer == nil {
		return nil, false
	}
	x := (*eface)(unsafe.Add(timer, l.timerFunc))
	if x.typ != wordOf(reflect.TypeFor[func()]()) || (*closure)(x.data).code != l.timerCode || *(*unsafe.Pointer)(unsafe.Add(x.data, l.contextOf)) != c {
		return nil, false
	}
	return *(*error)(unsafe.Add(x.data, l.causeOf)), true
}

// fieldOf returns where the only field of that type is in a struct, or in one embedded
// in it. It panics if there is no such field, or several.
func fieldOf(t, field reflect.Type) uintptr {
	at := fieldsOf(nil, t, 0, field)
	if len(at) != 1 {
		panic("coroutine: unexpected layout of " + t.String())
	}
	return at[0]
}

func fieldsOf(at []uintptr, t reflect.Type, base uintptr, field reflect.Type) []uintptr {
	for i := range t.NumField() {
		switch f := t.Field(i); {
		case f.Type == field:
			at = append(at, base+f.Offset)
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			at = fieldsOf(at, f.Type, base+f.Offset, field)
		}
	}
	return at
}

func funcWord[F ~func() | ~func(error)](f F) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&f))
}

// parentOf returns where the parent of x is, or nil if x is none of the contexts that
// are saved with their parents.
func (l *contextLayout) parentOf(x context.Context) unsafe.Pointer {
	switch t := reflect.TypeOf(x); {
	case dataOf(x) == nil:
	case t == l.cancel.typ:
		return unsafe.Add(dataOf(x), l.cancel.parent)
	case t == l.timer.typ:
		return unsafe.Add(dataOf(x), l.timer.parent)
	case t == l.value:
		return unsafe.Add(dataOf(x), l.valueParent)
	case t == l.without:
		return unsafe.Add(dataOf(x), l.withoutParent)
	}
	return nil
}

// parent returns the parent at p, as it was given.
func (l *contextLayout) parent(p unsafe.Pointer) context.Context {
	x := *(*context.Context)(p)
	if reflect.TypeOf(x) == l.stop {
		x = *(*context.Context)(unsafe.Add(dataOf(x), l.stopParent))
	}
	return x
}

func isRoot(x context.Context) bool { return x == context.Background() || x == context.TODO() }

// Saving.

// derived returns what is saved in place of the context x, which the interface variable
// at ptr holds: x itself, if it has a name.
func (e *encoder) derived(x any, ptr unsafe.Pointer) any {
	if _, ok := e.namedValue(x, e.reg.plans.of(reflect.TypeOf(x))); ok || dataOf(x) == nil {
		return x
	}
	if e.inKey {
		e.fail(ptr, reflect.TypeOf(x), "a context that can be cancelled is the key of a map")
	}
	return e.derivedContext(x.(context.Context), ptr)
}

func (e *encoder) derivedContext(x context.Context, ptr unsafe.Pointer) *derivedContext {
	c := dataOf(x)
	if d := e.contexts[c]; d != nil {
		return d
	}
	d := &derivedContext{parent: contexts.parent(contexts.parentOf(x))}
	e.checkParents(x, ptr)
	if reflect.TypeOf(x) == contexts.timer.typ {
		d.kind = contextDeadline
		d.deadline, _ = x.Deadline()
	}
	err := x.Err()
	if err == nil && d.kind == contextDeadline {
		var ok bool
		if d.cause, ok = contexts.timerCause(c); !ok {
			if err = x.Err(); err == nil {
				e.fail(ptr, reflect.TypeOf(x), "its timer is not as expected")
			}
		}
	}
	switch err {
	case nil:
	case context.Canceled:
		d.done = contextCanceled
	case context.DeadlineExceeded:
		d.done = contextExceeded
	default:
		e.fail(ptr, reflect.TypeOf(x), "a context of another implementation has ended it with an error of its own")
	}
	if err != nil {
		if d.cause = context.Cause(x); d.cause == err {
			d.cause = nil
		}
	}
	if e.contexts == nil {
		e.contexts = map[unsafe.Pointer]*derivedContext{}
	}
	e.contexts[c] = d
	return d
}

// checkParents refuses contexts that stem from others than those of package context and
// those that have names.
func (e *encoder) checkParents(x context.Context, ptr unsafe.Pointer) {
	from := reflect.TypeOf(x)
	for range maxContexts {
		p := contexts.parentOf(x)
		if p == nil {
			e.fail(ptr, from, "its parent is a "+reflect.TypeOf(x).String()+", which is not of package context")
		}
		x = contexts.parent(p)
		if x == nil {
			e.fail(ptr, from, "it has no parent")
		}
		if isRoot(x) {
			return
		}
		if _, ok := e.namedValue(x, e.reg.plans.of(reflect.TypeOf(x))); ok {
			return
		}
	}
	e.fail(ptr, from, "it is derived too many times")
}

// cancelOf returns the context of the cancel function f, which is at ptr, or nil if f is
// none.
func (e *encoder) cancelOf(f unsafe.Pointer, p *plan, ptr unsafe.Pointer) *derivedContext {
	if contexts == nil {
		return nil
	}
	code, ok := contexts.cancels[(*closure)(f).code]
	if !ok {
		return nil
	}
	var x any
	*(*eface)(unsafe.Pointer(&x)) = eface{code.of.word, (*closure)(f).record}
	if _, ok := e.namedValue(x, e.reg.plans.of(reflect.TypeOf(x))); ok {
		e.fail(ptr, p.typ, "it cancels a context that belongs to the process")
	}
	d := e.derivedContext(x.(context.Context), ptr)
	if code.cause {
		d.kind = contextCancelCause
	}
	return d
}

// Loading.

// lateContext is a variable that is to hold a context, or its cancel function, once it
// has been made.
type lateContext struct {
	dst   unsafe.Pointer
	iface reflect.Type // of an interface variable
	fn    reflect.Type // of a func
	obj   int
}

// lateEntry is an entry of a map whose value has to wait.
type lateEntry struct {
	obj        loadedObject
	key, value reflect.Value
}

type loadedContext struct {
	ctx    context.Context
	cancel unsafe.Pointer // the func value
	stop   func()
	cause  bool // what its cancel function takes
	depth  int
	made   bool
	open   bool // it is being made
}

// contextRef reads the context that an interface variable holds.
func (d *decoder) contextRef(p *plan, ptr unsafe.Pointer) {
	if d.inKey || contexts == nil || !contexts.cancel.typ.Implements(p.typ) || !contexts.timer.typ.Implements(p.typ) {
		d.fail("a context as %v", p.typ)
	}
	k := d.uvarint()
	if k < refKnown && k != refNew {
		d.fail("a context as %d", k)
	}
	num := len(d.objs)
	if k != refNew {
		if num = d.known(k - refKnown); d.object(num).p.typ != derivedType {
			d.fail("%v is no context", d.object(num).p.typ)
		}
	}
	d.late = append(d.late, lateContext{dst: ptr, iface: p.typ, obj: num})
	if k == refNew {
		d.content(d.add(d.memory(d.reg.plans.of(derivedType), 1, false)), false)
	}
}

// cancelRef notes that the func at ptr is the cancel function of a context.
func (d *decoder) cancelRef(p *plan, ptr unsafe.Pointer, num int) {
	if d.inKey || !sameFunc(p.typ, reflect.TypeFor[func()]()) && !sameFunc(p.typ, reflect.TypeFor[func(error)]()) {
		d.fail("a cancel function as %v", p.typ)
	}
	d.late = append(d.late, lateContext{dst: ptr, fn: p.typ, obj: num})
}

// makeContexts makes the contexts, parents first, when all that they refer to has been
// read, and sets what holds them.
func (d *decoder) makeContexts() {
	if contexts == nil {
		d.incompatible("this program does not understand its contexts")
	}
	at, named := map[unsafe.Pointer]int{}, map[unsafe.Pointer]bool{}
	for _, p := range d.namedContexts {
		named[p] = true
	}
	for _, l := range d.late {
		if l.iface == contextType {
			at[l.dst] = l.obj
		}
	}
	for i := range d.objs {
		if d.object(i).p.typ == derivedType {
			d.makeContext(i, at, named)
		}
	}
	for _, l := range d.late {
		c := d.contexts[l.obj]
		switch {
		case l.fn == nil:
			reflect.NewAt(l.iface, l.dst).Elem().Set(reflect.ValueOf(c.ctx))
			continue
		case c.cause != (l.fn.NumIn() == 1):
			d.fail("a cancel function as %v", l.fn)
		case l.iface == nil:
			*(*unsafe.Pointer)(l.dst) = c.cancel
		default:
			f := reflect.New(l.fn).Elem()
			*(*unsafe.Pointer)(f.Addr().UnsafePointer()) = c.cancel
			reflect.NewAt(l.iface, l.dst).Elem().Set(f)
		}
	}
}

func (d *decoder) makeContext(i int, at map[unsafe.Pointer]int, named map[unsafe.Pointer]bool) *loadedContext {
	c := d.contexts[i]
	if c.made {
		return c
	}
	if c.open {
		d.fail("a context is its own parent")
	}
	c.open = true
	v := (*derivedContext)(d.objs[i].mem)
	p := unsafe.Pointer(&v.parent)
	for {
		if c.depth++; c.depth > maxContexts {
			d.fail("a context is derived too many times")
		}
		if k, ok := at[p]; ok {
			parent := d.makeContext(k, at, named)
			if c.depth += parent.depth; c.depth > maxContexts {
				d.fail("a context is derived too many times")
			}
			*(*context.Context)(p) = parent.ctx
			break
		}
		x := *(*context.Context)(p)
		if x != nil && (named[p] || isRoot(x)) {
			break
		}
		if x != nil {
			p = contexts.parentOf(x)
		}
		if x == nil || p == nil {
			d.fail("a context of the parent %T", x)
		}
	}
	d.newContext(c, v)
	c.made = true
	return c
}

// endedParent is a parent that has ended, with the same error and cause as the context
// that it embeds, at a time that it does not tell.
type endedParent struct{ context.Context }

func (endedParent) Deadline() (time.Time, bool) { return time.Time{}, false }

func (d *decoder) newContext(c *loadedContext, v *derivedContext) {
	parent := v.parent
	switch v.done {
	case contextLive:
	case contextCanceled:
		ended, cancel := context.WithCancelCause(context.Background())
		cancel(v.cause)
		parent = endedParent{ended}
	case contextExceeded:
		ended, cancel := context.WithDeadlineCause(context.Background(), time.Unix(0, 0), v.cause)
		cancel()
		parent = endedParent{ended}
	default:
		d.fail("a context that ended in the way %d", v.done)
	}
	var cancel context.CancelFunc
	switch v.kind {
	case contextCancel:
		c.ctx, cancel = context.WithCancel(parent)
	case contextCancelCause:
		ctx, cancelCause := context.WithCancelCause(parent)
		c.ctx, c.cause, c.cancel = ctx, true, funcWord(cancelCause)
		c.stop = func() { cancelCause(nil) }
	case contextDeadline:
		c.ctx, cancel = context.WithDeadlineCause(parent, v.deadline, v.cause)
	default:
		d.fail("a context of the kind %d", v.kind)
	}
	if cancel != nil {
		c.cancel, c.stop = funcWord(cancel), cancel
	}
	if v.done != contextLive {
		// It has ended, and nothing but its values and its deadline come from its parent.
		*(*context.Context)(contexts.parentOf(c.ctx)) = v.parent
	}
}

// dropContexts ends the contexts of a state that turns out to be invalid, or that is not to
// be gone on from.
func (d *decoder) dropContexts() {
	for _, c := range d.contexts {
		if c.stop != nil {
			c.stop()
		}
	}
}
