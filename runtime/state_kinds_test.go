package runtime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func equalTrip[T any](t *testing.T, v T) {
	t.Helper()
	require.Equal(t, v, trip(t, v))
}

type celsius float64

type shape interface{ Area() float64 }

type square struct{ side float64 }

func (s square) Area() float64 { return s.side * s.side }

type circle struct{ r *float64 }

func (c *circle) Area() float64 { return *c.r * *c.r * math.Pi }

type holder struct{ p *int } // an interface holds it directly

func (h holder) Area() float64 { return float64(*h.p) }

func init() {
	RegisterType[square]("test.square")
	RegisterType[*circle]("test.circle")
	RegisterType[holder]("test.holder")
	RegisterType[celsius]("test.celsius")
	RegisterType[errText]("test.errText")
}

func TestBasicKinds(t *testing.T) {
	equalTrip(t, true)
	equalTrip(t, []bool{true, false})
	equalTrip(t, [...]int{math.MinInt, -1, 0, 1, 63, 64, math.MaxInt})
	equalTrip(t, [...]int8{-128, 0, 127})
	equalTrip(t, [...]int16{math.MinInt16, 0, math.MaxInt16})
	equalTrip(t, [...]int32{math.MinInt32, 0, math.MaxInt32})
	equalTrip(t, [...]int64{math.MinInt64, 0, math.MaxInt64})
	equalTrip(t, [...]uint{0, math.MaxUint})
	equalTrip(t, [...]uint8{0, 255})
	equalTrip(t, [...]uint16{0, math.MaxUint16})
	equalTrip(t, [...]uint32{0, math.MaxUint32})
	equalTrip(t, [...]uint64{0, math.MaxUint64})
	equalTrip(t, [...]uintptr{0, ^uintptr(0)})
	equalTrip(t, [...]float32{0, 1, -1.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Inf(1))})
	equalTrip(t, [...]float64{0, 1, -1.5, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(-1)})
	equalTrip(t, [...]complex64{0, 1 - 2i})
	equalTrip(t, [...]complex128{0, 1 - 2i, complex(math.Inf(1), 0)})
	equalTrip(t, [...]string{"", "a", strings.Repeat("long", 100), "\xff\x00"})
	equalTrip(t, celsius(36.6))
	equalTrip(t, rune('é'))
	require.Equal(t, math.Float64bits(math.Float64frombits(0x7ff8dead00000001)), math.Float64bits(trip(t, math.Float64frombits(0x7ff8dead00000001))))
	require.True(t, math.Signbit(trip(t, math.Copysign(0, -1))))
}

func TestCompositeKinds(t *testing.T) {
	type inner struct {
		a int8
		b string
		_ [3]byte
		c [2][3]int16
	}
	type outer struct {
		inner
		p *inner
		E struct{}
		s []inner
		m map[string][]inner
		Z [0]func()
	}
	i := inner{1, "two", [3]byte{}, [2][3]int16{{1, 2, 3}, {4, 5, 6}}}
	equalTrip(t, outer{inner: i, p: &i, s: []inner{i, {}}, m: map[string][]inner{"x": {i}, "nil": nil, "empty": {}}})
	equalTrip(t, outer{})
	equalTrip(t, []byte("bytes"))
	equalTrip(t, [][]int{nil, {}, {1, 2}})
	equalTrip(t, struct {
		A int `tag:"x"`
		b string
	}{1, "b"})
	equalTrip(t, [2]*int{new(int), nil})
	pp := new(*int)
	equalTrip(t, &pp)
}

func TestNilness(t *testing.T) {
	type T struct {
		S, SE []int
		M, ME map[int]int
		P     *int
		F     func()
		C     chan int
		I, J  any
		E     error
		Z, ZN *struct{}
		ZS    []struct{}
	}
	v := trip(t, T{SE: []int{}, ME: map[int]int{}, J: (*int)(nil), Z: &struct{}{}, ZS: make([]struct{}, 3, 7)})
	require.True(t, v.S == nil && v.M == nil && v.P == nil && v.F == nil && v.C == nil && v.I == nil && v.E == nil && v.ZN == nil)
	require.True(t, v.SE != nil && v.ME != nil && v.J != nil && v.Z != nil)
	require.Equal(t, (*int)(nil), v.J)
	require.Len(t, v.ZS, 3)
	require.Equal(t, 7, cap(v.ZS))
}

