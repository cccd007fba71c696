// Calls run in the order in which they stand, however deeply they are nested,
// whether they suspend or not.
//
// A compiler that hoists only the suspending calls would run those before the
// plain ones to their left; one that hoists from the inside out reverses
// arguments.
package order

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func plain(name string, v int) int {
	fmt.Println("plain", name)
	return v
}

func ask(name string, v int) int {
	fmt.Println("ask", name)
	return yield(v)
}

func add(a, b, c int) int {
	fmt.Println("add", a, b, c)
	return a + b + c
}

func fn(name string) func(...int) int {
	fmt.Println("fn", name)
	return func(v ...int) int { return ask(name, len(v)) }
}

type obj struct{ n int }

func get(name string) *obj {
	fmt.Println("get", name)
	return &obj{yield(len(name))}
}

func (o *obj) plus(v ...int) *obj {
	fmt.Println("plus", o.n, v)
	for _, v := range v {
		o.n += v
	}
	return o
}

func (o obj) times(v int) obj { return obj{o.n * yield(v)} }

func Main() {
	fmt.Println(add(plain("a", 1), ask("b", 2), plain("c", 3)))
	fmt.Println(add(ask("d", 1), plain("e", 2), ask("f", 3)))
	fmt.Println(add(add(ask("g", 1), plain("h", 2), 3), ask("i", 4), add(plain("j", 5), 6, ask("k", 7))))
	fmt.Println(fn("l")(plain("m", 1), ask("n", 2), fn("o")()))
	fmt.Println(get("p").plus(ask("q", 1)).plus(plain("r", 2), ask("s", 3)).times(ask("t", 4)).n)
	x := []int{plain("u", 1), ask("v", 2), plain("w", 3)}[plain("x", 0)+ask("y", 0)]
	fmt.Println(x)
	fmt.Println(-ask("z", 1)+plain("A", 2)*ask("B", 3)-(plain("C", 4)+ask("D", 5))<<plain("E", 1) == ask("F", -1))
	m := map[int]int{plain("G", 1): ask("H", 2), ask("I", 3): plain("J", 4)}
	fmt.Println(m)
	s := fmt.Sprint(plain("K", 1), ask("L", 2)) + fmt.Sprint(ask("M", 3), plain("N", 4))
	fmt.Println(s)
	fmt.Println(struct{ a, b, c int }{c: ask("O", 1), a: plain("P", 2), b: ask("Q", 3)})
	var any any = [...]int{2: ask("R", 1), 0: plain("S", 2), 1: ask("T", 3)}
	fmt.Println(any)
	func(a, b int) { fmt.Println("literal", a, b, ask("U", a)) }(plain("V", 1), ask("W", 2))
}
