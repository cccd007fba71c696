// Returns from within loops, ranges, switches, closures and blocks with defers,
// of suspending expressions, of several results, of nothing.
package earlyreturns

import (
	"errors"
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var errEnd = errors.New("end")

func find(grid map[string][]int, keys []string, want int) (key string, at int, err error) {
	defer func() { yield(1000 + at) }()
	for _, k := range keys {
		row, ok := grid[k]
		if !ok {
			return k, -1, errEnd
		}
		for i, v := range row {
			switch {
			case v == want:
				return k, i, nil
			case v < 0:
				return "", yield(v), fmt.Errorf("negative %d at %d: %w", v, i, errEnd)
			case yield(v) > 100:
				return
			}
		}
	}
	return "none", yield(want), nil
}

func nothing(n int) {
	for i := 0; ; i++ {
		if yield(i) > n {
			return
		}
		func() {
			if i == 1 {
				return
			}
			yield(50 + i)
		}()
	}
}

func expression(n int) (int, string) {
	if n > 0 {
		return yield(n) + yield(n+1), fmt.Sprint(yield(n + 2))
	}
	return pair(yield(n))
}

func pair(n int) (int, string) { return n, fmt.Sprint("p", yield(n)) }

func typed(v any) error {
	switch v := v.(type) {
	case int:
		if v > yield(0) {
			return nil
		}
	case error:
		return v
	case func() error:
		return v()
	}
	return errEnd
}

func unreachable(n int) int {
	for {
		switch n = yield(n); {
		case n > 10:
			return n
		default:
			continue
		}
	}
}

func labelled(n int) (r int) {
outer:
	for i := range n {
		for {
			r += yield(i)
			if i == 2 {
				return -r
			}
			continue outer
		}
	}
	return r
}

func closures() func(int) int {
	return func(n int) int {
		for i := range n {
			if yield(i) == 5 {
				return i * 100
			}
		}
		return yield(n)
	}
}

func Main() {
	grid := map[string][]int{"a": {1, 2, 3}, "b": {4, -5}, "c": {60}}
	fmt.Println(find(grid, []string{"a", "b"}, 3))
	fmt.Println(find(grid, []string{"a", "b"}, 7))
	fmt.Println(find(grid, []string{"c", "b"}, 7))
	fmt.Println(find(grid, []string{"a", "z"}, 7))
	fmt.Println(find(grid, nil, 7))
	nothing(4)
	fmt.Println(expression(1))
	fmt.Println(expression(0))
	fmt.Println(typed(1), typed(2), typed(errEnd) == errEnd, typed(func() error { yield(3); return nil }), typed(nil))
	fmt.Println(unreachable(1), labelled(2), labelled(5), closures()(2), closures()(5))
}
