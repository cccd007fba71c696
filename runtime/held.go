package runtime

import (
	"errors"
	"fmt"
	"reflect"
	goruntime "runtime"
	"runtime/debug"
	"strings"
	"unsafe"
)

// Held saves coroutines of a program that goes on in the same process. What only the
// process can hold is not copied: a state mentions it by a handle, and loading the
// state finds it again in the Held. That is
//
//   - all memory that package-level variables lead to: the registered ones, those
//     given to [Held.Root], what has been given to [Held.Pin] and Pins;
//   - channels, func values that coroc has not compiled, unsafe pointers, and values of
//     the standard library that have no meaning elsewhere, with all memory that they
//     lead to.
//
// Everything else is copied, as in an ordinary state. Memory that overlaps is kept or
// copied as a whole, so that nothing that was one becomes two.
//
// No other goroutine may run code of the program meanwhile, unless Shallow is set. A
// Held is not safe for concurrent use.
type Held struct {
	// Strict makes it an error if there is anything to be kept that package-level
	// variables do not lead to.
	Strict bool
	// Shallow makes the state of nothing but the frames: whatever they refer to is kept.
	// It must be set while other goroutines may be using the program's memory.
	Shallow bool
	// Pins is nil, or what is kept besides what package-level variables lead to.
	Pins *Pins

	reg    *registry
	given  []any
	pins   []any
	roots  []walkItem
	static memoryRange
	survey survey
	all    bool // keep everything
	values []heldValue
	round  uint64
	stats  HeldStats
}

// HeldStats tells what the last state of a [Held] was made of.
type HeldStats struct {
	Bytes   int   // its length
	Depth   int   // frames
	Objects int   // pieces of memory that have been copied
	Work    int64 // about the values that have been looked at, also of what is kept: a measure of the cost

	// Handles to what package-level variables lead to, and to the rest.
	Variables, Process HeldCounts

	// Whole says why nothing but the frames was copied, if so.
	Whole string
}

// HeldCounts counts handles by what they stand in for.
type HeldCounts struct {
	Pointers, Slices, Maps, Funcs, Channels, Interfaces, UnsafePointers, Values int
}

// Add adds other counts.
func (n *HeldCounts) Add(m HeldCounts) {
	n.Pointers += m.Pointers
	n.Slices += m.Slices
	n.Maps += m.Maps
	n.Funcs += m.Funcs
	n.Channels += m.Channels
	n.Interfaces += m.Interfaces
	n.UnsafePointers += m.UnsafePointers
	n.Values += m.Values
}

