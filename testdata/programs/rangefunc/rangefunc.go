// Ranges over functions of which the body, the iterator or both suspend, with every
// way to leave them.
package rangefunc

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

// quiet does not suspend by itself.
func quiet(n int) func(func(int) bool) {
	return func(body func(int) bool) {
		for i := range n {
			if !body(i) {
				fmt.Println("quiet stopped at", i)
				return
			}
		}
		fmt.Println("quiet ended")
	}
}

// busy suspends before and after each element.
func busy(n int) func(func(int, string) bool) {
	return func(body func(int, string) bool) {
		yield(1000)
		for i := range n {
			yield(1001)
			name := fmt.Sprint("v", i)
			yield(1002)
			if !body(i, name) {
				yield(1003)
				fmt.Println("busy stopped at", name)
				return
			}
			yield(1004)
		}
		fmt.Println("busy ended", yield(1005))
	}
}

// thrice has no values.
func thrice(body func() bool) {
	for i := 0; i < 3; i++ {
		yield(1100 + i)
		if !body() {
			fmt.Println("thrice stopped at", i)
			break
		}
	}
}

func ends() {
	for i := range quiet(2) {
		yield(i)
		fmt.Println("quiet", i)
		yield(i)
	}
	for i, s := range busy(2) {
		yield(i)
		fmt.Println("busy", i, s)
		yield(i)
	}
	for i := range busy(1) {
		fmt.Println("key", i)
	}
	for _, s := range busy(1) {
		fmt.Println("value", s)
	}
	for range busy(1) {
		fmt.Println("neither")
	}
	n := 0
	for range thrice {
		n++
		yield(n)
	}
	fmt.Println(n)
}

func breaks() {
	for i := range quiet(5) {
		yield(i)
		if i == 1 {
			yield(i)
			break
		}
	}
	for i := range busy(5) {
		if i%2 == 0 {
			yield(i)
			continue
		}
		for {
			if yield(i) > 0 {
				break
			}
		}
		switch yield(i) {
		case 7:
			break
		}
		if i == 3 {
			break
		}
	}
}

// Only the iterator suspends.
func bodyless(want string) (int, error) {
	for i, s := range busy(3) {
		if s == want {
			return i, nil
		}
	}
	return -1, fmt.Errorf("no %s", want)
}

func results(want int) (int, string) {
	for i := range quiet(4) {
		yield(i)
		if i == want {
			return two(i)
		}
		if i+want == 9 {
			return i, fmt.Sprint("sum", yield(i))
		}
	}
	return yield(-1), "none"
}

func two(i int) (int, string) { return yield(i), "two" }

func named(want int) (n int, err error) {
	n = 7
	for i, s := range busy(3) {
		yield(n)
		n = i
		switch {
		case i == want:
			err = fmt.Errorf("named %s", s)
			return
		case want == 10:
			return n * 10, err
		case want == 11:
			n, err = 3, fmt.Errorf("swapped")
			return yield(n), err
		}
	}
	return
}

func blanks(want int) (_ string, _ bool) {
	for i := range quiet(3) {
		yield(i)
		if i == want {
			return fmt.Sprint(yield(i)), true
		}
		if want == 5 {
			return
		}
	}
	return "end", false
}

func once(f func(func(int) bool)) (n int) {
	for v := range f {
		return v
	}
	return -1
}

func closure() func(int) string {
	return func(want int) string {
		for i, s := range busy(3) {
			if i == want {
				return s
			}
		}
		return ""
	}
}

func Main() {
	ends()
	breaks()
	fmt.Println(bodyless("v1"))
	fmt.Println(bodyless("v9"))
	fmt.Println(results(1))
	fmt.Println(results(8))
	fmt.Println(results(20))
	fmt.Println(named(1))
	fmt.Println(named(9))
	fmt.Println(named(10))
	fmt.Println(named(11))
	fmt.Println(blanks(2))
	fmt.Println(blanks(5))
	fmt.Println(blanks(6))
	fmt.Println(once(quiet(0)), once(quiet(3)), once(func(body func(int) bool) { body(yield(5)) }))
	fmt.Println(closure()(yield(0)))
}