func TestInterfaces(t *testing.T) {
	r, n := 2.0, 9
	type T struct {
		Any []any
		Sh  []shape
		Err error
	}
	c := &circle{&r}
	f := func() any { return nil }
	_ = f
	v := trip(t, T{
		Any: []any{nil, 1, "s", []int{1}, map[string]any{"a": 1.5}, celsius(3), square{2}, c, holder{&n}, [2]any{1, nil},
			struct{ A, B any }{1, &r}, &n, []any{[]any{}}, uint8(3), (func())(nil), (chan int)(nil), reflect.TypeFor[map[string]square]()},
		Sh:  []shape{c, square{3}, holder{&n}, nil},
		Err: errText("boo"),
	})
	require.Equal(t, 1, v.Any[1])
	require.Equal(t, []int{1}, v.Any[3])
	require.Equal(t, map[string]any{"a": 1.5}, v.Any[4])
	require.Equal(t, celsius(3), v.Any[5])
	require.Equal(t, square{2}, v.Any[6])
	require.Same(t, v.Any[7], v.Sh[0])
	require.Same(t, v.Any[7].(*circle).r, v.Any[10].(struct{ A, B any }).B)
	require.Same(t, v.Any[8].(holder).p, v.Any[11])
	require.Equal(t, v.Any[8], v.Sh[2])
	require.Equal(t, [2]any{1, nil}, v.Any[9])
	require.Equal(t, []any{[]any{}}, v.Any[12])
	require.Equal(t, uint8(3), v.Any[13])
	require.IsType(t, (func())(nil), v.Any[14])
	require.IsType(t, (chan int)(nil), v.Any[15])
	require.Equal(t, reflect.TypeFor[map[string]square](), v.Any[16])
	require.Equal(t, 9.0, v.Sh[1].Area())
	require.Equal(t, 9.0, v.Sh[2].Area())
	require.Nil(t, v.Sh[3])
	require.Equal(t, errText("boo"), v.Err)
}

func TestInteriorPointers(t *testing.T) {
	type in struct {
		x, y int
		a    [4]int16
	}
	type big struct {
		f  in
		l  []in
		ip *int16
	}
	type T struct {
		Y    *int // met before what it points into
		A    *int16
		Arr  *[2]int16
		B    *big
		F    *in
		Tail []int16
		L1   *in
		L1x  *int
	}
	b := &big{f: in{1, 2, [4]int16{10, 11, 12, 13}}, l: make([]in, 2, 5)}
	b.ip = &b.f.a[3]
	v := trip(t, T{
		Y: &b.f.y, A: &b.f.a[1], Arr: (*[2]int16)(b.f.a[1:3]), B: b, F: &b.f, Tail: b.f.a[2:3], L1: &b.l[1], L1x: &b.l[1].x,
	})
	require.Same(t, &v.B.f.y, v.Y)
	require.Same(t, &v.B.f.a[1], v.A)
	require.Same(t, &v.B.f.a[1], &v.Arr[0])
	require.Same(t, &v.B.f, v.F)
	require.Same(t, &v.B.f.a[3], v.B.ip)
	require.Same(t, &v.B.f.a[2], &v.Tail[0])
	require.Len(t, v.Tail, 1)
	require.Equal(t, 2, cap(v.Tail))
	require.Same(t, &v.B.l[1], v.L1)
	require.Same(t, &v.B.l[1].x, v.L1x)
	require.Equal(t, 5, cap(v.B.l))
	require.Equal(t, *b, func() big { b := *v.B; return b }())
}

func TestSharedArrays(t *testing.T) {
	type T struct{ A, B, C, D []int }
	a := make([]int, 0, 10)
	a = append(a, 0, 1, 2, 3, 4, 5)
	for name, v := range map[string]T{
		"overlapping": {A: a[1:3:4], B: a[2:5:6], C: a[5:6], D: a[:2:2]},
		"inside":      {A: a[2:3:3], B: a[:6], C: a[3:4:4], D: nil},
		"touching":    {A: a[0:2:2], B: a[2:4:4], C: a[4:], D: a[3:4:5]},
	} {
		t.Run(name, func(t *testing.T) {
			w := trip(t, v)
			require.Equal(t, v, w)
			before, after := [][]int{v.A, v.B, v.C, v.D}, [][]int{w.A, w.B, w.C, w.D}
			for i := range before {
				require.Equal(t, cap(before[i]), cap(after[i]))
				for j := range before {
					for k := range before[i] {
						for l := range before[j] {
							require.Equal(t, &before[i][k] == &before[j][l], &after[i][k] == &after[j][l])
						}
					}
				}
			}
		})
	}
	// An append into spare capacity is seen through the other slice.
	w := trip(t, T{A: a[:2], B: a[:3]})
	_ = append(w.A, 99)
	require.Equal(t, 99, w.B[2])
}

func TestPrefixesAndSuffixes(t *testing.T) {
	n := 0
	a := make([]*int, 500)
	for i := range a {
		a[i] = &n
	}
	var v [][]*int
	for i := 1; i < len(a); i++ {
		v = append(v, a[i:], a[:i:i])
	}
	w := trip(t, v)
	require.Equal(t, v, w)
	require.Same(t, &w[0][0], &w[3][1])
}