// String is such as "3 pointers, 1 map", or "none".
func (n HeldCounts) String() string {
	var parts []string
	for _, p := range []struct {
		n    int
		name string
	}{
		{n.Pointers, "pointer"}, {n.Slices, "slice"}, {n.Maps, "map"}, {n.Funcs, "func"}, {n.Channels, "channel"},
		{n.Interfaces, "interface"}, {n.UnsafePointers, "unsafe pointer"}, {n.Values, "value"},
	} {
		switch p.n {
		case 0:
		case 1:
			parts = append(parts, "1 "+p.name)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", p.n, p.name))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// heldValue is what a handle stands for.
type heldValue struct {
	typ      reflect.Type
	word     unsafe.Pointer
	len, cap int
	value    any
}

// Root adds package-level variables, by pointers to them. Those of compiled packages
// are known.
func (h *Held) Root(ptrs ...any) {
	h.given = append(h.given, ptrs...)
	h.reg = nil
}

// Pin keeps what v leads to.
func (h *Held) Pin(v any) { h.pins = append(h.pins, v) }

// Stats tells what the last state was made of.
func (h *Held) Stats() HeldStats { return h.stats }

// AppendState is [Coroutine.AppendState], but for what is kept. The state can be loaded
// by h until h makes the next one.
func (h *Held) AppendState(c *Coroutine, b []byte, roots ...any) ([]byte, error) {
	r := loadRegistry()
	if r.err != nil {
		return b, r.err
	}
	if c.active {
		return b, errors.New("coroutine: cannot be saved while it runs")
	}
	if err := h.prepare(r); err != nil {
		return b, err
	}
	defer goruntime.KeepAlive(c)
	defer h.forget()
	if out, ok := quick(r, c, b, roots); ok {
		h.count(c, len(out)-len(b))
		return out, nil
	}
	if h.Shallow {
		h.all, h.stats.Whole = true, "other goroutines run"
	} else if err := h.look(c, roots); err != nil {
		return b, err
	}
	out, err := h.encode(c, b, roots)
	if err != nil && !h.all && !h.Strict {
		// Something that cannot be copied, in a way that the survey does not know.
		h.all, h.stats.Whole = true, err.Error()
		out, err = h.encode(c, b, roots)
	}
	if err != nil {
		return b, err
	}
	h.count(c, len(out)-len(b))
	return out, nil
}

// LoadState is [Coroutine.LoadState] for the last state that h has made.
func (h *Held) LoadState(c *Coroutine, b []byte, roots ...any) (n int, err error) {
	return c.load(h, b, roots, false)
}

// prepare begins a new state.
func (h *Held) prepare(r *registry) error {
	clear(h.values)
	h.values = h.values[:0]
	h.round++
	h.stats = HeldStats{}
	h.all = false
	if h.reg == r {
		return nil
	}
	h.survey.init(r)
	h.static = staticMemory(r)
	h.roots = h.roots[:0]
	for _, v := range r.vars.sorted {
		if !h.constant(v) {
			h.root(v.typ, v.addr)
		}
	}
	for _, p := range h.given {
		v, err := rootOf(p)
		if err != nil {
			return err
		}
		h.root(v.Type().Elem(), v.UnsafePointer())
	}
	h.reg = r
	return nil
}

func (h *Held) root(typ reflect.Type, addr unsafe.Pointer) {
	if t := h.survey.types.of(typ); t.size > 0 {
		h.roots = append(h.roots, walkItem{itemMemory, addr, t.flat, t.flatN})
	}
}

// constant reports whether a variable is one of the standard library's that always leads
// to the same memory, which leads nowhere: most errors.
func (h *Held) constant(v *varType) bool {
	if v.reassigned || !standard(v.name[:strings.LastIndexByte(v.name, '.')]) {
		return false
	}
	x := v.value()
	t := reflect.TypeOf(x)
	return t != nil && t.Kind() == reflect.Pointer && len(h.survey.types.of(t.Elem()).back) == 0
}

// forget drops what was needed to make a state.
func (h *Held) forget() {
	const keep = 1 << 16
	if cap(h.survey.views) > keep || cap(h.survey.work) > keep {
		h.survey.views, h.survey.order, h.survey.parts, h.survey.work, h.survey.todo = nil, nil, nil, nil, nil
	}
	h.survey.reset()
}

// look finds out what is kept.
func (h *Held) look(c *Coroutine, roots []any) (err error) {
	s := &h.survey
	s.reset()
	e := encoders.Get().(*encoder)
	e.reg, e.c = h.reg, c
	defer e.release()
	if why := guarded(func() {
		s.lookAtFrames(e, c, roots)
		if len(s.views) == 0 && len(s.boxes) == 0 {
			return
		}
		s.walkVariables(h)
		s.follow()
		s.decide(h.Strict)
	}); why != nil {
		if ee, ok := why.(encodeError); ok {
			return ee.err
		}
		if h.Strict {
			return fmt.Errorf("coroutine: looking at the program's memory: %v", why)
		}
		h.all, h.stats.Whole = true, fmt.Sprint(why)
	} else if s.blind != "" {
		h.stats.Whole = s.blind
	}
	h.stats.Work = s.walked
	return nil
}

// guarded runs f and returns what it panics with. Memory that is not what its type says,
// as code that uses package unsafe can make it, is no reason to crash.
func guarded(f func()) (failure any) {
	if !trustful {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() { failure = recover() }()
	}
	f()
	return nil
}

// encode makes the state.
func (h *Held) encode(c *Coroutine, b []byte, roots []any) (out []byte, err error) {
	h.values = h.values[:0]
	h.stats.Variables, h.stats.Process = HeldCounts{}, HeldCounts{}
	e := encoders.Get().(*encoder)
	e.keep = h
	defer e.release()
	if why := guarded(func() {
		out, err = e.run(h.reg, c, b, roots)
		h.stats.Objects = e.count
	}); why != nil {
		err = fmt.Errorf("coroutine: looking at the program's memory: %v", why)
	}
	return out, err
}

func (h *Held) count(c *Coroutine, n int) {
	h.stats.Bytes, h.stats.Depth = n, len(c.frames)
	h.stats.Work += int64(8*len(c.frames) + 8*h.stats.Objects + n/4)
}

// mark says why the memory at an address is kept, if it is.
func (h *Held) mark(addr unsafe.Pointer) heldMark {
	if h.all {
		if h.static.has(uintptr(addr)) {
			return markVars
		}
		return markProcess
	}
	if r := h.survey.find(uintptr(addr)); r != nil {
		return r.mark
	}
	return markNone
}
