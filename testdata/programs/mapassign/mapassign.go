// Maps: assignments and assignment operators whose key or value suspends, comma-ok
// forms, nil maps, maps of structs, maps and funcs, delete and clear.
package mapassign

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type T struct{ n int }

func key(v int) string { return fmt.Sprint("k", yield(v)) }
func two() (int, bool) { return yield(20), true }

func Main() {
	m := map[string]int{}
	m["a"] = yield(1)
	m[key(1)] = yield(2)
	m[key(1)] += yield(3)
	m["a"] -= yield(4) * m["a"]
	m["a"]++
	m[key(2)]++
	m[key(2)] <<= 2
	fmt.Println(m)
	v, ok := m[key(1)]
	_, no := m[key(9)]
	fmt.Println(v, ok, no, m[key(9)], len(m))
	m["x"], m["y"] = m["y"]+1, yield(5)
	m[key(3)], ok = two()
	if v, ok := m[key(3)]; ok && v == yield(20) {
		fmt.Println("found", v)
	}
	delete(m, key(3))
	delete(m, key(3))
	fmt.Println(m)

	// The map is read after the call, and the nil map panics after it.
	func() {
		var null map[int]int
		defer func() { fmt.Println(recover(), null[yield(6)], len(null)) }()
		null[yield(7)] = yield(8)
	}()
	func() {
		defer func() { fmt.Println(recover()) }()
		bad := map[any]int{}
		bad[[]int{yield(9)}] = 1
	}()
	nested := map[string]map[int][]T{"a": {}}
	nested["a"][yield(0)] = append(nested["a"][1], T{yield(1)})
	nested["a"][1][0].n += yield(2)
	nested["b"] = map[int][]T{yield(3): {{1}, {yield(4)}}}
	fmt.Println(nested)
	structs := map[T]*T{{1}: {10}}
	structs[T{yield(0)}].n = yield(5)
	*structs[T{1}] = T{structs[T{1}].n + yield(6)}
	fmt.Println(structs[T{1}].n)
	funcs := map[bool]func(int) int{true: yield, false: func(v int) int { return -yield(v) }}
	fmt.Println(funcs[yield(1) > 2](7), funcs[false](8))
	arr := map[int][2]int{1: {1, 2}}
	a := arr[1]
	a[yield(0)] = 9
	arr[2] = a
	fmt.Println(arr, arr[yield(0)][yield(0)])
	alias := m
	clear(alias)
	yield(9)
	alias["new"] = 1
	fmt.Println(m, len(alias))
	counts := map[rune]int{}
	for _, r := range "hello" {
		counts[r] += yield(counts[r])
	}
	fmt.Println(counts)
}
