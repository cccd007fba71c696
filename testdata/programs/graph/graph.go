// The state is a graph: pointers into captured arrays and structs, shared arrays with
// spare capacity, cycles through maps, interfaces, closures and channels, embedded,
// generic, anonymous and foreign types, and the values that are easily lost: nil and empty,
// typed nils, NaN keys, -0, what is not UTF-8, functions of the standard library.
package graph

import (
	"fmt"
	"iter"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coroc-dev/coroc/coroutine"
	"github.com/coroc-dev/coroc/testdata/programs/graph/other"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type point struct{ x, y int }

// captured has pointers into variables that closures share.
func captured() {
	var grid [3][2]point
	at := &grid[1][1]
	row := grid[2][:]
	field := &at.y
	set := func(i, j, v int) { grid[i][j].x = v }
	get := func(i, j int) point { return grid[i][j] }
	var p point
	px := &p.x
	inc := func() { p.x++ }
	yield(1)
	set(1, 1, 5)
	set(2, 0, 6)
	*field = 7
	row[1].y = 8
	inc()
	fmt.Println(at.x, row[0].x, get(1, 1), get(2, 1), *px)
	yield(2)
	inc()
	fmt.Println(at == &grid[1][1], field == &at.y, &row[0] == &grid[2][0], px == &p.x, *px)
}

func shared() {
	base := make([]int, 2, 10)
	a, b := append(base, 1), base[:1]
	tail := a[2:3:5]
	yield(3)
	b = append(b, 9)
	tail = append(tail, 2)
	more := append(a, 3)
	fmt.Println(base, a, b, tail, more, cap(base), cap(tail), &a[0] == &b[0], &tail[0] == &a[2])
}

type node[K comparable, V any] struct {
	key   K
	value V
	next  map[K]*node[K, V]
	any   any
	self  func() *node[K, V]
}

func cycles() {
	n := &node[string, []int]{key: "n", value: []int{1}}
	n.next = map[string]*node[string, []int]{"self": n}
	n.any = n.next
	n.self = func() *node[string, []int] { return n }
	var i any
	i = &i
	m := map[string]any{}
	m["m"] = m
	type rec func() rec
	var f rec
	f = func() rec { return f }
	c := make(coroutine.Chan[any], 1)
	c <- c
	yield(4)
	fmt.Println(n.next["self"] == n, n.self() == n, n.any.(map[string]*node[string, []int])["self"] == n)
	p := i.(*any)
	fmt.Println(*p == i, m["m"].(map[string]any)["m"] != nil, f() != nil, f()()() != nil, <-c == any(c))
	m["x"] = 1
	fmt.Println(m["m"].(map[string]any)["x"])
}

type walker interface{ walk() string }

type legs int

func (l legs) walk() string { yield(int(l)); return strings.Repeat("|", int(l)) }

type animal struct {
	legs
	*point
	named struct {
		first, last string
		_           [0]func()
	}
}

func types() {
	a := animal{legs: 2, point: &point{1, 2}}
	a.named.last = "ant"
	q := &a.named
	var w walker = a
	anon := []struct {
		Name string `json:"name"`
		walker
	}{{"a", a}, {Name: "b"}}
	acc := other.New(3, "acc")
	acc.Tag("one")
	yield(5)
	q.first = "adam"
	acc.Tag("two")
	fmt.Println(a.x, a.named.first, w.walk(), anon[0].walk(), anon[1].walker == nil, w.(animal).point == a.point)
	fmt.Println(acc.Describe())
}

type op func(float64) float64

func values() {
	var nilSlice []int
	var nilMap map[string]int
	var nilPtr *point
	var nilFunc op
	empty, emptyMap := []int{}, map[string]int{}
	var typed, none any = nilPtr, nil
	var err error = (*failure)(nil)
	nan := map[float64]string{math.NaN(): "a", math.NaN(): "b", math.Copysign(0, -1): "zero"}
	zero, inf := math.Copysign(0, -1), math.Inf(-1)
	text := "\xff\xfe\x00é"
	bytes := map[string]int{text: 1}
	typ := reflect.TypeFor[map[string]*point]()
	upper, trim := strings.ToUpper, strings.NewReplacer
	var b strings.Builder
	write := b.WriteString
	f := op(math.Sqrt)
	yield(6)
	fmt.Println(nilSlice == nil, nilMap == nil, nilFunc == nil, empty != nil, emptyMap != nil, typed == nil, typed.(*point) == nil, none == nil, err == nil)
	fmt.Println(len(nan), nan[0], math.Signbit(zero), inf, []byte(text), bytes["\xff\xfe\x00é"], typ == reflect.TypeOf(map[string]*point{}))
	write("built")
	fmt.Println(upper("x"), trim("a", "b").Replace("a"), b.String(), f(16))
}

type failure struct{}

func (*failure) Error() string { return "failure" }

// rest has locks and counters that nobody uses at the moment.
func rest() {
	var state struct {
		mu    sync.Mutex
		rw    sync.RWMutex
		wg    sync.WaitGroup
		once  sync.Once
		n     atomic.Int64
		ptr   atomic.Pointer[point]
		value atomic.Value
	}
	p := &point{1, 2}
	state.ptr.Store(p)
	state.value.Store("v")
	state.once.Do(func() { state.n.Add(2) })
	now := time.Now()
	day := time.Date(2024, 2, 29, 1, 2, 3, 4, time.FixedZone("X", 3600))
	yield(7)
	state.mu.Lock()
	state.rw.RLock()
	state.once.Do(func() { state.n.Add(100) })
	state.wg.Go(func() { state.n.Add(1) })
	state.wg.Wait()
	fmt.Println(state.n.Load(), state.ptr.Load() == p, state.value.Load(), time.Since(now) < time.Hour, day)
	state.rw.RUnlock()
	state.mu.Unlock()
	yield(8)
	state.mu.Lock()
}

// registry has a map that points back to it.
type registry struct {
	name    string
	entries sync.Map
	all     *sync.Map
}

// tables are concurrent maps, with keys and values that others refer to.
func tables() {
	p := &point{1, 2}
	r := &registry{name: "r"}
	r.all = &r.entries
	r.all.Store(p, r)
	r.all.Store("map", r.all)
	r.all.Store("p", p)
	var empty sync.Map
	empty.Store(1, 2)
	empty.Clear()
	yield(10)
	x, _ := r.entries.Load(p)
	m, _ := r.all.Load("map")
	q, _ := r.all.Load("p")
	fmt.Println(x == any(r), m == any(&r.entries), q == any(p), r.all == &r.entries)
	_, ok := empty.LoadOrStore(1, 3)
	fmt.Println(ok)
	r.all.Range(func(k, v any) bool {
		if k == any(p) {
			r.all.Delete(k)
		}
		return true
	})
	r.all.Store(5, 6)
	yield(11)
	_, ok = r.all.Load(p)
	five, _ := r.all.Load(5)
	fmt.Println(ok, five)
}

// sequences are iterators of the program's own, of which values are kept.
func sequences() {
	count := func(n int) iter.Seq[int] {
		return func(yield func(int) bool) {
			for i := range n {
				if !yield(i) {
					return
				}
			}
		}
	}
	seq := count(3)
	yield(9)
	fmt.Println(slices.Collect(seq))
	for i := range seq {
		yield(i)
	}
}

func Main() {
	captured()
	shared()
	cycles()
	types()
	values()
	rest()
	tables()
	sequences()
}
