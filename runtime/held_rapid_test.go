package runtime

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"unsafe"

	"pgregory.net/rapid"
)

// graphNode has every kind of reference.
type graphNode struct {
	id    int
	mu    sync.Mutex // one that is locked cannot be copied
	array [3]int
	inner graphLeaf
	next  *graphNode
	p     *int
	leaf  *graphLeaf
	row   *[3]int
	nodes []*graphNode
	part  []graphNode
	ints  []int
	m     map[int]*graphNode
	keys  map[*graphNode]int
	f     func() int
	ch    chan *graphNode
	any   any
	hid   *guardedLeaf
}

type graphLeaf struct {
	n    int
	back *graphNode
}

type guardedLeaf struct {
	once sync.Once
	leaf graphLeaf
}

var graphVars [3]struct {
	node *graphNode
	leaf graphLeaf
	any  any
	ints []int
}

// drawHeldGraph makes nodes, some of them in one array, and references among them, also
// into package-level variables.
func drawHeldGraph(t *rapid.T) []*graphNode {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	single := rapid.IntRange(0, n).Draw(t, "single")
	array := make([]graphNode, n-single)
	var all []*graphNode
	for i := range n {
		if i < single {
			all = append(all, new(graphNode))
		} else {
			all = append(all, &array[i-single])
		}
		all[i].id = i
	}
	node := func() *graphNode { return rapid.SampledFrom(all).Draw(t, "node") }
	index := func() int { return rapid.IntRange(0, 2).Draw(t, "index") }
	leaf := func() *graphLeaf {
		if rapid.IntRange(0, 5).Draw(t, "leaf") == 0 {
			return &graphVars[index()].leaf
		}
		return &node().inner
	}
	number := func() *int {
		switch rapid.IntRange(0, 4).Draw(t, "number") {
		case 0:
			return &node().id
		case 1:
			return &leaf().n
		case 2:
			return new(int)
		}
		return &node().array[index()]
	}
	for range rapid.IntRange(0, 4*n).Draw(t, "references") {
		from := node()
		switch rapid.IntRange(0, 17).Draw(t, "kind") {
		case 0:
			from.next = node()
		case 1:
			from.p = number()
		case 2:
			from.leaf = leaf()
		case 3:
			from.row = &node().array
		case 4:
			from.nodes = append(from.nodes, node())
		case 5:
			if len(array) > 0 {
				i := rapid.IntRange(0, len(array)-1).Draw(t, "from")
				from.part = array[i:]
				if rapid.Bool().Draw(t, "bounded") {
					from.part = array[i : i+1 : i+1]
				}
			}
		case 6:
			from.ints = node().array[index():]
		case 7:
			if from.m == nil {
				from.m = map[int]*graphNode{}
			}
			from.m[len(from.m)] = node()
		case 8:
			if from.keys == nil {
				from.keys = map[*graphNode]int{}
			}
			from.keys[node()] = 1
		case 9:
			from.f = makeCaptured(number())
		case 10:
			if from.ch == nil {
				from.ch = make(chan *graphNode, 4)
			}
			if len(from.ch) < cap(from.ch) {
				from.ch <- node()
			}
		case 11:
			from.any = rapid.SampledFrom([]any{node(), *leaf(), leaf(), number(), node().nodes, node().m, node().f, node().ch}).Draw(t, "any")
		case 12:
			leaf().back = node()
		case 13:
			from.ch = node().ch
		case 14:
			from.m, from.f, from.nodes = node().m, node().f, node().nodes
		case 15:
			if !from.mu.TryLock() {
				from.mu.Unlock()
			}
		case 16:
			from.any = []any{reflect.ValueOf(node()), *leaf()}
		case 17:
			from.hid = &guardedLeaf{leaf: graphLeaf{back: node()}}
			from.hid.once.Do(func() {})
		}
	}
	for i := range graphVars {
		v := &graphVars[i]
		v.node, v.any, v.ints = nil, nil, nil
		if rapid.IntRange(0, 3).Draw(t, "variable") == 0 {
			v.node = node()
		}
		if rapid.IntRange(0, 3).Draw(t, "variable") == 0 {
			v.any = rapid.SampledFrom([]any{node(), *leaf(), leaf(), number(), node().m, node().f, node().ch}).Draw(t, "any")
		}
		if rapid.IntRange(0, 3).Draw(t, "variable") == 0 {
			v.ints = node().array[index():]
		}
	}
	return all
}

// aliases compares two graphs: each piece of memory of one corresponds to one of the
// other.
type aliases struct {
	to, from map[aliasKey]unsafe.Pointer
	same     bool // what corresponds must be the same
	work     [][2]reflect.Value
	failed   string
}

type aliasKey struct {
	p unsafe.Pointer
	t reflect.Type
}

func (a *aliases) fail(format string, args ...any) {
	if a.failed == "" {
		a.failed = fmt.Sprintf(format, args...)
	}
}

// pair notes that two addresses correspond, and reports whether that is new.
func (a *aliases) pair(p, q unsafe.Pointer, t reflect.Type) bool {
	if a.same && p != q {
		a.fail("%v that a variable leads to is not what it was", t)
	}
	x, known := a.to[aliasKey{p, t}]
	y, knownBack := a.from[aliasKey{q, t}]
	if known && x != q || knownBack && y != p {
		a.fail("%v at %p and %p: they are also %p and %p", t, p, q, x, y)
	}
	a.to[aliasKey{p, t}], a.from[aliasKey{q, t}] = q, p
	return !known
}

