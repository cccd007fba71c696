package runtime

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// reader prints a state. It is written from docs/state-format.md and shares no code
// with the package: what it needs to know is in the state, or on that page.
type reader struct {
	b      []byte
	i      int
	out    strings.Builder
	last   string
	types  []rtypeDesc
	names  []string
	objs   []robject
	inKey  bool
	heads  []string
	shapes [][]rfield

	// Contents that stand in each other go to lines of their own.
	lines []string
	depth int
	later []func()
	long  int // strings of 16 bytes and more

	objUses, stringUses []int
}

type rtypeDesc struct {
	kind     byte
	name     string
	elem     uint64
	key      uint64
	n        uint64
	fields   []rfield
	describe string
}

type rfield struct {
	name string
	typ  uint64
}

type robject struct {
	typ, n uint64
}

var rbasic = strings.Split("nil named bool int int8 int16 int32 int64 uint uint8 uint16 uint32 uint64 uintptr float32 float64 complex64 complex128 string unsafe.Pointer any error reflect.Type", " ")

func (r *reader) byte() byte { r.i++; return r.b[r.i-1] }

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b[r.i:])
	r.i += n
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b[r.i:])
	r.i += n
	return v
}

func (r *reader) take(n uint64) string {
	r.i += int(n)
	return string(r.b[r.i-int(n) : r.i])
}

func (r *reader) text() string { return r.take(r.uvarint()) }

func (r *reader) name() string {
	n := uint64(0)
	if r.last != "" {
		n = r.uvarint()
	}
	r.last = r.last[:n] + r.text()
	return r.last
}

func (r *reader) printf(format string, args ...any) { fmt.Fprintf(&r.out, format, args...) }

func readState(b []byte) string {
	if crc32.Checksum(b[:len(b)-4], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return "bad checksum"
	}
	r := &reader{b: b[:len(b)-4], i: 3}
	if r.uvarint() != uint64(len(r.b)-r.i) {
		return "bad length"
	}
	flags := r.byte()
	r.printf("flags %#x\n", flags)
	frames := r.uvarint()
	if frames > 0 || flags&64 != 0 {
		for range r.uvarint() {
			head := r.name()
			head = fmt.Sprintf("%s %x site %d at %s", head, r.take(8), r.uvarint(), r.position())
			r.heads = append(r.heads, head)
			r.shapes = append(r.shapes, r.fields())
		}
	}
	if flags&4 != 0 {
		for range r.uvarint() {
			r.types = append(r.types, r.typ())
		}
	}
	for i, t := range r.types {
		r.printf("type %d: %s%s", i+32, t.name, t.describe)
		for _, f := range t.fields {
			r.printf(" %s:%s", f.name, r.typeName(f.typ))
		}
		r.printf("\n")
	}
	if flags&8 != 0 {
		for range r.uvarint() {
			kind := r.byte()
			if kind == 3 {
				of := r.names[r.uvarint()]
				r.names = append(r.names, r.name()+" of "+of)
				continue
			}
			r.names = append(r.names, []string{"", "&", "binding ", "", "bound "}[kind]+r.name())
		}
	}
	if flags&16 != 0 {
		r.depth = 64
		for i := range r.uvarint() {
			t := r.uvarint()
			r.printf("root %d: ", i)
			r.reference(t)
			r.printf("\n")
		}
		r.depth = 0
		r.rest()
	}
	for range frames {
		r.frame()
		r.printf("\n")
		r.rest()
	}
	if r.i != len(r.b) {
		r.printf("%d bytes left\n", len(r.b)-r.i)
	}
	return r.out.String()
}

func (r *reader) frame() {
	k := r.uvarint()
	r.printf("frame %s:", r.heads[k])
	for _, f := range r.shapes[k] {
		r.printf(" %s=", f.name)
		r.value(f.typ)
	}
}

// coroutine reads one that is part of the state.
func (r *reader) coroutine() {
	flags := r.byte()
	r.printf("coroutine %d", flags)
	if flags&1 != 0 {
		return
	}
	r.printf(" of ")
	r.basic(20)
	for range r.uvarint() {
		r.printf(" ")
		r.frame()
	}
}

func (r *reader) position() string {
	p := r.text()
	if line := r.uvarint(); line != 0 {
		p = fmt.Sprintf("%s.go:%d", p, line)
		if column := r.uvarint(); column != 0 {
			p = fmt.Sprintf("%s:%d", p, column)
		}
	}
	return p
}

// object adds an object and reads its contents, or puts them off.
func (r *reader) object(o robject, contents func()) {
	num := len(r.objs)
	r.objs = append(r.objs, o)
	r.objUses = append(r.objUses, num)
	r.printf("#%d", num)
	if r.depth == 64 {
		r.later = append(r.later, func() { r.contents(num, contents) })
		return
	}
	r.contents(num, contents)
}

