// Recover in the bodies of ranges over functions: a body is a function of its own, that
// no defer statement calls, so that it recovers nothing, unless its iterator defers it.
package rangefuncrecover

import (
	"fmt"
	"slices"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func once(body func(int) bool) { body(1) }

// No body of still suspends.
func still(body func(int) bool) { body(0) }

func slow(body func(int) bool) {
	yield(1)
	body(2)
	yield(2)
}

// A panic that its own body recovers.
func panics(body func(int) bool) {
	defer body(3)
	panic("of the iterator")
}

func panicsSlowly(body func(int) bool) {
	defer func() { fmt.Println("left", yield(3)) }()
	defer body(yield(4))
	yield(5)
	panic("of the slow iterator")
}

func try(name string, f func()) {
	defer func() { fmt.Println(name, "panicked with", recover()) }()
	defer f()
	panic(name)
}

// The only recover is in a loop that does not suspend.
func only() {
	yield(6)
	for i := range still {
		fmt.Println("only", i, recover())
	}
	yield(7)
}

func both() {
	for i := range still {
		fmt.Println("both at first", i, recover())
	}
	for i := range once {
		fmt.Println("both in the loop", i, recover())
	}
	yield(8)
	for i := range once {
		fmt.Println("both in the loop", i, recover(), yield(i))
	}
	fmt.Println("both behind", recover())
	for i := range once {
		recover()
		fmt.Println("both again", i, recover())
	}
}

func suspends() {
	for i := range slow {
		fmt.Println("suspends", i, recover())
		yield(i)
		fmt.Println("suspends", i, recover())
	}
}

func direct() {
	for i, v := range slices.All([]string{"a"}) {
		recover()
		if r := recover(); r == nil {
			fmt.Println("direct", i, v, r, yield(i))
		}
		func() {
			defer func() { fmt.Println("literal", recover(), yield(1)) }()
			panic("inside")
		}()
	}
	for range 2 {
		fmt.Println("other loops", recover())
	}
}

func deferred() {
	for i := range panics {
		fmt.Println("recovered by a body", i, recover())
	}
	for i := range panicsSlowly {
		yield(i)
		fmt.Println("recovered by a slow body", i, recover(), yield(i))
	}
	for i := range panics {
		fmt.Println("recovered by a body that suspends", i, yield(i), recover())
	}
	defer func() { fmt.Println("not recovered", recover()) }()
	for i := range panics {
		func() { fmt.Println("one too deep", i, recover(), yield(i)) }()
	}
}

func Main() {
	try("only", only)
	try("both", both)
	try("suspends", suspends)
	try("direct", direct)
	deferred()
}
