// Ranges over functions where they cannot suspend, and do not: through iterators of the
// standard library, on other goroutines, and outside of the coroutine.
package rangefuncplain

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func count(n int) iter.Seq[int] {
	return func(body func(int) bool) {
		for i := range n {
			if !body(i) {
				return
			}
		}
	}
}

// find suspends for negative numbers only.
func find(seq iter.Seq[int], want int) (at int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("recovered %v", r)
		}
	}()
	at = -1
	n := 0
	for v := range seq {
		if v < 0 {
			yield(v)
		}
		defer func() { n++ }()
		if v == want {
			return n, nil
		}
		if v > 10 {
			panic(v)
		}
		n++
	}
	return -1, fmt.Errorf("no %d", want)
}

func standard() {
	seq := slices.Values([]int{3, 1, 2})
	fmt.Println(find(seq, 2))
	fmt.Println(find(seq, 5))
	fmt.Println(find(maps.Keys(map[int]bool{11: true}), 5))
	fmt.Println(find(func(body func(int) bool) { _ = body(yield(1)) && body(-1) && body(yield(2)) }, 5))
	words := strings.FieldsSeq("a b c")
	var got []string
	for s := range words {
		if s == "" {
			yield(1)
		}
		if got = append(got, s); s == "b" {
			break
		}
	}
	yield(len(got))
	fmt.Println(got)
	chunks := slices.Chunk([]int{1, 2, 3, 4, 5}, 2)
loop:
	for c := range chunks {
		backward := slices.Backward(c)
		for _, v := range backward {
			if v > 100 {
				yield(v)
			}
			if v == 3 {
				break loop
			}
			fmt.Println("chunk", c, v)
		}
	}
	yield(0)
	fmt.Println(slices.Collect(count(3)), slices.Sorted(count(3)))
}

// pulled takes values from an iterator that does not suspend, and is done with it before
// it suspends itself.
func pulled(seq iter.Seq[int]) []int {
	var all []int
	func() {
		next, stop := iter.Pull(seq)
		defer stop()
		for v, ok := next(); ok && v < 3; v, ok = next() {
			all = append(all, v)
		}
	}()
	yield(len(all))
	return all
}

// concurrent calls the body on another goroutine, while it may and when it may not.
func concurrent(body func(int) bool) {
	for i := range 3 {
		done := make(chan string)
		go func() {
			defer func() { done <- fmt.Sprint(recover()) }()
			fmt.Println("body says", body(i))
		}()
		fmt.Println("goroutine", i, <-done)
		done = nil
		yield(i)
	}
}

func Main() {
	standard()
	fmt.Println(pulled(count(5)))
	func() {
		defer func() { fmt.Println("concurrent", recover()) }()
		for i := range concurrent {
			if i > 5 {
				yield(i)
			}
			fmt.Println("concurrent", i)
			if i == 1 {
				break
			}
		}
	}()
	done := make(chan string)
	go func() {
		at, err := find(count(5), 3)
		_, err2 := find(count(20), 30)
		done <- fmt.Sprint("outside ", at, err, err2)
	}()
	fmt.Println(<-done)
}