func TestStringsAreShared(t *testing.T) {
	s := strings.Repeat("x", 10_000)
	b := save(t, []string{s, s, s, s[:5000]})
	require.Less(t, len(b), 16_000)
	require.Equal(t, []string{s, s, s, s[:5000]}, load[[]string](t, b))
}

func TestMaps(t *testing.T) {
	type key struct {
		a int
		s string
		i any
	}
	n := 3
	type T struct {
		NaN   map[float64]int
		Any   map[any]string
		Key   map[key]int
		Ptr   map[*int]string
		Arr   map[[2]int8]bool
		Time  map[time.Time]int
		Self  map[string]any
		Named H
		Same  map[string]int
		Set   map[string]struct{}
		Zero  map[struct{}]int
		P     *int
	}
	v := T{
		NaN:  map[float64]int{math.NaN(): 1, math.Inf(1): 2, -1: 3},
		Any:  map[any]string{1: "int", "1": "string", nil: "nil", square{1}: "square", &n: "pointer", key{1, "k", &n}: "key", [1]any{2}: "array"},
		Key:  map[key]int{{1, "a", nil}: 1, {1, "a", key{2, "b", 7}}: 2},
		Ptr:  map[*int]string{&n: "n", nil: "nil", new(int): "other"},
		Arr:  map[[2]int8]bool{{1, 2}: true, {-1, 0}: false},
		Time: map[time.Time]int{time.Unix(5, 0).UTC(): 5},
		Set:  map[string]struct{}{"a": {}, "b": {}},
		Zero: map[struct{}]int{{}: 7},
		P:    &n,
	}
	v.Named = H{"x": 1}
	v.Same = v.Named
	v.Self = map[string]any{"self": nil}
	v.Self["self"] = v.Self
	RegisterType[key]("test.key")
	w := trip(t, v)
	require.Len(t, w.NaN, 3)
	nan := 0
	for k, x := range w.NaN {
		if k != k {
			nan = x
		}
	}
	require.Equal(t, 1, nan)
	require.Equal(t, 2, w.NaN[math.Inf(1)])
	require.Len(t, w.Any, 7)
	require.Equal(t, "pointer", w.Any[w.P])
	require.Equal(t, "key", w.Any[key{1, "k", w.P}])
	require.Equal(t, "square", w.Any[square{1}])
	require.Equal(t, "array", w.Any[[1]any{2}])
	require.Equal(t, "nil", w.Any[nil])
	require.Equal(t, v.Key, w.Key)
	require.Equal(t, "n", w.Ptr[w.P])
	require.Len(t, w.Ptr, 3)
	require.Equal(t, v.Arr, w.Arr)
	require.Equal(t, 5, w.Time[time.Unix(5, 0).UTC()])
	require.Equal(t, reflect.ValueOf(w.Self).Pointer(), reflect.ValueOf(w.Self["self"]).Pointer())
	w.Same["y"] = 2
	require.Equal(t, 2, w.Named["y"])
	require.Equal(t, v.Set, w.Set)
	require.Equal(t, v.Zero, w.Zero)
}

type H map[string]int

var errMine = errors.New("mine")

var (
	global struct {
		a int
		b [3]string
		m sync.Mutex
	}
	globalNext  = &node{name: "global"}
	globalMap   = map[string]int{"one": 1}
	globalFunc  = func() int { return 42 }
	globalBusy  = &node{name: "reassigned"}
	globalEmpty = &struct{}{}
)

func init() {
	RegisterVar("test.errMine", &errMine, false)
	RegisterVar("test.global", &global, false)
	RegisterVar("test.globalNext", &globalNext, false)
	RegisterVar("test.globalMap", &globalMap, false)
	RegisterVar("test.globalFunc", &globalFunc, false)
	RegisterVar("test.globalBusy", &globalBusy, true)
	RegisterVar("test.globalEmpty", &globalEmpty, false)
}

