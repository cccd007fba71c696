// Recursion: a tree of calls with a suspension in each, mutual recursion, and
// recursion through methods, interfaces and deferred calls.
package recursion

import (
	"fmt"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

func fib(n int) int {
	if n < 2 {
		yield(n)
		return n
	}
	return fib(n-1) + fib(n-2)
}

func even(n int) bool { return n == 0 || odd(n-1) }
func odd(n int) bool {
	if n == 0 {
		return yield(0) == 0
	}
	return even(n - 1)
}

func ackermann(m, n int) int {
	switch {
	case m == 0:
		if n%3 == 0 {
			yield(n)
		}
		return n + 1
	case n == 0:
		return ackermann(m-1, 1)
	}
	return ackermann(m-1, ackermann(m, n-1))
}

type expr interface{ eval(env map[string]int) int }
type lit int
type ref string
type bin struct {
	op   byte
	l, r expr
}
type let struct {
	name string
	v, e expr
}

func (l lit) eval(map[string]int) int     { return int(l) }
func (r ref) eval(env map[string]int) int { return env[string(r)] }
func (b *bin) eval(env map[string]int) int {
	switch b.op {
	case '+':
		return b.l.eval(env) + b.r.eval(env)
	case '*':
		return b.l.eval(env) * b.r.eval(env)
	}
	return yield(b.l.eval(env) - b.r.eval(env))
}
func (l let) eval(env map[string]int) int {
	if old, ok := env[l.name]; ok {
		defer func() { env[l.name] = old }()
	} else {
		defer delete(env, l.name)
	}
	env[l.name] = l.v.eval(env)
	return l.e.eval(env)
}

func permute(s []int, k int, visit func([]int)) {
	if k == len(s) {
		visit(s)
		return
	}
	for i := k; i < len(s); i++ {
		s[k], s[i] = s[i], s[k]
		permute(s, k+1, visit)
		s[k], s[i] = s[i], s[k]
	}
}

func hanoi(n int, from, to, via string) (moves int) {
	defer func() {
		if n == 1 {
			moves += yield(0)
		}
	}()
	if n == 0 {
		return 0
	}
	return hanoi(n-1, from, via, to) + hanoi(n-1, via, to, from)
}

func Main() {
	fmt.Println(fib(7))
	fmt.Println(even(10), odd(10), even(7))
	fmt.Println(ackermann(2, 3))
	e := let{"x", &bin{'-', lit(7), lit(2)}, &bin{'*', ref("x"), let{"x", &bin{'-', ref("x"), lit(1)}, &bin{'+', ref("x"), &bin{'-', ref("x"), lit(3)}}}}}
	env := map[string]int{}
	fmt.Println(e.eval(env), len(env))
	n := 0
	permute([]int{1, 2, 3}, 0, func(s []int) { n = n*3 + s[0]*yield(s[1]) })
	fmt.Println(n)
	fmt.Println(hanoi(3, "a", "b", "c"))
}
