package runtime

import (
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// What cannot be told from types: memory of the program's file, the buffers of
// channels, what packages of the standard library hide.

// memoryRange is a range of addresses.
type memoryRange struct{ lo, hi uintptr }

func (r memoryRange) has(a uintptr) bool { return a >= r.lo && a < r.hi }

// staticMemory returns where the package-level variables of the program are, those
// of the standard library too. Where the system does not tell, it is what lies between
// the registered variables.
func staticMemory(r *registry) memoryRange {
	m := memoryRange{r.vars.lo, r.vars.hi}
	exe, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return m
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return m
	}
	return mappedFile(string(maps), exe, m)
}

// mappedFile finds the mappings of a file in the text of /proc/self/maps, and of the
// zeros that follow it.
func mappedFile(maps, file string, m memoryRange) memoryRange {
	end := uintptr(0)
	for line := range strings.Lines(maps) {
		f := strings.Fields(line)
		if len(f) < 5 {
			continue
		}
		from, to, _ := strings.Cut(f[0], "-")
		lo, err1 := strconv.ParseUint(from, 16, 64)
		hi, err2 := strconv.ParseUint(to, 16, 64)
		if err1 != nil || err2 != nil {
			continue
		}
		switch {
		case len(f) > 5 && strings.Join(f[5:], " ") == file:
			m.lo = min(m.lo, uintptr(lo))
		case len(f) > 5 || uintptr(lo) != end:
			continue
		}
		end = uintptr(hi)
		m.hi = max(m.hi, end)
	}
	return m
}

// keepStatic keeps what is in the memory of the program's file.
func (s *survey) keepStatic() {
	for i := range s.parts {
		r := &s.parts[i]
		if !s.static.has(r.lo) {
			continue
		}
		for _, k := range s.order[r.first:r.after] {
			if !s.views[k].record { // which the func values of a declared function share
				s.markRegion(i, markVars)
				break
			}
		}
	}
	s.drain(markVars)
}

// unknown notes a reference to memory that cannot be seen: the closure of a func value
// that is no record, or what an unsafe pointer points to.
func (s *survey) unknown(w unsafe.Pointer, t *trace, mark heldMark) {
	if s.static.has(uintptr(w)) {
		return
	}
	if t == nil {
		s.blind = "an unsafe pointer"
		return
	}
	if contexts != nil {
		if code, ok := contexts.cancels[(*closure)(w).code]; ok {
			s.reach(walkItem{itemMemory, (*closure)(w).record, s.types.of(code.of.typ.Elem()), 1}, mark)
			return
		}
	}
	s.blind = "a func value that coroc has not compiled"
}

// channelBuffer is the beginning of a channel as the Go runtime lays it out.
type channelBuffer struct {
	len, cap uint
	buf      unsafe.Pointer
	size     uint16
}

// channel walks the buffer of a channel.
func (s *survey) channel(it walkItem, mark heldMark) {
	e := it.t.elem
	if len(e.back) == 0 {
		return
	}
	c := (*channelBuffer)(it.addr)
	v := reflect.NewAt(it.t.typ, unsafe.Pointer(&it.addr)).Elem()
	switch {
	case v.Cap() == 0:
	case int(c.cap) != v.Cap() || int(c.len) != v.Len() || uintptr(c.size) != e.size || c.buf == nil:
		s.blind = "a channel of an unknown layout"
	default:
		s.reach(walkItem{itemMemory, c.buf, e.flat, e.flatN * int(c.cap)}, mark)
	}
}

// reflectedValue is a reflect.Value as package reflect lays it out.
type reflectedValue struct {
	typ, ptr unsafe.Pointer
	flag     uintptr
}

// unexportedFlags are those of a reflect.Value that has been read from a field which is
// not exported.
var unexportedFlags = func() uintptr {
	type probe struct {
		a int
		A int
		nilTarget
	}
	v := reflect.ValueOf(probe{a: 1, nilTarget: nilTarget{}})
	flag := func(i int) uintptr {
		f := v.Field(i)
		return (*reflectedValue)(unsafe.Pointer(&f)).flag
	}
	return flag(0) ^ flag(1) | flag(2)&^flag(1)&^(1<<5-1)
}()

// reflected walks what a reflect.Value is about.
func (s *survey) reflected(v reflect.Value, mark heldMark) {
	switch {
	case !v.IsValid():
	case v.CanAddr():
		if t := s.types.of(v.Type()); t.size > 0 {
			(*reflectedValue)(unsafe.Pointer(&v)).flag &^= unexportedFlags
			s.reach(walkItem{itemMemory, v.Addr().UnsafePointer(), t.flat, t.flatN}, mark)
		}
	default:
		(*reflectedValue)(unsafe.Pointer(&v)).flag &^= unexportedFlags
		if !v.CanInterface() {
			s.blind = "a reflect.Value"
			return
		}
		x := v.Interface()
		s.back(anySlot, unsafe.Pointer(&x), mark)
	}
}

func (s *survey) syncMap(m *sync.Map, mark heldMark) {
	if allZero(unsafe.Slice((*byte)(unsafe.Pointer(m)), unsafe.Sizeof(*m))) {
		return
	}
	m.Range(func(key, value any) bool {
		s.walked++
		s.back(anySlot, unsafe.Pointer(&key), mark)
		s.back(anySlot, unsafe.Pointer(&value), mark)
		return true
	})
}

// weak walks what a weak pointer points to, while that exists.
func (s *survey) weak(t *trace, w unsafe.Pointer, mark heldMark) {
	value := reflect.NewAt(t.typ, unsafe.Pointer(&w)).MethodByName("Value")
	if !value.IsValid() {
		s.blind = "a weak pointer"
		return
	}
	if p := value.Call(nil)[0]; !p.IsNil() {
		if e := s.types.of(p.Type().Elem()); e.size > 0 {
			s.reach(walkItem{itemMemory, p.UnsafePointer(), e.flat, e.flatN}, mark)
		}
	}
}
