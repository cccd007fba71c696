package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
)

// inspector reads one state, knowing the format only.
type inspector struct {
	b     []byte // what is read from: up to the end of the body, once that is known
	whole []byte
	i     int
	from  int // where the element begins that is being read
	end   int // of the body, as the state tells it
	size  int // of the state, with what stands before it

	out   *Inspection // or nil
	heap  int         // how much memory the values of objects may still take
	stack int         // and those of frames
	left  *int        // one of these
	texts int         // how much all names and derived texts may still take
	steps int         // how many values may still be looked at
	each  func(Element)
	level int

	start    int // of the state, behind what stands before it
	lastName []byte
	types    []inspectedType
	composed map[string]int // the first type that is made of these parts
	shapes   []inspectedShape
	names    []InspectedName
	objects  []inspectedObject
	roots    []string // their names, if they are known
	strs     []string

	mentions, stringMentions mentions

	depth   int // of the value that is being read
	inKey   bool
	nesting int // of the contents of objects that are being read
	later   []lateContents
}

type inspectedShape struct {
	function, fingerprint, pos string
	site                       int
	live                       []inspectedField
	solid                      []int // those that take bytes
}

type inspectedObject struct {
	typ   uint64
	form  form
	n     int
	trim  bool // some of the last elements may be left out
	fresh bool // its contents are still to come
	refs  int

	capacity int // of a channel
	closed   bool
}

// lateContents are contents of an object that have been put off.
type lateContents struct {
	num   int
	label string
}

func newInspector(b []byte) *inspector {
	x := &inspector{b: b, whole: b, end: len(b), texts: 16<<20 + 64*len(b), steps: 1<<26 + 256*len(b)}
	x.left = &x.stack
	return x
}

func (x *inspector) fail(format string, args ...any) { x.failAt(x.from, format, args...) }

func (x *inspector) failAt(offset int, format string, args ...any) {
	panic(&StateError{offset, fmt.Sprintf(format, args...)})
}

// say tells the meaning of what has been read since the last element.
func (x *inspector) say(format string, args ...any) {
	if x.each != nil {
		x.each(Element{x.from, x.whole[x.from:x.i], x.level, fmt.Sprintf(format, args...)})
	}
	x.from = x.i
}

// spend reports whether there is room for a value, and for so many bytes of text that
// belong to it.
func (x *inspector) spend(size int) bool {
	if *x.left < size {
		*x.left = 0
		return false
	}
	*x.left -= size
	return true
}

// text notes that a text is kept that may be much longer than what it is made of.
func (x *inspector) text(s string) string {
	if x.texts -= len(s); x.texts < 0 {
		x.fail("names and types that are out of proportion to the state")
	}
	return s
}

// Primitives.

func (x *inspector) byte() byte {
	if x.i >= len(x.b) {
		x.truncated()
	}
	x.i++
	return x.b[x.i-1]
}

func (x *inspector) truncated() { x.failAt(len(x.b), "the state ends in the middle of something") }

func (x *inspector) uvarint() uint64 {
	v, n := binary.Uvarint(x.b[x.i:])
	switch {
	case n == 0:
		x.truncated()
	case n < 0:
		x.failAt(x.i, "a number of more than 64 bits")
	}
	x.i += n
	return v
}

