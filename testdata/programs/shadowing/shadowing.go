// Local names that shadow predeclared ones, packages, types and functions of the
// package: generated code that mentions them bare would mean something else.
package shadowing

import (
	"fmt"
	str "strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

type thing struct{ n int }

func helper(v int) int { return yield(v) + 1 }

func predeclared() {
	string := 1
	int := yield(string)
	true := false
	nil := "nil"
	len := func(v []float64) float64 { return 42 }
	append, panic, recover, new, make := 1, 2, 3, 4, 5
	any, error, bool, iota := "any", "error", "bool", "iota"
	yield(int)
	fmt.Println(string, int, true, nil, len([]float64{}), append+panic+recover+new+make, any, error, bool, iota)
}

func packages() {
	text := str.ToUpper("text")
	yield(1)
	print := fmt.Println
	{
		fmt := "fmt"
		coroutine := yield(len(fmt))
		str := helper(coroutine)
		print(fmt, coroutine, str, text)
	}
	shadowing := "own name"
	fmt.Println(shadowing, yield(2))
}

func declarations() {
	v := helper(1)
	{
		helper := func(v int) int { return -yield(v) }
		type thing string
		fmt.Println(helper(v), thing("local"))
		yield := helper
		fmt.Println(yield(5))
	}
	thing := thing{yield(3)}
	fmt.Println(thing, helper(thing.n))
	yield := yield(4)
	fmt.Println(yield)
	Main := 5
	declarations := Main
	fmt.Println(Main, declarations)
}

func params(int int, string string, fmt func(...any)) (len int) {
	yield(int)
	len = int
	{
		int := string
		defer fmt(int, yield(len))
	}
	return len + yield(int)
}

func scopes(x int) (r string) {
	add := func(v any) { r += fmt.Sprint(v, " ") }
	x, y := yield(x), x
	add(x)
	if x := "if"; yield(y) > 0 {
		add(x)
		for x := 0; x < 2; x++ {
			x := float64(yield(x)) / 2
			add(x)
			switch x := any(x).(type) {
			case float64:
				x++
				yield(1)
				add(x)
				{
					x := []int{yield(2)}
					func(x bool) { add(x); yield(3); add(!x) }(len(x) == 1)
					add(x)
				}
			}
			add(x)
		}
		add(x)
	}
	for x, y := range map[string]int{"key": x} {
		yield(y)
		add(x)
	}
	add(x)
	return r
}

type receiver struct{ receiver *receiver }

func (receiver receiver) method() (method bool) {
	method = receiver.receiver == nil
	yield(5)
	return method && receiver.receiver == nil
}

func Main() {
	predeclared()
	packages()
	declarations()
	fmt.Println(params(1, "s", func(v ...any) { fmt.Println(append(v, "deferred")...) }))
	fmt.Println(scopes(1))
	fmt.Println(receiver{}.method())
}
