package runtime

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"reflect"
	"strconv"
	"strings"
	"unsafe"
)

// quick saves a state that mentions nothing but numbers, strings and the record of the
// function that runs: one pass instead of two, without an encoder. It reports false
// if the state is not like that. The bytes are those that the encoder would write.
func quick(r *registry, c *Coroutine, b []byte, roots []any) (out []byte, ok bool) {
	var known [8]*siteType
	shapes := known[:0]
	record := -1 // the binding that the records are
	memory := uintptr(0)
	for _, frame := range c.frames {
		f := (*eface)(unsafe.Pointer(&frame))
		t := r.frames[f.typ]
		if t == nil {
			return nil, false
		}
		site := *(*int)(f.data)
		if site < 1 || site > len(t.sites) {
			return nil, false
		}
		s := t.sites[site-1]
		if memory += t.plan.size; !s.quick || memory > allocFree {
			return nil, false
		}
		for i := range s.self {
			p := &s.live[s.self[i]]
			k := c.bindingOf(*(*unsafe.Pointer)(unsafe.Add(f.data, p.off)), p.p)
			if k < 0 || record >= 0 && k != record {
				return nil, false
			}
			record = k
		}
		if shapeOf(shapes, s) < 0 {
			if len(shapes) == len(known) {
				return nil, false
			}
			shapes = append(shapes, s)
		}
	}

	start := len(b)
	b = append(b, stateMagic+"\x01\x00"...)
	body := len(b)
	flags := byte(0)
	if c.done {
		flags |= flagDone
	}
	if c.started {
		flags |= flagStarted
	}
	if record >= 0 {
		flags |= flagNames
	}
	if len(roots) > 0 {
		flags |= flagRoots
	}
	b = append(b, flags)
	b = appendUvarint(b, uint64(len(c.frames)))
	if len(shapes) > 0 {
		b = append(b, byte(len(shapes)))
	}
	last := ""
	for i, s := range shapes {
		if i == 0 {
			b = append(b, s.first...)
		} else {
			b = appendName(b, last, s.frame.name)
			b = append(b, s.desc...)
		}
		last = s.frame.name
	}
	if record >= 0 {
		b = append(b, 1, nameBinding)
		b = appendName(b, last, c.binding(record).Name)
	}
	long := 0
	if len(roots) > 0 {
		b = appendUvarint(b, uint64(len(roots)))
		list := len(b)
		for _, root := range roots {
			basic := basicRoot(root)
			if basic == 0 {
				return nil, false
			}
			b = append(b, basic, refNew)
		}
		for i, root := range roots {
			op := opOfBasic[b[list+2*i]]
			ptr := (*eface)(unsafe.Pointer(&root)).data
			if op == opInt {
				b = appendVarint(b, int64(*(*int)(ptr)))
				continue
			}
			if op == opString {
				long += longString(ptr)
			}
			b = appendBasic(b, op, ptr)
		}
	}
	for _, frame := range c.frames {
		f := (*eface)(unsafe.Pointer(&frame))
		k := 0
		if len(shapes) > 1 {
			k = shapeOf(shapes, r.frames[f.typ].sites[*(*int)(f.data)-1])
		}
		s := shapes[k]
		b = append(b, byte(k))
		for i := range s.live {
			l := &s.live[i]
			switch op := l.p.op; op {
			case opInt:
				b = appendVarint(b, int64(*(*int)(unsafe.Add(f.data, l.off))))
			case opPointer:
				b = append(b, refNamed, 0, 0)
			case opString:
				long += longString(unsafe.Add(f.data, l.off))
				fallthrough
			default:
				b = appendBasic(b, op, unsafe.Add(f.data, l.off))
			}
		}
	}
	if long > 1 {
		return nil, false // they may share memory
	}
	return sealState(b, start, body), true
}

func longString(ptr unsafe.Pointer) int {
	if len(*(*string)(ptr)) >= sharedString {
		return 1
	}
	return 0
}

func shapeOf(shapes []*siteType, s *siteType) int {
	for i, t := range shapes {
		if t == s {
			return i
		}
	}
	return -1
}

// bindingOf finds the binding that is the pointer v of the type of p.
func (c *Coroutine) bindingOf(v unsafe.Pointer, p *plan) int {
	if v == nil {
		return -1
	}
	shared := c.sharedBindings()
	for i := range shared {
		if shared[i].is(v, p) && !c.rebound(i) {
			return i
		}
	}
	for i := range c.bindings {
		if n := len(shared) + i; c.bindings[i].is(v, p) && !c.rebound(n) {
			return n
		}
	}
	return -1
}

// is reports whether the value is the pointer v of the type of p.
func (b *Binding) is(v unsafe.Pointer, p *plan) bool {
	f := (*eface)(unsafe.Pointer(&b.Value))
	return f.data == v && f.typ == p.word
}