func (x *inspector) varint() int64 {
	u := x.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// int reads a number that is a length or an index.
func (x *inspector) int() int {
	v := x.uvarint()
	if v > math.MaxInt64>>1 || v > math.MaxInt {
		x.fail("a length of %d", v)
	}
	return int(v)
}

// count reads the number of things of which each takes at least size bytes.
func (x *inspector) count(size int) int {
	v := x.uvarint()
	if v > uint64(x.end-x.i)/uint64(size) {
		x.fail("%d things in the %d bytes that are left", v, x.end-x.i)
	}
	return int(v)
}

func (x *inspector) bytes(n int) []byte {
	if n > len(x.b)-x.i {
		x.truncated()
	}
	x.i += n
	return x.b[x.i-n : x.i]
}

func (x *inspector) str() string { return string(x.bytes(x.count(1))) }

func (x *inspector) fixed64() string {
	return fmt.Sprintf("%016x", binary.LittleEndian.Uint64(x.bytes(8)))
}

func (x *inspector) name() string {
	n := 0
	if len(x.lastName) > 0 {
		n = x.int()
	}
	rest := x.bytes(x.count(1))
	if n > len(x.lastName) || n+len(rest) > maxName {
		x.fail("a name of more than %d bytes, or with more than there are of the name before it", maxName)
	}
	x.lastName = append(x.lastName[:n], rest...)
	return x.text(string(x.lastName))
}

// position reads a place in the source.
func (x *inspector) position() string {
	file, line, column := x.str(), x.uvarint(), uint64(0)
	if line > 0 {
		column = x.uvarint()
	}
	return joinPos(file, line, column)
}

// The parts of a state.

// prefix reads the names of the variables that Variables saves, which stand before the
// state.
func (x *inspector) prefix() {
	at := bytes.Index(x.b, []byte(stateMagic))
	if at <= 0 {
		return
	}
	// Anything might stand there.
	y := newInspector(x.b[:at])
	var names []string
	if y.try(func() {
		for range y.count(2) {
			names = append(names, y.name())
		}
	}) != nil || y.i < at {
		return
	}
	x.roots = names
	x.count(2)
	x.say("the names of %s", counted(len(names), "variable"))
	x.level = 1
	for _, name := range names {
		x.name()
		x.say("%s", name)
	}
	x.level, x.lastName = 0, nil
}

func (x *inspector) envelope() {
	start := x.i
	if !bytes.HasPrefix(x.b[x.i:], []byte(stateMagic)) {
		if len(x.b) == 0 {
			x.fail("there is nothing")
		}
		x.fail("no state begins here: it would with % x, and this is % x", stateMagic, x.b[:min(len(x.b), len(stateMagic))])
	}
	x.i += len(stateMagic)
	x.say("magic")
	version := x.byte()
	if version != stateVersion {
		x.fail("the format has version %d, and only version %d is known", version, stateVersion)
	}
	x.say("version %d", version)
	size := x.uvarint()
	if x.size = len(x.whole); x.each == nil && (size > uint64(len(x.b)-x.i) || len(x.b)-x.i-int(size) < 4) {
		x.failAt(len(x.b), "the state ends in the middle: its body and checksum have %d bytes from byte %d on", size+4, x.i)
	}
	x.say("%d bytes follow before the checksum", size)
	if size <= uint64(len(x.b)-x.i) {
		x.b = x.b[:x.i+int(size)]
		x.size = len(x.b) + 4
	}
	x.end = x.i + int(min(size, math.MaxInt>>1)) // what is missing is noticed when it is read
	if x.each == nil {
		x.check(x.whole[start:len(x.b)], x.whole[len(x.b):])
	}
	if x.out != nil {
		x.out.Version, x.out.Size = int(version), x.size
	}
	x.start = start
}

// check compares the checksum.
func (x *inspector) check(state, sum []byte) {
	want, got := crc32.Checksum(state, castagnoli), binary.LittleEndian.Uint32(sum)
	if want != got {
		x.failAt(len(x.b), "the checksum is %08x, that of the bytes before it is %08x: they have been changed", got, want)
	}
}

// checksum tells of the checksum, which only a dissection does at the end: what is before
// a wrong one may help to find out what has happened.
func (x *inspector) checksum() {
	if x.each == nil {
		return
	}
	state := x.whole[x.start:len(x.b)]
	if x.b = x.whole; len(x.b)-x.i < 4 {
		x.truncated()
	}
	x.b = x.b[:x.i]
	x.check(state, x.whole[x.i:])
	x.i += 4
	x.say("checksum")
}

func (x *inspector) body() {
	flags := x.byte()
	switch {
	case flags&flagHandles != 0:
		x.fail("this state has been made for the process that saved it (runtime.Held): it says nothing without that")
	case flags&^flagsKnown != 0:
		x.fail("flags %#02x, of which some are unknown", flags)
	}
	x.say("flags:%s", flagsText(flags))
	frames := x.count(1)
	if frames > 0 && flags&flagDone != 0 {
		x.fail("%s of a coroutine that is done", counted(frames, "frame"))
	}
	x.say("%s", counted(frames, "frame"))
	if frames > 0 || flags&flagNested != 0 {
		x.readShapes()
	}
	if flags&flagTypes != 0 {
		x.readTypes()
	}
	x.checkShapes()
	if flags&flagNames != 0 {
		x.readNames()
	}
	var roots []InspectedRoot
	if flags&flagRoots != 0 {
		roots = x.readRoots()
	} else if x.roots != nil {
		x.fail("no variables, where %d have names", len(x.roots))
	}
	stack := x.frames(frames)
	if x.i != len(x.b) {
		x.fail("%s left over", counted(len(x.b)-x.i, "byte"))
	}
	if x.out == nil {
		return
	}
	x.out.Started, x.out.Done = flags&flagStarted != 0, flags&flagDone != 0
	// JSON has empty lists, not null.
	x.out.Frames, x.out.Roots, x.out.Names = orEmpty(stack), orEmpty(roots), orEmpty(x.names)
	x.out.Objects, x.out.Types = orEmpty(x.out.Objects), orEmpty(x.typeList())
	for i := range x.out.Objects {
		x.out.Objects[i].References = x.objects[i].refs
	}
	for i := range roots {
		r := &roots[i]
		r.Value = InspectedValue{Kind: InspectedPart}
		if r.Path == "" && (r.Object == 0 || x.out.Objects[r.Object-1].Form == InspectedFormVariable) {
			r.Value = x.rootValue(r)
		}
	}
	x.explain()
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func flagsText(flags byte) string {
	var b strings.Builder
	for i, text := range []string{"done", "started", "types", "names", "roots", "handles", "shapes"} {
		if flags&(1<<i) != 0 {
			b.WriteString(" " + text)
		}
	}
	if flags == 0 {
		return " none"
	}
	return b.String()
}

// counted says how many there are.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (x *inspector) readShapes() {
	n := x.count(12)
	x.say("%s", counted(n, "shape"))
	x.level = 1
	for i := range n {
		s := inspectedShape{function: x.name()}
		x.say("shape %d: function %s", i+1, s.function)
		x.level = 2
		s.fingerprint = x.fixed64()
		x.say("fingerprint %s", s.fingerprint)
		s.site = x.int()
		x.say("site %d", s.site)
		s.pos = x.position()
		x.say("position %s", s.pos)
		s.live = x.fields("variable", false)
		x.shapes = append(x.shapes, s)
		x.level = 1
	}
	x.level = 0
}

// checkShapes looks at the types of variables, once all types are known.
func (x *inspector) checkShapes() {
	for i := range x.shapes {
		s := &x.shapes[i]
		for j, f := range s.live {
			if f.typ != typeSelf {
				x.checkType(f.typ, f.at)
				if f.typ == typeReflectType {
					x.failAt(f.at, "a variable of type %d", f.typ)
				}
			}
			if !x.empty(f.typ) {
				s.solid = append(s.solid, j)
			}
		}
	}
}

// fields reads a list of names with types.
func (x *inspector) fields(what string, tags bool) []inspectedField {
	n := x.count(2)
	x.say("%s", counted(n, what))
	var list []inspectedField
	x.level++
	for range n {
		f := inspectedField{name: x.str()}
		f.at = x.i
		f.typ = x.uvarint()
		if tags {
			f.flags = x.byte()
			if f.flags&fieldPackage != 0 {
				x.str()
			}
			if f.flags&fieldTag != 0 {
				f.tag = x.str()
			}
		}
		x.say("%s %s: %s", what, f.name, numberText(f.typ))
		list = append(list, f)
	}
	x.level--
	return list
}

var nameKindTexts = [nameKinds]struct{ kind, text string }{
	nameValue:   {InspectedVariableValue, "the variable "},
	nameAddress: {InspectedVariable, "the memory of "},
	nameBinding: {InspectedBinding, "the binding "},
	nameCapture: {InspectedCapture, ""},
	nameProcess: {InspectedProcess, "the process's "},
}

// maxNameText is how long what a name stands for may be in words; captures of captures
// could make it much longer than the state.
const maxNameText = 512

func (x *inspector) readNames() {
	n := x.count(2)
	x.say("%s", counted(n, "name"))
	x.level = 1
	for i := range n {
		kind := x.byte()
		if kind >= nameKinds {
			x.fail("kind of name %d is unknown", kind)
		}
		name := InspectedName{Kind: nameKindTexts[kind].kind}
		if kind != nameCapture {
			name.Name = x.name()
			name.Text = cut(nameKindTexts[kind].text+name.Name, maxNameText)
		} else {
			of := x.uvarint()
			if of >= uint64(i) {
				x.fail("name %d is of name %d, which does not stand before it", i+1, of+1)
			}
			name.Of, name.Name = int(of)+1, x.name()
			name.Text = cut(name.Name+" of "+x.names[of].Text, maxNameText)
		}
		x.text(name.Text)
		x.names = append(x.names, name)
		x.say("name %d: %s", i+1, name.Text)
	}
	x.level = 0
}

// cut shortens a text.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// readRoots reads the references to the roots, and then the contents of the objects that
// these have mentioned first.
func (x *inspector) readRoots() []InspectedRoot {
	n := x.count(2)
	if x.roots != nil && n != len(x.roots) {
		x.fail("%d variables, where %d have names", n, len(x.roots))
	}
	x.say("%s", counted(n, "root"))
	x.level, x.nesting = 1, maxNesting
	var roots []InspectedRoot
	var types []uint64
	for i := range n {
		t := x.uvarint()
		x.checkType(t, x.from)
		types = append(types, t)
		r := InspectedRoot{Type: x.typeText(t)}
		ref := x.pointer(t)
		if ref == nil || ref.Name > 0 {
			x.fail("a root that is no variable of its own")
		}
		r.Object, r.Path = ref.Object, ref.Path
		x.referring(InspectedPart, ref, t, x.label("root %d", i+1), false)
		roots = append(roots, r)
	}
	x.level, x.nesting = 0, 0
	x.rest()
	switch {
	case x.roots != nil:
		for i, name := range x.roots {
			roots[i].Name = name
		}
	case n == 3 && x.same(types[0], types[2]):
		roots[0].Name, roots[1].Name, roots[2].Name = "yielded", "sent", "result"
	}
	return roots
}

// rootValue returns the value of a root that is a whole variable.
func (x *inspector) rootValue(r *InspectedRoot) InspectedValue {
	if r.Object == 0 {
		return InspectedValue{Kind: InspectedStruct}
	}
	return x.out.Objects[r.Object-1].Value
}

func (x *inspector) frames(n int) (list []InspectedFrame) {
	for i := range n {
		f := x.frame(i)
		x.rest()
		if x.out != nil {
			list = append(list, f)
		}
	}
	return list
}

// frame reads a frame, the i-th of its coroutine.
func (x *inspector) frame(i int) InspectedFrame {
	k := x.uvarint()
	if k >= uint64(len(x.shapes)) {
		x.fail("there is no shape %d", k+1)
	}
	s := &x.shapes[k]
	x.say("frame %d: shape %d, %s at %s", i+1, k+1, s.function, s.pos)
	x.level++
	v := x.fieldsOf(s.live, s.solid, "")
	x.level--
	for j := range v.Fields {
		if s.live[j].typ == typeSelf {
			v.Fields[j].Type = "*" + s.function
		}
	}
	return InspectedFrame{s.function, s.fingerprint, s.site, s.pos, orEmpty(v.Fields), v.Omitted}
}
