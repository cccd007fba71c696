package runtime

import (
	"encoding/binary"
	"math"
	"math/bits"
	"reflect"
	"unsafe"
)

// quickReader loads the states that quick makes, without a decoder. It gives up at
// anything else, which may be an error.
type quickReader struct {
	b   []byte
	i   int
	bad bool
}

// quickRoot is the value of a root until everything has been read.
type quickRoot struct {
	op op
	n  uint64
	s  string
}

// quickLoad reports false, and has changed nothing, if the state is another one.
func quickLoad(r *registry, c *Coroutine, body []byte, roots []any) bool {
	q := quickReader{b: body}
	flags := q.byte()
	frames := q.uvarint()
	if flags&^(flagDone|flagStarted|flagNames|flagRoots) != 0 || frames == 0 || frames > uint64(len(body)) || flags&flagDone != 0 || (flags&flagRoots != 0) != (len(roots) > 0) {
		return false
	}
	var known [8]*siteType
	n := q.uvarint()
	if n > uint64(len(known)) {
		return false
	}
	var nameBuf [128]byte
	name := nameBuf[:0]
	for i := range known[:n] {
		if name = q.name(name); q.bad {
			return false
		}
		s := sameSite(r, name, q.b[q.i:])
		if s == nil || !s.quick {
			return false
		}
		known[i] = s
		q.i += len(s.desc)
	}
	var record any
	if flags&flagNames != 0 {
		if q.byte() != 1 || q.byte() != nameBinding {
			return false
		}
		if name = q.name(name); q.bad {
			return false
		}
		if b := c.bindingNamed(name); b != nil {
			record = b.Value
		}
	}
	var values [4]quickRoot
	if len(roots) > 0 && !q.roots(values[:], roots) {
		return false
	}

	var stack []any
	memory := uintptr(0)
	if frames == 1 {
		stack = c.first[:]
	} else {
		stack = make([]any, frames)
	}
	for i := range stack {
		k := q.uvarint()
		if k >= n {
			q.bad = true
			break
		}
		s := known[k]
		if memory += s.frame.plan.size; memory > allocFree {
			q.bad = true
			break
		}
		p := reflect.New(s.frame.typ).UnsafePointer()
		*(*int)(p) = s.index
		for j := range s.live {
			f := &s.live[j]
			if f.p.op != opPointer {
				q.basic(f.p.op, unsafe.Add(p, f.off))
				continue
			}
			x := (*eface)(unsafe.Pointer(&record))
			if q.byte() != refNamed || q.byte() != 0 || q.byte() != 0 || x.typ != f.p.word || x.data == nil {
				q.bad = true
				break
			}
			*(*unsafe.Pointer)(unsafe.Add(p, f.off)) = x.data
		}
		*(*eface)(unsafe.Pointer(&stack[i])) = eface{s.frame.word, p}
	}
	if q.bad || q.i != len(q.b) || wrongEntry(r, c, stack) != "" {
		c.first[0] = nil
		return false
	}
	for i, root := range roots {
		values[i].set((*eface)(unsafe.Pointer(&root)).data)
	}
	c.frames = stack
	c.started = flags&flagStarted != 0
	if c.started {
		c.mode = suspended
	}
	return true
}

// roots reads the roots.
func (q *quickReader) roots(values []quickRoot, roots []any) bool {
	if q.uvarint() != uint64(len(roots)) || len(roots) > len(values) {
		return false
	}
	for i, root := range roots {
		t := q.byte()
		if t == 0 || t != rootType(root) || q.byte() != refNew {
			return false
		}
		values[i].op = opOfBasic[t]
	}
	for i := range roots {
		switch v := &values[i]; v.op {
		case opString:
			v.s = q.string()
		case opInterface:
			q.bad = q.bad || q.byte() != typeNil
		default:
			q.basic(v.op, unsafe.Pointer(&v.n))
		}
	}
	return !q.bad
}

