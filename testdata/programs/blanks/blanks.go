// Blank identifiers wherever they may stand: parameters, results, receivers,
// assignments, ranges, fields, methods, constants, variables; and unnamed
// parameters. The right sides are evaluated nevertheless.
package blanks

import (
	"fmt"
	_ "strings"

	"github.com/coroc-dev/coroc/coroutine"
)

func yield(v int) int { return coroutine.Yield[int, int](v) }

var _ = yield
var _, one = 0, 1
var _ stepper = T{}

type stepper interface {
	step(int, string) (int, error)
}
type T struct {
	_ int
	n int
	_ string
}

func (T) step(int, string) (int, error)            { return yield(1), nil }
func (_ T) blank(_ int, _ string) (_ int, _ error) { return yield(2), nil }
func (_ *T) bare(_, x int, _ ...int) (_, y int)    { y = yield(x); return }
func unnamed(int, ...string) (int, string)         { return yield(3), "unnamed" }
func mixed(_ int, a int, _ string) (n int, _ string, _ error) {
	defer func() { n += a }()
	n = yield(a)
	return n, "mixed", nil
}
func deferred(_ any) (_ int, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return yield(4), checks(yield(5))
}
func checks(v int) error { panic(v) }

func Main() {
	_ = yield(1)
	_, _ = yield(2), yield(3)
	var _ = yield(4)
	var _, x = yield(5), yield(6)
	_, y := unnamed(x)
	z, _ := T{}.step(1, "")
	fmt.Println(x, y, z, one)
	fmt.Println(T{}.blank(0, ""))
	fmt.Println((&T{}).bare(0, 7, 1, 2))
	fmt.Println(mixed(0, 8, ""))
	fmt.Println(deferred(nil))
	for range yield(0) {
		yield(9)
	}
	for _, v := range []int{1, 2} {
		_ = v + yield(v)
	}
	for _, _ = range []int{1} {
		yield(10)
	}
	for i, _ := range "ab" {
		yield(i)
	}
	m := map[string]int{"a": 1}
	_, ok := m["a"]
	_, no := any(yield(11)).(string)
	m["b"], _ = unnamed(0)
	_, m["c"] = yield(12), 3
	fmt.Println(ok, no, m)
	f := func(_ int, _ ...any) (_ string) { yield(13); return "f" }
	fmt.Println(f(yield(14), yield(15)))
	const _, c = 1, 2
	type _ struct{}
	_ = func() int { return yield(-1) }
	func() {
		defer func() { _ = recover() }()
		var p *T
		_ = p.n + yield(16)
		fmt.Println("not reached")
	}()
	_ = m["d"] + yield(17)
	_, _ = m["d"], func() int { return yield(18) }()
	switch _ = yield(19); {
	default:
		fmt.Println(c)
	}
	t := T{n: yield(20)}
	u := t
	fmt.Println(t == u, t)
}
