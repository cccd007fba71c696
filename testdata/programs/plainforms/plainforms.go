// Functions that may suspend and that run outside of a coroutine, while the
// package is initialized, and inside of one without coming to their suspension
// point. Outside they run as written, and recover where they recover.
package plainforms

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var initial, errInitial = safely(false, func() int { panic("at init") })
var helped = helper(guard)
var named = chain(3)
var log []string

func init() {
	defer guard(false, &named)
	defer func() { log = append(log, fmt.Sprint(quick(5))) }()
	panic(fmt.Sprint("init ", named))
}

func quick(n int) int {
	if n < 0 {
		yield(n)
	}
	return n * 2
}

func guard(slow bool, out *string) {
	if slow {
		yield(1)
	}
	if r := recover(); r != nil {
		*out = fmt.Sprint("guarded ", r)
	}
}

// helper defers a function that it does not know.
func helper(f func(bool, *string)) (s string) {
	defer f(false, &s)
	panic("helper")
}

func safely(slow bool, f func() int) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("safely %v", r)
		}
	}()
	if slow {
		yield(2)
	}
	return f(), nil
}

func chain(n int) (s string) {
	defer func() {
		if r := recover(); r != nil {
			s = fmt.Sprint(r, " ", n, quick(n))
		}
	}()
	if n == 0 {
		panic("bottom")
	}
	panic(chain(n - 1))
}

func Main() {
	fmt.Println(initial, errInitial, helped, named, log)
	fmt.Println(helper(guard), chain(2), quick(-3), yield(3))
	func() {
		s := "none"
		defer func() { fmt.Println(s) }()
		defer guard(true, &s)
		panic("direct")
	}()
	fmt.Println(safely(false, func() int { return yield(4) }))
	fmt.Println(safely(true, func() int { panic("body") }))
}