func (r *reader) contents(num int, contents func()) {
	out, inKey := r.out, r.inKey
	r.out, r.inKey = strings.Builder{}, false
	r.depth++
	r.printf("  object %d, %s: ", num, r.typeName(r.objs[num].typ))
	contents()
	r.depth--
	r.lines = append(r.lines, r.out.String())
	r.out, r.inKey = out, inKey
}

// rest prints the objects whose contents have been read, after those that were put off.
func (r *reader) rest() {
	for len(r.later) > 0 {
		f := r.later[0]
		r.later = r.later[1:]
		f()
	}
	for _, line := range r.lines {
		r.printf("%s\n", line)
	}
	r.lines = nil
}

// array reads the contents of n elements, the zeros at the end of which may be left out.
func (r *reader) array(typ, n uint64, trimmed bool) func() {
	return func() {
		z := uint64(0)
		if trimmed {
			z = r.uvarint()
		}
		for range n - z {
			r.value(typ)
			r.printf(" ")
		}
		if trimmed {
			r.printf("and %d zeros", z)
		}
	}
}

// described reads the type of a new object.
func (r *reader) described() (o robject, contents func()) {
	v := r.uvarint()
	o = robject{v / 2, 1}
	if v%2 == 0 {
		return o, func() { r.value(o.typ) }
	}
	o.n = r.uvarint()
	return o, r.array(o.typ, o.n, true)
}

// known returns the number of the one that is mentioned again.
func known(k uint64, uses *[]int) int {
	n := int(k / 2)
	if k%2 == 0 {
		n = (*uses)[len(*uses)-1-n]
	}
	*uses = append(*uses, n)
	return n
}

func (r *reader) steps() {
	for range r.uvarint() {
		r.printf(".%d", r.uvarint())
	}
}

func (r *reader) walk(o robject, target uint64) {
	typ, n := o.typ, o.n
	for {
		if n != 1 {
			r.printf("[%d]", r.uvarint())
		}
		if typ == target || typ < 32 || len(r.desc(typ).fields) == 0 || target >= 32 && slices.Equal(r.desc(typ).fields, r.desc(target).fields) {
			return
		}
		f := r.desc(typ).fields[r.uvarint()]
		r.printf(".%s", f.name)
		typ, n = r.flat(f.typ)
	}
}

func (r *reader) reference(t uint64) {
	switch k := r.uvarint(); k {
	case 0:
		r.printf("nil")
	case 1:
		r.printf("%s", r.names[r.uvarint()])
		r.steps()
	case 2:
		r.printf("somewhere")
	case 3:
		elem, n := r.flat(t)
		r.object(robject{elem, n}, r.array(elem, n, false))
	case 4:
		elem, n := r.flat(t)
		o, contents := r.described()
		// The way stands before the contents.
		if elem != o.typ || n != o.n {
			r.walk(o, elem)
			r.printf(" of ")
		}
		r.object(o, contents)
	default:
		num := known(k-5, &r.objUses)
		o := r.objs[num]
		r.printf("#%d", num)
		if elem, n := r.flat(t); elem != o.typ || n != o.n {
			r.walk(o, elem)
		}
	}
}

func (r *reader) slice(t uint64) {
	elem, n := r.flat(t)
	k := r.uvarint()
	switch {
	case k == 0:
		r.printf("nil")
		return
	case k == 1:
		r.printf("%s", r.names[r.uvarint()])
		r.steps()
	case k == 2:
	case k == 3:
		n *= r.uvarint()
		r.object(robject{elem, n}, r.array(elem, n, false))
		return
	case k == 5:
		length, capacity := r.uvarint(), r.uvarint()
		r.printf("%d of ", length)
		r.object(robject{elem, n * capacity}, r.array(elem, n*capacity, true))
		return
	case k == 4:
		o, contents := r.described()
		r.walk(o, elem)
		r.printf("(%d of %d) of ", r.uvarint(), r.uvarint())
		r.object(o, contents)
		return
	case k%2 == 1:
		r.printf("#%d", known((k-6)/2, &r.objUses))
		return
	default:
		num := known((k-6)/2, &r.objUses)
		r.printf("#%d", num)
		r.walk(r.objs[num], elem)
	}
	r.printf("(%d of %d)", r.uvarint(), r.uvarint())
}

