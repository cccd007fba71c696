package runtime

import (
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// syncMapOf returns a sync.Map with the keys and values that take turns.
func syncMapOf(entries ...any) *sync.Map {
	m := new(sync.Map)
	for i := 0; i+1 < len(entries); i += 2 {
		m.Store(entries[i], entries[i+1])
	}
	return m
}

// setSyncMap copies m to a map, as no program should.
func setSyncMap(by map[string]sync.Map, key string, m *sync.Map) {
	reflect.ValueOf(by).SetMapIndex(reflect.ValueOf(key), reflect.ValueOf(m).Elem())
}

func syncMapIn(v reflect.Value) *sync.Map {
	m := new(sync.Map)
	reflect.ValueOf(m).Elem().Set(v)
	return m
}

type table struct {
	name string
	m    sync.Map
	all  *sync.Map
	by   map[string]sync.Map
	list [2]sync.Map
	n    *int
	any  any
}

func syncLen(m *sync.Map) (n int) {
	m.Range(func(any, any) bool { n++; return true })
	return n
}

func syncGet(t testing.TB, m *sync.Map, key any) any {
	v, ok := m.Load(key)
	require.True(t, ok, key)
	return v
}

// The entries of a sync.Map are part of the graph, and so is the sync.Map itself.
func TestSyncMap(t *testing.T) {
	RegisterType[table]("test.table")
	n := 7
	v := &table{name: "v", n: &n}
	v.all = &v.m
	v.m.Store("self", v)
	v.m.Store("map", &v.m)
	v.m.Store(&n, &n)
	v.m.Store(v, 1)
	v.m.Store(square{2}, part{n: 3, arr: [2]*int{&n}})
	v.m.Store([1]any{fuzzLink{1}}, syncMapOf("inner", &v.m))
	v.m.Store(nil, nil)
	v.m.Store(math.NaN(), "one")
	v.m.Store(math.NaN(), "two")
	v.list[1].Store(1, v.all)
	w := trip(t, v)
	require.Same(t, &w.m, w.all)
	require.Equal(t, 9, syncLen(w.all))
	require.Same(t, w, syncGet(t, w.all, "self"))
	require.Same(t, &w.m, syncGet(t, w.all, "map"))
	require.Same(t, w.n, syncGet(t, w.all, w.n))
	require.Equal(t, 1, syncGet(t, w.all, w))
	require.Same(t, w.n, syncGet(t, w.all, square{2}).(part).arr[0])
	require.Same(t, &w.m, syncGet(t, syncGet(t, w.all, [1]any{fuzzLink{1}}).(*sync.Map), "inner"))
	require.Nil(t, syncGet(t, w.all, nil))
	nans := map[any]bool{}
	w.m.Range(func(k, v any) bool {
		if f, ok := k.(float64); ok && f != f {
			nans[v] = true
		}
		return true
	})
	require.Equal(t, map[any]bool{"one": true, "two": true}, nans)
	require.Zero(t, syncLen(&w.list[0]))
	require.Same(t, &w.m, syncGet(t, &w.list[1], 1))
	w.m.Store("more", 2)
	w.m.Delete("self")
	require.Equal(t, 9, syncLen(&w.m))
}

// A sync.Map that a map or an interface holds by value has its entries too, even if what these
// refer to is read later.
func TestSyncMapByValue(t *testing.T) {
	RegisterType[table]("test.table")
	v := &table{name: "v", by: map[string]sync.Map{}}
	setSyncMap(v.by, "a", syncMapOf("v", v, 1, fuzzLink{v}))
	setSyncMap(v.by, "b", new(sync.Map))
	v.any = reflect.ValueOf(syncMapOf(2, v, 3, fuzzLink{fuzzLink{nil}})).Elem().Interface()
	w := trip(t, v)
	a := syncMapIn(reflect.ValueOf(w.by).MapIndex(reflect.ValueOf("a")))
	require.Same(t, w, syncGet(t, a, "v"))
	require.Same(t, w, syncGet(t, a, 1).(fuzzLink).next)
	require.Zero(t, syncLen(syncMapIn(reflect.ValueOf(w.by).MapIndex(reflect.ValueOf("b")))))
	held := syncMapIn(reflect.ValueOf(w.any))
	require.Same(t, w, syncGet(t, held, 2))
	require.Equal(t, fuzzLink{fuzzLink{}}, syncGet(t, held, 3))

	// Maps in maps, more of them than contents that stand in each other.
	inner := syncMapOf("end", v)
	for i := range 3 * maxNesting {
		by := map[string]sync.Map{}
		setSyncMap(by, "a", syncMapOf("of", inner))
		inner = syncMapOf(i, inner, "by", by)
	}
	got := trip(t, inner)
	for i := 3*maxNesting - 1; i >= 0; i-- {
		next := syncGet(t, got, i).(*sync.Map)
		by := reflect.ValueOf(syncGet(t, got, "by")).MapIndex(reflect.ValueOf("a"))
		require.Same(t, next, syncGet(t, syncMapIn(by), "of"))
		got = next
	}
	require.Equal(t, "v", syncGet(t, got, "end").(*table).name)
}

// The order in which entries were stored does not show.
func TestSyncMapOrder(t *testing.T) {
	one, two := new(sync.Map), new(sync.Map)
	for i := range 100 {
		one.Store(i, fmt.Sprint(i))
		two.Store(99-i, fmt.Sprint(99-i))
	}
	require.Equal(t, save(t, one), save(t, two))
}

// Entries that cannot be saved are told by their way.
func TestSyncMapErrors(t *testing.T) {
	registerFrame1[*sync.Map]()
	_, err := suspendedWith(&frame1[*sync.Map]{1, syncMapOf("a", make(chan int))}).AppendState(nil)
	require.ErrorContains(t, err, "V[interface {}] (chan int)")
}

// Entries that two have would take memory for each.
func TestSyncMapOwnEntries(t *testing.T) {
	b := save(t, [2]*sync.Map{syncMapOf(1, 2), new(sync.Map)})
	body, _, err := openState(b)
	require.NoError(t, err)
	require.Equal(t, byte(refNil), body[len(body)-1])
	load[[2]*sync.Map](t, seal(body))
	body[len(body)-1] = 1<<1 + refKnown // the map of the first one: two mentions before
	_, err = New(nil).LoadState(seal(body))
	require.ErrorContains(t, err, "a sync.Map with entries that are not its own")
	require.ErrorIs(t, err, ErrInvalidState)
}

// What has been in use and is idle is saved.
func TestIdleLocks(t *testing.T) {
	type T struct {
		Mu   sync.Mutex
		RW   sync.RWMutex
		WG   sync.WaitGroup
		Once sync.Once
		Map  sync.Map
		Cond *sync.Cond
		Pool sync.Pool
	}
	v := new(T)
	v.Cond = sync.NewCond(&v.RW)
	use := func(v *T) {
		v.Mu.Lock()
		require.False(t, v.Mu.TryLock())
		v.Mu.Unlock()
		v.RW.RLock()
		require.False(t, v.RW.TryLock())
		v.RW.RUnlock()
		waits := make(chan bool)
		done := false
		v.WG.Go(func() { // one that waits
			v.RW.Lock()
			close(waits)
			for !done {
				v.Cond.Wait()
			}
			v.RW.Unlock()
		})
		<-waits
		v.RW.Lock()
		done = true
		v.Cond.Broadcast()
		v.RW.Unlock()
		v.WG.Wait()
		v.Map.Store(1, 2)
		v.Map.Clear()
		v.Map.Store(3, 4)
		v.Map.Delete(3)
		v.Pool.Put(new(int))
	}
	use(v)
	v.Once.Do(func() {})
	w := trip(t, v)
	w.Once.Do(func() { t.Error("it has been done") })
	require.Same(t, &w.RW, w.Cond.L)
	require.Zero(t, syncLen(&w.Map))
	use(w)
	use(trip(t, w))
}
