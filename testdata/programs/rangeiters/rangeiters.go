// Ranges over the iterators of packages slices and maps while the body suspends, with
// break, continue and return.
package rangeiters

import (
	"fmt"
	"maps"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func find(list []string, want string) int {
	for i, s := range slices.All(list) {
		if yield(i) < 0 {
			continue
		}
		if s == want {
			return i
		}
	}
	return -1
}

func Main() {
	fmt.Println(find([]string{"a", "b", "c"}, "b"), find(nil, "b"))
	sum := 0
	for v := range slices.Values([]int{1, 2, 3, 4}) {
		if v == 4 {
			break
		}
		sum += v * yield(v)
	}
	m := map[string]int{"x": 1, "y": 2}
	for _, v := range maps.All(m) {
		sum += yield(100) * v
	}
	n := 0
	for k := range maps.Keys(m) {
		n += len(k) * yield(200)
	}
	for v := range maps.Values(m) {
		n += v
		yield(300)
	}
	fmt.Println(sum, n)
}
