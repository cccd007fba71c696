// Ranging over maps while the body suspends and the map changes.
//
// The order is not specified, so all output is sorted or a total. A key that is
// deleted before it is reached is not produced, a value that changed is
// produced as it is then, and every key that stays is produced exactly once,
// also when the coroutine is saved in the middle. NaN keys are never equal to
// themselves, so they cannot be looked up again.
package rangemap

import (
	"fmt"
	"math"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func build(n int) map[int]string {
	m := map[int]string{}
	for i := range n {
		m[i] = fmt.Sprint("v", yield(i))
	}
	return m
}

type key struct {
	a string
	b int
}

func Main() {
	var seen []string
	for k, v := range build(4) {
		yield(100)
		seen = append(seen, fmt.Sprint(k, v))
	}
	slices.Sort(seen)
	fmt.Println(seen)

	// Whatever comes first deletes all others.
	m := map[string]int{"a": 1, "b": 2, "c": 3}
	n := 0
	for k := range m {
		n++
		for other := range m {
			if other != k {
				delete(m, other)
			}
		}
		yield(n)
	}
	fmt.Println("after deletion", n, len(m))

	// Values are read when their turn comes.
	m = map[string]int{"a": 1, "b": 2, "c": 3}
	first := true
	total := 0
	for k, v := range m {
		yield(0)
		if first {
			first = false
			for other := range m {
				if other != k {
					m[other] *= 10
				}
			}
			total += 10 * v
			continue
		}
		total += v
	}
	fmt.Println("changed values", total)

	// Clearing ends the loop.
	n = 0
	for range m {
		n++
		clear(m)
		yield(n)
	}
	fmt.Println("cleared", n)

	// A key that was deleted and set again may come or not, but once at most.
	m = map[string]int{"a": 1, "b": 2}
	count := map[string]int{}
	for k := range m {
		count[k]++
		yield(1)
		delete(m, k)
		m[k] = 5
	}
	fmt.Println("set again", len(count) == 2, count["a"] <= 1, count["b"] <= 1)

	nan := map[float64]int{1: 1}
	nan[math.NaN()] = 2
	nan[math.NaN()] = 3
	nan[math.Copysign(0, -1)] = 4
	sum, nans := 0, 0
	for k, v := range nan {
		yield(7)
		sum += v
		if k != k {
			nans++
		}
	}
	fmt.Println("nan", sum, nans, len(nan))

	keys := 0
	for k := range map[key]bool{{"a", 1}: true, {"b", 2}: false} {
		keys += k.b * yield(4)
	}
	fmt.Println("struct keys", keys)

	ifaces := map[any]int{1: 1, "1": 10, 1.5: 100, key{"x", 1}: 1000, nil: 10000}
	sum = 0
	for k, v := range ifaces {
		yield(3)
		if ifaces[k] == v {
			sum += v
		}
	}
	fmt.Println("interface keys", sum)

	var null map[int]int
	for range null {
		fmt.Println("never")
	}
	for range map[int]int{1: 1} {
		fmt.Println("no variables", yield(2))
	}
	var k, v int
	for k, v = range map[int]int{8: 80} {
		yield(k)
	}
	fmt.Println("assigned", k, v)

	// Breaking off, and a range inside of a range over one map.
	pairs := 0
	mm := map[int]int{1: 1, 2: 2, 3: 3}
	for a := range mm {
		for b := range mm {
			yield(0)
			if a != b {
				pairs++
			}
		}
	}
	fmt.Println("pairs", pairs)
	for range mm {
		yield(1)
		break
	}
}
