package runtime

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Variables saves package-level variables along with a coroutine, as one graph, so that
// another process of the same program can take this one's place. The process that loads
// the state has initialized its packages; then the variables get their saved values.
//
// A variable that leads to something that cannot be saved, such as a logger
// or a timer, is left to the other process if it leads to the same memory, with the same
// contents, as when the Variables were made: initialization has made the like there.
type Variables struct {
	reg    *registry
	list   []*varType          // by name
	sums   map[*varType]uint64 // of those that led to what cannot be saved, at first
	walk   survey
	static memoryRange

	saved  map[*varType]bool // by the state that is being made or loaded
	roots  []any
	names  []string
	values *namedValues
	stats  HeldStats
}

// NewVariables returns the registered variables whose names, "import/path.name", match.
// It must be called before they are changed.
func NewVariables(match func(name string) bool) (*Variables, error) {
	r := loadRegistry()
	if r.err != nil {
		return nil, r.err
	}
	v := &Variables{reg: r, sums: map[*varType]uint64{}, static: staticMemory(r)}
	v.walk.init(r)
	for _, x := range r.vars.sorted {
		if match(x.name) {
			v.list = append(v.list, x)
		}
	}
	slices.SortFunc(v.list, func(a, b *varType) int { return strings.Compare(a.name, b.name) })
	for _, x := range v.list {
		if v.unsavable(x) {
			v.sums[x] = v.sum(x)
		}
	}
	return v, nil
}

// Stats tells what the last state was made of.
func (v *Variables) Stats() HeldStats { return v.stats }

// AppendState is [Coroutine.AppendState] with the variables.
func (v *Variables) AppendState(c *Coroutine, b []byte) ([]byte, error) {
	if c.active {
		return b, fmt.Errorf("coroutine: cannot be saved while it runs")
	}
	start := len(b)
	v.choose(func(x *varType) bool {
		sum, ok := v.sums[x]
		return !ok || sum != v.sum(x)
	})
	b = v.appendNames(b)
	e := encoders.Get().(*encoder)
	e.own = v
	out, err := e.run(v.reg, c, b, v.roots)
	v.stats = HeldStats{Bytes: len(out) - start, Depth: len(c.frames), Objects: e.count}
	v.stats.Work = int64(8*v.stats.Objects + v.stats.Bytes/4)
	e.release()
	if err != nil {
		return b[:start], err
	}
	return out, nil
}

// LoadState is [Coroutine.LoadState] for what AppendState of the same program has made.
func (v *Variables) LoadState(c *Coroutine, b []byte) (n int, err error) {
	names, n, err := v.readNames(b)
	if err != nil {
		return 0, err
	}
	v.choose(func(x *varType) bool { return names[x.name] })
	if len(v.roots) != len(names) {
		return 0, incompatiblef("the state has other variables than this program")
	}
	k, err := c.LoadState(b[n:], v.roots...)
	return n + k, err
}

// choose decides which variables are saved.
func (v *Variables) choose(saved func(*varType) bool) {
	v.saved = map[*varType]bool{}
	v.roots, v.names, v.values = nil, nil, new(namedValues)
	for _, x := range v.list {
		if saved(x) {
			v.saved[x] = true
			v.roots = append(v.roots, reflect.NewAt(x.typ, x.addr).Interface())
			v.names = append(v.names, x.name)
		} else if y := x.value(); y != nil {
			v.values.add(v.reg, nameKey{kind: nameValue, v: x}, y)
		}
	}
	for _, x := range v.reg.vars.never {
		if !slices.Contains(v.list, x) && x.set() {
			v.values.add(v.reg, nameKey{kind: nameValue, v: x}, x.value())
		}
	}
	v.values.sort()
}

// has reports whether a variable is in the state that is being made.
func (v *Variables) has(x *varType) bool { return v != nil && v.saved[x] }

// named returns the variables by their values, but for those that are in the state.
func (v *Variables) named(r *registry) *namedValues {
	if v == nil {
		return r.vars.current(r)
	}
	return v.values
}

// path writes the way to what is off bytes into the variable that is the i-th root.
func (v *Variables) path(b *strings.Builder, i int, off uintptr) {
	b.WriteString(v.names[i])
	within(b, v.reg.plans.of(reflect.TypeOf(v.roots[i]).Elem()), off)
}

// The names of the variables stand before the state.

func (v *Variables) appendNames(b []byte) []byte {
	b = appendUvarint(b, uint64(len(v.names)))
	last := ""
	for _, name := range v.names {
		b = appendName(b, last, name)
		last = name
	}
	return b
}

func (v *Variables) readNames(b []byte) (names map[string]bool, n int, err error) {
	d := &decoder{b: b}
	defer func() {
		if x := recover(); x != nil {
			de, ok := x.(decodeError)
			if !ok {
				panic(x)
			}
			err = de.err
		}
	}()
	names = map[string]bool{}
	for range d.count(2) {
		names[string(d.name())] = true
	}
	return names, d.i, nil
}

// unsavable reports whether a variable leads to something that cannot be saved.
func (v *Variables) unsavable(x *varType) bool {
	s := &v.walk
	s.reset()
	t := s.types.of(x.typ)
	s.front(t.front, x.addr, -1)
	s.follow()
	return len(s.seeds) > 0 || slices.ContainsFunc(s.views, func(v view) bool { return v.keep })
}

// sum returns a checksum of all memory that a variable leads to.
func (v *Variables) sum(x *varType) (sum uint64) {
	s := &v.walk
	s.reset()
	s.static = v.static
	s.each = func(it walkItem) {
		switch it.kind {
		case itemMemory:
			// Overlapping memory may come in other pieces the next time.
			for i, b := range unsafe.Slice((*byte)(it.addr), it.t.size*uintptr(it.n)) {
				h := (uint64(uintptr(it.addr)) + uint64(i)) * 0x9e3779b97f4a7c15
				h = (h ^ h>>29 ^ uint64(b)*0x94d049bb133111eb) * 0xbf58476d1ce4e5b9
				sum += h ^ h>>32
			}
		case itemMap:
			s.entries(it, func(key, elem unsafe.Pointer) bool {
				h := fnv.New64a()
				h.Write(unsafe.Slice((*byte)(key), it.t.key.size))
				h.Write(unsafe.Slice((*byte)(elem), it.t.elem.size))
				sum += h.Sum64()
				return true
			})
		case itemChan:
			sum += uint64(reflect.NewAt(it.t.typ, unsafe.Pointer(&it.addr)).Elem().Len()) << 32
		}
	}
	defer func() { s.each = nil }()
	t := s.types.of(x.typ)
	s.reach(walkItem{itemMemory, x.addr, t.flat, t.flatN}, markVars)
	s.drain(markVars)
	return sum
}