func (a *aliases) compare(v, w any) {
	a.work = append(a.work, [2]reflect.Value{reflect.ValueOf(v), reflect.ValueOf(w)})
	for len(a.work) > 0 && a.failed == "" {
		x := a.work[len(a.work)-1]
		a.work = a.work[:len(a.work)-1]
		a.values(x[0], x[1])
	}
}

// plain returns a value that may be looked at.
func plain(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem()
	}
	(*reflectedValue)(unsafe.Pointer(&v)).flag &^= unexportedFlags
	return v
}

func (a *aliases) values(v, w reflect.Value) {
	v, w = plain(v), plain(w)
	if !v.IsValid() || !w.IsValid() || v.Type() != w.Type() {
		if v.IsValid() || w.IsValid() {
			a.fail("%v and %v", v, w)
		}
		return
	}
	if v.CanAddr() && w.CanAddr() && !a.pair(v.Addr().UnsafePointer(), w.Addr().UnsafePointer(), v.Type()) {
		return
	}
	push := func(v, w reflect.Value) { a.work = append(a.work, [2]reflect.Value{v, w}) }
	if v.Type() == reflect.TypeFor[reflect.Value]() {
		push(v.Interface().(reflect.Value), w.Interface().(reflect.Value))
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Chan, reflect.Func, reflect.Slice, reflect.Interface:
		if v.IsNil() != w.IsNil() {
			a.fail("%v is nil on one side", v.Type())
		}
		if v.IsNil() || w.IsNil() {
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		push(v.Elem(), w.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			push(v.Field(i), w.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			push(v.Index(i), w.Index(i))
		}
	case reflect.Slice:
		if v.Len() != w.Len() || v.Cap() != w.Cap() {
			a.fail("slices of %d/%d and %d/%d", v.Len(), v.Cap(), w.Len(), w.Cap())
			return
		}
		v, w = v.Slice(0, v.Cap()), w.Slice(0, w.Cap())
		for i := range v.Len() {
			push(v.Index(i), w.Index(i))
		}
	case reflect.Map:
		if !a.pair(v.UnsafePointer(), w.UnsafePointer(), v.Type()) {
			return
		}
		a.maps(v, w, push)
	case reflect.Func:
		r, s := reflect.ValueOf(RecordOf(v.Interface().(func() int))), reflect.ValueOf(RecordOf(w.Interface().(func() int)))
		push(r, s)
	case reflect.Chan:
		if a.pair(v.UnsafePointer(), w.UnsafePointer(), v.Type()) {
			if v.UnsafePointer() != w.UnsafePointer() {
				a.fail("two channels")
				return
			}
			for range v.Len() {
				x, _ := v.Recv()
				v.Send(x)
				push(x, x)
			}
		}
	case reflect.Int, reflect.Int32, reflect.Uint32, reflect.Uint8, reflect.String, reflect.Bool, reflect.Uintptr:
		if !v.Equal(w) {
			a.fail("%v and %v", v, w)
		}
	default:
		a.fail("a %v", v.Type())
	}
}

func (a *aliases) maps(v, w reflect.Value, push func(v, w reflect.Value)) {
	if v.Len() != w.Len() {
		a.fail("maps of %d and %d", v.Len(), w.Len())
		return
	}
	for _, k := range v.MapKeys() {
		if k.Kind() == reflect.Int {
			push(v.MapIndex(k), w.MapIndex(k))
			continue
		}
		// The keys correspond by what they point to.
		var other reflect.Value
		for _, l := range w.MapKeys() {
			if l.Interface().(*graphNode).id == k.Interface().(*graphNode).id {
				other = l
			}
		}
		push(k, other)
	}
}

// Whatever the frames and the variables share, they share afterwards: with the
// variables, what the frames had is the same graph, and what the variables lead to is
// what it was.
func TestHeldKeepsIdentities(t *testing.T) {
	type T struct {
		Nodes []*graphNode
		P     *int
		Ints  []int
		Part  []graphNode
		F     func() int
		M     map[int]*graphNode
		Any   any
	}
	registerFrame1[T]()
	copied, kept := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		clear(graphVars[:])
		all := drawHeldGraph(t)
		var v T
		for range rapid.IntRange(0, 4).Draw(t, "live") {
			v.Nodes = append(v.Nodes, rapid.SampledFrom(all).Draw(t, "node"))
		}
		x := rapid.SampledFrom(all).Draw(t, "node")
		v.P, v.Ints, v.Part, v.F, v.M, v.Any = x.p, x.ints, x.part, x.f, x.m, x.any
		h := new(Held)
		h.Root(&graphVars)
		w, err := tryHold(h, v)
		if err != nil {
			t.Fatal(err)
		}
		if h.Stats().Whole != "" {
			t.Fatal(h.Stats().Whole)
		}
		copied += h.Stats().Objects
		kept += h.Stats().Variables.Pointers + h.Stats().Process.Pointers
		a := aliases{to: map[aliasKey]unsafe.Pointer{}, from: map[aliasKey]unsafe.Pointer{}, same: true}
		a.compare(&graphVars, &graphVars)
		a.same = false
		a.compare(v, w)
		if a.failed != "" {
			t.Fatal(a.failed)
		}
		strict := &Held{Strict: true}
		strict.Root(&graphVars)
		if u, err := tryHold(strict, v); err == nil {
			a := aliases{to: map[aliasKey]unsafe.Pointer{}, from: map[aliasKey]unsafe.Pointer{}, same: true}
			a.compare(&graphVars, &graphVars)
			a.same = false
			a.compare(v, u)
			if a.failed != "" {
				t.Fatal(a.failed)
			}
		}
	})
	if copied == 0 || kept == 0 {
		t.Fatalf("%d copied, %d kept", copied, kept)
	}
}
