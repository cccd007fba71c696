// Closures in package-level variables: function literals, tables, results of
// calls, method values, ones that refer to one another and are reassigned.
package pkgclosures

import (
	"fmt"
	"strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var double = func(v int) int { return 2 * yield(v) }

var table = map[string]func(...int) int{
	"sum": func(v ...int) (n int) {
		for _, v := range v {
			n += yield(v)
		}
		return n
	},
	"len":    func(v ...int) int { return len(v) },
	"double": func(v ...int) int { return double(v[0]) },
}

var commands = []struct {
	name string
	run  func(*env) error
}{
	{"a", func(e *env) error { e.out = append(e.out, fmt.Sprint(yield(1))); return nil }},
	{"b", (*env).method},
	{"c", func(e *env) error { return e.fail(yield(2)) }},
}

type env struct{ out []string }

func (e *env) method() error    { e.out = append(e.out, fmt.Sprint("m", yield(3))); return nil }
func (e *env) fail(v int) error { return fmt.Errorf("fail %d", v) }

var shared = &env{}
var bound = shared.method
var upper = strings.ToUpper
var fib func(int) int
var hooks []func(int) int

var once = func() string {
	s := ""
	add := func(v string) { s += v }
	add("a")
	add("b")
	return s
}()

var nested = func(a int) func(int) int {
	return func(b int) int {
		return func(c int) int { return a + b + yield(c) }(a * b)
	}
}

var adder = nested(10)
var _ = func() int { return yield(-1) }

func init() {
	fib = func(n int) int {
		if n < 2 {
			return n + yield(0) - 1
		}
		return fib(n-1) + fib(n-2)
	}
	for i := range 2 {
		hooks = append(hooks, func(v int) int { return yield(v) * (i + 1) })
	}
}

func Main() {
	fmt.Println(double(1), table["sum"](1, 2), table["len"](1, 2), table["double"](3))
	e := &env{}
	for _, c := range commands {
		fmt.Println(c.name, c.run(e), e.out)
	}
	fmt.Println(bound(), shared.out, upper("up"), once)
	fmt.Println(fib(5), hooks[0](1), hooks[1](1), nested(1)(2), adder(3))
	old := double
	double = func(v int) int { return old(v) + 1 }
	fmt.Println(double(4), table["double"](5))
	h := hooks[1]
	hooks = nil
	fmt.Println(h(6), yield(7))
	f := table["sum"]
	delete(table, "sum")
	fmt.Println(f(8, 9), len(table))
	double = old
}