func (v *quickRoot) set(addr unsafe.Pointer) {
	switch v.op {
	case opString:
		*(*string)(addr) = v.s
	case opInterface:
		*(*any)(addr) = nil
	case opBool:
		*(*bool)(addr) = *(*bool)(unsafe.Pointer(&v.n))
	case opInt:
		*(*int)(addr) = *(*int)(unsafe.Pointer(&v.n))
	default:
		*(*uint64)(addr) = v.n
	}
}

func (q *quickReader) byte() byte {
	if q.i >= len(q.b) {
		q.bad = true
		return 0xff
	}
	q.i++
	return q.b[q.i-1]
}

func (q *quickReader) uvarint() uint64 {
	if q.i < len(q.b) && q.b[q.i] < 0x80 {
		q.i++
		return uint64(q.b[q.i-1])
	}
	v, n := binary.Uvarint(q.b[min(q.i, len(q.b)):])
	if n <= 0 {
		q.bad = true
		return math.MaxUint64
	}
	q.i += n
	return v
}

// name reads a long name behind the last one, which it overwrites.
func (q *quickReader) name(last []byte) []byte {
	n := uint64(0)
	if len(last) > 0 {
		n = q.uvarint()
	}
	k := q.uvarint()
	if n > uint64(len(last)) || k > uint64(len(q.b)-q.i) || n+k > maxName {
		q.bad = true
		return nil
	}
	q.i += int(k)
	return append(last[:n], q.b[q.i-int(k):q.i]...)
}

func (q *quickReader) string() string {
	v := q.uvarint()
	if v&1 != 0 || v>>1 > uint64(len(q.b)-q.i) {
		q.bad = true
		return ""
	}
	q.i += int(v >> 1)
	return string(q.b[q.i-int(v>>1) : q.i])
}

// signed reads a number of so many bits.
func (q *quickReader) signed(bits int) int64 {
	u := q.uvarint()
	v := int64(u>>1) ^ -int64(u&1)
	if v<<(64-bits)>>(64-bits) != v {
		q.bad = true
	}
	return v
}

func (q *quickReader) unsigned(bits int) uint64 {
	v := q.uvarint()
	if v<<(64-bits)>>(64-bits) != v {
		q.bad = true
	}
	return v
}

func (q *quickReader) float64() float64 {
	return math.Float64frombits(bits.ReverseBytes64(q.uvarint()))
}

func (q *quickReader) float32() float32 {
	return math.Float32frombits(bits.ReverseBytes32(uint32(q.unsigned(32))))
}

// basic reads a number or string.
func (q *quickReader) basic(op op, ptr unsafe.Pointer) {
	switch op {
	case opInt:
		*(*int)(ptr) = int(q.signed(bits.UintSize))
	case opBool:
		b := q.byte()
		if b > 1 {
			q.bad = true
			return
		}
		*(*byte)(ptr) = b
	case opInt8, opUint8:
		*(*byte)(ptr) = q.byte()
	case opInt16:
		*(*int16)(ptr) = int16(q.signed(16))
	case opInt32:
		*(*int32)(ptr) = int32(q.signed(32))
	case opInt64:
		*(*int64)(ptr) = q.signed(64)
	case opUint:
		*(*uint)(ptr) = uint(q.unsigned(bits.UintSize))
	case opUint16:
		*(*uint16)(ptr) = uint16(q.unsigned(16))
	case opUint32:
		*(*uint32)(ptr) = uint32(q.unsigned(32))
	case opUint64:
		*(*uint64)(ptr) = q.uvarint()
	case opUintptr:
		*(*uintptr)(ptr) = uintptr(q.unsigned(bits.UintSize))
	case opFloat32:
		*(*float32)(ptr) = q.float32()
	case opFloat64:
		*(*float64)(ptr) = q.float64()
	case opComplex64:
		re := q.float32()
		*(*complex64)(ptr) = complex(re, q.float32())
	case opComplex128:
		re := q.float64()
		*(*complex128)(ptr) = complex(re, q.float64())
	case opString:
		*(*string)(ptr) = q.string()
	default:
		q.bad = true
	}
}