func TestGlobals(t *testing.T) {
	type T struct {
		Err      []error
		A        *int
		B        []string
		S        *string
		Next     *node
		Name     *string
		M        map[string]int
		F        func() int
		AnyM     any
		AnyF     any
		AnyA     any
		Busy     *node
		BusyVar  **node
		E        *struct{}
		Ctx, Tod context.Context
		Out      *os.File
		W        io.Writer
	}
	global.m.Lock() // what belongs to the process may be in use
	defer global.m.Unlock()
	v := trip(t, T{
		Err: []error{errMine, io.EOF, context.Canceled, context.DeadlineExceeded, fs.ErrNotExist, os.ErrDeadlineExceeded, fmt.Errorf("wrapped: %w", errMine)},
		A:   &global.a, B: global.b[1:2], S: &global.b[2], Next: globalNext, Name: &globalNext.name, M: globalMap, F: globalFunc,
		AnyM: globalMap, AnyF: globalFunc, AnyA: &global.b, Busy: globalBusy, BusyVar: &globalBusy, E: globalEmpty,
		Ctx: context.Background(), Tod: context.TODO(), Out: os.Stdout, W: io.Discard,
	})
	for i, err := range []error{errMine, io.EOF, context.Canceled, context.DeadlineExceeded, fs.ErrNotExist, os.ErrDeadlineExceeded, errMine} {
		require.ErrorIs(t, v.Err[i], err)
	}
	require.True(t, v.Err[1] == io.EOF)
	require.Same(t, &global.a, v.A)
	require.Same(t, &global.b[1], &v.B[0])
	require.Equal(t, 2, cap(v.B))
	require.Same(t, &global.b[2], v.S)
	require.Same(t, globalNext, v.Next)
	require.Same(t, &globalNext.name, v.Name)
	require.Equal(t, reflect.ValueOf(globalMap).Pointer(), reflect.ValueOf(v.M).Pointer())
	require.Equal(t, reflect.ValueOf(globalMap).Pointer(), reflect.ValueOf(v.AnyM).Pointer())
	require.Equal(t, 42, v.F())
	require.Equal(t, 42, v.AnyF.(func() int)())
	require.Same(t, &global.b, v.AnyA)
	require.NotSame(t, globalBusy, v.Busy)
	require.Equal(t, "reassigned", v.Busy.name)
	require.Same(t, &globalBusy, v.BusyVar)
	require.NotNil(t, v.E)
	require.Equal(t, context.Background(), v.Ctx)
	require.Equal(t, context.TODO(), v.Tod)
	require.Same(t, os.Stdout, v.Out)
	require.Equal(t, io.Discard, v.W)
}

// TestSameBytes: the same graph gives the same bytes, in whatever order maps were
// filled and wherever the memory is.
func TestSameBytes(t *testing.T) {
	type T struct {
		M map[string]any
		K map[any]*int
		P map[*node]int
		N *node
	}
	make1 := func(up bool) T {
		v := T{M: map[string]any{}, K: map[any]*int{}, P: map[*node]int{}, N: &node{name: "0"}}
		n := new(int)
		for i := range 50 {
			if !up {
				i = 49 - i
			}
			v.M[fmt.Sprint(i)] = i
			v.K[i], v.K[fmt.Sprint(i)], v.K[float64(i)] = n, n, n
			v.P[&node{name: fmt.Sprint(i)}] = i
		}
		// The keys are told apart by what they are elsewhere, too.
		var keys [50]*node
		for k, i := range v.P {
			keys[i] = k
		}
		v.N.list = keys[:]
		return v
	}
	want := save(t, make1(true))
	for range 10 {
		require.Equal(t, want, save(t, make1(false)))
		require.Equal(t, want, save(t, make1(true)))
	}
}

var lateVar error

func TestVariableSetLate(t *testing.T) {
	RegisterVar("test.lateVar", &lateVar, false)
	lateVar = nil
	v := errors.New("late")
	require.NotSame(t, v, trip(t, v))
	lateVar = v
	require.Same(t, v, trip(t, v))
}

// TestConcurrentUse compiles the registry and the plans in many goroutines at once.
func TestConcurrentUse(t *testing.T) {
	registerFrame1[[]*vertex]()
	registerFrame1[map[string]any]()
	current.Store(nil)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 20 {
				frame := &frame1[map[string]any]{1, map[string]any{"a": &vertex{id: i}, "b": []any{square{1}, io.EOF}}}
				b, err := suspendedWith(frame).AppendState(nil)
				if err != nil {
					t.Error(err)
					return
				}
				c := New(nil)
				if _, err := c.LoadState(b); err != nil {
					t.Error(err)
				} else if id := c.frames[0].(*frame1[map[string]any]).V["a"].(*vertex).id; id != i {
					t.Error(id)
				}
			}
		})
	}
	group.Wait()
}

var (
	outerVar  = &[6]node{}
	innerVar  = &outerVar[1]
	innerVar2 = &outerVar[3]
)

func TestNestedGlobals(t *testing.T) {
	RegisterVar("test.outerVar", &outerVar, false)
	RegisterVar("test.innerVar", &innerVar, false)
	RegisterVar("test.innerVar2", &innerVar2, false)
	type T struct {
		P []*node
		S *string
		A *[6]node
	}
	var v T
	for i := range outerVar {
		v.P = append(v.P, &outerVar[i])
	}
	v.S, v.A = &outerVar[5].name, outerVar
	w := trip(t, v)
	for i := range outerVar {
		require.Same(t, &outerVar[i], w.P[i])
	}
	require.Same(t, v.S, w.S)
	require.Same(t, outerVar, w.A)
}
