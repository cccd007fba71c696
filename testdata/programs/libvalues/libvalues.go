// Func values of library functions whose callbacks suspend: they are those of clones, in
// variables, fields, containers, interfaces, as arguments and results.
package libvalues

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(n int) int { return coroutine.Yield[int, int](n) }

func even(n int) bool { return yield(n)/2%2 == 0 }

func up(r rune) rune { return r + rune(yield(1)/2) }

var (
	sorted      = slices.SortFunc[[]int, int]
	mapper      = strings.Map
	unused, cut = strings.TrimLeftFunc, strings.TrimFunc
	byName      = map[string]func([]int, func(int) bool) int{"index": slices.IndexFunc[[]int]}
	once        sync.Once
	do          = once.Do
	table       sync.Map
	nested               = func() func(func(rune) rune, string) string { return strings.Map }
	_           callback = strings.FieldsFunc
)

func init() { table.Store("k", 1) }

type callback func(string, func(rune) bool) []string

type finder struct {
	find func([]int, func(int) bool) int
	any  any
}

func apply(f func(func(rune) rune, string) string) string { return f(up, "arg") }

func chosen(last bool) func([]int, func(int) bool) bool {
	f := slices.ContainsFunc[[]int]
	if last {
		f = func(s []int, is func(int) bool) bool { return is(s[len(s)-1]) }
	}
	return f
}

func first[S ~[]E, E cmp.Ordered](s S, by func(E) bool) (e E) {
	index := slices.IndexFunc[S]
	if i := index(s, by); i >= 0 {
		e = s[i]
	}
	return e
}

type lazy struct {
	sync.Once
	n int
}

// plain has values of the same functions that nothing suspends in: they stay.
func plain() string {
	f := strings.Map
	name := runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
	return f(func(r rune) rune { return r - 'a' + 'A' }, name)
}

type set[T comparable] map[T]bool

func (s set[T]) all() iter.Seq[T] { return maps.Keys(s) }

func (s set[T]) sorted(by func(a, b T) int) iter.Seq2[int, T] {
	return slices.All(slices.SortedFunc(s.all(), by))
}

// iterators are func values that library functions return.
func iterators() {
	backward := slices.Backward[[]int]
	for i, v := range backward([]int{10, 20}) {
		fmt.Println(i, yield(v))
	}
	kept := strings.SplitSeq("a,b", ",")
	for s := range kept {
		fmt.Println(s, yield(1))
	}
	kept(func(s string) bool { fmt.Println(s, yield(2)); return false })
	all := slices.All([]int{30})
	if yield(3) > 0 {
		all = backward([]int{40, 50})
	}
	for i, v := range all {
		fmt.Println(i, yield(v))
	}
	for v := range (set[int]{80: true}).all() {
		fmt.Println("all", yield(v))
	}
	for i, v := range (set[string]{"b": true, "a": true}).sorted(strings.Compare) {
		fmt.Println(i, v, yield(i))
	}
	byKind := map[string]iter.Seq[int]{"values": slices.Values([]int{60}), "keys": maps.Keys(map[int]bool{70: true})}
	for _, kind := range []string{"keys", "values"} {
		for v := range byKind[kind] {
			fmt.Println(kind, yield(v))
		}
	}
}

func Main() {
	index := slices.IndexFunc[[]int]
	fmt.Println(index([]int{1, 3, 4, 5}, even), index([]int{9, 7}, even))

	s := []int{2, 3, 1}
	sorted(s, func(a, b int) int { return cmp.Compare(yield(a), yield(b)) })
	fmt.Println(s)

	var inferred func([]string, func(string) bool) int = slices.IndexFunc
	fmt.Println(inferred([]string{"x", "yy"}, func(s string) bool { return yield(len(s)) > 3 }))

	fmt.Println(mapper(up, "global"), apply(strings.Map), nested()(up, "nested"))
	fmt.Printf("%q %q\n", cut("..x..", func(r rune) bool { return yield(0) > 0 && r == '.' }), unused("..x..", func(r rune) bool { return r == '.' }))
	fmt.Println(byName["index"]([]int{5, 6}, even))

	f := finder{slices.IndexFunc[[]int, int], strings.FieldsFunc}
	fmt.Println(f.find([]int{7, 8}, even))
	fmt.Println(f.any.(func(string, func(rune) bool) []string)("a-b", func(r rune) bool { return yield(3) > 0 && r == '-' }))

	fmt.Println(chosen(false)([]int{1, 2, 3}, even), chosen(true)([]int{1, 2, 3}, even))
	fmt.Println(first([]int{1, 2, 3}, even), first([]string{"a", "bb"}, func(s string) bool { return even(len(s)) }))

	search := sort.Search
	find := func(n int) int { return search(n, func(i int) bool { return yield(i) > 8 }) }
	fmt.Println(find(8))
	search = func(n int, f func(int) bool) int { f(n); return -1 }
	fmt.Println(find(8))

	do(func() { fmt.Println("once", yield(4)) })
	l := &lazy{}
	bound, each := l.Do, table.Range
	l = &lazy{n: 5} // the receivers are bound
	for range 2 {
		bound(func() { fmt.Println("bound", yield(l.n)) })
		each(func(k, v any) bool { fmt.Println(k, v, yield(6)); return true })
	}
	express := (*sync.Once).Do
	express(&l.Once, func() { fmt.Println("express", yield(7)) })
	l.Do(func() { fmt.Println("not again") })

	defer slices.DeleteFunc([]int{1}, func(n int) bool { fmt.Println("deferred", yield(n)); return true })
	later := slices.EqualFunc[[]int, []string]
	defer later([]int{1}, []string{"1"}, func(n int, s string) bool { fmt.Println(n, s, yield(8)); return true })
	fmt.Println(plain())

	iterators()

	func() {
		defer func() { fmt.Println(recover()) }()
		var none *struct{ lazy }
		yield(9)
		none.Do(func() {})
	}()
}