func (r *reader) channel(t, elem uint64) {
	switch k := r.uvarint(); k {
	case 0:
		r.printf("nil")
	case 1:
		r.printf("%s", r.names[r.uvarint()])
	case 3:
		capacity := r.uvarint()
		r.printf("room for %d ", capacity/2)
		if capacity%2 == 1 {
			r.printf("closed ")
		}
		n := r.uvarint()
		r.object(robject{t, n}, r.array(elem, n, false))
	default:
		r.printf("#%d", known(k-5, &r.objUses))
	}
}

// entries reads the contents of a map.
func (r *reader) entries(t, n uint64) func() {
	return func() {
		for range n {
			r.inKey = true
			r.value(r.desc(t).key)
			r.inKey = false
			r.printf(":")
			r.value(r.desc(t).elem)
			r.printf(" ")
		}
	}
}

func (r *reader) float() float64 { return math.Float64frombits(bits.ReverseBytes64(r.uvarint())) }

func (r *reader) float32() float32 {
	return math.Float32frombits(bits.ReverseBytes32(uint32(r.uvarint())))
}

func (r *reader) value(id uint64) {
	if r.empty(id) {
		r.printf("{}")
		return
	}
	t := rtypeDesc{elem: id}
	if id >= 32 {
		t = r.desc(id)
	}
	switch t.kind {
	case 0:
		r.basic(t.elem)
	case 1:
		r.reference(t.elem)
	case 2:
		r.slice(t.elem)
	case 3:
		r.printf("[")
		for range t.n {
			r.value(t.elem)
			r.printf(" ")
		}
		r.printf("]")
	case 4, 6:
		switch k := r.uvarint(); k {
		case 0:
			r.printf("nil")
		case 1:
			r.printf("%s", r.names[r.uvarint()])
		case 3:
			n := r.uvarint()
			r.object(robject{id, n}, r.entries(id, n))
		case 4:
			r.object(r.described())
		default:
			r.printf("#%d", known(k-5, &r.objUses))
		}
	case 5:
		r.channel(id, t.elem)
	case 7, 8, 12:
		r.printf("{")
		for _, f := range t.fields {
			r.printf("%s:", f.name)
			r.value(f.typ)
			r.printf(" ")
		}
		r.printf("}")
	case 9:
		r.basic(20)
	case 10:
		r.printf("%s(%x)", strings.TrimSpace(t.name), r.text())
	case 11:
		r.byte()
		r.printf("0")
	case 13:
		r.coroutine()
	}
}

func (r *reader) basic(id uint64) {
	switch id {
	case 23:
		switch k := r.uvarint(); k {
		case 0:
			r.printf("nil")
		case 1:
			r.printf("%s", r.names[r.uvarint()])
			r.steps()
		case 4:
			r.object(r.described())
		default:
			r.printf("#%d", known(k-5, &r.objUses))
		}
	case 22:
		r.printf("type %d", r.uvarint())
	case 2, 9:
		r.printf("%d", r.byte())
	case 4:
		r.printf("%d", int8(r.byte()))
	case 3, 5, 6, 7:
		r.printf("%d", r.varint())
	case 8, 10, 11, 12, 13:
		r.printf("%d", r.uvarint())
	case 14:
		r.printf("%v", r.float32())
	case 15:
		r.printf("%v", r.float())
	case 16:
		r.printf("%v", complex(r.float32(), r.float32()))
	case 17:
		r.printf("%v", complex(r.float(), r.float()))
	case 18:
		if v := r.uvarint(); v%2 == 0 {
			r.printf("%q", r.take(v/2))
			if v/2 >= 16 {
				r.stringUses = append(r.stringUses, r.long)
				r.long++
			}
		} else {
			r.printf("string %d", known(v/2, &r.stringUses))
		}
	case 19:
		r.uvarint()
		r.printf("nil")
	case 20, 21:
		switch t := r.uvarint(); {
		case t == 0:
			r.printf("nil")
		case t == 1:
			r.printf("%s", r.names[r.uvarint()])
		case t == 22:
			r.printf("type %s", r.typeName(r.uvarint()))
		case t >= 32 && !r.leaf(t) && !r.inKey && (r.desc(t).kind == 3 || r.desc(t).kind == 7 || r.desc(t).kind == 8):
			r.printf("boxed ")
			if k := r.uvarint(); k == 3 {
				r.object(robject{t, 1}, func() { r.value(t) })
			} else {
				r.printf("#%d", known(k-5, &r.objUses))
			}
		default:
			r.printf("%s ", r.typeName(t))
			r.value(t)
		}
	}
}

// TestReader lets the independent reader through states of random graphs.
func TestReader(t *testing.T) {
	for i, body := range fuzzSeeds(t) {
		text := readState(seal(body))
		require.NotContains(t, text, "bytes left", "seed %d", i)
		require.Contains(t, text, "root 0: #0\n  object 0, int: 1 \n", "seed %d", i)
	}
}
