package runtime

import (
	"reflect"
	"unsafe"
)

// How the encoder writes what is kept: in place of a reference the number of a handle,
// counted on from the names. It asks only where there is no name.

// kept reports whether the reference at ptr to the memory at addr is written as a
// handle.
func (e *encoder) kept(addr unsafe.Pointer, t reflect.Type, ptr unsafe.Pointer) bool {
	h := e.keep
	mark := h.mark(addr)
	if h.all && h.Strict && mark != markVars {
		e.fail(ptr, t, "goroutines of the program may be using it")
	}
	return mark != markNone
}

// keptWord is kept for what is never copied.
func (e *encoder) keptWord(w unsafe.Pointer, t reflect.Type, ptr unsafe.Pointer) bool {
	return e.keep != nil && (e.kept(w, t, ptr) || !e.keep.Strict)
}

// keptFunc is kept for a func value.
func (e *encoder) keptFunc(f unsafe.Pointer, p *plan, ptr unsafe.Pointer) bool {
	if e.keep == nil {
		return false
	}
	t, record := e.keep.survey.recordBehind(f)
	if record == nil || t.rec == nil || !sameFunc(t.rec.fn, p.typ) {
		return e.keptWord(f, p.typ, ptr)
	}
	return e.kept(record, p.typ, ptr)
}

// keptValue reports whether an interface is kept for what it holds by value.
func (e *encoder) keptValue(x any, q *plan) bool {
	h := e.keep
	if h == nil || h.Strict {
		return false
	}
	s := &h.survey
	t := s.types.of(q.typ)
	if h.all && t.hides {
		return true
	}
	return t.fragile && s.breaks(t, held(x, q))
}

// keptCodec reports whether a value that has been saved by its meaning is kept.
func (e *encoder) keptCodec(p *plan, ptr unsafe.Pointer) bool {
	h := e.keep
	if h == nil || h.Strict {
		return false
	}
	t := h.survey.types.of(p.typ)
	return p.codec.custom || h.all && t.shared || h.survey.fails(t, ptr)
}

// copiesContexts reports whether contexts are saved by their meaning. Loading them into
// the process that has them would leave a second one behind each time.
func (e *encoder) copiesContexts() bool { return contexts != nil && (e.keep == nil || e.keep.Strict) }

// unnameable reports whether a state cannot describe a type, but for its parts.
func (e *encoder) unnameable(p *plan) string {
	switch {
	case p.rec != nil:
		return ""
	case e.keep != nil && p.typ.PkgPath() == "" && p.op == opStruct && embeds(p.typ) && e.reg.names.unnamedStruct(e.reg.names.structFields(p.typ)) != p.typ:
		return "this struct type is not registered"
	}
	return e.reg.names.describing(p).why
}

// holdWord writes a handle to what the one-word reference w of type t is.
func (e *encoder) holdWord(w unsafe.Pointer, t reflect.Type) {
	e.uvarint(refNamed)
	e.uvarint(uint64(len(e.names)) + e.hold(heldValue{typ: t, word: w}, e.keep.mark(e.markedBy(w, t))))
}

// markedBy returns the memory that decides about a reference.
func (e *encoder) markedBy(w unsafe.Pointer, t reflect.Type) unsafe.Pointer {
	if t.Kind() == reflect.Func {
		if _, record := e.keep.survey.recordBehind(w); record != nil {
			return record
		}
	}
	return w
}

func (e *encoder) holdSlice(s *sliceHeader, t reflect.Type) {
	e.uvarint(refNamed)
	e.uvarint(uint64(len(e.names)) + e.hold(heldValue{typ: t, word: s.data, len: s.len, cap: s.cap}, e.keep.mark(s.data)))
}

// holdInterface writes a handle to what an interface of type t holds.
func (e *encoder) holdInterface(x any, t reflect.Type) {
	e.uvarint(typeNamed)
	e.uvarint(uint64(len(e.names)) + e.hold(heldValue{typ: t, value: x}, markProcess))
}

// holdBits writes a handle to a copy of the value at p.
func (e *encoder) holdBits(p unsafe.Pointer, t reflect.Type) {
	v := reflect.New(t)
	v.Elem().Set(reflect.NewAt(t, p).Elem())
	e.uvarint(e.hold(heldValue{typ: t, word: v.UnsafePointer()}, markProcess))
}

// hold keeps v and returns the number of its handle.
func (e *encoder) hold(v heldValue, mark heldMark) uint64 {
	h := e.keep
	h.values = append(h.values, v)
	n := &h.stats.Process
	if mark == markVars {
		n = &h.stats.Variables
	}
	switch v.typ.Kind() {
	case reflect.Pointer:
		n.Pointers++
	case reflect.Slice:
		n.Slices++
	case reflect.Map:
		n.Maps++
	case reflect.Func:
		n.Funcs++
	case reflect.Chan:
		n.Channels++
	case reflect.Interface:
		n.Interfaces++
	case reflect.UnsafePointer:
		n.UnsafePointers++
	default:
		n.Values++
	}
	return uint64(len(h.values) - 1)
}

// holdType writes a handle to a type.
func (e *encoder) holdType(t reflect.Type) {
	h := e.keep
	h.values = append(h.values, heldValue{typ: rtype, word: wordOf(t)})
	e.uvarint(uint64(len(h.values) - 1))
}
