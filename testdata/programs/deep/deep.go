// A hundred frames deep: suspended at the bottom, on the way down and on the way
// up, with a defer in every frame; a panic that crosses them all.
package deep

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func down(n int) int {
	if n == 0 {
		return yield(yield(0))
	}
	local := n
	if n%25 == 0 {
		local = (yield(n) - 1) / 2
	}
	r := down(n-1) + local
	if n%20 == 0 {
		yield(r)
	}
	return r
}

func deferred(n int, log *[]int) (r int) {
	defer func() {
		r++
		if n%30 == 0 {
			*log = append(*log, yield(n))
		}
	}()
	if n == 100 {
		return yield(n)
	}
	return deferred(n+1, log)
}

func panics(n int, count *int) {
	defer func() { *count++ }()
	if n == 0 {
		yield(-1)
		panic("bottom")
	}
	panics(n-1, count)
}

type link struct{ next *link }

func (l *link) length() int {
	if l == nil {
		return (yield(7) - 15)
	}
	return l.next.length() + 1
}

func closures(n int) func() int {
	if n == 0 {
		return func() int { return yield(8) }
	}
	f := closures(n - 1)
	return func() int { return f() + 1 }
}

func Main() {
	fmt.Println(down(100))
	var log []int
	fmt.Println(deferred(0, &log), log)
	n := 0
	func() {
		defer func() { fmt.Println(recover(), n) }()
		panics(100, &n)
	}()
	var l *link
	for range 100 {
		l = &link{l}
	}
	fmt.Println(l.length(), closures(100)())
}