// basicRoot returns the number of the type that root points to, if it is one that
// every state knows and its value refers to nothing, or 0.
func basicRoot(root any) byte {
	t := rootType(root)
	if opOfBasic[t] == opInterface && *(*unsafe.Pointer)((*eface)(unsafe.Pointer(&root)).data) != nil {
		return 0
	}
	return t
}

// rootType returns the number of the type that root points to, if it is one of those that
// roots are most often of, or 0.
func rootType(root any) byte {
	t := byte(0)
	switch root.(type) {
	case *int:
		t = 3
	case *string:
		t = 18
	case *bool:
		t = 2
	case *int64:
		t = 7
	case *float64:
		t = 15
	case *any:
		t = 20
	case *error:
		t = 21
	}
	if (*eface)(unsafe.Pointer(&root)).data == nil {
		return 0
	}
	return t
}

// opOfBasic gives the ops of the types that have fixed numbers.
var opOfBasic = func() (ops [firstType]op) {
	for i, t := range basicTypes {
		if t != nil && t.Kind() == reflect.Interface {
			ops[i] = opInterface
		} else if t != nil && t.Kind() != reflect.UnsafePointer {
			ops[i] = opOfKind[t.Kind()]
		}
	}
	return ops
}()

func appendUvarint(b []byte, v uint64) []byte {
	if v < 0x80 {
		return append(b, byte(v))
	}
	return binary.AppendUvarint(b, v)
}

func appendVarint(b []byte, v int64) []byte { return appendUvarint(b, uint64(v)<<1^uint64(v>>63)) }

// appendFloat writes the bits with the exponent last, so that round numbers are short.
func appendFloat(b []byte, v float64) []byte {
	return appendUvarint(b, bits.ReverseBytes64(math.Float64bits(v)))
}

func appendFloat32(b []byte, v float32) []byte {
	return appendUvarint(b, uint64(bits.ReverseBytes32(math.Float32bits(v))))
}

// appendBasic writes a value that refers to nothing; an interface must be nil, and a
// string must be none that has been written before.
func appendBasic(b []byte, op op, ptr unsafe.Pointer) []byte {
	switch op {
	case opBool, opInt8, opUint8:
		return append(b, *(*byte)(ptr))
	case opInt:
		return appendVarint(b, int64(*(*int)(ptr)))
	case opInt16:
		return appendVarint(b, int64(*(*int16)(ptr)))
	case opInt32:
		return appendVarint(b, int64(*(*int32)(ptr)))
	case opInt64:
		return appendVarint(b, *(*int64)(ptr))
	case opUint:
		return appendUvarint(b, uint64(*(*uint)(ptr)))
	case opUint16:
		return appendUvarint(b, uint64(*(*uint16)(ptr)))
	case opUint32:
		return appendUvarint(b, uint64(*(*uint32)(ptr)))
	case opUint64:
		return appendUvarint(b, *(*uint64)(ptr))
	case opUintptr:
		return appendUvarint(b, uint64(*(*uintptr)(ptr)))
	case opFloat32:
		return appendFloat32(b, *(*float32)(ptr))
	case opFloat64:
		return appendFloat(b, *(*float64)(ptr))
	case opComplex64:
		v := *(*complex64)(ptr)
		return appendFloat32(appendFloat32(b, real(v)), imag(v))
	case opComplex128:
		v := *(*complex128)(ptr)
		return appendFloat(appendFloat(b, real(v)), imag(v))
	case opString:
		s := *(*string)(ptr)
		return append(appendUvarint(b, uint64(len(s))<<1), s...)
	case opInterface:
		return append(b, typeNil)
	}
	panic("coroutine: not a basic type")
}

// appendPos writes a position in the source: the file without ".go", the line and the
// column, or the whole text and 0.
func appendPos(b []byte, pos string) []byte {
	if file, rest, ok := strings.Cut(pos, ".go:"); ok {
		line, column, _ := strings.Cut(rest, ":")
		l, err := strconv.ParseUint(line, 10, 32)
		c := uint64(0)
		if err == nil && column != "" {
			c, err = strconv.ParseUint(column, 10, 32)
		}
		if err == nil && l > 0 && joinPos(file, l, c) == pos {
			return appendUvarint(appendUvarint(appendString(b, file), l), c)
		}
	}
	return append(appendString(b, pos), 0)
}

func joinPos(file string, line, column uint64) string {
	switch {
	case line == 0:
		return file
	case column == 0:
		return fmt.Sprintf("%s.go:%d", file, line)
	}
	return fmt.Sprintf("%s.go:%d:%d", file, line, column)
}

// appendName writes a long name: how much it has in common with the last one, if there
// is one, and the rest.
func appendName(b []byte, last, s string) []byte {
	if last == "" {
		return append(appendUvarint(b, uint64(len(s))), s...)
	}
	n := 0
	for n < len(s) && n < len(last) && s[n] == last[n] {
		n++
	}
	b = appendUvarint(b, uint64(n))
	b = appendUvarint(b, uint64(len(s)-n))
	return append(b, s[n:]...)
}
